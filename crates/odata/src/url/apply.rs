//! The syntax tree of `$apply` (OData Data Aggregation 4.0, sections 3 and 6).

use super::ast::{Argument, ComputeItem, ExpandItem, Expr, OrderItem, Search};

/// Transformations joined by slashes: the output of one is the input of the next.
pub type Pipeline = Vec<Transformation>;

/// One transformation of `$apply`.
#[derive(Debug, Clone, PartialEq)]
pub struct Transformation {
    /// Byte offset in path and query as sent.
    pub at: u32,
    /// What it does.
    pub kind: TransformationKind,
}

/// What a transformation does.
#[derive(Debug, Clone, PartialEq)]
pub enum TransformationKind {
    /// `aggregate(Amount with sum as Total,$count as N)`, section 3.2.1
    Aggregate(Vec<Aggregate>),
    /// `topcount(2,Amount)` and the five like it, section 3.3
    Rank {
        /// Which end, and what is limited.
        method: RankMethod,
        /// How many, which sum or which percentage, evaluated on the collection.
        amount: Expr,
        /// The value that ranks an instance.
        by: Expr,
    },
    /// `identity`, section 3.4.1
    Identity,
    /// `concat(a,b/c)`, section 3.4.2: at least two.
    Concat(Vec<Pipeline>),
    /// `groupby((Customer/Country,rollup(Year,Month)),aggregate(…))`, section 3.2.3
    GroupBy {
        /// What to group by.
        elements: Vec<GroupingElement>,
        /// What happens within each group.
        then: Option<Pipeline>,
    },
    /// `filter(Amount gt 3)`
    Filter(Expr),
    /// `orderby(Name desc)`
    OrderBy(Vec<OrderItem>),
    /// `search(coffee)`
    Search(Search),
    /// `skip(10)`
    Skip(u64),
    /// `top(5)`
    Top(u64),
    /// `compute(Amount mul 2 as Double)`
    Compute(Vec<ComputeItem>),
    /// `nest(groupby((Customer)) as Customers)`, section 3.6
    Nest(Vec<NestItem>),
    /// `addnested(Sales,filter(Amount gt 3) as FilteredSales)`, section 3.6
    AddNested(Vec<Nested>),
    /// `expand(Sales,filter(Amount gt 3),expand(Customer))` of the first version (4.0 CS02 section 3.11): as `$expand` has it.
    Expand(Box<ExpandItem>),
    /// `join(Sales as Sale,filter(…))` and `outerjoin(…)`, section 3.5
    Join {
        /// `outerjoin`: instances without a related one stay.
        outer: bool,
        /// The collection: one name or annotation, perhaps with a type cast.
        path: DataPath,
        /// Its new name.
        alias: Name,
        /// What happens to the related instances first.
        then: Option<Pipeline>,
    },
    /// `ancestors(…)` and `descendants(…)`, section 6.2.1
    Relatives {
        /// Up or down.
        direction: Direction,
        /// The recursive hierarchy.
        hierarchy: Hierarchy,
        /// Which nodes to start from; only transformations that preserve instances.
        start: Pipeline,
        /// The greatest distance from a start node.
        max_distance: Option<u64>,
        /// `keep start`: the start nodes are part of the result.
        keep_start: bool,
    },
    /// `traverse(…)`, section 6.2.2
    Traverse {
        /// The recursive hierarchy.
        hierarchy: Hierarchy,
        /// Parents before or behind their children.
        order: TraverseOrder,
        /// Which nodes take part; all where this is missing.
        start: Option<Pipeline>,
        /// The order of siblings.
        orderby: Vec<OrderItem>,
    },
    /// `Custom.Function(Count=1)`
    Function {
        /// Qualified name.
        name: String,
        /// Arguments.
        args: Vec<Argument>,
    },
}

/// The six transformations that keep the greatest or the least instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum RankMethod {
    BottomCount,
    BottomPercent,
    BottomSum,
    TopCount,
    TopPercent,
    TopSum,
}

/// The way through a hierarchy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// `ancestors`
    Ancestors,
    /// `descendants`
    Descendants,
}

/// The order of `traverse`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraverseOrder {
    /// Parents first.
    Preorder,
    /// Children first.
    Postorder,
}

/// A name with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// Byte offset in path and query as sent.
    pub at: u32,
    /// Simple or qualified name; an annotation keeps its `@`.
    pub name: String,
}

/// A data aggregation path (section 3.1.3): properties and type casts, no parentheses. Never empty.
pub type DataPath = Vec<Name>;

/// One aggregate expression (section 3.2.1).
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregate {
    /// Byte offset in path and query as sent.
    pub at: u32,
    /// What is aggregated. `$count` is a path that ends in `Count`, a custom aggregate one without `method`.
    pub expr: Expr,
    /// `with sum`; none for `$count` and custom aggregates.
    pub method: Option<Method>,
    /// `from Time with average`, in the order as sent.
    pub from: Vec<AggregateFrom>,
    /// `as Total`; may be missing for custom aggregates, and is for `aggregate` as a path segment.
    pub alias: Option<Name>,
}

/// `from Time,Product/Name with max` (section 3.2.1.5).
#[derive(Debug, Clone, PartialEq)]
pub struct AggregateFrom {
    /// Byte offset of `from`.
    pub at: u32,
    /// What the intermediate results are grouped by.
    pub grouping: Vec<DataPath>,
    /// How they are combined; may be missing only for custom aggregates.
    pub method: Option<Method>,
}

/// An aggregation method with its place (section 3.2.1.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method {
    /// Byte offset in path and query as sent.
    pub at: u32,
    /// Which.
    pub kind: MethodKind,
}

/// Aggregation methods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MethodKind {
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
    /// `Namespace.Method`
    Custom(String),
}

/// What `groupby` groups by.
#[derive(Debug, Clone, PartialEq)]
pub enum GroupingElement {
    /// A single-valued path.
    Path(DataPath),
    /// `rollup(Country,City)`: two paths or more, or the qualifier of a leveled hierarchy alone.
    Rollup(Vec<DataPath>),
    /// `rolluprecursive(…)`, section 6.3
    RollupRecursive {
        /// The recursive hierarchy.
        hierarchy: Hierarchy,
        /// Restricts its nodes.
        restrict: Option<Pipeline>,
    },
}

/// A recursive hierarchy as the transformations refer to it (section 6.1).
#[derive(Debug, Clone, PartialEq)]
pub struct Hierarchy {
    /// `$root/SalesOrganizations`: the collection of nodes.
    pub nodes: Expr,
    /// The qualifier of `RecursiveHierarchy`.
    pub qualifier: Name,
    /// The path from an instance to its node.
    pub node: DataPath,
}

/// An item of `addnested`: related instances, as `$expand` with `$apply` would have them, under another name.
#[derive(Debug, Clone, PartialEq)]
pub struct Nested {
    /// The related collection and what is made of it.
    pub expand: ExpandItem,
    /// The name.
    pub alias: Name,
}

/// An item of `nest`.
#[derive(Debug, Clone, PartialEq)]
pub struct NestItem {
    /// What makes the nested collection.
    pub pipeline: Pipeline,
    /// Its name.
    pub alias: Name,
}
