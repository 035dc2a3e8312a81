//! What all nodes of a cluster serve: kept in the system database, sealed, since its settings may hold passwords.

use std::collections::BTreeMap;
use std::sync::Arc;

use nextlink_results::keys::MasterKeys;
use nextlink_results::{RegistryError, Vault};
use nextlink_system::{SourceChange, SourceRow, System};

use crate::config::SourceConfig;

/// How often a change that others crossed is tried again.
const TRIES: u32 = 20;

/// The sources of a cluster.
#[derive(Clone)]
pub struct Shared {
    system: Arc<dyn System>,
    vault: Arc<Vault>,
}

/// All sources at one revision.
#[derive(Debug)]
pub struct Known {
    /// The revision; 0 where nobody has set any yet.
    pub revision: u64,
    /// The sources, by name.
    pub sources: Vec<KnownSource>,
}

/// A source.
#[derive(Debug)]
pub struct KnownSource {
    /// Its name.
    pub name: String,
    /// The revision at which it was set.
    pub revision: u64,
    /// When that was, in milliseconds since 1970.
    pub changed_ms: u64,
    /// Its settings, or why they cannot be used.
    pub config: Result<SourceConfig, String>,
}

impl Known {
    /// A source by its name, in any case.
    pub fn find(&self, name: &str) -> Option<&KnownSource> {
        self.sources.iter().find(|source| source.name.eq_ignore_ascii_case(name))
    }
}

/// What becomes of sources when others are put beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Each is set; those that are not named stay.
    Each,
    /// Each is set; those that are not named are removed.
    Only,
    /// Those that are not there are set.
    Missing,
    /// As [`Rule::Missing`], where nobody has ever set any.
    First,
}

/// What became of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// It was not there.
    Made,
    /// It had other settings.
    Changed,
    /// It had these already.
    Same,
    /// It has other settings, and keeps them.
    Kept,
    /// It is not there, and nothing was done.
    Ignored,
    /// It is gone.
    Removed,
}

impl Shared {
    /// The sources in this database, under these keys.
    ///
    /// # Errors
    /// The keys cannot be used.
    pub fn new(system: Arc<dyn System>, keys: &MasterKeys) -> anyhow::Result<Shared> {
        Ok(Shared { system, vault: Arc::new(Vault::new(keys)?) })
    }

    /// All sources. Blocks.
    ///
    /// # Errors
    /// The system database does not answer.
    pub fn read(&self) -> Result<Known, RegistryError> {
        let roll = self.system.sources()?;
        let sources = roll.rows.into_iter().map(|row| self.opened(row)).collect();
        Ok(Known { revision: roll.revision, sources })
    }

    /// Of each source, whether one of the keys opens it. Blocks.
    ///
    /// # Errors
    /// The system database does not answer.
    pub fn opens(&self) -> Result<Vec<bool>, RegistryError> {
        let opens = |row: &SourceRow| self.vault.open(&bound(&row.name), &row.sealed).is_some();
        Ok(self.system.sources()?.rows.iter().map(opens).collect())
    }

    fn opened(&self, row: SourceRow) -> KnownSource {
        let read = || {
            let opened = self.vault.open(&bound(&row.name), &row.sealed);
            let text = opened.ok_or("its row was not made with the key of the cluster")?;
            let config = SourceConfig::from_json(&text)?;
            config.check(&row.name).map_err(|error| error.to_string())?;
            Ok(config)
        };
        let config = read();
        KnownSource { name: row.name, revision: row.revision, changed_ms: row.changed_ms, config }
    }

    /// Sets sources, all in one step; tells what became of each. Blocks.
    ///
    /// # Errors
    /// The system database does not answer.
    pub fn put(
        &self,
        wanted: &BTreeMap<String, SourceConfig>,
        rule: Rule,
    ) -> Result<Vec<(String, Done)>, RegistryError> {
        self.change(|known| plan(known, wanted, rule), |name| wanted.get(name))
    }

    /// Removes a source; `false` where there is none of that name. Blocks.
    ///
    /// # Errors
    /// The system database does not answer.
    pub fn remove(&self, name: &str) -> Result<bool, RegistryError> {
        let gone = |known: &Known| {
            known.find(name).map(|source| (source.name.clone(), Done::Removed)).into_iter().collect()
        };
        Ok(!self.change(gone, |_| None)?.is_empty())
    }

    /// Seals with the current key what was sealed with an earlier one, so that that one can be forgotten when all nodes have
    /// been started with this one. Blocks.
    ///
    /// # Errors
    /// The system database does not answer.
    pub fn reseal(&self) -> Result<(), RegistryError> {
        for _ in 0..TRIES {
            let roll = self.system.sources()?;
            let mut changes = Vec::new();
            for row in roll.rows.iter().filter(|row| !self.vault.is_current(&row.sealed)) {
                if let Some(text) = self.vault.open(&bound(&row.name), &row.sealed) {
                    changes.push(self.sealed(&row.name, &text)?);
                }
            }
            if changes.is_empty() || self.system.change_sources(&changes, roll.revision)?.is_some() {
                return Ok(());
            }
        }
        Err(crossed())
    }

    fn sealed(&self, name: &str, text: &[u8]) -> Result<SourceChange, RegistryError> {
        let sealed = self.vault.seal(&bound(name), text);
        let sealed = sealed.map_err(|error| RegistryError::Unavailable(error.to_string()))?;
        Ok(SourceChange::Put { name: name.to_owned(), sealed })
    }

    /// Does what is to be done with what is known; if others have changed that meanwhile, with what is known then.
    fn change<'a>(
        &self,
        plan: impl Fn(&Known) -> Vec<(String, Done)>,
        config: impl Fn(&str) -> Option<&'a SourceConfig>,
    ) -> Result<Vec<(String, Done)>, RegistryError> {
        for _ in 0..TRIES {
            let known = self.read()?;
            let planned = plan(&known);
            let mut changes = Vec::new();
            for (name, done) in &planned {
                match (done, config(name)) {
                    (Done::Made | Done::Changed, Some(config)) => {
                        changes.push(self.sealed(name, &config.revealed())?);
                    }
                    (Done::Removed, _) => changes.push(SourceChange::Remove { name: name.clone() }),
                    _ => {}
                }
            }
            if changes.is_empty() || self.system.change_sources(&changes, known.revision)?.is_some() {
                return Ok(planned);
            }
        }
        Err(crossed())
    }
}

fn crossed() -> RegistryError {
    RegistryError::Unavailable("others change the sources at the same time; try again".to_owned())
}

/// What a row is sealed for: the name of its source, so that none can be given the settings of another one.
fn bound(name: &str) -> Vec<u8> {
    ["source ", &name.to_lowercase()].concat().into_bytes()
}

/// What is to be done so that the wanted sources are there.
fn plan(known: &Known, wanted: &BTreeMap<String, SourceConfig>, rule: Rule) -> Vec<(String, Done)> {
    let one = |(name, config): (&String, &SourceConfig)| {
        let done = match known.find(name) {
            None if rule == Rule::First && known.revision > 0 => Done::Ignored,
            None => Done::Made,
            Some(there) if there.name == *name && there.config.as_ref() == Ok(config) => Done::Same,
            Some(_) if matches!(rule, Rule::Missing | Rule::First) => Done::Kept,
            Some(_) => Done::Changed,
        };
        (name.clone(), done)
    };
    let mut planned: Vec<(String, Done)> = wanted.iter().map(one).collect();
    if rule == Rule::Only {
        let named = |source: &&KnownSource| wanted.keys().any(|name| name.eq_ignore_ascii_case(&source.name));
        let others = known.sources.iter().filter(|source| !named(source));
        planned.extend(others.map(|source| (source.name.clone(), Done::Removed)));
    }
    planned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_to_be_done_follows_the_rule() {
        use Done::{Changed, Ignored, Kept, Made, Removed, Same};
        let source = |name: &str, url: &str| KnownSource {
            name: name.to_owned(),
            revision: 1,
            changed_ms: 0,
            config: Ok(SourceConfig::at(url)),
        };
        let there = || vec![source("a", "sqlite:a"), source("b", "sqlite:b"), source("z", "sqlite:z")];
        let wanted: BTreeMap<String, SourceConfig> =
            [("a", "sqlite:a"), ("B", "sqlite:b"), ("c", "sqlite:c")]
                .map(|(name, url)| (name.to_owned(), SourceConfig::at(url)))
                .into();
        for (rule, revision, sources, expected) in [
            (Rule::Each, 3, there(), &[("B", Changed), ("a", Same), ("c", Made)][..]),
            (Rule::Only, 3, there(), &[("B", Changed), ("a", Same), ("c", Made), ("z", Removed)]),
            (Rule::Missing, 3, there(), &[("B", Kept), ("a", Same), ("c", Made)]),
            (Rule::First, 3, there(), &[("B", Kept), ("a", Same), ("c", Ignored)]),
            (Rule::First, 3, vec![], &[("B", Ignored), ("a", Ignored), ("c", Ignored)]),
            (Rule::First, 0, vec![], &[("B", Made), ("a", Made), ("c", Made)]),
        ] {
            let planned = plan(&Known { revision, sources }, &wanted, rule);
            let planned: Vec<_> = planned.iter().map(|(name, done)| (name.as_str(), *done)).collect();
            assert_eq!(planned, expected, "{rule:?} {revision}");
        }
    }
}
