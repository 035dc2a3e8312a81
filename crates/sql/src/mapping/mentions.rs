//! Annotations that name what somebody does not see whom the model is made for.

use std::collections::{HashMap, HashSet};

use nextlink_odata::model::{EntityType, Model};
use serde_json::Value as Json;

type Names<'m> = HashSet<&'m str>;

/// Takes away the annotations that name what is none of this model, but of that with all that anybody sees.
pub(super) fn withhold(model: &mut Model, all: &Model) {
    let mut annotations = std::mem::take(&mut model.annotations);
    let unseen = Unseen::of(model, all);
    for annotated in &mut annotations {
        let of = unseen.members(&annotated.target, all);
        let in_qualifier = |text: &String| unseen.is_in(&Json::String(text.clone()), of);
        annotated
            .annotations
            .retain(|one| !unseen.is_in(&one.value, of) && !one.qualifier.as_ref().is_some_and(in_qualifier));
    }
    annotations.retain(|annotated| !annotated.annotations.is_empty());
    let all = annotations.iter().flat_map(|annotated| &annotated.annotations);
    let texts: Vec<String> = all.map(|one| [&one.term, " ", &one.value.to_string()].concat()).collect();
    model.vocabularies.retain(|used| texts.iter().any(|text| text.contains(&used.namespace)));
    model.annotations = annotations;
}

/// What is not seen.
struct Unseen<'m> {
    /// Names that are nowhere in what is seen.
    words: Names<'m>,
    /// By type: its members that are not seen.
    members: HashMap<&'m str, Names<'m>>,
}

impl<'m> Unseen<'m> {
    fn of(model: &'m Model, all: &'m Model) -> Unseen<'m> {
        let (seen, known) = (members(model), members(all));
        let words = |members: &HashMap<&'m str, Names<'m>>, model: &'m Model| {
            let inside = members.iter().flat_map(|(name, inside)| inside.iter().copied().chain([*name]));
            inside.chain(others(model)).collect::<Names<'m>>()
        };
        let words = &words(&known, all) - &words(&seen, model);
        let lost = |(name, inside): (&'m str, Names<'m>)| {
            let seen = seen.get(name).cloned().unwrap_or_default();
            (name, &inside - &seen)
        };
        Unseen { words, members: known.into_iter().map(lost).collect() }
    }

    /// The members that are not seen of the type of what is annotated.
    fn members(&self, target: &str, all: &'m Model) -> Option<&Names<'m>> {
        let target = target.strip_prefix(&*all.namespace).and_then(|rest| rest.strip_prefix('.'))?;
        let mut parts = target.split('/');
        let first = parts.next()?;
        if first != all.container {
            return self.members.get(first);
        }
        let set = all.find_set(parts.next()?)?;
        self.members.get(&*all.entity_type(all.entity_set(set).entity_type).name)
    }

    /// Whether any text in a value has such a name: one that is nowhere, that of a member of the type, or in a path that of one of any.
    fn is_in(&self, value: &Json, of: Option<&Names<'m>>) -> bool {
        match value {
            Json::String(text) => {
                let mut path = false;
                text.split_inclusive(|c: char| !(c.is_alphanumeric() || c == '_')).any(|piece| {
                    let word = piece.trim_end_matches(|c: char| !(c.is_alphanumeric() || c == '_'));
                    let behind = std::mem::replace(&mut path, piece.ends_with('/'));
                    let in_any = || self.members.values().any(|members| members.contains(word));
                    // What belongs to no type can mean members of any.
                    self.words.contains(word)
                        || of.map_or_else(in_any, |of| of.contains(word))
                        || (behind && in_any())
                })
            }
            Json::Array(items) => items.iter().any(|item| self.is_in(item, of)),
            Json::Object(members) => members.values().any(|member| self.is_in(member, of)),
            Json::Null | Json::Bool(_) | Json::Number(_) => false,
        }
    }
}

/// The names of the members of all types.
fn members(model: &Model) -> HashMap<&str, Names<'_>> {
    let mut all = HashMap::new();
    for ty in &model.entity_types {
        let inside = of_entity(ty);
        let derived = ty.family.iter().flat_map(|family| &family.derived);
        all.extend(derived.map(|derived| (derived.name.as_str(), inside.clone())));
        all.insert(ty.name.as_str(), inside);
    }
    for ty in &model.complex_types {
        all.insert(ty.name.as_str(), ty.properties.iter().map(|one| one.name.as_str()).collect());
    }
    all
}

fn of_entity(ty: &EntityType) -> Names<'_> {
    let own = ty.properties.iter().map(|one| one.name.as_str());
    let own = own.chain(ty.streams.iter().map(|one| one.name.as_str()));
    own.chain(ty.navigation.iter().map(|one| one.name.as_str())).collect()
}

/// Names of what has no members.
fn others(model: &Model) -> impl Iterator<Item = &str> {
    let sets = model.entity_sets.iter().map(|set| set.name.as_str());
    let own = sets.chain(model.singletons.iter().map(|one| one.name.as_str()));
    let own = own.chain(model.functions.iter().map(|one| one.name.as_str()));
    let own = own.chain(model.enum_types.iter().map(|ty| ty.name.as_str()));
    own.chain(model.type_definitions.iter().map(|ty| ty.name.as_str()))
}
