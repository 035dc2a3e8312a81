//! Some of the values of a collection.

use super::{Expr, Items, Order};

/// Which values of a collection are returned, and in which order.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// The collection and the condition on its values.
    pub items: Items,
    /// Their order; what is equal in it stays in that of the collection.
    pub orderby: Vec<Order>,
    /// How many at most.
    pub top: Option<u64>,
    /// How many are passed over first.
    pub skip: u64,
}

/// A collection of values of which only some are returned.
#[derive(Debug, Clone)]
pub struct SomeOf {
    /// The property.
    pub property: usize,
    /// Which values.
    pub chosen: Chosen,
    /// How many there are that fit, where that is told.
    pub count: Option<Expr>,
}
