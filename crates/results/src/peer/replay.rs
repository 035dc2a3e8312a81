//! Each call counts once, and only for a short time.

use std::collections::HashMap;
use std::sync::Mutex;

use super::facts::Party;
use super::proof::Stamp;
use crate::id::Registration;
use crate::wire::lock;

/// How far a call's time may lie from now, in milliseconds.
pub const WINDOW_MS: u64 = 30_000;

/// How far calls of one sender may overtake one another.
const SPAN: u64 = 1 << 14;
const WORDS: usize = (SPAN / 64) as usize;

/// The numbers seen of one sender: the highest, and which of those just below it.
struct Seen {
    highest: u64,
    bits: Box<[u64; WORDS]>,
}

impl Seen {
    fn new() -> Self {
        Self { highest: 0, bits: Box::new([0; WORDS]) }
    }

    fn admit(&mut self, number: u64) -> bool {
        if number > self.highest {
            let skipped = number - self.highest;
            if skipped >= SPAN {
                self.bits.fill(0);
            } else {
                (self.highest + 1..=number).for_each(|passed| self.set(passed, false));
            }
            self.highest = number;
        } else if self.highest - number >= SPAN || self.get(number) {
            return false;
        }
        self.set(number, true);
        true
    }

    fn place(number: u64) -> (usize, u64) {
        ((number % SPAN / 64) as usize, 1 << (number % 64))
    }

    fn get(&self, number: u64) -> bool {
        let (word, bit) = Self::place(number);
        self.bits[word] & bit != 0
    }

    fn set(&mut self, number: u64, seen: bool) {
        let (word, bit) = Self::place(number);
        if seen {
            self.bits[word] |= bit;
        } else {
            self.bits[word] &= !bit;
        }
    }
}

/// The calls that were admitted; 2 KiB a sender.
#[derive(Default)]
pub struct Replays {
    senders: Mutex<HashMap<Registration, Seen>>,
}

impl Replays {
    /// Whether a call whose proof is good may be answered: it is in time, and it is the first of its
    /// number.
    #[must_use]
    pub fn admit(&self, from: Party, stamp: &Stamp, now_ms: u64) -> bool {
        now_ms.abs_diff(stamp.time_ms) <= WINDOW_MS
            && lock(&self.senders).entry(from.registration).or_insert_with(Seen::new).admit(stamp.number)
    }

    /// Forgets senders that are no more; the next call of one of them would need a good proof, too.
    pub fn keep(&self, known: impl Fn(Registration) -> bool) {
        lock(&self.senders).retain(|registration, _| known(*registration));
    }
}

impl std::fmt::Debug for Replays {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replays").field("senders", &lock(&self.senders).len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::super::proof::{BodyHash, Call, PeerKeys};
    use super::*;
    use crate::keys::{MasterKey, MasterKeys};

    fn party(byte: u8) -> Party {
        Party { registration: Registration::from_bytes([byte; 16]), boot: 1 }
    }

    fn stamp(time_ms: u64, number: u64) -> Stamp {
        let keys = MasterKeys::new(MasterKey::from_bytes([1; 32]).unwrap(), Vec::new()).unwrap();
        let call = Call { method: "GET", target: "/", body: BodyHash::of(b""), from: party(1), to: party(2) };
        PeerKeys::new(&keys).unwrap().prove(&call, time_ms, number).unwrap().1
    }

    #[test]
    fn each_number_counts_once() {
        let replays = Replays::default();
        let admit = |number| replays.admit(party(1), &stamp(0, number), 0);
        let far = 10 * SPAN;
        for (number, good) in [
            (1, true),
            (1, false),
            (5, true),
            (3, true),
            (3, false),
            (5, false),
            (SPAN, true),
            (2, true),
            (SPAN + 2, true),
            (2, false),
            (4, true),
            (far, true),
            (far - SPAN + 1, true),
            (far - SPAN, false),
            (SPAN + 2, false),
            (far - 1, true),
            (far - 1, false),
            (u64::MAX, true),
            (u64::MAX, false),
            (far, false),
        ] {
            assert_eq!(admit(number), good, "{number}");
        }
        assert!(replays.admit(party(2), &stamp(0, 1), 0), "another sender has its own numbers");
        replays.keep(|registration| registration == party(2).registration);
        assert!(!replays.admit(party(2), &stamp(0, 1), 0));
    }

    #[test]
    fn old_and_early_calls_are_refused() {
        let replays = Replays::default();
        let now = 1_000_000;
        for (number, (time_ms, good)) in [
            (now, true),
            (now - WINDOW_MS, true),
            (now + WINDOW_MS, true),
            (now - WINDOW_MS - 1, false),
            (now + WINDOW_MS + 1, false),
            (0, false),
            (u64::MAX, false),
        ]
        .into_iter()
        .enumerate()
        {
            assert_eq!(replays.admit(party(1), &stamp(time_ms, number as u64), now), good, "{time_ms}");
        }
    }
}
