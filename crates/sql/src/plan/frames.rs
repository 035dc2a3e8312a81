//! The tables of a select and of the selects around it: where a variable's columns are found.

mod carried;
mod once;

use nextlink_odata::model::EntitySetId;
use nextlink_odata::query::{Place, Related, Variable};

use super::there::{Seen, key_is_there, link_opened, opened, stays, with_all_rows};
use crate::mapping::{Link, LinkTable, Mapping};
use crate::tree::{Join, JoinKind, Operator, Select, Source, Sql, TableRef};

pub(crate) use carried::{Carried, JsonPlace};

/// The selects in sight, the innermost last.
pub(crate) struct Frames {
    frames: Vec<Frame>,
    next_alias: usize,
    /// Of rows that belong to parent rows: the position of those. What numbers or adds up rows does so within each.
    parent: Option<Sql>,
}

struct Frame {
    variable: Variable,
    set: EntitySetId,
    alias: usize,
    /// Other variables of the same rows: their sets and aliases.
    others: Vec<(Variable, EntitySetId, usize)>,
    /// Rows that are no entities beside these: their aliases, and what their columns hold.
    beside: Vec<(Variable, usize, Vec<Carried>)>,
    /// Joined single-valued navigation: (from alias, navigation) to alias.
    joined: Vec<((usize, usize), usize)>,
    /// Of rows that are no entities: what the columns hold.
    columns: Vec<Carried>,
    select: Select,
}

pub(super) fn named_table(schema: Option<&String>, name: &str, alias: usize) -> TableRef {
    TableRef { source: Source::Table { schema: schema.cloned(), name: name.to_owned() }, alias }
}

fn equal(left: Sql, right: Sql) -> Sql {
    Sql::binary(Operator::Eq, left, right)
}

impl Frames {
    /// Starts with one table.
    pub(crate) fn new(seen: &Seen<'_>, variable: Variable, set: EntitySetId) -> Frames {
        Frames::with((variable, set, 0), opened(seen, JoinKind::Inner, (set, 0), Vec::new()), 1)
    }

    /// The same with rows that are not there for clients, too.
    pub(crate) fn all(seen: &Seen<'_>, variable: Variable, set: EntitySetId) -> Frames {
        let on = key_is_there(seen, set, 0);
        Frames::with((variable, set, 0), with_all_rows(seen, JoinKind::Inner, (set, 0), on), 1)
    }

    /// Starts with the row that has an alias in a statement around this one; other aliases begin with `next`.
    pub(crate) fn within(seen: &Seen<'_>, set: EntitySetId, alias: usize, next: usize) -> Frames {
        let table = opened(seen, JoinKind::Inner, (set, alias), Vec::new());
        Frames::with((Variable(0), set, alias), table, next)
    }

    fn with(
        (variable, set, alias): (Variable, EntitySetId, usize),
        table: Join,
        next_alias: usize,
    ) -> Frames {
        let select = Select { from: vec![table], ..Select::default() };
        let frame = Frame {
            variable,
            set,
            alias,
            others: Vec::new(),
            beside: Vec::new(),
            joined: Vec::new(),
            columns: Vec::new(),
            select,
        };
        Frames { frames: vec![frame], next_alias, parent: None }
    }

    /// Starts with rows that are no entities. `set` is where they came from.
    pub(crate) fn of_rows(
        variable: Variable,
        set: EntitySetId,
        source: Source,
        columns: Vec<Carried>,
    ) -> Frames {
        let mut frames = Frames { frames: Vec::new(), next_alias: 0, parent: None };
        let alias = frames.alias();
        let table = TableRef { source, alias };
        let join = Join { kind: JoinKind::Inner, table, on: Vec::new() };
        let select = Select { from: vec![join], ..Select::default() };
        frames.frames.push(Frame {
            variable,
            set,
            alias,
            others: Vec::new(),
            beside: Vec::new(),
            joined: Vec::new(),
            columns,
            select,
        });
        frames
    }

    /// Combines the rows of the innermost select with all entities of a set.
    pub(crate) fn combine(&mut self, mapping: &Seen<'_>, variable: Variable, set: EntitySetId) {
        let alias = self.alias();
        let mut join = opened(mapping, JoinKind::Inner, (set, alias), Vec::new());
        if join.on.is_empty() {
            // A join needs a condition in some databases.
            join.on.push(equal(Sql::Integer(1), Sql::Integer(1)));
        }
        let frame = self.top();
        frame.select.from.push(join);
        frame.others.push((variable, set, alias));
    }

    /// Joins the entities of a collection to the innermost select, under a variable of their own. Where rows without one
    /// stay, gives the number of the join that its conditions belong to.
    pub(crate) fn join(&mut self, mapping: &Seen<'_>, related: &Related, outer: bool) -> Option<usize> {
        let Some((place, navigation)) = &related.from else {
            self.combine(mapping, related.variable, related.set);
            let joins = &mut self.select().from;
            let last = joins.len() - 1;
            if outer {
                joins[last].kind = JoinKind::Left;
            }
            return outer.then_some(last);
        };
        let from = self.resolve(mapping, place);
        let set = place.target();
        let kind = if outer { JoinKind::Left } else { JoinKind::Inner };
        let link = &mapping.table(set).links[*navigation];
        let alias = self.join_link(mapping, kind, (from, set), link, related.set);
        let frame = self.top();
        frame.others.push((related.variable, related.set, alias));
        outer.then(|| frame.select.from.len() - 1)
    }

    /// Joins the entity whose properties equal the given values to the innermost select, under a variable of its own, and
    /// gives its alias.
    pub(crate) fn also(
        &mut self,
        mapping: &Seen<'_>,
        variable: Variable,
        set: EntitySetId,
        properties: &[usize],
        values: Vec<Sql>,
    ) -> usize {
        let alias = self.alias();
        let columns = &mapping.table(set).columns;
        let pairs = properties.iter().zip(values);
        let on = pairs.map(|(property, value)| equal(Sql::column(alias, &columns[*property].column), value));
        let how = if mapping.comes_first(set) { opened } else { with_all_rows };
        let join = how(mapping, JoinKind::Inner, (set, alias), on.collect());
        let frame = self.top();
        frame.select.from.push(join);
        frame.others.push((variable, set, alias));
        alias
    }

    /// Starts a subselect over the items of an array.
    pub(crate) fn enter_items(&mut self, source: Source, variable: Variable, item: Carried) {
        let (_, set) = self.current();
        let alias = self.alias();
        let table = TableRef { source, alias };
        let join = Join { kind: JoinKind::Inner, table, on: Vec::new() };
        let select = Select { from: vec![join], ..Select::default() };
        self.frames.push(Frame {
            variable,
            set,
            alias,
            others: Vec::new(),
            beside: Vec::new(),
            joined: Vec::new(),
            columns: vec![item],
            select,
        });
    }

    /// Whether a SELECT of the owner gives, in these columns, the key of an entity.
    pub(crate) fn among(
        &mut self,
        mapping: &Seen<'_>,
        (alias, set): (usize, EntitySetId),
        source: Source,
        columns: &[String],
    ) -> Sql {
        let key = &mapping.model.entity_type(mapping.model.entity_set(set).entity_type).key;
        let table = mapping.table(set);
        let own = |property: &usize| Sql::column(alias, &table.columns[*property].column);
        let inner = self.alias();
        let there = |column: &String| Sql::column(inner, column);
        let table = TableRef { source, alias: inner };
        let from = vec![Join { kind: JoinKind::Inner, table, on: Vec::new() }];
        match (key.as_slice(), columns) {
            ([property], [column]) => {
                let select = Select { columns: vec![there(column)], from, ..Select::default() };
                Sql::InSelect(Box::new(own(property)), Box::new(select))
            }
            _ => {
                let filter =
                    key.iter().zip(columns).map(|(k, column)| equal(there(column), own(k))).collect();
                Sql::Exists(Box::new(Select { from, filter, ..Select::default() }))
            }
        }
    }

    /// Says by which value rows belong to parent rows.
    pub(crate) fn belong(&mut self, position: Sql) {
        self.parent = Some(position);
    }

    /// The value by which rows belong to parent rows, where they do.
    pub(crate) fn parent(&self) -> Vec<Sql> {
        self.parent.iter().cloned().collect()
    }

    /// A new alias.
    pub(crate) fn alias(&mut self) -> usize {
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
    pub(crate) fn navigate(&mut self, mapping: &Seen<'_>, navigation: usize) {
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
        mapping: &Seen<'_>,
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
                let join = opened(mapping, kind, (target, to), equals.collect());
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
        mapping: &Seen<'_>,
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
        let mut on: Vec<Sql> = on.collect();
        if kind == JoinKind::Left && (!through.vouched || !stays(mapping, target, to).is_empty()) {
            // What leads only to what is not there would be a row of its own.
            let inner = self.alias();
            let far = far_conditions(mapping, through, middle, inner, target);
            let from = vec![opened(mapping, JoinKind::Inner, (target, inner), far)];
            on.push(Sql::Exists(Box::new(Select { from, ..Select::default() })));
        }
        let link = link_opened(mapping, kind, (through, middle), on);
        self.top().select.from.push(link);
        let join = opened(mapping, kind, (target, to), far_conditions(mapping, through, middle, to, target));
        self.top().select.from.push(join);
        to
    }

    /// The alias of the entity at a place, joining what is not joined yet in the select of its variable.
    pub(crate) fn resolve(&mut self, mapping: &Seen<'_>, place: &Place) -> usize {
        let has = |frame: &Frame| {
            frame.variable == place.variable || frame.others.iter().any(|other| other.0 == place.variable)
        };
        let index = self.frames.iter().rposition(has).unwrap_or(0);
        // Joins go into the select of the variable, which need not be the innermost one.
        let inner = self.frames.split_off(index + 1);
        let (mut alias, mut set) = self.current();
        if let Some(other) = self.top().others.iter().find(|other| other.0 == place.variable) {
            (set, alias) = (other.1, other.2);
        }
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

    /// Starts a subselect over the entities of a collection.
    pub(crate) fn enter(&mut self, mapping: &Seen<'_>, related: &Related) {
        let variable = related.variable;
        let Some((place, navigation)) = &related.from else {
            return self.push_direct(mapping, variable, related.set, &[], Vec::new());
        };
        let navigation = *navigation;
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
        mapping: &Seen<'_>,
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
        let join = opened(mapping, JoinKind::Inner, (target, alias), equals.collect());
        let select = Select { from: vec![join], ..Select::default() };
        self.frames.push(Frame {
            variable,
            set: target,
            alias,
            others: Vec::new(),
            beside: Vec::new(),
            joined: Vec::new(),
            columns: Vec::new(),
            select,
        });
    }

    /// Starts a select over entities behind a link table whose near columns equal the given values.
    pub(crate) fn push_through(
        &mut self,
        mapping: &Seen<'_>,
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
        let link = link_opened(mapping, JoinKind::Inner, (through, middle), on);
        let on = far_conditions(mapping, through, middle, alias, target);
        let join = opened(mapping, JoinKind::Inner, (target, alias), on);
        let select = Select { from: vec![link, join], ..Select::default() };
        self.frames.push(Frame {
            variable,
            set: target,
            alias,
            others: Vec::new(),
            beside: Vec::new(),
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
        Frames { frames: Vec::new(), next_alias: 0, parent: None }
    }
}

fn far_conditions(
    mapping: &Seen<'_>,
    through: &LinkTable,
    middle: usize,
    to: usize,
    target: EntitySetId,
) -> Vec<Sql> {
    let columns = &mapping.table(target).columns;
    let operator = mapping.equality(target);
    let equals = through.far.iter().map(|(column, there)| {
        Sql::binary(operator, Sql::column(to, &columns[*there].column), Sql::column(middle, column))
    });
    equals.collect()
}

/// The set a navigation property leads to.
pub(crate) fn target_set(mapping: &Mapping, set: EntitySetId, navigation: usize) -> EntitySetId {
    let model = &mapping.model;
    model.entity_type(model.entity_set(set).entity_type).navigation[navigation].target_set
}
