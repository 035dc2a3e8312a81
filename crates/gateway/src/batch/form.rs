//! The two forms of the answer to a batch (Part 1 section 11.7.4, JSON Format section 19.5).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderName, HeaderValue, Response, StatusCode, header, response};
use nextlink_odata::json::write_string;

use super::call::Call;
use crate::answer::Refusal;
use crate::body::Body;

/// The form of an answer.
#[derive(Debug)]
pub enum Form {
    /// Parts with a boundary between them.
    Multipart(String),
    /// One object.
    Json,
}

/// Where the body of an answer goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goes {
    /// Out as it is.
    Through,
    /// Into a text, which needs all of it.
    IntoText {
        /// Whether it is no text itself.
        binary: bool,
    },
}

impl Form {
    /// Multipart, with a boundary that is in no answer.
    pub fn multipart() -> Form {
        Form::Multipart(["batchresponse_", &uuid::Uuid::new_v4().to_string()].concat())
    }

    /// The media type of the whole.
    pub fn content_type(&self) -> HeaderValue {
        match self {
            Form::Multipart(boundary) => {
                HeaderValue::try_from(["multipart/mixed; boundary=", boundary].concat())
                    .unwrap_or(HeaderValue::from_static("multipart/mixed"))
            }
            Form::Json => HeaderValue::from_static("application/json"),
        }
    }

    /// What stands before all answers.
    pub fn open(&self) -> &'static str {
        match self {
            Form::Multipart(_) => "",
            Form::Json => "{\"responses\":[",
        }
    }

    /// What stands behind them.
    pub fn close(&self, out: &mut Vec<u8>) {
        match self {
            Form::Multipart(boundary) => {
                for text in ["--", boundary, "--\r\n"] {
                    out.extend_from_slice(text.as_bytes());
                }
            }
            Form::Json => out.extend_from_slice(b"]}"),
        }
    }

    /// Everything of an answer up to its body, which is of `length` where that is known; `number` is its place, from 0. Says
    /// where the body goes.
    pub fn head(
        &self,
        out: &mut Vec<u8>,
        number: usize,
        call: &Call,
        parts: &response::Parts,
        length: Option<u64>,
    ) -> Goes {
        let headers = parts.headers.iter().filter(|(name, _)| is_told(name));
        let headers = headers.filter_map(|(name, value)| Some((name, value.to_str().ok()?)));
        match self {
            Form::Multipart(boundary) => {
                let mut text = [
                    "--",
                    boundary,
                    "\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n",
                ]
                .concat();
                if let Some(id) = &call.id {
                    put(&mut text, "Content-ID", id);
                }
                let reason = parts.status.canonical_reason().unwrap_or_default();
                let line = ["\r\nHTTP/1.1 ", parts.status.as_str(), " ", reason, "\r\n"].concat();
                text.push_str(&line);
                headers.for_each(|(name, value)| put(&mut text, &usual(name), value));
                if let Some(length) = length {
                    put(&mut text, "Content-Length", &length.to_string());
                }
                text.push_str("\r\n");
                out.extend_from_slice(text.as_bytes());
                Goes::Through
            }
            Form::Json => {
                out.extend_from_slice(if number == 0 { b"{\"id\":" } else { b",{\"id\":" });
                let ordinal = || (number + 1).to_string();
                write_string(out, &call.id.clone().unwrap_or_else(ordinal));
                if let Some(group) = &call.group {
                    out.extend_from_slice(b",\"atomicityGroup\":");
                    write_string(out, group);
                }
                out.extend_from_slice(b",\"status\":");
                out.extend_from_slice(parts.status.as_str().as_bytes());
                out.extend_from_slice(b",\"headers\":{");
                for (place, (name, value)) in headers.enumerate() {
                    if place > 0 {
                        out.push(b',');
                    }
                    write_string(out, name.as_str());
                    out.push(b':');
                    write_string(out, value);
                }
                out.push(b'}');
                goes(parts, length)
            }
        }
    }

    /// An answer that can be one of a batch: what becomes a text is held as a whole, so a stream must not be too long.
    pub fn fits(&self, response: Response<Body>, most: usize) -> Result<Response<Body>, Refusal> {
        let length = response.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok());
        let long = length.and_then(|length| length.parse::<usize>().ok()).is_some_and(|length| length > most);
        if matches!(self, Form::Multipart(_)) || !long {
            return Ok(response);
        }
        let message = format!(
            "A stream in a batch of JSON has at most {most} bytes (limit `batch_bytes`); read it by a request of its own."
        );
        Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "LimitExceeded", message).about("batch_bytes"))
    }

    /// What stands before a body that goes through, and is not empty.
    pub fn before_body(&self) -> &'static str {
        match self {
            Form::Multipart(_) => "",
            Form::Json => ",\"body\":",
        }
    }

    /// What stands behind a body, or where it would be.
    pub fn behind_body(&self) -> &'static str {
        match self {
            Form::Multipart(_) => "\r\n",
            Form::Json => "}",
        }
    }
}

/// Puts in a header.
fn put(text: &mut String, name: &str, value: &str) {
    for piece in [name, ": ", value, "\r\n"] {
        text.push_str(piece);
    }
}

/// A body as a text in JSON.
pub fn write_body(out: &mut Vec<u8>, body: &[u8], binary: bool) {
    match std::str::from_utf8(body) {
        Ok(text) if !binary => write_string(out, text),
        _ => write_string(out, &URL_SAFE_NO_PAD.encode(body)),
    }
}

/// JSON stands in JSON as it is, text as text, and all else as base64url.
fn goes(parts: &response::Parts, length: Option<u64>) -> Goes {
    let media = parts.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim();
    // The JSON of a stream is what somebody says it is.
    let stream = parts.headers.contains_key(header::CONTENT_DISPOSITION);
    if (media == "application/json" && !stream) || length == Some(0) {
        return Goes::Through;
    }
    Goes::IntoText { binary: !media.starts_with("text/") }
}

/// Whether a header of an answer is one of the part, and not of the connection or the whole.
fn is_told(name: &HeaderName) -> bool {
    let whole = [header::SET_COOKIE, header::CONTENT_LENGTH, header::VARY, header::X_CONTENT_TYPE_OPTIONS];
    !whole.contains(name) && name.as_str() != "server-timing" && name.as_str() != "trace-id"
}

/// The name of a header as it is mostly written: some clients compare names as they are.
fn usual(name: &HeaderName) -> String {
    let word = |word: &str| match word {
        "odata" => "OData".to_owned(),
        "etag" => "ETag".to_owned(),
        "maxversion" => "MaxVersion".to_owned(),
        word => {
            let mut letters = word.chars();
            letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
        }
    };
    name.as_str().split('-').map(word).collect::<Vec<String>>().join("-")
}
