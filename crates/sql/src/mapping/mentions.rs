//! Annotations that name what somebody does not see whom the model is made for.

use std::collections::HashSet;

use nextlink_odata::model::{Annotated, Model};
use serde_json::Value as Json;

/// Takes away the annotations of which a name is none of this model, but one of that with all that anybody sees.
pub(super) fn withhold(model: &mut Model, all: &Model) {
    let mut annotations = std::mem::take(&mut model.annotations);
    let (seen, known) = (names(model), names(all));
    for annotated in &mut annotations {
        annotated
            .annotations
            .retain(|one| !mentions(&one.value, &|word| known.contains(word) && !seen.contains(word)));
    }
    annotations.retain(|annotated: &Annotated| !annotated.annotations.is_empty());
    model.annotations = annotations;
}

/// All names of a model.
fn names(model: &Model) -> HashSet<&str> {
    let mut names = HashSet::new();
    names.extend(model.entity_sets.iter().map(|set| set.name.as_str()));
    names.extend(model.singletons.iter().map(|one| one.name.as_str()));
    names.extend(model.functions.iter().map(|one| one.name.as_str()));
    for ty in &model.entity_types {
        names.insert(ty.name.as_str());
        names.extend(ty.properties.iter().map(|one| one.name.as_str()));
        names.extend(ty.streams.iter().map(|one| one.name.as_str()));
        names.extend(ty.navigation.iter().map(|one| one.name.as_str()));
        names.extend(ty.family.iter().flat_map(|family| &family.derived).map(|one| one.name.as_str()));
    }
    for ty in &model.complex_types {
        names.insert(ty.name.as_str());
        names.extend(ty.properties.iter().map(|one| one.name.as_str()));
    }
    names.extend(model.enum_types.iter().map(|ty| ty.name.as_str()));
    names.extend(model.type_definitions.iter().map(|ty| ty.name.as_str()));
    names
}

/// Whether a word of any text in a value is such a one.
fn mentions(value: &Json, is: &impl Fn(&str) -> bool) -> bool {
    match value {
        Json::String(text) => text.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(is),
        Json::Array(items) => items.iter().any(|item| mentions(item, is)),
        Json::Object(members) => members.values().any(|member| mentions(member, is)),
        Json::Null | Json::Bool(_) | Json::Number(_) => false,
    }
}
