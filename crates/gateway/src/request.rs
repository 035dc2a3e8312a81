//! A request taken apart: source, path, options, version, preferences, and where links start.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use http::{HeaderMap, HeaderValue};
use nextlink_db::location::Login;
use nextlink_odata::prefer::{OmitValues, Preferences, parse_lenient};
use nextlink_odata::version::Version;
use percent_encoding::percent_decode_str;

use crate::answer::Refusal;
use crate::headers::{PREFER, TRACE_ID};
use crate::link_parts::{LinkForm, LinkParts, MAX_LINK, OF_AMOUNT, TOKEN};
use crate::links;
use crate::login;
use crate::negotiate;
use crate::options::{is_option, is_standard, name_of, options, value_of};
use crate::repeat::Repeat;
use crate::slot::Slot;
use crate::state::State;

/// Longest `Trace-ID` that is taken over, in characters.
const MAX_TRACE: usize = 64;

/// Where the answers to requests are that need not wait for them.
pub const MONITOR: &str = "$async";

/// A request as it came, of which enough is known to read it.
#[derive(Clone)]
pub struct Came<'r> {
    /// The source that it is for.
    pub slot: Arc<Slot>,
    /// What stands behind the name of the source.
    pub url: &'r str,
    /// Whether all but the body is asked for.
    pub head: bool,
    /// Its headers.
    pub headers: HeaderMap,
    /// Where it comes from.
    pub peer: IpAddr,
    /// Identifies it in logs.
    pub trace: &'r str,
}

/// A request for a source.
#[derive(Debug, Clone)]
pub struct Request {
    /// The source.
    pub slot: Arc<Slot>,
    /// Path and query behind the service root, as sent, without a slash in front.
    pub url: String,
    /// Bytes of `url` that are path.
    path_bytes: usize,
    /// Rows of a page of the source, as it was when the request came.
    most_rows: u64,
    /// `HEAD` rather than `GET`.
    pub head: bool,
    /// Version of the answer.
    pub version: Version,
    /// What the client prefers.
    pub prefer: Preferences,
    /// Whether the client takes gzip.
    pub gzip: bool,
    /// The service root as the client sees it, with a slash at its end.
    pub root: String,
    /// Whether the client uses HTTPS, as far as can be told.
    pub https: bool,
    /// Identifies the request in logs.
    pub trace: String,
    /// All headers but those of the login.
    pub headers: HeaderMap,
    /// Who reads in the database, where the client says so.
    pub login: Option<Login>,
    /// Who asks: what stored results and page tokens belong to.
    pub user: String,
    /// Where other requests may differ in the value of a key only: all that they have in common.
    pub repeat: Option<Repeat>,
}

/// The `Trace-ID` of a request.
#[derive(Debug)]
pub struct Trace(HeaderValue);

impl Trace {
    /// That of the request, or a new one.
    pub fn of(headers: &HeaderMap) -> Trace {
        let fits = |value: &&HeaderValue| {
            let bytes = value.as_bytes();
            (1..=MAX_TRACE).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic)
        };
        Trace(headers.get(TRACE_ID).filter(fits).map_or_else(new_trace, HeaderValue::clone))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    /// For the answer.
    pub fn into_header(self) -> HeaderValue {
        self.0
    }
}

/// A new id: random for the process, and a number. It names a request in logs and protects nothing.
fn new_trace() -> HeaderValue {
    static PROCESS: LazyLock<String> = LazyLock::new(|| uuid::Uuid::new_v4().simple().to_string());
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let mut text = [0; MAX_TRACE];
    text[..16].copy_from_slice(&PROCESS.as_bytes()[..16]);
    text[16] = b'-';
    let mut digits = itoa::Buffer::new();
    let digits = digits.format(number).as_bytes();
    let end = 17 + digits.len();
    text[17..end].copy_from_slice(digits);
    // Digits and a dash are a value.
    HeaderValue::from_bytes(&text[..end]).unwrap_or(HeaderValue::from_static("-"))
}

impl Request {
    /// Takes a request apart.
    ///
    /// # Errors
    /// Headers that cannot be served.
    pub fn new(state: &State, came: Came<'_>) -> Result<Request, Refusal> {
        let Came { slot, url, head, mut headers, peer, trace } = came;
        let login = login::for_source(login::take(&mut headers)?, slot.config.client_login)?;
        let user = login::name(login.as_ref(), &state.tokens)?;
        let url = url.strip_prefix('/').unwrap_or(url).to_owned();
        let path_bytes = url.find('?').unwrap_or(url.len());
        let version = negotiate::version(&headers)?;
        let links::Base { url: mut root, https } = links::base(&state.config.server, &headers, peer)?;
        for part in ["/api/odata4/", &slot.name, "/"] {
            root.push_str(part);
        }
        let mut prefer = Preferences::default();
        for value in headers.get_all(PREFER).iter().filter_map(|v| v.to_str().ok()) {
            merge(&mut prefer, parse_lenient(value));
        }
        let gzip = negotiate::takes_gzip(&headers);
        Ok(Request {
            most_rows: slot.effective.page_rows(),
            slot,
            url,
            path_bytes,
            head,
            version,
            prefer,
            gzip,
            root,
            https,
            trace: trace.to_owned(),
            headers,
            login,
            user,
            repeat: None,
        })
    }

    /// The same request for another path and query behind the service root.
    pub fn at(&self, url: &str) -> Request {
        let path_bytes = url.find('?').unwrap_or(url.len());
        Request { url: url.to_owned(), path_bytes, repeat: None, ..self.clone() }
    }

    /// The same request of a client that waits for the answer, all of which is to be kept as it is.
    pub fn at_once(&self) -> Request {
        let mut alone = Request { repeat: None, gzip: false, ..self.clone() };
        alone.prefer.respond_async = false;
        alone
    }

    /// Whether it is for an answer that was asked for before.
    pub fn is_monitor(&self) -> bool {
        is_monitor(self.path())
    }

    /// The path behind the service root, as sent.
    pub fn path(&self) -> &str {
        &self.url[..self.path_bytes]
    }

    /// The query, as sent, without the question mark.
    pub fn query(&self) -> &str {
        self.url.get(self.path_bytes + 1..).unwrap_or_default()
    }

    /// Whether nulls are left out.
    pub fn omits_nulls(&self) -> bool {
        self.prefer.omit_values == Some(OmitValues::Nulls)
    }

    /// Rows of a page: those of the source, or fewer where the client prefers it.
    pub fn page_rows(&self) -> u64 {
        let rows = self.most_rows;
        self.prefer.max_page_size.filter(|n| *n > 0).map_or(rows, |n| n.min(rows))
    }

    /// The value of a system query option as sent, decoded; `name` with its dollar and in lower case.
    pub fn option(&self, name: &str) -> Option<String> {
        options(self.query())
            .find(|option| is_option(option, name))
            .map(|option| value_of(option).into_owned())
    }

    /// What a page token is bound to: who asks, the source, the path, and the options that count. Compared after decoding, so
    /// that the way a client encodes does not matter.
    pub fn binding(&self, form: LinkForm) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.url.len() + 64);
        self.bind_place(&mut out, |_| true);
        match form {
            LinkForm { short: false, calls: false } => {
                self.bind_options(&mut out, |name| is_standard(name) && name != "$skiptoken");
            }
            LinkForm { short: false, calls: true } => {
                part(&mut out, b'o', "call");
                self.bind_options(&mut out, |name| name != "$skiptoken");
            }
            LinkForm { short: true, calls: false } => part(&mut out, b'o', "short"),
            LinkForm { short: true, calls: true } => part(&mut out, b'o', "short call"),
        }
        out
    }

    /// Whether the options are such as a link of this form has: where it is short, options that count beside the token would be
    /// ignored.
    pub fn has_form(&self, form: LinkForm) -> bool {
        let counts = |name: &str| form.calls || is_standard(name);
        let beside = |name: &str| counts(name) && !["$skiptoken", "$format"].contains(&name);
        !form.short || !options(self.query()).any(|option| beside(&name_of(option)))
    }

    /// What the token of a delta link is bound to: the same, but for what says how much is given and how, and that no more than
    /// the number is wanted; and the columns by which changes are known.
    pub fn delta_binding(&self, columns: &[&str]) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.url.len() + 64);
        part(&mut out, b'd', "delta");
        self.bind_place(&mut out, |segment| segment != "$count");
        let counts = |name: &str| !OF_AMOUNT.contains(&name) && !OF_FORM.contains(&name);
        self.bind_options(&mut out, |name| is_standard(name) && counts(name));
        for column in columns {
            part(&mut out, b'c', column);
        }
        out
    }

    fn bind_place(&self, out: &mut Vec<u8>, counts: impl Fn(&str) -> bool) {
        part(out, b'u', &self.user);
        part(out, b's', &self.slot.name.to_lowercase());
        let segments = self.path().split('/').filter(|segment| !segment.is_empty());
        let decoded = segments.map(|segment| percent_decode_str(segment).decode_utf8_lossy());
        for segment in decoded.filter(|segment| counts(segment)) {
            part(out, b'p', &segment);
        }
    }

    fn bind_options(&self, out: &mut Vec<u8>, counts: impl Fn(&str) -> bool) {
        let named = options(self.query()).map(|option| (name_of(option), option));
        let others = named.filter(|(name, _)| counts(name));
        let mut all: Vec<_> = others.map(|(name, option)| (name, value_of(option))).collect();
        all.sort();
        for (name, value) in &all {
            part(out, b'n', name);
            part(out, b'v', value);
        }
    }

    /// Whether a link that repeats the options would be longer than load balancers and clients take.
    pub fn needs_short_link(&self) -> bool {
        self.root.len() + self.url.len() + TOKEN > MAX_LINK
    }

    /// The path of the service root, as the client sees it.
    pub fn root_path(&self) -> &str {
        match self.root.split_once("://") {
            Some((_, rest)) => rest.find('/').map_or("/", |start| &rest[start..]),
            None => &self.root,
        }
    }

    /// What links to further pages are made of.
    pub fn link_parts(&self) -> LinkParts {
        self.link_parts_with(self.query())
    }

    /// The same with other options: those of the first request, where this one has a short link.
    pub fn link_parts_with(&self, query: &str) -> LinkParts {
        LinkParts { path: [&self.root, self.path(), "?"].concat(), query: query.to_owned() }
    }
}

/// Adds a part of what a token is bound to.
fn part(out: &mut Vec<u8>, kind: u8, text: &str) {
    out.push(kind);
    out.extend_from_slice(&(text.len() as u64).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// Options that say in which form it is given.
const OF_FORM: &[&str] = &["$count", "$format"];

/// Whether a path leads to the answers to requests that need not wait for them.
pub fn is_monitor(path: &str) -> bool {
    let path = path.trim_matches('/');
    path.len() <= 3 * MONITOR.len() && percent_decode_str(path).eq(MONITOR.bytes())
}

/// Of a preference given twice the first counts (RFC 7240 section 2).
fn merge(all: &mut Preferences, more: Preferences) {
    all.max_page_size = all.max_page_size.or(more.max_page_size);
    all.respond_async |= more.respond_async;
    all.track_changes |= more.track_changes;
    all.wait = all.wait.or(more.wait);
    all.omit_values = all.omit_values.or(more.omit_values);
    if all.include_annotations.is_none() {
        all.include_annotations = more.include_annotations;
    }
}
