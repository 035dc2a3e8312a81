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
        let told = self.told(at, function, values)?;
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
        frames.among(self.mapping, told, &map.columns);
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
        let source = self.told((*root, steps, steps.len().saturating_sub(1)), function, values)?;
        let table = TableRef { source, alias: 0 };
        let from = vec![Join { kind: JoinKind::Inner, table, on: Vec::new() }];
        let mut select = Select { from, ..Select::default() };
        let mut carried = Vec::with_capacity(map.columns.len());
        let parts = model.value().map_or_else(Vec::new, |value| self.mapping.model.plain_parts(value));
        for ((_, part), column) in parts.iter().zip(&map.columns) {
            let operand = self.told_value(Sql::column(0, column), part.ty)?;
            let text =
                matches!(operand.sql, Sql::Collate(..)) && operand.primitive == Some(PrimitiveType::String);
            let operand = self.dialect.carried(operand);
            select.columns.push(operand.sql.clone());
            let members = if let Type::Enum(id) = part.ty { Some(id) } else { None };
            carried.push(Carried { members, ..Carried::of(operand, text) });
        }
        Ok((select, carried))
    }

    /// A column of a SELECT of the owner, which is to be of a type.
    fn told_value(&self, column: Sql, ty: Type) -> Result<Operand, Unsupported> {
        let plain = |primitive: PrimitiveType| {
            let operand = self.dialect.told(column.clone(), primitive);
            if primitive != PrimitiveType::String {
                return operand;
            }
            let sql = self.dialect.by_code_point(operand.sql.clone(), &NativeType::Plain);
            operand.with(sql)
        };
        match ty {
            Type::Primitive(primitive) => Ok(plain(primitive)),
            Type::Enum(id) => match &self.mapping.enums[id.0] {
                EnumMap::Codes(codes) => {
                    let number = matches!(codes.members.first(), Some((_, Value::Integer(_))));
                    let primitive = if number { PrimitiveType::Int64 } else { PrimitiveType::String };
                    self.decoded_operand(plain(primitive), codes)
                }
                EnumMap::Database(_) => Ok(plain(PrimitiveType::String)),
            },
            Type::Complex(_) => {
                let what = "A value within the value of a function".to_owned();
                Err(Unsupported { what, database: self.dialect.name() })
            }
        }
    }

    /// The SELECT of a function with its values.
    fn told(&self, at: At<'_>, function: usize, values: &[Given]) -> Result<Source, Unsupported> {
        let mut told = Vec::new();
        match &self.mapping.functions[function].behind {
            Behind::Select(pieces) => {
                for piece in pieces {
                    match piece {
                        ToldPiece::Text(text) => told.push(Told::Text(Arc::clone(text))),
                        ToldPiece::Parameter(number) => {
                            told.extend(self.given(at, function, (*number, &values[*number]))?);
                        }
                    }
                }
            }
            Behind::Routine(routine) => {
                told.push(Told::Text(Arc::clone(&routine.call.before)));
                for (number, (before, after)) in routine.call.arguments.iter().enumerate() {
                    let Some(value) = self.given(at, function, (number, &values[number]))? else {
                        continue;
                    };
                    if told.len() > 1 {
                        told.push(Told::Text(", ".into()));
                    }
                    told.extend([Told::Text(Arc::clone(before)), value, Told::Text(Arc::clone(after))]);
                }
                told.push(Told::Text(Arc::clone(&routine.call.after)));
            }
        }
        Ok(Source::Told(told))
    }

    /// The value of a parameter, where there is one.
    fn given(
        &self,
        at: At<'_>,
        function: usize,
        (number, given): (usize, &Given),
    ) -> Result<Option<Told>, Unsupported> {
        let ty = self.mapping.model.functions[function].parameters[number].ty;
        Ok(Some(Told::Value(match (given, ty) {
            (Given::Omitted, _) => return Ok(None),
            (Given::Key(property), _) => self.key_before(at, *property)?,
            (Given::Value(Value::Null), Type::Primitive(primitive)) => self.dialect.null(primitive),
            (Given::Value(value), _) => Sql::Param(Param { value: value.clone(), form: ParamForm::Native }),
        })))
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
