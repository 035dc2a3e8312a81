//! A further page: the token says where it lies; its bytes get an envelope and go out as they are stored.

use std::sync::Arc;

use http::{HeaderValue, Response, header};
use nextlink_odata::json::Format;
use nextlink_odata::query::Query;
use nextlink_odata::version::{MetadataLevel, Version};
use nextlink_results::gzip::GzipMember;
use nextlink_results::token::{Token, TokenError};
use nextlink_results::{Codec, Follows, MAX_META_BYTES, Meta as StoredMeta, StoredPage};
use serde::{Deserialize, Serialize};

use crate::affinity;
use crate::answer::{Refusal, gone};
use crate::body::Body;
use crate::envelope::{Envelope, NextLink};
use crate::headers::{GENERATION, ODATA_MAX_VERSION};
use crate::negotiate::{self, Kind};
use crate::options::{is_option, options};
use crate::request::Request;
use crate::response::{crashed, follows_changes, page_response};
use crate::state::State;

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
        }
    }

    /// Whether the result is a whole message, and not rows.
    pub fn is_message(&self) -> bool {
        self.message
    }

    /// Rows of a page.
    pub fn page_rows(&self) -> u64 {
        self.page_rows
    }

    /// Path and options of the first request, as sent.
    pub fn url(&self) -> &str {
        &self.url
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
    route: Option<String>,
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

/// Changes that cannot be stored are not told in part, since nobody would know of the others.
pub fn unstored_changes() -> Refusal {
    let message = "There are more changes than can be stored now. Follow the delta link again later.";
    Refusal::unavailable("ChangesNotStored", message, 10).about("$deltatoken")
}

/// A token that was opened, and whether it stands for the options of the first request, too.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The token.
    pub token: Token,
    /// Whether links have the token alone.
    pub short: bool,
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
fn kept_with(meta: &StoredMeta) -> Result<&Kept, Refusal> {
    let read = |meta: &[u8]| Some(Kept { position: Vec::new(), ..kept(meta).ok()? });
    meta.read(read).ok_or_else(|| gone("The stored result is not readable."))
}

/// As much of the position of a row as a link can carry.
pub fn kept_position(position: &[u8]) -> Vec<u8> {
    if position.len() <= MAX_POSITION { position.to_vec() } else { Vec::new() }
}

/// Answers with a stored page. With `anew`, it is the first one of another execution than that of the page before.
///
/// # Errors
/// 406 for a form that is not that of the stored rows.
pub async fn answer(
    state: &Arc<State>,
    request: &Request,
    opened: &Opened,
    stored: StoredPage,
    anew: bool,
) -> Result<Response<Body>, Refusal> {
    let Opened { token, short } = opened;
    let meta = stored.meta.clone();
    let Kept { envelope, form, route, .. } = kept_with(&meta)?;
    let format = form.format();
    check_form(request, format)?;
    let rows = token.first_row + u64::from(stored.rows);
    let next = match stored.follows {
        Follows::Nothing => None,
        // Changes have no numbers by which others could be passed over.
        Follows::Unstored if envelope.is_delta() => return Err(unstored_changes()),
        Follows::Page => {
            let extra = kept_position(&stored.position);
            // The node that wrote it, whoever may own it meanwhile: the same link gives the same bytes.
            let owner = stored.writer;
            let next = Token { owner, page: token.page + 1, first_row: rows, extra, ..token.clone() };
            let sealed = state.tokens.seal(&next, &request.binding(*short))?;
            let routed = affinity::routed(route.as_deref(), &sealed);
            Some(NextLink { url: request.link_parts().page_link(&routed, *short), snapshot: true })
        }
        Follows::Unstored => {
            let query = form.url.split_once('?').map_or("", |(_, query)| query);
            let parts = request.link_parts_with(query);
            Some(NextLink { url: parts.skip_link(rows, form.skip, form.top), snapshot: anew })
        }
    };
    let open = envelope.open(format, &request.root, anew.then_some(token.generation));
    let close = match (&envelope.delta, stored.follows) {
        (Some(token), Follows::Nothing) => {
            let query = form.url.split_once('?').map_or("", |(_, query)| query);
            Envelope::close_followed(format, &request.link_parts_with(query).delta_link(token))
        }
        _ => Envelope::close(format, next.as_ref()),
    };
    let mut response = page_response(request, format, form.page_rows, Body::empty());
    if token.first_row == 0 && envelope.tracks() {
        follows_changes(response.headers_mut(), format.version);
    }
    affinity::follow(state, request, token.owner, &mut response);
    if token.generation > 1 {
        response.headers_mut().insert(GENERATION, token.generation.into());
    }
    enclose(request, &mut response, stored, &open, &close).await?;
    Ok(response)
}

/// Opens a token: it is bound to the options of the request, or to the path alone where the link was too long. Then it
/// stands alone, since options that nobody looks at must not seem to count.
///
/// # Errors
/// 400 for one that is not valid here, 410 for one whose key is gone.
pub fn open(state: &State, request: &Request, token: &str) -> Result<Opened, Refusal> {
    let all = options(request.query()).count();
    let tokens = options(request.query()).filter(|option| is_option(option, "$skiptoken")).count();
    if tokens > 1 {
        return Err(TokenError::Invalid.into());
    }
    let long = opened(state, token, &request.binding(false)).map(|token| Opened { token, short: false });
    match long {
        Err(TokenError::Invalid | TokenError::UnknownKey) if tokens == all => {
            Ok(Opened { token: opened(state, token, &request.binding(true))?, short: true })
        }
        long => Ok(long?),
    }
}

/// Opens a token, which may stand behind a route. What is no token may look like one of a key that is not known.
fn opened(state: &State, text: &str, binding: &[u8]) -> Result<Token, TokenError> {
    let mut failed = TokenError::Invalid;
    for token in affinity::tokens(text) {
        match state.tokens.open(token, binding) {
            Err(error @ TokenError::UnknownKey) => failed = error,
            Err(_) => {}
            opened => return opened,
        }
    }
    Err(failed)
}

/// The stored rows have one form; a request for another one cannot be served from them. Whoever names no form or no version
/// takes that of the link.
fn check_form(request: &Request, stored: Format) -> Result<(), Refusal> {
    let option = request.option("$format");
    if option.is_none() && !request.headers.contains_key(header::ACCEPT) {
        return Ok(());
    }
    let told = request.headers.contains_key(ODATA_MAX_VERSION);
    let version = if told { request.version } else { stored.version };
    let agreed = negotiate::agree(Kind::Data, version, option.as_deref(), &request.headers)?;
    let asked = Format { omit_nulls: stored.omit_nulls, ..agreed.format };
    if asked != stored {
        let message = format!(
            "This result was made as '{}' with OData {}; ask for its pages with the same headers.",
            stored.media_type(),
            stored.version.as_str()
        );
        return Err(Refusal::new(http::StatusCode::NOT_ACCEPTABLE, "NotAcceptable", message).about("Accept"));
    }
    Ok(())
}

/// Puts the envelope around the stored bytes. Deflated ones become one gzip member without being touched.
async fn enclose(
    request: &Request,
    response: &mut Response<Body>,
    stored: StoredPage,
    open: &str,
    close: &str,
) -> Result<(), Refusal> {
    if request.gzip {
        let mut member = GzipMember::default();
        let (crc, length) = (stored.plain_crc32, stored.plain_len);
        let stored = match stored.deflate_fragments() {
            Ok(fragments) => {
                let mut pieces = vec![member.plain(open.as_bytes()), member.stored(crc, length)];
                pieces.extend(fragments);
                pieces.push(member.finish(close.as_bytes()));
                response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                *response.body_mut() = Body::from(pieces);
                return Ok(());
            }
            Err(stored) => *stored,
        };
        return identity(response, stored, open, close).await;
    }
    identity(response, stored, open, close).await
}

async fn identity(
    response: &mut Response<Body>,
    stored: StoredPage,
    open: &str,
    close: &str,
) -> Result<(), Refusal> {
    let rows = if stored.codec == Codec::None {
        stored.identity()?
    } else {
        // Inflating a page is work that would keep other requests waiting.
        tokio::task::spawn_blocking(move || stored.identity()).await.map_err(|e| crashed(&e))??
    };
    let mut pieces = vec![bytes::Bytes::copy_from_slice(open.as_bytes())];
    pieces.extend(rows);
    pieces.push(bytes::Bytes::copy_from_slice(close.as_bytes()));
    *response.body_mut() = Body::from(pieces);
    Ok(())
}
