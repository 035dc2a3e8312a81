//! A collection: its first page goes to the client while the rest is being stored.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Response, header};
use nextlink_db::run::{Cancel, Outcome};
use nextlink_odata::context;
use nextlink_odata::json::{Format, PageLimits, PageWriter, told_collection};
use nextlink_odata::query::{Query, Step};
use nextlink_results::Codec;
use nextlink_results::gzip::GzipMember;
use nextlink_results::token::Token;
use nextlink_sql::shape::Limit;

use super::Prepared;
use super::single::{batch_too_large, compressed};
use crate::affinity;
use crate::answer::Refusal;
use crate::body::{Body, Broken, Pieces};
use crate::delivery::{Delivery, Event, Next, Storing};
use crate::envelope::{Envelope, NextLink};
use crate::observe::{Event as Happened, event};
use crate::page::{form_text, kept_position, meta, unstored_changes};
use crate::request::Request;
use crate::response::{CancelGuard, Stages, follows_changes, json_response};
use crate::state::State;
use crate::way::{Receiver, Terms, way};

/// Chunks on their way from the reading thread to the client.
const CHUNKS: usize = 8;

/// How large the pages of a result get.
pub fn page_limits(state: &State, request: &Request, rows: u64) -> PageLimits {
    let limits = request.slot.limits(&state.config);
    PageLimits {
        rows,
        bytes: request.slot.effective.page_bytes(),
        batch_bytes: limits.batch_bytes(),
        total: limits.get(Limit::Rows),
    }
}

/// What a result needs that is to be stored.
pub fn storing(
    state: &State,
    request: &Request,
    prepared: &Prepared,
    envelope: Envelope,
    form: String,
) -> Storing {
    Storing {
        store: Arc::clone(&state.store),
        cluster: state.cluster.clone(),
        source: request.slot.name.clone(),
        user: request.user.clone(),
        trace: request.trace.clone(),
        codec: if request.gzip { Codec::Deflate } else { Codec::None },
        envelope,
        meta,
        route: affinity::own_route(state),
        form,
        recovery: prepared.recovery(request),
        held: state.held(&request.slot, &prepared.served, request.login.as_ref()),
        places: state.places(&request.slot, &prepared.served, &request.user),
    }
}

/// What stands around the rows.
pub fn envelope(request: &Request, prepared: &Prepared) -> Envelope {
    let model = &prepared.served.mapping.model;
    Envelope {
        context: context::fragment(model, &prepared.query, "", request.version),
        count: None,
        ty: told_collection(model, &prepared.query, prepared.format),
        delta: prepared.delta.as_deref().map(str::to_owned),
    }
}

/// Answers a collection.
pub async fn answer(
    state: &Arc<State>,
    request: &Request,
    prepared: Prepared,
    stages: &mut Stages,
) -> Result<Response<Body>, Refusal> {
    let permit = state.turn(&request.slot).await?;
    let cancel = Cancel::default();
    let guard = CancelGuard::new(&cancel);
    let page_rows = request.page_rows();
    let limits = page_limits(state, request, page_rows);
    let (skip, top) = (prepared.query.skip, prepared.query.top);
    let envelope = envelope(request, &prepared);
    let mut closing = Closing::new(state, request, &prepared.query, prepared.format, envelope.clone());
    let form = form_text(prepared.format, page_rows, request, &prepared.query);
    let storing = storing(state, request, &prepared, envelope, form);
    let terms = Terms {
        room: CHUNKS,
        memory: Some(Arc::clone(&state.untaken)),
        patience: Duration::from_secs(state.config.limits.slow_client_seconds),
    };
    let held = storing.held.clone();
    let (sender, mut receiver) = way(terms, move || held.is_awaited());
    let releaser = sender.releaser();
    let mut delivery = Delivery::new(storing, sender);
    if limits.total <= page_rows {
        // Whether there are too many is known with the first page, so it is not begun before.
        delivery.keep_first_page();
    }
    let slot = Arc::clone(&request.slot);
    let options = state.run_options(&request.slot, cancel, request.login.as_ref());
    let Prepared { served, query, program, shape, format, .. } = prepared;
    tokio::task::spawn_blocking(move || {
        let mut writer = PageWriter::new(shape, limits, delivery);
        let outcome = slot.run(&served, &program, &options, &mut writer);
        drop(permit);
        releaser.release();
        conclude(writer, outcome, &query, limits);
    });
    let counted = |count| rows_asked(count, skip, top) <= limits.total;
    let gathered = gather(&mut receiver, &mut closing.envelope, counted).await;
    let gathered = gathered?.ok_or_else(|| too_many_rows(limits.total))?;
    stages.end("rows");
    let mut response = json_response(request, format, Body::empty());
    if closing.envelope.tracks() {
        follows_changes(response.headers_mut(), request.version);
    }
    let open = closing.envelope.open(format, &request.root, None);
    match gathered {
        Gathered::All(pieces, next) => {
            let mut guard = guard;
            guard.release();
            if matches!(next, Next::Stored { .. }) {
                affinity::begin(state, request, &mut response);
            }
            let mut all = Vec::with_capacity(pieces.len() + 2);
            all.push(Bytes::from(open));
            all.extend(pieces);
            all.push(Bytes::from(closing.text(next)?));
            Ok(compressed(request.gzip, response, all))
        }
        Gathered::Start(pieces) => {
            // Whether it will be stored is not known yet; so large a page is seldom the only one.
            affinity::begin(state, request, &mut response);
            let mut gzip = request.gzip.then(GzipMember::default);
            let first = match &mut gzip {
                Some(member) => {
                    response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                    member.plain(open.as_bytes())
                }
                None => Bytes::from(open),
            };
            let waiting: VecDeque<Bytes> = pieces.into();
            let rest = FirstPage { waiting, end: None, receiver, gzip, closing: Some(closing), guard };
            *response.body_mut() = Body::Stream(Some(first), Box::new(rest));
            Ok(response)
        }
    }
}

/// Ends a run in the thread that read rows.
pub(super) fn conclude(
    writer: PageWriter<Delivery>,
    outcome: Result<Outcome, Refusal>,
    query: &Query,
    limits: PageLimits,
) {
    let (too_large, too_many) = (writer.batch_too_large(), writer.too_many_rows());
    match outcome {
        Ok(outcome) if outcome.rows == 0 && outcome.parent == Some(false) => {
            let navigated = query.steps.iter().any(|s| matches!(s, Step::Navigate(_) | Step::Call(..)));
            debug_assert!(navigated);
            writer.abandon().fail(Refusal::not_found("There is no entity with this key."));
        }
        Ok(outcome) if outcome.complete => {
            writer.finish();
        }
        Ok(_) if too_large => writer.abandon().fail(batch_too_large(limits.batch_bytes)),
        Ok(_) if too_many => writer.abandon().fail(too_many_rows(limits.total)),
        // Nobody wants the rest, or it was said already why it cannot be had.
        Ok(_) => drop(writer.abandon()),
        Err(refusal) => writer.abandon().fail(refusal),
    }
}

/// What was there before the answer had to start.
enum Gathered {
    /// The whole page.
    All(Vec<Bytes>, Next),
    /// Its start.
    Start(Vec<Bytes>),
}

/// The result has more rows than a request may give.
fn too_many_rows(limit: u64) -> Refusal {
    let message =
        format!("The result has more than {limit} rows (limit `rows`); use $top, or a narrower $filter.");
    Refusal::bad_request("LimitExceeded", message).about("rows")
}

/// Rows that a request gives where so many fit it.
fn rows_asked(count: u64, skip: u64, top: Option<u64>) -> u64 {
    count.saturating_sub(skip).min(top.unwrap_or(u64::MAX))
}

/// The start of a first page; none where the number of rows is not allowed, which may be known before them.
async fn gather(
    receiver: &mut Receiver<Event>,
    envelope: &mut Envelope,
    allowed: impl Fn(u64) -> bool,
) -> Result<Option<Gathered>, Refusal> {
    loop {
        match receiver.recv().await {
            Some(Event::Count(rows)) if !allowed(rows) => return Ok(None),
            Some(Event::Count(rows)) => envelope.count = Some(rows),
            Some(Event::Bytes(pieces)) => return Ok(Some(Gathered::Start(pieces))),
            Some(Event::End(pieces, next)) => return Ok(Some(Gathered::All(pieces, next))),
            Some(Event::Failed(refusal)) => return Err(*refusal),
            None => {
                return Err(Refusal::new(
                    http::StatusCode::INTERNAL_SERVER_ERROR,
                    "InternalError",
                    "The request could not be answered.",
                ));
            }
        }
    }
}

/// What is needed to close a first page.
struct Closing {
    state: Arc<State>,
    envelope: Envelope,
    format: Format,
    binding: Vec<u8>,
    /// Makes the link for a token.
    link: Box<dyn Fn(&str) -> String + Send>,
    /// Makes the link to rows that are not stored.
    skip_link: Box<dyn Fn(u64) -> String + Send>,
    /// Makes the link to what changes from now on.
    delta_link: Box<dyn Fn(&str) -> String + Send>,
    source: String,
    trace: String,
}

impl Closing {
    fn new(
        state: &Arc<State>,
        request: &Request,
        query: &Query,
        format: Format,
        envelope: Envelope,
    ) -> Closing {
        let short = request.needs_short_link();
        let (skip, top) = (query.skip, query.top);
        let parts = request.link_parts();
        let (again, followed) = (parts.clone(), parts.clone());
        Closing {
            state: Arc::clone(state),
            envelope,
            format,
            binding: request.binding(short),
            link: Box::new(move |token| parts.page_link(token, short)),
            skip_link: Box::new(move |rows| again.skip_link(rows, skip, top)),
            delta_link: Box::new(move |token| followed.delta_link(token)),
            source: request.slot.name.clone(),
            trace: request.trace.clone(),
        }
    }

    /// Everything behind the rows.
    fn text(&self, next: Next) -> Result<String, Refusal> {
        let link = match next {
            Next::Nothing => {
                return Ok(match &self.envelope.delta {
                    Some(token) => Envelope::close_followed(self.format, &(self.delta_link)(token)),
                    None => Envelope::close(self.format, None),
                });
            }
            Next::Unstored { .. } if self.envelope.is_delta() => return Err(unstored_changes()),
            Next::Stored { id, generation, owner, rows, position } => {
                let token = Token {
                    result: id,
                    owner,
                    generation,
                    page: 0,
                    first_row: rows,
                    rows_left: None,
                    extra: kept_position(&position),
                };
                let token = self.state.tokens.seal(&token, &self.binding)?;
                let token = affinity::routed(affinity::own_route(&self.state).as_deref(), &token);
                Some(NextLink { url: (self.link)(&token), snapshot: true })
            }
            Next::Unstored { rows } => Some(NextLink { url: (self.skip_link)(rows), snapshot: false }),
        };
        Ok(Envelope::close(self.format, link.as_ref()))
    }
}

/// A first page that is sent as it is made.
struct FirstPage {
    waiting: VecDeque<Bytes>,
    /// What follows the page, once all of it is here.
    end: Option<Next>,
    receiver: Receiver<Event>,
    gzip: Option<GzipMember>,
    closing: Option<Closing>,
    guard: CancelGuard,
}

impl FirstPage {
    fn rows(&mut self, piece: Bytes) -> Bytes {
        match &mut self.gzip {
            Some(member) => member.plain(&piece),
            None => piece,
        }
    }

    fn close(&mut self, next: Next) -> Option<Result<Bytes, Broken>> {
        self.guard.release();
        let closing = self.closing.take()?;
        match closing.text(next) {
            Ok(text) => Some(Ok(match self.gzip.take() {
                Some(member) => member.finish(text.as_bytes()),
                None => Bytes::from(text),
            })),
            Err(refusal) => Some(Err(broken(&closing, &refusal))),
        }
    }
}

impl Drop for FirstPage {
    /// A client that went away before it got the link will not ask for the rest.
    fn drop(&mut self) {
        if let Some(closing) = self.closing.take() {
            self.forsake(&closing);
        }
    }
}

impl FirstPage {
    /// Ends what is stored behind a page that nobody gets to the end.
    fn forsake(&mut self, closing: &Closing) {
        // Nothing can be put in from here on.
        let mut next = self.end.take();
        for left in self.receiver.close() {
            if let Event::End(_, follows) = left {
                next = Some(follows);
            }
        }
        if let (Some(Next::Stored { id, .. }), Ok(runtime)) = (next, tokio::runtime::Handle::try_current()) {
            let store = Arc::clone(&closing.state.store);
            runtime.spawn_blocking(move || store.end(id));
        }
    }
}

/// Why there are no more rows.
pub(super) fn ended(given_up: bool) -> &'static str {
    if given_up { "the client takes too little" } else { "the thread that reads rows ended early" }
}

/// The answer has begun, so it can only be broken off.
fn broken(closing: &Closing, refusal: &Refusal) -> Broken {
    let cause = refusal.cause.as_deref().unwrap_or(&refusal.message);
    event(&Happened::BrokenOff { source: &closing.source, trace: &closing.trace, cause });
    Broken
}

impl Pieces for FirstPage {
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Broken>>> {
        if let Some(piece) = self.waiting.pop_front() {
            return Poll::Ready(Some(Ok(self.rows(piece))));
        }
        if self.closing.is_none() {
            return Poll::Ready(None);
        }
        if let Some(next) = self.end.clone() {
            return Poll::Ready(self.close(next));
        }
        loop {
            let received = match self.receiver.poll_recv(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(received) => received,
            };
            return Poll::Ready(match received {
                Some(Event::Count(_)) => continue,
                Some(Event::Bytes(pieces)) => {
                    self.waiting.extend(pieces);
                    match self.waiting.pop_front() {
                        Some(piece) => Some(Ok(self.rows(piece))),
                        None => continue,
                    }
                }
                Some(Event::End(pieces, next)) => {
                    self.waiting.extend(pieces);
                    self.end = Some(next.clone());
                    match self.waiting.pop_front() {
                        Some(piece) => Some(Ok(self.rows(piece))),
                        None => self.close(next),
                    }
                }
                Some(Event::Failed(refusal)) => {
                    self.closing.take().map(|closing| Err(broken(&closing, &refusal)))
                }
                None => {
                    let message = ended(self.receiver.is_given_up());
                    let refusal = Refusal::bad_request("InternalError", message);
                    self.closing.take().map(|closing| {
                        self.forsake(&closing);
                        Err(broken(&closing, &refusal))
                    })
                }
            });
        }
    }
}
