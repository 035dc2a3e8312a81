//! `cargo xtask conformance`: the page on what the standard asks, made from a table that names the tests.

use crate::run::root;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::fmt::Write;
use std::fs;
use std::ops::RangeInclusive;

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
    /// Where the list stands.
    section: String,
    /// The first and the last number of the list; none of an unnumbered one.
    numbers: Option<(u32, u32)>,
    item: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    /// Its number in the list, such as `7.2`, or those of several that are told together, such as `18-33`.
    #[serde(default)]
    no: String,
    must: Asked,
    text: String,
    has: Has,
    #[serde(default)]
    note: String,
    #[serde(default)]
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
    /// It is about what the service does not have.
    Beside,
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
        "# Conformance\n\nThe standard's own lists of what a service of each level has to do (OData 4.01: protocol, which restates 4.0, JSON format, CSDL; Data Aggregation 4.0), \
         with its numbers, and the tests that\nshow it. URL Conventions have no list: they refer to the protocol's. A dash stands for what is about things that the service does not have. What is not\n\
         served is answered with 501 or 405. This page is made from `docs/conformance.toml` by `cargo xtask conformance`, which fails where a number has no row or a test is not there.\n",
    );
    for level in &table.level {
        is_whole(level).with_context(|| level.title.clone())?;
        write!(page, "\n## {}\n\n{}\n\n", level.title, level.section)?;
        page.push_str("| | asked | what | served | shown by |\n|---|---|---|---|---|\n");
        for item in &level.item {
            writeln!(page, "{}", row(item).with_context(|| format!("{}: {}", level.title, item.text))?)?;
        }
    }
    Ok(page)
}

/// Fails where a number of the list has no row, or a row a number that is not in the list.
fn is_whole(level: &Level) -> Result<()> {
    let mut told: Vec<u32> = Vec::new();
    for item in level.item.iter().filter(|item| !item.no.is_empty()) {
        told.extend(numbers(&item.no)?);
    }
    let list = level.numbers.map(|(first, last)| first..=last);
    let missing: Vec<u32> =
        list.clone().into_iter().flatten().filter(|number| !told.contains(number)).collect();
    let in_list = |number: &u32| list.as_ref().is_some_and(|list| list.contains(number));
    let wrong: Vec<u32> = told.into_iter().filter(|number| !in_list(number)).collect();
    if !missing.is_empty() || !wrong.is_empty() {
        bail!("no rows for {missing:?}, and rows for {wrong:?}, which are not in the list");
    }
    Ok(())
}

/// The numbers of a list that a row is about: 7 of `7.2`, all from 18 to 33 of `18-33`.
fn numbers(no: &str) -> Result<RangeInclusive<u32>> {
    let (first, last) = no.split_once('-').unwrap_or((no, no));
    let whole = |text: &str| text.split('.').next().unwrap_or_default().parse::<u32>();
    Ok(whole(first).with_context(|| no.to_owned())?..=whole(last).with_context(|| no.to_owned())?)
}

fn row(item: &Item) -> Result<String> {
    if item.tests.is_empty() != (item.has == Has::Beside) {
        bail!("a test shows it, unless it is about what is not there");
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
        Has::Beside => "–",
    };
    let has = if item.note.is_empty() { has.to_owned() } else { format!("{has}: {}", item.note) };
    let tests: Vec<String> = item.tests.iter().map(|test| format!("`{test}`")).collect();
    Ok(format!("| {} | {must} | {} | {has} | {} |", item.no, item.text, tests.join(", ")))
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
    use super::{PAGE, is_test, numbers, page, root};

    #[test]
    fn the_page_is_up_to_date() {
        let kept = std::fs::read_to_string(root().join(PAGE)).unwrap_or_default();
        assert!(kept == page().expect("the table is right"), "{PAGE} is stale: run cargo xtask conformance");
    }

    #[test]
    fn numbers_of_rows() {
        for (no, expected) in [
            ("7", Some(7..=7)),
            ("7.2", Some(7..=7)),
            ("9.a", Some(9..=9)),
            ("18-33", Some(18..=33)),
            ("x", None),
        ] {
            assert_eq!(numbers(no).ok(), expected, "{no}");
        }
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
