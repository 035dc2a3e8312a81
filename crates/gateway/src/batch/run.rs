//! The run of a batch: its requests one behind the other, each answered as if it had come alone.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{HeaderMap, Method, Response, StatusCode};
use http_body_util::BodyExt as _;
use nextlink_odata::version::Version;

use super::call::{Call, bad};
use super::form::{Form, Goes, write_body};
use super::out::{Gone, Out};
use super::target::Done;
use super::values::{self, Answer, Reference};
use crate::answer::Refusal;
use crate::body::Body;
use crate::headers::counts;
use crate::login;
use crate::negotiate;
use crate::reading::{self, Asked, concluded, kind};
use crate::request::Came;
use crate::slot::Slot;
use crate::state::State;
use crate::tunnel::{self, Entry};

/// How long answers that are made wait for the next one, to be sent with it.
const TOGETHER: Duration = Duration::from_millis(20);

/// The body of an answer that others refer to; none where it is too long.
struct Kept(Option<Vec<u8>>);

impl Default for Kept {
    fn default() -> Kept {
        Kept(Some(Vec::new()))
    }
}

impl Kept {
    fn put(&mut self, piece: &[u8]) {
        self.0 = self.0.take().filter(|kept| kept.len() + piece.len() <= values::MOST_BYTES);
        if let Some(kept) = &mut self.0 {
            kept.extend_from_slice(piece);
        }
    }
}

/// A batch that runs.
pub struct Batch {
    state: Arc<State>,
    slot: Arc<Slot>,
    peer: IpAddr,
    trace: String,
    /// What all its requests have: where they come from, and who asks.
    common: HeaderMap,
    form: Form,
    /// Whether it goes on behind a request that failed.
    goes_on: bool,
    started: Instant,
}

impl Batch {
    /// A batch that came so.
    pub fn new(state: &Arc<State>, came: Came<'_>, form: Form, goes_on: bool) -> Batch {
        // What a client takes, and prefers, is said for the whole.
        let of_whole = ["accept", "accept-encoding", "prefer"];
        let names: Vec<_> = came.headers.keys().filter(|name| counts(name.as_str())).cloned().collect();
        let mut common = HeaderMap::with_capacity(names.len());
        for name in names.into_iter().filter(|name| !of_whole.contains(&name.as_str())) {
            for value in came.headers.get_all(&name) {
                common.append(name.clone(), value.clone());
            }
        }
        let trace = came.trace.to_owned();
        Batch {
            state: Arc::clone(state),
            slot: came.slot,
            peer: came.peer,
            trace,
            common,
            form,
            goes_on,
            started: Instant::now(),
        }
    }

    /// Runs it, to its end or to that of the client's patience.
    pub async fn run(self, calls: Vec<Call>, mut out: Out) {
        // Nothing is left to say to a client that is gone.
        if self.answers(&calls, &mut out).await.is_ok() {
            self.form.close(out.text());
            let _ = out.end().await;
        }
    }

    async fn answers(&self, calls: &[Call], out: &mut Out) -> Result<(), Gone> {
        let mut done = Done::default();
        let wanted = values::wanted(calls);
        out.text().extend_from_slice(self.form.open().as_bytes());
        for (number, call) in calls.iter().enumerate() {
            let (response, url) = {
                let mut answering = Box::pin(self.answer(call, &done));
                match tokio::time::timeout(TOGETHER, &mut answering).await {
                    Ok(answered) => answered,
                    Err(_) => {
                        out.flush().await?;
                        tokio::select! {
                            answered = answering => answered,
                            () = out.gone() => return Err(Gone),
                        }
                    }
                }
            };
            let failed = response.status().is_client_error() || response.status().is_server_error();
            done.put(call, url, failed);
            let mut kept = Kept::default();
            let id = call.id.as_ref().filter(|id| wanted.contains(*id));
            self.write(number, call, response, out, id.map(|_| &mut kept)).await?;
            if let Some(id) = id {
                done.keep(id, kept.0);
            }
            if failed && !self.goes_on {
                break;
            }
        }
        Ok(())
    }

    /// The answer to a request, and what it was for.
    async fn answer(&self, call: &Call, done: &Done) -> (Response<Body>, Option<String>) {
        let started = Instant::now();
        let mut headers = self.common.clone();
        for name in call.headers.keys() {
            headers.remove(name);
        }
        for (name, value) in &call.headers {
            headers.append(name, value.clone());
        }
        let version = negotiate::version(&headers).unwrap_or(Version::V40);
        let url = match &call.refused {
            Some(refusal) => Err(refusal.clone()),
            None => self.url(call, &headers, done),
        };
        let (answered, head) = match &url {
            Ok((url, entry)) => {
                let head = *entry == Entry::Read { head: true };
                let (slot, trace) = (Arc::clone(&self.slot), self.trace.as_str());
                let came = Came { slot, url, head, headers, peer: self.peer, trace };
                match entry {
                    Entry::Cancel => (reading::cancel(&self.state, came).await, false),
                    Entry::Read { .. } | Entry::Query | Entry::Batch => {
                        (reading::answer(&self.state, came).await, head)
                    }
                }
            }
            Err(refusal) => (Err(refusal.clone()), call.method == Method::HEAD),
        };
        let most = self.state.config.limits.batch_bytes;
        let answered = answered.and_then(|response| self.form.fits(response, most));
        let url = url.ok().map(|(url, _)| url);
        let kind = url.as_deref().map_or("read", kind);
        let (method, source, trace) = (&call.method, self.slot.name.as_str(), self.trace.as_str());
        let shown = url.as_deref().unwrap_or_default();
        let asked = Asked { started, method, peer: self.peer, source, url: shown, kind, trace };
        let mut response = concluded(answered, || version, &asked);
        if head {
            *response.body_mut() = Body::empty();
        }
        (response, url)
    }

    /// What a request reads, as the URL of a plain one.
    fn url(&self, call: &Call, headers: &HeaderMap, done: &Done) -> Result<(String, Entry), Refusal> {
        let seconds = self.state.config.limits.batch_seconds;
        if self.started.elapsed() >= Duration::from_secs(seconds) {
            let message = format!("The batch took longer than {seconds} s (limit `batch_seconds`).");
            let refusal = Refusal::new(StatusCode::GATEWAY_TIMEOUT, "LimitExceeded", message);
            return Err(refusal.about("batch_seconds"));
        }
        // The model is looked at where there is a reference; pages are there without it.
        let literals = |answer: &Answer, reference: &Reference<'_>| {
            let login = login::for_source(login::take(&mut headers.clone())?, self.slot.config.client_login)?;
            answer.literal(&self.slot.served(login.as_ref())?.mapping.model, reference)
        };
        done.check(call, &literals, &self.slot.limits(&self.state.config).parse_options())?;
        let url = done.target(&call.url, &self.slot.name)?;
        if tunnel::is_batch(url.split('?').next().unwrap_or_default()) {
            return Err(bad("A batch cannot be in a batch.").about("$batch"));
        }
        let entry = Entry::of(&call.method, headers, &url)?;
        let url = match entry {
            Entry::Read { .. } | Entry::Batch | Entry::Cancel => url,
            Entry::Query => tunnel::with_body(&url, headers, &call.body)?,
        };
        Ok((done.with_values(url, &literals)?, entry))
    }

    /// Writes an answer as it comes.
    async fn write(
        &self,
        number: usize,
        call: &Call,
        response: Response<Body>,
        out: &mut Out,
        mut kept: Option<&mut Kept>,
    ) -> Result<(), Gone> {
        let (parts, mut body) = response.into_parts();
        let length = body.length();
        let goes = self.form.head(out.text(), number, call, &parts, length);
        let mut whole = Vec::new();
        let mut empty = true;
        loop {
            let frame = tokio::select! {
                frame = body.frame() => frame,
                () = out.gone() => return Err(Gone),
            };
            let piece = match frame {
                None => break,
                Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
                // It was told of where it broke off.
                Some(Err(_)) => return Err(Gone),
            };
            if std::mem::take(&mut empty) {
                out.text().extend_from_slice(self.form.before_body().as_bytes());
            }
            if let Some(kept) = &mut kept {
                kept.put(&piece);
            }
            match goes {
                Goes::Through => out.piece(piece).await?,
                Goes::IntoText { .. } => whole.extend_from_slice(&piece),
            }
        }
        if let (Goes::IntoText { binary }, false) = (goes, empty) {
            write_body(out.text(), &whole, binary);
        }
        out.text().extend_from_slice(self.form.behind_body().as_bytes());
        Ok(())
    }
}
