//! Which columns become the key of an entity type.

use nextlink_odata::model::PrimitiveType;

use super::find::{about, find_column};
use super::options::{ModelOptions, matches_table};
use crate::catalog::{Catalog, ColumnType, Table, TableKind};
use crate::notice::Notice;
use crate::shape::{EntityShape, Named};

/// The key of an entity type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    /// Column indexes, in key order. Never empty.
    pub(super) columns: Vec<usize>,
    /// Whether the database permits null in one of them.
    pub(super) may_be_null: bool,
    /// Whether the database has an index over it.
    pub(super) indexed: bool,
}

const VIEW_WITHOUT_KEY: &str = "Not served: a view has no key. Name columns that identify its rows \
    under `keys` of the source in the configuration, or as `key` in its model file.";

const TABLE_WITHOUT_KEY: &str = "Not served: it has no primary key and no unique index over columns that \
    are not null. Add one, or name columns that identify its rows under `keys` of the source in the configuration.";

/// Finds the key: the options' one, else the primary key, else the shortest unique index over columns that
/// are not null. Without one the table can't be served, and a notice says how to help.
pub(super) fn find(
    catalog: &Catalog,
    table: &Table,
    told: Option<&EntityShape>,
    options: &ModelOptions,
    notices: &mut Vec<Notice>,
) -> Option<Key> {
    let told = told.filter(|told| !told.key.is_empty());
    let own = told.map(told_key);
    if let Some(names) = own.as_ref().or_else(|| options_key(catalog, table, options)) {
        match resolve(table, names) {
            Ok(columns) if columns.iter().all(|&c| can_be_key(&table.columns[c].ty)) => {
                let indexed = columns == table.primary_key || table.unique.contains(&columns);
                return Some(key(table, columns, indexed));
            }
            Ok(columns) => notices.push(unfit(table, &columns, "The key given for it cannot be used")),
            Err(Misnamed { place, text }) => notices.push(match told.and_then(|told| told.key.get(place)) {
                Some(named) => about(named, &table.name, text),
                None => {
                    let name = names.get(place).map_or("", String::as_str);
                    let text = ["The key given for it names `", name, "`: ", text, "."].concat();
                    Notice::table(&table.name, text)
                }
            }),
        }
    }
    let fits = |columns: &[usize]| {
        let fit = |&c: &usize| table.columns.get(c).is_some_and(|c| can_be_key(&c.ty));
        !columns.is_empty() && columns.iter().all(fit)
    };
    if fits(&table.primary_key) {
        return Some(key(table, table.primary_key.clone(), true));
    }
    let unique = table.unique.iter().filter(|u| fits(u) && u.iter().all(|&c| !table.columns[c].nullable));
    // The first of the shortest, so that the choice is stable.
    if let Some(columns) = unique.min_by_key(|u| u.len()) {
        return Some(key(table, columns.clone(), true));
    }
    notices.push(match (table.primary_key.is_empty(), table.kind) {
        (false, _) => {
            unfit(table, &table.primary_key, "Not served: its primary key cannot be a key in OData")
        }
        (true, TableKind::View) => Notice::table(&table.name, VIEW_WITHOUT_KEY),
        (true, TableKind::Table) => Notice::table(&table.name, TABLE_WITHOUT_KEY),
    });
    None
}

fn key(table: &Table, columns: Vec<usize>, indexed: bool) -> Key {
    let may_be_null = columns.iter().any(|&c| table.columns[c].nullable);
    Key { columns, may_be_null, indexed }
}

/// Types of key properties (CSDL 4.01 section 6.5).
fn can_be_key(ty: &ColumnType) -> bool {
    use PrimitiveType::*;
    match ty {
        ColumnType::Primitive(
            Boolean | Byte | Date | DateTimeOffset | Decimal | Duration | Guid | Int16 | Int32 | Int64
            | SByte | String | TimeOfDay,
        )
        | ColumnType::Enum(_)
        | ColumnType::Coded(..) => true,
        ColumnType::Primitive(Binary | Double | Single | Shape(..)) => false,
        ColumnType::Composite(_) | ColumnType::Json(_) | ColumnType::Array(_) => false,
    }
}

fn type_text(ty: &ColumnType) -> &'static str {
    match ty {
        ColumnType::Primitive(primitive) => primitive.name(),
        ColumnType::Enum(_) | ColumnType::Coded(..) => "an enumeration",
        ColumnType::Composite(_) => "a composite type",
        ColumnType::Json(_) => "JSON",
        ColumnType::Array(_) => "an array",
    }
}

fn unfit(table: &Table, columns: &[usize], text: &str) -> Notice {
    let bad = columns.iter().filter_map(|&c| table.columns.get(c)).filter(|c| !can_be_key(&c.ty));
    let bad: Vec<String> = bad.map(|c| ["`", &c.name, "` is ", type_text(&c.ty)].concat()).collect();
    let help = ". Name other columns under `keys` of the source in the configuration.";
    let text = [text, ": ", &bad.join(", "), help].concat();
    Notice::table(&table.name, text)
}

/// The columns of the key that a model file names, by properties or columns.
fn told_key(told: &EntityShape) -> Vec<String> {
    let column = |name: &Named| {
        let property = told.properties.get(&name.text).and_then(|property| property.column.as_ref());
        property.unwrap_or(name).text.clone()
    };
    told.key.iter().map(column).collect()
}

fn options_key<'o>(catalog: &Catalog, table: &Table, options: &'o ModelOptions) -> Option<&'o Vec<String>> {
    let exact = options.keys.get(&table.name);
    let schema = catalog.schema(&table.schema);
    let found = || options.keys.iter().find(|(name, _)| matches_table(name, schema, &table.name));
    exact.or_else(|| found().map(|(_, columns)| columns))
}

/// A name that is no column of a key.
struct Misnamed {
    /// Its place among the names.
    place: usize,
    text: &'static str,
}

fn resolve(table: &Table, names: &[String]) -> Result<Vec<usize>, Misnamed> {
    if names.is_empty() {
        return Err(Misnamed { place: 0, text: "a key has columns" });
    }
    let mut columns = Vec::with_capacity(names.len());
    for (place, name) in names.iter().enumerate() {
        match find_column(table, name) {
            Some(column) if columns.contains(&column) => {
                return Err(Misnamed { place, text: "it stands in the key twice" });
            }
            Some(column) => columns.push(column),
            None => return Err(Misnamed { place, text: "it has no such column" }),
        }
    }
    Ok(columns)
}
