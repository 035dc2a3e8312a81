//! A read, from the request to the response: each stage is one call and makes one new value.

mod first_page;
mod collection;
mod raw;
mod single;
mod value;
mod media;
mod documents;
pub mod again;
pub mod delta;
mod resume;
pub mod message;
pub mod later;
pub mod whole;

use std::sync::Arc;

use http::Response;
use nextlink_db::run::Cancel;
use nextlink_odata::bind::{self, Request as Asked};
use nextlink_odata::json::{Format, Shape};
use nextlink_odata::layout::Layout;
use nextlink_odata::query::{Addressed, Query, Step};
use nextlink_odata::value::Value;
use nextlink_results::Recovery;
use nextlink_sql::plan::{PlanLimits, Resume, paged, plan, program};
use nextlink_sql::statement::Program;

use crate::address;
use crate::answer::Refusal;
use crate::body::Body;
use crate::config::ClientLogin;
use crate::headers::{SERVER_TIMING, wants_snapshot};
use crate::negotiate::{self, Kind};
use crate::points::Point;
use crate::request::Request;
use crate::response::Stages;
use crate::served::Served;
use crate::state::{State, now};
use message::Answered;
use whole::Answering;

/// A query made ready to run. It is handed on from one future to the next, so what is large is behind pointers.
#[derive(Clone)]
pub struct Prepared {
    /// The source as it was when the request came.
    pub served: Arc<Served>,
    /// What is asked.
    pub query: Box<Query>,
    /// Its statements.
    pub program: Arc<Program>,
    /// What is written of its rows.
    pub shape: Arc<Shape>,
    /// The form of the answer.
    pub format: Format,
    /// The token of the link to what changes from now on, where that is followed.
    pub delta: Option<Box<str>>,
}

impl Prepared {
    /// What can be done when the stored result is lost.
    fn recovery(&self, request: &Request) -> Recovery {
        let known = self.program.nodes.first().is_some_and(|node| node.position.is_some());
        // What a delta link leads to can be asked for again by that link.
        let wanted = self.query.since.is_none()
            && request.slot.effective.continues()
            && !wants_snapshot(&request.headers);
        if known && wanted { Recovery::Key } else { Recovery::None }
    }
}

/// Answers a read.
///
/// # Errors
/// What the client or the source did wrong, as an answer.
pub async fn read(state: &Arc<State>, request: &Request) -> Result<Response<Body>, Refusal> {
    let mut stages = Stages::start();
    if let Some(token) = request.option("$skiptoken") {
        if request.is_monitor() {
            return Box::pin(later::status(state, request, &token)).await;
        }
        // Boxed like that of a collection below: it may call another node.
        return Box::pin(resume::page(state, request, &token, stages)).await;
    }
    let served = request.slot.served(request.login.as_ref())?;
    let asked = asked(state, request, &served, &mut stages);
    // The model, and what is wrong with a request, are told to those only whose login is right.
    // What is answered later is accepted before the database is asked.
    if request.prefer.respond_async || !matches!(asked, Ok(Asked::Query(_))) {
        Box::pin(admitted(state, request, &served)).await?;
    }
    let answered = told(state, request, Arc::clone(&served), asked?, &mut stages).await;
    let mut response = match answered {
        Ok(response) => response,
        Err(refusal) => {
            // Of these the database need not have been asked.
            if matches!(refusal.status.as_u16(), 400 | 406 | 410 | 501) {
                Box::pin(admitted(state, request, &served)).await?;
            }
            return Err(refusal);
        }
    };
    if let Some(header) = stages.header() {
        response.headers_mut().insert(SERVER_TIMING, header);
    }
    Ok(response)
}

/// Answers what is asked.
async fn told(
    state: &Arc<State>,
    request: &Request,
    served: Arc<Served>,
    asked: Asked,
    stages: &mut Stages,
) -> Result<Response<Body>, Refusal> {
    match asked {
        Asked::ServiceDocument => documents::service(request, &served, request.option("$format").as_deref()),
        Asked::Metadata => documents::metadata(request, &served, request.option("$format").as_deref()),
        Asked::OpenApi => {
            Box::pin(documents::open_api(request, served, request.option("$format").as_deref())).await
        }
        Asked::Query(query) if let Addressed::Stream(property) = query.addressed => {
            Box::pin(media::answer(state, request, served, &query, property, stages)).await
        }
        Asked::Query(query) if delta::is_asked(request, &query) => {
            Box::pin(followed(state, request, served, query, stages)).await
        }
        Asked::Query(query) => {
            let format = form(request, &query)?;
            let prepared = prepare(request, served, query, format, request.page_rows(), None)?;
            stages.end("plan");
            answer(state, request, prepared, stages).await
        }
    }
}

/// Whether somebody may hear of a source that is read by the logins of clients only, or of which logins see different things.
async fn admitted(state: &State, request: &Request, served: &Served) -> Result<(), Refusal> {
    let slot = &request.slot;
    let login = request.login.as_ref();
    // Without a login the source's own user reads.
    let named = served.differs && login.is_some();
    if slot.config.client_login != ClientLogin::Required && !named {
        return Ok(());
    }
    slot.admit(login)?;
    let answer = served.source.admits(&state.run_options(slot, Cancel::default(), login)).await;
    slot.note(login, answer.as_ref().err());
    Ok(answer?)
}

/// What is asked. Here and not where it is answered, so that the future of a request does not keep the text's parts.
fn asked(state: &State, request: &Request, served: &Served, stages: &mut Stages) -> Result<Asked, Refusal> {
    let options = request.slot.limits(&state.config).parse_options();
    let url = address::parse(&request.url, &options, &request.slot.name)?;
    stages.end("url");
    // Only expressions can ask for the time: they stand in the query, and behind `/$filter(` in the path.
    let expressions = request.url.bytes().any(|byte| matches!(byte, b'?' | b'$' | b'%'));
    let time = if expressions { now() } else { String::new() };
    let limits = request.slot.limits(&state.config).bind();
    let mut asked = bind::bind(&served.mapping.model, &url, limits, &time)?;
    asked.set_user(request.login.as_ref().map(|login| login.user.as_str()));
    stages.end("bind");
    Ok(asked)
}

/// Answers a query whose changes are followed. Boxed, as the future of a request is to be small.
async fn followed(
    state: &Arc<State>,
    request: &Request,
    served: Arc<Served>,
    query: Box<Query>,
    stages: &mut Stages,
) -> Result<Response<Body>, Refusal> {
    let format = form(request, &query)?;
    let followed = delta::follow(state, request, &served, query).await?;
    let mut prepared = prepare(request, served, followed.query, format, request.page_rows(), None)?;
    prepared.delta = followed.token.map(String::into_boxed_str);
    stages.end("plan");
    answer(state, request, prepared, stages).await
}

/// The form of an answer that the client takes.
fn form(request: &Request, query: &Query) -> Result<Format, Refusal> {
    let option = request.option("$format");
    let kind = kind(query.addressed);
    let agreed = negotiate::agree(kind, request.version, option.as_deref(), &request.headers)?;
    Ok(Format { omit_nulls: request.omits_nulls(), ..agreed.format })
}

fn kind(addressed: Addressed) -> Kind {
    match addressed {
        Addressed::Collection
        | Addressed::Entity
        | Addressed::Property(_)
        | Addressed::Dynamic
        | Addressed::Result => Kind::Data,
        Addressed::RawValue(_)
        | Addressed::RawResult
        | Addressed::RawDynamic
        | Addressed::ItemCount(_)
        | Addressed::Count
        | Addressed::Stream(_) => Kind::Raw,
    }
}

/// Plans a query, of whose expanded collections so many rows are shown, and compiles what is written of its rows.
fn prepare(
    request: &Request,
    served: Arc<Served>,
    query: Box<Query>,
    format: Format,
    page_rows: u64,
    resume: Option<&Resume>,
) -> Result<Prepared, Refusal> {
    let point = Point::of(&query, format).filter(|_| !request.head);
    if let Some((program, shape)) = point.and_then(|point| served.points.get(&point)) {
        let program = match query.steps.as_slice() {
            [Step::Key(values)] => Arc::new(program.with_key(values.iter().map(|(_, value)| value))),
            _ => program,
        };
        return Ok(Prepared { served, query, program, shape, format, delta: None });
    }
    let layout = Layout::of(&served.mapping.model, &query, Shape::needs(&query, format));
    let dialect = served.source.dialect();
    // HEAD needs to know whether there is something, not what.
    let nested = Some(page_rows.saturating_add(1));
    let limits = PlanLimits { rows: request.head.then_some(1), nested };
    let plan = plan(&served.mapping, dialect, &query, &layout, limits)?;
    // Values can be the same more than once, so none of them is a place to go on behind.
    let known = query.addressed == Addressed::Collection && query.called.is_none();
    let program =
        if known && !request.head { paged(dialect, plan, resume)? } else { program(dialect, &plan) };
    let most = dialect.bounds().parameters;
    if program.most_parameters() > most {
        return Err(too_many_parameters(program.most_parameters(), most));
    }
    let program = Arc::new(program);
    let shape = Arc::new(Shape::new(&served.mapping.model, &query, &layout, format, request.root_path()));
    // What stands for a member in a column is not the value of the key.
    let columns = &served.mapping.table(query.root).columns;
    let plain = |values: &[(usize, Value)]| values.iter().all(|(key, _)| columns[*key].codes.is_none());
    if let (Some(point), [Step::Key(values)]) = (point, query.steps.as_slice())
        && plain(values)
    {
        served.points.keep(point, &program, &shape);
    }
    Ok(Prepared { served, query, program, shape, format, delta: None })
}

/// What is asked has more values than a statement takes. Some parts of a URL stand for many, as members of enumerations do.
fn too_many_parameters(parameters: usize, most: usize) -> Refusal {
    let message = format!(
        "The request needs a statement with {parameters} values; the database takes {most} (fixed limit `parameters`)."
    );
    Refusal::bad_request("LimitExceeded", message).about("parameters")
}

async fn answer(
    state: &Arc<State>,
    request: &Request,
    prepared: Prepared,
    stages: &mut Stages,
) -> Result<Response<Body>, Refusal> {
    match prepared.query.addressed {
        _ if request.prefer.respond_async && !request.head => {
            Box::pin(answer_later(state, request, prepared, stages)).await
        }
        Addressed::Collection if !request.head =>
        // Boxed, so that the much larger state of a collection is not moved with every read.
        {
            Box::pin(collection::answer(state, request, prepared, stages)).await
        }
        Addressed::Collection
        | Addressed::Entity
        | Addressed::Property(_)
        | Addressed::Dynamic
        | Addressed::Result => single::answer(state, request, prepared, stages).await,
        // Those of streams do not come here.
        Addressed::RawValue(_)
        | Addressed::RawDynamic
        | Addressed::RawResult
        | Addressed::ItemCount(_)
        | Addressed::Stream(_) => Box::pin(value::raw_value(state, request, prepared, stages)).await,
        Addressed::Count => Box::pin(value::count(state, request, prepared, stages)).await,
    }
}

/// Answers where the answer is to come later, unless nothing can be stored.
async fn answer_later(
    state: &Arc<State>,
    request: &Request,
    prepared: Prepared,
    stages: &mut Stages,
) -> Result<Response<Body>, Refusal> {
    let entities = prepared.query.addressed == Addressed::Collection;
    if entities && !prepared.query.count {
        return match later::begin(state, request, prepared.clone()).await? {
            Some(response) => Ok(response),
            None => collection::answer(state, request, prepared, stages).await,
        };
    }
    let answering = answering(Arc::clone(state), request.clone(), prepared);
    match whole::begin(state, request, answering).await? {
        Ok(response) => Ok(response),
        Err(answering) => whole::at_once(state, request, answering).await,
    }
}

/// What makes an answer that is kept as a message, or says where the result is.
fn answering(state: Arc<State>, request: Request, prepared: Prepared) -> Answering {
    Box::pin(async move {
        if prepared.query.addressed == Addressed::Collection
            && let Some(made) = later::result(&state, &request, prepared.clone()).await?
        {
            // The number of all rows stands with the result, so it begins when that is known.
            return Ok(Answered::Result(made));
        }
        let answered = answer(&state, &request.at_once(), prepared, &mut Stages::start()).await;
        answered.map(Answered::Message)
    })
}
