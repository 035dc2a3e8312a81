//! `$search`: words and phrases looked up in the searchable properties (Part 2 section 5.1.8).

use super::error::{BindResult, not_supported};
use super::expr::typed;
use super::scope::Context;
use crate::model::PrimitiveType;
use crate::query::{Expr, ExprKind, Place};
use crate::url::ast::Search;

/// Binds a search to the entity at a place.
pub fn bind_search(cx: &Context, place: &Place, search: &Search, at: u32) -> BindResult<Expr> {
    let ty = cx.type_of(place.target());
    let properties: Vec<usize> = (0..ty.properties.len()).filter(|i| ty.properties[*i].searchable).collect();
    if properties.is_empty() {
        let message = format!("Type '{}' has no property that $search could look in.", ty.name);
        return Err(not_supported(at, "$search", message));
    }
    cx.count_nodes(at, words(search).saturating_mul(properties.len()))?;
    Ok(node(place, &properties, search, at))
}

fn words(search: &Search) -> usize {
    match search {
        Search::Word(_) | Search::Phrase(_) | Search::Incomplete(_) => 1,
        Search::Not(inner) => words(inner),
        Search::And(a, b) | Search::Or(a, b) => words(a) + words(b),
    }
}

fn node(place: &Place, properties: &[usize], search: &Search, at: u32) -> Expr {
    let pair = |a: &Search, b: &Search| {
        (Box::new(node(place, properties, a, at)), Box::new(node(place, properties, b, at)))
    };
    let kind = match search {
        Search::Word(text) | Search::Phrase(text) | Search::Incomplete(text) => {
            ExprKind::Search(place.clone(), properties.to_vec(), text.clone())
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
