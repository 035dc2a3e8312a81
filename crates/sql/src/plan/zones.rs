//! Points in time that say no time zone, as they are meant in one.

use nextlink_odata::query::{Comparison, Expr, ExprKind};
use nextlink_odata::temporal::Instant;
use nextlink_odata::value::Value;

use super::Planner;
use super::frames::Frames;
use super::told::counting;
use crate::catalog::{NativeType, Storage};
use crate::dialect::{Dialect, Form, Operand};
use crate::mapping::ColumnMap;
use crate::statement::Program;
use crate::tree::{Join, JoinKind, Operator, Param, ParamForm, Select, Source, Sql, TableRef, Told};
use crate::zone::Zone;

/// Seconds that no time zone is away from UTC, in either direction, whatever a database makes of a time that its clocks leave out.
const MARGIN: i64 = 26 * 3_600;

impl Planner<'_> {
    /// What was read of a column as the moment that it is.
    pub(super) fn moment(&self, sql: Sql, column: &ColumnMap) -> Sql {
        match column.zone() {
            Some(zone) => self.dialect.in_utc(sql, zone),
            None => sql,
        }
    }

    /// A column of points in time that are meant in a time zone.
    pub(super) fn in_utc(&self, operand: Operand, zone: Zone) -> Operand {
        let form = match operand.form {
            Form::Column(Storage::Native) => Form::Computed,
            other => other,
        };
        let sql = self.dialect.in_utc(operand.sql.clone(), zone);
        Operand { form, native: NativeType::Plain, ..operand.with(sql) }
    }

    /// For a column of points in time that are meant in a time zone, and a constant: a comparison of the column as it is, which an
    /// index serves. It holds wherever the one that was asked for does.
    pub(super) fn zone_hint(
        &self,
        frames: &mut Frames,
        op: Comparison,
        column: &Expr,
        constant: &Expr,
    ) -> Option<Sql> {
        let (ExprKind::Property(place, property), ExprKind::Value(value)) = (&column.kind, &constant.kind)
        else {
            return None;
        };
        let alias = frames.resolve(self.mapping, place);
        self.near(alias, self.property(place.target(), *property).1, op, value)
    }

    /// The same by the alias of the column's table.
    pub(super) fn near(
        &self,
        alias: usize,
        column: &ColumnMap,
        op: Comparison,
        value: &Value,
    ) -> Option<Sql> {
        let Value::DateTimeOffset(text) = value else {
            return None;
        };
        column.zone().filter(|_| self.dialect.zone_needs_hint())?;
        let bound = |operator, by: i64| {
            let param = Sql::Param(Param { value: moved(text, by)?, form: ParamForm::Native });
            Some(Sql::binary(operator, Sql::column(alias, &column.column), param))
        };
        let (least, most) = (|| bound(Operator::Ge, -MARGIN), || bound(Operator::Le, MARGIN));
        match op {
            Comparison::Eq => Some(Sql::binary(Operator::And, least()?, most()?)),
            Comparison::Gt | Comparison::Ge => least(),
            Comparison::Lt | Comparison::Le => most(),
            Comparison::Ne => None,
        }
    }
}

/// A point in time so many seconds later. None at the ends of time.
fn moved(text: &str, by: i64) -> Option<Value> {
    let instant = Instant::parse(text)?;
    let moved = Instant { seconds: instant.seconds.checked_add(by)?, ..instant };
    moved.local_date().filter(|date| date.year > 0)?;
    let mut out = String::new();
    moved.write_utc(&mut out)?;
    Some(Value::DateTimeOffset(out))
}

/// A statement that gives 1 where the database knows a time zone, and 0 or an error where it doesn't. None where it need not know it.
pub fn zone_trial(dialect: &dyn Dialect, zone: Zone) -> Option<Program> {
    let known = Sql::IsNotNull(Box::new(dialect.zone_trial(zone)?));
    let columns = vec![Sql::when(known, Sql::Integer(1), Sql::Integer(0))];
    let source = Source::Told(vec![Told::Text("SELECT 1 AS c0".into())]);
    let table = TableRef { source, alias: 0 };
    let from = vec![Join { kind: JoinKind::Inner, table, on: Vec::new() }];
    Some(counting(dialect, &Select { columns, from, ..Select::default() }))
}
