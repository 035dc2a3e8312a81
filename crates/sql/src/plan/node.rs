//! One level of the result: its columns, conditions and total order.

use nextlink_odata::layout::{Cell, Node, NodeLink};
use nextlink_odata::model::{EntitySetId, PrimitiveType};
use nextlink_odata::query::{Addressed, Expr, ExprKind, Input, Order, Place, Query, Rows, Variable};

use super::frames::{Frames, target_set};
use super::{NodePlan, PlanLimits, Planner};
use crate::dialect::Unsupported;
use crate::mapping::Link;
use crate::statement::ResultColumn;
use crate::tree::{KeyColumn, OrderTerm, Select, Sql};

impl Planner<'_> {
    /// The first level: the addressed entities, a property of one, or their number.
    pub(super) fn root(
        &self,
        query: &Query,
        node: &Node,
        limits: PlanLimits,
    ) -> Result<NodePlan, Unsupported> {
        let mut frames = self.input(query, &query.input)?;
        self.add_filter(&mut frames, query.filter.as_ref())?;
        if query.addressed == Addressed::Count {
            let mut select = frames.finish();
            select.columns.push(Sql::CountAll);
            return Ok(node_plan(None, Some(select), None, None, Vec::new()));
        }
        let cells = self.add_cells(&mut frames, node)?;
        if query.addressed == Addressed::Collection {
            match &query.input {
                Input::Rows(rows) => self.add_row_order(&mut frames, &query.orderby, rows)?,
                Input::Path | Input::Keys(_) => {
                    self.add_order(&mut frames, &query.orderby, query.selection.set)?;
                }
            }
        }
        let mut select = frames.finish();
        select.limit = match (query.top, limits.rows) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        select.offset = query.skip;
        Ok(node_plan(None, Some(select), None, cells, Vec::new()))
    }

    /// A lower level: the rows of an expanded collection for a number of parent rows.
    pub(super) fn child(
        &self,
        node: &Node,
        link: &NodeLink,
        above: &mut [NodePlan],
    ) -> Result<NodePlan, Unsupported> {
        let expand = link.expand;
        let (mut frames, near) = self.child_frames(link);
        self.add_filter(&mut frames, expand.filter.as_ref())?;
        let count = if expand.count {
            let mut select = frames.select().clone();
            select.keys = Some(self.key_columns(link, &near));
            select.columns = vec![Sql::Position, Sql::CountAll];
            select.count_by_parent = true;
            Some(select)
        } else {
            None
        };
        frames.select().columns.push(Sql::Position);
        let cells = self.add_cells(&mut frames, node)?;
        self.add_order(&mut frames, &expand.orderby, expand.selection.set)?;
        let mut rows = frames.finish();
        rows.keys = Some(self.key_columns(link, &near));
        if expand.top.is_some() || expand.skip > 0 {
            rows.window = Some((expand.skip, expand.top));
        }
        let parent = &mut above[link.parent];
        let alias = self.alias_in(parent, link);
        let numbers = self.link_columns(parent, alias, link, &near);
        let rows = if expand.count_only { None } else { Some(rows) };
        Ok(node_plan(Some(link.parent), rows, count, cells, numbers))
    }

    fn key_columns(&self, link: &NodeLink, near: &[usize]) -> Vec<KeyColumn> {
        let model = &self.mapping.model;
        let properties = &model.entity_type(model.entity_set(link.set).entity_type).properties;
        let columns = &self.mapping.table(link.set).columns;
        let column = |&i: &usize| KeyColumn {
            primitive: properties[i].primitive().unwrap_or(PrimitiveType::String),
            native: columns[i].native.clone(),
        };
        near.iter().map(column).collect()
    }

    /// The tables of a lower level, and the parent's properties it is found by.
    fn child_frames(&self, link: &NodeLink) -> (Frames, Vec<usize>) {
        let navigation = link.expand.navigation;
        let target = target_set(self.mapping, link.set, navigation);
        let mut frames = Frames::empty();
        let near = match &self.mapping.table(link.set).links[navigation] {
            Link::Direct(pairs) => {
                let there: Vec<usize> = pairs.iter().map(|(_, there)| *there).collect();
                let values = (0..pairs.len()).map(Sql::Key).collect();
                frames.push_direct(self.mapping, Variable(0), target, &there, values);
                pairs.iter().map(|(here, _)| *here).collect()
            }
            Link::Through(through) => {
                let values = (0..through.near.len()).map(Sql::Key).collect();
                frames.push_through(self.mapping, Variable(0), target, through, values);
                through.near.iter().map(|(here, _)| *here).collect()
            }
        };
        (frames, near)
    }

    /// The alias, in the parent's rows, of the entity that the collection hangs on: single-valued navigation was
    /// joined there when its cells were added, in the same order.
    fn alias_in(&self, parent: &NodePlan, link: &NodeLink) -> usize {
        parent.aliases.iter().find(|(path, _)| *path == link.path).map_or(0, |(_, alias)| *alias)
    }

    /// The order of rows that are no entities, made total by what no two of them have in common.
    fn add_row_order(&self, frames: &mut Frames, orderby: &[Order], rows: &Rows) -> Result<(), Unsupported> {
        self.add_terms(frames, orderby)?;
        for number in &rows.identity {
            let column = &rows.columns[*number];
            let expr = Expr {
                at: 0,
                primitive: column.primitive,
                enumeration: column.enumeration,
                nullable: column.nullable,
                kind: ExprKind::Column(Variable(0), *number),
            };
            if let Some(term) = self.term(frames, &expr, false)?
                && !frames.select().order.iter().any(|known| known.expr == term.expr)
            {
                frames.select().order.push(term);
            }
        }
        Ok(())
    }

    pub(super) fn add_filter(&self, frames: &mut Frames, filter: Option<&Expr>) -> Result<(), Unsupported> {
        if let Some(filter) = filter {
            let condition = self.condition(frames, filter)?;
            frames.filter(condition);
        }
        Ok(())
    }

    fn add_cells(&self, frames: &mut Frames, node: &Node) -> Result<Cells, Unsupported> {
        let (alias, root) = frames.current();
        let columns = Vec::with_capacity(node.cells.len());
        let mut cells = Cells { columns, aliases: vec![(Vec::new(), alias)] };
        frames.select().columns.reserve(node.cells.len() + 1);
        for cell in &node.cells {
            let (read, result) = match cell {
                Cell::Value(expr) => self.value_cell(frames, expr)?,
                Cell::Property { path, set, property, inside } => {
                    // Most cells belong to the entity itself.
                    let alias = if path.is_empty() {
                        alias
                    } else {
                        let joined = frames.resolve(self.mapping, &self.place(root, path));
                        if !cells.aliases.iter().any(|(known, _)| known == path) {
                            cells.aliases.push((path.clone(), joined));
                        }
                        joined
                    };
                    let (read, result) = self.cell(alias, *set, *property, inside)?;
                    let nullable = result.nullable || !path.is_empty();
                    (read, ResultColumn { nullable, ..result })
                }
            };
            frames.select().columns.push(read);
            cells.columns.push(result);
        }
        Ok(cells)
    }

    fn place(&self, set: EntitySetId, navigation: &[usize]) -> Place {
        let mut place = Place { variable: Variable(0), set, path: Vec::new() };
        for index in navigation {
            let target = target_set(self.mapping, place.target(), *index);
            place.path.push((*index, target));
        }
        place
    }

    /// The order that was asked for, made total by the key.
    fn add_order(&self, frames: &mut Frames, orderby: &[Order], set: EntitySetId) -> Result<(), Unsupported> {
        let model = &self.mapping.model;
        let ty = model.entity_type(model.entity_set(set).entity_type);
        let own = |expr: &Expr| match &expr.kind {
            ExprKind::Property(place, property) if place.variable == Variable(0) && place.path.is_empty() => {
                Some(*property)
            }
            _ => None,
        };
        let mut seen: Vec<usize> = Vec::new();
        for order in orderby {
            if let Some(property) = own(&order.expr) {
                if seen.contains(&property) {
                    continue;
                }
                seen.push(property);
            }
            let Some(term) = self.term(frames, &order.expr, order.descending)? else {
                continue;
            };
            frames.select().order.push(term);
            if ty.key.iter().all(|key| seen.contains(key)) {
                return Ok(());
            }
        }
        let (alias, _) = frames.current();
        for key in ty.key.iter().filter(|key| !seen.contains(key)) {
            let column = self.column(alias, set, *key);
            let value = self.dialect.order_value(&column);
            let expr = self.dialect.key_order(column);
            frames.select().order.push(OrderTerm { expr, value, descending: false, nullable: false });
        }
        Ok(())
    }
}

/// The cells of a level, and where in its select the entities are that they belong to.
pub(super) struct Cells {
    columns: Vec<ResultColumn>,
    aliases: Vec<(Vec<usize>, usize)>,
}

fn node_plan(
    parent: Option<usize>,
    rows: Option<Select>,
    count: Option<Select>,
    cells: impl Into<Option<Cells>>,
    link: Vec<usize>,
) -> NodePlan {
    let cells = cells.into().unwrap_or(Cells { columns: Vec::new(), aliases: Vec::new() });
    NodePlan { parent, rows, count, cells: cells.columns, aliases: cells.aliases, link, links: 0 }
}
