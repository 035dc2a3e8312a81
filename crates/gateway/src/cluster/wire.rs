//! What the answers of the internal API say: statuses, and small documents beside pages.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, StatusCode};
use nextlink_results::peer::SealedPage;
use nextlink_results::{Incomplete, PageError, WriteError};
use serde::{Deserialize, Serialize};

/// Where the internal API is.
pub const ROOT: &str = "/internal/v1";
/// The media type of pages and headers as they lie on disk.
pub const SEALED: &str = "application/vnd.nextlink.sealed";
/// The registration of the node that calls.
pub const NODE: HeaderName = HeaderName::from_static("x-nextlink-node");
/// The proof of a call or of an answer.
pub const AUTH: HeaderName = HeaderName::from_static("x-nextlink-auth");
/// The hash of the body of a call that has one: what is proved of it before it has come.
pub const BODY: HeaderName = HeaderName::from_static("x-nextlink-body");

/// Bytes of an index entry on the wire.
const INDEX: usize = 32;
/// Bytes of the length of a header.
const LENGTH: usize = 4;

/// Why there is no page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// What is the matter.
    pub kind: String,
    /// A number that belongs to it: the generation that is here, the pages that there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
    /// The code of a source that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// A text that belongs to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl Said {
    fn new(kind: &str) -> Said {
        Said { kind: kind.to_owned(), ..Said::default() }
    }
}

/// Status and document of an error.
pub fn tell(error: &PageError) -> (StatusCode, Said) {
    match error {
        PageError::NotYet => (StatusCode::ACCEPTED, Said::new("notYet")),
        PageError::Unknown => (StatusCode::NOT_FOUND, Said::new("unknown")),
        PageError::Expired => (StatusCode::GONE, Said::new("expired")),
        PageError::OtherGeneration { current } => {
            (StatusCode::CONFLICT, Said { number: Some(*current), ..Said::new("generation") })
        }
        PageError::NoSuchPage { pages } => {
            (StatusCode::RANGE_NOT_SATISFIABLE, Said { number: Some(*pages), ..Said::new("noSuchPage") })
        }
        PageError::SourceFailed { code, message } => {
            let (code, message) = (Some(code.to_string()), Some(message.to_string()));
            (StatusCode::FAILED_DEPENDENCY, Said { code, message, ..Said::new("sourceFailed") })
        }
        PageError::Incomplete(why) => {
            let message = match why {
                // What the operating system says is for the log of the node where it happened.
                Incomplete::Write(WriteError::Io(_)) => "it could not be stored".to_owned(),
                why => why.to_string(),
            };
            (StatusCode::FAILED_DEPENDENCY, Said { message: Some(message), ..Said::new("incomplete") })
        }
        PageError::Corrupt(_) => (StatusCode::INTERNAL_SERVER_ERROR, Said::new("damaged")),
        PageError::Io(_) => (StatusCode::INTERNAL_SERVER_ERROR, Said::new("unreadable")),
    }
}

/// The error that [`tell`] told; `None` for anything else.
pub fn understand(status: StatusCode, body: &[u8]) -> Option<PageError> {
    let said: Said = serde_json::from_slice(body).ok()?;
    let text = |text: Option<String>| Some(Arc::from(text?));
    let error = match said.kind.as_str() {
        "notYet" => PageError::NotYet,
        "unknown" => PageError::Unknown,
        "expired" => PageError::Expired,
        "generation" => PageError::OtherGeneration { current: said.number? },
        "noSuchPage" => PageError::NoSuchPage { pages: said.number? },
        "sourceFailed" => PageError::SourceFailed { code: text(said.code)?, message: text(said.message)? },
        "incomplete" => PageError::Incomplete(Incomplete::Elsewhere(text(said.message)?)),
        "damaged" => PageError::Corrupt("as the node says that holds it"),
        "unreadable" => PageError::Io(std::io::Error::other("as the node says that holds it")),
        _ => return None,
    };
    (tell(&error).0 == status).then_some(error)
}

/// A page on the wire: the segments; and the index entry, the header of its result where it was asked for, and its length.
pub fn put_page(header: Option<&[u8]>, page: SealedPage) -> [Bytes; 2] {
    let header = header.unwrap_or_default();
    let mut behind = Vec::with_capacity(INDEX + header.len() + LENGTH);
    behind.extend_from_slice(&page.index);
    behind.extend_from_slice(header);
    behind.extend_from_slice(&u32::try_from(header.len()).unwrap_or(u32::MAX).to_le_bytes());
    [page.segments.into(), behind.into()]
}

/// Takes apart what [`put_page`] put together: the header, if it is there, and the page. The segments lie in front, so
/// that they stay where they are and are opened there.
pub fn take_page(mut body: Vec<u8>) -> Option<(Option<Vec<u8>>, SealedPage)> {
    let (rest, length) = body.split_last_chunk::<LENGTH>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let (rest, header) = rest.split_at_checked(rest.len().checked_sub(length)?)?;
    let header = (length > 0).then(|| header.to_vec());
    let (segments, index) = rest.split_last_chunk::<INDEX>()?;
    let (index, segments) = (*index, segments.len());
    body.truncate(segments);
    Some((header, SealedPage { index, segments: body.into() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_understood_as_they_were_told() {
        let io = || PageError::Io(std::io::Error::other("secret path"));
        for error in [
            PageError::NotYet,
            PageError::Unknown,
            PageError::Expired,
            PageError::OtherGeneration { current: 7 },
            PageError::NoSuchPage { pages: u32::MAX },
            PageError::SourceFailed { code: "Code".into(), message: "It \"failed\".".into() },
            PageError::Incomplete(Incomplete::WriterGone),
            PageError::Incomplete(Incomplete::Write(WriteError::DiskFull)),
            PageError::Incomplete(Incomplete::Write(WriteError::Io("secret path".into()))),
            PageError::Corrupt("a segment"),
            io(),
        ] {
            let (status, said) = tell(&error);
            let body = serde_json::to_vec(&said).expect("JSON");
            assert!(!String::from_utf8_lossy(&body).contains("secret"), "{error:?}");
            let understood = understand(status, &body).unwrap_or_else(|| panic!("{error:?}"));
            assert_eq!(tell(&understood), (status, said), "{error:?}");
            assert!(understand(StatusCode::IM_A_TEAPOT, &body).is_none(), "{error:?}: another status");
        }
        for body in ["", "{}", "[]", "{\"kind\":\"x\"}", "{\"kind\":\"generation\"}", "{\"kind\":5}"] {
            assert!(understand(StatusCode::CONFLICT, body.as_bytes()).is_none(), "{body}");
        }
    }

    #[test]
    fn pages_are_taken_apart_as_they_were_put_together() {
        let page = SealedPage { index: [7; 32], segments: vec![1, 2, 3].into() };
        for header in [None, Some([9u8; 700].as_slice())] {
            let body = put_page(header, page.clone()).concat();
            let (found, taken) = take_page(body.clone()).expect("a page");
            assert_eq!(found.as_deref(), header);
            assert_eq!((taken.index, taken.segments), (page.index, page.segments.clone()));
            assert!(take_page(body[page.segments.len() + 1..].to_vec()).is_none(), "no room for the index");
        }
        assert!(take_page(vec![255; 100]).is_none());
    }
}
