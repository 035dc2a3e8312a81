//! Answers of one piece: an entity, a property, and HEAD on a collection.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Response, StatusCode};
use nextlink_db::run::{Cancel, Outcome};
use nextlink_odata::context;
use nextlink_odata::json::{EtagText, KeyValue, PageLimits, PageWriter, key_predicate, told_type};
use nextlink_odata::model::{Property, Type};
use nextlink_odata::query::{Addressed, ExprKind, Inside, Leaf, Query, Step};
use nextlink_odata::rows::RowSink;
use nextlink_odata::version::Version;

use super::Prepared;
use crate::answer::Refusal;
use crate::body::Body;
use crate::conditions::{tell_etag, unless_holds};
use crate::delivery::Whole;
use crate::envelope::{context_member, count_member};
use crate::headers::{SERVER_TIMING, TRACE_ID};
use crate::repeat::Kept;
use crate::request::Request;
use crate::response::{CancelGuard, Stages, add_common, compressed, crashed, json_response, no_content};
use crate::served::{Served, in_doubt};
use crate::state::State;

/// Runs a program whose rows are one piece: at once where it is found by its key, else on a thread that may block.
pub(super) async fn run<S: RowSink + Send + 'static>(
    state: &Arc<State>,
    request: &Request,
    prepared: &Prepared,
    mut sink: Box<S>,
) -> Result<(Box<S>, Outcome), Refusal> {
    let Prepared { served, program, .. } = prepared;
    if program.point {
        let login = request.login.as_ref();
        request.slot.admit(login)?;
        let options = || state.run_options(&request.slot, Cancel::default(), login);
        if let Some(outcome) = served.source.run_point(program, None, options, &mut *sink).await
            && !outcome.as_ref().is_err_and(|error| in_doubt(program, error))
        {
            request.slot.note(login, outcome.as_ref().err());
            let outcome = outcome.map_err(|e| request.slot.refusal((served, program), e, login.is_some()))?;
            return Ok((sink, outcome));
        }
    }
    // Boxed, so that reads by key do not move about what they do not need.
    Box::pin(run_blocking(state, request, prepared, sink)).await
}

async fn run_blocking<S: RowSink + Send + 'static>(
    state: &Arc<State>,
    request: &Request,
    prepared: &Prepared,
    mut sink: Box<S>,
) -> Result<(Box<S>, Outcome), Refusal> {
    let permit = state.turn(&request.slot).await?;
    let cancel = Cancel::default();
    let mut guard = CancelGuard::new(&cancel);
    let options = state.run_options(&request.slot, cancel, request.login.as_ref());
    let slot = Arc::clone(&request.slot);
    let (served, program) = (Arc::clone(&prepared.served), Arc::clone(&prepared.program));
    let ran = tokio::task::spawn_blocking(move || {
        let outcome = slot.run(&served, &program, &options, &mut *sink);
        drop(permit);
        outcome.map(|outcome| (sink, outcome))
    })
    .await;
    guard.release();
    match ran {
        Ok(ran) => ran,
        Err(error) => Err(crashed(&error)),
    }
}

/// What to answer where there is no row.
pub fn missing(query: &Query, outcome: &Outcome, version: Version) -> Result<Response<Body>, Refusal> {
    let through_navigation = matches!(query.steps.last(), Some(Step::Navigate(_)));
    let called = matches!(query.steps.last(), Some(Step::Call(..))) && outcome.parent != Some(false);
    match (through_navigation, outcome.parent, query.addressed) {
        // A function that gives nothing (Part 1 section 11.5.4).
        (_, _, Addressed::Entity | Addressed::Result | Addressed::RawResult) if called => {
            Ok(no_content(version))
        }
        _ if called => Err(Refusal::not_found("The function gives no entity.")),
        // A single-valued navigation property that is null (Part 1 section 11.2.3).
        (true, Some(true), Addressed::Entity) => Ok(no_content(version)),
        (true, Some(true), _) => Err(Refusal::not_found("The navigation property leads to no entity.")),
        _ if query.inside.iter().any(|step| matches!(step, Inside::Item(_))) => {
            Err(Refusal::not_found("There is no entity with this key, or no item with this number."))
        }
        (false, ..) if query.singleton.is_some() => {
            Err(Refusal::not_found("The database has no row for this singleton."))
        }
        _ => Err(Refusal::not_found("There is no entity with this key.")),
    }
}

/// Answers an entity, a property, or HEAD.
pub async fn answer(
    state: &Arc<State>,
    request: &Request,
    prepared: Prepared,
    stages: &mut Stages,
) -> Result<Response<Body>, Refusal> {
    let batch_bytes = request.slot.limits(&state.config).batch_bytes();
    let limits = PageLimits { rows: request.page_rows(), bytes: usize::MAX, batch_bytes, total: u64::MAX };
    let writer = Box::new(PageWriter::new(Arc::clone(&prepared.shape), limits, Whole::default()));
    let (writer, outcome) = run(state, request, &prepared, writer).await?;
    stages.end("rows");
    let Prepared { served, query, program, shape, format, .. } = prepared;
    if writer.batch_too_large() {
        return Err(batch_too_large(batch_bytes));
    }
    let etag = told_etag(&query, writer.last_etag());
    let identifier = query.leads_to_value().then(|| writer.last_identifier());
    let Whole { bytes: rows, count } = writer.finish();
    if query.addressed == Addressed::Collection {
        if outcome.rows == 0 && outcome.parent == Some(false) {
            return missing(&query, &outcome, request.version);
        }
        return Ok(json_response(request, format, Body::empty()));
    }
    if outcome.rows == 0 {
        return missing(&query, &outcome, request.version);
    }
    if outcome.rows > 1 && matches!(query.steps.last(), Some(Step::Key(_))) {
        // The owner may have said of a view that columns are a key which are none.
        let message = "The database has several rows with this key.";
        return Err(Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "ValueMismatch", message));
    }
    if let Some(known) = unless_holds(&request.headers, etag.as_deref(), request.version)? {
        return Ok(known);
    }
    // Only the context of a property names the entity.
    let entity = match query.addressed {
        Addressed::Property(_) | Addressed::Dynamic => entity_path(&served, &query, identifier),
        _ => String::new(),
    };
    let fragment = context::fragment(&served.mapping.model, &query, &entity, request.version);
    let context = context_member(format, &request.root, &fragment);
    let value = matches!(query.addressed, Addressed::Property(_) | Addressed::Dynamic | Addressed::Result);
    if value && rows == b"null" {
        let mut response = no_content(request.version);
        tell_etag(&mut response, etag.as_deref());
        return Ok(response);
    }
    // That of the values of a collection comes before them.
    let count = count.map(|count| count_member(format, count));
    let leaf = query.leaf(&served.mapping.model);
    let ty = leaf.as_ref().and_then(|leaf| told_type(&served.mapping.model, format, leaf, &rows));
    let before = [context.as_deref(), ty.as_deref(), count.as_deref()].into_iter().flatten();
    let before = before.collect::<Vec<_>>().join(",");
    let before = (!before.is_empty()).then_some(before);
    let text = in_envelope(leaf.as_ref(), &query, before.as_deref(), &rows);
    let mut response = json_response(request, format, Body::empty());
    if let (Some(repeat), Some(key)) = (&request.repeat, point_key(&served, &query)) {
        let headers = kept_headers(&response);
        let kept =
            Kept { program, shape, context, headers, version: request.version, gzip: request.gzip, key };
        served.repeats.keep(repeat, kept);
    }
    tell_etag(&mut response, etag.as_deref());
    Ok(compressed(request.gzip, response, vec![text.into()]))
}

/// The headers of an answer that others will have, too.
fn kept_headers(response: &Response<Body>) -> HeaderMap {
    let mut headers = response.headers().clone();
    add_common(&mut headers);
    // Those that differ have their place, so that no room has to be made for them.
    for name in [SERVER_TIMING, TRACE_ID] {
        headers.insert(name, HeaderValue::from_static(""));
    }
    headers
}

/// The ETag of an answer, where it says whether all of the answer is the same: what hangs on an entity has states of its own.
pub(super) fn told_etag(query: &Query, etag: &EtagText) -> Option<String> {
    let alone = query.selection.expand.is_empty() && query.selection.named.is_empty();
    etag.header(false).filter(|_| alone && query.addressed != Addressed::Collection)
}

/// The type of the one key property that a whole entity is found by.
fn point_key(served: &Served, query: &Query) -> Option<Type> {
    let ([Step::Key(values)], None) = (query.steps.as_slice(), query.singleton) else {
        return None;
    };
    let model = &served.mapping.model;
    let ty = model.entity_type(model.entity_set(query.root).entity_type);
    match values.as_slice() {
        [(property, _)] if query.addressed == Addressed::Entity => Some(ty.properties[*property].ty),
        _ => None,
    }
}

/// Puts the context before the first member of an object.
pub fn object(context: Option<&str>, row: &[u8]) -> Vec<u8> {
    let context_bytes = context.map_or(0, |context| context.len() + 1);
    let mut text = Vec::with_capacity(1 + context_bytes + row.len());
    text.push(b'{');
    text.extend_from_slice(context.unwrap_or_default().as_bytes());
    let members = row.get(1..).unwrap_or_default();
    if context.is_some() && members != b"}" {
        text.push(b',');
    }
    text.extend_from_slice(members);
    text
}

/// Puts the context before an entity or a value.
fn in_envelope(leaf: Option<&Leaf>, query: &Query, context: Option<&str>, row: &[u8]) -> Vec<u8> {
    // An entity or a complex value is an object of its own; the context comes before its first member.
    let is_object = match leaf {
        Some(leaf) => matches!(leaf.ty, Type::Complex(_)) && !leaf.collection,
        // What a dynamic property is, its value says.
        None if query.addressed == Addressed::Dynamic => row.starts_with(b"{"),
        None => true,
    };
    if is_object {
        return object(context, row);
    }
    let value = [context.map_or("{\"value\":", |_| "\"value\":").as_bytes(), row, b"}"].concat();
    match context {
        Some(context) => [b"{", context.as_bytes(), b",", &value].concat(),
        None => value,
    }
}

/// The expansion of one entity is larger than what may be held in memory.
pub fn batch_too_large(limit: usize) -> Refusal {
    let message = format!(
        "The expanded collections of a few entities take more than {limit} bytes (limit `batch_bytes`); use $top, \
         $filter or $select inside of $expand."
    );
    Refusal::bad_request("LimitExceeded", message).about("batch_bytes")
}

/// The path to the entity that a property belongs to, as it stands in a context URL: its identifier, which is that of the path
/// unless another one was read.
fn entity_path(served: &Served, query: &Query, identifier: Option<String>) -> String {
    let model = &served.mapping.model;
    let mut set = query.root;
    let (mut path, known) = match query.singleton.map(|number| &model.singletons[number]) {
        // The row that a singleton is follows from its name.
        Some(single) => (single.name.clone(), usize::from(!single.row.is_empty())),
        None => (model.entity_set(set).name.clone(), 0),
    };
    let mut casts = String::new();
    for step in &query.steps[known..] {
        let ty = model.entity_type(model.entity_set(set).entity_type);
        match step {
            Step::Key(values) => {
                let named = values.iter().map(|(p, value)| {
                    let Property { name, ty, .. } = &ty.properties[*p];
                    let enumeration = match ty {
                        Type::Enum(_) => model.type_name(*ty),
                        Type::Primitive(_) | Type::Complex(_) => String::new(),
                    };
                    KeyValue { name, enumeration, value }
                });
                let key = key_predicate(&named.collect::<Vec<_>>());
                path = [&model.entity_set(set).name, key.as_str()].concat();
            }
            Step::Navigate(index) => {
                set = ty.navigation[*index].target_set;
                casts.clear();
            }
            Step::Filter(condition) => {
                if let ExprKind::OfType(_, of) = condition.kind {
                    casts.push('/');
                    casts.push_str(&model.qualified_cast(set, Some(of)));
                }
            }
            Step::Each => {}
            Step::Call(function, _) => {
                if let Some(found) = model.functions[*function].set() {
                    set = found;
                    path.clone_from(&model.entity_set(set).name);
                }
            }
        }
    }
    [identifier.unwrap_or(path), casts].concat()
}
