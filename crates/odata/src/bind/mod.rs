//! From the syntax tree to a query: names are looked up in the model, expressions get their types.

mod call;
mod constant;
mod enumeration;
mod error;
mod expr;
mod member;
mod path;
mod scope;
mod search;
mod select;

pub use constant::{coerce, read};
pub use error::{BindError, BindErrorKind, BindResult};
pub use scope::BindLimits;

use crate::model::Model;
use crate::query::{Addressed, Query};
use crate::url::ast::{Options, SegmentKind, Url};
use error::{invalid, not_found, not_supported};
use path::BoundPath;
use scope::{Context, Scope};

/// What a URL asks for.
#[derive(Debug, Clone)]
pub enum Request {
    /// The service document.
    ServiceDocument,
    /// `$metadata`
    Metadata,
    /// Entities, one entity, a property, or a count.
    Query(Box<Query>),
}

/// Options that are text and have their meaning outside of the query.
const OUTER_OPTIONS: &[&str] = &["$format", "$skiptoken"];

/// Binds a URL. `now` is the time of the request in UTC as `YYYY-MM-DDThh:mm:ss.f`.
///
/// # Errors
/// Names that are not in the model, types that do not fit, limits, and what is not supported, each with its place.
pub fn bind(model: &Model, url: &Url, limits: BindLimits, now: &str) -> BindResult<Request> {
    for option in &url.options.text {
        if !OUTER_OPTIONS.contains(&option.name.as_str()) {
            let message = format!("{} is not supported.", option.name);
            return Err(not_supported(option.at, &option.name, message));
        }
    }
    match url.path.as_slice() {
        [] => return Ok(Request::ServiceDocument),
        [first, rest @ ..] => match &first.kind {
            SegmentKind::Metadata if rest.is_empty() => return Ok(Request::Metadata),
            SegmentKind::Metadata => {
                return Err(not_found(rest[0].at, "$metadata", "Nothing can follow $metadata.".to_owned()));
            }
            SegmentKind::Batch => {
                return Err(not_supported(first.at, "$batch", "$batch is not supported."));
            }
            SegmentKind::Entity => {
                return Err(not_supported(first.at, "$entity", "$entity is not supported."));
            }
            SegmentKind::All => {
                return Err(not_supported(first.at, "$all", "$all is not supported."));
            }
            SegmentKind::CrossJoin(_) => {
                return Err(not_supported(first.at, "$crossjoin", "$crossjoin is not supported."));
            }
            _ => {}
        },
    }
    let cx = Context::new(model, limits, &url.options.aliases, now);
    bind_query(&cx, url).map(|query| Request::Query(Box::new(query)))
}

fn bind_query(cx: &Context, url: &Url) -> BindResult<Query> {
    let path = path::bind_path(cx, &url.path)?;
    let options = &url.options;
    let at = url.path.last().map_or(0, |s| s.at);
    select::refuse_unsupported(options, at)?;
    check_options(options, &path, at)?;
    let scope = Scope::of_resource(path.set);
    Ok(Query {
        root: path.root,
        steps: path.steps,
        addressed: path.addressed,
        inside: path.inside,
        selection: select::bind_selection(cx, path.set, options, path.references, 0)?,
        filter: select::bind_filter(cx, &scope, options, at)?,
        orderby: select::bind_orderby(cx, &scope, options.orderby.as_deref())?,
        top: options.top.map(|(n, _)| n),
        skip: options.skip.map_or(0, |(n, _)| n),
        count: options.count.is_some_and(|(c, _)| c),
    })
}

/// System query options fit what is addressed (Part 1 section 11.2.5.1, Part 2 section 5.1).
fn check_options(options: &Options, path: &BoundPath, at: u32) -> BindResult<()> {
    let addressed = path.addressed;
    if let Some((_, at)) = options.levels {
        return Err(invalid(at, "$levels", "$levels can only stand inside of $expand."));
    }
    let collection = addressed == Addressed::Collection;
    let counted = collection || addressed == Addressed::Count;
    let entities = collection || addressed == Addressed::Entity;
    let wrong = [
        (options.filter.is_some() && !counted, "$filter"),
        (options.search.is_some() && !counted, "$search"),
        (options.orderby.is_some() && !counted, "$orderby"),
        (options.top.is_some() && !counted, "$top"),
        (options.skip.is_some() && !counted, "$skip"),
        (options.count.is_some() && !counted, "$count"),
        (options.select.is_some() && !entities, "$select"),
        (options.expand.is_some() && !entities, "$expand"),
    ]
    .into_iter()
    .find(|(wrong, _)| *wrong);
    match wrong {
        Some((_, option)) if path.structured => {
            let message = format!("{option} of a collection or complex property is not supported.");
            Err(not_supported(at, option, message))
        }
        Some((_, option)) => {
            Err(invalid(at, option, format!("{option} cannot be applied to this resource.")))
        }
        None => Ok(()),
    }
}
