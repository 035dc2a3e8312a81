//! What has changed since a mark: rows that are there, and those that are no more or that the filter keeps out.

use nextlink_odata::layout::Change;
use nextlink_odata::model::{EntitySetId, PrimitiveType};
use nextlink_odata::query::{Query, Variable};

use super::frames::Frames;
use super::log::OWN;
use super::node::node_plan;
use super::rows::Base;
use super::there::{Seen, stays};
use super::{Plan, Planner, paged};
use crate::catalog::Storage;
use crate::dialect::{Dialect, Operand, Unsupported};
use crate::mapping::{ColumnMap, LogMap, Mapping};
use crate::position;
use crate::seek;
use crate::statement::{Program, ResultColumn};
use crate::tree::{Operator, OrderTerm, Select, Sql};

/// Plans how the mark of now is read: the position of the only row. There is no row before the first change.
///
/// # Errors
/// What the database cannot do.
pub fn mark(mapping: &Mapping, dialect: &dyn Dialect, query: &Query) -> Result<Program, Unsupported> {
    let seen = Seen::of(mapping, dialect, query);
    let planner = Planner::new(&seen, dialect, query);
    let (mut select, term) = match planner.log(query.root) {
        Some(log) => planner.log_rows(log),
        None => {
            let frames = Frames::all(planner.mapping, Variable(0), query.root);
            let term = planner.change(&frames)?;
            (frames.finish(), term)
        }
    };
    select.filter.push(known(&term));
    end(dialect, (select, OrderTerm { descending: true, nullable: false, ..term }))
}

/// Plans a select that gives a row where all that has changed since a mark can be told: none where that is so in any case.
/// The rows of a table that tells of changes may be taken away, the oldest first and never the newest. As long as there is
/// one that is not behind the mark, all are there that are.
///
/// # Errors
/// What the database cannot do.
pub fn all_told(
    mapping: &Mapping,
    dialect: &dyn Dialect,
    query: &Query,
    since: &[u8],
) -> Result<Option<Program>, Unsupported> {
    let seen = Seen::of(mapping, dialect, query);
    let planner = Planner::new(&seen, dialect, query);
    let Some(log) = planner.log(query.root) else {
        return Ok(None);
    };
    let (mut select, term) = planner.log_rows(log);
    let mark = position::from_bytes(since).and_then(|values| values.into_iter().next());
    select.filter.push(match mark {
        Some(mark) => seek::up_to(&term, &mark),
        // There was no row yet. Numbers begin with 1; of times nobody knows the first one.
        None if log.at.primitive.is_integer() => {
            Sql::binary(Operator::Le, Sql::column(OWN, &log.at.column), Sql::Integer(1))
        }
        None => Sql::binary(Operator::Eq, Sql::Integer(1), Sql::Integer(0)),
    });
    end(dialect, (select, OrderTerm { nullable: false, ..term })).map(Some)
}

/// The first row in an order.
fn end(dialect: &dyn Dialect, (select, term): (Select, OrderTerm)) -> Result<Program, Unsupported> {
    let mut select = Select { limit: Some(1), ..select };
    select.order.push(term);
    let nodes = vec![node_plan(None, Some(select), None, None, Vec::new())];
    let plan = Plan {
        nodes,
        count: None,
        parent: None,
        point: false,
        keyed: None,
        nested: None,
        failing: Vec::new(),
        computes: true,
    };
    paged(dialect, plan, None)
}

/// That it is known when a row has changed.
fn known(term: &OrderTerm) -> Sql {
    Sql::IsNotNull(Box::new(term.value.as_ref().unwrap_or(&term.expr).clone()))
}

impl Planner<'_> {
    /// The table that tells of the changes of a set.
    fn log(&self, set: EntitySetId) -> Option<&LogMap> {
        self.mapping.table(set).changes.log.as_deref()
    }

    /// What rows are ordered by when they are ordered by their changes.
    fn change(&self, frames: &Frames) -> Result<OrderTerm, Unsupported> {
        let (alias, set) = frames.current();
        let table = self.mapping.table(set);
        let column = table.changes.at.map(|at| &table.columns[at]);
        let column = column.ok_or_else(|| Unsupported {
            what: "Following changes of this entity set".to_owned(),
            database: self.dialect.name(),
        })?;
        Ok(self.in_order(alias, column))
    }

    /// What rows are ordered by where a column tells of changes.
    pub(super) fn in_order(&self, alias: usize, column: &ColumnMap) -> OrderTerm {
        let operand = self.raw(Sql::column(alias, &column.column), true, column);
        let value = self.dialect.order_value(&operand);
        OrderTerm { expr: self.dialect.key_order(operand), value, descending: false, nullable: true }
    }

    /// The rows that a query is about.
    pub(super) fn asked(&self, query: &Query) -> Result<Frames, Unsupported> {
        if let Some(since) = &query.since {
            if self.mapping.comes_first(query.root) {
                // Of rows that are kept back, too, values would be computed.
                let what = "What fails for some values, where changes of a set with a condition on its rows are followed,";
                return Err(Unsupported { what: what.to_owned(), database: self.dialect.name() });
            }
            // Those that the filter keeps out are told, too.
            return match self.log(query.root) {
                Some(log) => Ok(self.told_since(log, since)),
                None => self.changed(since),
            };
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

    /// The order of changes, made total by the key.
    pub(super) fn add_change_order(&self, frames: &mut Frames) -> Result<(), Unsupported> {
        if let Some(log) = self.log(self.query.root) {
            return self.add_told_order(frames, log);
        }
        let term = self.change(frames)?;
        frames.select().order.push(OrderTerm { nullable: false, ..term });
        self.add_order(frames, &[], self.query.root)
    }

    /// A cell that tells what became of a changed row.
    pub(super) fn change_cell(
        &self,
        frames: &mut Frames,
        change: Change,
    ) -> Result<(Sql, ResultColumn), Unsupported> {
        if let Change::Key(number) = change {
            return self.changed_key(frames, number);
        }
        let (alias, set) = frames.current();
        let here = stays(self.mapping, set, alias)
            .into_iter()
            .fold(self.is_here(alias, set), |all, one| both(all, Some(one)));
        let matches = self.query.filter.as_ref().map(|filter| self.condition(frames, filter)).transpose()?;
        let always = || Sql::binary(Operator::Eq, Sql::Integer(1), Sql::Integer(1));
        let there = both(here.clone(), matches).unwrap_or_else(always);
        let sql = match change {
            Change::There => Sql::Case(vec![(there, Sql::Integer(1))]),
            Change::Gone => Sql::Case(vec![(Sql::IsNotTrue(Box::new(there)), Sql::Integer(1))]),
            Change::Reason | Change::Key(_) => {
                Sql::when(here.unwrap_or_else(always), Sql::Integer(2), Sql::Integer(1))
            }
        };
        let primitive = PrimitiveType::Int32;
        let sql = self.dialect.value(Operand { nullable: true, ..Operand::computed(sql, primitive) });
        Ok((
            sql,
            ResultColumn {
                primitive,
                storage: Storage::Native,
                nullable: true,
                structure: None,
                property: None,
            },
        ))
    }

    /// That there is a row for a key that is told.
    fn is_here(&self, alias: usize, set: EntitySetId) -> Option<Sql> {
        self.log(set)?;
        let first = self.mapping.model.entity_type(self.mapping.model.entity_set(set).entity_type).key[0];
        Some(Sql::IsNotNull(Box::new(Sql::column(alias, &self.property(set, first).1.column))))
    }

    /// A value of the key of a changed row, whatever became of it.
    fn changed_key(&self, frames: &mut Frames, number: usize) -> Result<(Sql, ResultColumn), Unsupported> {
        let (alias, set) = frames.current();
        if let Some(log) = self.log(set) {
            return self.value_cell(frames, &self.told_key(log, number));
        }
        let key = &self.mapping.model.entity_type(self.mapping.model.entity_set(set).entity_type).key;
        let (read, result) = self.cell(alias, set, key[number], &[])?;
        Ok((read, ResultColumn { nullable: true, ..result }))
    }
}

/// Two conditions, where there are two.
fn both(left: Option<Sql>, right: Option<Sql>) -> Option<Sql> {
    match (left, right) {
        (Some(left), Some(right)) => Some(Sql::binary(Operator::And, left, right)),
        (one, other) => one.or(other),
    }
}
