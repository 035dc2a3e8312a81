//! What `$apply` makes of rows: selects in the place of a table, and values of groups.

use nextlink_odata::model::{EntitySetId, PrimitiveType as P};
use nextlink_odata::query::{
    Aggregation, Expr, ExprKind, Input, Joined, Order, Query, RowColumn, Rows, RowsKind, Transform, Variable,
};

use nextlink_odata::layout::NodeLink;

use super::Planner;
use super::average::totals;
use super::frames::{Carried, Frames};
use crate::dialect::{Form, Operand, Unsupported};
use crate::statement::ResultColumn;
use crate::tree::{Join, JoinKind, Operator, OrderTerm, Select, Source, Sql, TableRef};

/// What rows are made of in the end.
#[derive(Clone, Copy)]
pub(super) enum Base<'a> {
    /// What the request is about.
    Request,
    /// An expanded collection: each select has the position of the parent row behind its columns.
    Below(&'a NodeLink<'a>),
}

impl Planner<'_> {
    /// Tables and conditions of what the options of a query are about.
    pub(super) fn input(&self, base: Base<'_>, input: &Input) -> Result<Frames, Unsupported> {
        Ok(match input {
            Input::Path => self.base(base)?,
            Input::Keys(rows) => {
                let (selects, _) = self.selects(base, rows)?;
                let mut frames = match whole_set(rows) {
                    Some(set) => self.path(set, &[])?,
                    None => self.base(base)?,
                };
                let (alias, set) = frames.current();
                let columns = &self.mapping.table(set).columns;
                let ty = self.mapping.model.entity_type(self.mapping.model.entity_set(set).entity_type);
                let mut key: Vec<Sql> =
                    ty.key.iter().map(|property| Sql::column(alias, &columns[*property].column)).collect();
                if let Base::Below(_) = base {
                    // An entity can belong to several parent rows.
                    key.push(Sql::Position);
                }
                frames.keep(Source::Selects(selects), key.into_iter().enumerate());
                frames
            }
            Input::Product(sets) => {
                let mut frames = self.path(sets[0], &[])?;
                for (number, set) in sets.iter().enumerate().skip(1) {
                    frames.combine(self.mapping, Variable(number), *set);
                }
                frames
            }
            Input::Walked(walked) => {
                let (input, value, variable, walked) = &**walked;
                let mut frames = self.input(base, input)?;
                self.walk_beside(&mut frames, (value, *variable, walked))?;
                frames
            }
            Input::Joined(joined) => {
                let mut frames = self.input(base, &joined.input)?;
                self.join(&mut frames, joined)?;
                frames
            }
            Input::Rows(rows) => {
                let (selects, columns) = self.selects(base, rows)?;
                Frames::of_rows(Variable(0), self.query.selection.set, Source::Selects(selects), columns)
            }
        })
    }

    /// Tables and conditions of what rows are made of.
    fn base(&self, base: Base<'_>) -> Result<Frames, Unsupported> {
        match base {
            Base::Request => self.path(self.query.root, &self.query.steps),
            Base::Below(link) => {
                let (mut frames, near) = self.child_frames(link)?;
                frames.select().keys = Some(self.link_keys(link, &near));
                Ok(frames)
            }
        }
    }

    /// Puts the entities of a collection beside the rows.
    fn join(&self, frames: &mut Frames, joined: &Joined) -> Result<(), Unsupported> {
        let number = frames.join(self.mapping, &joined.related, joined.outer);
        let Some(predicate) = &joined.related.predicate else {
            return Ok(());
        };
        let condition = self.condition(frames, predicate)?;
        match number {
            None => frames.filter(condition),
            // A row that is there without them stays.
            Some(number) if frames.select().from.len() == number + 1 => {
                frames.select().from[number].on.push(condition);
            }
            Some(_) => {
                let what = "A condition of an outerjoin that leads to other entities".to_owned();
                return Err(Unsupported { what, database: self.dialect.name() });
            }
        }
        Ok(())
    }

    /// The selects that give rows, and what their columns hold.
    pub(super) fn selects(
        &self,
        base: Base<'_>,
        rows: &Rows,
    ) -> Result<(Vec<Select>, Vec<Carried>), Unsupported> {
        match &rows.kind {
            RowsKind::Select(transform) => {
                let (select, columns) = self.transform(base, transform, &[])?;
                Ok((vec![select], columns))
            }
            RowsKind::Union(parts) => self.union(base, &rows.columns, parts),
            RowsKind::Called(function, values) => {
                let (select, columns) = self.called(*function, values)?;
                Ok((vec![select], columns))
            }
        }
    }

    fn union(
        &self,
        base: Base<'_>,
        columns: &[RowColumn],
        parts: &[Rows],
    ) -> Result<(Vec<Select>, Vec<Carried>), Unsupported> {
        let transforms: Vec<&Transform> = parts
            .iter()
            .filter_map(|part| match &part.kind {
                RowsKind::Select(transform) => Some(&**transform),
                RowsKind::Union(_) | RowsKind::Called(..) => None,
            })
            .collect();
        let mut planned = Vec::with_capacity(parts.len());
        for transform in &transforms {
            planned.push(self.transform(base, transform, &[])?);
        }
        // Numbers and durations that lie there in several forms meet as digits.
        let form = |part: &(Select, Vec<Carried>), column: usize| {
            let null = matches!(part.0.columns[column], Sql::Null | Sql::Cast(..));
            (!null).then(|| part.1[column].operand.form)
        };
        let exact: Vec<bool> = (0..columns.len())
            .map(|column| {
                let forms: Vec<Form> = planned.iter().filter_map(|part| form(part, column)).collect();
                let meet = match columns[column].primitive {
                    Some(P::Decimal) => true,
                    Some(P::Duration) => forms.contains(&Form::Exact),
                    _ => false,
                };
                meet && forms.iter().any(|other| Some(other) != forms.first())
            })
            .collect();
        if exact.contains(&true) {
            planned.clear();
            for transform in &transforms {
                planned.push(self.transform(base, transform, &exact)?);
            }
        }
        let facts = (0..columns.len()).map(|column| {
            let known = planned.iter().find(|part| form(part, column).is_some()).or(planned.first());
            let mut facts = known.map(|part| part.1[column].clone()).unwrap_or_default();
            facts.operand.nullable = columns[column].nullable;
            facts.members = columns[column].enumeration;
            facts
        });
        let facts = facts.collect();
        Ok((planned.into_iter().map(|(select, _)| select).collect(), facts))
    }

    /// One select, and what its columns hold; numbers of some columns as exact digits.
    fn transform(
        &self,
        base: Base<'_>,
        transform: &Transform,
        exact: &[bool],
    ) -> Result<(Select, Vec<Carried>), Unsupported> {
        let mut frames = self.input(base, &transform.input)?;
        let position = match base {
            Base::Request => None,
            Base::Below(_) => Some(parent_position(&frames, &transform.input)),
        };
        if let Some(position) = &position {
            frames.belong(position.clone());
        }
        self.add_filter(&mut frames, transform.filter.as_ref())?;
        let mut carried = Vec::with_capacity(transform.values.len());
        for (number, value) in transform.values.iter().enumerate() {
            if let Some((sql, whole)) = self.whole(&mut frames, value)? {
                frames.select().columns.push(sql);
                carried.push(Carried { whole: Some(whole), ..Carried::default() });
                continue;
            }
            let operand = self.operand(&mut frames, value)?;
            let text = matches!(operand.sql, Sql::Collate(..)) && operand.primitive == Some(P::String);
            let operand = if matches!(operand.sql, Sql::Null) {
                let null = self.dialect.null(value.primitive.unwrap_or(P::String));
                Operand { form: Form::Computed, ..operand.with(null) }
            } else if number < transform.keys {
                match self.bare_key(&mut frames, value) {
                    Some(key) => operand.with(key),
                    None => self.dialect.carried(operand),
                }
            } else if exact.get(number) == Some(&true) {
                let facts = Operand { form: Form::Exact, ..operand.clone() };
                facts.with(self.dialect.exact(operand))
            } else {
                self.dialect.carried(operand)
            };
            frames.select().columns.push(operand.sql.clone());
            let members = match &value.kind {
                ExprKind::Column(variable, number) => {
                    frames.carried(*variable, *number).and_then(|(_, carried)| carried.members)
                }
                // A column of the database's own type has its order.
                ExprKind::Property(..) | ExprKind::Member(..) => {
                    value.enumeration.filter(|_| self.coded(&mut frames, value).is_some())
                }
                _ => value.enumeration,
            };
            carried.push(Carried { members, ..Carried::of(operand, text) });
        }
        frames.select().columns.extend(position.clone());
        self.add_terms(&mut frames, &transform.orderby)?;
        let mut select = frames.finish();
        select.group = transform.group.unwrap_or(0);
        select.group_last = transform.group.is_some() && position.is_some();
        match position {
            Some(position) => select = part_of_each(select, position, (transform.skip, transform.top)),
            None => (select.limit, select.offset) = (transform.top, transform.skip),
        }
        self.fits(&select)?;
        Ok((select, carried))
    }

    /// A property of the key as it lies in the table.
    pub(super) fn bare_key(&self, frames: &mut Frames, value: &Expr) -> Option<Sql> {
        let (place, property) = match &value.kind {
            ExprKind::Property(place, property) => (place, property),
            ExprKind::Column(variable, number) => {
                return frames.carried(*variable, *number).map(|found| found.0);
            }
            _ => return None,
        };
        let alias = frames.resolve(self.mapping, place);
        Some(Sql::column(alias, &self.mapping.table(place.target()).columns[*property].column))
    }

    /// What to order by.
    pub(super) fn add_terms(&self, frames: &mut Frames, orderby: &[Order]) -> Result<(), Unsupported> {
        for order in orderby {
            if let Some(term) = self.term(frames, &order.expr, order.descending)? {
                frames.select().order.push(term);
            }
        }
        Ok(())
    }

    /// An item of the order; none where it puts no row before another.
    pub(super) fn term(
        &self,
        frames: &mut Frames,
        expr: &Expr,
        descending: bool,
    ) -> Result<Option<OrderTerm>, Unsupported> {
        let known = match self.member_order(frames, expr)? {
            Some(operand) => Some(operand),
            None => self.coded_order(frames, expr),
        };
        let operand = match known {
            Some(operand) => operand,
            None if expr.enumeration.is_some() && matches!(expr.kind, ExprKind::Called(_)) => {
                let what = "The order of members that a function gives".to_owned();
                return Err(Unsupported { what, database: self.dialect.name() });
            }
            None => self.operand(frames, expr)?,
        };
        // A bare number would be that of a column, and other literals are an error.
        if operand.form == Form::Constant || operand.sql.is_literal() {
            return Ok(None);
        }
        let nullable = operand.nullable;
        let value = self.dialect.order_value(&operand);
        let key = self.dialect.order_key(operand.clone());
        let expr = self.dialect.sorted(key, &operand);
        Ok(Some(OrderTerm { expr, value, descending, nullable }))
    }

    /// A cell with a value that the model does not have.
    pub(super) fn value_cell(
        &self,
        frames: &mut Frames,
        expr: &Expr,
    ) -> Result<(Sql, ResultColumn), Unsupported> {
        if let Some((sql, whole)) = self.whole(frames, expr)? {
            return Ok(self.whole_cell(sql, whole));
        }
        let operand = self.operand(frames, expr)?;
        let operand = if expr.enumeration.is_some() { self.label_text(operand) } else { operand };
        let column = ResultColumn {
            primitive: expr.primitive.unwrap_or(P::String),
            storage: crate::catalog::Storage::Native,
            nullable: true,
            structure: None,
            property: None,
        };
        if matches!(operand.sql, Sql::Null) {
            return Ok((self.dialect.null(column.primitive), column));
        }
        Ok((self.dialect.value(operand), column))
    }

    /// A value of all rows of a group, or of a select.
    pub(super) fn aggregate(
        &self,
        frames: &mut Frames,
        method: Aggregation,
        of: Option<&Expr>,
        result: P,
    ) -> Result<Operand, Unsupported> {
        let Some(of) = of else {
            return Ok(Operand { nullable: false, ..Operand::computed(Sql::CountAll, result) });
        };
        if let (Aggregation::Average, Some((sum, count))) = (method, totals(of)) {
            return self.average_of_all(frames, &sum, &count);
        }
        let mut operand = self.operand(frames, of)?;
        if operand.sql == Sql::Null {
            // Without a type it would be of any.
            operand.sql = self.dialect.null(of.primitive.unwrap_or(result));
        }
        if let (Aggregation::Min | Aggregation::Max, Some(id)) = (method, of.enumeration) {
            let function = if method == Aggregation::Min { "MIN" } else { "MAX" };
            return self.extreme_member(function, operand, id);
        }
        Ok(match method {
            Aggregation::Count => {
                let count = Sql::call("COUNT", [operand.sql]);
                Operand { nullable: false, ..Operand::computed(count, result) }
            }
            Aggregation::CountDistinct => {
                let value = Sql::Distinct(Box::new(self.dialect.distinct(operand)));
                Operand { nullable: false, ..Operand::computed(Sql::call("COUNT", [value]), result) }
            }
            Aggregation::Min => self.extreme("MIN", operand),
            Aggregation::Max => self.extreme("MAX", operand),
            Aggregation::Sum if is_count(of) => {
                let sum = self.dialect.sum(operand, result);
                let zero = self.dialect.exact(Operand::computed(Sql::Integer(0), P::Int64));
                Operand { nullable: false, sql: Sql::call("COALESCE", [sum.sql, zero]), ..sum }
            }
            Aggregation::Sum => self.dialect.sum(operand, result),
            Aggregation::Average => {
                let count = Sql::call("COUNT", [operand.sql.clone()]);
                let double = matches!(operand.primitive, Some(P::Double | P::Single));
                let sum = self.dialect.sum(operand, if double { P::Double } else { P::Decimal });
                let sum = if double { sum } else { self.dialect.cast(sum, P::Double)? };
                // Where there is nothing to count the sum is null.
                Operand::computed(Sql::binary(Operator::Div, sum.sql, count), P::Double)
            }
        })
    }

    /// The sum of a value over the rows before this one, or over all, among those that have some values in common.
    pub(super) fn running(
        &self,
        frames: &mut Frames,
        of: &Expr,
        (orderby, common): (&[Order], &[Expr]),
        result: P,
    ) -> Result<Operand, Unsupported> {
        let operand = self.operand(frames, of)?;
        let sum = self.dialect.sum(operand, result);
        let mut terms = Vec::with_capacity(orderby.len());
        for order in orderby {
            terms.extend(self.term(frames, &order.expr, order.descending)?);
        }
        let mut among = frames.parent();
        for value in common {
            let operand = self.operand(frames, value)?;
            among.push(self.dialect.carried(operand).sql);
        }
        let over = |call: Sql, terms: Vec<OrderTerm>| Sql::Over(Box::new(call), among, terms);
        let sql = match sum.sql.clone() {
            Sql::Cast(inner, to) => Sql::Cast(Box::new(over(*inner, terms)), to),
            call => over(call, terms),
        };
        Ok(sum.with(sql))
    }

    /// The least or the greatest value of a group.
    pub(super) fn extreme(&self, function: &'static str, operand: Operand) -> Operand {
        // Where the order is not that of the bare values.
        let ordered = matches!(operand.primitive, Some(P::String | P::Decimal | P::Duration));
        let facts = self.dialect.carried(operand.clone());
        let value = if ordered { self.dialect.order_key(operand) } else { facts.sql.clone() };
        Operand { nullable: true, ..facts.with(Sql::call(function, [value])) }
    }

    /// The number of rows of the input that the filter lets through.
    pub(super) fn counted(&self, query: &Query) -> Result<Select, Unsupported> {
        let mut select = self.asked(query)?.finish();
        select.columns.push(Sql::CountAll);
        Ok(select)
    }
}

/// The set that all rows come from, where that is not what the path leads to.
pub(super) fn whole_set(rows: &Rows) -> Option<EntitySetId> {
    let mut input = match &rows.kind {
        RowsKind::Select(transform) => &transform.input,
        RowsKind::Union(parts) => return whole_set(parts.first()?),
        RowsKind::Called(..) => return None,
    };
    loop {
        input = match input {
            Input::Product(sets) => return sets.first().copied(),
            Input::Keys(rows) | Input::Rows(rows) => return whole_set(rows),
            Input::Joined(joined) => &joined.input,
            Input::Walked(walked) => &walked.0,
            Input::Path => return None,
        };
    }
}

/// The position of the parent row among the values of rows.
fn parent_position(frames: &Frames, mut input: &Input) -> Sql {
    loop {
        input = match input {
            Input::Joined(joined) => &joined.input,
            Input::Walked(walked) => &walked.0,
            Input::Rows(rows) => return Sql::carried(frames.current().0, rows.columns.len()),
            Input::Path | Input::Keys(_) | Input::Product(_) => return Sql::Position,
        };
    }
}

/// The rows of a select, of those of each parent row only some by their number in its order.
fn part_of_each(mut select: Select, position: Sql, (skip, top): (u64, Option<u64>)) -> Select {
    let order = std::mem::take(&mut select.order);
    if skip == 0 && top.is_none() {
        return select;
    }
    let width = select.columns.len();
    select.columns.push(Sql::RowNumber(vec![position], order));
    let number = || Box::new(Sql::carried(0, width));
    let count = |rows: u64| Box::new(Sql::Integer(i64::try_from(rows).unwrap_or(i64::MAX)));
    let last = top.map(|top| Sql::Binary(Operator::Le, number(), count(skip.saturating_add(top))));
    let first = (skip > 0).then(|| Sql::Binary(Operator::Gt, number(), count(skip)));
    let table = TableRef { source: Source::Selects(vec![select]), alias: 0 };
    Select {
        columns: (0..width).map(|column| Sql::carried(0, column)).collect(),
        from: vec![Join { kind: JoinKind::Inner, table, on: Vec::new() }],
        filter: first.into_iter().chain(last).collect(),
        ..Select::default()
    }
}

/// Whether a value is how many there are in a collection, or in those behind it: of nothing at all the sum is zero.
fn is_count(value: &Expr) -> bool {
    match &value.kind {
        ExprKind::Gather(Aggregation::Count, ..) => true,
        ExprKind::Gather(Aggregation::Sum, Some(inner), _) => is_count(inner),
        _ => false,
    }
}
