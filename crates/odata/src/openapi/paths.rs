//! Paths: sets, entities by their key, what they lead to, and how many there are.

use serde_json::{Value, json};

use super::names::type_name;
use super::{Object, calls, parameters, responses, schemas};
use crate::model::{EntitySetId, EntityTypeId, Model, NavigationProperty, Singleton};

pub(super) use crate::service::segment;

/// What pages hold.
pub(super) const ENTITIES: &str = "entities";

/// All paths of the service, in the order of the model.
pub(super) fn paths(model: &Model) -> Object {
    let mut found = Object::new();
    found.insert("/".to_owned(), service_document());
    found.insert("/$metadata".to_owned(), metadata());
    for (id, _) in model.served_sets() {
        set(model, id, &mut found);
    }
    for single in &model.singletons {
        singleton(model, single, &mut found);
    }
    for one in &model.functions {
        calls::function(model, one, &mut found);
    }
    found
}

fn service_document() -> Value {
    let set = json!({
        "type": "object",
        "required": ["name", "url"],
        "properties": {
            "name": { "type": "string" },
            "kind": { "type": "string" },
            "url": { "type": "string" },
        },
    });
    let schema = json!({
        "type": "object",
        "required": ["value"],
        "properties": { "@odata.context": { "type": "string" }, "value": { "type": "array", "items": set } },
    });
    let found =
        json!({ "description": "The entity sets and singletons.", "content": responses::json_of(schema) });
    json!({ "get": { "summary": "What there is", "operationId": "service", "responses": responses::all(found) } })
}

fn metadata() -> Value {
    let found = json!({
        "description": "The model.",
        "content": {
            "application/xml": { "schema": { "type": "string" } },
            "application/json": { "schema": { "type": "object" } },
        },
    });
    json!({ "get": { "summary": "The whole model", "operationId": "metadata", "responses": responses::all(found) } })
}

/// Something to read: what it is called, which parameters it takes, and what comes.
pub(super) struct Read<'a> {
    pub(super) tag: &'a str,
    pub(super) id: String,
    pub(super) summary: String,
    pub(super) parameters: Vec<Value>,
    pub(super) responses: Value,
}

impl Read<'_> {
    /// The path item; `shared` are the parameters of the path.
    pub(super) fn item(self, shared: &[Value]) -> Value {
        let mut get = Object::new();
        get.insert("tags".to_owned(), json!([self.tag]));
        get.insert("summary".to_owned(), self.summary.into());
        get.insert("operationId".to_owned(), self.id.into());
        get.insert("parameters".to_owned(), self.parameters.into());
        get.insert("responses".to_owned(), self.responses);
        let mut item = Object::new();
        if !shared.is_empty() {
            item.insert("parameters".to_owned(), shared.into());
        }
        item.insert("get".to_owned(), get.into());
        item.into()
    }
}

fn set(model: &Model, id: EntitySetId, paths: &mut Object) {
    let set = model.entity_set(id);
    let entity_type = model.entity_type(set.entity_type);
    let name = set.name.as_str();
    let path = ["/", &segment(name)].concat();
    let (key, key_parameters) = parameters::key(model, entity_type);
    let entity = [path.as_str(), &key].concat();
    let below = (0..entity_type.types_below().len()).map(Some);
    for of in std::iter::once(None).chain(below) {
        // Where types are below that of the set, a cast leads to their entities.
        let cast = of.map(|_| type_name(model, set.entity_type, of));
        let behind = |path: &str| match &cast {
            Some(cast) => [path, "/", &segment(cast)].concat(),
            None => path.to_owned(),
        };
        let listed = match &cast {
            Some(cast) => [name, " of the type ", cast].concat(),
            None => name.to_owned(),
        };
        let base = match &cast {
            Some(cast) => [name, ".", cast].concat(),
            None => name.to_owned(),
        };
        collection(
            model,
            &Collection { tag: name, id: &base, named: &listed, set: id, of },
            &behind(&path),
            paths,
        );
        let from = From { set: name, base: &base, path: &behind(&entity), key: &key_parameters };
        let summary = ["An entity of ", &listed, " by its key"].concat();
        single(model, &from, summary, set.entity_type, of, paths);
    }
}

/// Entities in a set, and how many there are.
struct Collection<'a> {
    tag: &'a str,
    /// What names of operations begin with.
    id: &'a str,
    /// What they are called for people.
    named: &'a str,
    set: EntitySetId,
    of: Option<usize>,
}

fn collection(model: &Model, collection: &Collection<'_>, path: &str, paths: &mut Object) {
    let Collection { tag, id, named, set, of } = *collection;
    let all = Read {
        tag,
        id: [id, ".list"].concat(),
        summary: ["Entities of ", named].concat(),
        parameters: parameters::of_collection(model, set, of),
        responses: responses::page(
            &schemas::entities(model, model.entity_set(set).entity_type, of),
            ENTITIES,
        ),
    };
    let count = Read {
        tag,
        id: [id, ".count"].concat(),
        summary: ["How many ", named, " there are"].concat(),
        parameters: parameters::of_count(model, set),
        responses: responses::number(),
    };
    paths.insert(path.to_owned(), all.item(&[]));
    paths.insert([path, "/$count"].concat(), count.item(&[]));
}

/// An entity, its streams, and what it leads to.
fn single(
    model: &Model,
    from: &From<'_>,
    summary: String,
    id: EntityTypeId,
    of: Option<usize>,
    paths: &mut Object,
) {
    let entity_type = model.entity_type(id);
    let read = Read {
        tag: from.set,
        id: [from.base, ".get"].concat(),
        summary,
        parameters: parameters::of_entity(model, id, of),
        responses: responses::entity(&schemas::entities(model, id, of), None),
    };
    paths.insert(from.path.to_owned(), read.item(from.key));
    let own = |index: &usize| entity_type.owner_of_stream(*index) == of;
    let named = (0..entity_type.streams.len()).filter(own).map(|index| &entity_type.streams[index]);
    let named = named.map(|stream| (segment(&stream.name), stream));
    let media = entity_type.own_media(of).map(|stream| ("$value".to_owned(), stream));
    for (last, stream) in media.into_iter().chain(named) {
        let read = Read {
            tag: from.set,
            id: [from.base, ".", if stream.name.is_empty() { "value" } else { &stream.name }, ".stream"]
                .concat(),
            summary: ["The bytes of ", if stream.name.is_empty() { "an entity" } else { &stream.name }]
                .concat(),
            parameters: Vec::new(),
            responses: responses::bytes(stream),
        };
        paths.insert([from.path, "/", &last].concat(), read.item(from.key));
    }
    let own = |index: &usize| entity_type.owner_of_navigation(*index) == of;
    for relation in (0..entity_type.navigation.len()).filter(own).map(|index| &entity_type.navigation[index])
    {
        related(model, from, relation, paths);
    }
}

fn singleton(model: &Model, one: &Singleton, paths: &mut Object) {
    let name = one.name.as_str();
    let path = ["/", &segment(name)].concat();
    let from = From { set: name, base: name, path: &path, key: &[] };
    single(model, &from, ["The entity ", name].concat(), model.entity_set(one.set).entity_type, None, paths);
}

/// An entity that relations start from.
struct From<'a> {
    set: &'a str,
    /// What names of operations begin with.
    base: &'a str,
    path: &'a str,
    key: &'a [Value],
}

/// What a navigation property of an entity leads to.
fn related(model: &Model, from: &From<'_>, relation: &NavigationProperty, paths: &mut Object) {
    let name = relation.name.as_str();
    let schema = schemas::entities(model, relation.target, None);
    let path = [from.path, "/", &segment(name)].concat();
    let id = [from.base, ".", name].concat();
    let summary = [name, " of an entity of ", from.set].concat();
    if !relation.collection {
        let read = Read {
            tag: from.set,
            id: [&id, ".get"].concat(),
            summary,
            parameters: parameters::of_entity(model, relation.target, None),
            responses: responses::entity(&schema, relation.nullable.then_some("There is no related entity.")),
        };
        paths.insert(path, read.item(from.key));
        return;
    }
    let count = Read {
        tag: from.set,
        id: [&id, ".count"].concat(),
        summary: ["How many ", &summary].concat(),
        parameters: parameters::of_count(model, relation.target_set),
        responses: responses::number(),
    };
    let all = Read {
        tag: from.set,
        id: [&id, ".list"].concat(),
        summary,
        parameters: parameters::of_collection(model, relation.target_set, None),
        responses: responses::page(&schema, ENTITIES),
    };
    paths.insert([&path, "/$count"].concat(), count.item(from.key));
    paths.insert(path, all.item(from.key));
}
