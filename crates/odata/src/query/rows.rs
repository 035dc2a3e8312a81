//! Values under names of their own, and rows that are no entities: what `$compute` and `$apply` make.

use super::{Expr, Given, Order, Related, Variable};
use crate::model::{EntitySetId, EnumTypeId, PrimitiveType};

/// How large an expression is, for the limits: it is counted again wherever its name is used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    /// Its parts.
    pub nodes: usize,
    /// Its depth.
    pub depth: usize,
    /// Navigation properties in it.
    pub navigations: usize,
    /// Calls of `matchesPattern` in it.
    pub patterns: usize,
}

impl Size {
    /// That of a property.
    pub const ONE: Size = Size { nodes: 1, depth: 1, navigations: 0, patterns: 0 };
}

/// A value under a name that no property of the model has.
#[derive(Debug, Clone)]
pub struct Named {
    /// Its name, behind those of the values that it lies in.
    pub path: Vec<String>,
    /// The value.
    pub expr: Expr,
    /// How large that is.
    pub size: Size,
    /// What is null where the row does not have the value at all.
    pub present: Option<Expr>,
    /// Of what it is the value, where it is no primitive one.
    pub whole: Option<Whole>,
}

/// What dynamic properties of an entity are called among the values of a row: this, then the names that are of other values.
pub const OPEN: char = '*';

impl Named {
    /// The names of other values, where this one is the dynamic properties of an entity.
    pub fn taken(&self) -> Option<impl Iterator<Item = &str>> {
        let open = matches!(self.whole, Some(Whole::Dynamic(_)));
        open.then(|| self.name().trim_start_matches(OPEN).split(',').filter(|name| !name.is_empty()))
    }

    /// What a path leads to inside of what this one lies in.
    pub fn behind<'p>(&self, path: &'p [String]) -> Option<&'p [String]> {
        let (_, around) = self.path.split_last()?;
        path.strip_prefix(around)
    }

    /// Its own name.
    pub fn name(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }
}

/// A value of the entities of a set that is no primitive one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whole {
    /// A property whose value is a collection or a complex one.
    Property(EntitySetId, usize),
    /// All dynamic properties.
    Dynamic(EntitySetId),
}

/// Where the rows of a select come from.
#[derive(Debug, Clone)]
pub enum Input {
    /// The entities of the resource path.
    Path,
    /// Those of them whose keys the rows are.
    Keys(Box<Rows>),
    /// Rows of which variable 0 is one.
    Rows(Box<Rows>),
    /// All combinations of the entities of some sets, with the variables from 0.
    Product(Vec<EntitySetId>),
    /// Rows, each with those of a collection that hangs on it.
    Joined(Box<Joined>),
    /// Rows, each with what a walk through a tree gives for the node that a value of them names: the node is column 0 of
    /// the variable.
    Walked(Box<(Input, Expr, Variable, Walked)>),
}

/// A set whose entities have another one of it above them.
#[derive(Debug, Clone)]
pub struct Tree {
    /// The set.
    pub set: EntitySetId,
    /// The property that names a node.
    pub node: usize,
    /// The property that names the node above it.
    pub parent: usize,
}

/// A walk through a tree.
#[derive(Debug, Clone)]
pub struct Walked {
    /// The tree.
    pub tree: Tree,
    /// The walk.
    pub walk: Walk,
}

/// Ways through a tree.
#[derive(Debug, Clone)]
pub enum Walk {
    /// To the nodes above or below some nodes.
    Relatives {
        /// Those nodes: column 0.
        start: Rows,
        /// Whether it goes to those above.
        up: bool,
        /// The greatest distance.
        max_distance: Option<u64>,
        /// Whether those nodes are among the ones that are found, too.
        keep_start: bool,
    },
    /// To all nodes below some: column 1 orders them.
    Traverse {
        /// Those nodes; the ones that have none above them where this is missing.
        start: Option<Rows>,
        /// The order of nodes below the same one.
        siblings: Vec<Order>,
        /// The variable in it.
        siblings_of: Variable,
        /// Whether a node comes behind those below it.
        children_first: bool,
    },
    /// From each node to itself and all above it: those are column 1.
    Ancestry,
}

/// Rows, each together with every entity of a collection.
#[derive(Debug, Clone)]
pub struct Joined {
    /// The rows.
    pub input: Input,
    /// The collection; its variable stands for the entity beside the row.
    pub related: Related,
    /// Whether rows stay for which there is none.
    pub outer: bool,
}

/// Rows that a transformation of `$apply` makes.
#[derive(Debug, Clone)]
pub struct Rows {
    /// What each row has.
    pub columns: Vec<RowColumn>,
    /// The columns whose values no two rows have in common: none where there is one row only.
    pub identity: Vec<usize>,
    /// How they are made.
    pub kind: RowsKind,
}

/// How rows are made.
#[derive(Debug, Clone)]
pub enum RowsKind {
    /// Of other rows.
    Select(Box<Transform>),
    /// One after the other, with the same columns.
    Union(Vec<Rows>),
    /// By a function, which is the last step of the path.
    Called(usize, Vec<Given>),
}

/// A column of rows.
#[derive(Debug, Clone)]
pub struct RowColumn {
    /// The name of the value and of those that it lies in; none of a column that only serves others.
    pub path: Vec<String>,
    /// Its type.
    pub primitive: Option<PrimitiveType>,
    /// The enumeration that it is a value of.
    pub enumeration: Option<EnumTypeId>,
    /// Whether it can be null.
    pub nullable: bool,
    /// The column that is null in the rows that do not have the value at all.
    pub present: Option<usize>,
    /// Of what it is the value, where it is no primitive one.
    pub whole: Option<Whole>,
}

/// A select whose rows are the input of others.
#[derive(Debug, Clone)]
pub struct Transform {
    /// Its rows: variable 0 in all expressions.
    pub input: Input,
    /// Which of them.
    pub filter: Option<Expr>,
    /// The values of the columns.
    pub values: Vec<Expr>,
    /// Groups by so many values at the start; the others are of whole groups.
    pub group: Option<usize>,
    /// So many values at the start are of the key of the entities as it lies in the table.
    pub keys: usize,
    /// The order that `top` and `skip` are about; it is total.
    pub orderby: Vec<Order>,
    /// Rows at most.
    pub top: Option<u64>,
    /// Rows passed over first.
    pub skip: u64,
}

impl Transform {
    /// These values of all rows that there are, in no order.
    pub fn of_all(input: Input, values: Vec<Expr>, keys: usize) -> Transform {
        Transform { input, filter: None, values, group: None, keys, orderby: Vec::new(), top: None, skip: 0 }
    }
}

/// What is made of the values of a group (Data Aggregation section 3.2.1.2). Null is passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregation {
    /// The number of rows.
    Count,
    /// `sum`
    Sum,
    /// `min`
    Min,
    /// `max`
    Max,
    /// `average`
    Average,
    /// `countdistinct`
    CountDistinct,
}
