//! Headers of results that lie on other nodes, opened once and kept for a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use nextlink_results::ResultId;
use nextlink_results::peer::Foreign;

/// Headers that are kept.
const CAPACITY: usize = 1_024;
/// Bytes that they may hold.
const BYTES: usize = 16 * 1024 * 1024;

struct Kept {
    foreign: Arc<Foreign>,
    /// When it was used last.
    turn: u64,
    /// The last page that was served here, in the order asked.
    page: Option<u32>,
}

#[derive(Default)]
struct Inner {
    kept: HashMap<(ResultId, u32), Kept>,
    bytes: usize,
    turn: u64,
}

/// Headers of results of other nodes, and how far each was read here.
#[derive(Default)]
pub struct Foreigners {
    inner: Mutex<Inner>,
}

impl Foreigners {
    /// The opened header of a result, if it is kept.
    pub fn get(&self, key: (ResultId, u32)) -> Option<Arc<Foreign>> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.turn += 1;
        let turn = inner.turn;
        let kept = inner.kept.get_mut(&key)?;
        kept.turn = turn;
        Some(Arc::clone(&kept.foreign))
    }

    /// Keeps an opened header; the one that was not used for longest makes room.
    pub fn keep(&self, foreign: Foreign) -> Arc<Foreign> {
        let foreign = Arc::new(foreign);
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.turn += 1;
        let kept = Kept { foreign: Arc::clone(&foreign), turn: inner.turn, page: None };
        inner.bytes += foreign.weight();
        if let Some(before) = inner.kept.insert(foreign.key(), kept) {
            inner.bytes -= before.foreign.weight();
        }
        while inner.kept.len() > CAPACITY || (inner.bytes > BYTES && inner.kept.len() > 1) {
            let oldest = inner.kept.iter().min_by_key(|(_, kept)| kept.turn).map(|(key, _)| *key);
            let Some(gone) = oldest.and_then(|key| inner.kept.remove(&key)) else { break };
            inner.bytes -= gone.foreign.weight();
        }
        foreign
    }

    /// Notes that a page is served here; whether it follows the one before, so that the next one is likely to be asked
    /// for here too.
    pub fn follows(&self, key: (ResultId, u32), page: u32) -> bool {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(kept) = inner.kept.get_mut(&key) else { return false };
        let before = kept.page.replace(page);
        before.is_some_and(|before| before.checked_add(1) == Some(page))
    }
}
