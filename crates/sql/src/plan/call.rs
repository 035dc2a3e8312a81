//! Calls of functions: the entities whose keys a SELECT of the owner gives.

use std::sync::Arc;

use nextlink_odata::model::{EntitySetId, Type};
use nextlink_odata::query::{Given, Step, Variable};
use nextlink_odata::value::Value;

use super::Planner;
use super::frames::Frames;
use crate::dialect::Unsupported;
use crate::shape::ToldPiece;
use crate::tree::{Param, ParamForm, Source, Sql, Told};

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
        let new = || Frames::new(self.mapping, Variable(0), model.returns);
        let mut frames = new();
        if model.bound.is_some() {
            // Nothing where there is nothing that it is called on, whatever its SELECT gives.
            let mut there = before.finish();
            there.columns.push(Sql::Integer(1));
            frames.filter(Sql::Exists(Box::new(there)));
        }
        frames.among(self.mapping, told, &map.key);
        if model.collection || at.2 + 1 == at.1.len() {
            return Ok(frames);
        }
        // The path goes on from one of them.
        self.add_order(&mut frames, &[], model.returns)?;
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
        frames.keep(Source::Selects(vec![first]), &columns);
        Ok(frames)
    }

    /// The SELECT of a function with its values.
    fn told(&self, at: At<'_>, function: usize, values: &[Given]) -> Result<Source, Unsupported> {
        let parameters = &self.mapping.model.functions[function].parameters;
        let mut told = Vec::with_capacity(self.mapping.functions[function].pieces.len());
        for piece in &self.mapping.functions[function].pieces {
            told.push(match piece {
                ToldPiece::Text(text) => Told::Text(Arc::clone(text)),
                ToldPiece::Parameter(number) => match (&values[*number], parameters[*number].ty) {
                    (Given::Key(property), _) => Told::Value(self.key_before(at, *property)?),
                    (Given::Value(Value::Null), Type::Primitive(primitive)) => {
                        Told::Value(self.dialect.null(primitive))
                    }
                    (Given::Value(value), _) => {
                        Told::Value(Sql::Param(Param { value: value.clone(), form: ParamForm::Native }))
                    }
                },
            });
        }
        Ok(Source::Told(told))
    }

    /// A property of the key of the entity before a step.
    fn key_before(&self, (root, steps, at): At<'_>, property: usize) -> Result<Sql, Unsupported> {
        let mut frames = self.path(root, &steps[..at])?;
        let (alias, set) = frames.current();
        // Where there are several, the same one for each property.
        self.add_order(&mut frames, &[], set)?;
        let key = Sql::column(alias, &self.mapping.table(set).columns[property].column);
        let mut select = frames.finish();
        (select.columns, select.limit) = (vec![key], Some(1));
        Ok(Sql::Scalar(Box::new(select)))
    }
}
