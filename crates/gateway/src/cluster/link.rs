//! A connection to another node: it is kept between calls, and driven by the call that uses it.
//!
//! Nothing else has to run for a call, so no thread is woken for one; and one timer serves all calls of a connection.

use std::future::{pending, poll_fn};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep, timeout};
use tokio_rustls::TlsConnector;

/// How long a connection that nobody uses is kept: less than the other side keeps it.
const IDLE: Duration = Duration::from_secs(20);

/// How connections are made: in clear or by TLS; never by one where it is to be the other.
#[derive(Clone)]
pub enum Way {
    /// In clear.
    Clear,
    /// By TLS: what is shown and believed, and the name of every node.
    Tls(Arc<ClientConfig>, ServerName<'static>),
}

impl Way {
    /// Whether it is the same, with the same certificates.
    pub fn is(&self, other: &Way) -> bool {
        match (self, other) {
            (Way::Clear, Way::Clear) => true,
            (Way::Tls(own, _), Way::Tls(others, _)) => Arc::ptr_eq(own, others),
            _ => false,
        }
    }
}

/// What went wrong on a connection.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// It cannot be made.
    #[error("cannot connect")]
    Connect(#[source] std::io::Error),
    /// It broke.
    #[error("the connection broke")]
    Broken(#[from] hyper::Error),
    /// Nothing came for as long as that is waited for.
    #[error("no answer in time")]
    Late,
}

/// What a connection does, until it ends.
type Driven = Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>;

/// A connection that one call uses at a time.
pub struct Link {
    address: SocketAddr,
    sender: SendRequest<Full<Bytes>>,
    driver: Driver,
    used: Instant,
}

/// Wakes whoever awaits something of a connection, unless that is being looked at: then it is looked at once more. A task
/// that wakes itself would be put behind the others, and a thread be woken to take it from there.
#[derive(Default)]
struct Bell {
    rung: AtomicBool,
    looking: AtomicBool,
    waiting: AtomicWaker,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.store(true, Ordering::SeqCst);
        if !self.looking.load(Ordering::SeqCst) {
            self.waiting.wake();
        }
    }
}

/// What has to be looked at while something of a connection is awaited.
struct Driver {
    /// None once it has ended.
    driven: Option<Driven>,
    /// Moved on with each wait, which costs next to nothing as long as it goes on before it is over.
    patience: Pin<Box<Sleep>>,
    bell: Arc<Bell>,
}

impl Driver {
    fn new(driven: Driven) -> Driver {
        Driver { driven: Some(driven), patience: Box::pin(sleep(IDLE)), bell: Arc::default() }
    }

    /// Awaits something of the connection, and not for longer than `most`.
    async fn wait<T>(&mut self, awaited: impl Future<Output = T>, most: Duration) -> Result<T, LinkError> {
        let mut awaited = pin!(awaited);
        self.patience.as_mut().reset(Instant::now() + most);
        poll_fn(|cx| match self.look(awaited.as_mut(), cx) {
            Poll::Ready(done) => Poll::Ready(Ok(done)),
            Poll::Pending => self.patience.as_mut().poll(cx).map(|()| Err(LinkError::Late)),
        })
        .await
    }

    /// Takes what has come of the connection meanwhile, such as its end.
    async fn catch_up(&mut self) {
        let nothing = pending::<()>();
        let mut nothing = pin!(nothing);
        poll_fn(|cx| {
            let _ = self.look(nothing.as_mut(), cx);
            Poll::Ready(())
        })
        .await;
    }

    fn look<F: Future>(&mut self, mut awaited: Pin<&mut F>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let bell = Arc::clone(&self.bell);
        let waker = Waker::from(Arc::clone(&bell));
        let inner = &mut Context::from_waker(&waker);
        bell.waiting.register(cx.waker());
        bell.looking.store(true, Ordering::SeqCst);
        loop {
            bell.rung.store(false, Ordering::SeqCst);
            if let Poll::Ready(done) = awaited.as_mut().poll(inner) {
                return Poll::Ready(done);
            }
            // How it ended is told to whoever awaits something of it.
            if self.driven.as_mut().is_some_and(|driven| driven.as_mut().poll(inner).is_ready()) {
                self.driven = None;
            }
            if bell.rung.load(Ordering::SeqCst) {
                continue;
            }
            bell.looking.store(false, Ordering::SeqCst);
            if !bell.rung.load(Ordering::SeqCst) {
                return Poll::Pending;
            }
            bell.looking.store(true, Ordering::SeqCst);
        }
    }
}

impl Link {
    /// Connects.
    ///
    /// # Errors
    /// [`LinkError`]; after `most` it is late.
    pub async fn open(address: SocketAddr, way: &Way, most: Duration) -> Result<Link, LinkError> {
        let connect = async {
            let stream = TcpStream::connect(address).await.map_err(LinkError::Connect)?;
            stream.set_nodelay(true).map_err(LinkError::Connect)?;
            match way {
                Way::Clear => Link::over(stream, address).await,
                Way::Tls(config, name) => {
                    let connector = TlsConnector::from(Arc::clone(config));
                    let stream = connector.connect(name.clone(), stream).await;
                    Link::over(stream.map_err(LinkError::Connect)?, address).await
                }
            }
        };
        timeout(most, connect).await.unwrap_or(Err(LinkError::Late))
    }

    async fn over<S>(stream: S, address: SocketAddr) -> Result<Link, LinkError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        Ok(Link { address, sender, driver: Driver::new(Box::pin(connection)), used: Instant::now() })
    }

    /// Whether it can be used once more for calls to this address.
    pub async fn is_good(&mut self, address: SocketAddr) -> bool {
        if self.address != address || self.used.elapsed() >= IDLE {
            return false;
        }
        self.driver.catch_up().await;
        self.driver.driven.is_some() && self.sender.is_ready()
    }

    /// Sends a request, and waits for the head of its answer.
    ///
    /// # Errors
    /// [`LinkError`], and the request where nothing of it was sent.
    pub async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
        most: Duration,
    ) -> Result<Response<Incoming>, (LinkError, Option<Request<Full<Bytes>>>)> {
        let sent = self.driver.wait(self.sender.try_send_request(request), most).await;
        match sent.map_err(|late| (late, None))? {
            Ok(response) => Ok(response),
            Err(mut failed) => {
                let unsent = failed.take_message();
                Err((failed.into_error().into(), unsent))
            }
        }
    }

    /// Waits for the next part of the body of the answer. None is its end.
    ///
    /// # Errors
    /// [`LinkError`].
    pub async fn frame(
        &mut self,
        body: &mut Incoming,
        most: Duration,
    ) -> Result<Option<Frame<Bytes>>, LinkError> {
        let frame = self.driver.wait(body.frame(), most).await?;
        Ok(frame.transpose()?)
    }

    /// The answer was taken whole; whether the connection can be kept.
    pub fn done(&mut self) -> bool {
        self.used = Instant::now();
        self.driver.driven.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio::sync::Notify;

    const MOST: Duration = Duration::from_secs(5);

    fn request() -> Request<Full<Bytes>> {
        Request::get("/").body(Full::default()).expect("a request")
    }

    /// Takes a connection, and answers each request on it in pieces as long as there are answers; then ends it when told to.
    async fn answer(listener: &TcpListener, answers: &[&[&str]], end: &Notify) {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        for pieces in answers {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(stream.read_u8().await.expect("a request"));
            }
            for piece in *pieces {
                stream.write_all(piece.as_bytes()).await.expect("it is taken");
                sleep(Duration::from_millis(5)).await;
            }
        }
        end.notified().await;
    }

    async fn whole(link: &mut Link) -> Result<Vec<u8>, LinkError> {
        let mut body = link.send(request(), MOST).await.map_err(|(error, _)| error)?.into_body();
        let mut taken = Vec::new();
        while let Some(frame) = link.frame(&mut body, MOST).await? {
            taken.extend_from_slice(&frame.into_data().unwrap_or_default());
        }
        Ok(taken)
    }

    #[tokio::test]
    async fn a_connection_serves_several_calls_until_it_is_ended() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
        let address = listener.local_addr().expect("its address");
        let pieces: &[&str] = &["HTTP/1.1 200 OK\r\ncontent-le", "ngth: 4\r\n\r\nab", "cd"];
        let end = Arc::new(Notify::new());
        let told = Arc::clone(&end);
        let served = tokio::spawn(async move { answer(&listener, &[pieces, pieces], &told).await });
        let mut link = Link::open(address, &Way::Clear, MOST).await.expect("a connection");
        for _ in 0..2 {
            assert_eq!(whole(&mut link).await.expect("an answer"), b"abcd");
            assert!(link.done());
            assert!(!link.is_good(([127, 0, 0, 1], 1).into()).await, "another address");
        }
        end.notify_one();
        served.await.expect("it has ended");
        // The end has to come through the kernel.
        while link.is_good(address).await {
            tokio::task::yield_now().await;
        }
        assert!(whole(&mut link).await.is_err());
    }

    #[tokio::test]
    async fn what_does_not_come_is_not_waited_for_longer() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
        let address = listener.local_addr().expect("its address");
        let mut link = Link::open(address, &Way::Clear, MOST).await.expect("a connection");
        let (error, unsent) = link.send(request(), Duration::from_millis(20)).await.expect_err("no answer");
        assert!(matches!(error, LinkError::Late) && unsent.is_none(), "{error}");
        let nobody = ([127, 0, 0, 1], 1).into();
        let refused = Link::open(nobody, &Way::Clear, MOST).await.map(|_| ()).expect_err("nobody listens");
        assert!(matches!(refused, LinkError::Connect(_)), "{refused}");
    }
}
