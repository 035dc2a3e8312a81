//! The rows that the transformations so far have made.

use std::rc::Rc;

use super::super::member::both;
use super::super::scope::{Context, Scope};
use crate::model::EntitySetId;
use crate::query::{
    Expand, Expr, ExprKind, Input, Named, Order, Place, RowColumn, Rows, RowsKind, Size, Transform, Variable,
};

/// Rows, as far as they are not yet the input of others.
#[derive(Debug, Clone)]
pub struct State {
    /// The set that the request is about.
    pub set: EntitySetId,
    /// Names in sight.
    pub scope: Scope,
    /// Where they come from.
    pub input: Input,
    /// Which of them.
    pub filter: Option<Expr>,
    /// Their order.
    pub orderby: Vec<Order>,
    /// How many there are at most.
    pub top: Option<u64>,
    /// How many are passed over first.
    pub skip: u64,
    /// What no two rows have in common; nothing where there is one row only.
    pub identity: Vec<Expr>,
    /// Whether an entity can be in several of the rows, each time with another one beside it.
    pub joined: bool,
    /// Whether their order is that of a tree beside them, which is lost when they become the input of others.
    pub traversed: bool,
    /// The node of a tree that they are to be grouped by before all else.
    pub rolled: Option<(Expr, RowColumn)>,
    /// In a group: of which instances values are aggregated, while the others still tell that the group is there.
    pub counted: Option<Expr>,
    /// Parts of expressions in all this, which count again where it is used twice.
    pub nodes: usize,
}

impl State {
    /// All entities at a place.
    pub fn of_entities(cx: &Context, place: &Place) -> State {
        let set = place.target();
        let ty = cx.type_of(set);
        let key = ty.key.iter().map(|key| {
            let place = Place::of(Variable(0), set);
            super::super::member::read(0, ty.properties[*key].ty, false, ExprKind::Property(place, *key))
        });
        State {
            set,
            scope: Scope::of_resource(place.clone()),
            input: Input::Path,
            filter: None,
            orderby: Vec::new(),
            top: None,
            skip: 0,
            identity: key.collect(),
            joined: false,
            traversed: false,
            rolled: None,
            counted: None,
            nodes: 1,
        }
    }

    /// All combinations of entities of some sets.
    pub fn of_product(cx: &Context, scope: Scope, sets: &[EntitySetId]) -> State {
        let mut identity = Vec::new();
        for (number, set) in sets.iter().enumerate() {
            let ty = cx.type_of(*set);
            let key = |key: &usize| {
                let kind = ExprKind::Property(Place::of(Variable(number), *set), *key);
                super::super::member::read(0, ty.properties[*key].ty, false, kind)
            };
            identity.extend(ty.key.iter().map(key));
        }
        let input = Input::Product(sets.to_vec());
        let (filter, orderby, top, skip) = (None, Vec::new(), None, 0);
        let (joined, traversed, nodes) = (false, false, 1);
        let set = sets[0];
        State {
            set,
            scope,
            input,
            identity,
            filter,
            orderby,
            top,
            skip,
            joined,
            traversed,
            rolled: None,
            counted: None,
            nodes,
        }
    }

    /// All entities of a set, whatever the path leads to.
    pub fn of_set(cx: &Context, set: EntitySetId) -> State {
        let entities = State::of_entities(cx, &Place::of(Variable(0), set));
        State { input: Input::Product(vec![set]), ..entities }
    }

    /// All of some rows that were made of what is in a set.
    pub fn of_rows(rows: Rows, set: EntitySetId) -> State {
        let column = |number: usize| column(&rows.columns[number], number);
        let named = rows.columns.iter().enumerate().filter(|(_, c)| !c.path.is_empty());
        let named = named.map(|(number, c)| {
            let (path, present) = (c.path.clone(), c.present.map(column));
            Named { path, expr: column(number), size: Size::ONE, present, whole: c.whole }
        });
        State {
            set,
            scope: Scope::of_rows(named.collect()),
            filter: None,
            orderby: Vec::new(),
            top: None,
            skip: 0,
            identity: rows.identity.iter().map(|number| column(*number)).collect(),
            joined: false,
            traversed: false,
            rolled: None,
            counted: None,
            nodes: 1,
            input: Input::Rows(Box::new(rows)),
        }
    }

    /// Whether some rows are left out because of their place in the order.
    pub fn is_limited(&self) -> bool {
        self.top.is_some() || self.skip > 0
    }

    /// The scope of what comes behind a limit, too.
    pub fn settled(&mut self) -> &Scope {
        if self.is_limited() {
            self.settle();
        }
        &self.scope
    }

    /// Adds a condition.
    pub fn add_filter(&mut self, condition: Expr) {
        self.filter = both(self.filter.take(), Some(condition));
    }

    /// A select over the rows so far, with some values.
    pub fn select(&mut self, values: Vec<Expr>, group: Option<usize>) -> Transform {
        Transform {
            input: std::mem::replace(&mut self.input, Input::Path),
            filter: self.filter.take(),
            values,
            group,
            keys: 0,
            orderby: Vec::new(),
            top: None,
            skip: 0,
        }
    }

    /// Whether these are all rows of the input, with the columns that they have there.
    fn is_bare(&self) -> bool {
        let Input::Rows(rows) = &self.input else {
            return false;
        };
        let columns = rows.columns.iter().filter(|column| !column.path.is_empty());
        !self.is_limited() && self.filter.is_none() && columns.count() == self.scope.named.len()
    }

    /// Makes the rows so far the input of what follows, with their order and limit.
    pub fn settle(&mut self) {
        if self.is_bare() {
            return;
        }
        let mut orderby = self.orderby.clone();
        orderby.extend(self.identity.iter().map(|expr| Order { expr: expr.clone(), descending: false }));
        let (top, skip) = (self.top.take(), std::mem::take(&mut self.skip));
        if self.scope.implicit.is_some() {
            let values = self.identity.clone();
            let columns: Vec<_> = values.iter().map(|value| row_column(Vec::new(), value)).collect();
            let select = self.select(values, None);
            let transform = Transform { keys: columns.len(), orderby, top, skip, ..select };
            let identity = (0..self.identity.len()).collect();
            let kind = RowsKind::Select(Box::new(transform));
            self.input = Input::Keys(Box::new(Rows { columns, identity, kind }));
            return;
        }
        let order = std::mem::take(&mut self.orderby);
        let mut below = std::mem::take(&mut self.scope.below);
        let more = order.iter().map(|order| &order.expr).chain(below.iter().filter_map(number_of));
        let mut rows = self.take_rows(&more.collect::<Vec<_>>());
        if let RowsKind::Select(transform) = &mut rows.kind
            && (top.is_some() || skip > 0)
        {
            (transform.orderby, transform.top, transform.skip) = (orderby, top, skip);
        }
        let first_below = rows.columns.len() - below.len();
        for (number, group) in below.iter_mut().filter_map(|expand| expand.group.as_mut()).enumerate() {
            group.number = column(&rows.columns[first_below + number], first_below + number);
        }
        let nested = std::mem::take(&mut self.scope.nested);
        let first = first_below - order.len();
        let again = order.iter().enumerate().map(|(number, order)| Order {
            expr: column(&rows.columns[first + number], first + number),
            descending: order.descending,
        });
        let again = again.collect();
        *self = State::of_rows(rows, self.set);
        self.orderby = again;
        (self.scope.below, self.scope.nested) = (below, nested);
    }

    /// The rows so far with the values that have names, then those that tell them apart, then some more.
    pub fn take_rows(&mut self, more: &[&Expr]) -> Rows {
        let named = Rc::clone(&self.scope.named);
        let mut values: Vec<Expr> = named.iter().map(|named| named.expr.clone()).collect();
        let column =
            |named: &Named| RowColumn { whole: named.whole, ..row_column(named.path.clone(), &named.expr) };
        let mut columns: Vec<RowColumn> = named.iter().map(column).collect();
        let hidden = |expr: &Expr, values: &mut Vec<Expr>, columns: &mut Vec<RowColumn>| {
            values.push(expr.clone());
            columns.push(row_column(Vec::new(), expr));
            values.len() - 1
        };
        for (number, named) in named.iter().enumerate() {
            if let Some(present) = &named.present {
                columns[number].present = Some(hidden(present, &mut values, &mut columns));
            }
        }
        let identity = self.identity.clone();
        let identity = identity.iter().map(|expr| {
            let same = |value: &Expr| match (&value.kind, &expr.kind) {
                (ExprKind::Column(_, a), ExprKind::Column(_, b)) => a == b,
                (ExprKind::Property(here, a), ExprKind::Property(there, b)) => here == there && a == b,
                _ => false,
            };
            values.iter().position(same).unwrap_or_else(|| hidden(expr, &mut values, &mut columns))
        });
        let identity = identity.collect();
        for expr in more {
            hidden(expr, &mut values, &mut columns);
        }
        Rows { columns, identity, kind: RowsKind::Select(Box::new(self.select(values, None))) }
    }
}

/// By which value of a row something is below it.
fn number_of(expand: &Expand) -> Option<&Expr> {
    expand.group.as_ref().map(|group| &group.number)
}

/// A column that holds the value of an expression.
pub fn row_column(path: Vec<String>, value: &Expr) -> RowColumn {
    RowColumn {
        path,
        primitive: value.primitive,
        enumeration: value.enumeration,
        nullable: value.nullable,
        present: None,
        whole: None,
    }
}

/// A column as an expression.
pub fn column(column: &RowColumn, number: usize) -> Expr {
    Expr {
        at: 0,
        primitive: column.primitive,
        enumeration: column.enumeration,
        nullable: column.nullable,
        kind: ExprKind::Column(Variable(0), number),
    }
}
