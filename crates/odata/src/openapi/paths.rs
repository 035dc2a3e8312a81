//! Paths: sets, entities by their key, what they lead to, and how many there are.

use serde_json::{Value, json};

use super::names::schema_of;
use super::{Object, parameters, responses};
use crate::model::{EntitySetId, Function, Model, NavigationProperty, Singleton};

pub(super) use crate::service::segment;

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
        function(model, one, &mut found);
    }
    found
}

fn function(model: &Model, function: &Function, paths: &mut Object) {
    let set = model.entity_set(function.returns);
    let (call, parameters) = parameters::call(model, function);
    let read = Read {
        tag: &set.name,
        id: [&function.name, ".call"].concat(),
        summary: function.description.clone().unwrap_or_else(|| ["What ", &function.name, " gives"].concat()),
        parameters: parameters::of_collection(model, function.returns),
        responses: responses::page(&schema_of(&model.qualified_name(set.entity_type))),
    };
    paths.insert(["/", &segment(&function.name), &call].concat(), read.item(&parameters));
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
struct Read<'a> {
    tag: &'a str,
    id: String,
    summary: String,
    parameters: Vec<Value>,
    responses: Value,
}

impl Read<'_> {
    /// The path item; `shared` are the parameters of the path.
    fn item(self, shared: &[Value]) -> Value {
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
    let schema = schema_of(&model.qualified_name(set.entity_type));
    let name = set.name.as_str();
    let path = ["/", &segment(name)].concat();
    let (key, key_parameters) = parameters::key(model, entity_type);
    let all = Read {
        tag: name,
        id: [name, ".list"].concat(),
        summary: ["Entities of ", name].concat(),
        parameters: parameters::of_collection(model, id),
        responses: responses::page(&schema),
    };
    let count = Read {
        tag: name,
        id: [name, ".count"].concat(),
        summary: ["How many ", name, " there are"].concat(),
        parameters: parameters::of_count(model, id),
        responses: responses::number(),
    };
    let one = Read {
        tag: name,
        id: [name, ".get"].concat(),
        summary: ["An entity of ", name, " by its key"].concat(),
        parameters: parameters::of_entity(model, set.entity_type),
        responses: responses::entity(&schema, false),
    };
    let entity_path = [path.as_str(), &key].concat();
    paths.insert(path.clone(), all.item(&[]));
    paths.insert([&path, "/$count"].concat(), count.item(&[]));
    paths.insert(entity_path.clone(), one.item(&key_parameters));
    let own = |index: &usize| entity_type.has_navigation(None, *index);
    for relation in (0..entity_type.navigation.len()).filter(own).map(|index| &entity_type.navigation[index])
    {
        let from = From { set: name, path: &entity_path, key: &key_parameters };
        related(model, &from, relation, paths);
    }
}

fn singleton(model: &Model, single: &Singleton, paths: &mut Object) {
    let id = model.entity_set(single.set).entity_type;
    let name = single.name.as_str();
    let path = ["/", &segment(name)].concat();
    let read = Read {
        tag: name,
        id: [name, ".get"].concat(),
        summary: ["The entity ", name].concat(),
        parameters: parameters::of_entity(model, id),
        responses: responses::entity(&schema_of(&model.qualified_name(id)), false),
    };
    paths.insert(path.clone(), read.item(&[]));
    for relation in &model.entity_type(id).navigation {
        related(model, &From { set: name, path: &path, key: &[] }, relation, paths);
    }
}

/// An entity that relations start from.
struct From<'a> {
    set: &'a str,
    path: &'a str,
    key: &'a [Value],
}

/// What a navigation property of an entity leads to.
fn related(model: &Model, from: &From<'_>, relation: &NavigationProperty, paths: &mut Object) {
    let name = relation.name.as_str();
    let schema = schema_of(&model.qualified_name(relation.target));
    let path = [from.path, "/", &segment(name)].concat();
    let id = [from.set, ".", name].concat();
    let summary = [name, " of an entity of ", from.set].concat();
    if !relation.collection {
        let read = Read {
            tag: from.set,
            id: [&id, ".get"].concat(),
            summary,
            parameters: parameters::of_entity(model, relation.target),
            responses: responses::entity(&schema, relation.nullable),
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
        parameters: parameters::of_collection(model, relation.target_set),
        responses: responses::page(&schema),
    };
    paths.insert([&path, "/$count"].concat(), count.item(from.key));
    paths.insert(path, all.item(from.key));
}
