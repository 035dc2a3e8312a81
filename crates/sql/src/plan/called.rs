//! Functions of the model in expressions: the SELECT of the owner, or the call of the database's own, as a value.

use nextlink_odata::model::{EntitySetId, PrimitiveType, Type};
use nextlink_odata::query::{Called, Expr, ExprKind, Place, Variable};

use super::Planner;
use super::frames::Frames;
use crate::dialect::{Operand, Unsupported};
use crate::mapping::Behind;
use crate::shape::ToldPiece;
use crate::tree::{Join, JoinKind, Operator, OrderTerm, Select, Source, Sql, TableRef, Told};

/// What is put in the place of a call.
struct Pasted {
    pieces: Vec<Told>,
    /// Whether values in it are those of the rows around it.
    outer: bool,
}

impl Planner<'_> {
    /// The one value that a function gives.
    pub(super) fn called_value(&self, frames: &mut Frames, called: &Called) -> Result<Operand, Unsupported> {
        let pasted = self.pasted(frames, called)?;
        let columns = &self.mapping.functions[called.function].columns;
        let ty = self.called_type(called);
        let value = if !pasted.outer || self.dialect.tables_see_rows() {
            let (mut select, column) = self.called_rows(frames, pasted, &columns[called.member]);
            let value = self.told_value(column.clone(), ty)?;
            // Of several the first one.
            let plain = self.told_plain(column, ty);
            let expr = self.dialect.order_key(plain);
            select.order.push(OrderTerm { expr, value: None, descending: false, nullable: true });
            (select.columns, select.limit) = (vec![value.sql.clone()], Some(1));
            self.by_itself(value.with(Sql::Scalar(Box::new(select))))
        } else if columns.len() == 1 {
            // MariaDB loses the rows around a SELECT that has neither FROM nor WHERE, where those are chosen first.
            let one = || Sql::Integer(1);
            let filter = vec![Sql::binary(Operator::Eq, one(), one())];
            let columns = vec![Sql::Told(pasted.pieces)];
            let value = Sql::Scalar(Box::new(Select { columns, filter, ..Select::default() }));
            self.told_value(value, ty)?
        } else {
            return Err(self.cannot_call("A part of what a function gives for a row"));
        };
        let Some(place) = &called.on else {
            return Ok(value);
        };
        let there = self.exists(frames, place);
        let sql = Sql::Case(vec![(there, value.sql.clone())]);
        Ok(value.with(sql))
    }

    /// Starts a select over the values that a function gives.
    pub(super) fn enter_called(
        &self,
        frames: &mut Frames,
        called: &Called,
        variable: Variable,
    ) -> Result<(), Unsupported> {
        let pasted = self.pasted(frames, called)?;
        if pasted.outer && !self.dialect.tables_see_rows() {
            return Err(self.cannot_call("A collection that a function gives for a row"));
        }
        let column = &self.mapping.functions[called.function].columns[called.member];
        let (mut select, column) = self.called_rows(frames, pasted, column);
        let ty = self.called_type(called);
        let (value, carried) = self.told_column(column, ty)?;
        select.columns = vec![value];
        if let Some(place) = &called.on {
            select.filter.push(self.exists(frames, place));
        }
        frames.enter_items(Source::Selects(vec![select]), variable, carried);
        Ok(())
    }

    /// Whether a function gives an entity.
    pub(super) fn is_given(
        &self,
        frames: &mut Frames,
        place: &Place,
        called: &Called,
    ) -> Result<Sql, Unsupported> {
        let pasted = self.pasted(frames, called)?;
        if pasted.outer && !self.dialect.tables_see_rows() {
            return Err(self.cannot_call("A collection that a function gives for a row"));
        }
        let entity = (frames.resolve(self.mapping, place), place.target());
        let columns = &self.mapping.functions[called.function].columns;
        let given = frames.among(self.mapping, entity, Source::Told(pasted.pieces), columns);
        Ok(match &called.on {
            Some(place) => Sql::binary(Operator::And, self.exists(frames, place), given),
            None => given,
        })
    }

    /// A value of the first entity that a function gives.
    pub(super) fn of_given(
        &self,
        frames: &mut Frames,
        (variable, set): (Variable, EntitySetId),
        called: &Called,
        value: &Expr,
    ) -> Result<Operand, Unsupported> {
        frames.push_direct(self.mapping, variable, set, &[], Vec::new());
        let given = self.is_given(frames, &Place::of(variable, set), called)?;
        frames.filter(given);
        let value = self.operand(frames, value)?;
        self.add_order(frames, &[], set)?;
        frames.select().columns.push(value.sql.clone());
        frames.select().limit = Some(1);
        let select = frames.leave();
        self.fits(&select)?;
        Ok(Operand { nullable: true, ..value.with(Sql::Scalar(Box::new(select))) })
    }

    /// The type of the value, or of each of them.
    fn called_type(&self, called: &Called) -> Type {
        let model = &self.mapping.model;
        let value = model.functions[called.function].value();
        let parts = value.map_or_else(Vec::new, |value| model.plain_parts(value));
        let part = parts.get(called.member).map(|(_, part)| part.ty);
        part.unwrap_or(Type::Primitive(PrimitiveType::String))
    }

    /// A select of what a function gives, and a column of that.
    fn called_rows(&self, frames: &mut Frames, pasted: Pasted, column: &str) -> (Select, Sql) {
        let alias = frames.alias();
        let table = TableRef { source: Source::Told(pasted.pieces), alias };
        let from = vec![Join { kind: JoinKind::Inner, table, on: Vec::new() }];
        (Select { from, ..Select::default() }, Sql::column(alias, column))
    }

    fn pasted(&self, frames: &mut Frames, called: &Called) -> Result<Pasted, Unsupported> {
        self.calls.set(self.calls.get() + 1);
        let parameters = &self.mapping.model.functions[called.function].parameters;
        let mut values = Vec::with_capacity(called.values.len());
        let mut outer = false;
        for (number, (value, parameter)) in called.values.iter().zip(parameters).enumerate() {
            let Some(value) = value else {
                values.push(None);
                continue;
            };
            if let ExprKind::Value(constant) = &value.kind {
                values.push(Some(self.constant_argument(constant, parameter.ty)));
                continue;
            }
            outer = true;
            values.push(Some(self.argument(frames, (called.function, number), value)?));
        }
        let pieces = self.told(called.function, |number| Ok(values[number].clone()))?;
        let text = |piece: &Told| matches!(piece, Told::Text(text) if names_alias(text));
        if outer && pieces.iter().any(text) {
            return Err(self.cannot_call("A function for each row whose SELECT has names such as t1"));
        }
        Ok(Pasted { pieces, outer })
    }

    /// A value of the rows around a call as a parameter.
    fn argument(
        &self,
        frames: &mut Frames,
        (function, number): (usize, usize),
        value: &Expr,
    ) -> Result<Sql, Unsupported> {
        let calls = self.calls.get();
        let operand = self.operand(frames, value)?;
        let uses = match &self.mapping.functions[function].behind {
            Behind::Select(pieces) => {
                pieces.iter().filter(|piece| matches!(piece, ToldPiece::Parameter(n) if *n == number)).count()
            }
            Behind::Routine(_) => 1,
        };
        if uses > 1 && self.calls.get() > calls {
            // Each call in another one would double what is sent.
            return Err(
                self.cannot_call("A call as a value that the SELECT of a function names several times")
            );
        }
        let ty = self.mapping.model.functions[function].parameters[number].primitive();
        Ok(match ty {
            Some(primitive) => self.dialect.argument(operand, primitive),
            None => operand.sql,
        })
    }

    pub(super) fn cannot_call(&self, what: &str) -> Unsupported {
        Unsupported { what: what.to_owned(), database: self.dialect.name() }
    }
}

/// Whether a text has a name that is one of our own for a table, so that a column of ours would be taken for one of that.
fn names_alias(text: &str) -> bool {
    let name = |word: &str| {
        let digits = word.strip_prefix(['t', 'T']).unwrap_or_default();
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    text.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(name)
}

#[cfg(test)]
mod tests {
    use super::names_alias;

    #[test]
    fn names_of_our_own() {
        for (text, expected) in [
            ("SELECT a FROM b AS t1 WHERE t1.c = ", true),
            ("SELECT \"T02\".a FROM b", true),
            ("SELECT at1, t1a, t, total FROM t_1", false),
            ("", false),
        ] {
            assert_eq!(names_alias(text), expected, "{text}");
        }
    }
}
