//! Delta links (Part 1 section 11.3): what has changed since a result was begun. A mark of the database, read before the result
//! is, travels in the link, sealed.

use std::sync::Arc;

use http::StatusCode;
use nextlink_db::run::Cancel;
use nextlink_odata::model::Model;
use nextlink_odata::query::{Addressed, Input, Query};
use nextlink_odata::rows::{Flow, RowSink};
use nextlink_results::token::{Token, TokenError};
use nextlink_results::{NodeId, ResultId};
use nextlink_sql::plan::{all_told, mark};
use nextlink_sql::statement::Program;

use crate::answer::Refusal;
use crate::request::Request;
use crate::response::crashed;
use crate::served::Served;
use crate::state::State;

/// Bytes of a mark at most; those of numbers and points in time are far shorter.
const MAX_MARK: usize = 200;

/// A query whose changes are followed, and the token of the link to them.
pub struct Followed {
    /// What is asked: all of it, or what has changed.
    pub query: Box<Query>,
    /// The token of the link to what changes from now on.
    pub token: Option<String>,
}

/// Whether changes are to be followed, or are asked for.
pub fn is_asked(request: &Request, query: &Query) -> bool {
    let tracks = request.prefer.track_changes && query.addressed == Addressed::Collection && !request.head;
    tracks || request.option("$deltatoken").is_some()
}

/// Reads the mark of now where changes are to be followed, and that of a delta link where they are asked for. The mark is read
/// before the rows are: what changes meanwhile is told again rather than not at all.
///
/// # Errors
/// 410 for a link that is not valid any more, 501 for a query whose changes cannot be followed.
pub async fn follow(
    state: &Arc<State>,
    request: &Request,
    served: &Arc<Served>,
    query: Box<Query>,
) -> Result<Followed, Refusal> {
    let can = can_follow(&served.mapping.model, &query) && !request.needs_short_link();
    let Some(text) = request.option("$deltatoken") else {
        let wanted = can && query.skip == 0;
        let token = if wanted {
            let now = now(state, request, served, &query).await?;
            sealed(state, request, served, &query, now)?
        } else {
            None
        };
        return Ok(Followed { query, token });
    };
    if !can {
        let message = "The changes of this cannot be followed, so there are no delta links to it.";
        let refusal = Refusal::new(StatusCode::NOT_IMPLEMENTED, "NotImplemented", message);
        return Err(refusal.about("$deltatoken"));
    }
    let opened = state.tokens.open(&text, &binding(request, served, &query));
    let since = opened.map_err(|error: TokenError| gone(error))?.extra;
    let now = now(state, request, served, &query).await?;
    // Where nothing has ever been told, nothing can have been taken away.
    let never = since.is_empty() && now.is_empty();
    if let Some(program) = all_told(&served.mapping, served.source.dialect(), &query, &since)?
        && !never
        && position_of(state, request, served, program).await?.is_empty()
    {
        return Err(too_old());
    }
    // Who asks for no more than the number goes on with the same link.
    let counted = query.addressed == Addressed::Count;
    let token = if counted { None } else { sealed(state, request, served, &query, now)? };
    // What has changed is told whole and in its own order: a part of it would leave the rest unsaid.
    let query = Query { since: Some(since), top: None, skip: 0, orderby: Vec::new(), ..*query };
    Ok(Followed { query: Box::new(query), token })
}

fn gone(_: TokenError) -> Refusal {
    let message = "This delta link is not valid any more. Start again with the request without $deltatoken.";
    Refusal::new(StatusCode::GONE, "DeltaLinkGone", message).about("$deltatoken")
}

fn too_old() -> Refusal {
    let message = "This delta link is too old: some of what has changed since then is not known any more. Start again with \
                   the request without $deltatoken.";
    Refusal::new(StatusCode::GONE, "DeltaLinkGone", message).about("$deltatoken")
}

/// Whether a change of what is asked is a change of a row of its table.
fn can_follow(model: &Model, query: &Query) -> bool {
    let selection = &query.selection;
    let told = matches!(query.addressed, Addressed::Collection | Addressed::Count);
    let entities = matches!(query.input, Input::Path) && told;
    let whole_set = query.steps.is_empty() && query.singleton.is_none() && selection.of.is_none();
    let plain = selection.expand.is_empty() && selection.combined.is_empty() && !selection.references;
    let own = query.filter.iter().chain(selection.named.iter().map(|named| &named.expr));
    let tracked = model.entity_set(query.root).tracked && !model.is_single(query.root);
    tracked && entities && whole_set && plain && !selection.rows && own.into_iter().all(|expr| expr.is_own())
}

/// What the token of a delta link is bound to: beside what is asked, the columns by which changes are known.
fn binding(request: &Request, served: &Served, query: &Query) -> Vec<u8> {
    let table = served.mapping.table(query.root);
    let changes = [table.changes.at, table.changes.deleted];
    let columns = changes.map(|column| column.map_or("", |column| table.columns[column].column.as_str()));
    let mut columns = columns.to_vec();
    if let Some(log) = &table.changes.log {
        columns.extend([log.schema.as_deref().unwrap_or_default(), &log.table, &log.at.column]);
        columns.extend(log.key.iter().map(|column| column.column.as_str()));
    }
    // With another condition, rows come and go without a change of their own.
    columns.extend(table.rows.as_ref().map(|rows| rows.told.text.as_str()));
    request.delta_binding(&columns)
}

/// The mark of now; nothing before the first change.
async fn now(
    state: &Arc<State>,
    request: &Request,
    served: &Arc<Served>,
    query: &Query,
) -> Result<Vec<u8>, Refusal> {
    let program = mark(&served.mapping, served.source.dialect(), query)?;
    position_of(state, request, served, program).await
}

/// The position of the one row of a program; nothing where there is none.
async fn position_of(
    state: &Arc<State>,
    request: &Request,
    served: &Arc<Served>,
    program: Program,
) -> Result<Vec<u8>, Refusal> {
    let permit = state.turn(&request.slot).await?;
    let options = state.run_options(&request.slot, Cancel::default(), request.login.as_ref());
    let (slot, source) = (Arc::clone(&request.slot), Arc::clone(served));
    let ran = tokio::task::spawn_blocking(move || {
        let mut sink = MarkSink::default();
        let outcome = slot.run(&source, &program, &options, &mut sink);
        drop(permit);
        outcome.map(|_| sink.0)
    });
    ran.await.map_err(|error| crashed(&error))?
}

/// The token of the link to what changes from a mark on; none where it would be too long.
fn sealed(
    state: &Arc<State>,
    request: &Request,
    served: &Arc<Served>,
    query: &Query,
    extra: Vec<u8>,
) -> Result<Option<String>, Refusal> {
    if extra.len() > MAX_MARK {
        return Ok(None);
    }
    let token = Token {
        result: ResultId::from_bytes([0; 16]),
        owner: NodeId::from_bytes([0; 16]),
        generation: 0,
        page: 0,
        first_row: 0,
        rows_left: None,
        extra,
    };
    Ok(Some(state.tokens.seal(&token, &binding(request, served, query))?))
}

/// Takes the position of the one row of a mark.
#[derive(Default)]
struct MarkSink(Vec<u8>);

impl RowSink for MarkSink {
    fn begin_row(&mut self, _node: usize, _parent: u32) -> bool {
        true
    }
    fn null(&mut self) {}
    fn boolean(&mut self, _value: bool) {}
    fn integer(&mut self, _value: i64) {}
    fn double(&mut self, _value: f64) {}
    fn single(&mut self, _value: f32) {}
    fn decimal(&mut self, _digits: &str) {}
    fn string(&mut self, _value: &str) {}
    fn plain(&mut self, _text: &[u8]) {}
    fn shape(&mut self, _text: &str) {}
    fn binary(&mut self, _value: &[u8]) {}
    fn open(&mut self) {}
    fn close(&mut self) {}
    fn end_row(&mut self) -> Flow {
        Flow::Continue
    }
    fn wants_position(&self) -> bool {
        true
    }
    fn position(&mut self, position: Vec<u8>) {
        self.0 = position;
    }
    fn count(&mut self, _node: usize, _parent: u32, _rows: u64) {}
    fn end_batch(&mut self, _rows: usize) -> Flow {
        Flow::Continue
    }
    fn retry_batch(&mut self) -> bool {
        false
    }
}
