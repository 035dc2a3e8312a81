//! The tables of a select and of the selects around it: where a variable's columns are found.

use nextlink_odata::model::EntitySetId;
use nextlink_odata::query::{Place, Variable};

use crate::dialect::Operand;
use crate::mapping::{Link, LinkTable, Mapping, TableMap};
use crate::tree::{Join, JoinKind, Operator, Select, Source, Sql, TableRef};

/// The selects in sight, the innermost last.
pub(crate) struct Frames {
    frames: Vec<Frame>,
    next_alias: usize,
}

struct Frame {
    variable: Variable,
    set: EntitySetId,
    alias: usize,
    /// Joined single-valued navigation: (from alias, navigation) to alias.
    joined: Vec<((usize, usize), usize)>,
    /// Of rows that are no entities: what the columns hold.
    columns: Vec<Carried>,
    select: Select,
}

/// What a column of rows that are no entities holds.
#[derive(Debug, Clone)]
pub(crate) struct Carried {
    /// What is known of it; the expression is the one that it was made of.
    pub(crate) operand: Operand,
    /// Whether it is text that the database would not compare by code point.
    pub(crate) text: bool,
}

impl Default for Carried {
    fn default() -> Carried {
        Carried { operand: Operand::constant(Sql::Null, None, true), text: false }
    }
}

fn table_ref(table: &TableMap, alias: usize) -> TableRef {
    named_table(table.schema.as_ref(), &table.table, alias)
}

fn named_table(schema: Option<&String>, name: &str, alias: usize) -> TableRef {
    TableRef { source: Source::Table { schema: schema.cloned(), name: name.to_owned() }, alias }
}

fn equal(left: Sql, right: Sql) -> Sql {
    Sql::binary(Operator::Eq, left, right)
}

impl Frames {
    /// Starts with one table.
    pub(crate) fn new(mapping: &Mapping, variable: Variable, set: EntitySetId) -> Frames {
        let mut frames = Frames { frames: Vec::new(), next_alias: 0 };
        let alias = frames.alias();
        let on = key_is_there(mapping, set, alias);
        let join = Join { kind: JoinKind::Inner, table: table_ref(mapping.table(set), alias), on };
        let select = Select { from: vec![join], ..Select::default() };
        frames.frames.push(Frame { variable, set, alias, joined: Vec::new(), columns: Vec::new(), select });
        frames
    }

    /// Starts with rows that are no entities. `set` is where they came from.
    pub(crate) fn of_rows(
        variable: Variable,
        set: EntitySetId,
        source: Source,
        columns: Vec<Carried>,
    ) -> Frames {
        let mut frames = Frames { frames: Vec::new(), next_alias: 0 };
        let alias = frames.alias();
        let table = TableRef { source, alias };
        let join = Join { kind: JoinKind::Inner, table, on: Vec::new() };
        let select = Select { from: vec![join], ..Select::default() };
        frames.frames.push(Frame { variable, set, alias, joined: Vec::new(), columns, select });
        frames
    }

    /// Starts a subselect over the items of an array.
    pub(crate) fn enter_items(&mut self, array: Sql, variable: Variable, item: Carried) {
        let (_, set) = self.current();
        let alias = self.alias();
        let table = TableRef { source: Source::Items(Box::new(array)), alias };
        let join = Join { kind: JoinKind::Inner, table, on: Vec::new() };
        let select = Select { from: vec![join], ..Select::default() };
        self.frames.push(Frame { variable, set, alias, joined: Vec::new(), columns: vec![item], select });
    }

    /// Keeps the rows of the innermost select for which selects have a row whose columns equal the given ones.
    pub(crate) fn keep(&mut self, source: Source, columns: &[Sql]) {
        let alias = self.alias();
        let pairs = columns.iter().enumerate();
        let on = pairs.map(|(number, column)| equal(column.clone(), Sql::carried(alias, number))).collect();
        let join = Join { kind: JoinKind::Inner, table: TableRef { source, alias }, on };
        self.top().select.from.push(join);
    }

    /// A column of rows that are no entities.
    pub(crate) fn carried(&self, variable: Variable, number: usize) -> Option<(Sql, &Carried)> {
        let frame = self.frames.iter().rev().find(|frame| frame.variable == variable)?;
        Some((Sql::carried(frame.alias, number), frame.columns.get(number)?))
    }

    fn alias(&mut self) -> usize {
        self.next_alias += 1;
        self.next_alias - 1
    }

    fn top(&mut self) -> &mut Frame {
        // invariant: there is a frame from `new` on, and `leave` takes only what `enter` has put there.
        self.frames.last_mut().expect("a frame")
    }

    /// The alias and the set of the innermost variable.
    pub(crate) fn current(&self) -> (usize, EntitySetId) {
        // invariant: as in `top`.
        let frame = self.frames.last().expect("a frame");
        (frame.alias, frame.set)
    }

    /// The innermost select.
    pub(crate) fn select(&mut self) -> &mut Select {
        &mut self.top().select
    }

    /// Adds a condition to the innermost select.
    pub(crate) fn filter(&mut self, condition: Sql) {
        self.top().select.filter.push(condition);
    }

    /// Moves the innermost variable along a navigation property by an inner join.
    pub(crate) fn navigate(&mut self, mapping: &Mapping, navigation: usize) {
        let (from, set) = self.current();
        let target = target_set(mapping, set, navigation);
        let link = &mapping.table(set).links[navigation];
        let to = self.join_link(mapping, JoinKind::Inner, (from, set), link, target);
        let frame = self.top();
        frame.alias = to;
        frame.set = target;
    }

    /// Joins the target of a link to the innermost select and gives its alias.
    fn join_link(
        &mut self,
        mapping: &Mapping,
        kind: JoinKind,
        (from, set): (usize, EntitySetId),
        link: &Link,
        target: EntitySetId,
    ) -> usize {
        match link {
            Link::Direct(pairs) => {
                let to = self.alias();
                let equals = pairs.iter().map(|(here, there)| {
                    equal(
                        Sql::column(to, &mapping.table(target).columns[*there].column),
                        Sql::column(from, &mapping.table(set).columns[*here].column),
                    )
                });
                let on = equals.chain(key_is_there(mapping, target, to)).collect();
                let join = Join { kind, table: table_ref(mapping.table(target), to), on };
                self.top().select.from.push(join);
                to
            }
            Link::Through(through) => {
                let near = through
                    .near
                    .iter()
                    .map(|(here, _)| Sql::column(from, &mapping.table(set).columns[*here].column))
                    .collect();
                self.join_through(mapping, kind, through, near, target)
            }
        }
    }

    /// Joins a link table, whose near columns equal the given ones, and its target.
    fn join_through(
        &mut self,
        mapping: &Mapping,
        kind: JoinKind,
        through: &LinkTable,
        near: Vec<Sql>,
        target: EntitySetId,
    ) -> usize {
        let (middle, to) = (self.alias(), self.alias());
        let on = through
            .near
            .iter()
            .zip(near)
            .map(|((_, column), value)| equal(Sql::column(middle, column), value));
        let table = named_table(through.schema.as_ref(), &through.table, middle);
        let on = on.collect();
        self.top().select.from.push(Join { kind, table, on });
        let on = far_conditions(mapping, through, middle, to, target);
        let join = Join { kind, table: table_ref(mapping.table(target), to), on };
        self.top().select.from.push(join);
        to
    }

    /// The alias of the entity at a place, joining what is not joined yet in the select of its variable.
    pub(crate) fn resolve(&mut self, mapping: &Mapping, place: &Place) -> usize {
        let index = self.frames.iter().rposition(|f| f.variable == place.variable).unwrap_or(0);
        // Joins go into the select of the variable, which need not be the innermost one.
        let inner = self.frames.split_off(index + 1);
        let (mut alias, mut set) = self.current();
        for (navigation, target) in &place.path {
            let step = (alias, *navigation);
            let found = self.top().joined.iter().find(|(from, _)| *from == step).map(|(_, to)| *to);
            alias = match found {
                Some(to) => to,
                None => {
                    let link = &mapping.table(set).links[*navigation];
                    let to = self.join_link(mapping, JoinKind::Left, (alias, set), link, *target);
                    self.top().joined.push((step, to));
                    to
                }
            };
            set = *target;
        }
        self.frames.extend(inner);
        alias
    }

    /// Starts a subselect over the entities that a collection-valued navigation property of a place leads to.
    pub(crate) fn enter(&mut self, mapping: &Mapping, place: &Place, navigation: usize, variable: Variable) {
        let from = self.resolve(mapping, place);
        let set = place.target();
        let target = target_set(mapping, set, navigation);
        let near = |property: &usize| Sql::column(from, &mapping.table(set).columns[*property].column);
        match &mapping.table(set).links[navigation] {
            Link::Direct(pairs) => {
                let values = pairs.iter().map(|(here, _)| near(here)).collect();
                let columns: Vec<usize> = pairs.iter().map(|(_, there)| *there).collect();
                self.push_direct(mapping, variable, target, &columns, values);
            }
            Link::Through(through) => {
                let values = through.near.iter().map(|(here, _)| near(here)).collect();
                self.push_through(mapping, variable, target, through, values);
            }
        }
    }

    /// Starts a select over entities whose properties equal the given values.
    pub(crate) fn push_direct(
        &mut self,
        mapping: &Mapping,
        variable: Variable,
        target: EntitySetId,
        properties: &[usize],
        values: Vec<Sql>,
    ) {
        let alias = self.alias();
        let columns = &mapping.table(target).columns;
        let equals = properties
            .iter()
            .zip(values)
            .map(|(property, value)| equal(Sql::column(alias, &columns[*property].column), value));
        let on = equals.chain(key_is_there(mapping, target, alias)).collect();
        let join = Join { kind: JoinKind::Inner, table: table_ref(mapping.table(target), alias), on };
        let select = Select { from: vec![join], ..Select::default() };
        self.frames.push(Frame {
            variable,
            set: target,
            alias,
            joined: Vec::new(),
            columns: Vec::new(),
            select,
        });
    }

    /// Starts a select over entities behind a link table whose near columns equal the given values.
    pub(crate) fn push_through(
        &mut self,
        mapping: &Mapping,
        variable: Variable,
        target: EntitySetId,
        through: &LinkTable,
        values: Vec<Sql>,
    ) {
        let (middle, alias) = (self.alias(), self.alias());
        let on = through
            .near
            .iter()
            .zip(values)
            .map(|((_, column), value)| equal(Sql::column(middle, column), value))
            .collect();
        let table = named_table(through.schema.as_ref(), &through.table, middle);
        let link = Join { kind: JoinKind::Inner, table, on };
        let on = far_conditions(mapping, through, middle, alias, target);
        let join = Join { kind: JoinKind::Inner, table: table_ref(mapping.table(target), alias), on };
        let select = Select { from: vec![link, join], ..Select::default() };
        self.frames.push(Frame {
            variable,
            set: target,
            alias,
            joined: Vec::new(),
            columns: Vec::new(),
            select,
        });
    }

    /// Ends the innermost select.
    pub(crate) fn leave(&mut self) -> Select {
        self.frames.pop().map(|f| f.select).unwrap_or_default()
    }

    /// The outermost select.
    pub(crate) fn finish(mut self) -> Select {
        self.frames.truncate(1);
        self.leave()
    }

    /// Frames without any select yet, for a level below another.
    pub(crate) fn empty() -> Frames {
        Frames { frames: Vec::new(), next_alias: 0 }
    }
}

/// Conditions that keep rows out whose key has a null: they are no entities.
fn key_is_there(mapping: &Mapping, set: EntitySetId, alias: usize) -> Vec<Sql> {
    let table = mapping.table(set);
    if !table.null_key {
        return Vec::new();
    }
    let key = &mapping.model.entity_type(mapping.model.entity_set(set).entity_type).key;
    key.iter().map(|k| Sql::IsNotNull(Box::new(Sql::column(alias, &table.columns[*k].column)))).collect()
}

fn far_conditions(
    mapping: &Mapping,
    through: &LinkTable,
    middle: usize,
    to: usize,
    target: EntitySetId,
) -> Vec<Sql> {
    let columns = &mapping.table(target).columns;
    let equals = through
        .far
        .iter()
        .map(|(column, there)| equal(Sql::column(to, &columns[*there].column), Sql::column(middle, column)));
    equals.chain(key_is_there(mapping, target, to)).collect()
}

/// The set a navigation property leads to.
pub(crate) fn target_set(mapping: &Mapping, set: EntitySetId, navigation: usize) -> EntitySetId {
    let model = &mapping.model;
    model.entity_type(model.entity_set(set).entity_type).navigation[navigation].target_set
}
