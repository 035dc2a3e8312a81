//! A collection: its first page goes to the client while the rest is being stored.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use nextlink_db::run::{Cancel, Outcome};
use nextlink_odata::context;
use nextlink_odata::json::{PageLimits, PageWriter, told_collection};
use nextlink_odata::query::{Query, Step};
use nextlink_results::Codec;
use nextlink_sql::shape::Limit;

use super::Prepared;
use super::first_page::{Closing, FirstPage};
use super::single::batch_too_large;
use crate::affinity;
use crate::answer::Refusal;
use crate::body::Body;
use crate::delivery::{Delivery, Event, Next, Storing};
use crate::envelope::Envelope;
use crate::kept::form_text;
use crate::request::Request;
use crate::response::{CancelGuard, Stages, compressed, follows_changes, json_response};
use crate::state::State;
use crate::turns::Turn;
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
    let mut guard = CancelGuard::new(&cancel);
    let page_rows = request.page_rows();
    let limits = page_limits(state, request, page_rows);
    let (format, skip, top) = (prepared.format, prepared.query.skip, prepared.query.top);
    let envelope = envelope(request, &prepared);
    let mut closing = Closing::new(state, request, &prepared.query, format, envelope.clone());
    let form = form_text(format, page_rows, request, &prepared.query);
    let storing = storing(state, request, &prepared, envelope, form);
    let mut receiver = run(state, request, prepared, limits, storing, (permit, cancel));
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
            FirstPage::begin(&mut response, request.gzip, (open, pieces), (receiver, closing, guard));
            Ok(response)
        }
    }
}

/// Reads the rows in a thread that may block; gives what comes of them.
fn run(
    state: &State,
    request: &Request,
    prepared: Prepared,
    limits: PageLimits,
    storing: Storing,
    (permit, cancel): (Turn, Cancel),
) -> Receiver<Event> {
    let terms = Terms {
        room: CHUNKS,
        memory: Some(Arc::clone(&state.untaken)),
        patience: Duration::from_secs(state.config.limits.slow_client_seconds),
    };
    let held = storing.held.clone();
    let (sender, receiver) = way(terms, move || held.is_awaited());
    let releaser = sender.releaser();
    let mut delivery = Delivery::new(storing, sender);
    if limits.total <= limits.rows {
        // Whether there are too many is known with the first page, so it is not begun before.
        delivery.keep_first_page();
    }
    let slot = Arc::clone(&request.slot);
    let options = state.run_options(&request.slot, cancel, request.login.as_ref());
    tokio::task::spawn_blocking(move || {
        let mut writer = PageWriter::new(prepared.shape, limits, delivery);
        let outcome = slot.run(&prepared.served, &prepared.program, &options, &mut writer);
        drop(permit);
        releaser.release();
        conclude(writer, outcome, &prepared.query, limits);
    });
    receiver
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
            None => return Err(Refusal::internal(None)),
        }
    }
}
