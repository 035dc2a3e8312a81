//! Plans of the most frequent request, a whole entity by its key, are kept: only the values of the key differ.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use nextlink_odata::json::{Format, Shape};
use nextlink_odata::model::EntitySetId;
use nextlink_odata::query::{Addressed, Query, Step};
use nextlink_odata::value::Value;
use nextlink_sql::statement::Program;

/// Plans kept for a source.
const MOST: usize = 10_000;

/// What the plan of such a request depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    set: EntitySetId,
    format: Format,
}

impl Point {
    /// Of a request for an entity by its key and with no options; none for any other request.
    pub fn of(query: &Query, format: Format) -> Option<Point> {
        let ([Step::Key(values)], None) = (query.steps.as_slice(), query.singleton) else {
            return None;
        };
        // Other values, such as decimals with many digits, can need another statement.
        let plain = |value: &Value| matches!(value, Value::Integer(_) | Value::String(_) | Value::Guid(_));
        let selection = &query.selection;
        let all = !selection.selected && !selection.references;
        let whole = all && selection.expand.is_empty() && selection.named.is_empty();
        let point = query.addressed == Addressed::Entity && whole && values.iter().all(|(_, v)| plain(v));
        point.then_some(Point { set: selection.set, format })
    }
}

/// A plan: the statement, and what is written of its row.
type Kept = (Arc<Program>, Arc<Shape>);

/// Kept plans.
#[derive(Debug, Default)]
pub struct Points(RwLock<BTreeMap<Point, Kept>>);

impl Points {
    /// The plan for a point, with the key values it was made with.
    pub fn get(&self, point: &Point) -> Option<Kept> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(point).cloned()
    }

    /// Keeps a plan, where each value of the key is one parameter of its statement.
    pub fn keep(&self, point: Point, program: &Arc<Program>, shape: &Arc<Shape>) {
        if program.key.is_none() {
            return;
        }
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < MOST {
            kept.insert(point, (Arc::clone(program), Arc::clone(shape)));
        }
    }
}
