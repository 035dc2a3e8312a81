//! Foreign keys, with what SQLite leaves open resolved: columns that are not named, names in another case.

use nextlink_odata::model::OnDelete;
use nextlink_sql::catalog::{ForeignKey, Table};
use nextlink_sql::notice::Notice;
use rusqlite::Connection;

/// A foreign key as declared.
#[derive(Debug)]
pub(super) struct Declared {
    target: String,
    columns: Vec<String>,
    /// `None` where the target's primary key is meant.
    target_columns: Vec<Option<String>>,
    on_delete: String,
}

/// Reads the foreign keys of a table, in the order of their declaration.
pub(super) fn declared(conn: &Connection, table: &str) -> rusqlite::Result<Vec<Declared>> {
    // SQLite numbers them from the last to the first.
    let sql = "SELECT id, \"table\", \"from\", \"to\", on_delete FROM pragma_foreign_key_list(?1, 'main') \
               ORDER BY id DESC, seq";
    let mut statement = conn.prepare(sql)?;
    let mut rows = statement.query([table])?;
    let mut keys: Vec<Declared> = Vec::new();
    let mut last = None;
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        if last != Some(id) {
            let (target, on_delete) = (row.get(1)?, row.get(4)?);
            keys.push(Declared { target, columns: Vec::new(), target_columns: Vec::new(), on_delete });
            last = Some(id);
        }
        if let Some(key) = keys.last_mut() {
            key.columns.push(row.get(2)?);
            key.target_columns.push(row.get(3)?);
        }
    }
    Ok(keys)
}

/// Finds tables and columns by name. A key that leads nowhere is dropped with a notice.
pub(super) fn resolve(tables: &mut [Table], declared: Vec<Vec<Declared>>, notices: &mut Vec<Notice>) {
    for (index, keys) in declared.into_iter().enumerate() {
        let mut resolved = Vec::with_capacity(keys.len());
        for key in &keys {
            match resolve_one(tables, index, key) {
                Ok(fk) => resolved.push(fk),
                Err(why) => {
                    let text = ["The foreign key to `", &key.target, "` was dropped: ", &why, "."].concat();
                    notices.push(Notice::table(&tables[index].name, text));
                }
            }
        }
        if let Some(table) = tables.get_mut(index) {
            table.foreign_keys = resolved;
        }
    }
}

fn resolve_one(tables: &[Table], index: usize, key: &Declared) -> Result<ForeignKey, String> {
    let target = tables.iter().position(|t| t.name.eq_ignore_ascii_case(&key.target));
    let target = target.ok_or("there is no such table")?;
    let columns = key.columns.iter().map(|c| column(&tables[index], c)).collect::<Result<Vec<_>, _>>()?;
    let target_columns = if key.target_columns.iter().any(Option::is_none) {
        tables[target].primary_key.clone()
    } else {
        let names = key.target_columns.iter().flatten();
        names.map(|c| column(&tables[target], c)).collect::<Result<Vec<_>, _>>()?
    };
    if columns.len() != target_columns.len() {
        let counts = [columns.len().to_string(), target_columns.len().to_string()];
        return Err(
            ["of its columns there are ", &counts[0], ", of those it points to ", &counts[1]].concat()
        );
    }
    let on_delete = on_delete(&key.on_delete);
    // Whether foreign keys hold is up to each connection that writes.
    Ok(ForeignKey { name: None, columns, target, target_columns, on_delete, vouched: false })
}

fn column(table: &Table, name: &str) -> Result<usize, String> {
    let found = table.columns.iter().position(|c| c.name.eq_ignore_ascii_case(name));
    found.ok_or_else(|| ["`", &table.name, "` has no column `", name, "`"].concat())
}

/// The action, where one is asked for; `NO ACTION` is what SQLite says where nothing is.
fn on_delete(action: &str) -> Option<OnDelete> {
    match action {
        "CASCADE" => Some(OnDelete::Cascade),
        "SET NULL" => Some(OnDelete::SetNull),
        "SET DEFAULT" => Some(OnDelete::SetDefault),
        "RESTRICT" => Some(OnDelete::None),
        _ => None,
    }
}
