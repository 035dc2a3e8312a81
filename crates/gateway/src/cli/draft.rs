//! The settings of a command before they are validated: those of the file, and what the command line changes.

use std::path::PathBuf;

use super::SourceArgs;
use crate::config::{Config, Mistakes, SourceConfig, is_source_name};

/// How a source is written on the command line.
pub(super) const FORMS: &str = "NAME=sqlite:/path/to/file.db or NAME=postgres://user:password@host/database";

/// What stands where the name of a source should; a URL is not repeated.
pub(super) fn shown_name(name: &str) -> &str {
    if name.contains([':', '@']) { "…" } else { name }
}

/// Settings that are not validated yet.
#[derive(Default)]
pub(super) struct Draft {
    /// The settings.
    pub(super) config: Config,
    /// Where they were read.
    file: Option<PathBuf>,
    /// What of it could not be read.
    mistakes: Mistakes,
}

impl Draft {
    /// Reads the file, if any, and the sources of the command line.
    pub(super) fn read(from: &SourceArgs) -> anyhow::Result<Draft> {
        let mut draft = Draft::default();
        if let Some(path) = &from.config {
            (draft.config, draft.mistakes) = Config::read(path)?;
            draft.file = Some(path.clone());
        }
        let mut named: Vec<&str> = Vec::new();
        for source in &from.sources {
            let Some((name, url)) = source.split_once('=') else {
                anyhow::bail!("'{}' is no source; write {FORMS}", shown_name(source));
            };
            // A URL without a name has an equals sign too, and is not taken for a name.
            if !is_source_name(name) && name.contains(':') {
                anyhow::bail!("a source begins with its name; write {FORMS}");
            }
            if named.contains(&name) {
                anyhow::bail!("source '{name}' is named twice; each source has a name of its own");
            }
            named.push(name);
            draft.config.sources.insert(name.to_owned(), SourceConfig::at(url));
        }
        Ok(draft)
    }

    /// Checks all values; the error tells all mistakes, and where the keys stand in the file, if they do.
    pub(super) fn validated(self) -> anyhow::Result<Config> {
        let Err(mistakes) = self.config.validate(self.mistakes) else { return Ok(self.config) };
        let file = self.file.map(|path| (std::fs::read_to_string(&path).unwrap_or_default(), path));
        anyhow::bail!(mistakes.told(file.as_ref().map(|(text, path)| (path.as_path(), text.as_str()))))
    }
}
