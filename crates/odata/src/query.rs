//! What is asked: every name of the URL resolved against the model, every expression typed.

mod rows;
mod expand;
mod called;
mod own;
mod chosen;
mod narrowed;
mod leaf;
mod operators;

pub use called::Called;
pub use chosen::{Chosen, SomeOf};
pub use expand::{Expand, Group};
pub use leaf::Leaf;
pub use operators::{Arithmetic, Comparison, Function};
pub use rows::{
    Aggregation, Input, Joined, Named, OPEN, RowColumn, Rows, RowsKind, Size, Transform, Tree, Walk, Walked,
    Whole,
};

use crate::model::{ComplexTypeId, EntitySetId, EnumTypeId, Model, PrimitiveType, Type};
use crate::value::Value;

/// A bound read request for entities, one entity, a property or a count.
#[derive(Debug, Clone)]
pub struct Query {
    /// The entity set that the path starts in.
    pub root: EntitySetId,
    /// The singleton that it starts with instead.
    pub singleton: Option<usize>,
    /// Keys and navigation from there to the addressed entities.
    pub steps: Vec<Step>,
    /// What the other options are about: the entities of the path, or what `$apply` makes of them.
    pub input: Input,
    /// What is addressed.
    pub addressed: Addressed,
    /// Where the values of a function are asked for: which function, and which property of its complex value.
    pub called: Option<(usize, Option<usize>)>,
    /// Where a property is addressed: the steps into its value.
    pub inside: Vec<Inside>,
    /// Where a dynamic property is addressed: the steps to its value, from the JSON object of the entity.
    pub steps_inside: Vec<JsonStep>,
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
    /// Where a collection of values is addressed and not all of it is wanted: which values, in which order.
    pub chosen: Option<Box<Chosen>>,
    /// Only what has changed since then, and what is there no more: a mark that the database has given; an empty one is
    /// before all changes.
    pub since: Option<Vec<u8>>,
    /// The name of the login that the request reads with, where there is one: what conditions on rows may look at.
    pub user: Option<String>,
    /// Whether an expression fails for some values, as quotients do.
    pub can_fail: bool,
}

impl Query {
    /// Whether a function is called, whose parameters can be query options with any name.
    pub fn calls(&self) -> bool {
        self.called.is_some() || self.steps.iter().any(|step| matches!(step, Step::Call(..)))
    }

    /// Where the addressed property lies in JSON: the steps to its value there.
    pub fn json_steps(&self, model: &Model) -> Option<Vec<JsonStep>> {
        let (Addressed::Property(index) | Addressed::RawValue(index)) = self.addressed else {
            return None;
        };
        let own = &model.entity_type(model.entity_set(self.selection.set).entity_type).properties[index];
        own.json.as_ref()?;
        let (mut ty, mut steps) = (own.ty, Vec::with_capacity(self.inside.len()));
        for step in &self.inside {
            match (step, ty) {
                (Inside::Member(index), Type::Complex(id)) => {
                    let member = &model.complex_type(id).properties[*index];
                    steps.push(JsonStep::Member(member.json.clone()?));
                    ty = member.ty;
                }
                (Inside::Member(_), Type::Primitive(_) | Type::Enum(_)) => return None,
                (Inside::Item(number), _) => steps.push(JsonStep::Item(*number)),
            }
        }
        Some(steps)
    }

    /// The value that is addressed, or each of them. None where the path addresses entities or their number.
    pub fn leaf(&self, model: &Model) -> Option<Leaf> {
        match self.addressed {
            Addressed::Property(index) | Addressed::RawValue(index) => {
                let ty = model.entity_type(model.entity_set(self.selection.set).entity_type);
                Leaf::of(model, &ty.properties[index], &self.inside)
            }
            Addressed::ItemCount(_) => {
                let ty = Type::Primitive(PrimitiveType::Int64);
                Some(Leaf::plain(ty, false))
            }
            Addressed::Collection | Addressed::Result | Addressed::RawResult => {
                let found = self.result(model)?;
                let plain = !matches!(found.ty, Type::Complex(_));
                plain.then(|| Leaf::plain(found.ty, false))
            }
            Addressed::Entity
            | Addressed::Dynamic
            | Addressed::RawDynamic
            | Addressed::Count
            | Addressed::Stream(_) => None,
        }
    }
}

/// A step into a value that is no primitive one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inside {
    /// To a property of a complex value.
    Member(usize),
    /// To an item of a collection by its number from 0; negative ones count from its end.
    Item(i64),
}

/// A step into JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonStep {
    /// To a member of an object.
    Member(String),
    /// To an item of an array by its number from 0; negative ones count from its end.
    Item(i64),
}

/// A step of the resource path after the entity set.
#[derive(Debug, Clone)]
pub enum Step {
    /// A key predicate: every key property and its value, in key order.
    Key(Vec<(usize, Value)>),
    /// A navigation property of the entity so far.
    Navigate(usize),
    /// Those that a function gives for these values: at the start, or behind the entity that it is bound to.
    Call(usize, Vec<Given>),
    /// A condition on the entities so far: `/$filter(…)`.
    Filter(Box<Expr>),
    /// What follows is about each of the entities so far: navigation leads to all that belong to any of them.
    Each,
}

/// The value of a parameter of a function.
#[derive(Debug, Clone, PartialEq)]
pub enum Given {
    /// A constant.
    Value(Value),
    /// A property of the key of the entity before it.
    Key(usize),
    /// None: what the database takes then.
    Omitted,
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
    /// A property of one entity that the model does not have.
    Dynamic,
    /// The raw value of such a property.
    RawDynamic,
    /// The number of entities in the collection.
    Count,
    /// One value that a function gives.
    Result,
    /// The raw value of that.
    RawResult,
    /// The number of items of a property that is a collection of values.
    ItemCount(usize),
    /// The bytes of a stream property of one entity; of a media entity itself where there is no property.
    Stream(Option<usize>),
}

/// What an entity can be, where the rows are entities of all sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityKind {
    /// Its set.
    pub set: EntitySetId,
    /// The type below that of the set; none of that itself.
    pub of: Option<usize>,
    /// The names of what is told of it, where not all is.
    pub selected: Option<Vec<String>>,
}

/// What is returned of entities of one set.
#[derive(Debug, Clone)]
pub struct Selection {
    /// Their set.
    pub set: EntitySetId,
    /// The type below that of the set that they are known to be of.
    pub of: Option<usize>,
    /// Where there are types below that of the set: the number of the type of an entity, from 1; null for that of the set.
    pub kind: Option<Expr>,
    /// Property indexes in the order of the model.
    pub properties: Vec<usize>,
    /// Those among them that are only returned of entities of some types below that of the set: of any of these.
    pub narrowed: Vec<(usize, Vec<usize>)>,
    /// Complex ones among them of which only parts are returned.
    pub parts: Vec<Parts>,
    /// Collections among them of which only some values are returned, or that are counted.
    pub some: Vec<SomeOf>,
    /// Stream properties of which something is told.
    pub streams: Vec<usize>,
    /// Which properties are told that the model does not have.
    pub dynamic: Dynamic,
    /// Values of `$compute`, or of rows that `$apply` made: those that are told.
    pub named: Vec<Named>,
    /// Whether the rows are such as `$apply` made, and no entities.
    pub rows: bool,
    /// Where the rows are combinations of entities, or entities of all sets: what is returned of each, or below it.
    pub combined: Vec<Combined>,
    /// Where the rows are entities of all sets: what they can be, by their numbers from 1.
    pub types: Vec<EntityKind>,
    /// Whether `$select` was given, so that the context URL names the properties.
    pub selected: bool,
    /// Functions of the entities that are told of.
    pub functions: Vec<usize>,
    /// Navigation properties named in `$select`, for the context URL.
    pub selected_navigation: Vec<usize>,
    /// Only entity references: `$ref`.
    pub references: bool,
    /// Expanded navigation properties.
    pub expand: Vec<Expand>,
}

/// Properties that the model does not have: members of the JSON object of an open type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dynamic {
    /// None of them.
    None,
    /// All.
    All,
    /// Those that these paths lead to: whole ones, or parts of objects.
    Named(Vec<Vec<String>>),
}

impl Dynamic {
    /// The same with what one more path leads to.
    pub fn add(&mut self, path: &[&str]) {
        let path: Vec<String> = path.iter().map(|name| (*name).to_owned()).collect();
        match self {
            Dynamic::None => *self = Dynamic::Named(vec![path]),
            Dynamic::Named(known) if !known.iter().any(|known| path.starts_with(known)) => {
                known.retain(|known| !known.starts_with(&path));
                known.push(path);
            }
            Dynamic::All | Dynamic::Named(_) => {}
        }
    }
}

/// One of the entities that are combined.
#[derive(Debug, Clone)]
pub struct Combined {
    /// Its set.
    pub set: EntitySetId,
    /// What stands for it.
    pub variable: Variable,
    /// Whether it is told at all.
    pub told: bool,
    /// What is returned of it; a link to it where this is missing.
    pub expand: Option<Selection>,
}

/// A complex property of which only parts are returned.
#[derive(Debug, Clone)]
pub struct Parts {
    /// The property: of the entity, or of the complex type around it.
    pub property: usize,
    /// Its type.
    pub ty: ComplexTypeId,
    /// Whether it is a collection, of whose values only parts are returned.
    pub collection: bool,
    /// The complex value.
    pub value: Expr,
    /// Null where it is null.
    pub present: Expr,
    /// Properties of the complex type, in their order.
    pub members: Vec<usize>,
    /// Complex ones among them of which only parts are returned.
    pub parts: Vec<Parts>,
    /// Collections among them of which only some values are returned, or that are counted.
    pub some: Vec<SomeOf>,
    /// What `$compute` makes of it and is returned.
    pub named: Vec<Named>,
    /// Whether all was asked for, and parts are only the way to read it.
    pub whole: bool,
}

impl Parts {
    /// Whether it has to be read part by part: something is computed, or only some values of a collection inside are returned.
    pub fn is_read_apart(&self) -> bool {
        !self.some.is_empty() || !self.named.is_empty() || self.parts.iter().any(Parts::is_read_apart)
    }
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
    /// In a condition on the rows of a set: the name of the login that the request reads with.
    User,
    /// A property of a variable, through single-valued navigation properties.
    Property(Place, usize),
    /// A property of the complex value of an expression.
    Member(Box<Expr>, ComplexTypeId, usize),
    /// An item of the collection that an expression is, by its number from 0; negative ones count from the end.
    Item(Box<Expr>, i64),
    /// A member of the JSON object of an open type, by the names that lead to it; all of it where there are none. Its type is what it is asked for as; where it
    /// has another one, or is not there, it is null.
    Dynamic(Place, Vec<String>),
    /// A column of rows that `$apply` made.
    Column(Variable, usize),
    /// The number of the value in its collection that a variable stands for.
    ItemNumber(Variable),
    /// No value of a property that is no primitive one, where other rows have one.
    Missing(Whole),
    /// A value of all rows of a group; none is needed to count them.
    Aggregate(Aggregation, Option<Box<Expr>>),
    /// The same of the entities of a collection.
    Gather(Aggregation, Option<Box<Expr>>, Box<Related>),
    /// The sum of a value over the rows before this one in a total order, null for the first of them; without an order
    /// that over all rows. Rows count among those that have the last values in common.
    Running(Box<Expr>, Vec<Order>, Vec<Expr>),
    /// The number of the group that a row is in by these values, from 1 on; null is a value as others are.
    GroupNumber(Vec<Expr>),
    /// Whether a single-valued navigation property leads to an entity.
    Exists(Place),
    /// Whether an entity is of a type below that of its set.
    OfType(Place, usize),
    /// Whether a function of the model gives the entity at a place.
    Given(Place, Box<Called>),
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
    /// A function of the model.
    Called(Box<Called>),
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
    /// A value of the first entity that a function of the model gives: the variable stands for it.
    One(Variable, EntitySetId, Box<Called>, Box<Expr>),
    /// Whether a value names one of the nodes that a walk through a tree finds.
    InTree(Box<Expr>, Box<Walked>),
    /// Whether a complex value is null.
    IsNull(Box<Expr>),
    /// `any` over a collection of values.
    AnyItem(Box<Items>),
    /// `all` over a collection of values.
    AllItems(Box<Items>),
    /// Whether a collection has values for which these hold, one somewhere behind the other: each with a variable of its own.
    Sequence(Vec<Items>),
    /// `$count` of a collection of values.
    CountItems(Box<Items>),
    /// One word or phrase of `$search` in the searchable properties of the place.
    Search(Place, Vec<usize>, String),
    /// The same of an entity whose words have an index; what holds where that does not take this one.
    Indexed(Place, String, Box<Expr>),
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
    /// The type below that of the set, where the entity is known to be of one.
    pub of: Option<usize>,
}

impl Place {
    /// The place of a variable itself.
    pub fn of(variable: Variable, set: EntitySetId) -> Place {
        Place { variable, set, path: Vec::new(), of: None }
    }

    /// The same place, to be read as of a type below that of the set.
    pub fn typed(self, of: Option<usize>) -> Place {
        Place { of, ..self }
    }

    /// The set of the entity at this place.
    pub fn target(&self) -> EntitySetId {
        self.path.last().map_or(self.set, |(_, set)| *set)
    }
}

/// A collection of related entities in an expression.
#[derive(Debug, Clone)]
pub struct Related {
    /// Where it hangs, and the collection-valued navigation property there; all entities of the set where this is missing.
    pub from: Option<(Place, usize)>,
    /// The set that they are in.
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
    /// Whether the condition looks at the numbers of the values.
    pub numbered: bool,
}
