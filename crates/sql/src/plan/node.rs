//! One level of the result: its columns, conditions and total order.

use nextlink_odata::layout::{Cell, Node, NodeLink};
use nextlink_odata::model::{EntitySetId, PrimitiveType};
use nextlink_odata::query::{
    Addressed, Expand, Expr, ExprKind, Input, Order, Place, Query, Rows, RowsKind, Step, Transform, Variable,
};

use super::frames::{Frames, target_set};
use super::rows::Base;
use super::{NodePlan, PlanLimits, Planner};
use crate::catalog::NativeType;
use crate::dialect::Unsupported;
use crate::mapping::Link;
use crate::statement::ResultColumn;
use crate::tree::{KeyColumn, Operator, OrderTerm, Select, Sql};

impl Planner<'_> {
    /// The first level: the addressed entities, a property of one, or their number.
    pub(super) fn root(
        &self,
        query: &Query,
        node: &Node,
        limits: PlanLimits,
    ) -> Result<NodePlan, Unsupported> {
        let mut frames = self.asked(query)?;
        if let (true, Some(parent)) = (of_nothing(&query.input), self.before_navigation(query)?) {
            // Not where the entity is missing that leads to what is summed up.
            frames.filter(Sql::Exists(Box::new(parent)));
        }
        if query.addressed == Addressed::Count {
            let mut select = frames.finish();
            select.columns.push(Sql::CountAll);
            return Ok(node_plan(None, Some(select), None, None, Vec::new()));
        }
        if let Addressed::Property(property) | Addressed::RawValue(property) = query.addressed {
            let (alias, set) = frames.current();
            for condition in self.items_are_there(alias, set, property, &query.inside)? {
                frames.filter(condition);
            }
        }
        let cells = self.add_cells(&mut frames, node)?;
        if query.addressed == Addressed::Collection {
            match innermost(&query.input) {
                _ if query.since.is_some() => self.add_change_order(&mut frames)?,
                Input::Rows(rows) => self.add_row_order(&mut frames, &query.orderby, rows)?,
                Input::Product(sets) => self.add_product_order(&mut frames, &query.orderby, sets)?,
                Input::Path | Input::Keys(_) | Input::Joined(_) | Input::Walked(_) => {
                    self.add_order(&mut frames, &query.orderby, query.selection.set)?;
                }
            }
        }
        let only = matches!(query.addressed, Addressed::Result | Addressed::RawResult);
        if let (true, Input::Rows(rows)) = (only, &query.input) {
            // Where its SELECT gives several, the answer is the same each time.
            self.add_row_order(&mut frames, &[], rows)?;
        }
        let functions = &self.mapping.model.functions;
        let of_one =
            |step: &Step| matches!(step, Step::Call(function, _) if !functions[*function].collection);
        let single = query.singleton.is_some() || query.steps.last().is_some_and(of_one);
        let one = single && !only && query.addressed != Addressed::Collection;
        if one {
            // Its table should have one row; where it has more, the answer is the same each time.
            self.add_order(&mut frames, &[], query.selection.set)?;
        }
        let mut select = frames.finish();
        select.limit = match (query.top.or((one || only).then_some(1)), limits.rows) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        select.offset = query.skip;
        Ok(node_plan(None, Some(select), None, cells, Vec::new()))
    }

    /// A lower level: the rows of an expanded collection for a number of parent rows.
    pub(super) fn child(
        &self,
        query: &Query,
        node: &Node,
        link: &NodeLink,
        above: &mut [NodePlan],
    ) -> Result<NodePlan, Unsupported> {
        let expand = link.expand;
        let (mut frames, near) = self.child_frames(link)?;
        if !matches!(expand.input, Input::Path) {
            frames = self.input(Base::Below(link), &expand.input)?;
        }
        if let Input::Rows(rows) = &expand.input {
            let (alias, _) = frames.current();
            let position = Sql::carried(alias, rows.columns.len());
            frames.filter(Sql::binary(Operator::Eq, position, Sql::Position));
        }
        frames.belong(Sql::Position);
        let (mut keys, mut further) = (self.link_keys(link, &near), Vec::new());
        let mut it = None;
        if let Some(variable) = expand.it {
            // The entity that the request is about, found by its key.
            let set = query.selection.set;
            let key = &self.mapping.model.entity_type(self.mapping.model.entity_set(set).entity_type).key;
            let first = keys.len();
            further.extend(key.iter().map(|property| (set, *property)));
            keys.extend(self.key_columns(&further));
            let values = (first..keys.len()).map(Sql::Key).collect();
            it = Some(frames.also(self.mapping, variable, set, key, values));
        }
        self.add_filter(&mut frames, expand.filter.as_ref())?;
        let count = if expand.count {
            let mut select = frames.select().clone();
            select.keys = Some(keys.clone());
            select.columns = vec![Sql::Position, Sql::CountAll];
            select.count_by_parent = true;
            Some(select)
        } else {
            None
        };
        frames.select().columns.push(Sql::Position);
        let cells = self.add_cells(&mut frames, node)?;
        match (&expand.input, &expand.group) {
            (Input::Rows(rows), _) => self.add_row_order(&mut frames, &expand.orderby, rows)?,
            (_, Some(group)) if !group.entities => {
                self.add_row_order(&mut frames, &expand.orderby, &group.rows)?;
            }
            _ => self.add_order(&mut frames, &expand.orderby, expand.selection.set)?,
        }
        let mut rows = frames.finish();
        rows.keys = Some(keys);
        if expand.top.is_some() || expand.skip > 0 {
            rows.window = Some((expand.skip, expand.top));
        }
        let parent = &mut above[link.parent];
        let alias = self.alias_in(parent, &link.path);
        let own = parent.it.unwrap_or_else(|| self.alias_in(parent, &[]));
        let column = |alias, (set, property): (EntitySetId, usize)| {
            Sql::column(alias, &self.mapping.table(set).columns[property].column)
        };
        let mut wanted: Vec<Sql> = near.iter().map(|property| column(alias, (link.set, *property))).collect();
        wanted.extend(number_of_group(expand, alias));
        wanted.extend(further.iter().map(|key| column(own, *key)));
        let numbers = link_columns(parent, wanted);
        let rows = if expand.count_only { None } else { Some(rows) };
        let whole = expand.group.is_some();
        Ok(NodePlan { it, whole, ..node_plan(Some(link.parent), rows, count, cells, numbers) })
    }

    /// What tells to which parent row the rows of a lower level belong.
    pub(super) fn link_keys(&self, link: &NodeLink, near: &[usize]) -> Vec<KeyColumn> {
        if link.expand.group.is_some() {
            let native = NativeType::Named { schema: "pg_catalog".to_owned(), name: "int8".to_owned() };
            return vec![KeyColumn { primitive: PrimitiveType::Int64, native }];
        }
        let linked: Vec<_> = near.iter().map(|property| (link.set, *property)).collect();
        self.key_columns(&linked)
    }

    fn key_columns(&self, linked: &[(EntitySetId, usize)]) -> Vec<KeyColumn> {
        let column = |(set, property): &(EntitySetId, usize)| {
            let column = &self.mapping.table(*set).columns[*property];
            KeyColumn { primitive: column.primitive, native: column.native.clone() }
        };
        linked.iter().map(column).collect()
    }

    /// The tables of a lower level, and the parent's properties it is found by.
    pub(super) fn child_frames(&self, link: &NodeLink) -> Result<(Frames, Vec<usize>), Unsupported> {
        if let Some(group) = &link.expand.group {
            return Ok((self.of_group(group)?, Vec::new()));
        }
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
        Ok((frames, near))
    }

    /// The alias, in the parent's rows, of the entity that the collection hangs on: single-valued navigation was
    /// joined there when its cells were added, in the same order.
    fn alias_in(&self, parent: &NodePlan, navigation: &[usize]) -> usize {
        parent.aliases.iter().find(|(path, _)| path == navigation).map_or(0, |(_, alias)| *alias)
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
        match filter {
            Some(filter) => self.keep(frames, filter, false),
            None => Ok(()),
        }
    }

    fn add_cells(&self, frames: &mut Frames, node: &Node) -> Result<Cells, Unsupported> {
        let (alias, root) = frames.current();
        let columns = Vec::with_capacity(node.cells.len());
        let mut cells = Cells { columns, aliases: vec![(Vec::new(), alias)] };
        frames.select().columns.reserve(node.cells.len() + 1);
        for cell in &node.cells {
            let (read, result) = match cell {
                Cell::Value(expr) => self.value_cell(frames, expr)?,
                Cell::Chosen { path, set, property, inside, chosen } => {
                    let alias = self.alias_of(frames, node, (alias, root), path, &mut cells.aliases);
                    self.chosen_cell(frames, (alias, *set, *property, inside), chosen)?
                }
                Cell::Dynamic { path, set } => {
                    let alias = frames.resolve(self.mapping, &self.place(node, root, path));
                    self.dynamic_cell(alias, *set)
                }
                Cell::Told { path, when } => {
                    self.alias_of(frames, node, (alias, root), path, &mut cells.aliases);
                    self.value_cell(frames, when)?
                }
                Cell::Change(change) => self.change_cell(frames, *change)?,
                Cell::Property { path, set, property, inside } => {
                    let alias = self.alias_of(frames, node, (alias, root), path, &mut cells.aliases);
                    let (read, result) = self.cell(alias, *set, *property, inside)?;
                    // Of what has changed there may be no more than the key.
                    let changes = self.query.since.is_some();
                    let other = !path.is_empty() || changes || self.is_partly(*set, *property);
                    let nullable = result.nullable || other;
                    (read, ResultColumn { nullable, property: Some((*set, *property)), ..result })
                }
                Cell::MediaType { path, set, stream } => {
                    let alias = self.alias_of(frames, node, (alias, root), path, &mut cells.aliases);
                    self.media_type_cell(alias, *set, *stream)?
                }
                Cell::Etag { path, set, number } => {
                    let alias = self.alias_of(frames, node, (alias, root), path, &mut cells.aliases);
                    let table = self.mapping.table(*set);
                    self.plain_cell(alias, &table.columns[table.etag[*number]])
                }
            };
            frames.select().columns.push(read);
            cells.columns.push(result);
        }
        Ok(cells)
    }

    /// The alias of the entity at the end of a path.
    fn alias_of(
        &self,
        frames: &mut Frames,
        node: &Node,
        (own, root): (usize, EntitySetId),
        path: &[usize],
        known: &mut Vec<(Vec<usize>, usize)>,
    ) -> usize {
        // Most cells belong to the entity itself.
        if path.is_empty() {
            return own;
        }
        let joined = frames.resolve(self.mapping, &self.place(node, root, path));
        if !known.iter().any(|(known, _)| known == path) {
            known.push((path.to_vec(), joined));
        }
        joined
    }

    fn place(&self, node: &Node, set: EntitySetId, path: &[usize]) -> Place {
        let (mut place, navigation) = match path {
            // The first step chooses the set where rows are of several entities.
            [number, rest @ ..] if !node.selection.combined.is_empty() => {
                let one = &node.selection.combined[*number];
                (Place::of(one.variable, one.set), rest)
            }
            all => (Place::of(Variable(0), set), all),
        };
        for index in navigation {
            let target = target_set(self.mapping, place.target(), *index);
            place.path.push((*index, target));
        }
        place
    }

    /// The order of combinations, made total by the keys of all their entities.
    fn add_product_order(
        &self,
        frames: &mut Frames,
        orderby: &[Order],
        sets: &[EntitySetId],
    ) -> Result<(), Unsupported> {
        self.add_terms(frames, orderby)?;
        let model = &self.mapping.model;
        for (number, set) in sets.iter().enumerate() {
            let alias = frames.resolve(self.mapping, &Place::of(Variable(number), *set));
            for key in &model.entity_type(model.entity_set(*set).entity_type).key {
                let term = self.key_term(alias, *set, *key);
                if !frames.select().order.iter().any(|known| known.expr == term.expr) {
                    frames.select().order.push(term);
                }
            }
        }
        Ok(())
    }

    /// The order that was asked for, made total by the key.
    pub(super) fn add_order(
        &self,
        frames: &mut Frames,
        orderby: &[Order],
        set: EntitySetId,
    ) -> Result<(), Unsupported> {
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
                // Points in time that differ can be one in a time zone whose clocks leave some out.
                if self.property(set, property).1.zone().is_none() {
                    seen.push(property);
                }
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
            let term = self.key_term(alias, set, *key);
            frames.select().order.push(term);
        }
        Ok(())
    }

    /// What a part of the key is ordered by, so that no two entities are alike and an index serves.
    fn key_term(&self, alias: usize, set: EntitySetId, key: usize) -> OrderTerm {
        let (_, map) = self.property(set, key);
        let column = if map.codes.is_some() || map.zone().is_some() {
            self.raw(Sql::column(alias, &map.column), false, map)
        } else {
            self.column(alias, set, key)
        };
        let value = self.dialect.order_value(&column);
        OrderTerm { expr: self.dialect.key_order(column), value, descending: false, nullable: false }
    }
}

/// Where the rows above have the number of the group that belongs to each of them.
fn number_of_group(expand: &Expand, alias: usize) -> Option<Sql> {
    match &expand.group.as_ref()?.number.kind {
        ExprKind::Column(_, number) => Some(Sql::carried(alias, *number)),
        _ => None,
    }
}

/// Numbers of the link columns that a child needs in its parent's rows, added where they are missing.
fn link_columns(parent: &mut NodePlan, wanted: Vec<Sql>) -> Vec<usize> {
    let Some(rows) = &mut parent.rows else {
        return Vec::new();
    };
    let position = usize::from(parent.parent.is_some());
    let behind = position + parent.cells.len();
    let mut number = |wanted: Sql| {
        let found = rows.columns[behind..].iter().position(|c| *c == wanted);
        found.unwrap_or_else(|| {
            rows.columns.push(wanted);
            parent.links += 1;
            parent.links - 1
        })
    };
    wanted.into_iter().map(&mut number).collect()
}

/// What rows are of, whatever stands beside them.
fn innermost(mut input: &Input) -> &Input {
    loop {
        input = match input {
            Input::Walked(walked) => &walked.0,
            // What stands beside such rows is another form of what they are.
            Input::Joined(joined) if matches!(joined.input, Input::Rows(_) | Input::Joined(_)) => {
                &joined.input
            }
            _ => return input,
        };
    }
}

/// Whether rows are made even of nothing, as a sum of no rows is one.
fn of_nothing(input: &Input) -> bool {
    let Input::Rows(rows) = input else {
        return false;
    };
    let all_in_one = |transform: &Transform| transform.group == Some(0) || of_nothing(&transform.input);
    match &rows.kind {
        RowsKind::Select(transform) => all_in_one(transform),
        // Its SELECT need not look at what it is called on.
        RowsKind::Called(..) => true,
        RowsKind::Union(parts) => parts
            .iter()
            .any(|part| matches!(&part.kind, RowsKind::Select(transform) if all_in_one(transform))),
    }
}

/// The cells of a level, and where in its select the entities are that they belong to.
pub(super) struct Cells {
    columns: Vec<ResultColumn>,
    aliases: Vec<(Vec<usize>, usize)>,
}

pub(super) fn node_plan(
    parent: Option<usize>,
    rows: Option<Select>,
    count: Option<Select>,
    cells: impl Into<Option<Cells>>,
    link: Vec<usize>,
) -> NodePlan {
    let cells = cells.into().unwrap_or(Cells { columns: Vec::new(), aliases: Vec::new() });
    NodePlan {
        parent,
        whole: false,
        rows,
        count,
        cells: cells.columns,
        aliases: cells.aliases,
        it: None,
        link,
        links: 0,
    }
}
