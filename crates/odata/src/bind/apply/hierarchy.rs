//! Recursive hierarchies over self-referencing keys: `ancestors`, `descendants`, `traverse` and `rolluprecursive` (section 6).

use super::super::error::{BindResult, invalid, limit_exceeded, not_supported};
use super::super::expr::{bind, typed};
use super::super::member::read;
use super::super::scope::{Context, Scope};
use super::super::select::bind_orderby;
use super::state::{State, row_column};
use crate::model::{EntitySetId, PrimitiveType as P, Type};
use crate::query::{
    Expr, ExprKind, Input, Order, Place, RowColumn, Rows, RowsKind, Tree, Variable, Walk, Walked,
};
use crate::url::apply::{DataPath, Direction, Hierarchy, Name, Pipeline, TraverseOrder};
use crate::url::ast::{self, OrderItem, PathRoot, PathSegment, PathSegmentKind};

/// The greatest distance that can be asked for.
pub const DISTANCE: u64 = 1_000;

/// Keeps the instances whose nodes are above or below those of others.
pub fn relatives(
    cx: &Context,
    state: &mut State,
    hierarchy: &Hierarchy,
    (direction, start): (Direction, &Pipeline),
    (max_distance, keep_start): (Option<u64>, bool),
) -> BindResult<()> {
    let at = hierarchy.qualifier.at;
    if max_distance.is_some_and(|most| most > DISTANCE) {
        let message = format!("The distance is at most {DISTANCE} (fixed limit `hierarchy_distance`).");
        return Err(limit_exceeded(at, "distance", message));
    }
    let tree = named(cx, hierarchy)?;
    let value = node_of(cx, state.settled(), &hierarchy.node, &tree)?;
    // They begin with all that there is.
    cx.count_nodes(at, state.nodes)?;
    let start = started(cx, state.clone(), start, &hierarchy.node, &tree)?;
    let up = direction == Direction::Ancestors;
    let walk = Walk::Relatives { start, up, max_distance, keep_start };
    let found = ExprKind::InTree(Box::new(value), Box::new(Walked { tree, walk }));
    state.add_filter(typed(at, P::Boolean, false, found));
    Ok(())
}

/// Orders the instances as their nodes lie in the tree.
pub fn traverse(
    cx: &Context,
    state: &mut State,
    hierarchy: &Hierarchy,
    order: TraverseOrder,
    start: Option<&Pipeline>,
    siblings: &[OrderItem],
) -> BindResult<()> {
    let at = hierarchy.qualifier.at;
    let tree = named(cx, hierarchy)?;
    let value = node_of(cx, state.settled(), &hierarchy.node, &tree)?;
    let variable = cx.new_variable();
    let scope = Scope::of_expanded(Place::of(variable, tree.set));
    let siblings = bind_orderby(cx, &scope, Some(siblings))?;
    let start = match start {
        None => None,
        Some(start) => Some(chosen(cx, start, &tree, at)?),
    };
    let children_first = order == TraverseOrder::Postorder;
    let walk = Walk::Traverse { start, siblings, siblings_of: variable, children_first };
    let position = beside(cx, state, value, Walked { tree, walk });
    let position = typed(at, P::String, false, ExprKind::Column(position, 1));
    state.orderby = vec![Order { expr: position, descending: false }];
    state.traversed = true;
    Ok(())
}

/// Puts beside each instance the nodes that its own is below of, itself being one of them: what to group by.
pub fn rollup(
    cx: &Context,
    state: &mut State,
    hierarchy: &Hierarchy,
    restrict: Option<&Pipeline>,
) -> BindResult<(Expr, RowColumn)> {
    let at = hierarchy.qualifier.at;
    let tree = named(cx, hierarchy)?;
    let value = node_of(cx, state.settled(), &hierarchy.node, &tree)?;
    let property = &cx.type_of(tree.set).properties[tree.node];
    let variable = beside(cx, state, value, Walked { tree: tree.clone(), walk: Walk::Ancestry });
    let above = read(at, property.ty, false, ExprKind::Column(variable, 1));
    if let Some(restrict) = restrict {
        // All that is below one of them counts, but only they have rows: no step leads away from where the walk starts.
        let start = chosen(cx, restrict, &tree, at)?;
        let walk = Walk::Relatives { start, up: false, max_distance: Some(0), keep_start: true };
        let found = ExprKind::InTree(Box::new(above.clone()), Box::new(Walked { tree, walk }));
        state.add_filter(typed(at, P::Boolean, false, found));
    }
    let names = hierarchy.node.iter().map(|name| name.name.clone()).collect();
    let column = row_column(names, &above);
    Ok((above, column))
}

/// Puts what a walk gives beside the rows, and gives its variable.
fn beside(cx: &Context, state: &mut State, value: Expr, walked: Walked) -> Variable {
    let variable = cx.new_variable();
    let input = std::mem::replace(&mut state.input, Input::Path);
    state.input = Input::Walked(Box::new((input, value, variable, walked)));
    variable
}

/// The tree that a transformation names.
fn named(cx: &Context, hierarchy: &Hierarchy) -> BindResult<Tree> {
    tree(cx, &hierarchy.nodes, &hierarchy.qualifier)
}

/// The tree that a hierarchy is: a set whose entities have another one of it above them.
pub fn tree(cx: &Context, set: &ast::Expr, qualifier: &Name) -> BindResult<Tree> {
    let Name { at, name } = qualifier;
    let set = nodes(cx, set)?;
    let known = cx.model.hierarchies(set);
    let Some(found) = known.iter().find(|known| known.qualifier == *name) else {
        let names: Vec<&str> = known.iter().map(|known| known.qualifier.as_str()).collect();
        let set = &cx.model.entity_set(set).name;
        let message = if names.is_empty() {
            format!("'{set}' is no hierarchy: no entity leads to another one of the same set by its key.")
        } else {
            format!("'{set}' has no hierarchy '{name}', but: {}.", names.join(", "))
        };
        return Err(invalid(*at, name, message));
    };
    cx.count_navigation(*at)?;
    Ok(Tree { set, node: found.node, parent: found.parent })
}

/// The set of `$root/Set`.
fn nodes(cx: &Context, expr: &ast::Expr) -> BindResult<EntitySetId> {
    let wrong =
        || invalid(expr.at, "$root", "The nodes of a hierarchy are a set here, as in $root/Categories.");
    let path = match &expr.kind {
        ast::ExprKind::Path(path) => path,
        ast::ExprKind::Alias(name) => {
            let found = cx.with_alias(name, expr.at, |value| nodes(cx, value))?;
            return found.ok_or_else(wrong);
        }
        _ => return Err(wrong()),
    };
    match (path.root, path.segments.as_slice()) {
        (PathRoot::Root, [PathSegment { kind: PathSegmentKind::Name { name, args: None }, .. }]) => {
            cx.model.find_set(name).ok_or_else(wrong)
        }
        _ => Err(wrong()),
    }
}

/// The value by which an instance belongs to a node.
fn node_of(cx: &Context, scope: &Scope, path: &DataPath, tree: &Tree) -> BindResult<Expr> {
    let at = path.first().map_or(0, |name| name.at);
    let segments = path.iter().map(|name| PathSegment {
        at: name.at,
        kind: PathSegmentKind::Name { name: name.name.clone(), args: None },
    });
    let path = ast::Path { root: PathRoot::Implicit, segments: segments.collect() };
    let value = bind(cx, scope, &ast::Expr { at, kind: ast::ExprKind::Path(path) })?;
    let node = &cx.type_of(tree.set).properties[tree.node];
    let fits = match (node.ty, value.primitive) {
        (Type::Primitive(own), Some(other)) => {
            own == other && value.enumeration.is_none() || (own.is_integer() && other.is_integer())
        }
        _ => false,
    };
    if !fits || !matches!(value.kind, ExprKind::Property(..) | ExprKind::Column(..)) {
        let message = format!("This does not lead to '{}' of a node.", node.name);
        return Err(invalid(at, &node.name, message));
    }
    Ok(value)
}

/// The nodes that transformations choose among all of a tree.
fn chosen(cx: &Context, pipeline: &Pipeline, tree: &Tree, at: u32) -> BindResult<Rows> {
    let name = cx.type_of(tree.set).properties[tree.node].name.clone();
    started(cx, State::of_set(cx, tree.set), pipeline, &vec![Name { at, name }], tree)
}

/// The nodes that a walk starts from.
fn started(
    cx: &Context,
    mut state: State,
    pipeline: &Pipeline,
    path: &DataPath,
    tree: &Tree,
) -> BindResult<Rows> {
    super::run(cx, &mut state, pipeline)?;
    if state.joined || state.traversed {
        let at = path.first().map_or(0, |name| name.at);
        return Err(not_supported(at, "$apply", "This cannot choose where to start in a hierarchy."));
    }
    let value = node_of(cx, state.settled(), path, tree)?;
    Ok(started_from(state, value))
}

/// Nodes that a walk starts from: a value of each of some rows.
pub fn started_from(mut state: State, value: Expr) -> Rows {
    let columns = vec![row_column(vec!["node".to_owned()], &value)];
    // It is compared as it lies in the table.
    let select = state.select(vec![value], None);
    let kind = RowsKind::Select(Box::new(crate::query::Transform { keys: 1, ..select }));
    Rows { columns, identity: vec![0], kind }
}
