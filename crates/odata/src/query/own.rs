//! Whether a value depends on one entity alone.

use super::{Expr, ExprKind, Items, Place};

impl Expr {
    /// Whether the value can change only with the entity that it is of: it looks at no other one.
    pub fn is_own(&self) -> bool {
        let here = |place: &Place| place.path.is_empty();
        let items =
            |items: &Items| items.collection.is_own() && items.predicate.as_ref().is_none_or(Expr::is_own);
        match &self.kind {
            ExprKind::Value(_)
            | ExprKind::User
            | ExprKind::Column(..)
            | ExprKind::ItemNumber(_)
            | ExprKind::Missing(_) => true,
            ExprKind::Property(place, _)
            | ExprKind::OfType(place, _)
            | ExprKind::Dynamic(place, _)
            | ExprKind::Search(place, ..) => here(place),
            ExprKind::Indexed(place, _, otherwise) => here(place) && otherwise.is_own(),
            ExprKind::Member(inner, ..)
            | ExprKind::Item(inner, _)
            | ExprKind::Not(inner)
            | ExprKind::Negate(inner)
            | ExprKind::Cast(inner)
            | ExprKind::IsNull(inner) => inner.is_own(),
            ExprKind::Compare(_, left, right)
            | ExprKind::Arithmetic(_, left, right)
            | ExprKind::And(left, right)
            | ExprKind::Or(left, right) => left.is_own() && right.is_own(),
            ExprKind::In(sought, list) => sought.is_own() && list.iter().all(Expr::is_own),
            ExprKind::Call(_, args) => args.iter().all(Expr::is_own),
            ExprKind::Case(pairs) => pairs.iter().all(|(when, then)| when.is_own() && then.is_own()),
            ExprKind::AnyItem(found) | ExprKind::AllItems(found) | ExprKind::CountItems(found) => {
                items(found)
            }
            ExprKind::Sequence(steps) => steps.iter().all(items),
            ExprKind::Aggregate(..)
            | ExprKind::Gather(..)
            | ExprKind::Running(..)
            | ExprKind::GroupNumber(_)
            | ExprKind::Called(_)
            | ExprKind::Given(..)
            | ExprKind::One(..)
            | ExprKind::Exists(_)
            | ExprKind::Any(_)
            | ExprKind::All(_)
            | ExprKind::Count(_)
            | ExprKind::Root(..)
            | ExprKind::InTree(..) => false,
        }
    }
}
