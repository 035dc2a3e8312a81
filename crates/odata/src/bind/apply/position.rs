//! Functions that say where a node is in a recursive hierarchy (Data Aggregation 4.0 section 5.5.2.1).

use super::super::error::{BindResult, invalid, limit_exceeded, not_supported};
use super::super::expr::{bind, condition, meet};
use super::super::member::{both, read};
use super::super::scope::{Context, Scope};
use super::hierarchy::{DISTANCE, started_from, tree};
use super::state::State;
use crate::model::PrimitiveType;
use crate::query::{Comparison, Expr, ExprKind, Place, Related, Tree, Variable, Walk, Walked};
use crate::url::apply::Name;
use crate::url::ast::{self, Argument, PathRoot, PathSegment, PathSegmentKind};
use crate::url::near_functions;
use crate::value::Value;

/// Where the functions are.
const NAMESPACES: [&str; 2] = ["Aggregation.", "Org.OData.Aggregation.V1."];

/// The functions, with the other node that they take.
const FUNCTIONS: [(&str, Option<&str>); 5] = [
    ("isroot", None),
    ("isleaf", None),
    ("issibling", Some("Other")),
    ("isdescendant", Some("Ancestor")),
    ("isancestor", Some("Descendant")),
];

/// Binds one of the functions, where a path is one.
pub fn bind_position(cx: &Context, scope: &Scope, path: &ast::Path) -> BindResult<Option<Expr>> {
    let [PathSegment { at, kind: PathSegmentKind::Name { name, args: Some(args) } }] =
        path.segments.as_slice()
    else {
        return Ok(None);
    };
    let Some(function) = NAMESPACES.iter().find_map(|namespace| name.strip_prefix(namespace)) else {
        return Ok(None);
    };
    if cx.rule.get().is_some() {
        return Err(not_supported(
            *at,
            name,
            "A condition on rows cannot ask where they are in a hierarchy.",
        ));
    }
    let known = FUNCTIONS.iter().find(|(known, _)| *known == function);
    let Some((function, other)) = known.filter(|_| path.root == PathRoot::Implicit) else {
        let message = format!("There is no function '{name}'.{}", near_functions(name));
        return Err(invalid(*at, name, message));
    };
    let related = matches!(*function, "isdescendant" | "isancestor");
    let optional: &[&str] = if related { &["MaxDistance", "IncludeSelf"] } else { &[] };
    let needed = ["HierarchyNodes", "HierarchyQualifier", "Node"].into_iter().chain(*other);
    let call = Call { cx, scope, name, args, at: *at };
    call.check(&needed.collect::<Vec<_>>(), optional)?;
    let tree = call.tree()?;
    let node = call.value("Node")?;
    let found = match (*function, other) {
        ("isroot", _) => call.any(&tree, |own| {
            let root = equal(own.parent(), null(*at), *at)?;
            Ok(both(Some(equal(own.node(), node, *at)?), Some(root)))
        })?,
        ("isleaf", _) => {
            let here = call.any(&tree, |own| equal(own.node(), node.clone(), *at).map(Some))?;
            let below = call.any(&tree, |own| equal(own.parent(), node, *at).map(Some))?;
            let none = condition(*at, ExprKind::Not(Box::new(below)));
            condition(*at, ExprKind::And(Box::new(here), Box::new(none)))
        }
        ("issibling", Some(other)) => call.sibling(&tree, node, call.value(other)?)?,
        (_, Some(other)) => call.relative(tree, node, call.value(other)?, *function == "isancestor")?,
        (_, None) => return Ok(None),
    };
    Ok(Some(found))
}

/// A call of one of the functions.
struct Call<'c, 'm> {
    cx: &'c Context<'m>,
    scope: &'c Scope,
    name: &'c str,
    args: &'c [Argument],
    at: u32,
}

/// An entity of a tree in a condition.
struct Node<'t> {
    place: Place,
    tree: &'t Tree,
    node: PrimitiveType,
    parent: PrimitiveType,
}

impl Node<'_> {
    fn of<'t>(cx: &Context, tree: &'t Tree, variable: Variable) -> Node<'t> {
        let ty = cx.type_of(tree.set);
        let primitive =
            |property: usize| ty.properties[property].primitive().unwrap_or(PrimitiveType::String);
        let (node, parent) = (primitive(tree.node), primitive(tree.parent));
        Node { place: Place::of(variable, tree.set), tree, node, parent }
    }

    /// What names it.
    fn node(&self) -> Expr {
        self.read(self.tree.node, self.node, false)
    }

    /// What names the node above it.
    fn parent(&self) -> Expr {
        self.read(self.tree.parent, self.parent, true)
    }

    fn read(&self, property: usize, primitive: PrimitiveType, nullable: bool) -> Expr {
        let kind = ExprKind::Property(self.place.clone(), property);
        read(0, crate::model::Type::Primitive(primitive), nullable, kind)
    }
}

impl Call<'_, '_> {
    /// Refuses parameters that the function has not, and those that are missing.
    fn check(&self, needed: &[&str], optional: &[&str]) -> BindResult<()> {
        for (number, Argument { at, name, .. }) in self.args.iter().enumerate() {
            let Some(name) = name else {
                let message = format!("The parameters of '{}' have names, as in Node=Id.", self.name);
                return Err(invalid(*at, self.name, message));
            };
            let known = needed.iter().chain(optional).any(|known| known == name);
            let again = self.args[..number].iter().any(|other| other.name.as_ref() == Some(name));
            if again || !known {
                let all: Vec<&str> = needed.iter().chain(optional).copied().collect();
                let message = format!("'{}' takes once each: {}.", self.name, all.join(", "));
                return Err(invalid(*at, name, message));
            }
        }
        match needed.iter().find(|name| self.argument(name).is_none()) {
            Some(missing) => Err(invalid(self.at, missing, format!("'{}' needs '{missing}'.", self.name))),
            None => Ok(()),
        }
    }

    fn argument(&self, name: &str) -> Option<&ast::Expr> {
        let found = self.args.iter().find(|argument| argument.name.as_deref() == Some(name));
        found.map(|argument| &argument.value)
    }

    /// The value of a parameter; null where it is not given.
    fn value(&self, name: &str) -> BindResult<Expr> {
        match self.argument(name) {
            Some(given) => bind(self.cx, self.scope, given),
            None => Ok(null(self.at)),
        }
    }

    fn tree(&self) -> BindResult<Tree> {
        let (Some(nodes), qualifier) = (self.argument("HierarchyNodes"), self.value("HierarchyQualifier")?)
        else {
            return Err(invalid(self.at, "HierarchyNodes", "The nodes are missing."));
        };
        let at = qualifier.at;
        let ExprKind::Value(Value::String(name)) = qualifier.kind else {
            return Err(invalid(at, "HierarchyQualifier", "The qualifier is a text here."));
        };
        tree(self.cx, nodes, &Name { at, name })
    }

    /// Whether a condition holds for any node.
    fn any(
        &self,
        tree: &Tree,
        predicate: impl FnOnce(&Node) -> BindResult<Option<Expr>>,
    ) -> BindResult<Expr> {
        let variable = self.cx.new_variable();
        let predicate = predicate(&Node::of(self.cx, tree, variable))?;
        let related = Related { from: None, set: tree.set, variable, predicate };
        Ok(condition(self.at, ExprKind::Any(Box::new(related))))
    }

    /// Whether two nodes are not the same, and have the same one above them, or both none.
    fn sibling(&self, tree: &Tree, node: Expr, other: Expr) -> BindResult<Expr> {
        let at = self.at;
        self.any(tree, |own| {
            let beside = self.any(tree, |beside| {
                let is = both(
                    Some(equal(beside.node(), other, at)?),
                    Some(different(own.node(), beside.node(), at)),
                );
                Ok(both(is, Some(equal(own.parent(), beside.parent(), at)?)))
            })?;
            Ok(both(Some(equal(own.node(), node, at)?), Some(beside)))
        })
    }

    /// Whether a node is above another one, or below it.
    fn relative(&self, tree: Tree, node: Expr, other: Expr, above: bool) -> BindResult<Expr> {
        let at = self.at;
        let max_distance = match self.value("MaxDistance")?.kind {
            ExprKind::Value(Value::Null) => None,
            ExprKind::Value(Value::Integer(most @ 1..)) => Some(most.unsigned_abs()),
            _ => return Err(invalid(at, "MaxDistance", "The distance is a whole number from 1.")),
        };
        if max_distance.is_some_and(|most| most > DISTANCE) {
            let message = format!("The distance is at most {DISTANCE} (fixed limit `hierarchy_distance`).");
            return Err(limit_exceeded(at, "MaxDistance", message));
        }
        let keep_start = match self.value("IncludeSelf")?.kind {
            ExprKind::Value(Value::Null) => false,
            ExprKind::Value(Value::Boolean(keep)) => keep,
            _ => return Err(invalid(at, "IncludeSelf", "This is true or false.")),
        };
        // The walk begins at the one that is the same for all.
        let (start, value, up) = match (&node.kind, &other.kind) {
            (_, ExprKind::Value(_)) => (other, node, above),
            (ExprKind::Value(_), _) => (node, other, !above),
            _ => {
                let message = format!("'{}' of two nodes that are not constant is not supported.", self.name);
                return Err(not_supported(at, self.name, message));
            }
        };
        let own = Node::of(self.cx, &tree, Variable(0));
        let value = meet(value, Some(own.node), at)?;
        if !matches!(value.kind, ExprKind::Property(..) | ExprKind::Column(..) | ExprKind::Value(_)) {
            let message = format!("'{}' of a computed node is not supported.", self.name);
            return Err(not_supported(at, self.name, message));
        }
        let mut nodes = State::of_product(self.cx, Scope::of_rows(Vec::new()), &[tree.set]);
        nodes.add_filter(equal(own.node(), start, at)?);
        let start = started_from(nodes, own.node());
        let walk = Walk::Relatives { start, up, max_distance, keep_start };
        Ok(condition(at, ExprKind::InTree(Box::new(value), Box::new(Walked { tree, walk }))))
    }
}

fn null(at: u32) -> Expr {
    let kind = ExprKind::Value(Value::Null);
    Expr { at, primitive: None, enumeration: None, nullable: true, kind }
}

/// That a value of a node is another one.
fn equal(own: Expr, value: Expr, at: u32) -> BindResult<Expr> {
    let value = meet(value, own.primitive, at)?;
    Ok(condition(at, ExprKind::Compare(Comparison::Eq, Box::new(own), Box::new(value))))
}

fn different(one: Expr, other: Expr, at: u32) -> Expr {
    condition(at, ExprKind::Compare(Comparison::Ne, Box::new(one), Box::new(other)))
}
