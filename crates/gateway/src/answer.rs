//! Refusals: the one place where the errors of all stages become HTTP statuses and OData errors.

use http::{HeaderValue, Response, StatusCode, header};
use nextlink_db::error::Error as DbError;
use nextlink_odata::bind::{BindError, BindErrorKind};
use nextlink_odata::model::{EntitySetId, Model};
use nextlink_odata::url::{ParseError, ParseErrorKind};
use nextlink_odata::version::Version;
use nextlink_results::token::TokenError;
use nextlink_results::{Incomplete, PageError, WriteError};
use nextlink_sql::dialect::Unsupported;

use crate::body::Body;
use crate::headers::ODATA_VERSION;

/// A request that is not answered as asked (Part 1 section 9.4, JSON Format section 21).
#[derive(Debug, Clone)]
pub struct Refusal {
    /// HTTP status.
    pub status: StatusCode,
    /// Code, stable, for programs.
    pub code: &'static str,
    /// Message for people.
    pub message: String,
    /// What it is about.
    pub target: Option<String>,
    /// Byte offset in path and query as sent, behind the service root.
    pub offset: Option<u32>,
    /// For the log only.
    pub cause: Option<String>,
    /// Value of `Retry-After` in seconds.
    pub retry_after: Option<u64>,
    /// Value of `Allow`.
    pub allow: Option<&'static str>,
}

impl Refusal {
    /// A refusal with nothing but status, code and message.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Refusal {
        Refusal {
            status,
            code,
            message: message.into(),
            target: None,
            offset: None,
            cause: None,
            retry_after: None,
            allow: None,
        }
    }

    /// The request is wrong.
    pub fn bad_request(code: &'static str, message: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// There is no such resource.
    pub fn not_found(message: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::NOT_FOUND, "NotFound", message)
    }

    /// The fault is the service's; the cause is for the log alone.
    pub fn internal(cause: Option<String>) -> Refusal {
        let message = "The request could not be answered.";
        Refusal { cause, ..Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", message) }
    }

    /// What is there is not what the client thinks.
    pub fn differs() -> Refusal {
        let message = "What is there now has another ETag than those of If-Match.";
        Refusal::new(StatusCode::PRECONDITION_FAILED, "PreconditionFailed", message).about("If-Match")
    }

    /// It may work later.
    pub fn unavailable(code: &'static str, message: impl Into<String>, seconds: u64) -> Refusal {
        let refusal = Refusal::new(StatusCode::SERVICE_UNAVAILABLE, code, message);
        Refusal { retry_after: Some(seconds), ..refusal }
    }

    /// What the log says of it.
    pub fn cause_or_message(&self) -> &str {
        self.cause.as_deref().unwrap_or(&self.message)
    }

    /// With what it is about.
    pub fn about(mut self, target: &str) -> Refusal {
        self.target = Some(target.to_owned());
        self
    }

    /// What is not found is what the path names, where nothing else is said.
    pub fn of_path(self, path: &str) -> Refusal {
        match self.target {
            None if self.status == StatusCode::NOT_FOUND => self.about(path),
            _ => self,
        }
    }

    /// With the property that it is about.
    pub fn of_property(mut self, model: &Model, set: EntitySetId, number: usize) -> Refusal {
        let ty = model.entity_type(model.entity_set(set).entity_type);
        match ty.properties.get(number) {
            Some(property) => {
                self.message.push_str(&format!(" It is a value of `{}`.", property.name));
                self.about(&property.name)
            }
            None => self,
        }
    }

    /// What the database has to compute for every request cannot be computed: the request itself computes nothing.
    pub fn of_definition(cause: &DbError) -> Refusal {
        let message = "What a view or a column of the database computes cannot be computed of all rows.";
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "DefinitionFailed", message).caused(cause)
    }

    /// What the model file says of the rows of an entity set cannot be computed. Why may tell of rows that are kept back.
    pub fn of_rows(set: &str, cause: String) -> Refusal {
        let message = format!("Which entities of `{set}` there are cannot be computed.");
        let refusal = Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "RowsFailed", message);
        Refusal { cause: Some(cause), ..refusal.about(set) }
    }

    fn caused(mut self, cause: &dyn std::fmt::Display) -> Refusal {
        self.cause = Some(cause.to_string());
        self
    }

    /// The error document.
    pub fn document(&self, trace: &str) -> String {
        let mut inner = serde_json::Map::new();
        if let Some(offset) = self.offset {
            inner.insert("offset".to_owned(), offset.into());
        }
        inner.insert("trace".to_owned(), trace.into());
        let mut error = serde_json::Map::new();
        error.insert("code".to_owned(), self.code.into());
        error.insert("message".to_owned(), self.message.clone().into());
        if let Some(target) = &self.target {
            error.insert("target".to_owned(), target.clone().into());
        }
        error.insert("innererror".to_owned(), inner.into());
        serde_json::json!({ "error": error }).to_string()
    }

    /// The answer.
    pub fn response(&self, version: Version, trace: &str) -> Response<Body> {
        let mut response = Response::new(Body::full(self.document(trace)));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static("en"));
        headers.insert(ODATA_VERSION, HeaderValue::from_static(version.as_str()));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(allow) = self.allow {
            headers.insert(header::ALLOW, HeaderValue::from_static(allow));
        }
        response
    }
}

/// The key in `[limits]` that sets a limit of the parser.
fn limit_key(name: &'static str) -> &'static str {
    match name {
        "max_url_bytes" => "url_bytes",
        "max_depth" => "expression_depth",
        other => other,
    }
}

impl From<ParseError> for Refusal {
    fn from(error: ParseError) -> Refusal {
        let (status, code) = match error.kind {
            ParseErrorKind::Encoding => (StatusCode::BAD_REQUEST, "BadEncoding"),
            ParseErrorKind::Syntax => (StatusCode::BAD_REQUEST, "BadUrl"),
            ParseErrorKind::Limit("max_url_bytes") => (StatusCode::URI_TOO_LONG, "LimitExceeded"),
            ParseErrorKind::Limit(_) => (StatusCode::BAD_REQUEST, "LimitExceeded"),
        };
        let mut message = error.message;
        let target = match error.kind {
            ParseErrorKind::Limit(name) => {
                // The client is told the name of the setting, not that of the parser.
                let key = limit_key(name);
                message = message.replace(name, key);
                key
            }
            ParseErrorKind::Encoding | ParseErrorKind::Syntax => error.option.as_deref().unwrap_or("url"),
        };
        if let Some(first) = message.get(..1).map(str::to_uppercase) {
            message.replace_range(..1, &first);
        }
        message.push_str(&format!(" (at offset {})", error.at));
        Refusal { offset: Some(error.at), ..Refusal::new(status, code, message).about(target) }
    }
}

impl From<BindError> for Refusal {
    fn from(error: BindError) -> Refusal {
        let (status, code) = match error.kind {
            BindErrorKind::NotFound => (StatusCode::NOT_FOUND, "NotFound"),
            BindErrorKind::Invalid => (StatusCode::BAD_REQUEST, "BadRequest"),
            BindErrorKind::NotSupported => (StatusCode::NOT_IMPLEMENTED, "NotImplemented"),
            BindErrorKind::LimitExceeded => (StatusCode::BAD_REQUEST, "LimitExceeded"),
        };
        let message = format!("{} (at offset {})", error.message, error.at);
        Refusal { offset: Some(error.at), ..Refusal::new(status, code, message).about(&error.target) }
    }
}

impl From<Unsupported> for Refusal {
    fn from(error: Unsupported) -> Refusal {
        // Some of it is told in words, which are the name of nothing.
        let target = if error.what.contains(' ') { "expression" } else { &error.what };
        Refusal::new(StatusCode::NOT_IMPLEMENTED, "NotImplemented", error.to_string()).about(target)
    }
}

impl From<DbError> for Refusal {
    fn from(error: DbError) -> Refusal {
        let internal = |code, message: &str| {
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, code, message).caused(&error)
        };
        match &error {
            DbError::Locked => {
                Refusal::unavailable("SourceLocked", "The database is locked by another process.", 2)
            }
            DbError::TimedOut { seconds } => Refusal::new(
                StatusCode::GATEWAY_TIMEOUT,
                "StatementTimeout",
                format!("The database took longer than {seconds} s (limit `statement_seconds`)."),
            )
            .about("statement_seconds"),
            DbError::Unreachable(_) => {
                Refusal::unavailable("SourceUnreachable", "The database server cannot be reached.", 5)
                    .caused(&error)
            }
            DbError::PoolFull { connections } => {
                let message = format!(
                    "All {connections} connections to the database are in use (limit `connections` of the source)."
                );
                Refusal::unavailable("SourceBusy", &message, 1).about("connections")
            }
            DbError::LoginRefused { .. } => {
                let message = "The database does not accept this user and password.";
                Refusal::new(StatusCode::FORBIDDEN, "SourceLoginRefused", message).caused(&error)
            }
            DbError::LoginNeeded => {
                let message =
                    "This source needs the headers ddcloud-datasource-user and ddcloud-datasource-password.";
                Refusal::new(StatusCode::FORBIDDEN, "SourceLoginNeeded", message)
                    .about("ddcloud-datasource-user")
            }
            DbError::Denied(_) => {
                let message = "The database does not permit its user to read this.";
                Refusal::new(StatusCode::FORBIDDEN, "SourceDenied", message).caused(&error)
            }
            DbError::Ended(_) => {
                Refusal::unavailable("StatementEnded", "The database server ended the statement.", 2)
                    .caused(&error)
            }
            DbError::Server { .. } => internal("SourceFailed", "The database failed."),
            DbError::Cancelled => internal("Cancelled", "The statement was cancelled."),
            DbError::Changed(_) => {
                let message =
                    "The database has changed since its model was read. It is read again; try again then.";
                Refusal::unavailable("SourceChanged", message, 2).caused(&error)
            }
            DbError::Damaged(_) => internal("SourceDamaged", "The database file is damaged."),
            DbError::Value { .. } => {
                internal("ValueMismatch", "A value in the database does not fit the type of its property.")
            }
            DbError::Expression(message) | DbError::Number(message) => Refusal::bad_request(
                "ExpressionFailed",
                format!("The expression cannot be computed: {message}."),
            )
            .about("expression"),
            DbError::Sqlite(_) => internal("SourceFailed", "The database failed."),
            DbError::TooManyTables { .. } | DbError::TooManyColumns { .. } => {
                internal("SourceTooLarge", "The database has too many tables or columns.")
            }
        }
    }
}

impl From<TokenError> for Refusal {
    fn from(error: TokenError) -> Refusal {
        match error {
            TokenError::UnknownKey => gone("The page was made under a key that is no longer kept."),
            TokenError::Invalid | TokenError::TooLong => {
                Refusal::bad_request("BadSkipToken", "The $skiptoken is not valid for this request.")
                    .about("$skiptoken")
            }
        }
    }
}

/// The result is gone; the client has to start again.
pub fn gone(message: &str) -> Refusal {
    let message = format!("{message} Start again with the request without $skiptoken.");
    Refusal::new(StatusCode::GONE, "ResultGone", message).about("$skiptoken")
}

impl From<PageError> for Refusal {
    fn from(error: PageError) -> Refusal {
        let internal = |code, message: &str| {
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, code, message).caused(&error).about("$skiptoken")
        };
        match &error {
            PageError::NotYet => {
                Refusal::unavailable("PageNotReady", "The page is not written yet; ask again.", 1)
            }
            PageError::Unknown | PageError::Expired => gone("The stored result has expired."),
            PageError::OtherGeneration { .. } => gone("The stored result was made anew."),
            PageError::NoSuchPage { .. } => gone("The stored result has no such page."),
            PageError::SourceFailed { code, message } => {
                let mut message = format!("The result ends before this page: {message}");
                if code.as_ref() == "LimitExceeded" {
                    // It would end there again.
                    return Refusal::bad_request("LimitExceeded", message).about("$skiptoken");
                }
                message.push_str(" Start again with the request without $skiptoken.");
                if code.as_ref() == "ExpressionFailed" {
                    Refusal::bad_request("ExpressionFailed", message).about("expression")
                } else {
                    internal("SourceFailed", &message)
                }
            }
            PageError::Incomplete(why) => {
                let why = match why {
                    // What the operating system says is for the log.
                    Incomplete::Write(WriteError::Io(_)) => "it could not be stored".to_owned(),
                    why => why.to_string(),
                };
                internal(
                    "ResultIncomplete",
                    &format!(
                        "The stored result ends before this page: {why}. \
                         Start again with the request without $skiptoken."
                    ),
                )
            }
            PageError::Corrupt(_) => internal(
                "ResultDamaged",
                "The stored page is damaged. Start again with the request without $skiptoken.",
            ),
            PageError::Io(_) => internal("ResultUnreadable", "The stored page cannot be read."),
        }
    }
}
