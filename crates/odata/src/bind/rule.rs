//! Conditions that the owner of a service puts on the rows of an entity set.

use super::error::{BindResult, invalid};
use super::expr::{bind_any, bind_condition, constant, typed};
use super::scope::{BindLimits, Context, Scope};
use crate::model::{EntitySetId, Model, PrimitiveType};
use crate::query::{Expr, ExprKind, Place, Variable};
use crate::url::ast::{self, Options};
use crate::value::Value;

/// The alias that stands for the name of the login that a request reads with.
const USER: &str = "user";

/// A condition on the rows of an entity set.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The condition; variable 0 is the entity.
    pub condition: Expr,
    /// Whether it names who asks.
    pub names_user: bool,
    /// Whether it fails for some rows, as quotients do.
    pub can_fail: bool,
}

/// Binds a condition on the entities of a set, in which `@user` is the name of the login that a request reads with.
///
/// # Errors
/// Names that are not in the model, types that do not fit, and what depends on the request in another way.
pub fn bind_rule(model: &Model, set: EntitySetId, condition: &ast::Expr) -> BindResult<Rule> {
    let options = Options::default();
    let cx = Context::new(model, BindLimits::default(), &options, "");
    cx.rule.set(Some(false));
    let scope = Scope::of_resource(Place::of(Variable(0), set));
    let condition = bind_condition(&cx, &scope, condition, "rows")?;
    Ok(Rule { condition, names_user: cx.rule.get() == Some(true), can_fail: cx.can_fail() })
}

/// Binds a parameter alias.
pub fn bind_alias(cx: &Context, scope: &Scope, name: &str, at: u32) -> BindResult<Expr> {
    if cx.rule.get().is_none() {
        let bound = cx.with_alias(name, at, |value| bind_any(cx, scope, value))?;
        // Part 2 section 5.3: an alias that the URL does not define is null.
        return Ok(bound.unwrap_or_else(|| constant(at, Value::Null)));
    }
    if name != USER {
        let message = format!("'@{name}' is not known here: '@user' is the name of the login that reads.");
        return Err(invalid(at, &["@", name].concat(), message));
    }
    cx.rule.set(Some(true));
    Ok(typed(at, PrimitiveType::String, false, ExprKind::User))
}
