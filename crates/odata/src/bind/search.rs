//! `$search`: words and phrases looked up in the searchable properties (Part 2 section 5.1.8).

use super::cast::of_type;
use super::error::{BindResult, not_supported};
use super::expr::typed;
use super::scope::Context;
use crate::model::PrimitiveType;
use crate::query::{Expr, ExprKind, Place};
use crate::url::ast::Search;
use crate::value::Value;

/// Binds a search to the entity at a place.
pub fn bind_search(cx: &Context, place: &Place, search: &Search, at: u32) -> BindResult<Expr> {
    let ty = cx.type_of(place.target());
    let properties = ty.possible_properties(place.of).filter(|i| ty.properties[*i].searchable);
    // Those of a type below count where an entity is of it; the ones that all have come first.
    let mut groups: Vec<(Option<usize>, Vec<usize>)> = Vec::new();
    for index in properties {
        let owner = ty.owner_of_property(index).filter(|_| !ty.has_property(place.of, index));
        match groups.iter_mut().find(|(known, _)| *known == owner) {
            Some((_, group)) => group.push(index),
            None => groups.push((owner, vec![index])),
        }
    }
    if groups.is_empty() {
        let message = format!("Type '{}' has no property that $search could look in.", ty.name);
        return Err(not_supported(at, "$search", message));
    }
    let searched = groups.iter().map(|(_, group)| group.len()).sum();
    cx.count_nodes(at, words(search).saturating_mul(searched))?;
    Ok(node(place, &groups, search, at))
}

fn words(search: &Search) -> usize {
    match search {
        Search::Word(_) | Search::Phrase(_) | Search::Incomplete(_) => 1,
        Search::Not(inner) => words(inner),
        Search::And(a, b) | Search::Or(a, b) => words(a) + words(b),
    }
}

type Groups = [(Option<usize>, Vec<usize>)];

fn node(place: &Place, properties: &Groups, search: &Search, at: u32) -> Expr {
    let pair = |a: &Search, b: &Search| {
        (Box::new(node(place, properties, a, at)), Box::new(node(place, properties, b, at)))
    };
    let kind = match search {
        Search::Word(text) | Search::Phrase(text) | Search::Incomplete(text) => {
            return word(place, properties, text, at);
        }
        Search::Not(inner) => ExprKind::Not(Box::new(node(place, properties, inner, at))),
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
fn word(place: &Place, groups: &Groups, text: &str, at: u32) -> Expr {
    let condition = |kind| typed(at, PrimitiveType::Boolean, false, kind);
    let found = groups.iter().map(|(owner, group)| {
        let hit = condition(ExprKind::Search(place.clone(), group.clone(), text.to_owned()));
        match owner {
            None => hit,
            Some(owner) => condition(ExprKind::And(Box::new(of_type(place, *owner, at)), Box::new(hit))),
        }
    });
    let either = |left: Expr, right: Expr| condition(ExprKind::Or(Box::new(left), Box::new(right)));
    found.reduce(either).unwrap_or_else(|| condition(ExprKind::Value(Value::Boolean(false))))
}
