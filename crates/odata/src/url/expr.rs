//! Operators and their precedence (OData 4.01 Part 2 section 5.1.1.9 and before).

use super::ast::{BinaryOp, Expr, ExprKind, PathRoot, UnaryOp};
use super::cursor::Cursor;
use super::error::Result;

/// An operator that was found but not taken.
#[derive(Clone, Copy)]
struct Found {
    op: Operator,
    /// Start of the word.
    start: usize,
    /// Start of what follows the space behind the word.
    end: usize,
}

/// Operators between two operands.
#[derive(Clone, Copy, PartialEq)]
enum Operator {
    Binary(BinaryOp),
    In,
}

impl Operator {
    /// The higher, the closer it binds. `has` and `in` are of the primary group.
    fn precedence(self) -> u8 {
        match self {
            Operator::Binary(BinaryOp::Or) => 1,
            Operator::Binary(BinaryOp::And) => 2,
            Operator::Binary(BinaryOp::Eq | BinaryOp::Ne) => 3,
            Operator::Binary(BinaryOp::Gt | BinaryOp::Ge | BinaryOp::Lt | BinaryOp::Le) => 4,
            Operator::Binary(BinaryOp::Add | BinaryOp::Sub) => 5,
            Operator::Binary(BinaryOp::Mul | BinaryOp::Div | BinaryOp::DivBy | BinaryOp::Mod) => 6,
            Operator::Binary(BinaryOp::Has) | Operator::In => 7,
        }
    }

    /// The operator of a word, in any case.
    fn of(word: &[u8]) -> Option<Self> {
        const WORDS: [(&[u8], Operator); 16] = [
            (b"eq", Operator::Binary(BinaryOp::Eq)),
            (b"and", Operator::Binary(BinaryOp::And)),
            (b"or", Operator::Binary(BinaryOp::Or)),
            (b"ne", Operator::Binary(BinaryOp::Ne)),
            (b"gt", Operator::Binary(BinaryOp::Gt)),
            (b"ge", Operator::Binary(BinaryOp::Ge)),
            (b"lt", Operator::Binary(BinaryOp::Lt)),
            (b"le", Operator::Binary(BinaryOp::Le)),
            (b"in", Operator::In),
            (b"has", Operator::Binary(BinaryOp::Has)),
            (b"add", Operator::Binary(BinaryOp::Add)),
            (b"sub", Operator::Binary(BinaryOp::Sub)),
            (b"mul", Operator::Binary(BinaryOp::Mul)),
            (b"div", Operator::Binary(BinaryOp::Div)),
            (b"divby", Operator::Binary(BinaryOp::DivBy)),
            (b"mod", Operator::Binary(BinaryOp::Mod)),
        ];
        WORDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, op)| *op)
    }
}

impl Cursor<'_> {
    /// `commonExpr`. The offset of an operation is that of its operator.
    pub(crate) fn expr(&mut self) -> Result<Expr> {
        self.enter()?;
        let expr = self.logical(BinaryOp::Or)?;
        self.leave();
        Ok(expr)
    }

    /// Operands of `or` or of `and`. Long chains become a balanced tree, so that its depth stays small:
    /// both operators are associative, also with null.
    fn logical(&mut self, op: BinaryOp) -> Result<Expr> {
        let operand = |cursor: &mut Self| match op {
            BinaryOp::Or => cursor.logical(BinaryOp::And),
            _ => cursor.operation(3),
        };
        let first = operand(self)?;
        let mut chain = Vec::new();
        while let Some(found) = self.operator().filter(|found| found.op == Operator::Binary(op)) {
            self.more(chain.len() + 1)?;
            self.pos = found.end;
            chain.push((self.at_pos(found.start), operand(self)?));
        }
        if chain.is_empty() {
            return Ok(first);
        }
        let count = chain.len() + 1;
        let mut operands = std::iter::once((0, first)).chain(chain);
        let pair = |at, left, right| Expr { at, kind: ExprKind::Binary(op, Box::new(left), Box::new(right)) };
        match join(&mut operands, count, &pair) {
            Some((_, expr)) => Ok(expr),
            None => Err(self.expected("an operand")),
        }
    }

    /// Operations that bind at least as close as `least`, grouped from the left.
    fn operation(&mut self, least: u8) -> Result<Expr> {
        let mut left = self.unary()?;
        let mut chained = false;
        while let Some(found) = self.operator().filter(|found| found.op.precedence() >= least) {
            let Operator::Binary(op) = found.op else {
                break;
            };
            if chained {
                self.chain()?;
            }
            chained = true;
            self.pos = found.end;
            let right = self.operation(found.op.precedence() + 1)?;
            let kind = ExprKind::Binary(op, Box::new(left), Box::new(right));
            left = Expr { at: self.at_pos(found.start), kind };
        }
        Ok(left)
    }

    /// `not`, a minus sign, or an operand with `has` and `in`.
    fn unary(&mut self) -> Result<Expr> {
        let at = self.at();
        let start = self.pos;
        if self.peek() == Some(b'-') && !self.starts_negative_literal() {
            self.pos += 1;
            self.skip_space();
            return self.negated(at, UnaryOp::Negate);
        }
        if self.eat_text("not") && matches!(self.peek(), Some(b' ' | b'\t' | b'(')) {
            self.skip_space();
            return self.negated(at, UnaryOp::Not);
        }
        self.pos = start;
        let mut left = self.primary()?;
        let mut chained = false;
        while let Some(found) = self.operator().filter(|found| found.op.precedence() == 7) {
            if chained {
                self.chain()?;
            }
            chained = true;
            self.pos = found.end;
            let operand = Box::new(left);
            let kind = match found.op {
                Operator::Binary(op) => ExprKind::Binary(op, operand, Box::new(self.primary()?)),
                Operator::In => ExprKind::In(operand, Box::new(self.members()?)),
            };
            left = Expr { at: self.at_pos(found.start), kind };
        }
        Ok(left)
    }

    /// The operand of a unary operator.
    fn negated(&mut self, at: u32, op: UnaryOp) -> Result<Expr> {
        self.enter()?;
        let operand = self.unary()?;
        self.leave();
        Ok(Expr { at, kind: ExprKind::Unary(op, Box::new(operand)) })
    }

    /// The operator that follows, with space before and behind, if there is one.
    fn operator(&self) -> Option<Found> {
        let bytes = self.text.as_bytes();
        let space = |from: usize| {
            from + bytes.iter().skip(from).take_while(|byte| matches!(byte, b' ' | b'\t')).count()
        };
        let start = space(self.pos);
        if start == self.pos {
            return None;
        }
        let length = bytes.iter().skip(start).take(6).take_while(|byte| byte.is_ascii_alphabetic()).count();
        let end = space(start + length);
        if end == start + length {
            return None;
        }
        let op = Operator::of(bytes.get(start..start + length)?)?;
        Some(Found { op, start, end })
    }

    /// The right side of `in`: a list of literals and aliases, or an expression.
    fn members(&mut self) -> Result<Expr> {
        if self.peek() != Some(b'(') {
            return self.primary();
        }
        let at = self.at();
        let in_case = std::mem::take(&mut self.in_case);
        self.open()?;
        let mut items = Vec::new();
        if self.eat(b')') {
            self.in_case = in_case;
            return Ok(Expr { at, kind: ExprKind::List(items) });
        }
        let first = self.expr()?;
        let literal = matches!(first.kind, ExprKind::Literal(_));
        let listable = literal || matches!(first.kind, ExprKind::Alias(_));
        if !(literal || (listable && self.comma_follows())) {
            self.close(") as only a list of literals can have more items")?;
            self.in_case = in_case;
            return Ok(first);
        }
        items.push(first);
        while self.eat_comma() {
            self.more(items.len())?;
            items.push(self.literal_or_alias("a literal")?);
        }
        self.close(", or )")?;
        self.in_case = in_case;
        Ok(Expr { at, kind: ExprKind::List(items) })
    }

    /// Whether a comma is next, behind spaces.
    fn comma_follows(&self) -> bool {
        self.rest().trim_start_matches([' ', '\t']).starts_with(',')
    }

    /// A literal or a parameter alias.
    pub(crate) fn literal_or_alias(&mut self, expected: &'static str) -> Result<Expr> {
        if let Some(literal) = self.literal()? {
            return Ok(literal);
        }
        let at = self.at();
        if self.eat(b'@') {
            let name = self.identifier("the name of a parameter alias")?.to_owned();
            return Ok(Expr { at, kind: ExprKind::Alias(name) });
        }
        Err(self.expected(expected))
    }

    /// An operand without operators.
    fn primary(&mut self) -> Result<Expr> {
        if let Some(literal) = self.literal()? {
            return Ok(literal);
        }
        match self.peek() {
            Some(b'(') => {
                let in_case = std::mem::take(&mut self.in_case);
                self.open()?;
                let inside = self.expr()?;
                self.close(") or an operator")?;
                self.in_case = in_case;
                Ok(inside)
            }
            Some(b'[' | b'{') => self.json(),
            Some(b'@') => self.alias_or_annotation(),
            Some(b'$') => self.dollar_path(),
            Some(b'"') => Err(self.expected("an expression; text stands in single quotes")),
            _ => self.call_or_path(),
        }
    }

    /// `$it`, `$this`, `$these` or `$root` and what follows.
    fn dollar_path(&mut self) -> Result<Expr> {
        let at = self.at();
        let start = self.pos;
        self.pos += 1;
        let root = match self.eat_identifier() {
            Some("it") => PathRoot::It,
            Some("this") => PathRoot::This,
            Some("these") => PathRoot::These,
            Some("root") => PathRoot::Root,
            _ => {
                return Err(
                    self.expected_at(start, "an expression; with $ start $it, $this, $these and $root")
                );
            }
        };
        if root == PathRoot::Root && self.peek() != Some(b'/') {
            return Err(self.expected("/ and the name of an entity set or singleton"));
        }
        self.path(at, root, Vec::new())
    }
}

/// Joins `count` items, each with the offset of the operator before it, into a balanced tree.
pub(crate) fn join<T>(
    items: &mut impl Iterator<Item = (u32, T)>,
    count: usize,
    pair: &impl Fn(u32, T, T) -> T,
) -> Option<(u32, T)> {
    if count < 2 {
        return items.next();
    }
    let half = count.next_power_of_two() / 2;
    let (before, left) = join(items, half, pair)?;
    let (at, right) = join(items, count - half, pair)?;
    Some((before, pair(at, left, right)))
}
