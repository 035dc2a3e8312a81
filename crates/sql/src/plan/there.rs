//! Tables of entities in a select. All of them are opened here, so that rows which are not there for clients are nowhere.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;

use nextlink_odata::bind::{BindLimits, Request, bind};
use nextlink_odata::model::{EntitySet, EntitySetId, PrimitiveType};
use nextlink_odata::query::{Expr, Query};
use nextlink_odata::url;

use super::Planner;
use super::frames::{Frames, named_table};
use super::told::counting;
use crate::dialect::{Dialect, Form, Operand, Relation, Unsupported};
use crate::mapping::{LinkTable, Mapping, RowsMap, TableMap};
use crate::statement::Program;
use crate::tree::{Join, JoinKind, Operator, Select, Source, Sql, TableRef, Told};

/// Aliases in conditions on rows begin here: those of the statement around them are smaller.
const INSIDE: usize = 1_000_000;

/// A model as one who asks sees it.
#[derive(Clone)]
pub(crate) struct Seen<'a> {
    mapping: &'a Mapping,
    dialect: &'a dyn Dialect,
    query: &'a Query,
    /// Entity sets of which a condition was written that fails for some rows.
    failing: Rc<RefCell<BTreeSet<EntitySetId>>>,
    /// Whether something was written that computes a value.
    computes: Rc<Cell<bool>>,
}

impl Deref for Seen<'_> {
    type Target = Mapping;

    fn deref(&self) -> &Mapping {
        self.mapping
    }
}

impl<'a> Seen<'a> {
    pub(super) fn of(mapping: &'a Mapping, dialect: &'a dyn Dialect, query: &'a Query) -> Seen<'a> {
        Seen { mapping, dialect, query, failing: Rc::default(), computes: Rc::default() }
    }

    /// Whether rows have to be chosen before anything is computed of them: databases are free in the order of conditions, and an
    /// error would tell of a row that is kept back.
    pub(super) fn comes_first(&self, set: EntitySetId) -> bool {
        self.query.can_fail && self.mapping.table(set).rows.is_some()
    }

    /// Notes that something computes a value.
    pub(super) fn note_computing(&self) {
        self.computes.set(true);
    }

    /// Whether something that was written until now computes a value.
    pub(super) fn computes(&self) -> bool {
        self.computes.get()
    }

    /// The entity sets of which conditions were written until now that fail for some rows.
    pub(super) fn failing(&self) -> Vec<EntitySetId> {
        self.failing.borrow().iter().copied().collect()
    }

    /// What keys that lead to a row are compared by. Some databases compute with the one value in the place of the other, and so
    /// before rows are chosen.
    pub(super) fn equality(&self, set: EntitySetId) -> Operator {
        if self.comes_first(set) && self.dialect.takes_equals_for_each_other() {
            Operator::Same
        } else {
            Operator::Eq
        }
    }

    /// The condition on the rows of a table, where the model file has one.
    fn rule(&self, set: EntitySetId, alias: usize) -> Option<Sql> {
        let rows = self.mapping.table(set).rows.as_ref()?;
        let Some(Ok(allowed)) = self.allowed(rows, alias) else {
            return Some(Sql::binary(Operator::Eq, Sql::Integer(1), Sql::Integer(0)));
        };
        if rows.rule.as_ref().is_some_and(|(_, rule)| rule.can_fail) {
            self.failing.borrow_mut().insert(set);
        }
        Some(allowed)
    }

    /// What holds of rows that are there; none where none is.
    fn allowed(&self, rows: &RowsMap, alias: usize) -> Option<Result<Sql, Unsupported>> {
        let (set, rule) = rows.rule.as_ref()?;
        if rule.names_user && self.query.user.is_none() {
            return None;
        }
        let whole = Seen { mapping: self.mapping.whole.as_deref()?, ..self.clone() };
        let planner = Planner::new(&whole, self.dialect, self.query);
        Some(planner.rule(*set, &rule.condition, alias))
    }
}

impl Planner<'_> {
    /// A condition on the row that has an alias in the statement around it.
    fn rule(&self, set: EntitySetId, condition: &Expr, alias: usize) -> Result<Sql, Unsupported> {
        let mut frames = Frames::within(self.mapping, set, alias, INSIDE);
        let own = self.condition(&mut frames, condition)?;
        if frames.select().from.len() == 1 {
            return Ok(own);
        }
        // It leads to other entities, so it needs a select of its own.
        let again = self.dialect.reads_rows_again();
        let mut frames = Frames::within(self.mapping, set, if again { INSIDE } else { alias }, INSIDE + 1);
        let own = self.condition(&mut frames, condition)?;
        if again {
            self.is_same_row(&mut frames, set, alias);
        }
        frames.filter(own);
        let mut select = frames.finish();
        if let (false, Some(first)) = (again, select.from.first_mut()) {
            let one = Select { columns: vec![Sql::Integer(1)], ..Select::default() };
            let table = TableRef { source: Source::Selects(vec![one]), alias: INSIDE };
            *first = Join { kind: JoinKind::Inner, table, on: Vec::new() };
        }
        self.fits(&select)?;
        Ok(Sql::Exists(Box::new(select)))
    }

    /// That a row read once more is the one that has an alias in the statement around.
    fn is_same_row(&self, frames: &mut Frames, set: EntitySetId, alias: usize) {
        let key = &self.mapping.model.entity_type(self.mapping.model.entity_set(set).entity_type).key;
        for property in key {
            let map = self.property(set, *property).1;
            let column = |alias| Sql::column(alias, &map.column);
            frames.filter(Sql::binary(Operator::Eq, column(INSIDE), column(alias)));
            if map.primitive == PrimitiveType::String && !map.binary_collation {
                // A collation may take texts for one that differ.
                let [own, other] = [INSIDE, alias].map(|alias| self.column(alias, set, *property));
                let (own, mut other) = self.dialect.comparable(own, vec![other], Relation::Equality);
                frames.filter(Sql::binary(Operator::Eq, own, other.pop().unwrap_or(Sql::Null)));
            }
        }
    }
}

/// A condition on the rows of an entity set, to be tried.
#[derive(Debug)]
pub struct RowsTrial<'m> {
    /// The entity set.
    pub set: &'m EntitySet,
    /// The condition.
    pub rows: &'m RowsMap,
    /// How many rows there are for the one who asks. An error where the database cannot do it; then none is there for anybody.
    pub program: Result<Program, Unsupported>,
}

/// The conditions on rows that mean something, each to be tried.
pub fn rows_trials<'m>(mapping: &'m Mapping, dialect: &dyn Dialect) -> Vec<RowsTrial<'m>> {
    let sets = (0..mapping.tables.len()).map(EntitySetId);
    sets.filter_map(|set| rows_trial(mapping, dialect, set, "")).collect()
}

/// The condition on the rows of one entity set, to be tried for a login of this name.
pub fn rows_trial<'m>(
    mapping: &'m Mapping,
    dialect: &dyn Dialect,
    set: EntitySetId,
    user: &str,
) -> Option<RowsTrial<'m>> {
    let rows = mapping.table(set).rows.as_deref()?;
    let set = mapping.model.entity_set(set);
    let url = url::parse(&set.name).ok()?;
    let Request::Query(query) = bind(&mapping.model, &url, BindLimits::default(), "").ok()? else {
        return None;
    };
    let query = Query { user: Some(user.to_owned()), ..*query };
    let seen = Seen::of(mapping, dialect, &query);
    let planner = Planner::new(&seen, dialect, &query);
    let allowed = seen.allowed(rows, 0)?;
    let program = allowed.and_then(|_| planner.counted(&query)).map(|select| counting(dialect, &select));
    Some(RowsTrial { set, rows, program })
}

/// Joins a table of entities to what was before, or begins with it.
pub(super) fn opened(
    seen: &Seen<'_>,
    kind: JoinKind,
    (set, alias): (EntitySetId, usize),
    mut on: Vec<Sql>,
) -> Join {
    on.extend(key_is_there(seen, set, alias));
    let mut stays = stays(seen, set, alias);
    if !seen.comes_first(set) {
        on.append(&mut stays);
    }
    let mut join = with_all_rows(seen, kind, (set, alias), on);
    if !stays.is_empty() {
        let maps = seen.table(set).columns.iter().filter(|map| map.group.is_none());
        join.table = chosen(join.table, maps.map(|map| map.column.as_str()).collect(), stays);
    }
    join
}

/// The rows of a table of which conditions hold, before anything else is computed of them.
fn chosen(table: TableRef, columns: BTreeSet<&str>, conditions: Vec<Sql>) -> TableRef {
    let alias = table.alias;
    let select = Select {
        columns: columns.into_iter().map(|column| Sql::column(alias, column)).collect(),
        from: vec![Join { kind: JoinKind::Inner, table, on: Vec::new() }],
        filter: conditions,
        // No database takes conditions from outside into a select with a limit.
        limit: Some(u64::MAX),
        ..Select::default()
    };
    TableRef { source: Source::Chosen(Box::new(select)), alias }
}

/// The same with all rows that lie there, whatever became of them, for who looks at that.
pub(super) fn with_all_rows(
    seen: &Seen<'_>,
    kind: JoinKind,
    (set, alias): (EntitySetId, usize),
    on: Vec<Sql>,
) -> Join {
    Join { kind, table: table_ref(seen.table(set), alias), on }
}

fn table_ref(table: &TableMap, alias: usize) -> TableRef {
    match (&table.select, &table.joined) {
        (Some(select), _) => TableRef { source: Source::Told(vec![Told::Text(Arc::clone(select))]), alias },
        (None, Some(joined)) => TableRef { source: Source::Joined(Arc::clone(joined)), alias },
        (None, None) => named_table(table.schema.as_ref(), &table.table, alias),
    }
}

/// Conditions that keep out rows that are not there for clients although they have a key: those that are deleted, and those
/// that the model file keeps back.
pub(super) fn stays(seen: &Seen<'_>, set: EntitySetId, alias: usize) -> Vec<Sql> {
    not_deleted(seen.table(set), alias).into_iter().chain(seen.rule(set, alias)).collect()
}

/// Joins a table between others. Where that is an entity set, too, its rows are kept back here as there.
pub(super) fn link_opened(
    seen: &Seen<'_>,
    kind: JoinKind,
    (through, alias): (&LinkTable, usize),
    mut on: Vec<Sql>,
) -> Join {
    let mut table = named_table(through.schema.as_ref(), &through.table, alias);
    if let Some(set) = through.set {
        let stays = stays(seen, set, alias);
        if seen.comes_first(set) {
            let (near, far) =
                (through.near.iter().map(|(_, near)| near), through.far.iter().map(|(far, _)| far));
            table = chosen(table, near.chain(far).map(String::as_str).collect(), stays);
        } else {
            on.extend(stays);
        }
    }
    Join { kind, table, on }
}

/// That a row is not deleted, where rows that are lie there, too.
fn not_deleted(table: &TableMap, alias: usize) -> Option<Sql> {
    let map = &table.columns[table.changes.deleted?];
    let column = Box::new(Sql::column(alias, &map.column));
    let truth = map.primitive == PrimitiveType::Boolean;
    Some(if truth { Sql::IsNotTrue(column) } else { Sql::IsNull(column) })
}

/// Conditions that keep rows out whose key has a null: they are no entities.
pub(super) fn key_is_there(seen: &Seen<'_>, set: EntitySetId, alias: usize) -> Vec<Sql> {
    let table = seen.table(set);
    if !table.null_key {
        return Vec::new();
    }
    let key = &seen.model.entity_type(seen.model.entity_set(set).entity_type).key;
    let there = |property: &usize| {
        let map = &table.columns[*property];
        seen.dialect.is_not_null(Operand {
            sql: Sql::column(alias, &map.column),
            primitive: Some(map.primitive),
            form: Form::Column(map.storage),
            nullable: true,
            native: map.native.clone(),
        })
    };
    key.iter().map(there).collect()
}
