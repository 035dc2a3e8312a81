//! The way of an answer from the thread that reads rows to the client. It is short while the client keeps up. What a slow
//! client has not taken is kept in memory, so that the statement goes on without it; where nothing more can be kept, the
//! client is waited for as long as nobody else waits for what the statement holds.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use nextlink_odata::rows::Flow;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::state::MEMORY_UNIT;

/// How long a client is waited for in all before what it has not taken is kept.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a client that took nothing keeps others waiting.
const OTHERS_WAIT: Duration = Duration::from_secs(3);
/// Bytes that a client has to take for each further second of that, in all.
const BYTES_A_SECOND: f64 = 128.0 * 1024.0;
/// How often it is looked at what has changed while a client is waited for.
const LOOK: Duration = Duration::from_millis(50);

/// What goes to the client.
pub trait Sent: Send + 'static {
    /// Bytes that it has of memory.
    fn weight(&self) -> usize;

    /// Gives them back: they will not be sent.
    fn forget(&mut self);
}

/// What a way is allowed.
#[derive(Debug, Clone)]
pub struct Terms {
    /// Things on the way while the client keeps up.
    pub room: usize,
    /// The memory for what slow clients have not taken; none where nothing is kept.
    pub memory: Option<Arc<Semaphore>>,
    /// How long a client may take nothing.
    pub patience: Duration,
}

/// Something on its way, and how much of the memory for slow clients it has.
#[derive(Debug)]
struct Queued<T> {
    sent: T,
    permits: usize,
}

#[derive(Debug)]
struct Inner<T> {
    queue: VecDeque<Queued<T>>,
    /// The memory of all that is kept.
    kept: Option<OwnedSemaphorePermit>,
    taken_bytes: usize,
    /// When the client took something the last time.
    taken: Instant,
    receiver: Option<Waker>,
    /// The thread that reads waits.
    waits: bool,
    /// The statement holds nothing any more.
    released: bool,
    /// No more comes.
    ended: bool,
    /// Nobody takes any more.
    closed: bool,
    /// The client was too slow.
    given_up: bool,
}

#[derive(Debug)]
struct Shared<T> {
    inner: Mutex<Inner<T>>,
    freed: Condvar,
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Sent> Inner<T> {
    fn is_open(&self) -> bool {
        !self.closed && !self.given_up
    }

    /// Takes so much of the memory for slow clients, if there is so much.
    fn keep(&mut self, memory: &Arc<Semaphore>, permits: usize) -> bool {
        let Ok(wanted) = u32::try_from(permits) else { return false };
        let Ok(more) = Arc::clone(memory).try_acquire_many_owned(wanted) else { return false };
        match &mut self.kept {
            Some(kept) => kept.merge(more),
            None => self.kept = Some(more),
        }
        true
    }

    fn take(&mut self) -> Option<T> {
        let Queued { sent, permits } = self.queue.pop_front()?;
        self.taken_bytes += sent.weight();
        self.taken = Instant::now();
        if permits > 0 {
            // Given back as it goes out of scope.
            let _ = self.kept.as_mut().and_then(|kept| kept.split(permits));
        }
        Some(sent)
    }

    /// Nothing more is sent, and nothing of what was to be is held in memory; what it was can be seen.
    fn give_up(&mut self) -> Option<Waker> {
        self.given_up = true;
        self.queue.iter_mut().for_each(|queued| queued.sent.forget());
        self.kept = None;
        self.receiver.take()
    }
}

/// Where things are put.
pub struct Sender<T: Sent> {
    shared: Arc<Shared<T>>,
    terms: Terms,
    /// Whether somebody waits for what the statement holds.
    awaited: Box<dyn Fn() -> bool + Send>,
    /// How long the client was waited for.
    waited: Duration,
    /// Whether somebody sees to it that what is kept is not kept for ever.
    attended: bool,
    handle: tokio::runtime::Handle,
}

/// Where the answer takes them.
#[derive(Debug)]
pub struct Receiver<T: Sent>(Arc<Shared<T>>);

/// Tells a way that the statement has ended.
pub struct Releaser<T>(Arc<Shared<T>>);

impl<T> Releaser<T> {
    /// The statement holds nothing any more, so the little that still comes is sent without waiting for the client.
    pub fn release(self) {
        self.0.lock().released = true;
    }
}

/// A way to a client; `awaited` tells whether somebody waits for what the statement holds.
pub fn way<T: Sent>(terms: Terms, awaited: impl Fn() -> bool + Send + 'static) -> (Sender<T>, Receiver<T>) {
    let inner = Inner {
        queue: VecDeque::new(),
        kept: None,
        taken_bytes: 0,
        taken: Instant::now(),
        receiver: None,
        waits: false,
        released: false,
        ended: false,
        closed: false,
        given_up: false,
    };
    let shared = Arc::new(Shared { inner: Mutex::new(inner), freed: Condvar::new() });
    let handle = tokio::runtime::Handle::current();
    let sender = Sender {
        shared: Arc::clone(&shared),
        terms,
        awaited: Box::new(awaited),
        waited: Duration::ZERO,
        attended: false,
        handle,
    };
    (sender, Receiver(shared))
}

impl<T: Sent> Sender<T> {
    /// What is told when the statement has ended.
    pub fn releaser(&self) -> Releaser<T> {
        Releaser(Arc::clone(&self.shared))
    }

    /// Sends something. Blocks while the client is slow, unless it can be kept; says to stop where the client is gone or
    /// given up.
    pub fn send(&mut self, sent: T) -> Flow {
        let shared = Arc::clone(&self.shared);
        let mut inner = shared.lock();
        let mut permits = 0;
        let full = inner.queue.len() >= self.terms.room;
        if full && !inner.released && inner.is_open() {
            let wanted = sent.weight().div_ceil(MEMORY_UNIT);
            (inner, permits) = self.wait(&shared, inner, wanted);
        }
        if !inner.is_open() {
            return Flow::Stop;
        }
        if inner.queue.is_empty() {
            // There was nothing to take until now.
            inner.taken = Instant::now();
        }
        inner.queue.push_back(Queued { sent, permits });
        let waker = inner.receiver.take();
        drop(inner);
        if let Some(waker) = waker {
            waker.wake();
        }
        if full && !self.attended {
            self.attended = true;
            self.handle.spawn(attend(shared, self.terms.patience));
        }
        Flow::Continue
    }

    /// Waits until there is room, or so much can be kept, whose permits it gives; or else gives up.
    fn wait<'s>(
        &mut self,
        shared: &'s Shared<T>,
        mut inner: MutexGuard<'s, Inner<T>>,
        wanted: usize,
    ) -> (MutexGuard<'s, Inner<T>>, usize) {
        let began = Instant::now();
        let mut permits = 0;
        while inner.is_open() && inner.queue.len() >= self.terms.room {
            let waited = self.waited + began.elapsed();
            if waited >= PATIENCE
                && let Some(memory) = &self.terms.memory
                && inner.keep(memory, wanted)
            {
                permits = wanted;
                break;
            }
            let seconds = inner.taken_bytes as f64 / BYTES_A_SECOND;
            let slow =
                began.elapsed() >= OTHERS_WAIT || waited.as_secs_f64() >= OTHERS_WAIT.as_secs_f64() + seconds;
            if began.elapsed() >= self.terms.patience || (slow && (self.awaited)()) {
                let waker = inner.give_up();
                if let Some(waker) = waker {
                    waker.wake();
                }
                break;
            }
            inner.waits = true;
            let waited = shared.freed.wait_timeout(inner, LOOK.min(self.terms.patience));
            inner = waited.unwrap_or_else(PoisonError::into_inner).0;
            inner.waits = false;
        }
        self.waited += began.elapsed();
        (inner, permits)
    }
}

impl<T: Sent> Drop for Sender<T> {
    fn drop(&mut self) {
        let waker = {
            let mut inner = self.shared.lock();
            inner.ended = true;
            inner.receiver.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// Gives up a client that takes nothing of what is kept for it, though the statement may have ended.
async fn attend<T: Sent>(shared: Arc<Shared<T>>, patience: Duration) {
    loop {
        let next = {
            let mut inner = shared.lock();
            if !inner.is_open() || (inner.ended && inner.queue.is_empty()) {
                return;
            }
            let next = inner.taken + patience;
            if next <= Instant::now() && !inner.queue.is_empty() {
                let waker = inner.give_up();
                drop(inner);
                if let Some(waker) = waker {
                    waker.wake();
                }
                return;
            }
            next.max(Instant::now() + LOOK)
        };
        tokio::time::sleep_until(next.into()).await;
    }
}

impl<T: Sent> Receiver<T> {
    /// What comes next; none where nothing more does.
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut inner = self.0.lock();
        if inner.given_up {
            return Poll::Ready(None);
        }
        let Some(taken) = inner.take() else {
            if inner.ended {
                return Poll::Ready(None);
            }
            if !inner.receiver.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                inner.receiver = Some(cx.waker().clone());
            }
            return Poll::Pending;
        };
        if inner.waits {
            self.0.freed.notify_one();
        }
        Poll::Ready(Some(taken))
    }

    /// Waits for what comes next; none where nothing more does.
    pub async fn recv(&mut self) -> Option<T> {
        std::future::poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// Why nothing more comes although there should be more, for the log.
    pub fn why_ended(&self) -> &'static str {
        if self.is_given_up() {
            "the client takes too little"
        } else {
            "the thread that reads rows ended early"
        }
    }

    fn is_given_up(&self) -> bool {
        self.0.lock().given_up
    }

    /// Takes nothing more; gives what was on its way.
    pub fn close(&mut self) -> Vec<T> {
        let mut inner = self.0.lock();
        inner.closed = true;
        inner.kept = None;
        self.0.freed.notify_one();
        inner.queue.drain(..).map(|queued| queued.sent).collect()
    }
}

impl<T: Sent> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    /// Longer than any test takes.
    const LONG: Duration = Duration::from_secs(600);
    const PIECE: usize = 10 * MEMORY_UNIT;

    impl Sent for Vec<u8> {
        fn weight(&self) -> usize {
            self.len()
        }

        fn forget(&mut self) {
            *self = Vec::new();
        }
    }

    fn terms(memory: &Arc<Semaphore>, patience: Duration) -> Terms {
        Terms { room: 2, memory: Some(Arc::clone(memory)), patience }
    }

    /// Sends pieces in a thread, and gives what became of each.
    fn sending(mut sender: Sender<Vec<u8>>, pieces: usize) -> tokio::task::JoinHandle<Vec<Flow>> {
        tokio::task::spawn_blocking(move || (0..pieces).map(|_| sender.send(vec![0; PIECE])).collect())
    }

    #[tokio::test]
    async fn what_a_slow_client_has_not_taken_is_kept() {
        let memory = Arc::new(Semaphore::new(100));
        let (sender, mut receiver) = way(terms(&memory, LONG), || false);
        let sent = sending(sender, 5).await.expect("nothing panics");
        assert_eq!(sent, [Flow::Continue; 5]);
        assert_eq!(memory.available_permits(), 70, "two of five are on their way anyhow");
        let mut left = Vec::new();
        while receiver.recv().await.is_some() {
            left.push(memory.available_permits());
        }
        assert_eq!(left, [70, 70, 80, 90, 100]);
        assert!(!receiver.is_given_up());
    }

    #[tokio::test]
    async fn where_memory_is_short_a_client_is_waited_for() {
        let memory = Arc::new(Semaphore::new(15));
        let (sender, mut receiver) = way(terms(&memory, LONG), || false);
        let sent = sending(sender, 5);
        while memory.available_permits() == 15 {
            tokio::time::sleep(LOOK).await;
        }
        assert!(!sent.is_finished(), "two do not fit");
        for _ in 0..5 {
            assert!(receiver.recv().await.is_some());
        }
        assert_eq!(sent.await.expect("nothing panics"), [Flow::Continue; 5]);
        assert!(receiver.recv().await.is_none());
        assert_eq!(memory.available_permits(), 15);
    }

    #[tokio::test]
    async fn a_client_is_given_up_once_others_wait() {
        static OTHERS: AtomicBool = AtomicBool::new(false);
        let memory = Arc::new(Semaphore::new(0));
        let (sender, mut receiver) = way(terms(&memory, LONG), || OTHERS.load(Ordering::Relaxed));
        let sent = sending(sender, 3);
        OTHERS.store(true, Ordering::Relaxed);
        assert_eq!(sent.await.expect("nothing panics"), [Flow::Continue, Flow::Continue, Flow::Stop]);
        assert!(receiver.recv().await.is_none() && receiver.is_given_up());
        assert_eq!(receiver.close(), [Vec::<u8>::new(), Vec::new()], "no bytes are held");
    }

    #[tokio::test]
    async fn what_comes_behind_the_statement_is_not_waited_for() {
        let terms = Terms { room: 2, memory: None, patience: LONG };
        let (mut sender, mut receiver) = way(terms, || true);
        let releaser = sender.releaser();
        let sent = tokio::task::spawn_blocking(move || {
            let sent = [(); 2].map(|()| sender.send(vec![0; PIECE]));
            releaser.release();
            let began = Instant::now();
            assert_eq!(sender.send(vec![0; PIECE]), Flow::Continue);
            assert!(began.elapsed() < OTHERS_WAIT, "others do not wait for it");
            sent
        });
        assert_eq!(sent.await.expect("nothing panics"), [Flow::Continue; 2]);
        for _ in 0..3 {
            assert!(receiver.recv().await.is_some());
        }
        assert!(receiver.recv().await.is_none() && !receiver.is_given_up());
    }

    #[tokio::test]
    async fn who_has_taken_everything_is_not_slow() {
        let (mut sender, mut receiver) = way(terms(&Arc::new(Semaphore::new(0)), LONG), || false);
        let long_ago =
            Instant::now().checked_sub(Duration::from_secs(60)).expect("the clock has run for so long");
        sender.shared.lock().taken = long_ago;
        sender.send(vec![0]);
        let begun = sender.shared.lock().taken;
        assert!(begun > long_ago, "there was nothing to take");
        sender.send(vec![0]);
        assert_eq!(sender.shared.lock().taken, begun, "there was");
        assert!(receiver.recv().await.is_some());
    }

    #[tokio::test]
    async fn nothing_is_kept_for_ever() {
        let memory = Arc::new(Semaphore::new(100));
        let (sender, mut receiver) = way(terms(&memory, Duration::from_secs(2)), || false);
        assert_eq!(sending(sender, 4).await.expect("nothing panics"), [Flow::Continue; 4]);
        while memory.available_permits() < 100 {
            tokio::time::sleep(LOOK).await;
        }
        assert!(receiver.recv().await.is_none() && receiver.is_given_up());
    }

    #[tokio::test]
    async fn a_client_that_is_gone_is_not_waited_for() {
        let memory = Arc::new(Semaphore::new(100));
        let (sender, receiver) = way(terms(&memory, LONG), || false);
        let sent = sending(sender, 6);
        while memory.available_permits() == 100 {
            tokio::time::sleep(LOOK).await;
        }
        drop(receiver);
        sent.await.expect("nothing panics");
        assert_eq!(memory.available_permits(), 100, "what was kept is given back");
    }
}
