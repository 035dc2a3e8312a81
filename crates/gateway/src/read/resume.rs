//! A further page: given as it is stored, or, where all that was stored is lost, the rest of the result read anew from
//! the row that the link names.

use std::sync::Arc;
use std::time::Duration;

use http::Response;
use nextlink_odata::bind::{self, Request as Asked};
use nextlink_odata::json::PageWriter;
use nextlink_odata::url;
use nextlink_results::token::Token;
use nextlink_results::{
    After, Continues, CreateError, Generation, Incomplete, PageError, Recovery, ResultState,
};
use nextlink_sql::plan::Resume;
use nextlink_sql::position;
use tokio::sync::oneshot;

use super::collection::{conclude, page_limits, storing};
use super::prepare;
use crate::answer::{Refusal, create_cause, gone};
use crate::body::Body;
use crate::cluster::{self, Missing};
use crate::delivery::Delivery;
use crate::headers::SERVER_TIMING;
use crate::observe::{Event, event};
use crate::page::{Kept, Opened, answer, kept, open};
use crate::request::Request;
use crate::response::Stages;
use crate::state::{State, now};

/// How many lost executions one request looks behind.
const HOPS: usize = 8;
/// Times that a node tries to be the one that goes on with a result.
const CLAIMS: u32 = 5;
/// Time between two of them.
const PAUSE: Duration = Duration::from_millis(20);

/// Answers a request for a further page.
///
/// # Errors
/// 400 for a token that is not valid here, 406 for a form that is not that of the stored rows, 410 for a result that
/// is gone, 503 for a page that is not written in time, or whose node may come back.
pub async fn page(
    state: &Arc<State>,
    request: &Request,
    token: &str,
    mut stages: Stages,
) -> Result<Response<Body>, Refusal> {
    let mut opened = open(state, request, token)?;
    stages.end("token");
    let wait = Duration::from_secs(state.config.limits.page_wait_seconds);
    let (mut anew, mut executed) = (false, false);
    for _ in 0..HOPS {
        let found = cluster::page(state.cluster.as_ref(), &state.store, &opened.token, wait).await;
        let missing = match found {
            Ok(stored) => {
                if opened.token.owner == state.store.node() {
                    event(&Event::PageOwn);
                }
                stages.end("page");
                let mut response = answer(state, request, &opened, stored, anew).await?;
                if let Some(header) = stages.header() {
                    response.headers_mut().insert(SERVER_TIMING, header);
                }
                return Ok(response);
            }
            Err(missing) => missing,
        };
        let lost = Lost { state, request, opened: &opened };
        opened.token = lost.go_on(missing, &mut executed).await?;
        stages.end("again");
        anew = true;
    }
    Err(gone("The stored result was lost again and again."))
}

/// A page that nobody can give.
struct Lost<'a> {
    state: &'a Arc<State>,
    request: &'a Request,
    opened: &'a Opened,
}

impl Lost<'_> {
    fn token(&self) -> &Token {
        &self.opened.token
    }

    fn at(&self) -> Continues {
        Continues { generation: self.token().generation, page: self.token().page }
    }

    /// The token for the page of the execution that goes on for the lost one: one that there is already, or a new one.
    async fn go_on(&self, missing: Missing, executed: &mut bool) -> Result<Token, Refusal> {
        if !self.is_lost(&missing) {
            return Err(missing.into());
        }
        let here = self.state.store.node();
        if let Some(generation) = self.state.store.continuation(self.token().result, self.at()) {
            return Ok(Token { owner: here, generation, page: 0, ..self.token().clone() });
        }
        for attempt in 0..CLAIMS {
            let Some(all) = self.generations().await else {
                return Err(missing.into());
            };
            if let Some(found) = all.iter().find(|one| one.row.continues == Some(self.at())) {
                let (owner, generation) = (found.row.owner, found.row.generation);
                return Ok(Token { owner, generation, page: 0, ..self.token().clone() });
            }
            let lost = all.iter().find(|one| one.row.generation == self.token().generation);
            let lost = lost.ok_or_else(|| gone("The stored result has expired."))?;
            let may_come_back = lost.live && lost.row.state != ResultState::Failed && lost.row.owner != here;
            let fenced = self.state.cluster.as_ref().is_some_and(|cluster| cluster.is_fenced());
            if may_come_back || fenced || *executed {
                return Err(missing.into());
            }
            if lost.row.recovery == Recovery::None {
                return Err(gone("The stored result was lost, and it cannot be gone on with."));
            }
            let known = all.iter().map(|one| one.row.generation).max().unwrap_or_default();
            match self.execute(lost, known).await? {
                Ok(generation) => {
                    *executed = true;
                    event(&Event::GoesOn { id: &self.token().result, generation });
                    return Ok(Token { owner: here, generation, page: 0, ..self.token().clone() });
                }
                Err(CreateError::Claimed) => tokio::time::sleep(PAUSE * (attempt + 1)).await,
                Err(error) => {
                    let message = "The stored result was lost, and its rest cannot be stored now; try again.";
                    let refusal = Refusal::unavailable("NotStored", message, 5).about("$skiptoken");
                    return Err(Refusal { cause: Some(create_cause(&error)), ..refusal });
                }
            }
        }
        Err(missing.into())
    }

    /// Whether the page is to be had of nobody, as far as this node can tell.
    fn is_lost(&self, missing: &Missing) -> bool {
        match missing {
            Missing::NoOwner | Missing::Call(_) => true,
            Missing::Page(error) => match error {
                PageError::Unknown | PageError::OtherGeneration { .. } => true,
                // What is damaged is not passed over in silence.
                PageError::Corrupt(_) | PageError::Io(_) => false,
                PageError::Incomplete(why) => !matches!(why, Incomplete::Write(_) | Incomplete::Damaged),
                // The source failed when it was to go on: nobody has read any of that.
                PageError::SourceFailed { .. } => self.token().generation > 1 && self.token().page == 0,
                PageError::NotYet | PageError::Expired | PageError::NoSuchPage { .. } => false,
            },
        }
    }

    /// All executions of the result; none where the system database does not answer.
    async fn generations(&self) -> Option<Vec<Generation>> {
        let (registry, id) = (Arc::clone(&self.state.registry), self.token().result);
        tokio::task::spawn_blocking(move || registry.generations(id)).await.ok()?.ok()
    }

    /// What is kept with the lost result: from the registry, or from what is left of it here.
    async fn kept(&self, lost: &Generation) -> Result<Kept, Refusal> {
        let header = if lost.header.is_empty() {
            let left = self.state.store.header(self.token().result, self.token().generation).await;
            left.map_err(|_| gone("The stored result was lost."))?
        } else {
            lost.header.clone()
        };
        let opened = self.state.store.foreign(&header);
        kept(opened.ok_or_else(|| gone("The stored result was lost."))?.meta())
    }

    /// Executes the request again from the row behind the last one that was given, and stores the rest of the result.
    async fn execute(&self, lost: &Generation, known: u32) -> Result<Result<u32, CreateError>, Refusal> {
        let (state, request, token) = (self.state, self.request, self.token());
        let Kept { envelope, form_text, form, position } = self.kept(lost).await?;
        // What a link cannot carry stands with the result, for the row before its first one.
        let position = if token.extra.is_empty() && token.page == 0 { position } else { token.extra.clone() };
        let last = Some(&position).filter(|position| !position.is_empty());
        let last = last.and_then(|position| position::from_bytes(position));
        let last =
            last.ok_or_else(|| gone("The stored result was lost, and its place cannot be found again."))?;
        let served = request.slot.served()?;
        let parsed = url::parse_with(form.url(), &state.config.limits.parse_options())?;
        let asked = bind::bind(&served.mapping.model, &parsed, state.config.limits.bind_limits(), &now())?;
        let Asked::Query(query) = asked else {
            return Err(gone("The stored result was lost."));
        };
        let resume = Resume { last, rows: token.first_row };
        let prepared = prepare(request, served, query, form.format(), Some(&resume))?;
        let permit = state.turn().await?;
        let limits = page_limits(state, request, form.page_rows());
        let storing = storing(state, request, &prepared, envelope, form_text);
        let after = After { id: token.result, known, continues: self.at() };
        let (first_row, patience) = (token.first_row, Duration::from_secs(1));
        let slot = Arc::clone(&request.slot);
        let options = state.run_options(nextlink_db::run::Cancel::default(), request.login.as_ref());
        let (tell, told) = oneshot::channel();
        tokio::task::spawn_blocking(move || {
            let (delivery, generation) =
                match Delivery::resume(storing, after, first_row, &position, patience) {
                    Ok(begun) => begun,
                    Err(error) => {
                        let _ = tell.send(Err(error));
                        return;
                    }
                };
            // Whoever asked may be gone; the rest is stored all the same, as the next one will ask for it.
            let _ = tell.send(Ok(generation));
            let mut writer = PageWriter::new(prepared.shape, limits, delivery);
            let outcome = slot.run(&prepared.served, &prepared.program, &options, &mut writer);
            drop(permit);
            conclude(writer, outcome, &prepared.query, limits.batch_bytes);
        });
        told.await.map_err(|_| {
            let (status, message) =
                (http::StatusCode::INTERNAL_SERVER_ERROR, "The request could not be answered.");
            Refusal::new(status, "InternalError", message)
        })
    }
}
