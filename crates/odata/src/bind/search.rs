//! `$search`: words and phrases looked up in the searchable properties (Part 2 section 5.1.8).

use super::cast::of_type;
use super::error::{BindResult, not_supported};
use super::expr::typed;
use super::scope::Context;
use crate::model::PrimitiveType;
use crate::query::{Expr, ExprKind, Place};
use crate::url::ast::Search;
use crate::value::Value;

/// Binds a search to the entities at some places: a word may be found in any of them.
pub fn bind_search(cx: &Context, places: &[Place], search: &Search, at: u32) -> BindResult<Expr> {
    // Those of a type below count where an entity is of it; the ones that all have come first.
    let mut groups: Vec<Group> = Vec::new();
    for place in places {
        let ty = cx.type_of(place.target());
        for index in ty.possible_properties(place.of).filter(|i| ty.properties[*i].searchable) {
            let owner = ty.owner_of_property(index).filter(|_| !ty.has_property(place.of, index));
            match groups.iter_mut().find(|known| known.place == *place && known.owner == owner) {
                Some(group) => group.properties.push(index),
                None => groups.push(Group { place: place.clone(), owner, properties: vec![index] }),
            }
        }
    }
    if groups.is_empty() {
        let names: Vec<&str> = places.iter().map(|place| cx.type_of(place.target()).name.as_str()).collect();
        let message = format!("Type '{}' has no property that $search could look in.", names.join("', '"));
        return Err(not_supported(at, "$search", message));
    }
    let searched = groups.iter().map(|group| group.properties.len()).sum();
    cx.count_nodes(at, words(search).saturating_mul(searched))?;
    Ok(node(&groups, search, at))
}

/// Properties of an entity that are looked at, where it is of the type that has them.
struct Group {
    place: Place,
    owner: Option<usize>,
    properties: Vec<usize>,
}

fn words(search: &Search) -> usize {
    match search {
        Search::Word(_) | Search::Phrase(_) | Search::Incomplete(_) => 1,
        Search::Not(inner) => words(inner),
        Search::And(a, b) | Search::Or(a, b) => words(a) + words(b),
    }
}

fn node(groups: &[Group], search: &Search, at: u32) -> Expr {
    let pair = |a: &Search, b: &Search| (Box::new(node(groups, a, at)), Box::new(node(groups, b, at)));
    let kind = match search {
        Search::Word(text) | Search::Phrase(text) | Search::Incomplete(text) => {
            return word(groups, text, at);
        }
        Search::Not(inner) => ExprKind::Not(Box::new(node(groups, inner, at))),
        Search::And(a, b) => {
            let (a, b) = pair(a, b);
            ExprKind::And(a, b)
        }
        Search::Or(a, b) => {
            let (a, b) = pair(a, b);
            ExprKind::Or(a, b)
        }
    };
    typed(at, PrimitiveType::Boolean, false, kind)
}

/// One word in all properties that are looked at.
fn word(groups: &[Group], text: &str, at: u32) -> Expr {
    let condition = |kind| typed(at, PrimitiveType::Boolean, false, kind);
    let found = groups.iter().map(|Group { place, owner, properties }| {
        let hit = condition(ExprKind::Search(place.clone(), properties.clone(), text.to_owned()));
        match owner {
            None => hit,
            Some(owner) => condition(ExprKind::And(Box::new(of_type(place, *owner, at)), Box::new(hit))),
        }
    });
    let either = |left: Expr, right: Expr| condition(ExprKind::Or(Box::new(left), Box::new(right)));
    found.reduce(either).unwrap_or_else(|| condition(ExprKind::Value(Value::Boolean(false))))
}
