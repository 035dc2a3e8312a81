//! The timer of an HTTP/1.1 connection: one sleep that is put off for each request, rather than made and dropped.
//!
//! A new sleep is entered into the list of the runtime under a lock, and removed under it; putting one off that is in the
//! list is an exchange of a number. With short requests that is a good part of what HTTP costs.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};

type Kept = Arc<Mutex<Option<Pin<Box<tokio::time::Sleep>>>>>;

/// To be made for each connection.
#[derive(Debug, Clone, Default)]
pub struct ConnectionTimer {
    /// The sleep, while nobody waits for it. It goes on in the list of the runtime, and may wake the connection for nothing.
    kept: Kept,
}

/// A sleep that goes back when it is dropped.
struct Lent {
    sleep: Option<Pin<Box<tokio::time::Sleep>>>,
    kept: Kept,
}

impl Timer for ConnectionTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(Instant::now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).take();
        let sleep = match kept {
            Some(mut sleep) => {
                sleep.as_mut().reset(deadline.into());
                sleep
            }
            None => Box::pin(tokio::time::sleep_until(deadline.into())),
        };
        Box::pin(Lent { sleep: Some(sleep), kept: Arc::clone(&self.kept) })
    }
}

impl Future for Lent {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.sleep.as_mut().map_or(Poll::Ready(()), |sleep| sleep.as_mut().poll(cx))
    }
}

impl Sleep for Lent {}

impl Drop for Lent {
    fn drop(&mut self) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = self.sleep.take();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ended(sleep: &mut Pin<Box<dyn Sleep>>) -> bool {
        std::future::poll_fn(|cx| Poll::Ready(sleep.as_mut().poll(cx).is_ready())).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_sleep_lasts_until_its_own_deadline() {
        let timer = ConnectionTimer::default();
        let start = tokio::time::Instant::now();
        // The first one is dropped before its end, as that of a request whose header came in time.
        drop(timer.sleep_until(start.into_std() + Duration::from_secs(30)));
        for seconds in [20, 60, 61, 200] {
            let deadline = start + Duration::from_secs(seconds);
            timer.sleep_until(deadline.into_std()).await;
            assert_eq!(tokio::time::Instant::now(), deadline, "{seconds} s");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_sleep_put_off_does_not_end_early() {
        let timer = ConnectionTimer::default();
        let start = tokio::time::Instant::now();
        let mut first = timer.sleep(Duration::from_secs(30));
        assert!(!ended(&mut first).await);
        drop(first);
        tokio::time::advance(Duration::from_secs(10)).await;
        let mut second = timer.sleep_until((start + Duration::from_secs(40)).into_std());
        tokio::time::advance(Duration::from_secs(25)).await;
        assert!(!ended(&mut second).await, "the first deadline has passed, not the second");
        tokio::time::advance(Duration::from_secs(5)).await;
        assert!(ended(&mut second).await);
    }
}
