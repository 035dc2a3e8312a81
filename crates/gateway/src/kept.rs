//! What is kept with a stored result, beside its rows: what stands around them, and in which form they are.

use nextlink_odata::json::Format;
use nextlink_odata::query::Query;
use nextlink_odata::version::{MetadataLevel, Version};
use nextlink_results::{MAX_META_BYTES, Meta as StoredMeta};
use serde::{Deserialize, Serialize};

use crate::answer::{Refusal, gone};
use crate::envelope::Envelope;
use crate::request::Request;

/// The most bytes of a row's position that a link carries, so that links stay short.
const MAX_POSITION: usize = 120;

/// The form of stored rows, kept with the result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Form {
    version: String,
    metadata: u8,
    ieee754: bool,
    omit_nulls: bool,
    page_rows: u64,
    /// `$skip` and `$top` of the first request, for the link to rows that could not be stored.
    skip: u64,
    top: Option<u64>,
    /// Path and options of the first request, as sent: for that link, and for administration (`stored`).
    url: String,
    /// Whether the result is a whole message, and not rows.
    #[serde(default, skip_serializing_if = "is_false")]
    message: bool,
    /// Whether a function is called.
    #[serde(default, skip_serializing_if = "is_false")]
    calls: bool,
}

fn is_false(truth: &bool) -> bool {
    !truth
}

impl Form {
    fn of(format: Format, page_rows: u64, request: &Request, query: &Query) -> Form {
        Form {
            version: format.version.as_str().to_owned(),
            metadata: match format.metadata {
                MetadataLevel::None => 0,
                MetadataLevel::Minimal => 1,
                MetadataLevel::Full => 2,
            },
            ieee754: format.ieee754_compatible,
            omit_nulls: format.omit_nulls,
            page_rows,
            skip: query.skip,
            top: query.top,
            url: request.url.clone(),
            message: false,
            calls: query.calls(),
        }
    }

    /// That of a result that is a whole message.
    fn of_message(request: &Request) -> Form {
        Form {
            version: request.version.as_str().to_owned(),
            metadata: 1,
            ieee754: false,
            omit_nulls: false,
            page_rows: 0,
            skip: 0,
            top: None,
            url: request.url.clone(),
            message: true,
            calls: false,
        }
    }

    /// Whether the result is a whole message, and not rows.
    pub fn is_message(&self) -> bool {
        self.message
    }

    /// Whether a function is called, whose parameters can be options with any name.
    pub fn calls(&self) -> bool {
        self.calls
    }

    /// Rows of a page.
    pub fn page_rows(&self) -> u64 {
        self.page_rows
    }

    /// Path and options of the first request, as sent.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The options of the first request, as sent.
    pub fn query(&self) -> &str {
        self.url.split_once('?').map_or("", |(_, query)| query)
    }

    /// `$skip` and `$top` of the first request.
    pub fn window(&self) -> (u64, Option<u64>) {
        (self.skip, self.top)
    }

    /// The form itself.
    pub fn format(&self) -> Format {
        Format {
            version: if self.version == "4.01" { Version::V401 } else { Version::V40 },
            metadata: match self.metadata {
                0 => MetadataLevel::None,
                2 => MetadataLevel::Full,
                _ => MetadataLevel::Minimal,
            },
            ieee754_compatible: self.ieee754,
            omit_nulls: self.omit_nulls,
        }
    }
}

/// What is kept with a stored result.
#[derive(Debug, Serialize, Deserialize)]
struct Meta {
    envelope: Envelope,
    form: String,
    /// What stands before the tokens of its links.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    route: Option<String>,
    /// Where the row before the first stored one stands, if links cannot carry it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    position: Vec<u8>,
}

/// What is kept with a stored result, read again.
#[derive(Debug)]
pub struct Kept {
    /// What stands around the rows of each page.
    pub envelope: Envelope,
    /// The form of rows, as text.
    pub form_text: String,
    /// The same.
    pub form: Form,
    /// What stands before the tokens of its links.
    pub route: Option<String>,
    /// Where the row before the first stored one stands, if links cannot carry it.
    pub position: Vec<u8>,
}

/// The form of rows, so many a page, as text.
pub fn form_text(format: Format, page_rows: u64, request: &Request, query: &Query) -> String {
    serde_json::to_string(&Form::of(format, page_rows, request, query)).unwrap_or_default()
}

/// What is kept with a stored result, whose first row comes behind the one at `position`.
pub fn meta(envelope: &Envelope, form: &str, route: Option<&str>, position: &[u8]) -> Vec<u8> {
    let long = if position.len() > MAX_POSITION { position.to_vec() } else { Vec::new() };
    let (envelope, form) = (envelope.clone(), form.to_owned());
    let mut meta = Meta { envelope, form, route: route.map(str::to_owned), position: long };
    let text = serde_json::to_vec(&meta).unwrap_or_default();
    if text.len() <= MAX_META_BYTES || meta.position.is_empty() {
        return text;
    }
    // Better to be stored, and not to be gone on with.
    meta.position.clear();
    serde_json::to_vec(&meta).unwrap_or_default()
}

/// What is kept with a whole message.
pub fn message_meta(request: &Request, route: Option<&str>) -> Vec<u8> {
    let envelope = Envelope::default();
    let form = serde_json::to_string(&Form::of_message(request)).unwrap_or_default();
    meta(&envelope, &form, route, &[])
}

/// What was kept with a stored result.
///
/// # Errors
/// 410 where it cannot be read.
pub fn kept(meta: &[u8]) -> Result<Kept, Refusal> {
    let read = || {
        let Meta { envelope, form: form_text, route, position } = serde_json::from_slice(meta).ok()?;
        let form = serde_json::from_str(&form_text).ok()?;
        Some(Kept { envelope, form_text, form, route, position })
    };
    read().ok_or_else(|| gone("The stored result is not readable."))
}

/// The same for a page, read once for all pages of the result; without the position.
pub fn kept_with(meta: &StoredMeta) -> Result<&Kept, Refusal> {
    let read = |meta: &[u8]| Some(Kept { position: Vec::new(), ..kept(meta).ok()? });
    meta.read(read).ok_or_else(|| gone("The stored result is not readable."))
}

/// As much of the position of a row as a link can carry.
pub fn kept_position(position: &[u8]) -> Vec<u8> {
    if position.len() <= MAX_POSITION { position.to_vec() } else { Vec::new() }
}
