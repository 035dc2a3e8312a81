//! The limits that hold for one source: its own, and where it has none those of all.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use nextlink_odata::bind::BindLimits;
use nextlink_odata::url::ParseOptions;
use nextlink_results::SourceRules;
use nextlink_sql::shape::{Limit, LimitsShape};
use tokio::sync::Semaphore;

use crate::config::{Config, SourceConfig};
use crate::turns::{Queue, shared};

/// What stands for a limit that nobody has set.
const NONE: u64 = u64::MAX;

/// Limits that a model file tells now, and the statements that run.
#[derive(Debug)]
pub struct Told {
    limits: [AtomicU64; Limit::ALL.len()],
    running: Mutex<Option<Running>>,
}

/// The statements of a source that run at one time, where it has a limit of them.
#[derive(Debug, Clone)]
pub struct Running {
    most: u64,
    /// Turns to run one.
    pub turns: Arc<Queue>,
    /// The share of them that may go on behind the first page.
    pub storing: Arc<Semaphore>,
}

impl Default for Told {
    fn default() -> Told {
        Told { limits: Limit::ALL.map(|_| AtomicU64::new(NONE)), running: Mutex::default() }
    }
}

impl Told {
    /// From now on those of a model file.
    pub fn follow(&self, told: &LimitsShape) {
        for limit in Limit::ALL {
            self.limits[limit as usize].store(told.get(limit).unwrap_or(NONE), Ordering::Relaxed);
        }
    }

    fn get(&self, limit: Limit) -> u64 {
        self.limits[limit as usize].load(Ordering::Relaxed)
    }

    /// What statements of the source have to wait for. What runs under another number than that of now goes on beside.
    pub fn running(&self, config: &SourceConfig) -> Option<Running> {
        let most = config.limits.queries.unwrap_or(NONE).min(self.get(Limit::Queries));
        if most == NONE {
            return None;
        }
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let same = running.take().filter(|running| running.most == most);
        let all = usize::try_from(most).unwrap_or(usize::MAX);
        let now = same.unwrap_or_else(|| Running { most, turns: Queue::of(all), storing: shared(all) });
        *running = Some(now.clone());
        Some(now)
    }
}

/// The limits of a source.
#[derive(Debug, Clone, Copy)]
pub struct Limits<'a> {
    /// Those of all sources.
    pub node: &'a Config,
    /// Those that the configuration has for the source.
    pub source: &'a SourceConfig,
    /// Those of its model file.
    pub told: &'a Told,
}

impl Limits<'_> {
    /// A limit. That of the source takes the place of that of all; a model file can only make it tighter.
    pub fn get(&self, limit: Limit) -> u64 {
        self.source.limits.get(limit).unwrap_or_else(|| self.node.limit(limit)).min(self.told.get(limit))
    }

    fn size(&self, limit: Limit) -> usize {
        usize::try_from(self.get(limit)).unwrap_or(usize::MAX)
    }

    /// For the parser of URLs.
    pub fn parse_options(&self) -> ParseOptions {
        let max_depth = u32::try_from(self.get(Limit::ExpressionDepth)).unwrap_or(u32::MAX);
        ParseOptions { max_depth, ..self.node.limits.parse_options() }
    }

    /// For binding.
    pub fn bind(&self) -> BindLimits {
        BindLimits {
            expand_depth: self.size(Limit::ExpandDepth),
            expand_items: self.size(Limit::ExpandItems),
            list_values: self.size(Limit::ListValues),
            expression_depth: self.size(Limit::ExpressionDepth),
            navigations: self.size(Limit::Navigations),
        }
    }

    /// Bytes that a batch of rows with their expanded collections may take in memory.
    pub fn batch_bytes(&self) -> usize {
        self.size(Limit::BatchBytes)
    }

    /// How much may be stored of the source.
    pub fn rules(&self) -> SourceRules {
        let bytes = |limit| Some(self.get(limit).saturating_mul(1 << 20));
        SourceRules {
            source_bytes: bytes(Limit::SourceMib),
            result_bytes: bytes(Limit::ResultMib),
            replicas: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_has_its_own_and_a_model_file_makes_them_tighter() {
        let config = |text: &str| -> Config { toml::from_str(text).expect(text) };
        let told = |text: &str| nextlink_sql::shape::Shape::parse(text).expect(text).settings.limits;
        for (node, model, expected) in [
            ("", "", (8, u64::MAX, 16_384)),
            ("[limits]\nexpand_depth = 5\n[results]\nsource_mib = 7\n", "", (5, u64::MAX, 7)),
            (
                "[limits]\nexpand_depth = 5\n[sources.s.limits]\nexpand_depth = 3\nrows = 9",
                "",
                (3, 9, 16_384),
            ),
            ("[limits]\nexpand_depth = 5\n[sources.s.limits]\nexpand_depth = 9", "", (9, u64::MAX, 16_384)),
            ("", "{expandDepth: 9, rows: 4, sourceMib: 1}", (8, 4, 1)),
            ("[sources.s.limits]\nexpand_depth = 9\nrows = 3", "{expandDepth: 4, rows: 4}", (4, 3, 16_384)),
        ] {
            let mut node = config(node);
            let source = node.sources.remove("s").unwrap_or_default();
            let shape = Told::default();
            if !model.is_empty() {
                shape.follow(&told(&format!("settings: {{limits: {model}}}")));
            }
            let limits = Limits { node: &node, source: &source, told: &shape };
            let found = [Limit::ExpandDepth, Limit::Rows, Limit::SourceMib].map(|limit| limits.get(limit));
            assert_eq!(found, [expected.0, expected.1, expected.2], "{node:?} {model}");
            assert_eq!(limits.rules().source_bytes, Some(expected.2 << 20));
        }
    }

    #[test]
    fn turns_follow_the_number() {
        let (told, mut config) = (Told::default(), SourceConfig::at("sqlite:x"));
        assert!(told.running(&config).is_none());
        config.limits.queries = Some(2);
        let first = told.running(&config).expect("there is a limit");
        let held = [(); 2].map(|()| first.turns.try_take().expect("two are free"));
        let same = told.running(&config).expect("there is a limit");
        assert!(same.turns.try_take().is_none(), "it is the same");
        let shape =
            nextlink_sql::shape::Shape::parse("settings: {limits: {queries: 1}}").expect("it is right");
        told.follow(&shape.settings.limits);
        let anew = told.running(&config).expect("there is a limit");
        assert!(anew.turns.try_take().is_some() && anew.storing.available_permits() == 1);
        drop(held);
    }
}
