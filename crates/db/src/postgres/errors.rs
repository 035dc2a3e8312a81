//! What the server or the connection says went wrong, as errors of this crate, and what helps at once.

use std::error::Error as _;

use tokio_postgres::error::{DbError, SqlState};

use super::NAME;
use super::params::Unfit;
use crate::error::Error;

/// The server closed a connection that lay idle for long.
const IDLE_SESSION: &str = "57P05";

/// The part of the server that refuses who cannot prove who he is, by a password of its own or of a directory (LDAP, PAM, RADIUS):
/// the latter have no code of their own, and their text is in the language of the server.
const UNPROVED: &str = "auth_failed";

/// The part of the server that says what a function wants to be said.
const RAISE: &str = "exec_stmt_raise";
/// The parts that say that a function which reads only has statements that write: of SQL in two versions, and of others.
const WRITES: [&str; 3] = ["init_execution_state", "prepare_next_query", "_SPI_execute_plan"];
/// What the parts that tell of other servers' tables have in common.
const FOREIGN: &str = "pgfdw_report";

/// A run that failed.
#[derive(Debug)]
pub struct Failed {
    /// Why.
    pub error: Error,
    /// What makes another attempt worth it, as long as nothing was handed over.
    pub again: Option<Again>,
    /// Whether the server itself ended the statement, so that the connection has nothing left to say.
    pub settled: bool,
}

impl Failed {
    /// The same after something was handed over.
    pub fn too_late(self) -> Failed {
        Failed { again: None, ..self }
    }
}

/// What makes another attempt worth it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// The connection had died; others that were idle may have too.
    NewConnection,
    /// A statement was prepared for tables as they were.
    NewStatement,
    /// The server asks for it.
    Repeat,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Failed {
        Failed { error, again: None, settled: false }
    }
}

impl From<tokio_postgres::Error> for Failed {
    fn from(error: tokio_postgres::Error) -> Failed {
        let again = match error.as_db_error() {
            Some(server) if is_stale(server) => Some(Again::NewStatement),
            Some(server) => match server.code() {
                &SqlState::T_R_SERIALIZATION_FAILURE => Some(Again::Repeat),
                &SqlState::ADMIN_SHUTDOWN | &SqlState::CRASH_SHUTDOWN => Some(Again::NewConnection),
                code if code.code() == IDLE_SESSION => Some(Again::NewConnection),
                _ => None,
            },
            None if is_lost(&error) => Some(Again::NewConnection),
            None => None,
        };
        Failed { error: Error::from(error), again, settled: true }
    }
}

/// Whether the connection is gone.
fn is_lost(error: &tokio_postgres::Error) -> bool {
    error.is_closed() || error.source().is_some_and(|cause| cause.is::<std::io::Error>())
}

/// Whether a statement prepared earlier does not fit the tables any more, or is not there.
fn is_stale(error: &DbError) -> bool {
    let changed =
        error.code() == &SqlState::FEATURE_NOT_SUPPORTED && error.routine() == Some("RevalidateCachedQuery");
    changed || error.code() == &SqlState::INVALID_SQL_STATEMENT_NAME
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Error {
        if let Some(server) = error.as_db_error() {
            return said(server);
        }
        match error.source().and_then(|cause| cause.downcast_ref()) {
            Some(unfit @ Unfit::Value(_)) => return Error::Expression(unfit.to_string()),
            Some(unfit @ Unfit::Links(_)) => return Error::Changed(unfit.to_string()),
            None => {}
        }
        let text = in_full(&error);
        if is_lost(&error) {
            return Error::Unreachable(text);
        }
        // The kinds of errors of the driver have no other name than their text.
        if ["authentication error", "invalid configuration"].iter().any(|kind| text.starts_with(kind)) {
            return Error::LoginRefused { message: text, wrong_password: false };
        }
        if text.starts_with("error performing TLS handshake") {
            return Error::Unreachable(text);
        }
        Error::Server { database: NAME, message: text }
    }
}

/// An error with what caused it.
fn in_full(error: &tokio_postgres::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

/// Whether a function that is no part of the server failed with a statement or a rule of its own.
fn is_of_function(error: &DbError, code: &str) -> bool {
    // What it stands in is told in the language of the server. Foreign tables tell so, too.
    let foreign = error.routine().is_some_and(|part| part.starts_with(FOREIGN));
    let inside = error.where_().is_some() && !foreign;
    matches!(&code[..2], "38" | "39" | "P0")
        || (inside && matches!(&code[..2], "0A" | "21" | "23" | "2F" | "42"))
}

/// An error that the server sent.
fn said(error: &DbError) -> Error {
    let message = error.message().to_owned();
    let code = error.code();
    if is_stale(error) {
        return Error::Changed(message);
    }
    let expression = |text: &str| Error::Expression(text.to_owned());
    if error.routine() == Some(RAISE) {
        return Error::Expression(message);
    }
    match code.code() {
        "54000" => expression("a value is too large"),
        // What would be larger than the server can hold has no code of its own.
        "XX000" if message.starts_with("invalid memory alloc request size") => {
            expression("a value is too large")
        }
        "22012" => Error::Number("division by zero".to_owned()),
        "22003" => Error::Number("a number is out of range".to_owned()),
        "22008" => expression("a date, a point in time or a duration is out of range"),
        "22021" => expression("PostgreSQL has no text with the character U+0000"),
        "2201B" => Error::Expression(["a bad regular expression: ", &message].concat()),
        // PostGIS has no code of its own for what a request asks wrongly.
        "XX000" if message.contains("SRID") => {
            expression("shapes have different reference systems, or one that is not known")
        }
        "42501" => Error::Denied(message),
        "25006" => expression("a function of the database tries to write"),
        "0A000" if error.routine().is_some_and(|part| WRITES.contains(&part)) => {
            expression("a function of the database tries to write")
        }
        "42725" => expression("the call fits several functions of the database"),
        // What a function of the owner does wrong is not mended by reading the catalogue again.
        found if is_of_function(error, found) => expression("a function of the database fails"),
        // Unknown tables, columns, types, functions and schemas; types that do not go together.
        "42P01" | "42703" | "42704" | "42883" | "42804" | "3F000" => Error::Changed(message),
        // The server's own limit; that of the pool is another.
        "53300" | "57P03" => Error::Unreachable(message),
        "55P03" => Error::Locked,
        "57014" | "25P03" | "25P04" | "40001" | "40P01" | "57P01" | "57P02" | "57P05" => {
            Error::Ended(message)
        }
        other => match &other[..2] {
            "08" => Error::Unreachable(message),
            "22" => Error::Expression(message),
            "28" => {
                let wrong_password = other == "28P01" || error.routine() == Some(UNPROVED);
                Error::LoginRefused { message, wrong_password }
            }
            "23" => expression("a value breaks a rule of its type"),
            "54" => expression("the request is too large for PostgreSQL"),
            _ => Error::Server { database: NAME, message: [other, " ", &message].concat() },
        },
    }
}
