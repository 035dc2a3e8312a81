//! Ends connections on which nothing goes on: whose client sends half a request, or none after an answer. A look at them
//! now and then costs a request nothing, as a timer for each would.

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http::Response;
use http_body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// Looks during the time that a connection may be still.
const LOOKS: u32 = 2;

/// What goes on on a connection.
#[derive(Debug, Clone, Default)]
pub struct Watch(Arc<Moves>);

#[derive(Debug, Default)]
struct Moves {
    /// Requests that are being answered, to the end of their bodies.
    answering: AtomicU64,
    /// Answers that ended, and writes that the client took.
    seen: AtomicU64,
    /// The client has to read before more can be written; how long it takes for that is its own affair.
    blocked: AtomicBool,
    /// Several requests share it (HTTP/2), so that it says of itself when it is done.
    shared: AtomicBool,
}

/// A request that is being answered, until it is dropped.
#[derive(Debug)]
pub struct Answering(Watch);

impl Drop for Answering {
    fn drop(&mut self) {
        let moves = &*self.0.0;
        moves.seen.fetch_add(1, Ordering::Relaxed);
        moves.answering.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The body of an answer, whose request is being answered until it is dropped.
#[derive(Debug)]
pub struct Answer<B> {
    body: B,
    _answering: Answering,
}

impl<B: Body + Unpin> Body for Answer<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Answering {
    /// The answer is made, but not sent.
    pub fn with<B>(self, answer: Response<B>) -> Response<Answer<B>> {
        answer.map(|body| Answer { body, _answering: self })
    }
}

impl Watch {
    /// The head of a request has come.
    pub fn answering(&self, version: http::Version) -> Answering {
        if version == http::Version::HTTP_2 {
            self.0.shared.store(true, Ordering::Relaxed);
        }
        self.0.answering.fetch_add(1, Ordering::Relaxed);
        Answering(self.clone())
    }

    /// The same connection, whose writes are seen.
    pub fn over<T>(&self, stream: T) -> Watched<T> {
        Watched { stream, watch: self.clone() }
    }

    /// Waits for the end of a connection. None where nothing went on for as long as it may be still, or up to half as
    /// long again; it is to be dropped then.
    pub async fn attend<T>(&self, connection: impl Future<Output = T>, still: Duration) -> Option<T> {
        let mut connection = pin!(connection);
        let look = still / LOOKS;
        let mut looks = interval_at(Instant::now() + look, look);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut last, mut unmoved) = (0, 0);
        loop {
            tokio::select! {
                biased;
                ended = &mut connection => return Some(ended),
                _ = looks.tick() => {}
            }
            let Moves { answering, seen, blocked, shared } = &*self.0;
            let seen = seen.load(Ordering::Relaxed);
            let busy = answering.load(Ordering::Relaxed) > 0
                || blocked.load(Ordering::Relaxed)
                || shared.load(Ordering::Relaxed);
            unmoved = if busy || seen != last { 0 } else { unmoved + 1 };
            last = seen;
            if unmoved >= LOOKS {
                return None;
            }
        }
    }
}

/// A stream whose writes are seen.
#[derive(Debug)]
pub struct Watched<T> {
    stream: T,
    watch: Watch,
}

impl<T> Watched<T> {
    fn wrote(&self, wrote: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        let Moves { seen, blocked, .. } = &*self.watch.0;
        blocked.store(wrote.is_pending(), Ordering::Relaxed);
        seen.fetch_add(1, Ordering::Relaxed);
        wrote
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Watched<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.wrote(wrote)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write_vectored(cx, pieces);
        self.wrote(wrote)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncWriteExt;
    use tokio::time::sleep;

    const STILL: Duration = Duration::from_secs(30);

    /// Seconds until a connection is ended on which something goes on as told.
    async fn ended(goes_on: impl AsyncFn(&Watch)) -> Option<u64> {
        let watch = Watch::default();
        let start = Instant::now();
        let connection = async {
            goes_on(&watch).await;
            std::future::pending::<()>().await;
        };
        let most = tokio::time::timeout(Duration::from_secs(1_000), watch.attend(connection, STILL));
        most.await.ok().map(|_| start.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn connections_on_which_nothing_goes_on_are_ended() {
        let second = Duration::from_secs(1);
        assert_eq!(ended(async |_| {}).await, Some(30), "no request");
        let answered = ended(async |watch| drop(watch.answering(http::Version::HTTP_11))).await;
        assert_eq!(answered, Some(45), "one request");
        let long = ended(async |watch| {
            let answering = watch.answering(http::Version::HTTP_11);
            sleep(second * 200).await;
            drop(answering);
        });
        assert_eq!(long.await, Some(240), "a request that takes long");
        let reading = ended(async |watch| {
            let (client, server) = tokio::io::duplex(1);
            let mut server = watch.over(server);
            tokio::spawn(async move {
                let mut client = client;
                for _ in 0..10 {
                    sleep(second * 20).await;
                    let _ = tokio::io::AsyncReadExt::read_u8(&mut client).await;
                }
                sleep(second * 100).await;
                let _ = tokio::io::AsyncReadExt::read_u8(&mut client).await;
                sleep(second * 1_000).await;
            });
            let _ = server.write_all(&[0; 12]).await;
        });
        assert_eq!(reading.await, Some(345), "a client that reads slowly, and at last all");
        let shared = ended(async |watch| drop(watch.answering(http::Version::HTTP_2))).await;
        assert_eq!(shared, None, "HTTP/2");
    }
}
