//! Annotations that a model file names: on what is there, with the namespaces of their vocabularies.

use nextlink_odata::model::{Annotated, Applied, EntityType, Model};
use serde_json::{Map, Value as Json};

use super::Mapping;
use super::find::about;
use crate::notice::Notice;
use crate::shape::{Annotatee, Shape, term_of};

/// Adds all whose target is there.
pub(super) fn add(mapping: &mut Mapping, shape: &Shape, notices: &mut Vec<Notice>) {
    let mut found: Vec<Annotated> = Vec::new();
    let mut vocabularies = Vec::new();
    let namespace = [&mapping.model.namespace, "."].concat();
    for (of, told) in shape.annotated() {
        // Where a table is not there, somebody else says so.
        let Some(target) = target(&mapping.model, &namespace, of) else { continue };
        let name = of.named();
        if !is_there(&mapping.model, &target) {
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
        let annotations: Vec<Applied> = applied.collect();
        let target = [&namespace, target.as_str()].concat();
        let Some(known) = found.iter_mut().find(|known| known.target == target) else {
            found.push(Annotated { target, annotations });
            continue;
        };
        for one in annotations {
            let same = |other: &Applied| (&other.term, &other.qualifier) == (&one.term, &one.qualifier);
            if known.annotations.iter().any(same) {
                notices.push(about(name, &target, &["`@", &one.term, "` is said of it already"].concat()));
            } else {
                known.annotations.push(one);
            }
        }
    }
    mapping.model.annotations = found;
    mapping.model.vocabularies = vocabularies;
}

/// Where annotations stand, without the namespace of the schema.
fn target(model: &Model, namespace: &str, of: Annotatee<'_>) -> Option<String> {
    let (ty, property) = match of {
        Annotatee::Path(name) => {
            return Some(name.text.strip_prefix(namespace).unwrap_or(&name.text).to_owned());
        }
        Annotatee::Type { name, property } => (name.text.as_str(), property),
        Annotatee::Entity { set, derived, property } => {
            let found = model.entity_sets.iter().find(|known| known.name == set.text)?;
            let ty = &model.entity_type(found.entity_type).name;
            (derived.map_or(ty.as_str(), |derived| &derived.text), property)
        }
    };
    Some(property.map_or_else(|| ty.to_owned(), |property| [ty, "/", &property.text].concat()))
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
            set || !model.overloads(None, name).is_empty()
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
            let streams = ty.streams.iter().enumerate();
            let stream = || streams.clone().any(|(i, s)| s.name == name && ty.owner_of_stream(i) == of);
            property || link || stream()
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
