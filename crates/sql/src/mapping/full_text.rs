//! The index over words that serves `$search`, as a model file wants it.

use nextlink_odata::model::PrimitiveType;

use super::find::{about, find_column};
use crate::catalog::{Column, ColumnType, NativeType, Table};
use crate::full_text::{ColumnIndex, FullTexts, VectorIndex, WordTable};
use crate::notice::Notice;
use crate::shape::{EntityShape, Named, SearchShape};

/// The configuration where the model file names none: words as they are.
const SIMPLE: &str = "simple";

/// What answers `$search`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FullTextMap {
    /// A table of FTS5.
    Table {
        /// Its name.
        name: String,
        /// What the numbers of its rows are of the table that is searched: a column, or the number of a row.
        row: String,
        /// Characters that a word has at least.
        least: usize,
    },
    /// A column of `tsvector`.
    Vector {
        /// The column.
        column: String,
        /// The configuration that made it.
        configuration: String,
    },
    /// What `to_tsvector` makes of columns.
    Expression {
        /// The columns, in their order.
        columns: Vec<String>,
        /// The configuration.
        configuration: String,
    },
    /// Columns with a FULLTEXT index.
    Columns {
        /// The columns, in the order of the index.
        columns: Vec<String>,
        /// Characters that a word has at least.
        least: usize,
    },
}

/// Finds the index that the model file names. Where there is none `$search` looks at the text of each row.
pub(super) fn find(
    known: &FullTexts,
    table: &Table,
    entity: &EntityShape,
    notices: &mut Vec<Notice>,
) -> Option<FullTextMap> {
    let told = entity.search.as_ref()?;
    let named = told.table.as_ref().or(told.columns.first())?;
    let mut say = |named: &Named, problem: &str| {
        let text = [problem, ", so $search looks at the text of each row"].concat();
        notices.push(about(named, &table.name, &text));
        None
    };
    if table.select.is_some() && !matches!(known, FullTexts::Vectors(_)) {
        return say(named, "an index is over a table, and this is a SELECT");
    }
    if let FullTexts::Tables(tables) = known {
        let found = tables.iter().find(|one| one.name == named.text);
        // The name of a table is enough.
        if told.table.is_some() || (told.columns.len() == 1 && found.is_some()) {
            return of_table(found, table, named, &mut say);
        }
    } else if told.table.is_some() {
        return say(named, "only SQLite has indexes that are tables: name `columns`");
    }
    let mut columns = Vec::with_capacity(told.columns.len());
    for name in &told.columns {
        match column(table, entity, name) {
            Some(found) => columns.push(found),
            None => return say(name, "it has no such column"),
        }
    }
    match known {
        FullTexts::Unknown => None,
        FullTexts::Tables(tables) => {
            let own = |one: &&WordTable| one.content.as_ref() == Some(&table.name);
            let found = tables.iter().filter(own).find(|one| same(&one.columns, &columns));
            of_table(found, table, named, &mut say)
        }
        FullTexts::Vectors(indexes) => Some(of_vector(indexes, table, told, &columns, notices)),
        FullTexts::Columns(indexes) => {
            let own = |one: &&ColumnIndex| {
                table.schema.as_ref().is_none_or(|schema| *schema == one.schema) && one.table == table.name
            };
            match indexes.iter().filter(own).find(|one| same(&one.columns, &columns)) {
                Some(index) => {
                    Some(FullTextMap::Columns { columns: index.columns.clone(), least: index.least })
                }
                None => say(named, "there is no FULLTEXT index over just these columns"),
            }
        }
    }
}

/// The column that a name stands for.
fn column<'t>(table: &'t Table, entity: &EntityShape, name: &Named) -> Option<&'t Column> {
    let told = entity.properties.get(&name.text).and_then(|property| property.column.as_ref());
    find_column(table, &told.unwrap_or(name).text).map(|index| &table.columns[index])
}

/// Whether these are the columns, in any order.
fn same(names: &[String], columns: &[&Column]) -> bool {
    names.len() == columns.len() && columns.iter().all(|column| names.contains(&column.name))
}

fn of_table(
    found: Option<&WordTable>,
    table: &Table,
    named: &Named,
    say: &mut impl FnMut(&Named, &str) -> Option<FullTextMap>,
) -> Option<FullTextMap> {
    let Some(found) = found else {
        return say(named, "there is no such table of FTS5");
    };
    if found.content.as_ref().is_some_and(|content| *content != table.name) {
        return say(named, "this table of FTS5 has the words of another table");
    }
    let known = |name: &String| find_column(table, name).map(|index| table.columns[index].name.clone());
    let number = || match table.primary_key.as_slice() {
        [key] if table.columns[*key].ty == ColumnType::Primitive(PrimitiveType::Int64) => {
            Some(table.columns[*key].name.clone())
        }
        _ => None,
    };
    let row = match &found.row {
        Some(row) => known(row).or_else(|| (row == ROW).then(|| row.clone())),
        None => number(),
    };
    match row {
        Some(row) => Some(FullTextMap::Table { name: found.name.clone(), row, least: found.least }),
        None => say(named, "rows of this table of FTS5 do not say which row they are of"),
    }
}

/// What SQLite calls the number of a row.
const ROW: &str = "rowid";

/// Words of PostgreSQL, which are found without an index, too.
fn of_vector(
    indexes: &[VectorIndex],
    table: &Table,
    told: &SearchShape,
    columns: &[&Column],
    notices: &mut Vec<Notice>,
) -> FullTextMap {
    let configuration = told.configuration.as_ref().map_or(SIMPLE, |name| &name.text).to_owned();
    let map = match columns {
        [only] if is_vector(only) => FullTextMap::Vector { column: only.name.clone(), configuration },
        _ => {
            let columns = columns.iter().map(|column| column.name.clone()).collect();
            FullTextMap::Expression { columns, configuration }
        }
    };
    let over = map.expression();
    let own = |one: &&VectorIndex| Some(&one.schema) == table.schema.as_ref() && one.table == table.name;
    if !indexes.iter().filter(own).any(|index| index.is_over(&over)) {
        let text = ["no index is over ", &over, ", so $search reads each row"].concat();
        notices.extend(told.columns.first().map(|name| about(name, &table.name, &text)));
    }
    map
}

/// Whether values of a column are words already.
pub(super) fn is_vector(column: &Column) -> bool {
    matches!(&column.native, NativeType::Named { schema, name } if schema == "pg_catalog" && name == "tsvector")
}

impl FullTextMap {
    /// What an index of PostgreSQL has to be over.
    fn expression(&self) -> String {
        let quoted = |name: &String| ["\"", name, "\""].concat();
        match self {
            FullTextMap::Vector { column, .. } => quoted(column),
            FullTextMap::Expression { columns, configuration } => {
                let text = match columns.as_slice() {
                    [only] => quoted(only),
                    several => {
                        let parts = several.iter().map(|name| ["coalesce(", &quoted(name), ", '')"].concat());
                        parts.collect::<Vec<_>>().join(" || ' ' || ")
                    }
                };
                ["to_tsvector('", configuration, "', ", &text, ")"].concat()
            }
            FullTextMap::Table { .. } | FullTextMap::Columns { .. } => String::new(),
        }
    }

    /// The column that is made for searching only.
    pub(super) fn vector(&self, table: &Table) -> Option<usize> {
        match self {
            FullTextMap::Vector { column, .. } => find_column(table, column),
            _ => None,
        }
    }
}
