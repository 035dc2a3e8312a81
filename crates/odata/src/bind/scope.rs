//! What names mean at a place in the URL: the model, the aliases, and the variables in sight.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::error::{BindResult, invalid, limit_exceeded};
use crate::model::{ComplexTypeId, EntitySetId, EntityType, Model, Type};
use crate::query::{Expand, Expr, Named, Place, Size, Variable};
use crate::url::ast::{self, Alias, Options, TextOption};

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

/// Greatest number of transformations in one `$apply`, those inside of others counted: each can be a select over the ones
/// before, and databases nest some 60.
pub const TRANSFORMATIONS: usize = 25;

/// Greatest number of selects that one `$apply` makes, where rows that follow each other come from the same ones.
pub const SELECTS: usize = 100;

/// Greatest number of calls of `matchesPattern` in one request: each keeps a compiled pattern for as long as its statement runs.
pub const PATTERNS: usize = 20;

/// What is the same for all of a URL.
pub struct Context<'a> {
    /// The model.
    pub model: &'a Model,
    /// Bounds.
    pub limits: BindLimits,
    /// Query options that are none of the standard.
    pub custom: &'a [TextOption],
    /// `$format` of the URL.
    pub format: Option<&'a str>,
    /// Parameter aliases of the URL, then those of the options around and at hand.
    aliases: RefCell<Vec<&'a [Alias]>>,
    /// The time of the request, as UTC text that compares: what `now()` gives.
    pub now: &'a str,
    variables: Cell<usize>,
    navigations: Cell<usize>,
    expanded: Cell<usize>,
    alias_depth: Cell<usize>,
    depth: Cell<usize>,
    deepest: Cell<usize>,
    nodes: Cell<usize>,
    transformations: Cell<usize>,
    patterns: Cell<usize>,
    it: RefCell<Option<Place>>,
    it_used: Cell<bool>,
    in_expand: Cell<bool>,
    /// Where it is no URL that is bound but a condition on the rows of a set: whether that names who asks.
    pub rule: Cell<Option<bool>>,
    fails: Cell<bool>,
    /// Types below those of their sets that lambda variables are known to be of.
    known: RefCell<Vec<(Variable, usize)>>,
}

impl<'a> Context<'a> {
    /// The context of one URL.
    pub fn new(model: &'a Model, limits: BindLimits, options: &'a Options, now: &'a str) -> Context<'a> {
        let format = options.text.iter().find(|option| option.name == "$format");
        Context {
            model,
            limits,
            custom: &options.custom,
            format: format.map(|option| option.value.as_str()),
            aliases: RefCell::new(vec![&options.aliases]),
            now,
            variables: Cell::new(1),
            navigations: Cell::new(0),
            expanded: Cell::new(0),
            alias_depth: Cell::new(0),
            depth: Cell::new(0),
            deepest: Cell::new(0),
            nodes: Cell::new(0),
            transformations: Cell::new(0),
            patterns: Cell::new(0),
            it: RefCell::new(None),
            it_used: Cell::new(false),
            in_expand: Cell::new(false),
            rule: Cell::new(None),
            fails: Cell::new(false),
            known: RefCell::new(Vec::new()),
        }
    }

    /// A range variable that no other lambda has.
    pub fn new_variable(&self) -> Variable {
        let next = self.variables.get();
        self.variables.set(next + 1);
        Variable(next)
    }

    /// Notes that a variable is of a type below that of its set.
    pub fn note_type(&self, variable: Variable, of: usize) {
        self.known.borrow_mut().push((variable, of));
    }

    /// A variable as far as is known of it.
    pub fn place_of(&self, variable: Variable, set: EntitySetId) -> Place {
        let known = self.known.borrow().iter().find(|(known, _)| *known == variable).map(|(_, of)| *of);
        Place::of(variable, set).typed(known)
    }

    /// Notes whether an expression fails for some values of rows.
    pub fn note_failing(&self, fails: bool) {
        self.fails.set(self.fails.get() || fails);
    }

    /// Whether an expression was noted to fail for some values.
    pub fn can_fail(&self) -> bool {
        self.fails.get()
    }

    /// Where options in `$expand` find the entity that the request is about.
    pub fn it(&self) -> Option<Place> {
        self.it.borrow().clone()
    }

    /// Says where that is from here on, and gives where it was before.
    pub fn set_it(&self, place: Option<Place>) -> Option<Place> {
        self.it.replace(place)
    }

    /// Notes whether `$it` is used, and gives what was noted before.
    pub fn note_it(&self, used: bool) -> bool {
        self.it_used.replace(used)
    }

    /// Binds `$apply` of an expanded collection.
    pub fn within_expand<T>(&self, bind: impl FnOnce() -> T) -> T {
        let outer = self.in_expand.replace(true);
        let bound = bind();
        self.in_expand.set(outer);
        bound
    }

    /// Whether that is what is bound.
    pub fn is_in_expand(&self) -> bool {
        self.in_expand.get()
    }

    /// Goes one level deeper into an expression for as long as `bind` runs.
    pub fn deeper<T>(&self, at: u32, bind: impl FnOnce() -> BindResult<T>) -> BindResult<T> {
        let outer = self.depth.get();
        self.reach(at, outer + 1)?;
        self.depth.set(outer + 1);
        let bound = bind();
        self.depth.set(outer);
        bound
    }

    /// Holds a depth against its limit.
    fn reach(&self, at: u32, depth: usize) -> BindResult<()> {
        if depth > self.limits.expression_depth {
            let message = format!(
                "An expression is deeper than {} (limit `expression_depth`).",
                self.limits.expression_depth
            );
            return Err(limit_exceeded(at, "expression", message));
        }
        self.deepest.set(self.deepest.get().max(depth));
        Ok(())
    }

    /// Binds something, and says how large it is.
    pub fn measured<T>(&self, bind: impl FnOnce() -> BindResult<T>) -> BindResult<(T, Size)> {
        let (nodes, navigations) = (self.nodes.get(), self.navigations.get());
        let patterns = self.patterns.get();
        let deepest = self.deepest.replace(self.depth.get());
        let bound = bind()?;
        let size = Size {
            nodes: self.nodes.get() - nodes,
            depth: self.deepest.get() - self.depth.get(),
            navigations: self.navigations.get() - navigations,
            patterns: self.patterns.get() - patterns,
        };
        self.deepest.set(self.deepest.get().max(deepest));
        Ok((bound, size))
    }

    /// Counts what a name stands for, at a place where it is used.
    pub fn count_again(&self, at: u32, size: Size) -> BindResult<()> {
        self.count_nodes(at, size.nodes)?;
        for _ in 0..size.navigations {
            self.count_navigation(at)?;
        }
        for _ in 0..size.patterns {
            self.count_pattern(at)?;
        }
        self.reach(at, self.depth.get() + size.depth)
    }

    /// Counts parts of expressions against their limit.
    pub fn count_nodes(&self, at: u32, more: usize) -> BindResult<()> {
        self.nodes.set(self.nodes.get().saturating_add(more));
        if self.nodes.get() > EXPRESSION_NODES {
            let message = format!(
                "The expressions of one request have more than {EXPRESSION_NODES} parts (fixed limit \
                 `expression_nodes`)."
            );
            return Err(limit_exceeded(at, "expression", message));
        }
        Ok(())
    }

    /// Counts a transformation of `$apply` against its limit.
    pub fn count_transformation(&self, at: u32) -> BindResult<()> {
        self.transformations.set(self.transformations.get() + 1);
        if self.transformations.get() > TRANSFORMATIONS {
            let message = format!(
                "More than {TRANSFORMATIONS} transformations in one request (fixed limit `transformations`)."
            );
            return Err(limit_exceeded(at, "$apply", message));
        }
        Ok(())
    }

    /// Counts a pattern against its limit.
    pub fn count_pattern(&self, at: u32) -> BindResult<()> {
        self.patterns.set(self.patterns.get() + 1);
        if self.patterns.get() > PATTERNS {
            let message = format!("More than {PATTERNS} patterns in one request (fixed limit `patterns`).");
            return Err(limit_exceeded(at, "matchesPattern", message));
        }
        Ok(())
    }

    /// Binds something that nothing comes of: its navigation and its patterns are no part of the request.
    pub fn aside<T>(&self, bind: impl FnOnce() -> T) -> T {
        let (navigations, patterns) = (self.navigations.get(), self.patterns.get());
        let bound = bind();
        self.navigations.set(navigations);
        self.patterns.set(patterns);
        bound
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

    /// The alias of a name, the innermost one.
    pub fn alias(&self, name: &str) -> Option<&'a Alias> {
        self.aliases.borrow().iter().rev().find_map(|aliases| aliases.iter().find(|a| a.name == name))
    }

    /// Binds something with more aliases in sight.
    pub fn with_aliases<T>(&self, aliases: &'a [Alias], bind: impl FnOnce() -> T) -> T {
        self.aliases.borrow_mut().push(aliases);
        let bound = bind();
        self.aliases.borrow_mut().pop();
        bound
    }

    /// Binds something with the value of an alias; aliases that lead to themselves are refused.
    pub fn with_alias<T>(
        &self,
        name: &str,
        at: u32,
        bind: impl FnOnce(&'a ast::Expr) -> BindResult<T>,
    ) -> BindResult<Option<T>> {
        let Some(alias) = self.alias(name) else {
            return Ok(None);
        };
        if self.alias_depth.get() >= ALIAS_DEPTH {
            return Err(invalid(
                at,
                &["@", name].concat(),
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
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// What a bare property name belongs to; also `$this`. None where the rows are no entities.
    pub implicit: Option<Place>,
    /// Names beside those of its properties.
    pub named: Rc<Vec<Named>>,
    /// `$this`, where it is a value.
    pub this: Option<Expr>,
    /// Lambda variables, and `$this` without a name, that stand for complex values, the innermost last.
    pub complex: Vec<(Option<String>, Expr, ComplexTypeId)>,
    /// `$it`, where it is known.
    pub it: Option<Place>,
    /// `$it`, where it is one of the values that the path leads to.
    pub it_value: Option<(Expr, Type)>,
    /// Lambda variables, the innermost last.
    pub lambdas: Vec<(String, Variable, EntitySetId)>,
    /// Entities that rows are grouped by: the names that lead to each, and what stands for it.
    pub entities: Vec<(Vec<String>, Variable, EntitySetId)>,
    /// Variables that may stand for no entity.
    pub optional: Vec<Variable>,
    /// The names of what `$apply` has put below the instances.
    pub nested: Vec<String>,
    /// What stands below rows that are no entities.
    pub below: Vec<Expand>,
    /// An entity among those of all sets: paths from it begin with a type.
    pub of_all: Option<Place>,
}

impl Scope {
    /// The scope of options on the addressed resource itself.
    pub fn of_resource(place: Place) -> Scope {
        Scope { it: Some(place.clone()), ..Scope::of_expanded(place) }
    }

    /// The scope of options nested in `$expand`: `$it` lies outside of its statement.
    pub fn of_expanded(place: Place) -> Scope {
        Scope { implicit: Some(place), ..Scope::default() }
    }

    /// The scope of rows that are no entities.
    pub fn of_rows(named: Vec<Named>) -> Scope {
        Scope { named: Rc::new(named), ..Scope::default() }
    }

    /// The complex value that a variable stands for, or `$this`.
    pub fn find_complex(&self, name: Option<&str>) -> Option<(&Expr, ComplexTypeId)> {
        let found = self.complex.iter().rev().find(|(known, ..)| known.as_deref() == name);
        found.map(|(_, value, id)| (value, *id))
    }
}
