//! Where a database is, and how to log in there.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Where a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A database of a PostgreSQL server.
    Postgres(Server),
    /// A database of a MySQL or MariaDB server.
    MySql(Server),
}

/// A database of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Name or address of the host; for PostgreSQL also the directory of a Unix socket.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The database.
    pub database: String,
    /// Who reads where the client does not say so itself.
    pub login: Option<Login>,
    /// TLS to the server.
    pub tls: Tls,
    /// Schemas to serve; empty means all that are not the server's own. MySQL: other databases of the server.
    pub schemas: Vec<String>,
    /// Time to wait for a connection to be made.
    pub connect_timeout: Duration,
    /// Connections at most, for each login.
    pub connections: usize,
    /// Time to wait for one of them to be free.
    pub pool_wait: Duration,
}

/// A user and a password.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Login {
    /// The user.
    pub user: String,
    /// The password.
    pub password: Secret,
}

/// Text that is never shown.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// TLS to a server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// What is asked of the server.
    pub mode: TlsMode,
    /// PEM file with the certificates to trust; without it those of the system.
    pub ca: Option<PathBuf>,
}

/// What is asked of a server's TLS.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TlsMode {
    /// No TLS.
    Disable,
    /// TLS where the server offers it, unchecked.
    #[default]
    Prefer,
    /// TLS, unchecked.
    Require,
    /// TLS with a trusted certificate, whatever its host.
    VerifyCa,
    /// TLS with a trusted certificate for this host.
    VerifyFull,
}

/// A location that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no location of a database; use sqlite:/path/to/file.db")]
pub struct BadLocation(String);

impl std::str::FromStr for Location {
    type Err = BadLocation;

    fn from_str(text: &str) -> Result<Location, BadLocation> {
        let path = text.strip_prefix("sqlite:").ok_or_else(|| BadLocation(text.to_owned()))?;
        // sqlite:///abs/path, sqlite:/abs/path and sqlite:relative/path
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() {
            return Err(BadLocation(text.to_owned()));
        }
        Ok(Location::Sqlite(PathBuf::from(path)))
    }
}
