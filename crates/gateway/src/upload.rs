//! The body of a request: read whole, within bounds of size, time and the memory of all bodies together.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt as _;
use tokio::sync::OwnedSemaphorePermit;

use crate::answer::Refusal;
use crate::state::{MEMORY_UNIT, State};

/// A body that was read.
#[derive(Debug)]
pub struct Upload {
    /// Its bytes.
    pub bytes: Bytes,
    /// Its share of the memory for bodies, until it is dropped.
    _room: Option<OwnedSemaphorePermit>,
}

/// Reads a body.
///
/// # Errors
/// It is too long, comes too slowly, breaks off, or is coded; or all bodies together take too much.
pub async fn read<B>(state: &State, headers: &HeaderMap, body: B) -> Result<Upload, Refusal>
where
    B: hyper::body::Body<Data = Bytes>,
{
    let coded = |value: &http::HeaderValue| !value.as_bytes().eq_ignore_ascii_case(b"identity");
    if headers.get_all(header::CONTENT_ENCODING).iter().any(coded) {
        let message = "Bodies of requests are read as they are; send it without Content-Encoding.";
        return Err(unsupported(message).about("Content-Encoding"));
    }
    let limits = &state.config.limits;
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > limits.body_bytes as u64) {
        return Err(too_long(limits.body_bytes));
    }
    let time = Duration::from_secs(limits.body_seconds);
    match tokio::time::timeout(time, whole(state, body)).await {
        Ok(read) => read,
        Err(_) => {
            let message = format!(
                "The body of the request took longer than {} s (limit `body_seconds`).",
                limits.body_seconds
            );
            Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, "LimitExceeded", message).about("body_seconds"))
        }
    }
}

/// A body of a kind that is not read.
pub fn unsupported(message: impl Into<String>) -> Refusal {
    Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message).about("Content-Type")
}

fn too_long(bytes: usize) -> Refusal {
    let message = format!("The body of the request is longer than {bytes} bytes (limit `body_bytes`).");
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "LimitExceeded", message).about("body_bytes")
}

async fn whole<B>(state: &State, body: B) -> Result<Upload, Refusal>
where
    B: hyper::body::Body<Data = Bytes>,
{
    let most = state.config.limits.body_bytes;
    let mut body = std::pin::pin!(body);
    let (mut all, mut room) = (BytesMut::new(), None);
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return Err(Refusal::bad_request("BadBody", "The body of the request broke off.").about("body"));
        };
        let Ok(piece) = frame.into_data() else {
            continue;
        };
        if all.len() + piece.len() > most {
            return Err(too_long(most));
        }
        all.extend_from_slice(&piece);
        more_room(state, &mut room, all.len())?;
    }
    Ok(Upload { bytes: all.freeze(), _room: room })
}

/// Takes as much of the memory for bodies as a body needs that has become so long.
fn more_room(state: &State, room: &mut Option<OwnedSemaphorePermit>, bytes: usize) -> Result<(), Refusal> {
    let held = room.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
    let missing = bytes.div_ceil(MEMORY_UNIT).saturating_sub(held);
    if missing == 0 {
        return Ok(());
    }
    let busy = || {
        let message = "The bodies of all requests take too much memory (limit `bodies_mib`); try again.";
        Refusal::unavailable("Busy", message, 1).about("bodies_mib")
    };
    let missing = u32::try_from(missing).map_err(|_| busy())?;
    let more = Arc::clone(&state.bodies).try_acquire_many_owned(missing).map_err(|_| busy())?;
    match room {
        Some(room) => room.merge(more),
        None => *room = Some(more),
    }
    Ok(())
}
