//! Values of rows that are no primitive ones: they go from select to select as they lie in the table.

use nextlink_odata::query::{Expr, ExprKind, Whole};

use nextlink_odata::model::PrimitiveType;

use super::Planner;
use super::frames::Frames;
use super::there::with_all_rows;
use crate::dialect::Unsupported;
use crate::mapping::ColumnMap;
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
                Some((self.composite(frames, value)?, Whole::Property(place.target(), *property)))
            }
            ExprKind::Dynamic(place, names) if names.is_empty() => {
                let whole = Whole::Dynamic(place.target());
                let alias = frames.resolve(self.mapping, place);
                self.column_of_whole(whole).map(|column| (Sql::column(alias, &column.column), whole))
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

    /// Where such a value lies; an open type may have no column.
    pub(super) fn column_of_whole(&self, whole: Whole) -> Option<&ColumnMap> {
        match whole {
            Whole::Property(set, property) => Some(self.property(set, property).1),
            Whole::Dynamic(set) => {
                let table = self.mapping.table(set);
                table.open.map(|number| &table.columns[number])
            }
        }
    }

    /// Null of the type of a column, which some databases want to know in each of several selects.
    fn no_value(&self, frames: &mut Frames, whole: Whole) -> Sql {
        let (Whole::Property(set, _) | Whole::Dynamic(set)) = whole;
        let Some(column) = self.column_of_whole(whole) else {
            return self.dialect.null(PrimitiveType::String);
        };
        let alias = frames.alias();
        Sql::Scalar(Box::new(Select {
            columns: vec![Sql::column(alias, &column.column)],
            from: vec![with_all_rows(self.mapping, JoinKind::Inner, (set, alias), Vec::new())],
            filter: vec![Sql::binary(Operator::Eq, Sql::Integer(1), Sql::Integer(0))],
            ..Select::default()
        }))
    }

    /// Such a value as it is read, and what it holds.
    pub(super) fn whole_cell(&self, sql: Sql, whole: Whole) -> (Sql, ResultColumn) {
        let Some(column) = self.column_of_whole(whole) else {
            return self.no_object();
        };
        let property = match whole {
            Whole::Property(set, property) if !column.json => self.property(set, property).0,
            _ => return self.json_cell(sql, column),
        };
        let result = ResultColumn { nullable: true, ..self.result_column(property, column) };
        (self.dialect.cell(sql, &result, &column.native), result)
    }
}
