//! Pages of other nodes that are fetched before they are asked for.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use nextlink_results::{ResultId, StoredPage};
use tokio::sync::oneshot;
use tokio::time::Instant;

/// How long a page waits to be asked for.
const PATIENCE: Duration = Duration::from_secs(10);

/// A page of a result.
pub type PageKey = (ResultId, u32, u32);

struct Coming {
    page: oneshot::Receiver<StoredPage>,
    until: Instant,
}

/// Pages that are on their way or here; each is given once.
pub struct Ahead {
    capacity: usize,
    pages: Mutex<HashMap<PageKey, Coming>>,
}

impl Ahead {
    /// Room for so many pages.
    pub fn new(capacity: usize) -> Ahead {
        Ahead { capacity, pages: Mutex::default() }
    }

    /// Makes room for a page, and gives the way to put it there; `None` when there is no room, or it is coming already.
    pub fn begin(&self, key: PageKey) -> Option<oneshot::Sender<StoredPage>> {
        let now = Instant::now();
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        pages.retain(|_, coming| coming.until > now);
        if pages.len() >= self.capacity || pages.contains_key(&key) {
            return None;
        }
        let (give, page) = oneshot::channel();
        pages.insert(key, Coming { page, until: now + PATIENCE });
        Some(give)
    }

    /// Waits for a page that is coming; `None` when none is, or it does not come.
    pub async fn take(&self, key: PageKey) -> Option<StoredPage> {
        let coming = self.pages.lock().unwrap_or_else(PoisonError::into_inner).remove(&key)?;
        coming.page.await.ok()
    }

    /// Drops pages that nobody asked for.
    pub fn sweep(&self) {
        let now = Instant::now();
        self.pages.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, coming| coming.until > now);
    }
}
