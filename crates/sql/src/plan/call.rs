//! Calls of functions: the entities whose keys a SELECT of the owner gives, or values.

use std::sync::Arc;

use nextlink_odata::model::{EntitySetId, PrimitiveType, Type};
use nextlink_odata::query::{Given, Query, Step, Variable};
use nextlink_odata::value::Value;

use super::Planner;
use super::frames::{Carried, Frames};
use crate::catalog::NativeType;
use crate::dialect::{Operand, Unsupported};
use crate::mapping::{Behind, EnumMap};
use crate::shape::ToldPiece;
use crate::tree::{Join, JoinKind, Param, ParamForm, Select, Source, Sql, TableRef, Told};

/// A step of a path: the set at its start, all steps, and the number of this one.
type At<'a> = (EntitySetId, &'a [Step], usize);

impl Planner<'_> {
    /// The entities that a function gives; `before` are those that it is called on.
    pub(super) fn call(
        &self,
        before: Frames,
        at: At<'_>,
        function: usize,
        values: &[Given],
    ) -> Result<Frames, Unsupported> {
        let (model, map) = (&self.mapping.model.functions[function], &self.mapping.functions[function]);
        let told = self.told(function, |number| self.given(at, function, (number, &values[number])))?;
        // What gives values is no set of entities: they are rows beside the path.
        let set = model.set().unwrap_or_else(|| before.current().1);
        let new = || Frames::new(self.mapping, Variable(0), set);
        let mut frames = new();
        if self.of_one(function) {
            // Nothing where there is nothing that it is called on, whatever its SELECT gives.
            let mut there = before.finish();
            there.columns.push(Sql::Integer(1));
            frames.filter(Sql::Exists(Box::new(there)));
        }
        let entity = frames.current();
        let given = frames.among(self.mapping, entity, Source::Told(told), &map.columns);
        frames.filter(given);
        if model.collection || at.2 + 1 == at.1.len() {
            return Ok(frames);
        }
        // The path goes on from one of them.
        self.add_order(&mut frames, &[], set)?;
        let keys = |frames: &Frames| -> Vec<Sql> {
            let (alias, set) = frames.current();
            let ty = self.mapping.model.entity_type(self.mapping.model.entity_set(set).entity_type);
            let columns = &self.mapping.table(set).columns;
            ty.key.iter().map(|property| Sql::column(alias, &columns[*property].column)).collect()
        };
        let columns = keys(&frames);
        let mut first = frames.finish();
        (first.columns, first.limit) = (columns, Some(1));
        let mut frames = new();
        let columns = keys(&frames);
        frames.keep(Source::Selects(vec![first]), columns.into_iter().enumerate());
        Ok(frames)
    }

    /// The values that a function gives, as rows.
    pub(super) fn called(
        &self,
        function: usize,
        values: &[Given],
    ) -> Result<(Select, Vec<Carried>), Unsupported> {
        let Query { root, steps, .. } = self.query;
        let (model, map) = (&self.mapping.model.functions[function], &self.mapping.functions[function]);
        let at = (*root, steps.as_slice(), steps.len().saturating_sub(1));
        let source =
            Source::Told(self.told(function, |number| self.given(at, function, (number, &values[number])))?);
        let table = TableRef { source, alias: 0 };
        let from = vec![Join { kind: JoinKind::Inner, table, on: Vec::new() }];
        let mut select = Select { from, ..Select::default() };
        let mut carried = Vec::with_capacity(map.columns.len());
        let parts = model.value().map_or_else(Vec::new, |value| self.mapping.model.plain_parts(value));
        for ((_, part), column) in parts.iter().zip(&map.columns) {
            let (value, held) = self.told_column(Sql::column(0, column), part.ty)?;
            select.columns.push(value);
            carried.push(held);
        }
        Ok((select, carried))
    }

    /// A column of a SELECT of the owner in rows that others read, and what it holds there.
    pub(super) fn told_column(&self, column: Sql, ty: Type) -> Result<(Sql, Carried), Unsupported> {
        let operand = self.told_value(column, ty)?;
        let text =
            matches!(operand.sql, Sql::Collate(..)) && operand.primitive == Some(PrimitiveType::String);
        let operand = self.dialect.carried(operand);
        let members = if let Type::Enum(id) = ty { Some(id) } else { None };
        Ok((operand.sql.clone(), Carried { members, ..Carried::of(operand, text) }))
    }

    /// A column of a SELECT of the owner, which is to be of a type.
    pub(super) fn told_value(&self, column: Sql, ty: Type) -> Result<Operand, Unsupported> {
        let plain = self.told_plain(column, ty);
        match ty {
            Type::Enum(id) if let EnumMap::Codes(codes) = &self.mapping.enums[id.0] => {
                self.decoded_operand(plain, codes)
            }
            Type::Primitive(_) | Type::Enum(_) => Ok(plain),
            Type::Complex(_) => {
                let what = "A value within the value of a function".to_owned();
                Err(Unsupported { what, database: self.dialect.name() })
            }
        }
    }

    /// The same as it stands there: of a member of an enumeration what stands for it.
    pub(super) fn told_plain(&self, column: Sql, ty: Type) -> Operand {
        let primitive = match ty {
            Type::Primitive(primitive) => primitive,
            Type::Enum(id) => match &self.mapping.enums[id.0] {
                EnumMap::Codes(codes) if codes.are_numbers() => PrimitiveType::Int64,
                EnumMap::Codes(_) | EnumMap::Database(_) => PrimitiveType::String,
            },
            Type::Complex(_) => PrimitiveType::String,
        };
        self.by_itself(self.dialect.told(column, primitive))
    }

    /// A value that compares by code point, where it is text.
    pub(super) fn by_itself(&self, operand: Operand) -> Operand {
        if operand.primitive != Some(PrimitiveType::String) {
            return operand;
        }
        let sql = self.dialect.by_code_point(operand.sql.clone(), &NativeType::Plain);
        operand.with(sql)
    }

    /// The SELECT of a function with its values.
    pub(super) fn told(
        &self,
        function: usize,
        value: impl Fn(usize) -> Result<Option<Sql>, Unsupported>,
    ) -> Result<Vec<Told>, Unsupported> {
        self.mapping.note_computing();
        let mut told = Vec::new();
        match &self.mapping.functions[function].behind {
            Behind::Select(pieces) => {
                for piece in pieces {
                    match piece {
                        ToldPiece::Text(text) => told.push(Told::Text(Arc::clone(text))),
                        ToldPiece::Parameter(number) => {
                            told.extend(value(*number)?.map(Told::Value));
                        }
                    }
                }
            }
            Behind::Routine(routine) => {
                told.push(Told::Text(Arc::clone(&routine.call.before)));
                for (number, (before, after)) in routine.call.arguments.iter().enumerate() {
                    let Some(value) = value(number)?.map(Told::Value) else { continue };
                    if told.len() > 1 {
                        told.push(Told::Text(", ".into()));
                    }
                    told.extend([Told::Text(Arc::clone(before)), value, Told::Text(Arc::clone(after))]);
                }
                told.push(Told::Text(Arc::clone(&routine.call.after)));
            }
        }
        Ok(told)
    }

    /// The value of a parameter, where there is one.
    fn given(
        &self,
        at: At<'_>,
        function: usize,
        (number, given): (usize, &Given),
    ) -> Result<Option<Sql>, Unsupported> {
        let ty = self.mapping.model.functions[function].parameters[number].ty;
        Ok(Some(match given {
            Given::Omitted => return Ok(None),
            Given::Key(property) => self.key_before(at, *property)?,
            Given::Value(value) => self.constant_argument(value, ty),
        }))
    }

    /// A constant as the value of a parameter.
    pub(super) fn constant_argument(&self, value: &Value, ty: Type) -> Sql {
        match (value, ty) {
            (Value::Null, Type::Primitive(primitive)) => self.dialect.null(primitive),
            _ => Sql::Param(Param { value: value.clone(), form: ParamForm::Native }),
        }
    }

    /// A property of the key of the entity before a step.
    fn key_before(&self, (root, steps, at): At<'_>, property: usize) -> Result<Sql, Unsupported> {
        let mut frames = self.path(root, &steps[..at])?;
        let (alias, set) = frames.current();
        // Where there are several, the same one for each property.
        self.add_order(&mut frames, &[], set)?;
        let column = &self.mapping.table(set).columns[property];
        let key = self.moment(Sql::column(alias, &column.column), column);
        let mut select = frames.finish();
        (select.columns, select.limit) = (vec![key], Some(1));
        Ok(Sql::Scalar(Box::new(select)))
    }
}
