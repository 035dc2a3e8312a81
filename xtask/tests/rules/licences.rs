//! Every dependency has a licence that a product under Apache-2.0 may use.

use crate::workspace::{Finding, metadata, none, texts};
use serde_json::Value;

/// Licences, by their SPDX names, that ask for no more than attribution, or that end at the file.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    // For data: the list of certificate authorities of webpki-roots.
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "OpenSSL",
    "Unicode-3.0",
    "Zlib",
];

/// Further ones that are open source, for what only tests install.
const ALLOWED_IN_TESTS: &[&str] = &["BlueOak-1.0.0", "Python-2.0"];

/// Reads the lock files of npm, and the licence of each package.
#[test]
fn every_licence_of_an_npm_package_is_allowed() {
    let lock_files = texts(&["json"]).into_iter().filter(|(path, _)| path.ends_with("package-lock.json"));
    let mut findings = Vec::new();
    let mut seen = 0;
    for (path, text) in lock_files {
        let lock: Value = serde_json::from_str(&text).expect("a lock file is JSON");
        let packages = lock["packages"].as_object().expect("a lock file lists packages");
        for (name, package) in packages.iter().filter(|(name, _)| !name.is_empty()) {
            seen += 1;
            let licence = package["license"].as_str().unwrap_or_default();
            if !ALLOWED_IN_TESTS.contains(&licence) && allows(licence) != Some(true) {
                let advice = format!("`{licence}` of {name} is not allowed: use another package");
                findings.push(Finding::new(&path, 1, advice));
            }
        }
    }
    assert!(seen > 20, "only {seen} packages were found");
    none(findings);
}

/// Reads `cargo metadata`, and the licence expression of each package.
#[test]
fn every_licence_is_allowed() {
    let metadata = metadata(&[]);
    let packages = metadata["packages"].as_array().expect("cargo metadata lists packages");
    assert!(packages.len() > 20, "only {} packages were found", packages.len());
    none(packages.iter().filter_map(licence).collect());
}

fn licence(package: &Value) -> Option<Finding> {
    let text = |key: &str| package[key].as_str().unwrap_or_default();
    let name = format!("{} {}", text("name"), text("version"));
    match allows(text("license")) {
        Some(true) => None,
        Some(false) => {
            let advice = format!(
                "`{}` is not allowed: use another crate, or add the licence with the reason",
                text("license")
            );
            Some(Finding::new(&name, 1, advice))
        }
        None => Some(Finding::new(
            &name,
            1,
            format!("`{}` is no licence expression: read its files", text("license")),
        )),
    }
}

/// Whether an SPDX expression lets us use the package; `None` when it cannot be read.
///
/// An old `/` is an `OR`. An exception, behind `WITH`, gives more rights and takes none.
fn allows(expression: &str) -> Option<bool> {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    let allowed = any_of(&mut words)?;
    words.next().is_none().then_some(allowed)
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any_of(words: &mut Words) -> Option<bool> {
    let mut allowed = all_of(words)?;
    while words.next_if_eq(&"OR").is_some() {
        allowed |= all_of(words)?;
    }
    Some(allowed)
}

fn all_of(words: &mut Words) -> Option<bool> {
    let mut allowed = one(words)?;
    while words.next_if_eq(&"AND").is_some() {
        allowed &= one(words)?;
    }
    Some(allowed)
}

fn one(words: &mut Words) -> Option<bool> {
    match words.next()? {
        "(" => {
            let allowed = any_of(words)?;
            (words.next()? == ")").then_some(allowed)
        }
        ")" | "OR" | "AND" | "WITH" => None,
        name => {
            if words.next_if_eq(&"WITH").is_some() {
                words.next().filter(|word| !matches!(*word, "(" | ")" | "OR" | "AND"))?;
            }
            Some(ALLOWED.contains(&name))
        }
    }
}

#[test]
fn expressions_are_read() {
    let rows: &[(&str, Option<bool>)] = &[
        ("MIT", Some(true)),
        ("GPL-3.0-only", Some(false)),
        ("MIT OR GPL-3.0-only", Some(true)),
        ("MIT AND GPL-3.0-only", Some(false)),
        ("GPL-3.0-only OR MIT AND ISC", Some(true)),
        ("(MIT OR GPL-3.0-only) AND Unicode-3.0", Some(true)),
        ("(MIT OR ISC) AND GPL-2.0-only", Some(false)),
        ("MIT/Apache-2.0", Some(true)),
        ("Apache-2.0 WITH LLVM-exception OR GPL-2.0-only", Some(true)),
        ("GPL-2.0-only WITH Classpath-exception-2.0", Some(false)),
        ("", None),
        ("MIT OR", None),
        ("(MIT", None),
        ("MIT ISC", None),
        ("MIT WITH", None),
    ];
    for (expression, expected) in rows {
        assert_eq!(allows(expression), *expected, "{expression}");
    }
}
