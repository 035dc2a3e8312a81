//! Paths in expressions: members, casts, functions, annotations, `any`, `all`, `$count`, `$filter`
//! (OData 4.01 Part 2 sections 5.1.1.13 to 5.1.1.15).

use super::ast::{Expr, ExprKind, Lambda, Path, PathRoot, PathSegment, PathSegmentKind};
use super::call::Arguments;
use super::cursor::Cursor;
use super::error::Result;
use super::option_names::Allowed;

impl Cursor<'_> {
    /// The rest of a path, whose root and first segments are known.
    pub(crate) fn path(&mut self, at: u32, root: PathRoot, first: Vec<PathSegment>) -> Result<Expr> {
        let mut segments = first;
        self.more_segments(&mut segments)?;
        if let (PathRoot::Implicit, [only]) = (root, segments.as_slice())
            && let PathSegmentKind::Name { name, args: None } = &only.kind
            && name.contains('.')
            && !name.starts_with('@')
        {
            return Err(self.expected("( or / after the name of a function or type"));
        }
        Ok(Expr { at, kind: ExprKind::Path(Path { root, segments }) })
    }

    /// Segments with their slashes, as long as there are any.
    fn more_segments(&mut self, segments: &mut Vec<PathSegment>) -> Result<()> {
        while self.eat(b'/') {
            self.more(segments.len())?;
            match self.peek() {
                Some(b'$') => segments.push(self.dollar_segment()?),
                Some(b'@') => segments.push(self.annotation()?),
                Some(b'0'..=b'9' | b'-') => segments.push(self.ordinal()?),
                _ => segments.extend(self.name_segments()?),
            }
            if self.peek() == Some(b'(') {
                segments.push(self.key_segment()?);
            }
        }
        Ok(())
    }

    /// A key predicate behind parentheses: `$filter(…)(1)`, `Function(a=1)(2)`.
    fn key_segment(&mut self) -> Result<PathSegment> {
        let at = self.at();
        let kind = PathSegmentKind::Key(self.arguments(Arguments::InExpression)?);
        Ok(PathSegment { at, kind })
    }

    /// A name with its parentheses; a second pair becomes a key.
    pub(crate) fn name_segments(&mut self) -> Result<Vec<PathSegment>> {
        let at = self.at();
        let Some(name) = self.eat_qualified() else {
            return Err(self.expected("a name"));
        };
        if self.peek() != Some(b'(') {
            let kind = PathSegmentKind::Name { name: name.to_owned(), args: None };
            return Ok(vec![PathSegment { at, kind }]);
        }
        let kind = if name.eq_ignore_ascii_case("any") {
            PathSegmentKind::Any(self.lambda(true)?)
        } else if name.eq_ignore_ascii_case("all") {
            let body = self.lambda(false)?;
            PathSegmentKind::All(body.ok_or_else(|| self.expected("a lambda variable"))?)
        } else if name == "aggregate" {
            self.aggregate_segment()?
        } else {
            let args = Some(self.arguments(Arguments::InExpression)?);
            PathSegmentKind::Name { name: name.to_owned(), args }
        };
        let mut segments = vec![PathSegment { at, kind }];
        if self.peek() == Some(b'(') {
            segments.push(self.key_segment()?);
        }
        Ok(segments)
    }

    /// `(x:predicate)`, or nothing between the parentheses where that is allowed.
    fn lambda(&mut self, may_be_empty: bool) -> Result<Option<Lambda>> {
        let in_case = std::mem::take(&mut self.in_case);
        self.open()?;
        if may_be_empty && self.eat(b')') {
            self.in_case = in_case;
            return Ok(None);
        }
        let variable = self.identifier("a lambda variable")?.to_owned();
        self.skip_space();
        self.expect(b':', ": after the lambda variable")?;
        self.skip_space();
        let body = Box::new(self.expr()?);
        self.close(") or an operator")?;
        self.in_case = in_case;
        Ok(Some(Lambda { variable, body }))
    }

    /// `$count`, `$filter(…)`, `$ref`, `$value`
    fn dollar_segment(&mut self) -> Result<PathSegment> {
        let at = self.at();
        let start = self.pos;
        self.pos += 1;
        let kind = match self.eat_identifier() {
            Some("count") => {
                let options = match self.peek() {
                    Some(b'(') => self.nested_options(Allowed::COUNT)?,
                    _ => Box::default(),
                };
                PathSegmentKind::Count(options)
            }
            Some("filter") => {
                // Conditions one behind the other become such a chain.
                self.chain()?;
                self.open()?;
                let condition = Box::new(self.expr()?);
                self.close(") or an operator")?;
                PathSegmentKind::Filter(condition)
            }
            Some("ref") => PathSegmentKind::Ref,
            Some("value") => PathSegmentKind::Value,
            _ => return Err(self.expected_at(start, "a name, $count or $filter")),
        };
        Ok(PathSegment { at, kind })
    }

    /// The position in a collection.
    fn ordinal(&mut self) -> Result<PathSegment> {
        let at = self.at();
        let start = self.pos;
        self.eat(b'-');
        self.number("a position in the collection")?;
        let kind = PathSegmentKind::Name { name: self.slice(start, self.pos).to_owned(), args: None };
        Ok(PathSegment { at, kind })
    }

    /// `@Namespace.Term#Qualifier`, with its `@`.
    pub(crate) fn annotation(&mut self) -> Result<PathSegment> {
        let at = self.at();
        let name = self.annotation_name()?;
        Ok(PathSegment { at, kind: PathSegmentKind::Name { name, args: None } })
    }

    /// The name of an annotation, with `@` and qualifier.
    pub(crate) fn annotation_name(&mut self) -> Result<String> {
        let start = self.pos;
        self.expect(b'@', "@")?;
        if self.eat_qualified().is_none() {
            return Err(self.expected("the name of a term"));
        }
        if self.eat(b'#') {
            self.identifier("the qualifier of the annotation")?;
        }
        Ok(self.slice(start, self.pos).to_owned())
    }

    /// `@name` alone is an alias. With a namespace, a qualifier or a path it is the first segment of a path,
    /// its `@` kept: `@name/…` may be either, and only the aliases of the request tell.
    pub(crate) fn alias_or_annotation(&mut self) -> Result<Expr> {
        let first = self.annotation()?;
        let at = first.at;
        match &first.kind {
            PathSegmentKind::Name { name, .. } if !name.contains(['.', '#']) && self.peek() != Some(b'/') => {
                Ok(Expr { at, kind: ExprKind::Alias(name.trim_start_matches('@').to_owned()) })
            }
            _ => self.path(at, PathRoot::Implicit, vec![first]),
        }
    }
}
