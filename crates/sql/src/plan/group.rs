//! Rows that were put into groups, of which those of each group are below it.

use nextlink_odata::model::PrimitiveType as P;
use nextlink_odata::query::{Expr, Group, Variable};

use super::Planner;
use super::frames::Frames;
use super::rows::Base;
use crate::dialect::{Operand, Unsupported};
use crate::tree::{Operator, OrderTerm, Source, Sql};

impl Planner<'_> {
    /// The rows of the groups that rows of the level above are.
    pub(super) fn of_group(&self, group: &Group) -> Result<Frames, Unsupported> {
        let (selects, columns) = self.selects(Base::Request, &group.rows)?;
        let source = Source::Selects(selects);
        let number = group.rows.columns.len() - 1;
        if !group.entities {
            let mut frames = Frames::of_rows(Variable(0), self.query.selection.set, source, columns);
            let (alias, _) = frames.current();
            frames.filter(Sql::binary(Operator::Eq, Sql::carried(alias, number), Sql::Key(0)));
            return Ok(frames);
        }
        let mut frames = self.path(self.query.root, &self.query.steps)?;
        let (alias, set) = frames.current();
        let table = &self.mapping.table(set).columns;
        let ty = self.mapping.model.entity_type(self.mapping.model.entity_set(set).entity_type);
        let mut pairs: Vec<(usize, Sql)> =
            ty.key.iter().map(|property| Sql::column(alias, &table[*property].column)).enumerate().collect();
        pairs.push((number, Sql::Key(0)));
        frames.keep(source, pairs);
        Ok(frames)
    }

    /// The number of the group that a row is in by some values, which are columns of it.
    pub(super) fn group_number(&self, frames: &mut Frames, values: &[Expr]) -> Result<Operand, Unsupported> {
        if values.is_empty() {
            // All are in one, and its number is of the type that others have.
            let one = Sql::call("COALESCE", [self.dialect.null(P::Int64), Sql::Integer(1)]);
            return Ok(Operand { nullable: false, ..Operand::computed(one, P::Int64) });
        }
        let mut terms = Vec::with_capacity(values.len());
        for value in values {
            let operand = self.operand(frames, value)?;
            let nullable = operand.nullable;
            let expr = self.dialect.carried(operand).sql;
            terms.push(OrderTerm { expr, value: None, descending: false, nullable });
        }
        let rank = Sql::Rank(terms);
        Ok(Operand { nullable: false, ..Operand::computed(rank, P::Int64) })
    }
}
