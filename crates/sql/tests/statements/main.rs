//! A URL in, SQL and its parameters out: each row of `expected.txt` is a URL with what becomes of it on SQLite.
//!
//! Run with `UPDATE_EXPECTED=1` to write the file anew, and read the difference before it is committed.

mod limits;
mod shop;

use nextlink_odata::bind::{BindLimits, Request, bind};
use nextlink_odata::context::fragment;
use nextlink_odata::layout::Layout;
use nextlink_odata::url;
use nextlink_odata::value::Value;
use nextlink_odata::version::Version;
use nextlink_sql::dialect::Sqlite;
use nextlink_sql::mapping::Mapping;
use nextlink_sql::plan::{PlanLimits, plan, program};
use nextlink_sql::statement::{ChildStatement, Program, Statement};
use nextlink_sql::tree::{Param, ParamForm};

/// The time of all requests.
const NOW: &str = "2024-05-06T07:08:09";

fn param(param: &Param) -> String {
    let form = match param.form {
        ParamForm::Native => "",
        ParamForm::Text => " as text",
        ParamForm::Blob => " as bytes",
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
fn outcome(mapping: &Mapping, text: &str) -> String {
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
    let layout = Layout::of(&mapping.model, &query, false);
    let outcome = match plan(mapping, &Sqlite, &query, &layout, PlanLimits::default()) {
        Ok(plan) => written(&program(&Sqlite, &plan)),
        Err(error) => format!("    unsupported: {error}\n"),
    };
    format!("    context: {context}\n{outcome}")
}

#[test]
fn statements_are_as_expected() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/statements/expected.txt");
    let expected = std::fs::read_to_string(path).expect("the file of expectations");
    let mapping = shop::shop();
    let mut found = String::new();
    for line in expected.lines().filter(|line| !line.starts_with("    ")) {
        found += line;
        found += "\n";
        if !line.is_empty() && !line.starts_with('#') {
            found += &outcome(&mapping, line);
        }
    }
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(path, &found).expect("the file is written");
        return;
    }
    for (number, (found, expected)) in found.lines().zip(expected.lines()).enumerate() {
        assert_eq!(found, expected, "line {} of expected.txt", number + 1);
    }
    assert_eq!(found, expected);
}
