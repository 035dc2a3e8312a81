//! The relational form of a query for one database: tables, joins, a total order, and one level for each
//! expanded collection.

mod told;
mod codes;
mod cells;
mod items;
mod fine;
mod hints;
mod zones;
mod expr;
mod guards;
mod there;
mod frames;
mod group;
mod call;
mod called;
mod words;
mod full_text;
mod rows;
mod walk;
mod whole;
mod average;
mod members;
mod merged;
mod node;
mod stream;
mod dynamic;
mod log;
mod json;
mod changes;

use std::cell::Cell;

use nextlink_odata::layout::{Layout, NodeLink};
use nextlink_odata::model::{EntitySetId, PrimitiveType};
use nextlink_odata::query::{Addressed, Comparison, Input, Query, Step, Variable};
use nextlink_odata::value::Value;

use crate::dialect::{Dialect, Operand, ParentRows, Relation, Unsupported};
use crate::emit::emit;
use crate::mapping::{Mapping, RowsMap};
use crate::seek::{self, seek};
use crate::statement::{ChildStatement, NodeStatement, PARENT_ROWS, Program, ResultColumn, Statement};
use crate::tree::{Join, Operator, Param, ParamForm, Select, Source, Sql};
use frames::Frames;
use merged::merged;
use there::Seen;
pub use told::{told, trial};

pub use changes::{all_told, mark};
pub use stream::stream;
pub use there::{RowsTrial, rows_trial, rows_trials};
pub use zones::zone_trial;

/// The plan of a query.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The levels of the result.
    pub nodes: Vec<NodePlan>,
    /// For `$count`.
    pub count: Option<Select>,
    /// Gives a row when the entity before the last navigation is there.
    pub parent: Option<Select>,
    /// Whether the first node gives at most one row, found by its key.
    pub point: bool,
    /// Whether nothing but the values of its key is among the conditions then.
    pub keyed: Option<usize>,
    /// Rows that are needed of each expanded collection.
    pub nested: Option<u64>,
    /// Entity sets with conditions on their rows, among those that are read, that fail for some of them.
    pub failing: Vec<EntitySetId>,
    /// Whether the query itself computes something of the values in the database.
    pub computes: bool,
}

/// The plan of one level.
#[derive(Debug, Clone)]
pub struct NodePlan {
    /// The level above.
    pub parent: Option<usize>,
    /// Whether all rows below a row of it are needed, however many there are.
    pub whole: bool,
    /// Rows; none where only the count is asked for.
    pub rows: Option<Select>,
    /// Rows counted for each parent.
    pub count: Option<Select>,
    /// The cells.
    pub cells: Vec<ResultColumn>,
    /// Where in its select the entities are: by the single-valued navigation to them, the alias.
    pub aliases: Vec<(Vec<usize>, usize)>,
    /// Where the entity is that the request is about, if a level below asks for it.
    pub it: Option<usize>,
    /// Numbers of the link columns in the parent's rows.
    pub link: Vec<usize>,
    /// Link columns behind the cells.
    pub links: usize,
}

/// Bounds of a plan.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlanLimits {
    /// Greatest number of rows of the first level, for requests that need no more, such as HEAD.
    pub rows: Option<u64>,
    /// Greatest number of rows that are needed of each expanded collection: one more than are shown.
    pub nested: Option<u64>,
}

/// Plans a query.
///
/// # Errors
/// What the database cannot do.
pub fn plan(
    mapping: &Mapping,
    dialect: &dyn Dialect,
    query: &Query,
    layout: &Layout,
    limits: PlanLimits,
) -> Result<Plan, Unsupported> {
    let seen = Seen::of(mapping, dialect, query);
    let planner = Planner::new(&seen, dialect, query);
    let mut nodes: Vec<NodePlan> = Vec::with_capacity(layout.nodes.len());
    for node in &layout.nodes {
        let planned = match &node.link {
            None => planner.root(query, node, limits)?,
            Some(link) => Planner { link: Some(link), ..Planner::new(&seen, dialect, query) }
                .child(query, node, link, &mut nodes)?,
        };
        nodes.push(planned);
    }
    for select in nodes.iter().flat_map(|node| [&node.rows, &node.count]).flatten() {
        planner.fits(select)?;
    }
    let count = match (query.count, query.addressed, query.chosen.as_deref()) {
        (true, Addressed::Collection, _) => Some(planner.counted(query)?),
        (true, Addressed::Property(_), Some(chosen)) => Some(planner.counted_items(query, chosen)?),
        _ => None,
    };
    let parent = planner.before_navigation(query)?;
    let point = nodes.len() == 1 && count.is_none() && planner.is_point(query, nodes[0].rows.as_ref());
    // What depends on who asks is no plan for others.
    let for_all = !mapping.table(query.root).rows.as_deref().is_some_and(RowsMap::names_user);
    let keyed = if point && for_all { planner.keyed(query, nodes[0].rows.as_ref()) } else { None };
    for rows in nodes.iter_mut().filter_map(|node| node.rows.as_mut()) {
        // Where rows are numbered, no more of them are read than are needed.
        if let (Some((_, most)), Some(nested)) = (&mut rows.window, limits.nested) {
            *most = Some(most.map_or(nested, |most| most.min(nested)));
        }
    }
    let (nested, failing, computes) = (limits.nested, seen.failing(), seen.computes());
    Ok(Plan { nodes, count, parent, point, keyed, nested, failing, computes })
}

/// Writes the statements of a plan.
pub fn program(dialect: &dyn Dialect, plan: &Plan) -> Program {
    let child = |select: &Select, most: Option<u64>| {
        // For one parent the database can stop early.
        let most = most.filter(|_| select.keys.is_some() && select.window.is_none());
        let limited = most.map(|most| Select { limit: Some(most), ..select.clone() });
        let arrays = dialect.parent_rows() == ParentRows::Arrays;
        ChildStatement {
            one: emit(dialect, &merged(limited.as_ref().unwrap_or(select)), 1),
            many: (select.keys.is_some() && (!arrays || limited.is_some()))
                .then(|| emit(dialect, select, PARENT_ROWS)),
        }
    };
    let seeks = plan.nodes.len() > 1 && dialect.seeks_for_levels();
    let nodes = plan
        .nodes
        .iter()
        .map(|node| NodeStatement {
            seek: node.rows.as_ref().filter(|_| seeks && node.parent.is_none()).and_then(seek),
            position: None,
            parent: node.parent,
            rows: node.rows.as_ref().map(|rows| {
                let some = node.parent.is_some() && !node.whole;
                child(rows, plan.nested.filter(|_| some))
            }),
            count: node.count.as_ref().map(|count| child(count, None)),
            cells: node.cells.as_slice().into(),
            link: node.link.clone(),
            links: node.links,
        })
        .collect();
    let one = |select: &Option<Select>| -> Option<Statement> { select.as_ref().map(|s| emit(dialect, s, 0)) };
    let mut program = Program {
        nodes,
        count: one(&plan.count),
        parent: one(&plan.parent),
        point: plan.point,
        key: None,
        failing: plan.failing.clone(),
        computes: plan.computes,
    };
    // Conditions come last.
    let first = |values: usize| program.nodes.first()?.rows.as_ref()?.one.params.len().checked_sub(values);
    program.key = plan.keyed.and_then(first);
    program
}

/// Where a result goes on.
#[derive(Debug, Clone, PartialEq)]
pub struct Resume {
    /// The values in the order of the last row that is there.
    pub last: Vec<Param>,
    /// Rows that are there.
    pub rows: u64,
}

/// Writes the statements of a plan whose rows become pages: where the database can go on after any row, the values that
/// the rows are ordered by come with them. With `resume`, only the rows behind it.
///
/// # Errors
/// [`Unsupported`] where the database cannot go on there.
pub fn paged(dialect: &dyn Dialect, mut plan: Plan, resume: Option<&Resume>) -> Result<Program, Unsupported> {
    let refused =
        || Unsupported { what: "Going on in the middle of this result".to_owned(), database: dialect.name() };
    let rows = plan.nodes.first_mut().and_then(|node| node.rows.as_mut());
    let Some(rows) = rows.filter(|rows| !rows.order.is_empty()) else {
        return if resume.is_some() { Err(refused()) } else { Ok(program(dialect, &plan)) };
    };
    let width = rows.columns.len();
    let values = seek::with_order(rows);
    if rows.columns.len() > dialect.bounds().columns {
        rows.columns.truncate(width);
        return if resume.is_some() { Err(refused()) } else { Ok(program(dialect, &plan)) };
    }
    if let Some(resume) = resume {
        *rows = seek::rest(rows, &resume.last, resume.rows).ok_or_else(refused)?;
        // It was said with the first page.
        plan.count = None;
    }
    let mut program = program(dialect, &plan);
    program.nodes[0].position = Some(values.into());
    Ok(program)
}

/// What planning needs to know throughout.
pub(crate) struct Planner<'a> {
    pub(crate) mapping: &'a Seen<'a>,
    pub(crate) dialect: &'a dyn Dialect,
    pub(crate) query: &'a Query,
    /// How the level that is planned hangs on the one above, where there is one.
    pub(crate) link: Option<&'a NodeLink<'a>>,
    /// How many calls of functions have been written so far.
    calls: Cell<usize>,
    /// Parts of conditions that have been written twice so far.
    repeated: Cell<usize>,
}

impl<'a> Planner<'a> {
    /// A planner of one query.
    pub(crate) fn new(mapping: &'a Seen<'a>, dialect: &'a dyn Dialect, query: &'a Query) -> Planner<'a> {
        Planner { mapping, dialect, query, link: None, calls: Cell::new(0), repeated: Cell::new(0) }
    }
}

impl Planner<'_> {
    /// Tables and conditions of the resource path; the frame of variable 0 is that of the addressed entities.
    fn path(&self, root: EntitySetId, steps: &[Step]) -> Result<Frames, Unsupported> {
        let mut frames = Frames::new(self.mapping, Variable(0), root);
        let mut each = false;
        for (at, step) in steps.iter().enumerate() {
            match step {
                Step::Each => each = true,
                Step::Key(values) => {
                    each = false;
                    for (property, value) in values {
                        for condition in self.key_conditions(&frames, *property, value) {
                            frames.filter(condition);
                        }
                    }
                }
                Step::Navigate(navigation) => {
                    frames.navigate(self.mapping, *navigation);
                    if each {
                        frames = frames.once(self.mapping);
                    }
                }
                Step::Call(function, values) => {
                    frames = self.call(frames, (root, steps, at), *function, values)?;
                }
                Step::Filter(condition) => self.keep(&mut frames, condition, false)?,
            }
        }
        Ok(frames)
    }

    /// Refuses a select that is larger than the database can take.
    fn fits(&self, select: &Select) -> Result<(), Unsupported> {
        let bounds = self.dialect.bounds();
        let behind = |join: &Join| match &join.table.source {
            Source::Joined(joined) => joined.tables.len(),
            _ => 1,
        };
        let tables = select.from.iter().map(behind).sum::<usize>() + usize::from(select.keys.is_some());
        // What a level is ordered by may have to be read too.
        let columns =
            select.columns.len() + if self.dialect.seeks_for_levels() { select.order.len() } else { 0 };
        let what = if tables > bounds.tables {
            ["A query that joins more than ", &bounds.tables.to_string(), " tables"].concat()
        } else if columns > bounds.columns {
            ["A result of more than ", &bounds.columns.to_string(), " columns"].concat()
        } else {
            return Ok(());
        };
        Err(Unsupported { what, database: self.dialect.name() })
    }

    fn key_conditions(&self, frames: &Frames, property: usize, value: &Value) -> Vec<Sql> {
        let (alias, set) = frames.current();
        let (served, map) = self.property(set, property);
        if let Some((codes, code)) = map.codes.as_ref().and_then(|codes| Some((codes, codes.key(value)?))) {
            let column = self.raw(Sql::column(alias, &map.column), false, map);
            let (left, mut right) =
                self.dialect.comparable(column, vec![codes.param(code)], Relation::Equality);
            return vec![Sql::binary(Operator::Eq, left, right.pop().unwrap_or(Sql::Null))];
        }
        if self.dialect.before(value).is_some() {
            return vec![expr::constant_truth(false)];
        }
        let column = self.column(alias, set, property);
        let param = Sql::Param(Param { value: value.clone(), form: ParamForm::Native });
        let mut conditions = Vec::with_capacity(2);
        let text = served.primitive() == Some(PrimitiveType::String);
        if text && !map.binary_collation && self.dialect.equality_needs_hint() {
            // Equal by code point is equal in any collation, and an index follows that of the column.
            let bare = Sql::column(alias, &map.column);
            conditions.push(Sql::binary(Operator::Eq, bare, param.clone()));
        }
        conditions.extend(self.near(alias, map, Comparison::Eq, value));
        let constant = Operand::constant(param, value.primitive(), false);
        let (left, mut right) = self.dialect.comparable(column, vec![constant], Relation::Equality);
        conditions.push(match right.pop() {
            Some(value) if right.is_empty() => Sql::binary(Operator::Eq, left, value),
            other => Sql::In(Box::new(left), right.into_iter().chain(other).collect()),
        });
        conditions
    }

    /// Whether a query is for one row that the database finds by an index: each key column is compared as it is.
    fn is_point(&self, query: &Query, rows: Option<&Select>) -> bool {
        let ([Step::Key(values)], Some(rows), None) = (query.steps.as_slice(), rows, query.singleton) else {
            return false;
        };
        let bare = |condition: &&Sql| match condition {
            Sql::Binary(Operator::Eq, left, _) => matches!(**left, Sql::Column(..)),
            _ => false,
        };
        if !matches!(query.input, Input::Path) {
            return false;
        }
        let indexed = self.mapping.table(query.root).indexed_key;
        // The values of the key are the last parameters, so that others can take their places; codes are no such values.
        let columns = &self.mapping.table(query.root).columns;
        let plain = values.iter().all(|(property, _)| columns[*property].codes.is_none());
        let bare_table = rows.from.len() == 1 && !matches!(rows.from[0].table.source, Source::Chosen(_));
        indexed && plain && bare_table && rows.filter.iter().filter(bare).count() >= values.len()
    }

    /// The number of values of the key, where they are all that the conditions of a point hold, and others can take their places.
    fn keyed(&self, query: &Query, rows: Option<&Select>) -> Option<usize> {
        let ([Step::Key(values)], Some(rows)) = (query.steps.as_slice(), rows) else {
            return None;
        };
        let columns = &self.mapping.table(query.root).columns;
        let single =
            |(property, _): &(usize, Value)| self.dialect.has_one_of_each(columns[*property].primitive);
        (rows.filter.len() == values.len() && values.iter().all(single)).then_some(values.len())
    }

    /// Gives a row when the entity before the last navigation is there.
    fn before_navigation(&self, query: &Query) -> Result<Option<Select>, Unsupported> {
        let (mut found, mut each) = (None, false);
        for (at, step) in query.steps.iter().enumerate() {
            match step {
                // A collection without members is there, too.
                Step::Each => each = true,
                Step::Key(_) => each = false,
                Step::Navigate(_) if !each => found = Some(at),
                Step::Call(function, _) if self.of_one(*function) => found = Some(at),
                Step::Navigate(_) | Step::Call(..) | Step::Filter(_) => {}
            }
        }
        let Some(at) = found else {
            return Ok(None);
        };
        let mut select = self.path(query.root, &query.steps[..at])?.finish();
        select.columns.push(Sql::Integer(1));
        select.limit = Some(1);
        Ok(Some(select))
    }

    /// Whether a function is called on one entity.
    fn of_one(&self, function: usize) -> bool {
        let bound = &self.mapping.model.functions[function].bound;
        bound.as_ref().is_some_and(|bound| !bound.collection)
    }
}
