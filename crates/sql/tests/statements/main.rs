//! A URL in, SQL and its parameters out: each row of `expected.txt` is a URL with what becomes of it on SQLite, the other
//! files say what becomes of the same URLs elsewhere. Those of `studio-…` are about enumerations, composite types and arrays.
//!
//! Run with `UPDATE_EXPECTED=1` to write the files anew, and read the difference before it is committed.

mod limits;
mod refused;
mod shop;
mod studio;
mod told;
mod joined;
mod changes;
mod open;
mod json;
mod readers;
mod rules;
mod zones;

use std::path::{Path, PathBuf};

use nextlink_odata::bind::{BindLimits, Request, bind};
use nextlink_odata::context::fragment;
use nextlink_odata::layout::{Layout, Needs};
use nextlink_odata::url;
use nextlink_odata::value::Value;
use nextlink_odata::version::Version;
use nextlink_sql::catalog::Catalog;
use nextlink_sql::dialect::{Dialect, MARIADB, Postgres, Sqlite};
use nextlink_sql::mapping::{Mapping, ModelOptions, build};
use nextlink_sql::plan::{PlanLimits, plan, program};
use nextlink_sql::statement::{ChildStatement, Program, Statement};
use nextlink_sql::tree::{Param, ParamForm};
use shop::Kind;

/// The time of all requests.
const NOW: &str = "2024-05-06T07:08:09";

fn param(param: &Param) -> String {
    let form = match param.form {
        ParamForm::Native => "",
        ParamForm::Text => " as text",
        ParamForm::Blob => " as bytes",
        ParamForm::Raw => " as it came",
    };
    let value = match &param.value {
        Value::Null => "null".to_owned(),
        Value::Boolean(b) => b.to_string(),
        Value::Integer(i) => i.to_string(),
        Value::Double(d) => format!("{d:?}"),
        Value::String(s) => format!("{s:?}"),
        Value::Binary(b) => format!("{b:x?}"),
        Value::Decimal(t) => format!("decimal {t}"),
        Value::Date(t) | Value::TimeOfDay(t) | Value::DateTimeOffset(t) => t.clone(),
        Value::Duration(t) => format!("{t} s"),
        Value::Guid(t) => format!("guid {t}"),
        Value::Shape { srid, text, .. } => format!("{text} in {srid}"),
    };
    value + form
}

fn statement(name: &str, statement: &Statement, out: &mut String) {
    *out += &format!("    {name}: {}\n", statement.sql);
    if !statement.params.is_empty() {
        let params: Vec<String> = statement.params.iter().map(param).collect();
        *out += &format!("        {}\n", params.join(" | "));
    }
}

/// All statements of a program, those of lower levels for one parent row.
fn written(program: &Program) -> String {
    let mut out = String::new();
    if let Some(count) = &program.count {
        statement("count", count, &mut out);
    }
    if let Some(parent) = &program.parent {
        statement("parent", parent, &mut out);
    }
    for (i, node) in program.nodes.iter().enumerate() {
        let name = match node.parent {
            None => "rows".to_owned(),
            Some(parent) => format!("{i} below {parent} by {:?}", node.link),
        };
        let mut one = |name: String, child: &Option<ChildStatement>| {
            if let Some(child) = child {
                statement(&name, &child.one, &mut out);
            }
        };
        one([&name, " counted"].concat(), &node.count);
        one(name, &node.rows);
    }
    out
}

/// What becomes of a URL.
fn outcome(mapping: &Mapping, dialect: &dyn Dialect, text: &str) -> String {
    let url = match url::parse(text) {
        Ok(url) => url,
        Err(error) => return format!("    syntax at {}: {}\n", error.at, error.message),
    };
    let query = match bind(&mapping.model, &url, BindLimits::default(), NOW) {
        Ok(Request::Query(query)) => query,
        Ok(other) => return format!("    {other:?}\n"),
        Err(e) => return format!("    {:?} at {} ({}): {}\n", e.kind, e.at, e.target, e.message),
    };
    let context = |version| fragment(&mapping.model, &query, "Set(1)", version);
    let (old, new) = (context(Version::V40), context(Version::V401));
    let context = if old == new { old } else { [&old, " in 4.01: ", &new].concat() };
    let layout = Layout::of(&mapping.model, &query, Needs::default());
    let outcome = match plan(mapping, dialect, &query, &layout, PlanLimits::default()) {
        Ok(plan) => written(&program(dialect, &plan)),
        Err(error) => format!("    unsupported: {error}\n"),
    };
    format!("    context: {context}\n{outcome}")
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/statements")
}

/// The headings and URLs of a file.
fn urls(file: &str) -> Vec<String> {
    let text = std::fs::read_to_string(folder().join(file)).expect("the file of expectations");
    text.lines().filter(|line| !line.starts_with("    ")).map(str::to_owned).collect()
}

/// Compares what becomes of URLs with a file, or writes it.
fn check(urls: &[String], file: &str, mapping: &Mapping, dialect: &dyn Dialect) {
    let path = folder().join(file);
    let mut found = String::new();
    for line in urls {
        found += line;
        found += "\n";
        if !line.is_empty() && !line.starts_with('#') {
            found += &outcome(mapping, dialect, line);
        }
    }
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(&path, &found).expect("the file is written");
        return;
    }
    let expected = std::fs::read_to_string(&path).expect("the file of expectations");
    for (number, (found, expected)) in found.lines().zip(expected.lines()).enumerate() {
        assert_eq!(found, expected, "line {} of {file}", number + 1);
    }
    assert_eq!(found, expected, "{file}");
}

#[test]
fn statements_are_as_expected() {
    let dialects: [(&str, &dyn Dialect, Kind); 3] = [
        ("expected.txt", &Sqlite, Kind::Sqlite),
        ("postgres.txt", &Postgres, Kind::Postgres),
        ("mariadb.txt", &MARIADB, Kind::MySql),
    ];
    let urls = urls("expected.txt");
    for (file, dialect, kind) in dialects {
        check(&urls, file, &shop::shop_on(kind), dialect);
    }
}

#[test]
fn enumerations_and_composite_types() {
    let dialects: [(&str, &dyn Dialect, Kind); 2] =
        [("studio-postgres.txt", &Postgres, Kind::Postgres), ("studio-mariadb.txt", &MARIADB, Kind::MySql)];
    let urls = urls("studio-postgres.txt");
    for (file, dialect, kind) in dialects {
        check(&urls, file, &studio::studio_on(kind), dialect);
    }
}

#[test]
fn what_sqlite_has_not() {
    let studio = studio::studio_on(Kind::Sqlite);
    for (url, expected) in [
        ("Rooms?$filter=Rights has 'Read'", "unsupported: has is not supported on SQLite."),
        (
            "Rooms?$filter=Home/Street eq 'a'",
            "unsupported: A path into a composite value is not supported on SQLite.",
        ),
        ("Rooms(1)/Home/Street", "unsupported: A path into a composite value is not supported on SQLite."),
    ] {
        let found = outcome(&studio, &Sqlite, url);
        assert_eq!(found.lines().last().map(str::trim), Some(expected), "{url}");
    }
}

/// Of expanded collections no more rows are read than are needed: for one parent by a limit, by numbers where they are numbered.
#[test]
fn expanded_collections_are_read_as_far_as_they_are_needed() {
    let dialects: [(&dyn Dialect, Kind); 3] =
        [(&Sqlite, Kind::Sqlite), (&Postgres, Kind::Postgres), (&MARIADB, Kind::MySql)];
    for (dialect, kind) in dialects {
        let mapping = shop::shop_on(kind);
        for (text, one_ends, many_ends) in [
            ("Customers?$expand=Orders($select=Id)", " LIMIT 4", "Id"),
            ("Customers?$expand=Orders($select=Id;$top=9)", " n <= 4 ORDER BY o, n", " n <= 4 ORDER BY o, n"),
            ("Customers?$expand=Orders($select=Id;$top=2)", " n <= 2 ORDER BY o, n", " n <= 2 ORDER BY o, n"),
            (
                "Customers?$expand=Orders($select=Id;$skip=2)",
                " n <= 6 ORDER BY o, n",
                " n <= 6 ORDER BY o, n",
            ),
        ] {
            let url = url::parse(text).expect("a URL");
            let Ok(Request::Query(query)) = bind(&mapping.model, &url, BindLimits::default(), NOW) else {
                panic!("{text} is a query");
            };
            let layout = Layout::of(&mapping.model, &query, Needs::default());
            let limits = PlanLimits { nested: Some(4), ..PlanLimits::default() };
            let planned = plan(&mapping, dialect, &query, &layout, limits).expect("a plan");
            let program = program(dialect, &planned);
            let rows = program.nodes[1].rows.as_ref().expect("rows");
            let many = rows.many.as_ref().map(|many| many.sql.trim_end_matches(['"', '`']));
            assert!(rows.one.sql.ends_with(one_ends), "{}: {text}: {}", dialect.name(), rows.one.sql);
            assert!(
                many.is_none_or(|many| many.ends_with(many_ends)),
                "{}: {text}: {many:?}",
                dialect.name()
            );
            // An array takes any number of parents, so that only a limit makes two statements of one.
            let two = kind != Kind::Postgres || one_ends.contains("LIMIT");
            assert_eq!(many.is_some(), two, "{}: {text}", dialect.name());
            let whole = program.nodes[0].rows.as_ref().expect("rows");
            assert!(!whole.one.sql.contains("LIMIT"), "{}: {text}", dialect.name());
        }
    }
}

/// A row is found by a key of dates at once; plans are kept where each date is one value of the database.
#[test]
fn keys_of_dates_lead_to_points() {
    let dialects: [(&dyn Dialect, Kind); 3] =
        [(&Sqlite, Kind::Sqlite), (&Postgres, Kind::Postgres), (&MARIADB, Kind::MySql)];
    for (dialect, kind) in dialects {
        let mut days = shop::table("Days", &["Id Date"], &[0], &[]);
        days.columns.iter_mut().for_each(|column| shop::on(kind, column));
        let catalog = Catalog { tables: vec![days], ..Catalog::default() };
        let mapping = build(&catalog, &ModelOptions::default()).0;
        for (text, is_point) in [("Days(2024-05-01)", true), ("Days(9999-12-31)", kind != Kind::Postgres)] {
            let url = url::parse(text).expect("a URL");
            let Ok(Request::Query(query)) = bind(&mapping.model, &url, BindLimits::default(), NOW) else {
                panic!("{text} is a query");
            };
            let layout = Layout::of(&mapping.model, &query, Needs::default());
            let planned = plan(&mapping, dialect, &query, &layout, PlanLimits::default()).expect("a plan");
            let program = program(dialect, &planned);
            let found = (program.point, program.key.is_some());
            assert_eq!(found, (is_point, kind != Kind::Postgres), "{}: {text}", dialect.name());
        }
    }
}
