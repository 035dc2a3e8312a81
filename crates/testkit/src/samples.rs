//! Northwind and Chinook, which lie beside the project, in each database.

use crate::server::Database;
use crate::shared::shared;
use crate::sqlite::sqlite;
use std::fs;
use std::path::Path;

/// A sample database that people know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sample {
    /// Orders of a trading company: 14 tables with the same names everywhere.
    Northwind,
    /// A music store: 11 tables; `playlist_track` in PostgreSQL is `PlaylistTrack` elsewhere.
    Chinook,
}

impl Sample {
    /// Fills an empty database of PostgreSQL or MariaDB; says so and does nothing where the files are not here.
    ///
    /// # Panics
    /// When the script does not run.
    #[track_caller]
    #[must_use]
    pub fn fill(self, database: &Database) -> bool {
        let postgres = database.server().scheme() == "postgres";
        let file = match (self, postgres) {
            (Self::Northwind, true) => "data/northwind/northwind_pg.sql",
            (Self::Northwind, false) => "data/northwind/northwind_mysql.sql",
            (Self::Chinook, true) => "data/chinook/Chinook_PostgreSql.sql",
            (Self::Chinook, false) => "data/chinook/Chinook_MySql.sql",
        };
        let Some(script) = script(file) else { return false };
        // One transaction is faster than one a row.
        let begin = if postgres { "BEGIN;" } else { "SET autocommit = 0;" };
        database.load(|to| write!(to, "{begin}\n{}\nCOMMIT;\n", statements(&script)));
        true
    }

    /// Makes a file of SQLite; says so and makes none where the scripts are not here.
    ///
    /// # Panics
    /// When the script does not run.
    #[track_caller]
    #[must_use]
    pub fn sqlite(self, path: &Path) -> bool {
        let Some(script) = script(match self {
            Self::Northwind => "data/northwind/northwind_sqlite_ms.sql",
            Self::Chinook => "data/chinook/Chinook_Sqlite.sql",
        }) else {
            return false;
        };
        sqlite(path, &format!("BEGIN;\n{}\nCOMMIT;\n", statements(&script)));
        true
    }
}

fn script(file: &str) -> Option<String> {
    let path = shared(file)?;
    Some(fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// What of a script belongs into a database that is there: nothing that makes one and switches to it, and
/// no setting that PostgreSQL has not had since version 12.
fn statements(script: &str) -> String {
    let switch = |line: &&str| line.starts_with("\\c ") || line.starts_with("USE ");
    let first = script.lines().position(|line| switch(&line)).map_or(0, |switch| switch + 1);
    let gone = |line: &&str| line.starts_with("SET default_with_oids");
    script.lines().skip(first).filter(|line| !gone(line)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::statements;

    #[test]
    fn scripts_stay_in_their_database() {
        let rows = [
            (
                "DROP DATABASE x;\nCREATE DATABASE x;\n\\c x;\n\nCREATE TABLE t (a);\n",
                "\nCREATE TABLE t (a);",
            ),
            ("CREATE DATABASE x;\nUSE `x`;\nSELECT 'USE y';", "SELECT 'USE y';"),
            ("SET a = 1;\nSET default_with_oids = false;\nSELECT 1;", "SET a = 1;\nSELECT 1;"),
            ("SELECT 1;", "SELECT 1;"),
        ];
        for (script, expected) in rows {
            assert_eq!(statements(script), expected, "{script}");
        }
    }
}
