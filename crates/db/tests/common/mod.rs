//! Databases in memory for the tests of introspection, and their models.

#![allow(dead_code, reason = "each test program uses its own part")]

pub mod odd;

use std::path::PathBuf;

use nextlink_db::sqlite::{IntrospectLimits, introspect};
use nextlink_sql::catalog::Catalog;
use nextlink_sql::mapping::{Mapping, ModelOptions, build};
use nextlink_sql::notice::Notice;
use rusqlite::Connection;

/// The sample databases that are there without this project.
pub const SAMPLES: [&str; 3] =
    ["northwind/northwind_sqlite.sql", "northwind/northwind_sqlite_ms.sql", "chinook/Chinook_Sqlite.sql"];

/// A database in memory, made by a script.
pub fn database(script: &str) -> Connection {
    let conn = Connection::open_in_memory().expect("SQLite opens a database in memory");
    // Scripts load tables in any order.
    conn.pragma_update(None, "foreign_keys", false).expect("a setting of SQLite");
    conn.execute_batch(script).expect("the script is right");
    conn
}

/// A sample database in memory, or `None` where the samples are absent.
pub fn sample(name: &str) -> Option<Connection> {
    let path = shared().join("data").join(name);
    match std::fs::read(&path) {
        Ok(script) => Some(database(&String::from_utf8_lossy(&script))),
        Err(_) => {
            println!("skipped: {} is absent", path.display());
            None
        }
    }
}

/// The folder of things from elsewhere, beside the workspace.
pub fn shared() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared")
}

/// The catalogue and what was said about it.
pub fn catalog(conn: &Connection) -> (Catalog, Vec<Notice>) {
    introspect(conn, &IntrospectLimits::default()).expect("the database can be read")
}

/// The model and all that was said on the way to it.
pub fn model(conn: &Connection, options: &ModelOptions) -> (Mapping, Vec<String>) {
    let (catalog, mut notices) = catalog(conn);
    let (mapping, more) = build(&catalog, options);
    notices.extend(more);
    (mapping, notices.iter().map(Notice::to_string).collect())
}

/// The model as text: one line a type, property and navigation property.
pub fn outline(mapping: &Mapping) -> String {
    let model = &mapping.model;
    let mut text = String::new();
    for (set, t) in model.entity_sets.iter().zip(&model.entity_types) {
        let key: Vec<&str> = t.key.iter().map(|&k| t.properties[k].name.as_str()).collect();
        text += &format!("{} of {} ({})\n", set.name, t.name, key.join(", "));
        for p in &t.properties {
            text += &format!("  {} {}{}", p.name, model.type_name(p.ty), if p.nullable { "?" } else { "" });
            for (facet, value) in [("max", p.max_length), ("precision", p.precision), ("scale", p.scale)] {
                text += &value.map(|v| format!(" {facet}={v}")).unwrap_or_default();
            }
            text += "\n";
        }
        for n in &t.navigation {
            text += &format!("  > {}\n", navigation(mapping, n));
        }
    }
    text
}

/// A navigation property as text.
pub fn navigation(mapping: &Mapping, n: &nextlink_odata::model::NavigationProperty) -> String {
    let target = mapping.model.entity_type(n.target);
    let partner = n.partner.map(|p| target.navigation[p].name.as_str()).unwrap_or("-");
    let many = match (n.collection, n.nullable) {
        (true, _) => "*",
        (false, true) => "?",
        (false, false) => "",
    };
    format!("{}: {}{many} <{partner}>", n.name, target.name)
}
