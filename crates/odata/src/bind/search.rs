//! `$search`: words and phrases looked up in the searchable properties (Part 2 section 5.1.8).

use super::cast::of_type;
use super::error::{BindResult, not_supported};
use super::expr::{condition, constant, typed};
use super::member::read;
use super::scope::Context;
use crate::model::{PrimitiveType, Type};
use crate::query::{Comparison, Expr, ExprKind, Function, Place};
use crate::url::ast::Search;
use crate::value::Value;

/// Binds a search to the entities at some places: a word may be found in any of them.
pub fn bind_search(cx: &Context, places: &[Place], search: &Search, at: u32) -> BindResult<Expr> {
    refuse_without_text(cx, places, at)?;
    bind_words(cx, places, search, at)
}

/// Refuses a search where no entity has text.
pub fn refuse_without_text(cx: &Context, places: &[Place], at: u32) -> BindResult<()> {
    if places.iter().map(|place| sought(cx, place)).any(|one| one.indexed || !one.groups.is_empty()) {
        return Ok(());
    }
    let names: Vec<&str> = places.iter().map(|place| cx.type_of(place.target()).name.as_str()).collect();
    let message = format!("Type '{}' has no property that $search could look in.", names.join("', '"));
    Err(not_supported(at, "$search", message))
}

/// The same where entities without text are among others: no word is found in them.
pub fn bind_words(cx: &Context, places: &[Place], search: &Search, at: u32) -> BindResult<Expr> {
    let mut sought: Vec<Sought> = places.iter().map(|place| sought(cx, place)).collect();
    sought.retain(|one| one.indexed || !one.groups.is_empty());
    let searched: usize = sought.iter().flat_map(|one| &one.groups).map(|group| group.properties.len()).sum();
    cx.count_nodes(at, words(search).saturating_mul(searched.max(1)))?;
    let word = |text: &str| either(at, sought.iter().map(|one| word(one, text, at)));
    Ok(node(&word, search, at))
}

/// Where an entity is looked at.
struct Sought {
    place: Place,
    /// Whether its words have an index.
    indexed: bool,
    /// Those that all entities have come first.
    groups: Vec<Group>,
}

/// Properties of an entity that are looked at, where it is of the type that has them.
struct Group {
    owner: Option<usize>,
    properties: Vec<usize>,
}

fn sought(cx: &Context, place: &Place) -> Sought {
    let ty = cx.type_of(place.target());
    let mut groups: Vec<Group> = Vec::new();
    for index in ty.possible_properties(place.of).filter(|i| ty.properties[*i].searchable) {
        let owner = ty.owner_of_property(index).filter(|_| !ty.has_property(place.of, index));
        match groups.iter_mut().find(|known| known.owner == owner) {
            Some(group) => group.properties.push(index),
            None => groups.push(Group { owner, properties: vec![index] }),
        }
    }
    Sought { place: place.clone(), indexed: ty.full_text, groups }
}

fn words(search: &Search) -> usize {
    match search {
        Search::Word(_) | Search::Phrase(_) | Search::Incomplete(_) => 1,
        Search::Not(inner) => words(inner),
        Search::And(a, b) | Search::Or(a, b) => words(a) + words(b),
    }
}

/// What holds where each word does what `word` says.
fn node(word: &impl Fn(&str) -> Expr, search: &Search, at: u32) -> Expr {
    let pair = |a: &Search, b: &Search| (Box::new(node(word, a, at)), Box::new(node(word, b, at)));
    let kind = match search {
        Search::Word(text) | Search::Phrase(text) | Search::Incomplete(text) => return word(text),
        Search::Not(inner) => ExprKind::Not(Box::new(node(word, inner, at))),
        Search::And(a, b) => {
            let (a, b) = pair(a, b);
            ExprKind::And(a, b)
        }
        Search::Or(a, b) => {
            let (a, b) = pair(a, b);
            ExprKind::Or(a, b)
        }
    };
    condition(at, kind)
}

/// Binds a search to the values of a collection, of which one is given: a word may be found in any text of it.
pub fn search_values(cx: &Context, value: &Expr, ty: Type, search: &Search, at: u32) -> BindResult<Expr> {
    let mut texts = Vec::new();
    add_texts(cx, value, ty, &mut texts);
    if texts.is_empty() {
        return Err(not_supported(at, "$search", "These values have no text that $search could look in."));
    }
    cx.count_nodes(at, words(search).saturating_mul(texts.len()).saturating_mul(6))?;
    let word = |text: &str| either(at, texts.iter().map(|value| holds(value, text, at)));
    Ok(node(&word, search, at))
}

/// Adds the texts of a value, which may be a complex one.
fn add_texts(cx: &Context, value: &Expr, ty: Type, texts: &mut Vec<Expr>) {
    match ty {
        Type::Primitive(PrimitiveType::String) => texts.push(value.clone()),
        Type::Complex(id) => {
            let properties = cx.model.complex_type(id).properties.iter().enumerate();
            for (index, property) in properties.filter(|(_, property)| !property.collection) {
                let kind = ExprKind::Member(Box::new(value.clone()), id, index);
                add_texts(cx, &read(value.at, property.ty, true, kind), property.ty, texts);
            }
        }
        Type::Primitive(_) | Type::Enum(_) => {}
    }
}

/// Whether a text holds a word, without regard to case. Not where it is null.
fn holds(value: &Expr, text: &str, at: u32) -> Expr {
    let there =
        ExprKind::Compare(Comparison::Ne, Box::new(value.clone()), Box::new(constant(at, Value::Null)));
    let kind = ExprKind::Call(Function::ToLower, vec![value.clone()]);
    let lower = typed(at, PrimitiveType::String, value.nullable, kind);
    let sought = constant(at, Value::String(text.to_lowercase()));
    let kind = ExprKind::Call(Function::Contains, vec![lower, sought]);
    let found = typed(at, PrimitiveType::Boolean, value.nullable, kind);
    condition(at, ExprKind::And(Box::new(condition(at, there)), Box::new(found)))
}

/// One word in all that is looked at of an entity.
fn word(Sought { place, indexed, groups }: &Sought, text: &str, at: u32) -> Expr {
    let found = groups.iter().map(|Group { owner, properties }| {
        let hit = condition(at, ExprKind::Search(place.clone(), properties.clone(), text.to_owned()));
        match owner {
            None => hit,
            Some(owner) => condition(at, ExprKind::And(Box::new(of_type(place, *owner, at)), Box::new(hit))),
        }
    });
    let found = either(at, found);
    if !indexed {
        return found;
    }
    condition(at, ExprKind::Indexed(place.clone(), text.to_owned(), Box::new(found)))
}

fn either(at: u32, found: impl Iterator<Item = Expr>) -> Expr {
    let both = |left: Expr, right: Expr| condition(at, ExprKind::Or(Box::new(left), Box::new(right)));
    found.reduce(both).unwrap_or_else(|| condition(at, ExprKind::Value(Value::Boolean(false))))
}
