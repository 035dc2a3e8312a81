//! Annotations that a model file names: on what is there, with the namespaces of their vocabularies.

use nextlink_odata::model::{Annotated, Applied, EntityType, Model};
use serde_json::{Map, Value as Json};

use super::Mapping;
use super::reshape::about;
use crate::notice::Notice;
use crate::shape::{Shape, term_of};

/// Adds all whose target is there.
pub(super) fn add(mapping: &mut Mapping, shape: &Shape, notices: &mut Vec<Notice>) {
    let mut found = Vec::new();
    let mut vocabularies = Vec::new();
    for (name, told) in shape.annotations.iter() {
        let namespace = [&mapping.model.namespace, "."].concat();
        let target = name.text.strip_prefix(&namespace).unwrap_or(&name.text);
        if !is_there(&mapping.model, target) {
            notices.push(about(name, &name.text, "there is nothing of this name to be annotated"));
            continue;
        }
        let applied = told.iter().filter_map(|(name, value)| {
            let (term, qualifier) = term_of(&name.text)?;
            let mut used = |name: &str| {
                let (vocabulary, _) = shape.vocabulary(name)?;
                if !vocabularies.contains(&vocabulary) {
                    vocabularies.push(vocabulary);
                }
                shape.full_name(name)
            };
            let term = used(term)?;
            Some(Applied { term, qualifier: qualifier.map(str::to_owned), value: full(value, &mut used) })
        });
        let annotations = applied.collect();
        found.push(Annotated { target: [&namespace, target].concat(), annotations });
    }
    mapping.model.annotations = found;
    mapping.model.vocabularies = vocabularies;
}

/// A value with the namespaces of vocabularies in the place of their aliases.
fn full(value: &Json, used: &mut impl FnMut(&str) -> Option<String>) -> Json {
    let object = match value {
        Json::Array(items) => return items.iter().map(|item| full(item, used)).collect(),
        Json::Object(object) => object,
        other => return other.clone(),
    };
    let mut members = Map::new();
    for (name, value) in object {
        let (name, value) = match (name.as_str(), value) {
            ("@type", Json::String(of)) => {
                let of = of.rsplit('#').next().unwrap_or(of);
                (name.clone(), used(of).unwrap_or_else(|| of.to_owned()).into())
            }
            ("$EnumMember", Json::String(of)) => {
                let all: Vec<String> = of.split(' ').filter_map(&mut *used).collect();
                (name.clone(), all.join(" ").into())
            }
            ("$AnnotationPath" | "$Path", Json::String(path)) => (name.clone(), path_of(path, used).into()),
            _ => match term_of(name).and_then(|(term, qualifier)| Some((used(term)?, qualifier))) {
                Some((term, Some(qualifier))) => (["@", &term, "#", qualifier].concat(), full(value, used)),
                Some((term, None)) => (["@", &term].concat(), full(value, used)),
                None => (name.clone(), full(value, used)),
            },
        };
        members.insert(name, value);
    }
    Json::Object(members)
}

/// A path with the namespaces of terms in it.
fn path_of(path: &str, used: &mut impl FnMut(&str) -> Option<String>) -> String {
    let step = |step: &str| match term_of(step).and_then(|(term, qualifier)| Some((used(term)?, qualifier))) {
        Some((term, Some(qualifier))) => ["@", &term, "#", qualifier].concat(),
        Some((term, None)) => ["@", &term].concat(),
        None => step.to_owned(),
    };
    path.split('/').map(step).collect::<Vec<_>>().join("/")
}

/// Whether a target without the namespace of the schema is there.
fn is_there(model: &Model, target: &str) -> bool {
    let (first, rest) = target.split_once('/').map_or((target, None), |(first, rest)| (first, Some(rest)));
    if first == model.container {
        return rest.is_none_or(|name| {
            let set = model.find_set(name).is_some() || model.find_singleton(name).is_some();
            set || model.find_function(name).is_some()
        });
    }
    let of_entity = |ty: &EntityType| {
        let own = (ty.name == first).then_some(None);
        let below = || ty.family.as_ref()?.derived.iter().position(|derived| derived.name == first).map(Some);
        let Some(of) = own.or_else(below) else {
            return false;
        };
        rest.is_none_or(|name| {
            // What a type has of the one above is annotated there.
            let property = ty
                .properties
                .iter()
                .enumerate()
                .any(|(i, p)| p.name == name && ty.owner_of_property(i) == of);
            let link = ty
                .navigation
                .iter()
                .enumerate()
                .any(|(i, n)| n.name == name && ty.owner_of_navigation(i) == of);
            property || link || (of.is_none() && ty.find_stream(name).is_some())
        })
    };
    let complex = |name: &str| model.complex_types.iter().find(|ty| ty.name == name);
    let enumeration = |name: &str| model.enum_types.iter().find(|ty| ty.name == name);
    let others = match (complex(first), enumeration(first), rest) {
        (Some(ty), _, Some(name)) => ty.properties.iter().any(|p| p.name == name),
        (_, Some(ty), Some(name)) => ty.find_member(name).is_some(),
        (complex, enumeration, None) => {
            complex.is_some()
                || enumeration.is_some()
                || model.type_definitions.iter().any(|ty| ty.name == first)
        }
        _ => false,
    };
    others || model.entity_types.iter().any(of_entity)
}
