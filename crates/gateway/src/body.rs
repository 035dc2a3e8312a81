//! The body of an answer: whole, in pieces, or as it is made.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

/// The answer broke off after its header was sent: the connection is closed, so that no client takes a part for the
/// whole.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the answer broke off")]
pub struct Broken;

/// Pieces of a body that are made while it is sent.
pub trait Pieces: Send {
    /// The next piece.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Broken>>>;
}

/// The body of an answer.
pub enum Body {
    /// Pieces that are all there.
    Pieces(VecDeque<Bytes>),
    /// A first piece, and more as it is made.
    Stream(Option<Bytes>, Box<dyn Pieces>),
}

impl Body {
    /// No body.
    pub fn empty() -> Body {
        Body::Pieces(VecDeque::new())
    }

    /// A body of one piece.
    pub fn full(bytes: impl Into<Bytes>) -> Body {
        Body::Pieces(VecDeque::from([bytes.into()]))
    }

    /// The next piece, as it is made.
    pub async fn next_piece(&mut self) -> Option<Result<Bytes, Broken>> {
        match self {
            Body::Pieces(pieces) => pieces.pop_front().map(Ok),
            Body::Stream(first, rest) => match first.take() {
                Some(piece) => Some(Ok(piece)),
                None => std::future::poll_fn(|cx| rest.poll_piece(cx)).await,
            },
        }
    }

    /// Its length, where it is known.
    pub fn length(&self) -> Option<u64> {
        match self {
            Body::Pieces(pieces) => Some(pieces.iter().map(|p| p.len() as u64).sum()),
            Body::Stream(..) => None,
        }
    }
}

impl From<Vec<Bytes>> for Body {
    fn from(pieces: Vec<Bytes>) -> Body {
        Body::Pieces(pieces.into())
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        match self.get_mut() {
            Body::Pieces(pieces) => loop {
                match pieces.pop_front() {
                    Some(piece) if piece.is_empty() => {}
                    piece => return Poll::Ready(piece.map(|p| Ok(Frame::data(p)))),
                }
            },
            Body::Stream(first, rest) => match first.take() {
                Some(piece) => Poll::Ready(Some(Ok(Frame::data(piece)))),
                None => rest.poll_piece(cx).map(|piece| piece.map(|p| p.map(Frame::data))),
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Body::Pieces(pieces) if pieces.iter().all(Bytes::is_empty))
    }

    fn size_hint(&self) -> SizeHint {
        self.length().map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
