//! Where the system database is: `sqlite:PATH` or `postgres://…`.

use std::path::Path;
use std::sync::Arc;

use crate::error::Error;
use crate::node::System;
use crate::postgres::PostgresSystem;
use crate::sqlite::SqliteSystem;

enum Kind<'a> {
    Sqlite(&'a Path),
    Postgres,
}

fn kind(url: &str) -> Result<Kind<'_>, Error> {
    if let Some(path) = url.strip_prefix("sqlite:") {
        if path.is_empty() {
            return Err(Error::Url("it names no file".into()));
        }
        return Ok(Kind::Sqlite(Path::new(path)));
    }
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok(Kind::Postgres);
    }
    Err(Error::Url("it begins with neither sqlite: nor postgres://".into()))
}

/// Reads a URL without using it.
///
/// # Errors
/// [`Error::Url`].
pub fn check_url(url: &str) -> Result<(), Error> {
    match kind(url)? {
        Kind::Sqlite(_) => Ok(()),
        Kind::Postgres => PostgresSystem::check_url(url),
    }
}

/// Opens the system database and brings its schema up to date. `ca` is a file of certificates (PEM) by which that of
/// a server is checked. May block.
///
/// # Errors
/// [`Error`].
pub fn open(url: &str, ca: Option<&Path>) -> Result<Arc<dyn System>, Error> {
    Ok(match kind(url)? {
        Kind::Sqlite(path) => Arc::new(SqliteSystem::open(path)?),
        Kind::Postgres => Arc::new(PostgresSystem::open(url, ca)?),
    })
}

/// Opens the system database as it is; `None` where a start would make it, or bring its schema up to date, first.
/// May block.
///
/// # Errors
/// [`Error`].
pub fn look(url: &str, ca: Option<&Path>) -> Result<Option<Arc<dyn System>>, Error> {
    fn shared<S: System + 'static>(system: S) -> Arc<dyn System> {
        Arc::new(system)
    }
    Ok(match kind(url)? {
        Kind::Sqlite(path) => SqliteSystem::look(path)?.map(shared),
        Kind::Postgres => PostgresSystem::look(url, ca)?.map(shared),
    })
}

/// A URL with everything hidden that may be secret.
#[must_use]
pub fn shown(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, _)) => [scheme, "://***"].concat(),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_and_shown_without_secrets() {
        for (url, good, text) in [
            ("sqlite:/data/system.db", true, "sqlite:/data/system.db"),
            ("sqlite:", false, "sqlite:"),
            ("postgres://u:secret@db/nextlink", true, "postgres://***"),
            ("postgresql://db/nextlink?user=u&password=secret", true, "postgresql://***"),
            ("postgres://u:secret@db", false, "postgres://***"),
            ("postgres://u:secret@db/nextlink?sslmode=secret", false, "postgres://***"),
            ("postgres://u:secret@db:secret/nextlink", false, "postgres://***"),
            ("mysql://u:secret@db/nextlink", false, "mysql://***"),
            ("system.db", false, "system.db"),
        ] {
            let checked = check_url(url);
            assert_eq!(checked.is_ok(), good, "{url}: {checked:?}");
            assert_eq!(shown(url), text, "{url}");
            if let Err(error) = checked {
                assert!(!error.to_string().contains("secret"), "{error}");
            }
        }
    }
}
