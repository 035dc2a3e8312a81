//! Answers that come later and are no rows of a collection: kept as the message that would have been sent.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use http::Response;
use nextlink_results::{Codec, CreateError, MAX_PAGE_BYTES, NewResult, PageIn, Recovery, ResultWriter};

use super::later;
use super::message::{Answered, Made, kept, text_of};
use crate::affinity;
use crate::answer::Refusal;
use crate::body::{Body, Broken};
use crate::delivery::REGISTERED;
use crate::kept::message_meta;
use crate::observe::{Event as Happened, event};
use crate::request::Request;
use crate::response::crashed;
use crate::state::State;

/// What makes an answer.
pub type Answering = Pin<Box<dyn Future<Output = Result<Answered, Refusal>> + Send>>;

/// Begins to make an answer, and says where it will be. Gives back what makes it where nothing can be stored.
///
/// # Errors
/// The thread that begins it crashed.
pub async fn begin(
    state: &Arc<State>,
    request: &Request,
    answering: Answering,
) -> Result<Result<Response<Body>, Answering>, Refusal> {
    let (store, cluster) = (Arc::clone(&state.store), state.cluster.clone());
    let new = NewResult {
        source: request.slot.name.clone(),
        user: request.user.clone(),
        meta: message_meta(request, affinity::own_route(state).as_deref()),
        codec: Codec::None,
        first_row: 0,
        recovery: Recovery::None,
        page_bytes: 0,
        after: None,
    };
    let created = tokio::task::spawn_blocking(move || {
        let writer = store.create(new)?;
        if let Some(cluster) = &cluster {
            cluster.replicate(&store, (writer.id(), writer.generation()));
        }
        writer.wait_registered(REGISTERED);
        Ok::<_, CreateError>(writer)
    });
    let writer = match created.await.map_err(|error| crashed(&error))? {
        Ok(writer) => writer,
        Err(error) => {
            let (source, trace) = (request.slot.name.as_str(), request.trace.as_str());
            event(&Happened::NotStored { source, trace, cause: &error.to_string() });
            return Ok(Err(answering));
        }
    };
    let made = Made { id: writer.id(), generation: writer.generation(), owner: writer.owner() };
    let run = tokio::spawn(make(request.clone(), answering, writer));
    let stop = run.abort_handle();
    tokio::spawn(later::attend(Arc::clone(state), (made.id, made.generation), run, move || stop.abort()));
    if let Some(stored) = later::awaited(state, request, &made).await {
        let answered = kept(stored, request.gzip).await?;
        return later::answered(state, request, made, answered).await.map(Ok);
    }
    later::promised(state, request, made).map(Ok)
}

/// Answers at once, where nothing can be kept.
///
/// # Errors
/// What the client or the source did wrong, as an answer.
pub async fn at_once(
    state: &Arc<State>,
    request: &Request,
    answering: Answering,
) -> Result<Response<Body>, Refusal> {
    match answering.await? {
        Answered::Message(response) => Ok(response),
        Answered::Result(made) => later::promised(state, request, made),
    }
}

/// Makes an answer and keeps it.
async fn make(request: Request, answering: Answering, writer: ResultWriter) {
    let answered = answering.await.map_err(|refusal| refusal.of_path(request.path()));
    let refused = |refusal: Refusal| Answered::Message(refusal.response(request.version, &request.trace));
    let text = match text_of(answered.unwrap_or_else(refused)).await {
        Ok(text) if text.len() <= MAX_PAGE_BYTES => text,
        Ok(_) => {
            let message = "The answer is larger than what can be kept for later: ask for less, or without respond-async.";
            return writer.fail("LimitExceeded", message);
        }
        Err(Broken) => return writer.fail("InternalError", "The answer broke off."),
    };
    let page = PageIn { body: text, rows: 0, position: Vec::new(), row_offsets: Vec::new() };
    let written = tokio::task::spawn_blocking(move || writer.finish(page));
    if let Ok(Err(error)) = written.await {
        let (source, trace) = (request.slot.name.as_str(), request.trace.as_str());
        event(&Happened::NotStored { source, trace, cause: &error.to_string() });
    }
}
