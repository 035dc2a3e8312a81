//! What can go wrong between this crate and a database.

use nextlink_odata::model::EntitySetId;
use nextlink_sql::statement::ResultColumn;

/// Why a database could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// SQLite refused: the file is no database, damaged, or a statement failed.
    #[error("SQLite: {0}")]
    Sqlite(#[source] rusqlite::Error),
    /// The database is locked by another process; it may answer later.
    #[error("the database is locked")]
    Locked,
    /// The statement took longer than it may.
    #[error("the statement took longer than {seconds} s")]
    TimedOut {
        /// The limit, in seconds.
        seconds: u64,
    },
    /// The server cannot be reached, or the connection was lost; it may answer later.
    #[error("the server cannot be reached: {0}")]
    Unreachable(String),
    /// All connections to the server are in use.
    #[error("all {connections} connections to the server are in use")]
    PoolFull {
        /// The limit.
        connections: usize,
    },
    /// The server does not accept the user or the password.
    #[error("the server refuses the login: {message}")]
    LoginRefused {
        /// What the server says.
        message: String,
        /// Whether it says that the password is wrong.
        wrong_password: bool,
    },
    /// The client has to say who reads, and did not.
    #[error("a user and a password are needed")]
    LoginNeeded,
    /// The login may not read something that is served.
    #[error("permission denied: {0}")]
    Denied(String),
    /// Somebody at the server ended the statement or the connection; it may work later.
    #[error("the statement was ended at the server: {0}")]
    Ended(String),
    /// The server failed at a statement.
    #[error("{database}: {message}")]
    Server {
        /// What kind of server.
        database: &'static str,
        /// What it said.
        message: String,
    },
    /// Nobody waits for the answer any more.
    #[error("cancelled")]
    Cancelled,
    /// A table or column that the model knows is gone.
    #[error("the database has changed: {0}")]
    Changed(String),
    /// The file is damaged or is no database.
    #[error("the database is damaged: {0}")]
    Damaged(String),
    /// A value does not fit the type its column is served as.
    #[error("column {column} of the result holds {found}, which is no value of {expected}")]
    Value {
        /// Number of the column in the result, from 0.
        column: usize,
        /// The property that has it, if it is known: the set of its entity, and its number.
        property: Option<(EntitySetId, usize)>,
        /// The type it is served as.
        expected: &'static str,
        /// What was found, shortened.
        found: String,
    },
    /// An expression of the request cannot be computed: overflow, division by zero, a bad pattern.
    #[error("{0}")]
    Expression(String),
    /// The same of a number, in what the request, a view or a generated column computes: out of range, or divided by zero.
    #[error("{0}")]
    Number(String),
    /// There are more tables and views than the limit.
    #[error("the database has {found} tables and views; the limit is {limit}")]
    TooManyTables {
        /// How many there are.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// A table has more columns than the limit.
    #[error("table {table} has {found} columns; the limit is {limit}")]
    TooManyColumns {
        /// The table or view.
        table: String,
        /// How many there are.
        found: usize,
        /// The limit.
        limit: usize,
    },
}

impl Error {
    /// The same with the property that has a value which does not fit, where rows have these cells.
    pub(crate) fn among(mut self, cells: &[ResultColumn]) -> Error {
        if let Error::Value { column, property, .. } = &mut self {
            *property = cells.get(*column).and_then(|cell| cell.property);
        }
        self
    }

    /// Whether what is asked for, or what it is made of, cannot be computed.
    pub fn is_of_expression(&self) -> bool {
        matches!(self, Error::Expression(_) | Error::Number(_))
    }

    /// Whether it may work later although nobody changes anything here.
    pub fn may_pass(&self) -> bool {
        match self {
            Error::Locked
            | Error::TimedOut { .. }
            | Error::Unreachable(_)
            | Error::PoolFull { .. }
            | Error::Ended(_)
            | Error::Changed(_) => true,
            Error::Sqlite(_)
            | Error::LoginRefused { .. }
            | Error::LoginNeeded
            | Error::Denied(_)
            | Error::Server { .. }
            | Error::Cancelled
            | Error::Damaged(_)
            | Error::Value { .. }
            | Error::Expression(_)
            | Error::Number(_)
            | Error::TooManyTables { .. }
            | Error::TooManyColumns { .. } => false,
        }
    }
}

impl Error {
    /// Whether it says nothing of the statement, but that nobody could be asked.
    pub(crate) fn is_down(&self) -> bool {
        match self {
            Error::Locked
            | Error::TimedOut { .. }
            | Error::Unreachable(_)
            | Error::PoolFull { .. }
            | Error::LoginRefused { .. }
            | Error::LoginNeeded
            | Error::Ended(_)
            | Error::Cancelled
            | Error::Damaged(_) => true,
            Error::Sqlite(_)
            | Error::Denied(_)
            | Error::Server { .. }
            | Error::Changed(_)
            | Error::Value { .. }
            | Error::Expression(_)
            | Error::Number(_)
            | Error::TooManyTables { .. }
            | Error::TooManyColumns { .. } => false,
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Error {
        use rusqlite::ErrorCode;
        let text = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Locked,
            Some(ErrorCode::OperationInterrupted) => Error::Cancelled,
            Some(ErrorCode::TooBig) => Error::Expression("a value is too large".to_owned()),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Error::Damaged(text),
            _ if TOO_COMPLEX.iter().any(|words| text.contains(words)) => {
                Error::Expression("the request is too complex for this database".to_owned())
            }
            _ if text.contains("no such table") || text.contains("no such column") => Error::Changed(text),
            _ => match text.find(EXPRESSION) {
                Some(at) => Error::Expression(text[at + EXPRESSION.len()..].to_owned()),
                None => Error::Sqlite(error),
            },
        }
    }
}

/// What SQLite says where a statement is beyond its own limits, which have no code.
const TOO_COMPLEX: [&str; 3] = ["Expression tree is too large", "parser stack overflow", "at most 64 tables"];

/// Marks messages of the functions of this crate that are about the request.
pub(crate) const EXPRESSION: &str = "expression: ";
