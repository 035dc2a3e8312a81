//! The syntax tree of an OData URL: names are still text, each with its offset in the URL as it was sent.

pub use crate::model::PrimitiveType;

/// A request URL below the service root, parsed without a model (OData 4.01 Part 2).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Url {
    /// Path segments; none is the service document.
    pub path: Vec<Segment>,
    /// Query options.
    pub options: Options,
}

/// One segment of the resource path (Part 2 section 4).
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// Byte offset of the segment in path and query as sent.
    pub at: u32,
    /// What it is.
    pub kind: SegmentKind,
}

/// What a path segment is.
#[derive(Debug, Clone, PartialEq)]
pub enum SegmentKind {
    /// A name: set, singleton, property, type cast, function or key-as-segment.
    Name {
        /// Simple or namespace-qualified name, decoded.
        name: String,
        /// What stands in parentheses, `Some(vec![])` for `()`.
        args: Option<Vec<Argument>>,
        /// A second pair of parentheses: the key after function arguments.
        key: Option<Vec<Argument>>,
    },
    /// `$metadata`
    Metadata,
    /// `$openapi`, which is not of the standard
    OpenApi,
    /// `$batch`
    Batch,
    /// `$entity`
    Entity,
    /// `$all`
    All,
    /// `$crossjoin(A,B)`
    CrossJoin(Vec<String>),
    /// `$count`
    Count,
    /// `$ref`
    Ref,
    /// `$value`
    Value,
    /// `$each`
    Each,
    /// `$query`
    Query,
    /// `$filter(expr)`
    Filter(Expr),
    /// A key behind the parentheses of `$filter(expr)`: `Products/$filter(@p)(1)`
    Key(Vec<Argument>),
}

/// A key value or function argument, named or not.
#[derive(Debug, Clone, PartialEq)]
pub struct Argument {
    /// Byte offset.
    pub at: u32,
    /// `ID` of `ID=1`.
    pub name: Option<String>,
    /// The value.
    pub value: Expr,
}

/// System, alias and custom query options (Part 2 section 5). The same type holds options nested in
/// parentheses after a `$select` or `$expand` item.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Options {
    /// `$filter`
    pub filter: Option<Expr>,
    /// `$orderby`
    pub orderby: Option<Vec<OrderItem>>,
    /// `$select`
    pub select: Option<Vec<SelectItem>>,
    /// `$expand`
    pub expand: Option<Vec<ExpandItem>>,
    /// `$compute`
    pub compute: Option<Vec<ComputeItem>>,
    /// `$apply`
    pub apply: Option<Vec<crate::url::apply::Transformation>>,
    /// `$search`
    pub search: Option<Search>,
    /// `$top`, with its offset.
    pub top: Option<(u64, u32)>,
    /// `$skip`, with its offset.
    pub skip: Option<(u64, u32)>,
    /// `$count`, with its offset.
    pub count: Option<(bool, u32)>,
    /// `$levels`, with its offset.
    pub levels: Option<(Levels, u32)>,
    /// `$index`, with its offset.
    pub index: Option<(i64, u32)>,
    /// Options taken as text: `$format`, `$skiptoken`, `$deltatoken`, `$id`, `$schemaversion`, and the
    /// temporal `$at`, `$from`, `$to`, `$toInclusive`. Names with their dollar and in canonical case.
    pub text: Vec<TextOption>,
    /// Parameter aliases `@name=value`, name without the `@`.
    pub aliases: Vec<Alias>,
    /// Options that do not start with `$` or `@` and are no system option.
    pub custom: Vec<TextOption>,
    /// Of options in parentheses: their decoded texts, without `$top`, `$skip`, `$count` and `$levels`. A next link
    /// of the nested collection has to repeat them.
    pub texts: Vec<String>,
}

/// An option whose value the grammar leaves as text.
#[derive(Debug, Clone, PartialEq)]
pub struct TextOption {
    /// Byte offset.
    pub at: u32,
    /// Name.
    pub name: String,
    /// Decoded value.
    pub value: String,
}

/// A parameter alias and its value (Part 2 section 5.3).
#[derive(Debug, Clone, PartialEq)]
pub struct Alias {
    /// Byte offset.
    pub at: u32,
    /// Name without `@`.
    pub name: String,
    /// Value.
    pub value: Expr,
    /// The decoded text of the value, which a next link of a nested collection has to repeat.
    pub text: String,
}

/// An item of `$orderby`.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderItem {
    /// What to order by.
    pub expr: Expr,
    /// `desc`
    pub descending: bool,
}

/// An item of `$compute`.
#[derive(Debug, Clone, PartialEq)]
pub struct ComputeItem {
    /// What to compute.
    pub expr: Expr,
    /// Its name.
    pub name: String,
    /// Byte offset of the name.
    pub at: u32,
}

/// An item of `$select` (Part 2 section 5.1.4).
#[derive(Debug, Clone, PartialEq)]
pub struct SelectItem {
    /// Byte offset.
    pub at: u32,
    /// `A/B/C`; `*` and `Namespace.*` are single names. Annotations keep their `@`.
    pub path: Vec<String>,
    /// `Location` and `Kind` of `Model.Function(Location,Kind)`, which names one overload.
    pub parameters: Option<Vec<String>>,
    /// Nested options.
    pub options: Options,
}

/// An item of `$expand` (Part 2 section 5.1.3).
#[derive(Debug, Clone, PartialEq)]
pub struct ExpandItem {
    /// Byte offset.
    pub at: u32,
    /// `Nav`, `Complex/Nav`, `Nav/Model.Derived`, `*`, without a trailing `$ref` or `$count`; nothing for
    /// `$value`, which expands the media stream of the entity itself.
    pub path: Vec<String>,
    /// Trailing `/$ref` or `/$count`.
    pub suffix: ExpandSuffix,
    /// Nested options.
    pub options: Options,
}

/// What an expand item ends in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpandSuffix {
    /// Nothing.
    None,
    /// `/$ref`
    Ref,
    /// `/$count`
    Count,
    /// `$value`, alone, of a media stream
    Value,
}

/// `$levels`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Levels {
    /// A number.
    Number(u32),
    /// `max`
    Max,
}

/// `$search` (Part 2 section 5.1.8).
#[derive(Debug, Clone, PartialEq)]
pub enum Search {
    /// A word.
    Word(String),
    /// Words in double quotes, without them.
    Phrase(String),
    /// NOT
    Not(Box<Search>),
    /// AND, also where words just follow each other
    And(Box<Search>, Box<Search>),
    /// OR
    Or(Box<Search>, Box<Search>),
    /// Text in single quotes, without them: an expression that is not finished, as sent while a person types.
    Incomplete(String),
}

/// An expression with its offset (Part 2 section 5.1.1).
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// Byte offset in path and query as sent; of an operation the offset of its operator.
    pub at: u32,
    /// What it is.
    pub kind: ExprKind,
}

impl Expr {
    /// Whether it is a path whose last segment is `$count`.
    pub fn ends_in_count(&self) -> bool {
        let ExprKind::Path(path) = &self.kind else {
            return false;
        };
        matches!(path.segments.last(), Some(PathSegment { kind: PathSegmentKind::Count(_), .. }))
    }
}

/// What an expression is.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// A literal.
    Literal(Literal),
    /// `@p`, without the `@`. With a path behind, `@p/Name`, it is a `Path` whose first segment is the name
    /// `@p`, which may also be an annotation without namespace: only the aliases of the request tell.
    Alias(String),
    /// A path: `Customer/Address/City`, `$it/Name`, `Items/any(i:i/Quantity gt 1)`, `Items/$count`,
    /// `x/Model.Func(a=1)`.
    Path(Path),
    /// A canonical function, name in canonical lower case: `contains`, `cast`, `isof`, `case`…; a `case`
    /// has its condition and value pairs flattened. Type names among the arguments are `Path`s of one
    /// segment, `Collection(Edm.String)` too.
    Call {
        /// Name.
        name: String,
        /// Arguments.
        args: Vec<Expr>,
    },
    /// `not` and unary `-`.
    Unary(UnaryOp, Box<Expr>),
    /// Two operands. Chains of `and` and of `or` are balanced trees, others lean to the left.
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `x in (1,2)` with a `List` on the right, or an expression that is a collection.
    In(Box<Expr>, Box<Expr>),
    /// `(1,2,3)` after `in`.
    List(Vec<Expr>),
    /// A JSON array or object; members may be expressions (`$root/…`).
    Array(Vec<Expr>),
    /// A JSON object.
    Object(Vec<(String, Expr)>),
}

/// A path in an expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// Where it starts.
    pub root: PathRoot,
    /// Segments after the root.
    pub segments: Vec<PathSegment>,
}

/// Where a path starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathRoot {
    /// At the current instance or a lambda variable.
    Implicit,
    /// `$it`
    It,
    /// `$this`
    This,
    /// `$root`
    Root,
    /// `$these`, the current collection (Data Aggregation 4.0)
    These,
}

/// A segment of a path in an expression.
#[derive(Debug, Clone, PartialEq)]
pub struct PathSegment {
    /// Byte offset.
    pub at: u32,
    /// What it is.
    pub kind: PathSegmentKind,
}

/// What a segment of a path in an expression is.
#[derive(Debug, Clone, PartialEq)]
pub enum PathSegmentKind {
    /// Property, navigation property, type cast, bound function, lambda variable, annotation (with its `@`),
    /// number.
    Name {
        /// Simple or qualified name.
        name: String,
        /// Parentheses, where there are any.
        args: Option<Vec<Argument>>,
    },
    /// `any(x:…)`; `any()` has neither variable nor predicate.
    Any(Option<Lambda>),
    /// `all(x:…)`
    All(Lambda),
    /// `$count`, with options in parentheses (4.01).
    Count(Box<Options>),
    /// `$filter(…)`
    Filter(Box<Expr>),
    /// `aggregate(…)` as a path segment (Data Aggregation 4.0).
    Aggregate(Vec<crate::url::apply::Aggregate>),
    /// `$ref`
    Ref,
    /// `$value`
    Value,
    /// A key behind parentheses that belong to something else: `$filter(…)(1)`, `Func(a=1)(2)`.
    Key(Vec<Argument>),
}

/// A lambda variable and its predicate.
#[derive(Debug, Clone, PartialEq)]
pub struct Lambda {
    /// Name of the variable.
    pub variable: String,
    /// Predicate.
    pub body: Box<Expr>,
}

/// Unary operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryOp {
    /// `not`
    Not,
    /// `-`
    Negate,
}

/// Binary operators, in the order of Part 2 section 5.1.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum BinaryOp {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
    Has,
    And,
    Or,
    Add,
    Sub,
    Mul,
    Div,
    DivBy,
    Mod,
}

/// A literal of the URL (Part 2 section 5.1.1.11), its value checked by form but kept as text where text is
/// exact.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// `null`
    Null,
    /// `true`, `false`
    Boolean(bool),
    /// Digits with an optional sign that fit 64 bits.
    Integer(i64),
    /// Digits with a point, or a whole number beyond 64 bits; also with exponent. As sent, without a leading
    /// `+`.
    Decimal(String),
    /// `INF`, `-INF`, `NaN`
    Double(f64),
    /// `'text'`, decoded, quotes undoubled.
    String(String),
    /// `2024-02-29`
    Date(String),
    /// `12:30`, `12:30:15.5`
    TimeOfDay(String),
    /// `2024-02-29T12:30:15.5Z`, with the offset as sent.
    DateTimeOffset(String),
    /// `duration'P1DT2H'` or `'P1DT2H'` with prefix: the text inside the quotes.
    Duration(String),
    /// `01234567-89ab-cdef-0123-456789abcdef`, in lower case.
    Guid(String),
    /// `binary'…'`, decoded.
    Binary(Vec<u8>),
    /// `Namespace.Color'Red,Green'`.
    Enum {
        /// Qualified type name.
        type_name: String,
        /// Text inside the quotes.
        value: String,
    },
    /// `geography'SRID=0;Point(1 2)'`: prefix word, and the text inside the quotes.
    Geo {
        /// `geography` or `geometry`.
        prefix: String,
        /// Text inside the quotes.
        text: String,
    },
}
