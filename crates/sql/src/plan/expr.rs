//! Expressions become SQL with the null rules of OData: a comparison is true or false, never null.

use nextlink_odata::model::PrimitiveType as P;
use nextlink_odata::query::{Aggregation, Comparison, Expr, ExprKind, Function, Place, Related, Variable};
use nextlink_odata::value::Value;

use super::Planner;
use super::fine::{Fine, mirrored};
use super::frames::Frames;
use super::guards::any_of;
use super::hints::in_order;
use crate::catalog::NativeType;
use crate::dialect::{Form, Operand, Relation, Unsupported};
use crate::tree::{Operator, Param, ParamForm, Select, Sql};

/// Whether null may stand for false in a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Truth {
    /// Only whether it is true matters, as in WHERE.
    OnlyTrue,
    /// True and false matter, as below NOT.
    Exact,
}

impl Planner<'_> {
    /// A condition for WHERE.
    pub(super) fn condition(&self, frames: &mut Frames, expr: &Expr) -> Result<Sql, Unsupported> {
        self.truth(frames, expr, Truth::OnlyTrue)
    }

    pub(super) fn truth(&self, frames: &mut Frames, expr: &Expr, truth: Truth) -> Result<Sql, Unsupported> {
        if let Some(found) = self.full_text(frames, expr) {
            return Ok(never_null(found, true, truth));
        }
        Ok(match &expr.kind {
            ExprKind::And(left, right) => self.all_of(frames, (left, right), truth, Vec::new())?,
            ExprKind::Or(left, right) => self.one_of(frames, (left, right), truth)?,
            ExprKind::Not(inner) => Sql::Not(Box::new(self.truth(frames, inner, Truth::Exact)?)),
            ExprKind::Compare(op, left, right) => self.compare(frames, *op, left, right, truth)?,
            ExprKind::In(needle, items) => self.member(frames, needle, items, truth)?,
            ExprKind::Exists(place) => self.exists(frames, place),
            ExprKind::OfType(place, derived) => self.of_type(frames, place, *derived, truth),
            ExprKind::Any(related) => Sql::Exists(Box::new(self.related(frames, related, false)?)),
            ExprKind::All(related) => {
                Sql::Not(Box::new(Sql::Exists(Box::new(self.related(frames, related, true)?))))
            }
            ExprKind::AnyItem(items) => Sql::Exists(Box::new(self.items(frames, items, false)?)),
            ExprKind::AllItems(items) => {
                Sql::Not(Box::new(Sql::Exists(Box::new(self.items(frames, items, true)?))))
            }
            ExprKind::Given(place, called) => never_null(self.is_given(frames, place, called)?, true, truth),
            ExprKind::Sequence(steps) => self.sequence(frames, steps)?,
            // A row of nulls is a value all the same.
            ExprKind::IsNull(value) if self.group(frames, value).is_some() => self.no_part(frames, value),
            ExprKind::IsNull(value) if let Some(place) = self.json_place(frames, value) => {
                self.is_no_object(place)
            }
            ExprKind::IsNull(value) => Sql::binary(Operator::Same, self.composite(frames, value)?, Sql::Null),
            ExprKind::InTree(value, walked) => {
                never_null(self.in_tree(frames, value, walked)?, value.nullable, truth)
            }
            ExprKind::Search(place, properties, text) => self.search(frames, place, properties, text, truth),
            ExprKind::Indexed(_, _, otherwise) => self.truth(frames, otherwise, truth)?,
            _ => {
                let operand = self.operand(frames, expr)?;
                match operand.sql {
                    Sql::Null => Sql::Null,
                    sql => sql,
                }
            }
        })
    }

    fn compare(
        &self,
        frames: &mut Frames,
        op: Comparison,
        left: &Expr,
        right: &Expr,
        truth: Truth,
    ) -> Result<Sql, Unsupported> {
        let (right_is_fine, left_is_fine) =
            (self.fine(op, left, right), self.fine(mirrored(op), right, left));
        match (right_is_fine, left_is_fine) {
            (Some(Fine::Known(known)), _) | (_, Some(Fine::Known(known))) => Ok(constant_truth(known)),
            (Some(Fine::Before(op, before)), _) => self.relate(frames, op, left, &before, truth),
            (_, Some(Fine::Before(op, before))) => self.relate(frames, op, right, &before, truth),
            (None, None) => self.relate(frames, op, left, right, truth),
        }
    }

    fn relate(
        &self,
        frames: &mut Frames,
        op: Comparison,
        left: &Expr,
        right: &Expr,
        truth: Truth,
    ) -> Result<Sql, Unsupported> {
        let hint = match op {
            Comparison::Eq => self.equality_hint(frames, left, right),
            Comparison::Ne => None,
            _ => self.order_hint(frames, op, left, right),
        };
        let (left, right) = match self.coded_pair(frames, left, right) {
            Some(pair) => pair,
            None => (self.operand(frames, left)?, self.operand(frames, right)?),
        };
        let null = |operand: &Operand| matches!(operand.sql, Sql::Null);
        if null(&left) || null(&right) {
            let other = if null(&left) { right } else { left };
            return Ok(match (op, null(&other)) {
                (Comparison::Eq, true) => constant_truth(true),
                (Comparison::Eq, false) => self.dialect.is_null(other),
                (Comparison::Ne, false) => self.dialect.is_not_null(other),
                // Part 2 section 5.1.1.1: nothing is greater or less than null.
                _ => constant_truth(false),
            });
        }
        if not_a_number(&left) || not_a_number(&right) {
            // Nothing equals NaN, nor is anything greater or less; some databases would take it for null.
            return Ok(constant_truth(op == Comparison::Ne));
        }
        let nullable = left.nullable || right.nullable;
        let both_nullable = left.nullable && right.nullable;
        let relation = match op {
            Comparison::Eq | Comparison::Ne => Relation::Equality,
            _ => Relation::Order,
        };
        let (left, mut right) = self.dialect.comparable(left, vec![right], relation);
        if right.len() > 1 {
            let found = Sql::In(Box::new(left), right);
            return Ok(match op {
                Comparison::Ne if nullable => Sql::IsNotTrue(Box::new(found)),
                Comparison::Ne => Sql::Not(Box::new(found)),
                _ => never_null(found, nullable, truth),
            });
        }
        let right = right.pop().unwrap_or(Sql::Null);
        let plain = |operator| Sql::binary(operator, left.clone(), right.clone());
        if let Some(hint) = hint.filter(|_| truth == Truth::OnlyTrue) {
            let asked = plain(if op == Comparison::Eq { Operator::Eq } else { in_order(op) });
            return Ok(if hint == asked { asked } else { Sql::binary(Operator::And, hint, asked) });
        }
        Ok(match op {
            Comparison::Eq if both_nullable || (nullable && truth == Truth::Exact) => plain(Operator::Same),
            Comparison::Eq => plain(Operator::Eq),
            Comparison::Ne if nullable => plain(Operator::Distinct),
            Comparison::Ne => plain(Operator::Ne),
            _ => never_null(plain(in_order(op)), nullable, truth),
        })
    }

    fn member(
        &self,
        frames: &mut Frames,
        sought: &Expr,
        items: &[Expr],
        truth: Truth,
    ) -> Result<Sql, Unsupported> {
        let coded = self.coded_list(frames, sought, items);
        let needle = match &coded {
            Some((needle, _)) => needle.clone(),
            None => self.operand(frames, sought)?,
        };
        let mut codes = coded.into_iter().flat_map(|(_, codes)| codes);
        let mut values = Vec::with_capacity(items.len());
        let mut with_null = false;
        let mut nullable = needle.nullable;
        for item in items {
            let operand = match codes.next() {
                Some(code) => code,
                None => self.operand(frames, item)?,
            };
            let fine = self.fine(Comparison::Eq, sought, item).is_some();
            if matches!(operand.sql, Sql::Null) {
                with_null = true;
            } else if !(fine || not_a_number(&operand)) {
                nullable = nullable || operand.nullable;
                values.push(operand);
            }
        }
        if values.is_empty() {
            return Ok(if with_null { self.dialect.is_null(needle) } else { constant_truth(false) });
        }
        let column = matches!(needle.sql, Sql::Column(..)).then(|| needle.clone());
        let (needle, values) = self.dialect.comparable(needle, values, Relation::Equality);
        let found = Sql::In(Box::new(needle), values);
        let hint = self.member_hint(frames, sought, items);
        let found = match hint.filter(|_| truth == Truth::OnlyTrue && !with_null) {
            Some(hint) => Sql::binary(Operator::And, hint, found),
            None => found,
        };
        Ok(match (with_null, column) {
            (false, _) => never_null(found, nullable, truth),
            // Two conditions that an index can serve.
            (true, Some(column)) => {
                let is_null = self.dialect.is_null(column);
                Sql::binary(Operator::Or, never_null(found, nullable, truth), is_null)
            }
            // The search is null where the operand is null, and only there. The operand is not written twice: in
            // lists inside of lists that would double with each.
            (true, None) => Sql::IsNotTrue(Box::new(Sql::Not(Box::new(found)))),
        })
    }

    pub(super) fn exists(&self, frames: &mut Frames, place: &Place) -> Sql {
        let alias = frames.resolve(self.mapping, place);
        let model = &self.mapping.model;
        let key = model.entity_type(model.entity_set(place.target()).entity_type).key[0];
        let column = &self.mapping.table(place.target()).columns[key].column;
        Sql::IsNotNull(Box::new(Sql::column(alias, column)))
    }

    /// Whether an entity is of a type below that of its set: what stands in the column that tells.
    fn of_type(&self, frames: &mut Frames, place: &Place, derived: usize, truth: Truth) -> Sql {
        let table = self.mapping.table(place.target());
        let Some(family) = table.family.as_ref().filter(|family| !family.all[derived].is_empty()) else {
            return constant_truth(false);
        };
        let alias = frames.resolve(self.mapping, place);
        let map = &table.columns[family.column];
        let bare = Sql::column(alias, &map.column);
        let column = self.raw(bare.clone(), true, map);
        let param = |code: &Value| Sql::Param(Param { value: code.clone(), form: ParamForm::Native });
        let codes = &family.all[derived];
        let operands = codes.iter().map(|code| Operand::constant(param(code), code.primitive(), false));
        let (needle, values) = self.dialect.comparable(column, operands.collect(), Relation::Equality);
        let found = Sql::In(Box::new(needle), values);
        let text = map.primitive == P::String && !map.binary_collation && !map.labels;
        if truth == Truth::OnlyTrue && text && self.dialect.equality_needs_hint() {
            // Equal by code point is equal in any collation, and an index follows that of the column.
            let hint = Sql::In(Box::new(bare), codes.iter().map(param).collect());
            return Sql::binary(Operator::And, hint, found);
        }
        never_null(found, true, truth)
    }

    /// The entities of a collection for which the predicate holds, or (`negated`) does not hold.
    fn related(&self, frames: &mut Frames, related: &Related, negated: bool) -> Result<Select, Unsupported> {
        frames.enter(self.mapping, related);
        if let Some(predicate) = &related.predicate {
            self.keep(frames, predicate, negated)?;
        }
        frames.select().columns.push(Sql::Integer(1));
        let select = frames.leave();
        self.fits(&select)?;
        Ok(select)
    }

    /// A column of rows that are no entities.
    pub(super) fn carried(&self, frames: &Frames, variable: Variable, number: usize, expr: &Expr) -> Operand {
        let Some((sql, carried)) = frames.carried(variable, number) else {
            return Operand::constant(Sql::Null, expr.primitive, true);
        };
        let facts = carried.operand.clone();
        let sql = if carried.text { self.dialect.by_code_point(sql, &facts.native) } else { sql };
        Operand { nullable: expr.nullable, ..facts.with(sql) }
    }

    /// Whether a complex value that lies in a group of columns is null: all of it is, if that can be.
    fn no_part(&self, frames: &mut Frames, value: &Expr) -> Sql {
        let columns = self.group(frames, value).unwrap_or_default();
        let null = |column| Sql::IsNull(Box::new(column));
        let all = columns.into_iter().map(null).reduce(|all, one| Sql::binary(Operator::And, all, one));
        let always = match &value.kind {
            ExprKind::Property(place, property) => {
                place.path.is_empty() && !self.property(place.target(), *property).0.nullable
            }
            _ => false,
        };
        all.filter(|_| !always).unwrap_or_else(|| constant_truth(false))
    }

    /// A value of the entity of the innermost select that has a key.
    fn of_key(
        &self,
        frames: &mut Frames,
        key: &[(usize, Value)],
        value: &Expr,
    ) -> Result<Operand, Unsupported> {
        for (property, sought) in key {
            for condition in self.key_conditions(frames, *property, sought) {
                frames.filter(condition);
            }
        }
        let (_, set) = frames.current();
        let model = &self.mapping.model;
        let by_key = |known: &usize| key.iter().any(|(property, _)| property == known);
        if !model.entity_type(model.entity_set(set).entity_type).key.iter().all(by_key) {
            // A singleton is found by what its owner says, which need not be the key.
            frames.select().limit = Some(1);
        }
        let value = self.operand(frames, value)?;
        frames.select().columns.push(value.sql.clone());
        let select = frames.leave();
        self.fits(&select)?;
        Ok(Operand { nullable: true, ..value.with(Sql::Scalar(Box::new(select))) })
    }

    /// A value of all entities of a collection.
    pub(super) fn gather(
        &self,
        frames: &mut Frames,
        method: Aggregation,
        of: Option<&Expr>,
        related: &Related,
        result: P,
    ) -> Result<Operand, Unsupported> {
        frames.enter(self.mapping, related);
        if let Some(predicate) = &related.predicate {
            self.keep(frames, predicate, false)?;
        }
        let value = self.aggregate(frames, method, of, result)?;
        frames.select().columns.push(value.sql.clone());
        let select = frames.leave();
        self.fits(&select)?;
        Ok(value.with(Sql::Scalar(Box::new(select))))
    }

    fn search(
        &self,
        frames: &mut Frames,
        place: &Place,
        properties: &[usize],
        text: &str,
        truth: Truth,
    ) -> Sql {
        let alias = frames.resolve(self.mapping, place);
        let hit = |property: &usize| {
            let column = self.column(alias, place.target(), *property);
            let nullable = column.nullable;
            never_null(self.dialect.search(column, text), nullable, truth)
        };
        any_of(properties.iter().map(hit).collect())
    }

    /// An expression as a value.
    pub(super) fn operand(&self, frames: &mut Frames, expr: &Expr) -> Result<Operand, Unsupported> {
        if let (ExprKind::Member(..) | ExprKind::Column(..), Some(primitive)) = (&expr.kind, expr.primitive)
            && let Some(place) = self.json_place(frames, expr)
        {
            return self.json_value(&place, primitive);
        }
        self.note_computing(&expr.kind);
        Ok(match &expr.kind {
            ExprKind::Value(Value::Null) => Operand::constant(Sql::Null, expr.primitive, true),
            ExprKind::Value(value) => {
                let param = Param { value: value.clone(), form: ParamForm::Native };
                Operand::constant(Sql::Param(param), expr.primitive, false)
            }
            ExprKind::User => Operand::constant(self.user(), expr.primitive, false),
            ExprKind::Property(place, property) => {
                let alias = frames.resolve(self.mapping, place);
                let column = self.column(alias, place.target(), *property);
                Operand { nullable: expr.nullable, ..column }
            }
            ExprKind::Dynamic(place, names) => self.dynamic(frames, place, names, expr.primitive),
            ExprKind::Column(variable, number) => self.carried(frames, *variable, *number, expr),
            ExprKind::Aggregate(method, of) => {
                self.aggregate(frames, *method, of.as_deref(), expr.primitive.unwrap_or(P::Decimal))?
            }
            ExprKind::GroupNumber(values) => self.group_number(frames, values)?,
            ExprKind::Running(of, orderby, among) => {
                self.running(frames, of, (orderby, among), expr.primitive.unwrap_or(P::Decimal))?
            }
            ExprKind::Gather(method, of, related) => {
                let result = expr.primitive.unwrap_or(P::Decimal);
                self.gather(frames, *method, of.as_deref(), related, result)?
            }
            ExprKind::Member(value, id, property) => {
                let part = self.inside(frames, value, *id, *property)?;
                Operand { nullable: expr.nullable, ..part }
            }
            ExprKind::Arithmetic(op, left, right) => {
                let left = self.operand(frames, left)?;
                let right = self.operand(frames, right)?;
                let result = expr.primitive.unwrap_or(P::Int64);
                let operand = self.dialect.arithmetic(*op, left, right, result)?;
                Operand { nullable: true, ..operand }
            }
            ExprKind::Negate(inner) => {
                let operand = self.operand(frames, inner)?;
                self.dialect.negate(operand)?
            }
            ExprKind::Call(function, args) => {
                if let (Function::HasFlag, [value, flag]) = (function, args.as_slice())
                    && let Some(has) = self.coded_flag(frames, value, flag)?
                {
                    return Ok(has);
                }
                let args = args.iter().map(|arg| self.operand(frames, arg)).collect::<Result<_, _>>()?;
                let operand = self.dialect.call(*function, args, expr.primitive.unwrap_or(P::String))?;
                Operand { nullable: expr.nullable, ..operand }
            }
            ExprKind::Called(called) => self.called_value(frames, called)?,
            ExprKind::Cast(inner) => {
                let operand = self.operand(frames, inner)?;
                if inner.enumeration.is_some() {
                    return Ok(self.label_text(operand));
                }
                self.dialect.cast(operand, expr.primitive.unwrap_or(P::String))?
            }
            ExprKind::Case(pairs) => self.case(frames, pairs, expr.primitive)?,
            ExprKind::Count(related) => count_of(self.related(frames, related, false)?),
            ExprKind::Root(variable, set, key, value) => {
                frames.push_direct(self.mapping, *variable, *set, &[], Vec::new());
                self.of_key(frames, key, value)?
            }
            ExprKind::One(own, set, called, value) => self.of_given(frames, (*own, *set), called, value)?,
            ExprKind::ItemNumber(variable) => self.item_number(frames, *variable),
            ExprKind::CountItems(items) => count_of(self.items(frames, items, false)?),
            _ => {
                let truth = Operand::computed(self.truth(frames, expr, Truth::Exact)?, P::Boolean);
                Operand { nullable: expr.nullable, ..truth }
            }
        })
    }

    fn case(
        &self,
        frames: &mut Frames,
        pairs: &[(Expr, Expr)],
        primitive: Option<P>,
    ) -> Result<Operand, Unsupported> {
        let mut sql = Vec::with_capacity(pairs.len());
        for (condition, value) in pairs {
            let condition = self.condition(frames, condition)?;
            let value = self.operand(frames, value)?;
            // All values of a case meet in one column, so each is brought to the form that compares.
            let exact = matches!(primitive, Some(P::Decimal | P::Duration));
            let value = if exact { self.dialect.exact(value) } else { self.dialect.order_key(value) };
            sql.push((condition, value));
        }
        let form = match primitive {
            Some(P::Decimal | P::Duration | P::DateTimeOffset) => Form::Exact,
            _ => Form::Computed,
        };
        let native = NativeType::Plain;
        // Without any value it would have a type of its own.
        let sql = match sql.iter().all(|(_, value)| *value == Sql::Null) {
            true => Sql::Null,
            false => self.dialect.chosen(Sql::Case(sql), primitive),
        };
        Ok(Operand { sql, primitive, form, nullable: true, native })
    }
}

/// The number of rows of a select.
fn count_of(mut select: Select) -> Operand {
    select.columns = vec![Sql::CountAll];
    Operand { nullable: false, ..Operand::computed(Sql::Scalar(Box::new(select)), P::Int64) }
}

pub(super) fn constant_truth(truth: bool) -> Sql {
    Sql::binary(Operator::Eq, Sql::Integer(1), Sql::Integer(i64::from(truth)))
}

fn not_a_number(operand: &Operand) -> bool {
    matches!(&operand.sql, Sql::Param(Param { value: Value::Double(d), .. }) if d.is_nan())
}

fn never_null(sql: Sql, nullable: bool, truth: Truth) -> Sql {
    if nullable && truth == Truth::Exact { Sql::IsTrue(Box::new(sql)) } else { sql }
}
