//! Columns whose numbers or texts stand for members of an enumeration: they are read as names, and compared as they lie there.

use std::sync::Arc;

use nextlink_odata::model::PrimitiveType as P;
use nextlink_odata::query::{Expr, ExprKind, Function};
use nextlink_odata::value::Value;

use super::Planner;
use super::frames::Frames;
use crate::catalog::NativeType;
use crate::dialect::{Form, Operand, Relation, Unsupported};
use crate::mapping::{Codes, ColumnMap, EnumMap};
use crate::tree::{Operator, Param, ParamForm, Sql};

impl Codes {
    /// Whether numbers stand for members.
    pub(super) fn are_numbers(&self) -> bool {
        matches!(self.members.first(), Some((_, Value::Integer(_))))
    }

    /// What stands for a member, or for several put together, by their names.
    fn of(&self, names: &str) -> Option<Value> {
        let one =
            |name: &str| self.members.iter().find(|(known, _)| known == name).map(|(_, code)| code.clone());
        if !self.flags {
            return one(names);
        }
        let mut all = 0;
        for name in names.split(',').filter(|name| !name.is_empty()) {
            match one(name)? {
                Value::Integer(bit) => all |= bit,
                _ => return None,
            }
        }
        Some(Value::Integer(all))
    }

    /// The bits of members put together, by their names.
    fn bits(&self, names: &str) -> Option<i64> {
        match self.of(names) {
            Some(Value::Integer(bits)) => Some(bits),
            _ => None,
        }
    }

    /// What stands for the members that a constant names.
    fn constant(&self, expr: &Expr) -> Option<Operand> {
        let ExprKind::Value(Value::String(names)) = &expr.kind else {
            return None;
        };
        self.of(names).map(|code| self.param(code))
    }

    /// A number or text of a column as it lies there.
    pub(super) fn param(&self, code: Value) -> Operand {
        let primitive = code.primitive();
        Operand::constant(Sql::Param(Param { value: code, form: ParamForm::Native }), primitive, false)
    }

    /// What stands for one value, such as one of a key.
    pub(super) fn key(&self, value: &Value) -> Option<Value> {
        match value {
            Value::String(names) => self.of(names),
            _ => None,
        }
    }
}

impl Planner<'_> {
    /// The column of a property whose values stand for members, as it lies in the table.
    pub(super) fn raw(&self, sql: Sql, nullable: bool, column: &ColumnMap) -> Operand {
        let operand = Operand {
            sql,
            primitive: Some(column.primitive),
            form: Form::Column(column.storage),
            nullable,
            native: column.native.clone(),
        };
        if column.primitive != P::String || column.binary_collation {
            return operand;
        }
        Operand { sql: self.dialect.by_code_point(operand.sql, &column.native), ..operand }
    }

    /// The same, where an expression is such a property.
    pub(super) fn coded(&self, frames: &mut Frames, expr: &Expr) -> Option<(Operand, Arc<Codes>)> {
        let (place, column) = match &expr.kind {
            ExprKind::Property(place, property) => (place, self.property(place.target(), *property).1),
            ExprKind::Member(value, _, member) => match &value.kind {
                ExprKind::Property(place, group) => (place, self.grouped(place.target(), *group, *member)?),
                _ => return None,
            },
            _ => return None,
        };
        let codes = Arc::clone(column.codes.as_ref()?);
        let alias = frames.resolve(self.mapping, place);
        Some((self.raw(Sql::column(alias, &column.column), expr.nullable, column), codes))
    }

    /// Two sides of a comparison as they lie in the table: a column and what stands there for a constant.
    pub(super) fn coded_pair(
        &self,
        frames: &mut Frames,
        left: &Expr,
        right: &Expr,
    ) -> Option<(Operand, Operand)> {
        if let Some((column, codes)) = self.coded(frames, left) {
            return Some((column, codes.constant(right)?));
        }
        let (column, codes) = self.coded(frames, right)?;
        Some((codes.constant(left)?, column))
    }

    /// The same for a list of constants.
    pub(super) fn coded_list(
        &self,
        frames: &mut Frames,
        sought: &Expr,
        items: &[Expr],
    ) -> Option<(Operand, Vec<Operand>)> {
        let (column, codes) = self.coded(frames, sought)?;
        let items = items.iter().map(|item| codes.constant(item)).collect::<Option<_>>()?;
        Some((column, items))
    }

    /// What a value is ordered by that stands for a member: numbers by themselves.
    pub(super) fn coded_order(&self, frames: &mut Frames, expr: &Expr) -> Option<Operand> {
        let (column, codes) = self.coded(frames, expr)?;
        if column.primitive != Some(P::String) {
            return Some(column);
        }
        // Texts in the order of the members, whatever they are.
        let nullable = column.nullable;
        let places = codes.members.iter().enumerate().map(|(place, (_, code))| {
            (self.is_code(&column, &codes, code), Sql::Integer(i64::try_from(place).unwrap_or(i64::MAX)))
        });
        Some(Operand { nullable, ..Operand::computed(Sql::Case(places.collect()), P::Int64) })
    }

    /// Whether a value has the member of a constant, or the members.
    pub(super) fn coded_flag(
        &self,
        frames: &mut Frames,
        value: &Expr,
        flag: &Expr,
    ) -> Result<Option<Operand>, Unsupported> {
        let ExprKind::Value(Value::String(names)) = &flag.kind else {
            return Ok(None);
        };
        let found = match self.coded(frames, value) {
            Some((column, codes)) => codes.bits(names).map(|bits| (column.sql, bits)),
            None => self.carried_bits(frames, value, names)?,
        };
        Ok(found.map(|(number, bits)| Operand {
            nullable: value.nullable,
            ..Operand::computed(has_bits(&number, bits), P::Boolean)
        }))
    }

    /// The number of the members whose names rows have, and the bits that members of a constant are.
    fn carried_bits(
        &self,
        frames: &Frames,
        value: &Expr,
        names: &str,
    ) -> Result<Option<(Sql, i64)>, Unsupported> {
        let Some((label, id)) = self.carried_member(frames, value) else {
            return Ok(None);
        };
        let EnumMap::Codes(codes) = &self.mapping.enums[id.0] else {
            return Ok(None);
        };
        let Some(wanted) = codes.bits(names) else {
            return Ok(None);
        };
        let text = Operand { nullable: true, ..Operand::computed(label.clone(), P::String) };
        let listed = Sql::call("concat", [Sql::Word(","), label.clone(), Sql::Word(",")]);
        let mut number = Sql::Integer(0);
        for (name, code) in &codes.members {
            let Value::Integer(bit) = code else { continue };
            // Others do not matter.
            if wanted & bit != *bit {
                continue;
            }
            let name = Value::String([",", name, ","].concat());
            let name = Operand::constant(
                Sql::Param(Param { value: name, form: ParamForm::Native }),
                Some(P::String),
                false,
            );
            let list = Operand::computed(listed.clone(), P::String);
            let has = self.dialect.call(Function::Contains, vec![list, name], P::Boolean)?.sql;
            let bit = Sql::when(has, Sql::Integer(*bit), Sql::Integer(0));
            number = Sql::binary(Operator::Add, number, bit);
        }
        // What is put together of more than members is told as a number.
        let bare = self.dialect.cast(text, P::Int64)?.sql;
        let is_bare = Sql::IsNotNull(Box::new(bare.clone()));
        let is_there = Sql::IsNotNull(Box::new(label));
        Ok(Some((Sql::Case(vec![(is_bare, bare), (is_there, number)]), wanted)))
    }

    fn is_code(&self, column: &Operand, codes: &Codes, code: &Value) -> Sql {
        if let Value::Integer(number) = code {
            return Sql::binary(Operator::Eq, column.sql.clone(), Sql::Integer(*number));
        }
        let constant = vec![codes.param(code.clone())];
        let (left, mut right) = self.dialect.comparable(column.clone(), constant, Relation::Equality);
        Sql::binary(Operator::Eq, left, right.pop().unwrap_or(Sql::Null))
    }

    /// The names of the members that a column stands for. What stands for none is told as it is.
    pub(super) fn decoded(&self, column: Operand, codes: &Codes) -> Result<Sql, Unsupported> {
        let same = |(name, code): &(String, Value)| matches!(code, Value::String(text) if text == name);
        if codes.members.iter().all(same) {
            return Ok(column.sql);
        }
        let raw = if column.primitive == Some(P::String) {
            column.sql.clone()
        } else {
            self.dialect.cast(column.clone(), P::String)?.sql
        };
        let always = Sql::binary(Operator::Eq, Sql::Integer(1), Sql::Integer(1));
        if !codes.flags {
            let label = |(name, code): &(String, Value)| {
                (self.is_code(&column, codes, code), Sql::Label(name.clone()))
            };
            let mut pairs: Vec<(Sql, Sql)> = codes.members.iter().map(label).collect();
            pairs.push((always, raw));
            return Ok(Sql::Case(pairs));
        }
        let mut known = 0;
        let mut names = Vec::with_capacity(codes.members.len());
        for (name, code) in &codes.members {
            let Value::Integer(bit) = code else { continue };
            known |= *bit;
            let chosen = has_bits(&column.sql, *bit);
            // Of the comma before it the first one is cut off.
            let label = Sql::call("concat", vec![Sql::Word(","), Sql::Label(name.clone())]);
            names.push(Sql::when(chosen, label, Sql::Word("")));
        }
        let names = Sql::call("substr", vec![Sql::call("concat", names), Sql::Integer(2)]);
        let all = Sql::binary(Operator::Eq, bits(&column.sql, known), column.sql);
        Ok(Sql::Case(vec![(all, names), (always, raw)]))
    }

    /// The names as an operand.
    pub(super) fn decoded_operand(&self, column: Operand, codes: &Codes) -> Result<Operand, Unsupported> {
        let nullable = column.nullable;
        let names = Operand { nullable, ..Operand::computed(self.decoded(column, codes)?, P::String) };
        let sql = self.dialect.label_text(names.sql.clone(), &NativeType::Plain);
        Ok(Operand { nullable, ..Operand::computed(sql, P::String) })
    }
}

fn has_bits(number: &Sql, wanted: i64) -> Sql {
    Sql::binary(Operator::Eq, bits(number, wanted), Sql::Integer(wanted))
}

fn bits(column: &Sql, bits: i64) -> Sql {
    Sql::binary(Operator::BitAnd, column.clone(), Sql::Integer(bits))
}
