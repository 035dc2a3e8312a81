//! Conditions of which some can fail: these are computed of rows only that nothing beside them has decided about.

use nextlink_odata::query::{Arithmetic, Expr, ExprKind, Function};
use nextlink_odata::value::Value;

use super::Planner;
use super::expr::{Truth, constant_truth};
use super::frames::Frames;
use crate::dialect::Unsupported;
use crate::tree::{JoinKind, Operator, Select, Sql};

/// Parts of expressions that one request has written twice: a statement takes only so many parameters.
const MOST_REPEATED: usize = 1_000;

impl Planner<'_> {
    /// Keeps the rows for which a condition holds, or (`negated`) does not hold.
    pub(super) fn keep(
        &self,
        frames: &mut Frames,
        condition: &Expr,
        negated: bool,
    ) -> Result<(), Unsupported> {
        let before = if fails(condition) { comparisons(frames.select()) } else { Vec::new() };
        let before = if self.repeats(before.len() * 3) { before } else { Vec::new() };
        let condition = match &condition.kind {
            ExprKind::And(left, right) => self.all_of(frames, (left, right), Truth::OnlyTrue, before)?,
            _ => guarded(before, self.truth(frames, condition, Truth::OnlyTrue)?, Truth::OnlyTrue),
        };
        frames.filter(if negated { Sql::IsNotTrue(Box::new(condition)) } else { condition });
        Ok(())
    }

    /// What `and` joins, behind other conditions. Databases choose what they compute first, but for `CASE`; beside it the other
    /// conditions stand once more, as indexes serve them there.
    pub(super) fn all_of(
        &self,
        frames: &mut Frames,
        (left, right): (&Expr, &Expr),
        truth: Truth,
        mut guards: Vec<Sql>,
    ) -> Result<Sql, Unsupported> {
        if !fails(left) && !fails(right) {
            return self.both(frames, Operator::And, (left, right), truth);
        }
        let operands = operands([left, right], |kind| match kind {
            ExprKind::And(left, right) => Some([left, right]),
            _ => None,
        });
        let (failing, safe): (Vec<_>, Vec<_>) = operands.into_iter().partition(|operand| fails(operand));
        let once_more = safe.iter().filter(|operand| !selects(operand));
        let repeated = self.repeats(once_more.map(|operand| size(operand)).sum());
        let mut conditions = Vec::with_capacity(safe.len() + 1);
        for operand in safe {
            let condition = self.truth(frames, operand, truth)?;
            if repeated && !selects(operand) {
                guards.push(condition.clone());
            }
            conditions.push(self.of_columns(condition));
        }
        let failing = failing.into_iter().map(|operand| self.truth(frames, operand, truth));
        let last = joined(Operator::And, failing.collect::<Result<_, _>>()?);
        conditions.extend(last.map(|last| guarded(guards, last, truth)));
        Ok(joined(Operator::And, conditions).unwrap_or_else(|| constant_truth(true)))
    }

    /// What `or` joins: what can fail is computed where nothing else holds.
    pub(super) fn one_of(
        &self,
        frames: &mut Frames,
        (left, right): (&Expr, &Expr),
        truth: Truth,
    ) -> Result<Sql, Unsupported> {
        if !fails(left) && !fails(right) {
            return self.both(frames, Operator::Or, (left, right), truth);
        }
        let mut operands = operands([left, right], |kind| match kind {
            ExprKind::Or(left, right) => Some([left, right]),
            _ => None,
        });
        operands.sort_by_cached_key(|operand| fails(operand));
        let safe = operands.iter().take_while(|operand| !fails(operand)).count();
        let conditions = operands.into_iter().map(|operand| self.truth(frames, operand, truth));
        let mut conditions: Vec<Sql> = conditions.collect::<Result<_, _>>()?;
        if safe == 0 {
            return Ok(any_of(conditions));
        }
        // Within a value, SQLite computes both sides of OR.
        let failing = any_of(conditions.split_off(safe));
        Ok(Sql::when(any_of(conditions), constant_truth(true), failing))
    }

    /// Whether parts of expressions may be written once more.
    fn repeats(&self, parts: usize) -> bool {
        let all = self.repeated.get() + parts;
        let few = all <= MOST_REPEATED;
        self.repeated.set(if few { all } else { self.repeated.get() });
        few
    }

    /// A condition that says nothing of constants that columns equal.
    fn of_columns(&self, condition: Sql) -> Sql {
        match condition {
            Sql::Binary(Operator::Eq, left, right) if self.dialect.takes_constants_for_columns() => {
                Sql::Binary(Operator::Same, left, right)
            }
            Sql::Binary(Operator::And, left, right) => {
                Sql::binary(Operator::And, self.of_columns(*left), self.of_columns(*right))
            }
            other => other,
        }
    }

    /// Notes whether an expression computes a value, and so may fail.
    pub(super) fn note_computing(&self, kind: &ExprKind) {
        let computes = matches!(
            kind,
            ExprKind::Arithmetic(..)
                | ExprKind::Negate(_)
                | ExprKind::Cast(_)
                | ExprKind::Call(..)
                | ExprKind::Called(_)
                | ExprKind::Aggregate(..)
                | ExprKind::Gather(..)
                | ExprKind::Running(..)
        );
        if computes {
            self.mapping.note_computing();
        }
    }

    fn both(
        &self,
        frames: &mut Frames,
        operator: Operator,
        (left, right): (&Expr, &Expr),
        truth: Truth,
    ) -> Result<Sql, Unsupported> {
        let left = self.truth(frames, left, truth)?;
        Ok(Sql::binary(operator, left, self.truth(frames, right, truth)?))
    }
}

/// A condition that is computed where others hold.
fn guarded(guards: Vec<Sql>, condition: Sql, truth: Truth) -> Sql {
    match joined(Operator::And, guards) {
        Some(guard) if truth == Truth::OnlyTrue => Sql::Case(vec![(guard, condition)]),
        Some(guard) => Sql::when(guard, condition, constant_truth(false)),
        None => condition,
    }
}

/// What the rows of a select are compared by so far.
fn comparisons(select: &Select) -> Vec<Sql> {
    let joins = select.from.iter().filter(|join| join.kind == JoinKind::Inner).flat_map(|join| &join.on);
    let plain = |sql: &Sql| match sql {
        Sql::Collate(inner, _) => matches!(**inner, Sql::Column(..)),
        other => matches!(other, Sql::Column(..) | Sql::Param(_)),
    };
    let compares = |condition: &&Sql| match condition {
        Sql::Binary(_, left, right) => plain(left) && plain(right),
        _ => false,
    };
    joins.chain(&select.filter).filter(compares).cloned().collect()
}

/// Joins by OR; of nothing that is false.
pub(super) fn any_of(conditions: Vec<Sql>) -> Sql {
    joined(Operator::Or, conditions).unwrap_or_else(|| constant_truth(false))
}

/// Joins as a balanced tree: databases bound the depth of an expression.
fn joined(operator: Operator, mut level: Vec<Sql>) -> Option<Sql> {
    while level.len() > 1 {
        let mut operands = level.into_iter();
        let mut next = Vec::with_capacity(operands.len().div_ceil(2));
        while let Some(left) = operands.next() {
            next.push(match operands.next() {
                Some(right) => Sql::binary(operator, left, right),
                None => left,
            });
        }
        level = next;
    }
    level.pop()
}

/// What an operator joins, also within its operands, in their order.
fn operands<'a>(both: [&'a Expr; 2], split: fn(&'a ExprKind) -> Option<[&'a Box<Expr>; 2]>) -> Vec<&'a Expr> {
    let [left, right] = both;
    let (mut left_to_do, mut found) = (vec![right, left], Vec::new());
    while let Some(next) = left_to_do.pop() {
        match split(&next.kind) {
            Some([left, right]) => left_to_do.extend([&**right, &**left]),
            None => found.push(next),
        }
    }
    found
}

/// Whether computing a value of a row can fail although its parts can be computed: division by what may be zero, what a function of
/// the database refuses, a pattern that may be none.
fn fails(expr: &Expr) -> bool {
    let fails_itself = match &expr.kind {
        ExprKind::Arithmetic(Arithmetic::Div | Arithmetic::DivBy | Arithmetic::Mod, _, divisor) => {
            !matches!(&divisor.kind, ExprKind::Value(value) if !is_zero(value))
        }
        ExprKind::Called(_) => true,
        ExprKind::Call(Function::MatchesPattern, args) => {
            args.get(1).is_some_and(|pattern| !matches!(pattern.kind, ExprKind::Value(_)))
        }
        _ => false,
    };
    fails_itself || parts(expr).into_iter().any(fails)
}

/// Whether selects stand in an expression: to compute it twice is much.
fn selects(expr: &Expr) -> bool {
    let selects_itself = matches!(
        &expr.kind,
        ExprKind::Gather(..)
            | ExprKind::Any(_)
            | ExprKind::All(_)
            | ExprKind::Count(_)
            | ExprKind::Root(..)
            | ExprKind::One(..)
            | ExprKind::Given(..)
            | ExprKind::InTree(..)
            | ExprKind::AnyItem(_)
            | ExprKind::AllItems(_)
            | ExprKind::CountItems(_)
            | ExprKind::Sequence(_)
            | ExprKind::Search(..)
            | ExprKind::Indexed(..)
    );
    selects_itself || parts(expr).into_iter().any(selects)
}

/// The number of parts of an expression.
fn size(expr: &Expr) -> usize {
    1 + parts(expr).into_iter().map(size).sum::<usize>()
}

/// The expressions that an expression of the same row is made of.
fn parts(expr: &Expr) -> Vec<&Expr> {
    match &expr.kind {
        ExprKind::Compare(_, left, right)
        | ExprKind::And(left, right)
        | ExprKind::Or(left, right)
        | ExprKind::Arithmetic(_, left, right) => vec![left, right],
        ExprKind::Not(inner)
        | ExprKind::Negate(inner)
        | ExprKind::Cast(inner)
        | ExprKind::IsNull(inner)
        | ExprKind::Member(inner, ..)
        | ExprKind::Item(inner, _) => vec![inner],
        ExprKind::In(sought, items) => std::iter::once(&**sought).chain(items).collect(),
        ExprKind::Call(_, args) => args.iter().collect(),
        ExprKind::Case(pairs) => pairs.iter().flat_map(|(condition, value)| [condition, value]).collect(),
        _ => Vec::new(),
    }
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Integer(number) => *number == 0,
        Value::Double(number) => *number == 0.0,
        Value::Decimal(digits) => !digits.bytes().any(|digit| (b'1'..=b'9').contains(&digit)),
        _ => true,
    }
}
