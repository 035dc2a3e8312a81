//! A few threads that compress, encrypt and write for all results, one step at a time.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

use crate::codec::Compressor;
use crate::wire::lock;

/// Work in steps. At most one step of a task runs at a time.
pub(crate) trait Task: Send + Sync {
    /// Does one step; `true` when there is another one to do.
    fn step(&self, scratch: &mut Scratch) -> bool;
}

/// The working memory of a thread, used again for each step.
pub(crate) struct Scratch {
    pub(crate) compressor: Compressor,
    pub(crate) out: Vec<u8>,
}

#[derive(Default)]
struct Ready {
    tasks: VecDeque<Arc<dyn Task>>,
    closed: bool,
}

#[derive(Default)]
struct Shared {
    ready: Mutex<Ready>,
    wake: Condvar,
}

/// The threads, and the tasks that wait for one.
pub(crate) struct Pool {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Pool {
    /// Starts the threads.
    pub(crate) fn start(count: usize, deflate_level: u32) -> std::io::Result<Arc<Self>> {
        let shared = Arc::<Shared>::default();
        let pool = Arc::new(Self {
            shared: shared.clone(),
            threads: Mutex::default(),
        });
        for number in 0..count {
            let shared = shared.clone();
            let scratch = Scratch {
                compressor: Compressor::new(deflate_level),
                out: Vec::new(),
            };
            let builder = std::thread::Builder::new().name(format!("results-{number}"));
            let thread = builder
                .spawn(move || work(&shared, scratch))
                .inspect_err(|_| pool.close())?;
            lock(&pool.threads).push(thread);
        }
        Ok(pool)
    }

    /// Lets a thread take the task up; `false` when the pool is closed.
    pub(crate) fn submit(&self, task: Arc<dyn Task>) -> bool {
        let mut ready = lock(&self.shared.ready);
        if ready.closed {
            return false;
        }
        ready.tasks.push_back(task);
        drop(ready);
        self.shared.wake.notify_one();
        true
    }

    /// Finishes what was submitted and ends the threads.
    pub(crate) fn close(&self) {
        lock(&self.shared.ready).closed = true;
        self.shared.wake.notify_all();
        let threads = std::mem::take(&mut *lock(&self.threads));
        for thread in threads {
            let _ = thread.join();
        }
    }
}

fn work(shared: &Shared, mut scratch: Scratch) {
    loop {
        let mut ready = lock(&shared.ready);
        let task = loop {
            match ready.tasks.pop_front() {
                Some(task) => break task,
                None if ready.closed => return,
                None => {
                    ready = shared
                        .wake
                        .wait(ready)
                        .unwrap_or_else(PoisonError::into_inner)
                }
            }
        };
        drop(ready);
        if task.step(&mut scratch) {
            // To the end of the line, so that one large result does not keep the others waiting.
            lock(&shared.ready).tasks.push_back(task);
        }
    }
}
