//! What has changed since a mark: rows that are there, and those that are no more or that the filter keeps out.

use nextlink_odata::layout::Change;
use nextlink_odata::model::PrimitiveType;
use nextlink_odata::query::{Query, Variable};

use super::frames::Frames;
use super::node::node_plan;
use super::rows::Base;
use super::there::not_deleted;
use super::{Plan, Planner, paged};
use crate::catalog::Storage;
use crate::dialect::{Dialect, Operand, Unsupported};
use crate::mapping::Mapping;
use crate::position;
use crate::seek;
use crate::statement::{Program, ResultColumn};
use crate::tree::{Operator, OrderTerm, Select, Sql};

/// Plans how the mark of now is read: the position of the only row. There is no row before the first change.
///
/// # Errors
/// What the database cannot do.
pub fn mark(mapping: &Mapping, dialect: &dyn Dialect, query: &Query) -> Result<Program, Unsupported> {
    let planner = Planner { mapping, dialect, query };
    let mut frames = Frames::all(mapping, Variable(0), query.root);
    let term = planner.change(&frames)?;
    frames.filter(known(&term));
    frames.select().order.push(OrderTerm { descending: true, nullable: false, ..term });
    let rows = Select { limit: Some(1), ..frames.finish() };
    let nodes = vec![node_plan(None, Some(rows), None, None, Vec::new())];
    let plan = Plan { nodes, count: None, parent: None, point: false, keyed: None, nested: None };
    paged(dialect, plan, None)
}

/// That it is known when a row has changed.
fn known(term: &OrderTerm) -> Sql {
    Sql::IsNotNull(Box::new(term.value.as_ref().unwrap_or(&term.expr).clone()))
}

impl Planner<'_> {
    /// What rows are ordered by when they are ordered by their changes.
    fn change(&self, frames: &Frames) -> Result<OrderTerm, Unsupported> {
        let (alias, set) = frames.current();
        let table = self.mapping.table(set);
        let column = table.changes.at.map(|at| &table.columns[at]);
        let column = column.ok_or_else(|| Unsupported {
            what: "Following changes of this entity set".to_owned(),
            database: self.dialect.name(),
        })?;
        let operand = self.raw(Sql::column(alias, &column.column), true, column);
        let value = self.dialect.order_value(&operand);
        Ok(OrderTerm { expr: self.dialect.key_order(operand), value, descending: false, nullable: true })
    }

    /// The rows that a query is about.
    pub(super) fn asked(&self, query: &Query) -> Result<Frames, Unsupported> {
        if let Some(since) = &query.since {
            // Those that the filter keeps out are told, too.
            return self.changed(since);
        }
        let mut frames = self.input(Base::Request, &query.input)?;
        self.add_filter(&mut frames, query.filter.as_ref())?;
        Ok(frames)
    }

    /// All rows that have changed since a mark, whatever became of them.
    fn changed(&self, since: &[u8]) -> Result<Frames, Unsupported> {
        let mut frames = Frames::all(self.mapping, Variable(0), self.query.root);
        let term = self.change(&frames)?;
        let mark = position::from_bytes(since).and_then(|values| values.into_iter().next());
        // What has the very same mark may have come after it was read.
        let range = mark.and_then(|mark| seek::range(&term, &mark));
        frames.filter(range.unwrap_or_else(|| known(&term)));
        Ok(frames)
    }

    /// The order of changes, to which the key is added.
    pub(super) fn add_change_order(&self, frames: &mut Frames) -> Result<(), Unsupported> {
        let term = self.change(frames)?;
        frames.select().order.push(OrderTerm { nullable: false, ..term });
        Ok(())
    }

    /// A cell that tells what became of a changed row.
    pub(super) fn change_cell(
        &self,
        frames: &mut Frames,
        change: Change,
    ) -> Result<(Sql, ResultColumn), Unsupported> {
        let (alias, set) = frames.current();
        let not_deleted = not_deleted(self.mapping.table(set), alias);
        let matches = self.query.filter.as_ref().map(|filter| self.condition(frames, filter)).transpose()?;
        let always = || Sql::binary(Operator::Eq, Sql::Integer(1), Sql::Integer(1));
        let both = |a: Sql, b: Sql| Sql::binary(Operator::And, a, b);
        let there = match (matches, not_deleted.clone()) {
            (Some(matches), Some(not_deleted)) => both(not_deleted, matches),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => always(),
        };
        let sql = match change {
            Change::There => Sql::Case(vec![(there, Sql::Integer(1))]),
            Change::Gone => Sql::Case(vec![(Sql::IsNotTrue(Box::new(there)), Sql::Integer(1))]),
            Change::Reason => Sql::when(not_deleted.unwrap_or_else(always), Sql::Integer(2), Sql::Integer(1)),
        };
        let primitive = PrimitiveType::Int32;
        let sql = self.dialect.value(Operand { nullable: true, ..Operand::computed(sql, primitive) });
        Ok((sql, ResultColumn { primitive, storage: Storage::Native, nullable: true, structure: None }))
    }
}
