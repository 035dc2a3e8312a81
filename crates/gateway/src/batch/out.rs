//! The way of the answer to a batch to the client: small pieces are put together, and nothing is held back for long.

use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use nextlink_results::gzip::GzipMember;
use tokio::sync::mpsc;

use crate::body::{Broken, Pieces};

/// Bytes that are gathered before they are sent.
const GATHER: usize = 16 * 1024;

/// What is sent to the body of the answer.
#[derive(Debug)]
pub enum Sent {
    /// A piece of it.
    Piece(Bytes),
    /// It is whole.
    End,
}

/// The client is gone, or too slow.
#[derive(Debug)]
pub struct Gone;

/// Takes pieces of the answer.
#[derive(Debug)]
pub struct Out {
    sender: mpsc::Sender<Sent>,
    gzip: Option<GzipMember>,
    patience: Duration,
    gathered: Vec<u8>,
}

impl Out {
    /// To a client that may take so many seconds for a piece.
    pub fn new(sender: mpsc::Sender<Sent>, gzip: bool, patience: u64) -> Out {
        let patience = Duration::from_secs(patience);
        Out { sender, gzip: gzip.then(GzipMember::default), patience, gathered: Vec::new() }
    }

    /// Where small pieces are put.
    pub fn text(&mut self) -> &mut Vec<u8> {
        &mut self.gathered
    }

    /// Sends a piece of any length.
    pub async fn piece(&mut self, piece: Bytes) -> Result<(), Gone> {
        if self.gathered.len() + piece.len() <= GATHER {
            self.gathered.extend_from_slice(&piece);
            return Ok(());
        }
        self.flush().await?;
        let piece = match &mut self.gzip {
            Some(member) => member.plain(&piece),
            None => piece,
        };
        self.send(Sent::Piece(piece)).await
    }

    /// Sends what was gathered.
    pub async fn flush(&mut self) -> Result<(), Gone> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let piece = match &mut self.gzip {
            Some(member) => member.plain(&self.gathered),
            None => Bytes::copy_from_slice(&self.gathered),
        };
        self.gathered.clear();
        self.send(Sent::Piece(piece)).await
    }

    /// Sends the rest: the answer is whole.
    pub async fn end(mut self) -> Result<(), Gone> {
        let last = match self.gzip.take() {
            Some(member) => member.finish(&self.gathered),
            None => Bytes::from(std::mem::take(&mut self.gathered)),
        };
        self.send(Sent::Piece(last)).await?;
        self.send(Sent::End).await
    }

    /// Waits until the client is gone.
    pub async fn gone(&self) {
        self.sender.closed().await;
    }

    async fn send(&self, sent: Sent) -> Result<(), Gone> {
        match tokio::time::timeout(self.patience, self.sender.send(sent)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Gone),
        }
    }
}

/// The body of the answer.
#[derive(Debug)]
pub struct Answers(mpsc::Receiver<Sent>);

impl Answers {
    /// Of what comes from an [`Out`].
    pub fn new(receiver: mpsc::Receiver<Sent>) -> Answers {
        Answers(receiver)
    }
}

impl Pieces for Answers {
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Broken>>> {
        self.0.poll_recv(cx).map(|sent| match sent {
            Some(Sent::Piece(piece)) => Some(Ok(piece)),
            Some(Sent::End) => None,
            // Whoever sends has given up: a part is not to be taken for the whole.
            None => Some(Err(Broken)),
        })
    }
}
