//! Where a database is, and how to log in there.

mod url;

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
    /// Name or address of the host; also the place of a Unix socket: its directory for PostgreSQL, itself for MySQL.
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
    /// Greatest age of a connection of a client's login that is used again.
    pub client_age: Duration,
}

impl Server {
    /// Time to wait for a connection to be made, unless said otherwise.
    pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
    /// Connections at most, unless said otherwise.
    pub const CONNECTIONS: usize = 20;
    /// Time to wait for one of them to be free, unless said otherwise.
    pub const POOL_WAIT: Duration = Duration::from_secs(5);
    /// Greatest age of a connection of a client's login, unless said otherwise.
    pub const CLIENT_AGE: Duration = Duration::from_secs(300);
}

/// A user and a password.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Login {
    /// The user.
    pub user: String,
    /// The password; empty where there is none.
    pub password: Secret,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(***)")
    }
}

/// Text that is never shown.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
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

/// Why a text is no location. The message never repeats what may be a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadLocation(String);

/// Forms of a location, for messages.
const FORMS: &str = "sqlite:/path/to/file.db, postgres://user:password@host/database or \
                     mysql://user:password@host/database";

impl std::str::FromStr for Location {
    type Err = BadLocation;

    fn from_str(text: &str) -> Result<Location, BadLocation> {
        let (scheme, rest) =
            text.split_once(':').ok_or_else(|| BadLocation(["a location is ", FORMS].concat()))?;
        match scheme {
            "sqlite" => {
                // sqlite:///abs/path, sqlite:/abs/path and sqlite:relative/path
                let path = rest.strip_prefix("//").unwrap_or(rest);
                if path.is_empty() {
                    return Err(BadLocation(
                        "the path of the file is missing: sqlite:/path/to/file.db".into(),
                    ));
                }
                Ok(Location::Sqlite(PathBuf::from(path)))
            }
            "postgres" | "postgresql" => Ok(Location::Postgres(url::server(rest, url::Kind::Postgres)?)),
            "mysql" | "mariadb" => Ok(Location::MySql(url::server(rest, url::Kind::MySql)?)),
            other => {
                let legal = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
                let shown = other.len() <= 20 && other.chars().all(legal);
                let what = if shown { ["'", other, "' is"].concat() } else { "this is".to_owned() };
                Err(BadLocation([&what, " no kind of database; a location is ", FORMS].concat()))
            }
        }
    }
}

impl Location {
    /// The text of a location with user and password hidden, and everything hidden where it cannot be read.
    pub fn shown(text: &str) -> String {
        let (scheme, rest) = text.split_once(':').unwrap_or_default();
        match text.parse() {
            Ok(Location::Sqlite(_)) => text.to_owned(),
            Ok(Location::Postgres(_) | Location::MySql(_)) => [scheme, ":", &url::shown(rest)].concat(),
            Err(_) => HIDDEN.to_owned(),
        }
    }
}

/// What is shown instead of a user and a password.
pub const HIDDEN: &str = "***";
