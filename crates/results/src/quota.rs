//! How many bytes are reserved at each level, and the guard that gives them back.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use crate::config::{Quotas, Rules, SourceRules};
use crate::error::QuotaLevel;
use crate::wire::lock;

/// Why nothing was reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Bytes { level: QuotaLevel, limit: u64 },
    Results { limit: usize },
}

#[derive(Debug, Default)]
struct Used {
    results: usize,
    node: u64,
    sources: HashMap<Arc<str>, u64>,
    users: HashMap<Arc<str>, u64>,
}

/// All that is reserved.
pub(crate) struct Ledger {
    quotas: Quotas,
    rules: Option<Rules>,
    used: Mutex<Used>,
}

impl Ledger {
    pub(crate) fn new(quotas: Quotas, rules: Option<Rules>) -> Arc<Self> {
        Arc::new(Self { quotas, rules, used: Mutex::default() })
    }

    /// What holds for a source in place of the quotas.
    pub(crate) fn rules(&self, source: &str) -> SourceRules {
        self.rules.as_ref().map(|rules| rules(source)).unwrap_or_default()
    }

    pub(crate) fn quotas(&self) -> &Quotas {
        &self.quotas
    }

    pub(crate) fn bytes(&self) -> u64 {
        lock(&self.used).node
    }

    /// Reserves room for a new result.
    pub(crate) fn reserve(
        self: &Arc<Self>,
        source: &Arc<str>,
        user: &Arc<str>,
        bytes: u64,
    ) -> Result<Reservation, Refusal> {
        let rules = self.rules(source);
        let mut used = lock(&self.used);
        if used.results >= self.quotas.results {
            return Err(Refusal::Results { limit: self.quotas.results });
        }
        self.check(&used, rules, (source, user), 0, bytes)?;
        Ok(self.book(&mut used, source, user, bytes))
    }

    /// Books what lies on disk already, whatever the quotas say.
    pub(crate) fn adopt(self: &Arc<Self>, source: &Arc<str>, user: &Arc<str>, bytes: u64) -> Reservation {
        self.book(&mut lock(&self.used), source, user, bytes)
    }

    fn book(
        self: &Arc<Self>,
        used: &mut Used,
        source: &Arc<str>,
        user: &Arc<str>,
        bytes: u64,
    ) -> Reservation {
        used.results += 1;
        add(used, source, user, bytes);
        Reservation { ledger: self.clone(), source: source.clone(), user: user.clone(), bytes }
    }

    fn check(
        &self,
        used: &Used,
        rules: SourceRules,
        (source, user): (&str, &str),
        held: u64,
        more: u64,
    ) -> Result<(), Refusal> {
        let of = |map: &HashMap<Arc<str>, u64>, key: &str| map.get(key).copied().unwrap_or(0);
        let levels = [
            (QuotaLevel::Result, held, rules.result_bytes.unwrap_or(self.quotas.result_bytes)),
            (QuotaLevel::User, of(&used.users, user), self.quotas.user_bytes),
            (
                QuotaLevel::Source,
                of(&used.sources, source),
                rules.source_bytes.unwrap_or(self.quotas.source_bytes),
            ),
            (QuotaLevel::Node, used.node, self.quotas.node_bytes),
        ];
        for (level, now, limit) in levels {
            if now.checked_add(more).is_none_or(|sum| sum > limit) {
                return Err(Refusal::Bytes { level, limit });
            }
        }
        Ok(())
    }
}

fn add(used: &mut Used, source: &Arc<str>, user: &Arc<str>, bytes: u64) {
    used.node = used.node.saturating_add(bytes);
    *used.sources.entry(source.clone()).or_default() += bytes;
    *used.users.entry(user.clone()).or_default() += bytes;
}

fn subtract(map: &mut HashMap<Arc<str>, u64>, key: &str, bytes: u64) {
    if let Some(now) = map.get_mut(key) {
        *now = now.saturating_sub(bytes);
        // A name that holds nothing takes no room, so made-up names cannot fill the memory.
        if *now == 0 {
            map.remove(key);
        }
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger")
            .field("quotas", &self.quotas)
            .field("used", &self.used)
            .finish_non_exhaustive()
    }
}

/// Bytes reserved for one result; given back when dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    ledger: Arc<Ledger>,
    source: Arc<str>,
    user: Arc<str>,
    bytes: u64,
}

impl Reservation {
    /// Reserves more for the same result.
    pub(crate) fn grow(&mut self, more: u64) -> Result<(), Refusal> {
        let rules = self.ledger.rules(&self.source);
        let mut used = lock(&self.ledger.used);
        self.ledger.check(&used, rules, (&self.source, &self.user), self.bytes, more)?;
        add(&mut used, &self.source, &self.user, more);
        self.bytes += more;
        Ok(())
    }

    /// Whether there is room for more.
    pub(crate) fn fits(&self, more: u64) -> Result<(), Refusal> {
        let rules = self.ledger.rules(&self.source);
        self.ledger.check(&lock(&self.ledger.used), rules, (&self.source, &self.user), self.bytes, more)
    }

    /// Gives back what was reserved for a write that failed.
    pub(crate) fn shrink(&mut self, less: u64) {
        let less = less.min(self.bytes);
        self.bytes -= less;
        self.give_back(less);
    }

    fn give_back(&self, bytes: u64) {
        let mut used = lock(&self.ledger.used);
        used.node = used.node.saturating_sub(bytes);
        subtract(&mut used.sources, &self.source, bytes);
        subtract(&mut used.users, &self.user, bytes);
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.give_back(self.bytes);
        let mut used = lock(&self.ledger.used);
        used.results = used.results.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_level_takes_its_limit_and_refuses_one_byte_more() {
        let rows = [
            ("node", QuotaLevel::Node, Quotas { node_bytes: 100, ..Quotas::default() }),
            ("source", QuotaLevel::Source, Quotas { source_bytes: 100, ..Quotas::default() }),
            ("user", QuotaLevel::User, Quotas { user_bytes: 100, ..Quotas::default() }),
            ("result", QuotaLevel::Result, Quotas { result_bytes: 100, ..Quotas::default() }),
        ];
        let (source, user): (Arc<str>, Arc<str>) = ("shop".into(), "ann".into());
        for (name, level, quotas) in rows {
            let ledger = Ledger::new(quotas, None);
            let refusal = Refusal::Bytes { level, limit: 100 };
            assert_eq!(ledger.reserve(&source, &user, 101).unwrap_err(), refusal, "{name}: at once");
            let mut held = ledger.reserve(&source, &user, 60).unwrap();
            assert_eq!(held.grow(41).unwrap_err(), refusal, "{name}: grown too far");
            held.grow(40).unwrap_or_else(|refusal| panic!("{name}: {refusal:?}"));
            if level != QuotaLevel::Result {
                assert_eq!(ledger.reserve(&source, &user, 1).unwrap_err(), refusal, "{name}: a second one");
            }
            held.shrink(30);
            held.grow(30).unwrap();
            drop(held);
            assert_eq!(ledger.bytes(), 0, "{name}");
            assert!(lock(&ledger.used).sources.is_empty(), "{name}: no name is kept");
            ledger.reserve(&source, &user, 100).unwrap();
        }
    }

    #[test]
    fn levels_count_only_their_own() {
        let ledger = Ledger::new(Quotas { user_bytes: 10, source_bytes: 15, ..Quotas::default() }, None);
        let name = |text: &str| Arc::<str>::from(text);
        let _first = ledger.reserve(&name("shop"), &name("ann"), 10).unwrap();
        let refused = ledger.reserve(&name("shop"), &name("bob"), 6).unwrap_err();
        assert_eq!(refused, Refusal::Bytes { level: QuotaLevel::Source, limit: 15 });
        let _second = ledger.reserve(&name("shop"), &name("bob"), 5).unwrap();
        let _third = ledger.reserve(&name("library"), &name("bob"), 5).unwrap();
        let refused = ledger.reserve(&name("library"), &name("bob"), 1).unwrap_err();
        assert_eq!(refused, Refusal::Bytes { level: QuotaLevel::User, limit: 10 });
    }

    #[test]
    fn a_source_has_limits_of_its_own() {
        let rules: Rules = Arc::new(|source| match source {
            "shop" => SourceRules { source_bytes: Some(30), result_bytes: Some(20), replicas: None },
            _ => SourceRules::default(),
        });
        let quotas = Quotas { source_bytes: 10, result_bytes: 10, ..Quotas::default() };
        let ledger = Ledger::new(quotas, Some(rules));
        let user: Arc<str> = "ann".into();
        for (source, of_one, of_all) in [("shop", 20, 30), ("library", 10, 10)] {
            let source: Arc<str> = source.into();
            let mut held = ledger.reserve(&source, &user, of_one).unwrap();
            let level = QuotaLevel::Result;
            assert_eq!(held.grow(1).unwrap_err(), Refusal::Bytes { level, limit: of_one }, "{source}");
            let _more = ledger.reserve(&source, &user, of_all - of_one).unwrap();
            let level = QuotaLevel::Source;
            let refused = ledger.reserve(&source, &user, 1).unwrap_err();
            assert_eq!(refused, Refusal::Bytes { level, limit: of_all }, "{source}");
        }
    }

    #[test]
    fn the_number_of_results_is_limited() {
        let ledger = Ledger::new(Quotas { results: 2, ..Quotas::default() }, None);
        let (source, user): (Arc<str>, Arc<str>) = ("shop".into(), "ann".into());
        let first = ledger.reserve(&source, &user, 0).unwrap();
        let _second = ledger.reserve(&source, &user, 0).unwrap();
        assert_eq!(ledger.reserve(&source, &user, 0).unwrap_err(), Refusal::Results { limit: 2 });
        drop(first);
        ledger.reserve(&source, &user, 0).unwrap();
    }
}
