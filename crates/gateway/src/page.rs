//! A further page: the token says where it lies; its bytes get an envelope and go out as they are stored.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Response, header};
use nextlink_odata::json::Format;
use nextlink_results::gzip::GzipMember;
use nextlink_results::token::{Token, TokenError};
use nextlink_results::{Codec, Follows, StoredPage};

use crate::affinity;
use crate::answer::Refusal;
use crate::body::Body;
use crate::envelope::{Envelope, NextLink};
use crate::headers::{GENERATION, ODATA_MAX_VERSION};
use crate::kept::{Kept, kept_position, kept_with};
use crate::link_parts::LinkForm;
use crate::negotiate::{self, Kind};
use crate::options::{is_option, options};
use crate::request::Request;
use crate::response::{crashed, follows_changes, page_response};
use crate::state::State;

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
            let form = LinkForm { short: *short, calls: form.calls() };
            let sealed = state.tokens.seal(&next, &request.binding(form))?;
            let routed = affinity::routed(route.as_deref(), &sealed);
            Some(NextLink { url: request.link_parts().page_link(&routed, form), snapshot: true })
        }
        Follows::Unstored => {
            let (skip, top) = form.window();
            let url = request.link_parts_with(form.query()).skip_link(rows, skip, top);
            Some(NextLink { url, snapshot: anew })
        }
    };
    let open = envelope.open(format, &request.root, anew.then_some(token.generation));
    let close = match (&envelope.delta, stored.follows) {
        (Some(token), Follows::Nothing) => {
            Envelope::close_followed(format, &request.link_parts_with(form.query()).delta_link(token))
        }
        _ => Envelope::close(format, next.as_ref()),
    };
    let mut response = page_response(request, format, form.page_rows(), Body::empty());
    if token.first_row == 0 && envelope.tracks() {
        follows_changes(response.headers_mut(), format.version);
    }
    affinity::follow(state, request, token.owner, &mut response);
    if token.generation > 1 {
        response.headers_mut().insert(GENERATION, token.generation.into());
    }
    enclose(request, &mut response, stored, open, close).await?;
    Ok(response)
}

/// Opens a token: it is bound to the options of the request, or to the path alone where the link was too long. Then there is no
/// option beside it that counts, since those that nobody looks at must not seem to.
///
/// # Errors
/// 400 for one that is not valid here, 410 for one whose key is gone.
pub fn open(state: &State, request: &Request, token: &str) -> Result<Opened, Refusal> {
    let tokens = options(request.query()).filter(|option| is_option(option, "$skiptoken")).count();
    if tokens > 1 {
        return Err(TokenError::Invalid.into());
    }
    let mut failed = TokenError::Invalid;
    for (short, calls) in [(false, false), (false, true), (true, false), (true, true)] {
        let form = LinkForm { short, calls };
        if !request.has_form(form) {
            continue;
        }
        match opened(state, token, &request.binding(form)) {
            Ok(token) => return Ok(Opened { token, short }),
            Err(error @ (TokenError::Invalid | TokenError::UnknownKey)) => failed = error,
            Err(error) => return Err(error.into()),
        }
    }
    Err(failed.into())
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

/// The stored rows have one form; a request that does not take it cannot be served from them. Whoever names no form or no
/// version takes that of the link.
fn check_form(request: &Request, stored: Format) -> Result<(), Refusal> {
    let option = request.option("$format");
    if option.is_none() && !request.headers.contains_key(header::ACCEPT) {
        return Ok(());
    }
    let told = request.headers.contains_key(ODATA_MAX_VERSION);
    let takes = match option {
        Some(option) => {
            let agreed = negotiate::agree(Kind::Data, stored.version, Some(&option), &request.headers)?;
            Format { omit_nulls: stored.omit_nulls, ..agreed.format } == stored
        }
        None => negotiate::accepts(stored, &request.headers),
    };
    if !takes || (told && request.version != stored.version) {
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
    open: String,
    close: String,
) -> Result<(), Refusal> {
    let stored = if request.gzip {
        let (crc, length) = (stored.plain_crc32, stored.plain_len);
        match stored.deflate_fragments() {
            Ok(fragments) => {
                let mut member = GzipMember::default();
                let mut pieces = vec![member.plain(open.as_bytes()), member.stored(crc, length)];
                pieces.extend(fragments);
                pieces.push(member.finish(close.as_bytes()));
                response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                *response.body_mut() = Body::from(pieces);
                return Ok(());
            }
            Err(stored) => *stored,
        }
    } else {
        stored
    };
    let rows = if stored.codec == Codec::None {
        stored.identity()?
    } else {
        // Inflating a page is work that would keep other requests waiting.
        tokio::task::spawn_blocking(move || stored.identity()).await.map_err(|e| crashed(&e))??
    };
    let mut pieces = vec![Bytes::from(open)];
    pieces.extend(rows);
    pieces.push(Bytes::from(close));
    *response.body_mut() = Body::from(pieces);
    Ok(())
}
