//! What names mean at a place in the URL: the model, the aliases, and the variables in sight.

use std::cell::Cell;

use super::error::{BindResult, invalid, limit_exceeded};
use crate::model::{EntitySetId, EntityType, Model};
use crate::query::{Place, Variable};
use crate::url::ast::{Alias, Expr};

/// Bounds on what a URL may ask for.
#[derive(Debug, Clone, Copy)]
pub struct BindLimits {
    /// Greatest depth of `$expand`, `$levels` counted.
    pub expand_depth: usize,
    /// Greatest number of expanded navigation properties in all.
    pub expand_items: usize,
    /// Greatest number of values in a list after `in`.
    pub list_values: usize,
    /// Greatest depth of an expression; chains of `and` and `or` count once.
    pub expression_depth: usize,
    /// Greatest number of navigation properties in paths, lambdas and counts of one request.
    pub navigations: usize,
}

impl Default for BindLimits {
    fn default() -> Self {
        BindLimits {
            expand_depth: 8,
            expand_items: 50,
            list_values: 1_000,
            expression_depth: 64,
            navigations: 100,
        }
    }
}

/// How often aliases may refer to aliases.
const ALIAS_DEPTH: usize = 8;
/// Greatest number of operands, operators and searched properties of one request, each use of an alias counted:
/// a short URL can name an alias of aliases many times. Databases take some 30,000 parameters.
pub const EXPRESSION_NODES: usize = 20_000;

/// Greatest number of items in one `$orderby`.
pub const ORDERBY_ITEMS: usize = 100;

/// What is the same for all of a URL.
pub struct Context<'a> {
    /// The model.
    pub model: &'a Model,
    /// Bounds.
    pub limits: BindLimits,
    /// Parameter aliases of the URL.
    pub aliases: &'a [Alias],
    /// The time of the request, as UTC text that compares: what `now()` gives.
    pub now: &'a str,
    variables: Cell<usize>,
    navigations: Cell<usize>,
    expanded: Cell<usize>,
    alias_depth: Cell<usize>,
    depth: Cell<usize>,
    nodes: Cell<usize>,
}

impl<'a> Context<'a> {
    /// The context of one URL.
    pub fn new(model: &'a Model, limits: BindLimits, aliases: &'a [Alias], now: &'a str) -> Context<'a> {
        Context {
            model,
            limits,
            aliases,
            now,
            variables: Cell::new(1),
            navigations: Cell::new(0),
            expanded: Cell::new(0),
            alias_depth: Cell::new(0),
            depth: Cell::new(0),
            nodes: Cell::new(0),
        }
    }

    /// A range variable that no other lambda has.
    pub fn new_variable(&self) -> Variable {
        let next = self.variables.get();
        self.variables.set(next + 1);
        Variable(next)
    }

    /// Goes one level deeper into an expression for as long as `bind` runs.
    pub fn deeper<T>(&self, at: u32, bind: impl FnOnce() -> BindResult<T>) -> BindResult<T> {
        let depth = self.depth.get() + 1;
        if depth > self.limits.expression_depth {
            let message = format!(
                "An expression is deeper than {} (limit `expression_depth`).",
                self.limits.expression_depth
            );
            return Err(limit_exceeded(at, "expression", message));
        }
        self.depth.set(depth);
        let bound = bind();
        self.depth.set(depth - 1);
        bound
    }

    /// Counts parts of expressions against their limit.
    pub fn count_nodes(&self, at: u32, more: usize) -> BindResult<()> {
        self.nodes.set(self.nodes.get().saturating_add(more));
        if self.nodes.get() > EXPRESSION_NODES {
            let message = format!(
                "The expressions of one request have more than {EXPRESSION_NODES} parts (limit \
                 `expression_nodes`)."
            );
            return Err(limit_exceeded(at, "expression", message));
        }
        Ok(())
    }

    /// Counts a navigation against its limit.
    pub fn count_navigation(&self, at: u32) -> BindResult<()> {
        self.navigations.set(self.navigations.get() + 1);
        if self.navigations.get() > self.limits.navigations {
            let message = format!(
                "More than {} navigations in one request (limit `navigations`).",
                self.limits.navigations
            );
            return Err(limit_exceeded(at, "navigations", message));
        }
        Ok(())
    }

    /// Counts an expanded navigation property against its limit.
    pub fn count_expanded(&self, at: u32) -> BindResult<()> {
        self.expanded.set(self.expanded.get() + 1);
        if self.expanded.get() > self.limits.expand_items {
            let message = format!(
                "More than {} expanded navigation properties in one request (limit `expand_items`).",
                self.limits.expand_items
            );
            return Err(limit_exceeded(at, "$expand", message));
        }
        Ok(())
    }

    /// Binds something with the value of an alias; aliases that lead to themselves are refused.
    pub fn with_alias<T>(
        &self,
        name: &str,
        at: u32,
        bind: impl FnOnce(&'a Expr) -> BindResult<T>,
    ) -> BindResult<Option<T>> {
        let Some(alias) = self.aliases.iter().find(|a| a.name == name) else {
            return Ok(None);
        };
        if self.alias_depth.get() >= ALIAS_DEPTH {
            return Err(invalid(
                at,
                name,
                format!("Parameter alias '@{name}' refers to itself or too deep."),
            ));
        }
        self.alias_depth.set(self.alias_depth.get() + 1);
        let bound = bind(&alias.value);
        self.alias_depth.set(self.alias_depth.get() - 1);
        bound.map(Some)
    }

    /// The type of the entities of a set.
    pub fn type_of(&self, set: EntitySetId) -> &'a EntityType {
        self.model.entity_type(self.model.entity_set(set).entity_type)
    }
}

/// The variables in sight.
#[derive(Debug, Clone)]
pub struct Scope {
    /// What a bare property name belongs to; also `$this`.
    pub implicit: (Variable, EntitySetId),
    /// `$it`, where it is known.
    pub it: Option<(Variable, EntitySetId)>,
    /// Lambda variables, the innermost last.
    pub lambdas: Vec<(String, Variable, EntitySetId)>,
}

impl Scope {
    /// The scope of options on the addressed resource itself.
    pub fn of_resource(set: EntitySetId) -> Scope {
        Scope { implicit: (Variable(0), set), it: Some((Variable(0), set)), lambdas: Vec::new() }
    }

    /// The scope of options nested in `$expand`: `$it` lies outside of its statement.
    pub fn of_expanded(set: EntitySetId) -> Scope {
        Scope { implicit: (Variable(0), set), it: None, lambdas: Vec::new() }
    }

    /// The place of a variable itself.
    pub fn place((variable, set): (Variable, EntitySetId)) -> Place {
        Place { variable, set, path: Vec::new() }
    }
}
