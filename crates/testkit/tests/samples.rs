//! Northwind and Chinook have the same rows in each database.

use nextlink_testkit::samples::Sample;
use nextlink_testkit::{mariadb, postgres};
use rusqlite::Connection;

/// Counts that tell whether a sample is whole: of tables, and of rows by the statements below.
const ROWS: &[(Sample, &[(&str, i64)])] = &[
    (
        Sample::Northwind,
        &[
            ("orders", 830),
            ("order_details", 2_155),
            ("customers", 91),
            ("products", 77),
            ("employees", 9),
            ("employee_territories", 49),
            ("categories", 8),
            ("us_states", 51),
        ],
    ),
    (
        Sample::Chinook,
        &[
            ("track", 3_503),
            ("album", 347),
            ("artist", 275),
            ("customer", 59),
            ("playlist_track", 8_715),
            ("invoice_line", 2_240),
        ],
    ),
];

/// The name of a table of Chinook outside PostgreSQL: each word with a capital letter.
fn camel(table: &str) -> String {
    table.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}

#[test]
fn samples_are_whole_everywhere() {
    for (sample, tables) in ROWS {
        let name = |table: &str| match sample {
            Sample::Northwind => table.to_owned(),
            Sample::Chinook => camel(table),
        };
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.db");
        if !sample.sqlite(&path) {
            return;
        }
        let sqlite = Connection::open(path).unwrap();
        let [pg, maria] = [postgres::server(), mariadb::server()].map(|server| server.database("sample"));
        assert!(sample.fill(&pg) && sample.fill(&maria));
        for (table, rows) in *tables {
            let found =
                sqlite.query_row(&format!("SELECT count(*) FROM {}", name(table)), [], |row| row.get(0));
            assert_eq!(found, Ok(*rows), "{sample:?} in SQLite: {table}");
            let expected = [[Some(rows.to_string())]];
            assert_eq!(pg.query(&format!("SELECT count(*) FROM {table}")), expected, "{sample:?}: {table}");
            let sql = format!("SELECT count(*) FROM {}", name(table));
            assert_eq!(maria.query(&sql), expected, "{sample:?} in MariaDB: {table}");
        }
        let keys = "SELECT count(*) FROM information_schema.table_constraints
            WHERE constraint_type = 'FOREIGN KEY' AND table_schema = ";
        let expected = pg.query(&format!("{keys}'public'"));
        assert_eq!(maria.query(&format!("{keys}database()")), expected, "{sample:?}: foreign keys");
        assert_ne!(expected, [[Some("0".to_owned())]]);
    }
}

#[test]
fn values_are_as_they_were_written() {
    let rows: &[(&str, &str)] = &[
        ("SELECT company_name FROM customers WHERE customer_id = 'BLONP'", "Blondesddsl père et fils"),
        ("SELECT birth_date FROM employees WHERE employee_id = 1", "1948-12-08"),
        ("SELECT address FROM customers WHERE customer_id = 'BERGS'", "Berguvsvägen  8"),
        ("SELECT company_name FROM suppliers WHERE supplier_id = 2", "New Orleans Cajun Delights"),
        ("SELECT company_name FROM suppliers WHERE supplier_id = 3", "Grandma Kelly's Homestead"),
    ];
    for server in [postgres::server(), mariadb::server()] {
        let database = server.database("values");
        if Sample::Northwind.fill(&database) {
            for (sql, expected) in rows {
                assert_eq!(database.query(sql), [[Some((*expected).to_owned())]], "{server:?}: {sql}");
            }
        }
    }
}
