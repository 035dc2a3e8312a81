//! PostgreSQL and MariaDB get the tables, keys and rows that SQLite has.

use std::path::Path;

use nextlink_sample::{Error, Summary, Target, big, trading};
use nextlink_testkit::server::Database;
use nextlink_testkit::{mariadb, postgres};
use rusqlite::{Connection, types::ValueRef};

/// A sample, by how it is made.
struct Sample {
    name: &'static str,
    create: fn(&Path) -> Result<Summary, Error>,
    script: fn(Target, &mut dyn std::io::Write) -> Result<Summary, Error>,
}

/// Large enough that scripts are written in several pieces.
const BIG_ROWS: u64 = 7_000;

const SAMPLES: &[Sample] = &[
    Sample { name: "trading", create: trading::create, script: trading::script },
    Sample {
        name: "big",
        create: |path| big::create(path, BIG_ROWS),
        script: |target, to| big::script(target, BIG_ROWS, to),
    },
];

/// A column of SQLite: its name, its declared type without arguments, whether it may be null, its place in the
/// key.
struct Column {
    name: String,
    declared: String,
    nullable: bool,
    key: i64,
}

fn fill(sample: &Sample) -> (Connection, Summary, [(Target, Database); 2]) {
    let dir = tempfile::tempdir().expect("folder");
    let path = dir.path().join("x.db");
    let summary = (sample.create)(&path).expect("create");
    let servers = [(Target::Postgres, postgres::server()), (Target::MariaDb, mariadb::server())];
    let databases = servers.map(|(target, server)| {
        let database = server.database(sample.name);
        database.load(|to| {
            let written = (sample.script)(target, to).map_err(std::io::Error::other)?;
            assert_eq!(written, summary, "{target:?}");
            Ok(())
        });
        (target, database)
    });
    (Connection::open(path).expect("open"), summary, databases)
}

fn columns(sqlite: &Connection, table: &str) -> Vec<Column> {
    let mut found = sqlite.prepare("SELECT name, type, \"notnull\", pk FROM pragma_table_xinfo(?)").unwrap();
    let found = found.query_map([table], |row| {
        let (declared, not_null): (String, bool) = (row.get(1)?, row.get(2)?);
        let declared = declared.split(['(', ' ']).next().unwrap_or_default().to_owned();
        Ok(Column { name: row.get(0)?, declared, nullable: !not_null, key: row.get(3)? })
    });
    found.unwrap().collect::<Result<_, _>>().unwrap()
}

fn quoted(target: Target, name: &str) -> String {
    match target {
        Target::Postgres => format!("\"{name}\""),
        Target::MariaDb => format!("`{name}`"),
    }
}

/// The form in which values of all databases are the same text.
fn plain(declared: &str, text: &str) -> String {
    match declared {
        "DECIMAL" => format!("{:.2}", text.parse::<f64>().unwrap()),
        "DOUBLE" => text.parse::<f64>().unwrap().to_string(),
        "BOOLEAN" => text.replace('t', "1").replace('f', "0"),
        "DATETIME" => {
            let text = text.trim_end_matches("+00");
            if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
                .to_owned()
        }
        _ => text.to_owned(),
    }
}

fn rows_of_sqlite(sqlite: &Connection, table: &str, columns: &[Column]) -> Vec<Vec<Option<String>>> {
    let mut rows = sqlite.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
    let mut rows = rows.query([]).unwrap();
    let mut all = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let cell = |(index, column): (usize, &Column)| {
            let text = match row.get_ref(index).unwrap() {
                ValueRef::Null => return None,
                ValueRef::Integer(value) => value.to_string(),
                ValueRef::Real(value) => value.to_string(),
                ValueRef::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
                ValueRef::Blob(bytes) => bytes.iter().map(|byte| format!("{byte:02X}")).collect(),
            };
            Some(plain(&column.declared, &text))
        };
        all.push(columns.iter().enumerate().map(cell).collect());
    }
    all.sort();
    all
}

fn rows_of(target: Target, database: &Database, table: &str, columns: &[Column]) -> Vec<Vec<Option<String>>> {
    let list = columns.iter().map(|column| match (column.declared.as_str(), target) {
        ("BLOB", Target::Postgres) => format!("upper(encode({}, 'hex'))", quoted(target, &column.name)),
        ("BLOB", Target::MariaDb) => format!("hex({})", quoted(target, &column.name)),
        _ => quoted(target, &column.name),
    });
    let list = list.collect::<Vec<_>>().join(", ");
    let rows = database.query(&format!("SELECT {list} FROM {}", quoted(target, table)));
    let plain_row = |row: Vec<Option<String>>| {
        row.into_iter()
            .zip(columns)
            .map(|(cell, column)| cell.map(|text| plain(&column.declared, &text)))
            .collect()
    };
    // The databases do not agree on the order of text and of UUIDs.
    let mut rows: Vec<Vec<_>> = rows.into_iter().map(plain_row).collect();
    rows.sort();
    rows
}

#[test]
fn every_row_is_the_same_everywhere() {
    for sample in SAMPLES {
        let (sqlite, summary, databases) = fill(sample);
        for table in &summary.tables {
            let columns = columns(&sqlite, &table.name);
            let expected = rows_of_sqlite(&sqlite, &table.name, &columns);
            assert_eq!(expected.len() as u64, table.rows);
            for (target, database) in &databases {
                let found = rows_of(*target, database, &table.name, &columns);
                let differing = expected.iter().zip(&found).find(|(expected, found)| expected != found);
                assert_eq!(
                    differing, None,
                    "{} in {target:?}: the first row that is not the same",
                    table.name
                );
                assert_eq!(found.len(), expected.len(), "{} in {target:?}", table.name);
            }
        }
    }
}

#[test]
fn columns_and_keys_are_the_same_everywhere() {
    for sample in SAMPLES {
        let (sqlite, summary, databases) = fill(sample);
        for (target, database) in &databases {
            let schema = match target {
                Target::Postgres => "'public'",
                Target::MariaDb => "database()",
            };
            for table in &summary.tables {
                let table = &table.name;
                let columns = columns(&sqlite, table);
                // SQLite takes the columns of a key for nullable unless they say otherwise.
                let expected: Vec<_> = columns
                    .iter()
                    .map(|c| {
                        vec![Some(c.name.clone()), Some(if c.nullable { "YES" } else { "NO" }.to_owned())]
                    })
                    .collect();
                let found = database.query(&format!(
                    "SELECT column_name, is_nullable FROM information_schema.columns
                    WHERE table_schema = {schema} AND table_name = '{table}' ORDER BY ordinal_position"
                ));
                assert_eq!(found, expected, "{table} in {target:?}");
                let mut key: Vec<_> = columns.iter().filter(|column| column.key > 0).collect();
                key.sort_by_key(|column| column.key);
                let expected: Vec<_> = key.iter().map(|column| vec![Some(column.name.clone())]).collect();
                let found = database.query(&format!(
                    "SELECT k.column_name FROM information_schema.key_column_usage k
                    JOIN information_schema.table_constraints c ON c.constraint_name = k.constraint_name
                        AND c.table_schema = k.table_schema AND c.table_name = k.table_name
                    WHERE k.table_schema = {schema} AND k.table_name = '{table}'
                        AND c.constraint_type = 'PRIMARY KEY' ORDER BY k.ordinal_position"
                ));
                assert_eq!(found, expected, "key of {table} in {target:?}");
            }
            assert_eq!(
                foreign_keys(*target, database),
                foreign_keys_of_sqlite(&sqlite),
                "{} in {target:?}",
                sample.name
            );
        }
    }
}

fn foreign_keys_of_sqlite(sqlite: &Connection) -> Vec<Vec<Option<String>>> {
    let sql = "SELECT t.name, k.\"from\", k.\"table\", k.\"to\", k.on_delete
        FROM sqlite_schema AS t, pragma_foreign_key_list(t.name) AS k WHERE t.type = 'table'";
    let mut keys = sqlite.prepare(sql).unwrap();
    let keys = keys.query_map([], |row| (0..5).map(|index| row.get(index)).collect());
    let mut keys: Vec<Vec<_>> = keys.unwrap().collect::<Result<_, _>>().unwrap();
    keys.sort();
    keys
}

fn foreign_keys(target: Target, database: &Database) -> Vec<Vec<Option<String>>> {
    let mut keys = database.query(match target {
        Target::Postgres => {
            "SELECT c.conrelid::regclass, a.attname, c.confrelid::regclass, b.attname,
                CASE c.confdeltype WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' END
            FROM pg_constraint c
            JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
            JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = c.confkey[1]
            WHERE c.contype = 'f'"
        }
        Target::MariaDb => {
            "SELECT k.table_name, k.column_name, k.referenced_table_name, k.referenced_column_name, r.delete_rule
            FROM information_schema.key_column_usage k
            JOIN information_schema.referential_constraints r ON r.constraint_name = k.constraint_name
                AND r.constraint_schema = k.constraint_schema AND r.table_name = k.table_name
            WHERE k.table_schema = database()"
        }
    });
    for cell in keys.iter_mut().flatten().flatten() {
        *cell = cell.trim_matches('"').to_owned();
    }
    keys.sort();
    keys
}

#[test]
fn the_trading_company_has_comments_views_and_numbers_that_go_on() {
    let (sqlite, summary, databases) = fill(&SAMPLES[0]);
    let product = "INSERT INTO \"Carriers\" (\"Name\") VALUES ('Next')";
    let next =
        sqlite.query_row("SELECT max(CarrierId) + 1 FROM Carriers", [], |row| row.get::<_, i64>(0)).unwrap();
    for (target, database) in &databases {
        let comments = match target {
            Target::Postgres => {
                "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
                    AND obj_description(oid) <> ''; SELECT col_description('\"Products\"'::regclass, 3)"
            }
            Target::MariaDb => {
                "SELECT count(*) FROM information_schema.tables WHERE table_schema = database()
                    AND table_type = 'BASE TABLE' AND table_comment <> '';
                SELECT column_comment FROM information_schema.columns
                    WHERE table_schema = database() AND table_name = 'Products' AND column_name = 'Gtin'"
            }
        };
        let expected = [summary.tables.len().to_string(), "Article number with its check digit".to_owned()];
        assert_eq!(database.query(comments).concat(), expected.map(Some), "{target:?}");
        for (view, columns) in
            [("OrderTotals", "Total"), ("MonthlySales", "Revenue"), ("ProductsToReorder", "Stock")]
        {
            let ask = |view: &str, column: &str| format!("SELECT count(*), sum({column}) FROM {view}");
            let (rows, sum) = sqlite
                .query_row(&ask(view, columns), [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, f64>(1)?)))
                .unwrap();
            let found = database.query(&ask(&quoted(*target, view), &quoted(*target, columns))).concat();
            let [Some(found_rows), Some(found_sum)] = &found[..] else { panic!("{found:?}") };
            assert_eq!(found_rows, &rows.to_string(), "{view} in {target:?}");
            assert_eq!(plain("DECIMAL", found_sum), format!("{sum:.2}"), "{view} in {target:?}");
        }
        let insert = match target {
            Target::Postgres => product.to_owned(),
            Target::MariaDb => product.replace('"', "`"),
        };
        database.run(&insert);
        let last =
            format!("SELECT max({}) FROM {}", quoted(*target, "CarrierId"), quoted(*target, "Carriers"));
        assert_eq!(database.query(&last), [[Some(next.to_string())]], "{target:?}");
    }
}
