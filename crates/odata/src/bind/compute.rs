//! `$compute`: values under names of their own (Part 2 section 5.1.3.1).

use std::rc::Rc;

use super::error::{BindResult, invalid};
use super::expr::bind;
use super::scope::{Context, Scope};
use crate::query::{Expr, Named};
use crate::url::ast::ComputeItem;

/// Adds the names of `$compute` to a scope. Each value can use the names before it.
pub fn add_computed(cx: &Context, scope: &mut Scope, items: &[ComputeItem]) -> BindResult<()> {
    for item in items {
        free_name(cx, scope, &item.name, item.at)?;
        let (expr, size) = cx.measured(|| bind(cx, scope, &item.expr))?;
        let expr = with_type(expr, &item.name, item.at)?;
        let named = Named { path: vec![item.name.clone()], expr, size, present: None, whole: None };
        Rc::make_mut(&mut scope.named).push(named);
    }
    Ok(())
}

/// Refuses a name that the instances have already.
pub fn free_name(cx: &Context, scope: &Scope, name: &str, at: u32) -> BindResult<()> {
    if let Some(place) = &scope.implicit {
        let ty = cx.type_of(place.target());
        if ty.find_property(name).is_some() || ty.find_navigation(name).is_some() {
            let message = format!("'{name}' is a property of '{}'; another name is needed.", ty.name);
            return Err(invalid(at, name, message));
        }
    }
    let nested =
        scope.nested.iter().chain(scope.lambdas.iter().map(|(alias, ..)| alias)).any(|known| known == name);
    if nested || scope.named.iter().any(|named| named.path.first().is_some_and(|known| known == name)) {
        return Err(invalid(at, name, format!("The name '{name}' is given twice.")));
    }
    Ok(())
}

/// Refuses a value of which only is known that it is null.
pub fn with_type(expr: Expr, name: &str, at: u32) -> BindResult<Expr> {
    if expr.primitive.is_some() {
        return Ok(expr);
    }
    let message = format!("The value of '{name}' has no type; give null one by cast(null,Edm.String).");
    Err(invalid(at, name, message))
}
