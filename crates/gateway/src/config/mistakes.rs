//! The mistakes of a configuration: all that are found, each with its place.

use std::fmt;
use std::path::{Path, PathBuf};

/// The most mistakes that are told.
pub(super) const MOST: usize = 20;

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The file is no valid TOML, or has a key or a value that is not known. The line itself is not shown: it may hold a
    /// password.
    #[error("{}, line {line}, column {column}: {problem}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// Why.
        problem: String,
    },
    /// A value cannot be used.
    #[error("{key}: {problem}")]
    Value {
        /// The key, dotted.
        key: String,
        /// What is wrong and what would be right.
        problem: String,
    },
}

/// A value that cannot be used.
pub(super) fn bad(key: &str, problem: impl Into<String>) -> ConfigError {
    ConfigError::Value { key: key.to_owned(), problem: problem.into() }
}

/// The table in which a dotted key stands.
fn table_of(key: &str) -> &str {
    key.rsplit_once('.').map_or("", |(table, _)| table)
}

/// What is wrong with a configuration, one thing for each key at least.
#[derive(Debug, Default)]
pub struct Mistakes {
    found: Vec<ConfigError>,
    /// Keys that could not be read.
    unread: Vec<String>,
}

impl Mistakes {
    /// Notes that the value of a key cannot be used.
    pub(super) fn add(&mut self, key: &str, problem: impl Into<String>) {
        self.found.push(bad(key, problem));
    }

    /// Notes the keys whose rule does not hold.
    pub(super) fn rules<'a>(&mut self, rules: impl IntoIterator<Item = (&'a str, bool, &'a str)>) {
        for (key, _, problem) in rules.into_iter().filter(|(_, good, _)| !good) {
            self.add(key, problem);
        }
    }

    /// Notes that a key of a file could not be read.
    pub(super) fn unreadable(&mut self, key: &str, error: ConfigError) {
        self.found.push(error);
        self.unread.push(key.to_owned());
    }

    /// Whether there are more than are told.
    pub(super) fn is_enough(&self) -> bool {
        self.found.len() > MOST
    }

    /// Whether a key may be missing only because it, or another one of its table, could not be read.
    fn is_unread(&self, key: &str, text: &str) -> bool {
        let beside = || self.unread.iter().any(|unread| table_of(unread) == table_of(key));
        self.unread.iter().any(|unread| unread == key) || (beside() && line_of(text, key).is_none())
    }

    /// Something that is right unless there are mistakes.
    ///
    /// # Errors
    /// The mistakes.
    pub fn unless_any<T>(self, right: T) -> Result<T, Mistakes> {
        if self.found.is_empty() { Ok(right) } else { Err(self) }
    }

    /// The mistakes by their lines in the file that the configuration was read from, one below the other where there are several.
    pub fn told(&self, file: Option<(&Path, &str)>) -> String {
        let placed = |error: &ConfigError| match (error, file) {
            (ConfigError::Syntax { line, .. }, _) => (*line, error.to_string()),
            (ConfigError::Value { key, .. }, Some((path, text))) => {
                // A key that is missing is missing in its table.
                let line = line_of(text, key).or_else(|| line_of(text, table_of(key)));
                let said = |line| (line, format!("{}, line {line}: {error}", path.display()));
                line.map_or_else(|| (usize::MAX, error.to_string()), said)
            }
            (ConfigError::Value { .. } | ConfigError::Read { .. }, _) => (usize::MAX, error.to_string()),
        };
        let counts = |error: &&ConfigError| match (error, file) {
            (ConfigError::Value { key, .. }, Some((_, text))) => !self.is_unread(key, text),
            _ => true,
        };
        let mut all: Vec<(usize, String)> = self.found.iter().filter(counts).map(placed).collect();
        all.sort_by_key(|(line, _)| *line);
        let more = if all.len() > MOST { ", and more" } else { "" };
        let told: Vec<String> = all.into_iter().map(|(_, told)| told).take(MOST).collect();
        if let [one] = &told[..] {
            return one.clone();
        }
        format!("{} mistakes are in the configuration{more}:\n  {}", told.len(), told.join("\n  "))
    }
}

/// What is wrong, in one line.
impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told: Vec<String> = self.found.iter().take(MOST).map(ToString::to_string).collect();
        f.write_str(&told.join("; "))
    }
}

impl std::error::Error for Mistakes {}

/// The line of a TOML text, from 1, in which a dotted key stands.
pub(super) fn line_of(text: &str, key: &str) -> Option<usize> {
    let root = toml::de::DeTable::parse(text).ok()?.into_inner();
    let mut table = &root;
    let mut parts = key.split('.').peekable();
    while let Some(part) = parts.next() {
        let (name, value) = table.iter().find(|(name, _)| name.get_ref().as_ref() == part)?;
        if parts.peek().is_none() {
            return Some(text.get(..name.span().start)?.matches('\n').count() + 1);
        }
        table = value.get_ref().as_table()?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_lines() {
        let text =
            "data_dir = \"x\"\n[limits]\nqueries = 0\n\n[sources]\na.url = \"x\"\n[sources.b]\nurl = \"y\"\n";
        for (key, expected) in [
            ("data_dir", Some(1)),
            ("limits.queries", Some(3)),
            ("sources.a.url", Some(6)),
            ("sources.b.url", Some(8)),
            ("sources.b.page_rows", None),
            ("limits.queries.x", None),
        ] {
            assert_eq!(line_of(text, key), expected, "{key}");
        }
    }
}
