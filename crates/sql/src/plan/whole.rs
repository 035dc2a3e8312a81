//! Values of rows that are no primitive ones: they go from select to select as they lie in the table.

use nextlink_odata::query::{Expr, ExprKind, Whole};

use super::Planner;
use super::frames::Frames;
use super::there::with_all_rows;
use crate::dialect::Unsupported;
use crate::statement::ResultColumn;
use crate::tree::{JoinKind, Operator, Select, Sql};

impl Planner<'_> {
    /// A value that is no primitive one, and the property that it is one of; nothing where it is another value.
    pub(super) fn whole(
        &self,
        frames: &mut Frames,
        value: &Expr,
    ) -> Result<Option<(Sql, Whole)>, Unsupported> {
        Ok(match &value.kind {
            ExprKind::Property(place, property)
                if self.property(place.target(), *property).0.is_structured() =>
            {
                Some((self.composite(frames, value)?, (place.target(), *property)))
            }
            ExprKind::Column(variable, number) => {
                frames.carried(*variable, *number).and_then(|(sql, carried)| Some((sql, carried.whole?)))
            }
            ExprKind::Missing(whole) => Some((self.no_value(frames, *whole), *whole)),
            ExprKind::Case(pairs) => match pairs.as_slice() {
                [(condition, value)] => match self.whole(frames, value)? {
                    Some((sql, whole)) => {
                        let condition = self.condition(frames, condition)?;
                        Some((Sql::Case(vec![(condition, sql)]), whole))
                    }
                    None => None,
                },
                _ => None,
            },
            _ => None,
        })
    }

    /// Null of the type of a column, which some databases want to know in each of several selects.
    fn no_value(&self, frames: &mut Frames, (set, property): Whole) -> Sql {
        let alias = frames.alias();
        Sql::Scalar(Box::new(Select {
            columns: vec![Sql::column(alias, &self.property(set, property).1.column)],
            from: vec![with_all_rows(self.mapping, JoinKind::Inner, (set, alias), Vec::new())],
            filter: vec![Sql::binary(Operator::Eq, Sql::Integer(1), Sql::Integer(0))],
            ..Select::default()
        }))
    }

    /// Such a value as it is read, and what it holds.
    pub(super) fn whole_cell(&self, sql: Sql, (set, property): Whole) -> (Sql, ResultColumn) {
        let (property, column) = self.property(set, property);
        if column.json {
            return self.json_cell(sql, column);
        }
        let result = ResultColumn { nullable: true, ..self.result_column(property, column) };
        (self.dialect.cell(sql, &result, &column.native), result)
    }
}
