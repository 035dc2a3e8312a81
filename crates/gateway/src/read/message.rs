//! Messages that are kept as they would have been sent: status and headers in a line, and the body behind it. Or where the
//! answer is that was not there yet.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use nextlink_results::token::Token;
use nextlink_results::{MAX_PAGE_BYTES, NodeId, ResultId, StoredPage};
use serde::{Deserialize, Serialize};

use crate::answer::{Refusal, gone};
use crate::body::{Body, Broken};
use crate::response::{compressed, crashed};

/// An answer that comes later.
pub enum Answered {
    /// All of it.
    Message(Response<Body>),
    /// A stored result with its first page.
    Result(Made),
}

/// A result that is being made.
#[derive(Debug, Clone, Copy)]
pub struct Made {
    /// Its name.
    pub id: ResultId,
    /// Its execution.
    pub generation: u32,
    /// The node it lies on.
    pub owner: NodeId,
}

impl Made {
    /// The token of its first page.
    pub fn token(&self) -> Token {
        Token {
            result: self.id,
            owner: self.owner,
            generation: self.generation,
            page: 0,
            first_row: 0,
            rows_left: None,
            extra: Vec::new(),
        }
    }
}

/// What stands before the body of a kept message, in a line of its own.
#[derive(Debug, Serialize, Deserialize)]
enum Head {
    /// It is the body.
    Message {
        /// Its status.
        status: u16,
        /// Its headers.
        headers: Vec<(String, String)>,
    },
    /// It is a stored result: its name, its execution, and the node it lies on.
    Result(String, u32, String),
}

/// A message as it is kept, or what is longer than anything that is.
///
/// # Errors
/// The answer broke off.
pub async fn text_of(answered: Answered) -> Result<Vec<u8>, Broken> {
    let response = match answered {
        Answered::Message(response) => response,
        Answered::Result(Made { id, generation, owner }) => {
            let head = Head::Result(id.to_string(), generation, owner.to_string());
            let mut text = serde_json::to_vec(&head).unwrap_or_default();
            text.push(b'\n');
            return Ok(text);
        }
    };
    let (parts, mut body) = response.into_parts();
    let headers = parts.headers.iter();
    let headers =
        headers.filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())));
    let head = Head::Message { status: parts.status.as_u16(), headers: headers.collect() };
    let mut text = serde_json::to_vec(&head).unwrap_or_default();
    text.push(b'\n');
    while let Some(piece) = body.next_piece().await {
        let piece = piece?;
        // More than that is not kept, so it need not be held.
        if text.len() <= MAX_PAGE_BYTES {
            text.extend_from_slice(&piece);
        }
    }
    Ok(text)
}

/// A message that was kept, compressed where that is wanted.
///
/// # Errors
/// 410 where it cannot be read.
pub async fn kept(stored: StoredPage, gzip: bool) -> Result<Answered, Refusal> {
    let pieces =
        tokio::task::spawn_blocking(move || stored.identity()).await.map_err(|error| crashed(&error))??;
    let text = Bytes::from(pieces.concat());
    let unreadable = || gone("The stored result is not readable.");
    let end = text.iter().position(|byte| *byte == b'\n').ok_or_else(unreadable)?;
    let (status, headers) = match serde_json::from_slice(&text[..end]).map_err(|_| unreadable())? {
        Head::Message { status, headers } => (status, headers),
        Head::Result(id, generation, owner) => {
            let id = ResultId::parse(&id).ok_or_else(unreadable)?;
            let owner = NodeId::parse(&owner).ok_or_else(unreadable)?;
            return Ok(Answered::Result(Made { id, generation, owner }));
        }
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::from_u16(status).map_err(|_| unreadable())?;
    for (name, value) in &headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    Ok(Answered::Message(compressed(gzip, response, vec![text.slice(end + 1..)])))
}
