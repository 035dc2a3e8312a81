//! What stands below the rows of a level.

use super::{Expr, Input, Order, Rows, Selection, Variable};

/// An expanded navigation property, or another collection below the rows of a level.
#[derive(Debug, Clone)]
pub struct Expand {
    /// The type below that of the set that its entities are to be of, since it was named of that.
    pub of: Option<usize>,
    /// Index of the navigation property; without a meaning where there is a group.
    pub navigation: usize,
    /// Where it is no navigation property: what is below the rows instead.
    pub group: Option<Box<Group>>,
    /// The name that it has here, where it is another one.
    pub alias: Option<String>,
    /// Whether it leads to many.
    pub collection: bool,
    /// Of a single entity that is wanted as of a type below that of its set: null where it is of none such.
    pub when: Option<Expr>,
    /// What the other options are about: the related entities, or what `$apply` makes of them.
    pub input: Input,
    /// What is returned of them.
    pub selection: Selection,
    /// `$filter` and `$search`.
    pub filter: Option<Expr>,
    /// `$orderby`
    pub orderby: Vec<Order>,
    /// `$top`
    pub top: Option<u64>,
    /// `$skip`
    pub skip: u64,
    /// `$count=true`, or only the count: `Nav/$count`.
    pub count: bool,
    /// `Nav/$count`: the count and nothing else.
    pub count_only: bool,
    /// Nested options as text, which a next link of the nested collection repeats. Between the parts of one stands the
    /// identifier of the entity that `$it` is.
    pub option_texts: Vec<Vec<String>>,
    /// In a collection: the variable of the entity that the request is about, where the options use it.
    pub it: Option<Variable>,
    /// Whether the same is expanded once more below, as `$levels` asks.
    pub recursive: bool,
}

impl Expand {
    /// Whether it is a navigation property under its own name.
    pub fn is(&self, navigation: usize) -> bool {
        self.navigation == navigation && self.alias.is_none()
    }
}

/// The rows that were put into groups, of which those of each group are below it.
#[derive(Debug, Clone)]
pub struct Group {
    /// The rows: what they hold, or first of all the key where they are entities. The number of the group is the last column.
    pub rows: Rows,
    /// Whether they are entities.
    pub entities: bool,
    /// The number of a group among the values of the rows above.
    pub number: Expr,
}
