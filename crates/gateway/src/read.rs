//! A read, from the request to the response: each stage is one call and makes one new value.

mod collection;
mod single;

pub use single::crashed;

use std::sync::Arc;
use std::time::Instant;

use http::{HeaderValue, Response, header};
use nextlink_db::run::Cancel;
use nextlink_odata::bind::{self, Request as Asked};
use nextlink_odata::json::{Format, Shape};
use nextlink_odata::layout::Layout;
use nextlink_odata::query::{Addressed, Query};
use nextlink_odata::url;
use nextlink_odata::version::MetadataLevel;
use nextlink_sql::plan::{PlanLimits, plan, program};
use nextlink_sql::statement::Program;

use crate::answer::Refusal;
use crate::body::Body;
use crate::headers::{ODATA_VERSION, PREFERENCE_APPLIED, SERVER_TIMING};
use crate::negotiate::{self, Agreed, Kind};
use crate::request::Request;
use crate::state::{State, now};

/// A query made ready to run.
pub struct Prepared {
    /// What is asked.
    pub query: Query,
    /// Its statements.
    pub program: Program,
    /// What is written of its rows.
    pub shape: Arc<Shape>,
    /// The form of the answer.
    pub format: Format,
}

/// Times of the stages, for `Server-Timing`.
#[derive(Debug)]
pub struct Stages {
    last: Instant,
    text: String,
}

impl Stages {
    /// Starts the clock.
    pub fn start() -> Stages {
        Stages { last: Instant::now(), text: String::with_capacity(96) }
    }

    /// A stage has ended.
    pub fn end(&mut self, name: &str) {
        let now = Instant::now();
        let micros = now.duration_since(self.last).as_micros();
        self.last = now;
        if !self.text.is_empty() {
            self.text.push_str(", ");
        }
        self.text.push_str(name);
        self.text.push_str(";dur=");
        self.text.push_str(&(micros / 1000).to_string());
        self.text.push('.');
        let rest = (micros % 1000).to_string();
        self.text.extend(std::iter::repeat_n('0', 3 - rest.len()));
        self.text.push_str(&rest);
    }

    /// The header.
    pub fn header(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.text).ok()
    }
}

/// Answers a read.
///
/// # Errors
/// What the client or the source did wrong, as an answer.
pub async fn read(state: &Arc<State>, request: &Request) -> Result<Response<Body>, Refusal> {
    let mut stages = Stages::start();
    if let Some(token) = request.option("$skiptoken") {
        return crate::page::page(state, request, &token, stages).await;
    }
    let url = url::parse_with(&request.url, &state.config.limits.parse_options())?;
    stages.end("url");
    let asked = bind::bind(&request.served.mapping.model, &url, state.config.limits.bind_limits(), &now())?;
    stages.end("bind");
    let format_option = request.option("$format");
    let format_option = format_option.as_deref();
    let mut response = match asked {
        Asked::ServiceDocument => service_document(request, format_option)?,
        Asked::Metadata => metadata(request, format_option)?,
        Asked::Query(query) => {
            let agreed =
                negotiate::agree(kind(query.addressed), request.version, format_option, &request.headers)?;
            let prepared = prepare(request, *query, agreed)?;
            stages.end("plan");
            answer(state, request, prepared, &mut stages).await?
        }
    };
    if let Some(header) = stages.header() {
        response.headers_mut().insert(SERVER_TIMING, header);
    }
    Ok(response)
}

fn kind(addressed: Addressed) -> Kind {
    match addressed {
        Addressed::Collection | Addressed::Entity | Addressed::Property(_) => Kind::Data,
        Addressed::RawValue(_) | Addressed::Count => Kind::Raw,
    }
}

/// Plans a query and compiles what is written of its rows.
fn prepare(request: &Request, query: Query, agreed: Agreed) -> Result<Prepared, Refusal> {
    let served = &request.served;
    let format = Format { omit_nulls: request.omits_nulls(), ..agreed.format };
    let layout = Layout::of(&served.mapping.model, &query, Shape::needs_keys(&query, format));
    let dialect = served.source.dialect();
    // HEAD needs to know whether there is something, not what.
    let limits = PlanLimits { rows: request.head.then_some(1) };
    let plan = plan(&served.mapping, dialect, &query, &layout, limits)?;
    let program = program(dialect, &plan);
    let shape = Arc::new(Shape::new(&served.mapping.model, &query, &layout, format));
    Ok(Prepared { query, program, shape, format })
}

async fn answer(
    state: &Arc<State>,
    request: &Request,
    prepared: Prepared,
    stages: &mut Stages,
) -> Result<Response<Body>, Refusal> {
    match prepared.query.addressed {
        Addressed::Collection if !request.head =>
        // Boxed, so that the much larger state of a collection is not moved with every read.
        {
            Box::pin(collection::answer(state, request, prepared, stages)).await
        }
        Addressed::Collection | Addressed::Entity | Addressed::Property(_) => {
            single::answer(state, request, prepared, stages).await
        }
        Addressed::RawValue(_) => single::raw_value(state, request, prepared, stages).await,
        Addressed::Count => single::count(state, request, prepared, stages).await,
    }
}

fn service_document(request: &Request, format_option: Option<&str>) -> Result<Response<Body>, Refusal> {
    let agreed = negotiate::agree(Kind::Data, request.version, format_option, &request.headers)?;
    let context = [&request.root, "$metadata"].concat();
    let model = &request.served.mapping.model;
    let text = nextlink_odata::service::document(model, &context, agreed.format.metadata, request.version);
    Ok(json_response(request, agreed.format, Body::full(text)))
}

fn metadata(request: &Request, format_option: Option<&str>) -> Result<Response<Body>, Refusal> {
    let agreed = negotiate::agree(Kind::Metadata, request.version, format_option, &request.headers)?;
    let document = request.served.metadata(agreed.json, request.version);
    let unchanged = request.headers.get_all(header::IF_NONE_MATCH).iter().any(|value| {
        value.to_str().is_ok_and(|v| v.split(',').any(|tag| tag.trim() == document.etag || tag.trim() == "*"))
    });
    let mut response =
        Response::new(if unchanged { Body::empty() } else { Body::full(document.text.clone()) });
    if unchanged {
        *response.status_mut() = http::StatusCode::NOT_MODIFIED;
    }
    let media = if agreed.json { "application/json" } else { "application/xml" };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    if let Ok(etag) = HeaderValue::from_str(&document.etag) {
        headers.insert(header::ETAG, etag);
    }
    headers.insert(ODATA_VERSION, HeaderValue::from_static(request.version.as_str()));
    Ok(response)
}

/// An answer in JSON with the headers that all of them have.
pub fn json_response(request: &Request, format: Format, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    if let Ok(media) = HeaderValue::from_str(&format.media_type()) {
        headers.insert(header::CONTENT_TYPE, media);
    }
    headers.insert(ODATA_VERSION, HeaderValue::from_static(request.version.as_str()));
    if let Some(applied) = preferences_applied(request, format, request.page_rows()) {
        headers.insert(PREFERENCE_APPLIED, applied);
    }
    response
}

/// What of `Prefer` was followed (Part 1 section 8.3.9); 4.0 knows the names with their prefix. `page_rows` is the size
/// of pages that was settled, which for a further page need not be the one that is preferred now.
pub fn preferences_applied(request: &Request, format: Format, page_rows: u64) -> Option<HeaderValue> {
    let prefix = match request.version {
        nextlink_odata::version::Version::V40 => "odata.",
        nextlink_odata::version::Version::V401 => "",
    };
    let mut applied: Vec<String> = Vec::new();
    if request.prefer.max_page_size.is_some_and(|n| n > 0) && request.page_rows() == page_rows {
        applied.push(format!("{prefix}maxpagesize={page_rows}"));
    }
    if format.omit_nulls {
        applied.push("omit-values=nulls".to_owned());
    }
    if let Some(filters) = &request.prefer.include_annotations {
        let items: Vec<String> =
            filters.iter().map(|f| [if f.exclude { "-" } else { "" }, &f.term].concat()).collect();
        applied.push(format!("{prefix}include-annotations=\"{}\"", items.join(",")));
    }
    if applied.is_empty() { None } else { HeaderValue::from_str(&applied.join(", ")).ok() }
}

/// Whether instance annotations of our own are told: not with metadata=none.
pub fn tells_annotations(format: Format) -> bool {
    format.metadata != MetadataLevel::None
}

/// Ends a run when nobody waits for it any more.
#[derive(Debug)]
pub struct CancelGuard(Option<Cancel>);

impl CancelGuard {
    /// Ends the run on drop.
    pub fn new(cancel: &Cancel) -> CancelGuard {
        CancelGuard(Some(cancel.clone()))
    }

    /// The run may go on without anybody waiting.
    pub fn release(&mut self) {
        self.0 = None;
    }
}

impl Drop for CancelGuard {
    fn drop(&mut self) {
        if let Some(cancel) = &self.0 {
            cancel.cancel();
        }
    }
}
