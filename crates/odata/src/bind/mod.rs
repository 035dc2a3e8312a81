//! From the syntax tree to a query: names are looked up in the model, expressions get their types.

mod call;
mod called;
mod cast;
mod collection;
mod compute;
mod shape;
mod constant;
mod days;
mod dynamic;
mod enumeration;
mod error;
mod expand;
mod expr;
mod function;
mod isof;
mod items;
mod key;
mod list;
mod member;
mod of_all;
mod parts;
mod path;
mod root;
mod rule;
mod same;
mod scope;
mod search;
mod subset;
mod select;
mod apply;
mod product;

pub use constant::{coerce, read};
pub use error::{BindError, BindErrorKind, BindResult};
pub use function::fits;
pub use rule::{Rule, bind_rule};
pub use scope::BindLimits;

use crate::model::Model;
use crate::query::{Addressed, Input, Place, Query, Selection, Variable};
use crate::url::ast::{Options, Segment, SegmentKind, TextOption, Url};
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
    /// `$openapi`
    OpenApi,
    /// Entities, one entity, a property, or a count.
    Query(Box<Query>),
}

impl Request {
    /// Says with which login it reads.
    pub fn set_user(&mut self, name: Option<&str>) {
        if let Request::Query(query) = self {
            query.user = name.map(str::to_owned);
        }
    }
}

/// Options that are text and have their meaning outside of the query.
const OUTER_OPTIONS: &[&str] = &["$format", "$skiptoken", "$deltatoken"];

/// Binds a URL. `now` is the time of the request in UTC as `YYYY-MM-DDThh:mm:ss.f`.
///
/// # Errors
/// Names that are not in the model, types that do not fit, limits, and what is not supported, each with its place.
pub fn bind(model: &Model, url: &Url, limits: BindLimits, now: &str) -> BindResult<Request> {
    check_texts(url)?;
    match url.path.as_slice() {
        [] => return Ok(Request::ServiceDocument),
        [first, rest @ ..] => match &first.kind {
            SegmentKind::Metadata if rest.is_empty() => return Ok(Request::Metadata),
            SegmentKind::Metadata => {
                return Err(not_found(rest[0].at, "$metadata", "Nothing can follow $metadata.".to_owned()));
            }
            SegmentKind::OpenApi => return Ok(Request::OpenApi),
            SegmentKind::Batch => {
                return Err(not_supported(first.at, "$batch", "$batch is not supported."));
            }
            SegmentKind::All => return bind_all(model, url, rest, limits, now),
            SegmentKind::CrossJoin(names) => {
                let cx = Context::new(model, limits, &url.options, now);
                let query = product::bind_product(&cx, names, rest, &url.options, first.at)?;
                check_levels(&url.options)?;
                return Ok(Request::Query(Box::new(query)));
            }
            _ => {}
        },
    }
    let cx = Context::new(model, limits, &url.options, now);
    bind_query(&cx, url).map(|query| Request::Query(Box::new(query)))
}

/// Looks at the options that are text: which of them are known, and whether the schema has the version that is asked for.
///
/// # Errors
/// 404 for another version, 501 for an option that is not supported.
pub fn check_texts(url: &Url) -> BindResult<()> {
    for option in &url.options.text {
        match option.name.as_str() {
            "$schemaversion" if option.value != "*" => {
                let message = format!("There is no version '{}' of the schema.", option.value);
                return Err(not_found(option.at, &option.name, message));
            }
            "$schemaversion" => {}
            "$id" if by_id(url).is_some() => {}
            name if OUTER_OPTIONS.contains(&name) => {}
            name => return Err(not_supported(option.at, name, format!("{name} is not supported."))),
        }
    }
    Ok(())
}

fn bind_query<'a>(cx: &Context<'a>, url: &'a Url) -> BindResult<Query> {
    let path = match by_id(url) {
        Some(id) => bind_id(cx, id, &url.path[1..])?,
        None => path::bind_path(cx, &url.path)?,
    };
    let options = &url.options;
    let at = url.path.last().map_or(0, |s| s.at);
    select::refuse_index(options)?;
    if let Some(called) = path.called {
        check_levels(options)?;
        return function::bind_values(cx, path, called, options, at);
    }
    check_options(options, &path, at)?;
    let place = Place::of(Variable(0), path.set).typed(path.of);
    let start = (None, Some(place.clone()));
    let apply = |pipeline| apply::bind_apply(cx, &place, start, pipeline, (options, at));
    let applied = options.apply.as_deref().map(apply).transpose()?;
    let nothing = Options::default();
    let behind =
        if applied.as_ref().is_some_and(|applied| applied.with_options) { &nothing } else { options };
    let (input, kept, order, mut scope) = match applied {
        Some(applied) => (applied.input, applied.filter, applied.orderby, applied.scope),
        None => (Input::Path, None, Vec::new(), Scope::of_resource(place.clone())),
    };
    compute::add_computed(cx, &mut scope, behind.compute.as_deref().unwrap_or_default())?;
    cx.set_it(scope.it.clone());
    let selection = if let Addressed::Property(property) = path.addressed {
        select::bind_value(cx, &scope, &place, (property, &path.inside), options)?
    } else if scope.implicit.is_some() {
        select::bind_selection(cx, &scope, &place, options, path.references, 0)?
    } else {
        select::bind_rows(cx, &scope, path.set, options, path.references, at)?
    };
    let selection = match path.addressed {
        Addressed::ItemCount(property) => {
            let number = items::count_of(cx, &place, property, (&path.inside, &path.narrowed), options, at)?;
            Selection { named: vec![number], ..selection }
        }
        // What `$apply` puts below the rows does not change their number.
        Addressed::Count => Selection { expand: Vec::new(), ..selection },
        _ => selection,
    };
    let (mut filter, mut orderby, mut chosen) = (None, Vec::new(), None);
    match path.addressed {
        Addressed::Property(property) => {
            chosen = items::chosen(cx, &place, (property, &path.inside), (&path.narrowed, options), at)?;
        }
        Addressed::ItemCount(_) => {}
        _ => {
            filter = select::bind_filter(cx, &scope, behind, at)?;
            orderby = select::bind_orderby(cx, &scope, behind.orderby.as_deref())?;
        }
    }
    let (top, skip) = match chosen {
        Some(_) => (None, 0),
        None => (options.top.map(|(n, _)| n), options.skip.map_or(0, |(n, _)| n)),
    };
    Ok(Query {
        root: path.root,
        singleton: path.singleton,
        steps: path.steps,
        input,
        addressed: path.addressed,
        called: None,
        inside: path.inside,
        steps_inside: path.steps_inside,
        selection,
        filter: member::both(kept, filter),
        orderby: if orderby.is_empty() { order } else { orderby },
        top,
        skip,
        count: options.count.is_some_and(|(c, _)| c),
        chosen,
        since: None,
        user: None,
        can_fail: cx.can_fail(),
    })
}

/// Binds `$all`, and `$all/Model.Type`: all entities of a type are those of its set.
fn bind_all(
    model: &Model,
    url: &Url,
    rest: &[Segment],
    limits: BindLimits,
    now: &str,
) -> BindResult<Request> {
    let at = rest.first().map_or(0, |segment| segment.at);
    let name = match rest.first().map(|segment| &segment.kind) {
        Some(SegmentKind::Name { name, args: None, key: None }) if name.contains('.') => name,
        None | Some(SegmentKind::Count) => {
            if let Some(next) = rest.get(1) {
                return Err(not_found(next.at, "$count", "Nothing can follow $count.".to_owned()));
            }
            let addressed = if rest.is_empty() { Addressed::Collection } else { Addressed::Count };
            let cx = Context::new(model, limits, &url.options, now);
            let query = apply::bind_all(&cx, addressed, &url.options, at)?;
            return Ok(Request::Query(Box::new(query)));
        }
        _ => {
            let message = "Behind $all only a type or $count can stand, as in $all/Model.Customer.";
            return Err(not_supported(at, "$all", message));
        }
    };
    if !model.is_entity_type(name) {
        return Err(not_found(at, name, format!("There is no entity type '{name}'.")));
    }
    let of = |(id, set)| model.find_cast(id, name).map(|of: Option<usize>| (set, of));
    let Some((set, of)) = model.served_sets().find_map(of) else {
        return Err(not_found(at, "$all", "There are no entities of this type.".to_owned()));
    };
    let kind = SegmentKind::Name { name: set.name.clone(), args: None, key: None };
    // A type below that of its set is a cast.
    let behind = rest.iter().skip(usize::from(of.is_none())).cloned();
    let path = std::iter::once(Segment { at, kind }).chain(behind).collect();
    let url = Url { path, options: url.options.clone() };
    let cx = Context::new(model, limits, &url.options, now);
    bind_query(&cx, &url).map(|query| Request::Query(Box::new(query)))
}

/// The identifier of `$entity?$id=…`.
fn by_id(url: &Url) -> Option<&TextOption> {
    let entity = url.path.first().is_some_and(|first| first.kind == SegmentKind::Entity);
    url.options.text.iter().find(|option| entity && option.name == "$id")
}

/// Binds the path in an identifier, which is relative to the service root, and type casts behind `$entity` (Part 2 section 4.10).
fn bind_id(cx: &Context, id: &TextOption, casts: &[Segment]) -> BindResult<BoundPath> {
    let wrong = |message: String| invalid(id.at, "$id", message);
    let end = id.value.find(['(', '/', '?']).unwrap_or(id.value.len());
    let name = &id.value[..end];
    if cx.model.find_set(name).is_none() && cx.model.find_singleton(name).is_none() {
        return Err(wrong(format!("'{}' is no identifier of an entity of this service.", id.value)));
    }
    let url = crate::url::parse(&id.value).map_err(|error| wrong(error.message))?;
    let segments: Vec<Segment> = url.path.iter().chain(casts).cloned().collect();
    let path = path::bind_path(cx, &segments).map_err(|error| BindError { at: id.at, ..error })?;
    if path.addressed != Addressed::Entity || path.references {
        return Err(wrong(format!("'{}' is no identifier of an entity.", id.value)));
    }
    Ok(path)
}

fn check_levels(options: &Options) -> BindResult<()> {
    match options.levels {
        Some((_, at)) => Err(invalid(at, "$levels", "$levels can only stand inside of $expand.")),
        None => Ok(()),
    }
}

/// System query options fit what is addressed (Part 1 section 11.2.5.1, Part 2 section 5.1).
fn check_options(options: &Options, path: &BoundPath, at: u32) -> BindResult<()> {
    let addressed = path.addressed;
    check_levels(options)?;
    let collection = addressed == Addressed::Collection;
    let counted = collection || addressed == Addressed::Count;
    // Of references nothing is told but where they lead.
    let entities = !path.references && (collection || addressed == Addressed::Entity);
    let items = matches!(addressed, Addressed::ItemCount(_));
    // A delta link has the options of what is followed, also where the number of changes is asked for.
    let followed = counted && options.text.iter().any(|option| option.name == "$deltatoken");
    let values = path.values;
    let complex = path.structured && path.complex;
    let wrong = [
        (options.filter.is_some() && !counted && !items && !values, "$filter"),
        (options.search.is_some() && !counted && !items && !values, "$search"),
        (options.orderby.is_some() && !counted && !values, "$orderby"),
        (options.top.is_some() && !counted && !values, "$top"),
        (options.skip.is_some() && !counted && !values, "$skip"),
        (options.count.is_some() && !counted && !values, "$count"),
        (options.select.is_some() && !entities && !complex && !followed, "$select"),
        (options.expand.is_some() && !entities, "$expand"),
        (options.compute.is_some() && !entities && !counted, "$compute"),
        (options.apply.is_some() && !counted, "$apply"),
    ]
    .into_iter()
    .find(|(wrong, _)| *wrong);
    let other = |option: &str| matches!(option, "$compute" | "$expand" | "$apply");
    // What a dynamic property is, nobody knows.
    let known = path.values || path.complex;
    match wrong {
        Some((_, option)) if path.structured && (!known || other(option)) => {
            let message = format!("{option} of a collection or complex property is not supported.");
            Err(not_supported(at, option, message))
        }
        Some((_, option)) => {
            Err(invalid(at, option, format!("{option} cannot be applied to this resource.")))
        }
        None => Ok(()),
    }
}
