//! A further page: given as it is stored, or, where all that was stored is lost, the rest of the result read anew from
//! the row that the link names.

use std::sync::Arc;
use std::time::Duration;

use http::Response;
use nextlink_odata::bind::{self, Request as Asked};
use nextlink_odata::json::{PageLimits, PageWriter};
use nextlink_results::token::Token;
use nextlink_results::{After, Continues, CreateError, Generation, NodeId};
use nextlink_sql::plan::Resume;
use nextlink_sql::position;
use tokio::sync::oneshot;

use super::collection::{conclude, page_limits, storing};
use super::prepare;
use crate::address;
use crate::answer::{Refusal, gone};
use crate::body::Body;
use crate::cluster::{self, Copies, Executions};
use crate::delivery::Delivery;
use crate::headers::SERVER_TIMING;
use crate::kept::{Kept, kept};
use crate::observe::{Event, event};
use crate::page::{Opened, answer, open};
use crate::request::Request;
use crate::response::Stages;
use crate::state::{State, now};

/// How many lost executions one request looks behind.
const HOPS: usize = 8;

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
        // Where this node goes on with a lost result, it does so whoever comes back.
        let at = Continues { generation: opened.token.generation, page: opened.token.page };
        if let Some(generation) = state.store.continuation(opened.token.result, at) {
            opened.token = Token { owner: state.store.node(), generation, page: 0, ..opened.token };
            anew = true;
            continue;
        }
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
        let token = cluster::go_on(&lost, &opened.token, missing, &mut executed).await?;
        stages.end("again");
        anew |= token.generation != opened.token.generation;
        opened.token = token;
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

    /// Where the last row of a page stands, if somebody has that page.
    async fn position_behind(&self, page: u32) -> Vec<u8> {
        let token = Token { page, ..self.token().clone() };
        let (cluster, store) = (self.state.cluster.as_ref(), &self.state.store);
        let found = Box::pin(cluster::page(cluster, store, &token, Duration::ZERO)).await;
        found.map_or_else(|_| Vec::new(), |page| page.position.to_vec())
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
}

impl Executions for Lost<'_> {
    fn here(&self) -> NodeId {
        self.state.store.node()
    }

    fn is_fenced(&self) -> bool {
        self.state.cluster.as_ref().is_some_and(|cluster| cluster.is_fenced())
    }

    async fn ask_copies(&self) -> Copies {
        match &self.state.cluster {
            Some(cluster) => cluster::ask_copies(cluster, &self.state.store, self.token()).await,
            None => Copies::Silent(Vec::new()),
        }
    }

    async fn look(&self) {
        if let Some(cluster) = &self.state.cluster {
            cluster.look().await;
        }
    }

    fn is_live(&self, node: NodeId) -> bool {
        let members = self.state.cluster.as_ref().map(|cluster| cluster.members());
        members.and_then(|members| members.node(node)).is_some_and(|member| member.is_live())
    }

    async fn generations(&self) -> Option<Vec<Generation>> {
        let (registry, id) = (Arc::clone(&self.state.registry), self.token().result);
        tokio::task::spawn_blocking(move || registry.generations(id)).await.ok()?.ok()
    }

    /// Executes the request again from the row behind the last one that was given, and stores the rest of the result.
    async fn execute(&self, lost: &Generation, known: u32) -> Result<Result<u32, CreateError>, Refusal> {
        let (state, request, token) = (self.state, self.request, self.token());
        let Kept { envelope, form_text, form, position, .. } = self.kept(lost).await?;
        let position = match token.page {
            _ if !token.extra.is_empty() => token.extra.clone(),
            // What a link cannot carry stands with the result, for the row before its first one.
            0 => position,
            page => self.position_behind(page - 1).await,
        };
        let last = Some(&position).filter(|position| !position.is_empty());
        let last = last.and_then(|position| position::from_bytes(position));
        let last =
            last.ok_or_else(|| gone("The stored result was lost, and its place cannot be found again."))?;
        let served = request.slot.served(request.login.as_ref())?;
        let source_limits = request.slot.limits(&state.config);
        let parsed = address::parse(form.url(), &source_limits.parse_options(), &request.slot.name)?;
        let mut asked = bind::bind(&served.mapping.model, &parsed, source_limits.bind(), &now())?;
        asked.set_user(request.login.as_ref().map(|login| login.user.as_str()));
        let Asked::Query(query) = asked else {
            return Err(gone("The stored result was lost."));
        };
        let resume = Resume { last, rows: token.first_row };
        let prepared = prepare(request, served, query, form.format(), form.page_rows(), Some(&resume))?;
        let permit = state.turn(&request.slot).await?;
        let whole = page_limits(state, request, form.page_rows());
        let limits = PageLimits { total: whole.total.saturating_sub(token.first_row), ..whole };
        let storing = storing(state, request, &prepared, envelope, form_text);
        let after = After { id: token.result, known, continues: self.at() };
        let first_row = token.first_row;
        let slot = Arc::clone(&request.slot);
        let options =
            state.run_options(&request.slot, nextlink_db::run::Cancel::default(), request.login.as_ref());
        let (tell, told) = oneshot::channel();
        tokio::task::spawn_blocking(move || {
            let (delivery, generation) = match Delivery::resume(storing, after, first_row, &position) {
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
            conclude(writer, outcome, &prepared.query, whole);
        });
        let begun = told.await.map_err(|_| Refusal::internal(None))?;
        if let Ok(generation) = begun {
            event(&Event::GoesOn { id: &token.result, generation });
        }
        Ok(begun)
    }
}
