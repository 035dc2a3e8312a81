//! `cargo xtask conformance`: the page on what the standard asks, made from a table that names the tests.

use crate::run::root;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::fmt::Write;
use std::fs;

/// The table, from the root of the workspace.
const TABLE: &str = "docs/conformance.toml";
/// The page that is made of it.
const PAGE: &str = "docs/conformance.md";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    level: Vec<Level>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Level {
    title: String,
    item: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    must: Asked,
    text: String,
    has: Has,
    #[serde(default)]
    note: String,
    tests: Vec<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Asked {
    Must,
    Should,
    May,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Has {
    Yes,
    Partly,
    No,
}

/// Writes the page.
pub fn conformance() -> Result<()> {
    let page = page()?;
    fs::write(root().join(PAGE), page).with_context(|| format!("cannot write {PAGE}"))?;
    println!("made {PAGE}");
    Ok(())
}

/// The text of the page; fails where the table names a test that is not there.
fn page() -> Result<String> {
    let text = fs::read_to_string(root().join(TABLE)).with_context(|| format!("cannot read {TABLE}"))?;
    let table: Table = toml::from_str(&text).with_context(|| format!("cannot understand {TABLE}"))?;
    let mut page = String::from(
        "# Conformance\n\nWhat OData 4.01 asks of a service at each level (Part 1 section 13, restating 4.0; JSON format; Data Aggregation), \
         and the tests that show it. What is not\nserved is answered with 501 or 405, and capabilities say so in `$metadata`. \
         This page is made from `docs/conformance.toml` by `cargo xtask conformance`, which fails\nwhere a test is not there.\n",
    );
    for level in &table.level {
        write!(page, "\n## {}\n\n| asked | what | served | shown by |\n|---|---|---|---|\n", level.title)?;
        for item in &level.item {
            writeln!(page, "{}", row(item).with_context(|| format!("{}: {}", level.title, item.text))?)?;
        }
    }
    Ok(page)
}

fn row(item: &Item) -> Result<String> {
    if item.tests.is_empty() {
        bail!("no test shows it");
    }
    if item.note.is_empty() != (item.has == Has::Yes) {
        bail!("what is partly there, or not, has a note, and nothing else has one");
    }
    for test in &item.tests {
        if !exists(test)? {
            bail!("there is no test {test}");
        }
    }
    let must = match item.must {
        Asked::Must => "must",
        Asked::Should => "should",
        Asked::May => "may",
    };
    let has = match item.has {
        Has::Yes => "yes",
        Has::Partly => "partly",
        Has::No => "no",
    };
    let has = if item.note.is_empty() { has.to_owned() } else { format!("{has}: {}", item.note) };
    let tests: Vec<String> = item.tests.iter().map(|test| format!("`{test}`")).collect();
    Ok(format!("| {must} | {} | {has} | {} |", item.text, tests.join(", ")))
}

/// Whether a test is there, named by its file below `crates` and its function.
fn exists(test: &str) -> Result<bool> {
    let (file, function) = test.split_once("::").with_context(|| format!("{test} names no function"))?;
    let path = root().join("crates").join(file).with_extension("rs");
    let Ok(text) = fs::read_to_string(&path) else { return Ok(false) };
    Ok(is_test(&text, function))
}

/// Whether a source has a test of this name.
fn is_test(text: &str, function: &str) -> bool {
    let tests = text.split("#[test]").skip(1);
    tests.filter_map(|rest| rest.split("fn ").nth(1)).any(|rest| rest.split('(').next() == Some(function))
}

#[cfg(test)]
mod tests {
    use super::{PAGE, is_test, page, root};

    #[test]
    fn the_page_is_up_to_date() {
        let kept = std::fs::read_to_string(root().join(PAGE)).unwrap_or_default();
        assert!(kept == page().expect("the table is right"), "{PAGE} is stale: run cargo xtask conformance");
    }

    #[test]
    fn only_tests_are_found() {
        let text =
            "fn a() {}\n#[test]\nfn b() {\n    fn c() {}\n}\n#[test]\n#[should_panic]\nfn d() {}\nfn e() {}";
        for (function, expected) in
            [("a", false), ("b", true), ("c", false), ("d", true), ("e", false), ("", false)]
        {
            assert_eq!(is_test(text, function), expected, "{function}");
        }
    }
}
