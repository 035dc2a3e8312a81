//! `$expand` of the entities of all sets: what is named behind a type stands below entities of that type.

use super::super::apply::State;
use super::super::error::BindResult;
use super::super::expr::condition;
use super::super::member::{both, read};
use super::super::scope::Context;
use super::super::select::bind_below_only;
use super::set_of_type;
use crate::model::EntitySetId;
use crate::query::{
    Combined, Comparison, Expr, ExprKind, Input, Joined, Named, Place, Related, Selection, Size,
};
use crate::url::ast::ExpandItem;

/// What stands below the entities of some sets: those entities are found again by their keys, beside the rows.
pub struct Below {
    sets: Vec<(Place, Selection)>,
}

impl Below {
    /// Binds the items of `$expand`.
    pub fn bind<'a>(cx: &Context<'a>, items: &'a [ExpandItem]) -> BindResult<Below> {
        let mut of: Vec<(EntitySetId, Vec<&'a ExpandItem>)> = Vec::new();
        for item in items {
            let sets: Vec<EntitySetId> = match item.path.as_slice() {
                [star] if star == "*" => cx.model.served_sets().map(|(id, _)| id).collect(),
                [first, ..] => vec![set_of_type(cx, first, item.at)?],
                [] => continue,
            };
            for set in sets {
                match of.iter_mut().find(|(known, _)| *known == set) {
                    Some((_, own)) => own.push(item),
                    None => of.push((set, vec![item])),
                }
            }
        }
        let mut sets = Vec::with_capacity(of.len());
        for (set, items) in of {
            let place = Place::of(cx.new_variable(), set);
            let selection = bind_below_only(cx, &place, &items)?;
            if !selection.expand.is_empty() {
                sets.push((place, selection));
            }
        }
        Ok(Below { sets })
    }

    /// The key of the entity at a place: all of it where it is found again by that, else what is not among the values that are
    /// told. Each has a name of its own, as keys of different sets have different types.
    pub fn keys(&self, cx: &Context, place: &Place, told: &[Named]) -> Vec<Named> {
        let joined = self.sets.iter().any(|(known, _)| known.set == place.set);
        let is_told = |key: &Expr| told.iter().any(|named| is_same_property(&named.expr, key));
        let named =
            |(path, expr)| Named { path: vec![path], expr, size: Size::ONE, present: None, whole: None };
        key_of(cx, place).filter(|(_, key)| joined || !is_told(key)).map(named).collect()
    }

    /// Puts the entities beside the rows of the sets that are read.
    pub fn put_beside(
        self,
        cx: &Context,
        state: &mut State,
        read: &[EntitySetId],
        at: u32,
    ) -> BindResult<Vec<Combined>> {
        let mut combined = Vec::with_capacity(self.sets.len());
        for (place, selection) in self.sets.into_iter().filter(|(place, _)| read.contains(&place.set)) {
            cx.count_navigation(at)?;
            let mut predicate = None;
            for (name, own) in key_of(cx, &place) {
                let there = state.scope.named.iter().find(|named| named.path == [name.as_str()]);
                let same = there.map(|there| {
                    let kind = ExprKind::Compare(Comparison::Eq, Box::new(own), Box::new(there.expr.clone()));
                    condition(at, kind)
                });
                predicate = both(predicate, same);
            }
            let Place { set, variable, .. } = place;
            let related = Related { from: None, set, variable, predicate };
            let input = std::mem::replace(&mut state.input, Input::Path);
            state.input = Input::Joined(Box::new(Joined { input, related, outer: true }));
            combined.push(Combined { set, variable, told: false, expand: Some(selection) });
        }
        Ok(combined)
    }
}

fn is_same_property(one: &Expr, other: &Expr) -> bool {
    match (&one.kind, &other.kind) {
        (ExprKind::Property(here, a), ExprKind::Property(there, b)) => here == there && a == b,
        _ => false,
    }
}

/// The values of the key of an entity, with the names of the columns that hold them.
fn key_of(cx: &Context, place: &Place) -> impl Iterator<Item = (String, Expr)> {
    let ty = cx.type_of(place.set);
    let set = &cx.model.entity_set(place.set).name;
    ty.key.iter().map(move |property| {
        let own = &ty.properties[*property];
        let value = read(0, own.ty, false, ExprKind::Property(place.clone(), *property));
        (["@key/", set, "/", &own.name].concat(), value)
    })
}
