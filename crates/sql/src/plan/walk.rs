//! Walks through trees of self-referencing keys: recursive selects.

use nextlink_odata::model::PrimitiveType as P;
use nextlink_odata::query::{Expr, Order, Rows, Tree, Variable, Walk, Walked};

use super::Planner;
use super::frames::{Carried, Frames};
use super::rows::{Base, whole_set};
use super::there::{stays, with_all_rows};
use crate::dialect::{Operand, Unsupported};
use crate::tree::{Join, JoinKind, Operator, Select, Source, Sql, TableRef};

/// Digits that each step of a walk adds to the place of a node in the tree.
const STEP: i64 = 8;
/// The greatest depth of a tree that is walked through in order.
const DEPTH: i64 = 300;

/// Aliases in the recursive selects.
const NODE: usize = 0;
const ABOVE: usize = 1;
const SO_FAR: usize = 2;
const START: usize = 3;

impl Planner<'_> {
    /// Whether a value names a node that a walk finds.
    pub(super) fn in_tree(
        &self,
        frames: &mut Frames,
        value: &Expr,
        walked: &Walked,
    ) -> Result<Sql, Unsupported> {
        let needle = self.node_value(frames, value)?;
        // Where each parent row has nodes of its own to start from, those that are found belong to it, too.
        let position = frames.parent().pop().filter(|_| starts_from_path(walked));
        let base = match (self.link, &position) {
            (Some(link), Some(_)) => Base::Below(link),
            _ => Base::Request,
        };
        let (source, found) = self.walked(base, walked)?;
        let table = TableRef { source, alias: 0 };
        let from = vec![Join { kind: JoinKind::Inner, table, on: Vec::new() }];
        let mut select = Select { columns: vec![Sql::carried(0, 0)], from, ..Select::default() };
        let Some(position) = position else {
            return Ok(Sql::InSelect(Box::new(needle), Box::new(select)));
        };
        select.columns.push(Sql::carried(0, found.len()));
        Ok(Sql::InSelect(Box::new(Sql::Row(vec![needle, position])), Box::new(select)))
    }

    /// Puts what a walk gives beside the rows.
    pub(super) fn walk_beside(
        &self,
        frames: &mut Frames,
        (value, variable, walked): (&Expr, Variable, &Walked),
    ) -> Result<(), Unsupported> {
        let needle = self.node_value(frames, value)?;
        // All start from nodes of the whole set, or from all of them.
        let (source, columns) = self.walked(Base::Request, walked)?;
        frames.beside(source, variable, columns, needle);
        Ok(())
    }

    /// A value that names a node, as it lies in the database.
    fn node_value(&self, frames: &mut Frames, value: &Expr) -> Result<Sql, Unsupported> {
        match self.bare_key(frames, value) {
            Some(bare) => Ok(bare),
            None => Ok(self.operand(frames, value)?.sql),
        }
    }

    fn walked(&self, base: Base<'_>, walked: &Walked) -> Result<(Source, Vec<Carried>), Unsupported> {
        let tree = &walked.tree;
        let node = self.column(NODE, tree.set, tree.node);
        let text = matches!(node.sql, Sql::Collate(..)) && node.primitive == Some(P::String);
        let id = Carried::of(node, text);
        Ok(match &walked.walk {
            Walk::Relatives { start, up, max_distance, keep_start } => {
                (self.relatives(base, tree, start, *up, (*max_distance, *keep_start))?, vec![id])
            }
            Walk::Traverse { start, siblings, siblings_of, children_first } => {
                let source = self.traversed(tree, start.as_ref(), (siblings, *siblings_of))?;
                let place = Carried::of(Operand::computed(Sql::Null, P::String), false);
                let source = if *children_first { behind_children(source) } else { source };
                (source, vec![id, place])
            }
            Walk::Ancestry => {
                let base = Select { columns: vec![self.id(tree, NODE); 2], ..self.nodes(tree, NODE) };
                let mut step = so_far();
                step.from.push(self.join_nodes(
                    tree,
                    NODE,
                    self.parent_of(tree, NODE),
                    Sql::carried(SO_FAR, 0),
                ));
                step.columns = vec![self.id(tree, NODE), Sql::carried(SO_FAR, 1)];
                (recursive(base, step), vec![id.clone(), id])
            }
        })
    }

    /// The nodes above or below some others.
    fn relatives(
        &self,
        from: Base<'_>,
        tree: &Tree,
        start: &Rows,
        up: bool,
        (max_distance, keep_start): (Option<u64>, bool),
    ) -> Result<Source, Unsupported> {
        let start = self.start(from, start)?;
        let mut base = self.nodes(tree, NODE);
        let (found, first) = match (keep_start, up) {
            (true, _) => (NODE, self.id(tree, NODE)),
            (false, false) => (NODE, self.parent_of(tree, NODE)),
            (false, true) => {
                base.from.push(self.join_nodes(
                    tree,
                    ABOVE,
                    self.id(tree, ABOVE),
                    self.parent_of(tree, NODE),
                ));
                (ABOVE, self.id(tree, NODE))
            }
        };
        base.columns.push(self.id(tree, found));
        let mut step = so_far();
        if up {
            step.from.push(self.join_nodes(tree, NODE, self.id(tree, NODE), Sql::carried(SO_FAR, 0)));
            step.from.push(self.join_nodes(tree, ABOVE, self.id(tree, ABOVE), self.parent_of(tree, NODE)));
            step.columns.push(self.id(tree, ABOVE));
        } else {
            step.from.push(self.join_nodes(tree, NODE, self.parent_of(tree, NODE), Sql::carried(SO_FAR, 0)));
            step.columns.push(self.id(tree, NODE));
        }
        if let Some(most) = max_distance {
            let (distance, most) = (i64::from(!keep_start), i64::try_from(most).unwrap_or(i64::MAX));
            base.columns.push(Sql::Integer(distance));
            if distance > most {
                base.filter.push(Sql::binary(Operator::Eq, Sql::Integer(1), Sql::Integer(0)));
            }
            // What is kept of the parent row stands before it.
            let distance = Sql::carried(SO_FAR, if matches!(from, Base::Below(_)) { 2 } else { 1 });
            step.columns.push(Sql::binary(Operator::Add, distance.clone(), Sql::Integer(1)));
            step.filter.push(Sql::binary(Operator::Lt, distance, Sql::Integer(most)));
        }
        match from {
            Base::Request => base.filter.push(Sql::InSelect(Box::new(first), Box::new(start))),
            Base::Below(_) => {
                // The parent row is kept on the way.
                let table = TableRef { source: Source::Selects(vec![start]), alias: START };
                let on = vec![Sql::binary(Operator::Eq, first, Sql::carried(START, 0))];
                base.from.push(Join { kind: JoinKind::Inner, table, on });
                step.columns.insert(1, Sql::carried(SO_FAR, 1));
                base.columns.insert(1, Sql::carried(START, 1));
            }
        }
        Ok(recursive(base, step))
    }

    /// All nodes with their places in the tree: the numbers of those on the way to them among their siblings.
    fn traversed(
        &self,
        tree: &Tree,
        start: Option<&Rows>,
        (siblings, variable): (&[Order], Variable),
    ) -> Result<Source, Unsupported> {
        let mut frames = Frames::new(self.mapping, variable, tree.set);
        self.add_terms(&mut frames, siblings)?;
        let mut order = std::mem::take(&mut frames.select().order);
        let (alias, _) = frames.current();
        let key = self.dialect.key_order(self.column(alias, tree.set, tree.node));
        order.push(crate::tree::OrderTerm { expr: key, value: None, descending: false, nullable: false });
        let digits = |number| {
            let digits = Sql::binary(Operator::Add, Sql::Integer(10_i64.pow(STEP as u32)), number);
            Sql::call("SUBSTR", [digits.cast(self.dialect.short_text()), Sql::Integer(2)])
        };
        let parent = self.parent_of(tree, alias);
        let number = digits(Sql::RowNumber(vec![parent.clone()], order.clone()));
        frames.select().columns = vec![self.id(tree, alias), parent, number];
        if start.is_some() {
            // What is below one node to start from stays together, wherever in the tree these are.
            frames.select().columns.push(digits(Sql::RowNumber(Vec::new(), order)));
        }
        let ranked = Source::Selects(vec![frames.finish()]);
        let ranked = || Join {
            kind: JoinKind::Inner,
            table: TableRef { source: ranked.clone(), alias: NODE },
            on: Vec::new(),
        };
        let column = |number| Sql::carried(NODE, number);
        let mut base = Select { from: vec![ranked()], ..Select::default() };
        let first = if start.is_some() { 3 } else { 2 };
        base.columns = vec![column(0), column(first).cast(self.dialect.long_text())];
        base.filter.push(match start {
            None => Sql::IsNull(Box::new(column(1))),
            Some(start) => Sql::InSelect(Box::new(column(0)), Box::new(self.start(Base::Request, start)?)),
        });
        let mut step = so_far();
        let so_far = |number| Sql::carried(SO_FAR, number);
        step.from.push(Join { on: vec![Sql::binary(Operator::Eq, column(1), so_far(0))], ..ranked() });
        step.columns = vec![column(0), Sql::call("CONCAT", [so_far(1), column(2)])];
        // Nodes that are above themselves would be walked through without an end.
        let length = Sql::call("LENGTH", [so_far(1)]);
        step.filter.push(Sql::binary(Operator::Lt, length, Sql::Integer(STEP * DEPTH)));
        Ok(recursive(base, step))
    }

    fn start(&self, base: Base<'_>, start: &Rows) -> Result<Select, Unsupported> {
        let (mut selects, _) = self.selects(base, start)?;
        selects.pop().ok_or_else(|| Unsupported {
            what: "A walk from nowhere".to_owned(),
            database: self.dialect.name(),
        })
    }

    fn nodes(&self, tree: &Tree, alias: usize) -> Select {
        let on = stays(self.mapping, tree.set, alias);
        let nodes = with_all_rows(self.mapping, JoinKind::Inner, (tree.set, alias), on);
        Select { from: vec![nodes], ..Select::default() }
    }

    fn join_nodes(&self, tree: &Tree, alias: usize, own: Sql, other: Sql) -> Join {
        let mut on = vec![Sql::binary(Operator::Eq, own, other)];
        on.extend(stays(self.mapping, tree.set, alias));
        with_all_rows(self.mapping, JoinKind::Inner, (tree.set, alias), on)
    }

    fn id(&self, tree: &Tree, alias: usize) -> Sql {
        Sql::column(alias, &self.mapping.table(tree.set).columns[tree.node].column)
    }

    fn parent_of(&self, tree: &Tree, alias: usize) -> Sql {
        Sql::column(alias, &self.mapping.table(tree.set).columns[tree.parent].column)
    }
}

/// Whether a walk starts from instances of those that the path leads to.
fn starts_from_path(walked: &Walked) -> bool {
    matches!(&walked.walk, Walk::Relatives { start, .. } if whole_set(start).is_none())
}

/// The rows that a recursive select has given so far.
fn so_far() -> Select {
    let table = TableRef { source: Source::SoFar, alias: SO_FAR };
    let from = vec![Join { kind: JoinKind::Inner, table, on: Vec::new() }];
    Select { from, ..Select::default() }
}

fn recursive(base: Select, step: Select) -> Source {
    Source::Recursive { base: Box::new(base), step: Box::new(step) }
}

/// Places behind those that begin with them: a letter is greater than digits in all collations.
fn behind_children(source: Source) -> Source {
    let table = TableRef { source, alias: 0 };
    let from = vec![Join { kind: JoinKind::Inner, table, on: Vec::new() }];
    let place = Sql::call("CONCAT", [Sql::carried(0, 1), Sql::Word("z")]);
    Source::Selects(vec![Select { columns: vec![Sql::carried(0, 0), place], from, ..Select::default() }])
}
