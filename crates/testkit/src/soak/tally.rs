//! What a soak has seen so far.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How many wrong things are told; the others are counted.
const SHOWN: usize = 20;

/// Numbers of a soak.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Pages that were answered.
    pub pages: u64,
    /// Pages that were asked for again, on another node, and were the same.
    pub again: u64,
    /// Readings that came to their end.
    pub read: u64,
    /// Readings that changed to another execution, and were told so.
    pub read_on: u64,
    /// Links that gave an execution that is older than the one they gave before: to a node that came back.
    pub older: u64,
    /// Changes of the source.
    pub changes: u64,
    /// Faults that were brought about and ended, by kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// Answers after which the page was asked for again, by what they said.
    pub retried: BTreeMap<String, u64>,
    /// Readings that an error ended, by what it said.
    pub ended: BTreeMap<String, u64>,
    /// The longest time that a page took, with all that was tried.
    pub slowest: Duration,
    /// Rows that were lost, doubled or wrong, and all else that must not be.
    pub wrong: Vec<String>,
}

impl Counts {
    /// One line.
    pub fn line(&self) -> String {
        let faults: u64 = self.faults.values().sum();
        let retried: u64 = self.retried.values().sum();
        let ended: u64 = self.ended.values().sum();
        format!(
            "{} pages, {} again, {} read to the end, {} read on, {faults} faults, {retried} tried again, {ended} ended by an error, slowest {:.1} s, {} wrong",
            self.pages,
            self.again,
            self.read,
            self.read_on,
            self.slowest.as_secs_f32(),
            self.wrong.len()
        )
    }
}

impl Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.line())?;
        writeln!(f, "changes of the source: {}", self.changes)?;
        writeln!(f, "links that led back to an earlier execution: {}", self.older)?;
        writeln!(f, "faults: {}", kinds(&self.faults))?;
        writeln!(f, "tried again: {}", kinds(&self.retried))?;
        writeln!(f, "ended by an error: {}", kinds(&self.ended))?;
        writeln!(f, "wrong: {}", self.wrong.len())?;
        self.wrong.iter().take(SHOWN).try_for_each(|what| writeln!(f, "- {what}"))
    }
}

fn kinds<K: Display>(numbers: &BTreeMap<K, u64>) -> String {
    let mut text = String::new();
    for (kind, number) in numbers {
        let comma = if text.is_empty() { "" } else { ", " };
        let _ = write!(text, "{comma}{kind} {number}");
    }
    if text.is_empty() { "none".to_owned() } else { text }
}

/// Numbers and words that all threads of a soak write.
#[derive(Debug)]
pub(super) struct Tally {
    begun: Instant,
    counts: Mutex<Counts>,
    diary: Mutex<String>,
}

impl Default for Tally {
    fn default() -> Self {
        Self { begun: Instant::now(), counts: Mutex::default(), diary: Mutex::default() }
    }
}

impl Tally {
    pub(super) fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn wrong(&self, what: String) {
        self.note(&format!("WRONG: {what}"));
        self.counts().wrong.push(what);
    }

    /// Writes down what happens, with the time.
    pub(super) fn note(&self, what: &str) {
        let (at, day) = (self.begun.elapsed().as_secs_f32(), SystemTime::now().duration_since(UNIX_EPOCH));
        let day = day.unwrap_or_default().as_secs() % 86_400;
        let (hour, minute, second) = (day / 3_600, day / 60 % 60, day % 60);
        let mut diary = self.diary.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = writeln!(diary, "{at:8.3} ({hour:02}:{minute:02}:{second:02}) {what}");
    }

    pub(super) fn diary(&self) -> String {
        self.diary.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
