//! The line to the server: its socket is read and written by whoever waits for an answer, on that thread, so that rows
//! pass through no other on their way.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// The work on a socket; it ends with the connection.
type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A line to a server. Between runs nobody looks at it.
#[derive(Clone)]
pub struct Line(Arc<Mutex<Option<Work>>>);

impl Line {
    /// A line that is open.
    pub fn new<E>(work: impl Future<Output = Result<(), E>> + Send + 'static) -> Line {
        // What ends it is also met by the next statement.
        let work: Work = Box::pin(async move { drop(work.await) });
        Line(Arc::new(Mutex::new(Some(work))))
    }

    /// Waits for something that takes the line.
    pub async fn over<T>(&self, wait: impl Future<Output = T>) -> T {
        let mut wait = pin!(wait);
        poll_fn(|cx| {
            let first = wait.as_mut().poll(cx);
            if first.is_ready() {
                return first;
            }
            self.poll(cx);
            // The answer may be there, or the line is closed.
            wait.as_mut().poll(cx)
        })
        .await
    }

    /// Sends what is to be sent, and takes what is there: an end of the connection too.
    pub fn look(&self) {
        self.poll(&mut Context::from_waker(Waker::noop()));
    }

    /// Closes it at once.
    pub fn cut(&self) {
        drop(self.take());
    }

    /// Lets it end in good order, once nobody can send any more.
    pub async fn end(self) {
        if let Some(work) = self.take() {
            work.await;
        }
    }

    fn take(&self) -> Option<Work> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn poll(&self, cx: &mut Context<'_>) {
        let mut work = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = work.as_mut().is_some_and(|work| work.as_mut().poll(cx) == Poll::Ready(()));
        if ended {
            *work = None;
        }
    }
}
