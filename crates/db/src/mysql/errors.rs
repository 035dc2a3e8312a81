//! What the server and the driver say went wrong becomes an error of this crate.

use mysql_async::{DriverError, Error as Failure, IoError, ServerError};

use crate::error::Error;

/// The number of what the server says where a function makes more than a packet holds.
pub(super) const TOO_LARGE: u16 = 1301;

/// What went wrong with a statement.
#[derive(Debug)]
pub(super) struct Fault {
    /// What is told.
    pub(super) error: Error,
    /// Whether the connection is gone: another one may work.
    pub(super) lost: bool,
}

/// The result of what is done with a connection.
pub(super) type Done<T> = Result<T, Fault>;

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Fault {
        let lost = match &failure {
            Failure::Server(server) => is_loss(server.code),
            _ => true,
        };
        Fault { error: told(failure), lost }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        Fault { error, lost: false }
    }
}

/// A value is larger than the server lets it be.
pub(super) fn too_large() -> Error {
    Error::Expression("a value is too large".to_owned())
}

/// Whether the server says with this that it closes the connection.
fn is_loss(code: u16) -> bool {
    // The server goes down, the connection was killed, packets were lost on the way, or it was idle for too long.
    matches!(code, 1053 | 1077..=1080 | 1152..=1161 | 1184 | 1927 | 2006 | 2013 | 4031)
}

fn told(failure: Failure) -> Error {
    match failure {
        Failure::Server(error) => of_server(&error),
        Failure::Io(IoError::Io(error)) => Error::Unreachable(error.to_string()),
        Failure::Io(IoError::Tls(error)) => Error::Unreachable(error.to_string()),
        Failure::Driver(error) => of_driver(&error),
        Failure::Url(error) => Error::Unreachable(error.to_string()),
        Failure::Other(error) => Error::Unreachable(error.to_string()),
    }
}

fn of_driver(error: &DriverError) -> Error {
    match error {
        DriverError::UnknownAuthPlugin { .. }
        | DriverError::MysqlOldPasswordDisabled
        | DriverError::CleartextPluginDisabled
        | DriverError::InvalidParsecSalt => {
            Error::LoginRefused { message: error.to_string(), wrong_password: false }
        }
        DriverError::NoClientSslFlagFromServer => {
            Error::Unreachable("the server does not offer TLS".to_owned())
        }
        // Others can carry what a packet held.
        DriverError::ConnectionClosed => Error::Unreachable("the connection was closed".to_owned()),
        DriverError::StmtParamsNumberExceedsLimit { .. } => {
            Error::Expression("the request has too many values for this database".to_owned())
        }
        DriverError::UnexpectedPacket { .. } | DriverError::PacketOutOfOrder => {
            Error::Unreachable("the server sent something unexpected".to_owned())
        }
        _ => Error::Unreachable("the connection failed".to_owned()),
    }
}

/// An error of the server by its number: <https://mariadb.com/kb/en/mariadb-error-code-reference/>.
fn of_server(error: &ServerError) -> Error {
    let message = || error.message.clone();
    match error.code {
        1044 | 1045 | 1129 | 1130 | 1251 | 1396 | 1524 | 1698 | 1820 | 1862 | 3118 | 4151 => {
            Error::LoginRefused { message: message(), wrong_password: error.code == 1045 }
        }
        1142 | 1143 | 1227 | 1370 => Error::Denied(message()),
        // No such database, table, column or function; a view of such.
        1049 | 1051 | 1054 | 1109 | 1146 | 1305 | 1356 | 1449 => Error::Changed(message()),
        // A lock was waited for long enough, or two waited for each other.
        1205 | 1213 | 3572 => Error::Locked,
        1969 | 3024 => Error::TimedOut { seconds: 0 },
        1317 | 1927 => Error::Ended(message()),
        1040 | 1203 | 1226 => Error::PoolFull { connections: 0 },
        // Statements make a divisor of zero overflow.
        1690 | 1264 => Error::Number("a number is out of range, or was divided by zero".to_owned()),
        1365 => Error::Number("a number was divided by zero".to_owned()),
        // What a function wants to be said.
        1644 => Error::Expression(message()),
        _ if error.state == "45000" => Error::Expression(message()),
        1792 => Error::Expression("a function of the database tries to write".to_owned()),
        1172 | 1242 | 1442 => Error::Expression("a function of the database fails".to_owned()),
        1406 => Error::Expression("a value is too long".to_owned()),
        1265 | 1292 | 1366 | 1411 => Error::Expression("a value cannot be converted".to_owned()),
        1139 | 3685..=3699 => Error::Expression(["the pattern is not valid: ", &error.message].concat()),
        3033 | 3548 => {
            Error::Expression("shapes have different reference systems, or one that is not known".to_owned())
        }
        TOO_LARGE | 1153 | 1162 => too_large(),
        1390 => Error::Expression("the request has too many values for this database".to_owned()),
        1436 => Error::Expression("the request is too complex for this database".to_owned()),
        code if is_loss(code) => Error::Unreachable(message()),
        code => Error::Server {
            database: "MySQL",
            message: ["error ", &code.to_string(), ": ", &error.message].concat(),
        },
    }
}
