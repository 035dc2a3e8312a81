//! The column whose JSON objects hold the dynamic properties of an open type.

use nextlink_odata::model::PrimitiveType;

use super::find::{about, find_column};
use crate::catalog::{Column, ColumnType, NativeType, Table};
use crate::notice::Notice;
use crate::shape::Named;

/// Finds the column that the model file names.
pub(super) fn find(table: &Table, told: &Named, key: &[usize], notices: &mut Vec<Notice>) -> Option<usize> {
    let found = find_column(table, &told.text);
    let problem = match found {
        None => "it has no such column",
        Some(column) if key.contains(&column) => {
            "a part of the key cannot have the properties of an open type"
        }
        Some(column) if !may_be_json(&table.columns[column]) => {
            "only a column of JSON can have the properties of an open type"
        }
        Some(column) => return Some(column),
    };
    notices.push(about(told, &table.name, problem));
    None
}

/// Whether values of a column can be JSON. Where the database has types for it, it is one of them.
pub(super) fn may_be_json(column: &Column) -> bool {
    let text = column.ty == ColumnType::Primitive(PrimitiveType::String);
    text && match &column.native {
        NativeType::Named { schema, name } => {
            schema == "pg_catalog" && matches!(name.as_str(), "json" | "jsonb")
        }
        NativeType::Plain | NativeType::Text { .. } => true,
        NativeType::Enum { .. } | NativeType::Unsigned | NativeType::Dates | NativeType::Labels { .. } => {
            false
        }
    }
}
