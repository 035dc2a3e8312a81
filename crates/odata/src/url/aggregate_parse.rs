//! Parses aggregate expressions and data aggregation paths (Data Aggregation 4.0 sections 3.1.3 and 3.2.1).

use super::apply::{Aggregate, AggregateFrom, DataPath, Method, MethodKind, Name};
use super::ast::{Expr, ExprKind, Path, PathRoot, PathSegment, PathSegmentKind};
use super::cursor::Cursor;
use super::error::Result;

impl Cursor<'_> {
    /// What stands in the parentheses of the transformation `aggregate`.
    pub(crate) fn aggregates(&mut self) -> Result<Vec<Aggregate>> {
        self.items(|cursor| cursor.aggregate(true))
    }

    /// `/aggregate(…)` in an expression; the next byte is the parenthesis.
    pub(crate) fn aggregate_segment(&mut self) -> Result<PathSegmentKind> {
        self.open()?;
        let aggregate = self.aggregate(false)?;
        self.close(")")?;
        Ok(PathSegmentKind::Aggregate(vec![aggregate]))
    }

    /// `expression with method from … as alias`. A function in an expression has no alias.
    fn aggregate(&mut self, aliased: bool) -> Result<Aggregate> {
        let at = self.at();
        let expr = self.aggregatable()?;
        let count = expr.ends_in_count();
        // The number of the instances themselves is no value of each of them.
        let alone = matches!(&expr.kind, ExprKind::Path(path) if count && path.segments.len() == 1);
        let method = if alone { None } else { self.aggregate_method()? };
        // A path alone may name a custom aggregate; whether it does, only the model knows.
        let custom = method.is_none() && !count;
        if custom && !matches!(expr.kind, ExprKind::Path(_)) {
            return Err(self.expected("an operator, or with and an aggregation method"));
        }
        let mut from = Vec::new();
        loop {
            let start = self.pos;
            if !self.eat_spaced_word("from") {
                break;
            }
            self.more(from.len())?;
            let at = self.at_pos(start + 1);
            self.skip_space();
            let grouping = self.items(Self::single_valued_path)?;
            let method = self.aggregate_method()?;
            if method.is_none() && !custom {
                self.skip_space();
                return Err(self.expected("with and an aggregation method"));
            }
            from.push(AggregateFrom { at, grouping, method });
        }
        let alias = if aliased { self.alias()? } else { None };
        if aliased && alias.is_none() && (!custom || !from.is_empty()) {
            self.skip_space();
            return Err(self.expected("as and a name"));
        }
        Ok(Aggregate { at, expr, method, from, alias })
    }

    /// An expression, `$count` alone, or a type cast alone.
    fn aggregatable(&mut self) -> Result<Expr> {
        let at = self.at();
        let start = self.pos;
        if self.rest().starts_with("$count") {
            self.pos += "$count".len();
            return Ok(lone(at, PathSegmentKind::Count(Box::default())));
        }
        if let Some(name) = self.eat_qualified()
            && name.contains('.')
            && matches!(self.peek(), Some(b' ' | b'\t'))
        {
            return Ok(lone(at, PathSegmentKind::Name { name: name.to_owned(), args: None }));
        }
        self.pos = start;
        self.expr()
    }

    /// `with sum`, if it is there.
    fn aggregate_method(&mut self) -> Result<Option<Method>> {
        if !self.eat_spaced_word("with") {
            return Ok(None);
        }
        let expected = "sum, min, max, average, countdistinct or the qualified name of a method";
        if !self.skip_space() {
            return Err(self.expected("a space"));
        }
        let at = self.at();
        let start = self.pos;
        let kind = match self.eat_qualified() {
            Some("sum") => MethodKind::Sum,
            Some("min") => MethodKind::Min,
            Some("max") => MethodKind::Max,
            Some("average") => MethodKind::Average,
            Some("countdistinct") => MethodKind::CountDistinct,
            Some(name) if name.contains('.') => MethodKind::Custom(name.to_owned()),
            _ => return Err(self.expected_at(start, expected)),
        };
        Ok(Some(Method { at, kind }))
    }

    /// ` as name`, if it is there.
    pub(crate) fn alias(&mut self) -> Result<Option<Name>> {
        if !self.eat_spaced_word("as") {
            return Ok(None);
        }
        if !self.skip_space() {
            return Err(self.expected("a space"));
        }
        self.name("a name").map(Some)
    }

    /// A simple name.
    pub(crate) fn name(&mut self, expected: &'static str) -> Result<Name> {
        let at = self.at();
        Ok(Name { at, name: self.identifier(expected)?.to_owned() })
    }

    /// Names with slashes between.
    pub(crate) fn data_path(&mut self) -> Result<DataPath> {
        let mut path = Vec::new();
        loop {
            self.more(path.len())?;
            let at = self.at();
            let Some(name) = self.eat_qualified() else {
                return Err(self.expected("the name of a property"));
            };
            path.push(Name { at, name: name.to_owned() });
            if !self.eat(b'/') {
                return Ok(path);
            }
        }
    }

    /// A path to group by, which ends in a property.
    pub(crate) fn single_valued_path(&mut self) -> Result<DataPath> {
        let path = self.data_path()?;
        if path.last().is_some_and(|last| last.name.contains('.')) {
            return Err(self.expected("/ and a property, as a type cast alone cannot be grouped by"));
        }
        Ok(path)
    }
}

/// A path of one segment.
fn lone(at: u32, kind: PathSegmentKind) -> Expr {
    let path = Path { root: PathRoot::Implicit, segments: vec![PathSegment { at, kind }] };
    Expr { at, kind: ExprKind::Path(path) }
}
