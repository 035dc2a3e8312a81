//! What is asked: every name of the URL resolved against the model, every expression typed.

mod rows;

pub use rows::{Aggregation, Input, Named, RowColumn, Rows, RowsKind, Size, Transform};

use crate::model::{ComplexTypeId, EntitySetId, EnumTypeId, Model, PrimitiveType, Property, Type};
use crate::value::Value;

/// A bound read request for entities, one entity, a property or a count.
#[derive(Debug, Clone)]
pub struct Query {
    /// The entity set that the path starts in.
    pub root: EntitySetId,
    /// Keys and navigation from there to the addressed entities.
    pub steps: Vec<Step>,
    /// What the other options are about: the entities of the path, or what `$apply` makes of them.
    pub input: Input,
    /// What is addressed.
    pub addressed: Addressed,
    /// Where a property is addressed: the steps into its complex value, each a property of the complex type there.
    pub inside: Vec<usize>,
    /// What is returned of the addressed entities; its set is theirs.
    pub selection: Selection,
    /// `$filter` and `$search`, joined by `and`.
    pub filter: Option<Expr>,
    /// `$orderby`; the key is not appended yet.
    pub orderby: Vec<Order>,
    /// `$top`
    pub top: Option<u64>,
    /// `$skip`
    pub skip: u64,
    /// `$count=true`
    pub count: bool,
}

impl Query {
    /// The properties that are addressed: that of the entity, then those inside of its complex value. None where the
    /// path addresses entities or their number.
    pub fn properties<'m>(&self, model: &'m Model) -> Vec<&'m Property> {
        let (Addressed::Property(index) | Addressed::RawValue(index)) = self.addressed else {
            return Vec::new();
        };
        let ty = model.entity_type(model.entity_set(self.selection.set).entity_type);
        let mut found = vec![&ty.properties[index]];
        for step in &self.inside {
            if let Some(Property { ty: Type::Complex(id), .. }) = found.last() {
                found.push(&model.complex_type(*id).properties[*step]);
            }
        }
        found
    }
}

/// A step of the resource path after the entity set.
#[derive(Debug, Clone)]
pub enum Step {
    /// A key predicate: every key property and its value, in key order.
    Key(Vec<(usize, Value)>),
    /// A navigation property of the entity so far.
    Navigate(usize),
    /// A condition on the entities so far: `/$filter(…)`.
    Filter(Box<Expr>),
}

/// What the path addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addressed {
    /// A collection of entities.
    Collection,
    /// One entity.
    Entity,
    /// A property of one entity.
    Property(usize),
    /// The raw value of a property of one entity.
    RawValue(usize),
    /// The number of entities in the collection.
    Count,
}

/// What is returned of entities of one set.
#[derive(Debug, Clone)]
pub struct Selection {
    /// Their set.
    pub set: EntitySetId,
    /// Property indexes in the order of the model.
    pub properties: Vec<usize>,
    /// Complex ones among them of which only parts are returned.
    pub parts: Vec<Parts>,
    /// Values of `$compute`, or of rows that `$apply` made: those that are told.
    pub named: Vec<Named>,
    /// Whether the rows are such as `$apply` made, and no entities.
    pub rows: bool,
    /// Whether `$select` was given, so that the context URL names the properties.
    pub selected: bool,
    /// Navigation properties named in `$select`, for the context URL.
    pub selected_navigation: Vec<usize>,
    /// Only entity references: `$ref`.
    pub references: bool,
    /// Expanded navigation properties.
    pub expand: Vec<Expand>,
}

/// A complex property of which only parts are returned.
#[derive(Debug, Clone)]
pub struct Parts {
    /// The property.
    pub property: usize,
    /// Its type.
    pub ty: ComplexTypeId,
    /// Null where the complex value is null.
    pub present: Expr,
    /// Properties of the complex type, in their order.
    pub members: Vec<usize>,
}

/// An expanded navigation property.
#[derive(Debug, Clone)]
pub struct Expand {
    /// Index of the navigation property.
    pub navigation: usize,
    /// Whether it leads to many.
    pub collection: bool,
    /// What is returned of the related entities.
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
    /// Nested options as text, which a next link of the nested collection repeats.
    pub option_texts: Vec<String>,
}

/// An item of `$orderby`.
#[derive(Debug, Clone)]
pub struct Order {
    /// What to order by.
    pub expr: Expr,
    /// Descending; null comes last then, and first otherwise.
    pub descending: bool,
}

/// A range variable: 0 is the entity of the collection at hand, lambda variables get the next numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable(pub usize);

/// A typed expression.
#[derive(Debug, Clone)]
pub struct Expr {
    /// Byte offset in the URL.
    pub at: u32,
    /// Its type; `None` is null without a type.
    pub primitive: Option<PrimitiveType>,
    /// The enumeration that it is a value of: then its primitive type is `Edm.String`, and a constant is the name of a
    /// member; of flags the names of members in declared order, with commas between them.
    pub enumeration: Option<EnumTypeId>,
    /// Whether it can be null.
    pub nullable: bool,
    /// What it is.
    pub kind: ExprKind,
}

/// What a typed expression is.
#[derive(Debug, Clone)]
pub enum ExprKind {
    /// A constant.
    Value(Value),
    /// A property of a variable, through single-valued navigation properties.
    Property(Place, usize),
    /// A property of the complex value of an expression.
    Member(Box<Expr>, ComplexTypeId, usize),
    /// A column of rows that `$apply` made.
    Column(Variable, usize),
    /// A value of all rows of a group; none is needed to count them.
    Aggregate(Aggregation, Option<Box<Expr>>),
    /// The same of the entities of a collection.
    Gather(Aggregation, Option<Box<Expr>>, Box<Related>),
    /// The sum of a value over the rows before this one in a total order, null for the first of them; without an order
    /// that over all rows.
    Running(Box<Expr>, Vec<Order>),
    /// Whether a single-valued navigation property leads to an entity.
    Exists(Place),
    /// A comparison.
    Compare(Comparison, Box<Expr>, Box<Expr>),
    /// `and`
    And(Box<Expr>, Box<Expr>),
    /// `or`
    Or(Box<Expr>, Box<Expr>),
    /// `not`
    Not(Box<Expr>),
    /// Arithmetic; both operands have been brought to the type of the result where both are numbers.
    Arithmetic(Arithmetic, Box<Expr>, Box<Expr>),
    /// Unary minus.
    Negate(Box<Expr>),
    /// `in`
    In(Box<Expr>, Vec<Expr>),
    /// A canonical function.
    Call(Function, Vec<Expr>),
    /// `cast` to the type of the expression.
    Cast(Box<Expr>),
    /// `case`: conditions with values; without a match null.
    Case(Vec<(Expr, Expr)>),
    /// `any`, `all` (as a negated any) over a collection.
    Any(Box<Related>),
    /// `all`
    All(Box<Related>),
    /// `$count` of a collection.
    Count(Box<Related>),
    /// A value of an entity that is found by its key, wherever it is: the variable stands for it.
    Root(Variable, EntitySetId, Vec<(usize, Value)>, Box<Expr>),
    /// Whether a complex value is null.
    IsNull(Box<Expr>),
    /// `any` over a collection of values.
    AnyItem(Box<Items>),
    /// `all` over a collection of values.
    AllItems(Box<Items>),
    /// `$count` of a collection of values.
    CountItems(Box<Items>),
    /// One word or phrase of `$search` in the searchable properties of the place.
    Search(Place, Vec<usize>, String),
}

/// Where an entity is found: a variable, then single-valued navigation properties.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// The variable.
    pub variable: Variable,
    /// Its set.
    pub set: EntitySetId,
    /// Navigation properties with the set each leads to.
    pub path: Vec<(usize, EntitySetId)>,
}

impl Place {
    /// The place of a variable itself.
    pub fn of(variable: Variable, set: EntitySetId) -> Place {
        Place { variable, set, path: Vec::new() }
    }

    /// The set of the entity at this place.
    pub fn target(&self) -> EntitySetId {
        self.path.last().map_or(self.set, |(_, set)| *set)
    }
}

/// A collection of related entities in an expression.
#[derive(Debug, Clone)]
pub struct Related {
    /// Where it hangs.
    pub place: Place,
    /// The collection-valued navigation property there.
    pub navigation: usize,
    /// The set it leads to.
    pub set: EntitySetId,
    /// The variable of its entities.
    pub variable: Variable,
    /// The condition on them.
    pub predicate: Option<Expr>,
}

/// A collection of values in an expression.
#[derive(Debug, Clone)]
pub struct Items {
    /// The property that it is.
    pub collection: Expr,
    /// The variable of which column 0 is a value.
    pub variable: Variable,
    /// The condition on the values.
    pub predicate: Option<Expr>,
}

/// Comparison operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Comparison {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

/// Arithmetic operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Arithmetic {
    Add,
    Sub,
    Mul,
    Div,
    DivBy,
    Mod,
}

/// Canonical functions (Part 2 section 5.1.1.5 ff.) over primitive values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Function {
    Concat,
    Contains,
    EndsWith,
    IndexOf,
    Length,
    MatchesPattern,
    StartsWith,
    Substring,
    ToLower,
    ToUpper,
    Trim,
    Date,
    Day,
    FractionalSeconds,
    Hour,
    MaxDateTime,
    MinDateTime,
    Minute,
    Month,
    Now,
    Second,
    Time,
    TotalOffsetMinutes,
    TotalSeconds,
    Year,
    Ceiling,
    Floor,
    Round,
    /// `has`: whether a value of flags has the member named by the second argument.
    HasFlag,
}
