//! The files of the workspace, and how a rule says what it found.

use crate::source::Source;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a rule found: where, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file, from the root of the workspace.
    pub path: String,
    /// The line, from 1; 0 when it is about the whole file.
    pub line: usize,
    /// What is wrong, and what to do.
    pub advice: String,
}

impl Finding {
    /// A finding at a line of a file.
    pub fn new(path: &str, line: usize, advice: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, advice: advice.into() }
    }
}

/// Fails, naming every finding, unless there is none.
#[track_caller]
pub fn none(findings: Vec<Finding>) {
    let lines: Vec<_> =
        findings.iter().map(|f| format!("{}:{}: {}", f.path, f.line.max(1), f.advice)).collect();
    assert!(lines.is_empty(), "the house rules of ARCHITECTURE.md are broken here:\n{}\n", lines.join("\n"));
}

/// The root of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All files of Rust, with test modules in files of their own known as such.
pub fn sources() -> Vec<Source> {
    let mut sources: Vec<_> = texts(&["rs"]).iter().map(|(path, text)| Source::new(path, text)).collect();
    mark_test_modules(&mut sources);
    assert!(sources.len() > 20, "only {} files of Rust were found", sources.len());
    sources
}

/// The packages of the workspace, as `cargo metadata` describes them.
pub fn packages() -> Vec<Value> {
    let mut metadata = metadata(&["--no-deps"]);
    match metadata["packages"].take() {
        Value::Array(packages) => packages,
        other => panic!("cargo metadata lists no packages: {other}"),
    }
}

/// What `cargo metadata` says about the packages built here; asks the network only if it has to.
pub fn metadata(args: &[&str]) -> Value {
    let version = output(Command::new("rustc").arg("-vV")).expect("rustc says its version");
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc says its host");
    let ask = |network: &[&str]| {
        let mut command = Command::new(env!("CARGO"));
        command.args(["metadata", "--format-version", "1", "--locked", "--filter-platform", host]);
        output(command.args(args).args(network).current_dir(root()))
    };
    let json =
        ask(&["--offline"]).or_else(|_| ask(&[])).unwrap_or_else(|error| panic!("cargo metadata: {error}"));
    serde_json::from_str(&json).expect("cargo metadata is JSON")
}

fn output(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| error.to_string())?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

/// Path and text of every file with one of these endings (the part behind the last dot, or the name).
pub fn texts(endings: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    collect(&root(), "", endings, &mut found);
    found.sort();
    found
}

fn collect(dir: &Path, prefix: &str, endings: &[&str], found: &mut Vec<(String, String)>) {
    const SKIPPED: &[&str] = &["target", ".git", "node_modules", "__pycache__"];
    for entry in fs::read_dir(dir).expect("a folder of the workspace can be listed") {
        let entry = entry.expect("a folder of the workspace can be listed");
        let Ok(name) = entry.file_name().into_string() else { continue };
        let path = format!("{prefix}{name}");
        let kind = entry.file_type().expect("a file has a type");
        if kind.is_dir() && !SKIPPED.contains(&name.as_str()) {
            collect(&entry.path(), &format!("{path}/"), endings, found);
        } else if kind.is_file() && endings.contains(&name.rsplit('.').next().unwrap_or_default()) {
            let text = fs::read_to_string(entry.path()).unwrap_or_else(|error| panic!("{path}: {error}"));
            found.push((path, text));
        }
    }
}

/// A module declared under `#[cfg(test)]` makes its file, and the files below it, test code.
fn mark_test_modules(sources: &mut [Source]) {
    let mut places = Vec::new();
    for source in &*sources {
        let stem = source.path.strip_suffix(".rs").unwrap_or(&source.path);
        let (dir, name) = stem.rsplit_once('/').unwrap_or(("", stem));
        let dir = if matches!(name, "lib" | "main" | "mod") { dir } else { stem };
        places.extend(source.test_modules.iter().map(|module| format!("{dir}/{module}")));
    }
    for source in sources {
        let below = |place: &String| {
            let rest = source.path.strip_prefix(place.as_str());
            rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        };
        if places.iter().any(below) {
            source.make_test();
        }
    }
}

#[test]
fn test_modules_in_files_of_their_own_are_test_code() {
    let mut sources: Vec<_> = [
        ("c/src/lib.rs", "#[cfg(test)] mod t;"),
        ("c/src/t.rs", "x"),
        ("c/src/tt.rs", "x"),
        ("c/src/a/mod.rs", "#[cfg(test)] mod t;"),
        ("c/src/a/t/u.rs", "x"),
        ("c/src/b.rs", "#[cfg(test)] mod t;"),
        ("c/src/b/t.rs", "x"),
        ("c/tests/x.rs", "x"),
    ]
    .map(|(path, text)| Source::new(path, text))
    .into();
    mark_test_modules(&mut sources);
    let tests: Vec<_> = sources.iter().filter(|s| s.is_test()).map(|s| s.path.as_str()).collect();
    assert_eq!(tests, ["c/src/t.rs", "c/src/a/t/u.rs", "c/src/b/t.rs", "c/tests/x.rs"]);
}
