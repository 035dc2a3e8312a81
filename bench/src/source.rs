//! Where the benchmark tables are.

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::bail;

/// A database with the benchmark tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// The URL of a PostgreSQL database.
    Postgres(String),
    /// The URL of a MariaDB database.
    MariaDb(String),
}

impl FromStr for Source {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        match text.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(PathBuf::from(path))),
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(text.to_owned())),
            Some(("mysql", _)) => Ok(Self::MariaDb(text.to_owned())),
            Some(("mariadb", rest)) => Ok(Self::MariaDb(["mysql:", rest].concat())),
            // The location may hold a password.
            _ => bail!("use sqlite:PATH, postgres://… or mysql://…"),
        }
    }
}

impl Source {
    /// What the source is parsed from; it may hold a password.
    pub fn argument(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite:{}", path.display()),
            Self::Postgres(url) | Self::MariaDb(url) => url.clone(),
        }
    }

    /// The same for Nextlink, which would encrypt what it says to a server that offers that; the baselines do not.
    pub fn plain_argument(&self) -> String {
        match self {
            Self::Sqlite(_) => self.argument(),
            Self::Postgres(url) | Self::MariaDb(url) => {
                let separator = if url.contains('?') { '&' } else { '?' };
                format!("{url}{separator}sslmode=disable")
            }
        }
    }

    /// The name of the database product.
    pub fn product(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
            Self::MariaDb(_) => "MariaDB",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_told_apart() {
        for (text, expected) in [
            ("sqlite:a/b.db", Some(Source::Sqlite("a/b.db".into()))),
            ("postgres://u@h/d", Some(Source::Postgres("postgres://u@h/d".to_owned()))),
            ("postgresql://u@h/d", Some(Source::Postgres("postgresql://u@h/d".to_owned()))),
            ("mysql://u@h/d", Some(Source::MariaDb("mysql://u@h/d".to_owned()))),
            ("mariadb://u@h/d", Some(Source::MariaDb("mysql://u@h/d".to_owned()))),
            ("sqlite:", None),
            ("a/b.db", None),
            ("oracle://u@h/d", None),
        ] {
            assert_eq!(text.parse::<Source>().ok(), expected, "{text}");
        }
    }
}
