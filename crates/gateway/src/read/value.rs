//! Answers in plain text: a raw value and a count.

use std::sync::Arc;

use http::{HeaderValue, Response, header};
use nextlink_db::run::Cancel;
use nextlink_odata::json::{NoPlainValue, raw_json, raw_typed};
use nextlink_odata::model::Type;
use nextlink_odata::query::{Addressed, Query};

use super::Prepared;
use super::raw::Raw;
use super::single::{missing, run, told_etag};
use crate::answer::Refusal;
use crate::body::Body;
use crate::conditions::{tell_etag, unless_holds};
use crate::headers::ODATA_VERSION;
use crate::request::Request;
use crate::response::{CancelGuard, Stages, crashed, no_content};
use crate::served::Served;
use crate::state::State;

/// Answers `/$count`.
pub async fn count(
    state: &Arc<State>,
    request: &Request,
    prepared: Prepared,
    stages: &mut Stages,
) -> Result<Response<Body>, Refusal> {
    let permit = state.turn(&request.slot).await?;
    let cancel = Cancel::default();
    let mut guard = CancelGuard::new(&cancel);
    let options = state.run_options(&request.slot, cancel, request.login.as_ref());
    let slot = Arc::clone(&request.slot);
    let Prepared { served, program, .. } = prepared;
    let counted = tokio::task::spawn_blocking(move || {
        let counted = slot.count(&served, &program, &options);
        drop(permit);
        counted
    })
    .await;
    guard.release();
    let (rows, parent) = counted.map_err(|e| crashed(&e))??;
    stages.end("rows");
    if parent == Some(false) {
        return Err(Refusal::not_found("There is no entity with this key."));
    }
    Ok(text_response(request, "text/plain", Body::full(rows.to_string())))
}

fn text_response(request: &Request, media: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(ODATA_VERSION, HeaderValue::from_static(request.version.as_str()));
    response
}

/// Answers `/$value` (Part 1 section 11.2.4.1).
pub async fn raw_value(
    state: &Arc<State>,
    request: &Request,
    prepared: Prepared,
    stages: &mut Stages,
) -> Result<Response<Body>, Refusal> {
    let (mut raw, outcome) = run(state, request, &prepared, Box::<Raw>::default()).await?;
    stages.end("rows");
    if outcome.rows == 0 {
        return missing(&prepared.query, &outcome, request.version);
    }
    let etag = told_etag(&prepared.query, raw.etag());
    if let Some(known) = unless_holds(&request.headers, etag.as_deref(), request.version)? {
        return Ok(known);
    }
    let bytes = match raw.bytes {
        Some(bytes) => raw_form(&prepared.served, &prepared.query, bytes)?,
        None => None,
    };
    let Some(bytes) = bytes else {
        let mut response = no_content(request.version);
        tell_etag(&mut response, etag.as_deref());
        return Ok(response);
    };
    let media = match prepared.query.addressed {
        _ if raw.binary => "application/octet-stream",
        Addressed::ItemCount(_) => "text/plain",
        _ => "text/plain;charset=utf-8",
    };
    let mut response = text_response(request, media, Body::full(bytes));
    tell_etag(&mut response, etag.as_deref());
    Ok(response)
}

/// The raw form of a value as it was read; none where it is null.
fn raw_form(served: &Served, query: &Query, bytes: Vec<u8>) -> Result<Option<Vec<u8>>, Refusal> {
    if query.addressed == Addressed::RawDynamic {
        return raw_json(&String::from_utf8_lossy(&bytes), &query.steps_inside)
            .map_err(|NoPlainValue| Refusal::not_found("Only a primitive property has a $value."));
    }
    let model = &served.mapping.model;
    if let (Some(steps), Some(leaf)) = (query.json_steps(model), query.leaf(model)) {
        let Type::Primitive(primitive) = leaf.ty else { return Ok(None) };
        return Ok(raw_typed(&String::from_utf8_lossy(&bytes), &steps, primitive));
    }
    Ok(Some(without_flags(served, query, bytes)))
}

/// No member at all of flags is the number 0.
fn without_flags(served: &Served, query: &Query, bytes: Vec<u8>) -> Vec<u8> {
    let model = &served.mapping.model;
    match query.leaf(model).map(|leaf| leaf.ty) {
        Some(Type::Enum(id)) if bytes.is_empty() && model.enum_type(id).flags => b"0".to_vec(),
        _ => bytes,
    }
}
