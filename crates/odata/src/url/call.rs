//! Canonical functions and what stands in parentheses behind a name (OData 4.01 Part 2 section 5.1.1).

use super::ast::{Argument, Expr, ExprKind, Path, PathRoot, PathSegment, PathSegmentKind};
use super::cursor::Cursor;
use super::error::{ParseError, ParseErrorKind, Result};
use crate::near::suggestion;

/// Canonical functions in lower case, with the least and the greatest number of arguments.
const FUNCTIONS: [(&str, usize, usize); 37] = [
    ("contains", 2, 2),
    ("startswith", 2, 2),
    ("endswith", 2, 2),
    ("tolower", 1, 1),
    ("toupper", 1, 1),
    ("length", 1, 1),
    ("year", 1, 1),
    ("month", 1, 1),
    ("day", 1, 1),
    ("date", 1, 1),
    ("concat", 2, 2),
    ("indexof", 2, 2),
    ("substring", 2, 3),
    ("trim", 1, 1),
    ("matchespattern", 2, 2),
    ("hour", 1, 1),
    ("minute", 1, 1),
    ("second", 1, 1),
    ("fractionalseconds", 1, 1),
    ("totalseconds", 1, 1),
    ("totaloffsetminutes", 1, 1),
    ("time", 1, 1),
    ("now", 0, 0),
    ("mindatetime", 0, 0),
    ("maxdatetime", 0, 0),
    ("round", 1, 1),
    ("floor", 1, 1),
    ("ceiling", 1, 1),
    ("hassubset", 2, 2),
    ("hassubsequence", 2, 2),
    ("geo.distance", 2, 2),
    ("geo.length", 1, 1),
    ("geo.intersects", 2, 2),
    ("isdefined", 1, 1),
    ("case", 1, usize::MAX),
    ("cast", 1, 2),
    ("isof", 1, 2),
];

/// ` Did you mean 'X'?` with canonical functions, or nothing.
pub(crate) fn near_functions(name: &str) -> String {
    suggestion(name, FUNCTIONS.iter().map(|(canonical, _, _)| *canonical))
}

/// What stands in the parentheses of a key, and of a function of the model.
const ARGUMENT: &str = "a literal, an alias or name=value";

/// What may stand in parentheses behind a name.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Arguments {
    /// In the resource path: literals, aliases and JSON.
    InPath,
    /// In an expression: a named argument may be any expression.
    InExpression,
}

impl Cursor<'_> {
    /// What starts with a name: a canonical function or a path.
    pub(crate) fn call_or_path(&mut self) -> Result<Expr> {
        let at = self.at();
        let start = self.pos;
        let Some(name) = self.eat_qualified() else {
            return Err(self.expected("an expression"));
        };
        if self.peek() == Some(b'(') {
            let function = FUNCTIONS.iter().find(|(canonical, _, _)| canonical.eq_ignore_ascii_case(name));
            if let Some(&(name, least, most)) = function {
                return self.call(at, name, least, most);
            }
            if ["any", "all", "aggregate"].contains(&name) {
                return Err(self.expected("a collection and / before this operator"));
            }
        }
        self.pos = start;
        let first = self.name_segments().map_err(|fault| self.misspelled(start, name, fault))?;
        self.path(at, PathRoot::Implicit, first)
    }

    /// A name with arguments that nothing but a canonical function takes is a misspelled one, where there is one near, or where
    /// it has an argument as only such a function has.
    fn misspelled(&self, start: usize, name: &str, fault: ParseError) -> ParseError {
        let near = near_functions(name);
        let is_none = near.is_empty() && fault.expected != ARGUMENT;
        if is_none || fault.kind != ParseErrorKind::Syntax {
            return fault;
        }
        self.fault(start, "a function", format!("there is no function '{name}'.{near}"))
    }

    /// A canonical function; the next byte is its parenthesis.
    fn call(&mut self, at: u32, name: &'static str, least: usize, most: usize) -> Result<Expr> {
        let in_case = std::mem::take(&mut self.in_case);
        self.open()?;
        let args = match name {
            "case" => self.case_arguments()?,
            "cast" | "isof" => self.type_arguments()?,
            _ => self.call_arguments(least, most)?,
        };
        self.close(if args.len() < most { ", or )" } else { ")" })?;
        self.in_case = in_case;
        if name == "cast"
            && self.peek() == Some(b'/')
            && let Some((root, segments)) = cast_segments(&args)
        {
            return self.path(at, root, segments);
        }
        Ok(Expr { at, kind: ExprKind::Call { name: name.to_owned(), args } })
    }

    /// `least` to `most` expressions.
    fn call_arguments(&mut self, least: usize, most: usize) -> Result<Vec<Expr>> {
        let mut args = Vec::with_capacity(least);
        while args.len() < most {
            if !args.is_empty() && !self.eat_comma() {
                break;
            }
            args.push(self.json_or_expr()?);
        }
        if args.len() < least {
            self.skip_space();
            return Err(self.expected(", and another argument"));
        }
        Ok(args)
    }

    /// `condition:value,condition:value`, flattened.
    fn case_arguments(&mut self) -> Result<Vec<Expr>> {
        let mut args = Vec::new();
        loop {
            self.more(args.len())?;
            self.in_case = true;
            args.push(self.expr()?);
            self.in_case = false;
            self.skip_space();
            self.expect(b':', ": and the value")?;
            self.skip_space();
            args.push(self.json_or_expr()?);
            if !self.eat_comma() {
                return Ok(args);
            }
        }
    }

    /// An expression, which may be missing, and a type name.
    fn type_arguments(&mut self) -> Result<Vec<Expr>> {
        let start = self.pos;
        // Some clients write it as text.
        let quoted = self.eat(b'\'');
        if let Some(type_name) = self.type_name()
            && (!quoted || self.eat(b'\''))
        {
            self.skip_space();
            if self.peek() == Some(b')') {
                return Ok(vec![type_name]);
            }
        }
        self.pos = start;
        let operand = self.json_or_expr()?;
        if !self.eat_comma() {
            self.skip_space();
            return Err(self.expected(", and the name of a type"));
        }
        let quoted = self.eat(b'\'');
        match self.type_name() {
            Some(type_name) if !quoted || self.eat(b'\'') => Ok(vec![operand, type_name]),
            Some(_) => Err(self.expected("the quote behind the name of a type")),
            None => Err(self.expected("the name of a type")),
        }
    }

    /// The name of a type, also of a collection, as a path of one segment.
    fn type_name(&mut self) -> Option<Expr> {
        let at = self.at();
        let start = self.pos;
        let name = self.eat_qualified()?;
        if name == "Collection" && self.eat(b'(') {
            self.eat_qualified()?;
            if !self.eat(b')') {
                return None;
            }
        }
        let kind = PathSegmentKind::Name { name: self.slice(start, self.pos).to_owned(), args: None };
        let path = Path { root: PathRoot::Implicit, segments: vec![PathSegment { at, kind }] };
        Some(Expr { at, kind: ExprKind::Path(path) })
    }

    /// A key predicate or arguments of a function; the next byte is the parenthesis.
    pub(crate) fn arguments(&mut self, place: Arguments) -> Result<Vec<Argument>> {
        let in_case = std::mem::take(&mut self.in_case);
        self.open()?;
        let mut args = Vec::new();
        if !self.eat(b')') {
            loop {
                self.more(args.len())?;
                args.push(self.argument(place)?);
                if !self.eat_comma() {
                    break;
                }
            }
            self.close(", or )")?;
        }
        self.in_case = in_case;
        Ok(args)
    }

    /// `name=value` or a value alone.
    fn argument(&mut self, place: Arguments) -> Result<Argument> {
        let at = self.at();
        let start = self.pos;
        if let Some(name) = self.eat_identifier() {
            if self.eat(b'=') {
                let value = self.named_value(place)?;
                return Ok(Argument { at, name: Some(name.to_owned()), value });
            }
            self.pos = start;
        }
        let value = match self.peek() {
            Some(b'[' | b'{') => self.json()?,
            _ => self.literal_or_name_fault(ARGUMENT)?,
        };
        Ok(Argument { at, name: None, value })
    }

    /// The value of a named argument.
    fn named_value(&mut self, place: Arguments) -> Result<Expr> {
        match (place, self.peek()) {
            (Arguments::InExpression, _) => self.json_or_expr(),
            (Arguments::InPath, Some(b'[' | b'{' | b'"')) => self.json_or_expr(),
            (Arguments::InPath, _) => self.literal_or_name_fault("a literal or an alias"),
        }
    }

    /// A literal or an alias; a name is refused where it ends, since a literal could start so.
    fn literal_or_name_fault(&mut self, expected: &'static str) -> Result<Expr> {
        let start = self.pos;
        if let Some(literal) = self.literal()? {
            return Ok(literal);
        }
        match self.eat_qualified() {
            Some(name) => {
                let message =
                    format!("expected {expected}, found the name '{name}'; text stands in single quotes");
                Err(self.fault(self.pos, expected, message))
            }
            None => {
                self.pos = start;
                self.literal_or_alias(expected)
            }
        }
    }
}

/// What `cast` of a path, or of the instance itself, is as a path: the type is a segment behind it.
pub(crate) fn cast_segments(args: &[Expr]) -> Option<(PathRoot, Vec<PathSegment>)> {
    let path = |expr: &Expr| match &expr.kind {
        ExprKind::Path(path) => Some((path.root, path.segments.clone())),
        ExprKind::Call { name, args } if name == "cast" => cast_segments(args),
        _ => None,
    };
    let (operand, ty) = args.split_last().map(|(ty, operand)| (operand.first(), ty))?;
    let (root, mut segments) = operand.map_or(Some((PathRoot::Implicit, Vec::new())), path)?;
    segments.extend(path(ty)?.1);
    Some((root, segments))
}
