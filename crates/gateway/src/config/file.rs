//! A configuration file: what of it can be read, and what cannot.

use std::ops::Range;
use std::path::Path;

use serde::Deserialize as _;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

use super::hidden::without_urls;
use super::mistakes::{ConfigError, Mistakes, line_of};
use super::{ADDRESS, Config};

impl Config {
    /// Reads a file, whose relative paths begin at its folder; it is validated when all settings are together. What cannot be
    /// read of it is left as by default, and is among the mistakes.
    ///
    /// # Errors
    /// The file cannot be read, or is no TOML: with line and column.
    pub fn read(path: &Path) -> Result<(Config, Mistakes), ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError::Read { path: path.to_owned(), error })?;
        let told = |error: &toml::de::Error| mistake(path, &text, error);
        let mut table = DeTable::parse(&text).map_err(|error| told(&error))?;
        let mut mistakes = Mistakes::default();
        let mut config = loop {
            let error = match Config::deserialize(Deserializer::from(table.clone())) {
                Ok(config) => break config,
                Err(error) => error,
            };
            let key = error.span().and_then(|span| key_with(table.get_ref(), &span));
            mistakes.unreadable(&key.as_ref().map_or(String::new(), |key| key.join(".")), told(&error));
            // What has no place cannot be left out, and nobody reads more.
            let Some(key) = key.filter(|_| !mistakes.is_enough()) else { break Config::default() };
            remove(table.get_mut(), &key);
        };
        let folder = path.parent().unwrap_or(Path::new(""));
        config.beside(folder, line_of(&text, "data_dir").is_some());
        Ok((config, mistakes))
    }
}

/// An error of the parser with its place.
fn mistake(path: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
    let before = text.get(..error.span().map_or(0, |span| span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let problem = named(key_at(text, before.len()), &without_urls(error.message()));
    ConfigError::Syntax { path: path.to_owned(), line, column, problem }
}

/// The path of the innermost key that, or whose value, has all of a span.
fn key_with(table: &DeTable<'_>, span: &Range<usize>) -> Option<Vec<String>> {
    let has = |outer: Range<usize>| outer.start <= span.start && span.end <= outer.end;
    // A table that goes on below other ones has a span of its own, so all are looked through.
    let inner = table.iter().find_map(|(name, value)| {
        let rest = key_with(value.get_ref().as_table()?, span)?;
        Some([vec![name.get_ref().to_string()], rest].concat())
    });
    inner.or_else(|| {
        let mut entries = table.iter();
        let found = entries.find(|(name, value)| has(name.span()) || has(value.span()));
        found.map(|(name, _)| vec![name.get_ref().to_string()])
    })
}

fn remove(table: &mut DeTable<'_>, key: &[String]) {
    match key {
        [] => {}
        [name] => drop(table.remove(name.as_str())),
        [name, rest @ ..] => {
            if let Some(DeValue::Table(inner)) = table.get_mut(name.as_str()).map(Spanned::get_mut) {
                remove(inner, rest);
            }
        }
    }
}

/// The key whose value stands at a place of a TOML text.
fn key_at(text: &str, at: usize) -> Option<&str> {
    let line = &text[text[..at].rfind('\n').map_or(0, |end| end + 1)..at];
    let key = line.split_once('=')?.0.trim();
    let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    (!key.is_empty() && key.chars().all(is_key)).then_some(key)
}

/// What is wrong with the value of a key; a value that may be secret is not repeated.
fn named(key: Option<&str>, problem: &str) -> String {
    match key {
        Some(key) if key.contains("password") => format!("{key}: a text in quotes is needed"),
        Some(key) if problem.starts_with("invalid socket address") => format!("{key}: {ADDRESS}"),
        Some(key) => format!("{key}: {problem}"),
        None => problem.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_mistakes_of_a_file_are_told() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("n.toml");
        let many = (0..30).map(|number| format!("[sources.s{number}]\nurl = 1\n")).collect::<String>();
        for (text, expected) in [
            ("", &[][..]),
            (
                "[limits]\nqueries = 0\nurl_bytes = 1",
                &["line 2: limits.queries: ", "line 3: limits.url_bytes: "],
            ),
            // By lines, however they were found.
            (
                "[sources.a]\nurl = \"x:y\"\n[limits]\nqueries = \"many\"\n[log]\nlevel = \"loud\"\nformt = 1",
                &[
                    "line 2: sources.a.url: ",
                    "line 4, column 11: queries: ",
                    "line 6: log.level: ",
                    "line 7, column 1: ",
                ],
            ),
            // What may come of a key that cannot be read is not told.
            ("[cluster]\nsystem = \"sqlite:x\"\nkey_fil = \"k\"", &["line 3, column 1: "]),
            ("[cluster]\nsystem = \"sqlite:x\"\nkey_file = 5", &["line 3, column 12: key_file: "]),
            (
                "[cluster]\ncalls = 0\n[cluster.tls]\nca = \"x\"",
                &["line 2: cluster.calls: ", "line 3, column 1: "],
            ),
            ("server = 5\n[limits]\nqueries = 0", &["line 1, column 10: server: ", "line 3: limits.queries"]),
            (
                "[sources.a]\nurl = \"postgres://u@h/d\"\ntls = \"on\"\nconnections = 0\npage_rows = 0\nlimits.rows = 0",
                &[
                    "line 3: sources.a.tls",
                    "line 4: sources.a.connections",
                    "line 5: sources.a.page_rows",
                    "line 6: ",
                ],
            ),
            (
                "[sources.a]\nurl = \"sqlite:x\"\nuser = \"u\"\n[sources.\"b\"]\nurl = [\"sqlite:x\"]\nkeys = 1",
                &["line 3: sources.a.user", "line 5, column 7: url: ", "line 6, column 8: keys: "],
            ),
            ("[limits", &["line 1"]),
        ] {
            std::fs::write(&path, text).expect("a file");
            let told = match Config::read(&path) {
                Err(error) => error.to_string(),
                Ok((config, mistakes)) => config
                    .validate(mistakes)
                    .map_or_else(|found| found.told(Some((&path, text))), |()| String::new()),
            };
            let lines: Vec<&str> = told.lines().filter(|line| line.contains("n.toml")).collect();
            assert_eq!(lines.len(), expected.len(), "{text}: {told}");
            for (line, words) in lines.iter().zip(expected) {
                assert!(line.contains(words), "{text}: {words}: {told}");
            }
            assert_eq!(told.starts_with(&format!("{} mistakes", lines.len())), lines.len() > 1, "{told}");
        }
        std::fs::write(&path, &many).expect("a file");
        let (config, mistakes) = Config::read(&path).expect("TOML");
        let told = config.validate(mistakes).expect_err("mistakes").told(Some((&path, &many)));
        assert_eq!(
            (told.lines().count(), told.contains("20 mistakes are in the configuration, and more:")),
            (21, true)
        );
    }
}
