//! Words and calls that have one place in the workspace, or none.

use crate::paths::{Named, paths};
use crate::source::{Source, line_of};
use crate::workspace::{Finding, none, sources, texts};

/// Crates in which nothing that input can reach may panic.
const STEADY: &[&str] =
    &["crates/odata", "crates/sql", "crates/db", "crates/results", "crates/system", "crates/gateway"];

/// SQL is a tree with one writer: text is never formatted into it.
#[test]
fn sql_formats_no_text() {
    none(sources().iter().filter(|source| source.package() == "crates/sql").flat_map(formatting).collect());
}

/// Only `observe` logs and counts; only the command line and the tools print.
#[test]
fn only_observe_logs() {
    none(sources().iter().flat_map(logging).collect());
}

/// No `unwrap` and no `expect` without the reason why it cannot fail.
#[test]
fn nothing_unwraps_without_an_invariant() {
    none(sources().iter().filter(|source| STEADY.contains(&source.package())).flat_map(unwraps).collect());
}

/// Every test runs, and nothing is left to be done.
#[test]
fn nothing_is_ignored_or_left_open() {
    none(sources().iter().flat_map(left_open).collect());
}

/// No file names a place on the machine where it was written.
#[test]
fn no_file_names_a_machine() {
    let endings =
        ["rs", "toml", "lock", "md", "sh", "run", "py", "mjs", "json", "yml", "yaml", "sql", "txt", "cfg"];
    none(texts(&endings).iter().flat_map(|(path, text)| machine_paths(path, text)).collect());
}

/// Every file of Rust opens by saying what it is for.
#[test]
fn every_file_opens_with_its_purpose() {
    let silent = |source: &&Source| !source.raw.first().is_some_and(|line| line.starts_with("//! "));
    let advice = "open the file with one `//! ` sentence on what it is for";
    none(sources().iter().filter(silent).map(|source| Finding::new(&source.path, 1, advice)).collect());
}

/// A lock file of npm names no registry, so that it works with any.
#[test]
fn lock_files_name_no_registry() {
    let lock_files = texts(&["json"]).into_iter().filter(|(path, _)| path.ends_with("package-lock.json"));
    let mut findings = Vec::new();
    for (path, text) in lock_files {
        for (at, _) in text.match_indices("\"resolved\"") {
            let advice = "remove the line, and keep `omit-lockfile-registry-resolved=true` in .npmrc";
            findings.push(Finding::new(&path, line_of(&text, at), advice));
        }
    }
    none(findings);
}

fn formatting(source: &Source) -> Vec<Finding> {
    let formats = |named: &Named| {
        named.is_macro
            && named.segments.last().is_some_and(|name| matches!(name.as_str(), "format" | "format_args"))
    };
    let advice = "build the tree and let the writer make text; only `ident` and `param` let outside text in";
    let found = paths(&source.shipped).into_iter().filter(formats);
    found.map(|named| Finding::new(&source.path, named.line, advice)).collect()
}

fn logging(source: &Source) -> Vec<Finding> {
    const PRINTS: &[&str] = &["print", "println", "eprint", "eprintln"];
    const LOGS: &[&str] = &["tracing", "tracing_subscriber", "log", "metrics", "metrics_exporter_prometheus"];
    let below = source.below_src().unwrap_or_default();
    let gateway = source.package() == "crates/gateway";
    let may_log = gateway && below.starts_with("observe");
    let may_print = matches!(source.package(), "xtask" | "bench" | "crates/testkit")
        || gateway && (below == "cli.rs" || below.starts_with("cli/"))
        || below == "main.rs"
        || below.starts_with("bin/")
        || source.path.contains("/examples/")
        || source.path.ends_with("/build.rs");
    let mut findings = Vec::new();
    for named in paths(&source.shipped) {
        let first = named.segments[0].as_str();
        let is_module = || source.code.contains(&format!("mod {first};"));
        if !may_log && named.segments.len() > 1 && LOGS.contains(&first) && !is_module() {
            let advice =
                format!("`{first}` belongs to the gateway's `observe`: make it a variant of `Event`");
            findings.push(Finding::new(&source.path, named.line, advice));
        }
        if !may_print && named.is_macro && PRINTS.contains(&first) {
            let advice =
                format!("`{first}!` belongs to the gateway's `cli`: return a value, or make an `Event`");
            findings.push(Finding::new(&source.path, named.line, advice));
        }
    }
    findings
}

fn unwraps(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let code = &source.shipped;
    let calls = code.match_indices(".unwrap()").chain(code.match_indices(".expect("));
    for (at, call) in calls {
        // A parser has an `expect` of its own, which returns an error: `self.expect("(")?`.
        let takes_text = code[at + call.len()..].trim_start().starts_with('"');
        let own_method = code[..at].ends_with("self");
        if call == ".expect(" && (!takes_text || own_method) {
            continue;
        }
        let line = line_of(code, at);
        let has_reason = |line: usize| source.raw[line - 1].contains("// invariant:");
        let above =
            source.raw[..line - 1].iter().rev().take_while(|line| line.trim_start().starts_with("//"));
        if !has_reason(line) && !above.clone().any(|line| line.contains("// invariant:")) {
            let advice =
                "handle it, or say on this line or the one above: `// invariant: ` and why it cannot fail";
            findings.push(Finding::new(&source.path, line, advice));
        }
    }
    findings
}

fn left_open(source: &Source) -> Vec<Finding> {
    let code = &source.code;
    let mut findings = Vec::new();
    for what in ["#[ignore", "todo!(", "unimplemented!("] {
        for (at, _) in code.match_indices(what) {
            let advice = format!("`{what}` is not left in: finish it, or take it out");
            findings.push(Finding::new(&source.path, line_of(code, at), advice));
        }
    }
    findings
}

fn machine_paths(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for dir in ["work", "root", "home", "tmp", "Users"] {
        let needle = format!("/{dir}/");
        for (at, _) in text.match_indices(&needle) {
            // `https://example.com/home/` and `../work/` are no places on this machine.
            let goes_on = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '}' | '$');
            if !text[..at].ends_with(goes_on) {
                let advice =
                    format!("`{needle}` is a place on one machine: make it relative, or an argument");
                findings.push(Finding::new(path, line_of(text, at), advice));
            }
        }
    }
    findings
}

#[test]
fn the_rules_see_what_they_forbid() {
    type Rule = fn(&Source) -> Vec<Finding>;
    let rows: &[(Rule, &str, &str, usize)] = &[
        (formatting, "crates/sql/src/x.rs", "let s = format!(\"x\");", 1),
        (formatting, "crates/sql/src/x.rs", "let s = std::format!(\"x\");", 1),
        (formatting, "crates/sql/src/x.rs", "// format!\nlet s = \"format!(x)\";", 0),
        (formatting, "crates/sql/src/x.rs", "#[cfg(test)] mod t { fn f() { format!() } }", 0),
        (logging, "crates/db/src/x.rs", "tracing::info!(\"x\");", 1),
        (logging, "crates/db/src/x.rs", "use log::{info, warn};", 2),
        (logging, "crates/db/src/x.rs", "println!(\"x\");", 1),
        (logging, "crates/db/tests/x.rs", "println!(\"x\");", 0),
        (logging, "crates/gateway/src/observe/log.rs", "tracing::info!(\"x\");", 0),
        (logging, "crates/gateway/src/observe.rs", "metrics::counter!(\"x\");", 0),
        (logging, "crates/gateway/src/cli/demo.rs", "println!(\"x\");", 0),
        (logging, "crates/gateway/src/cli/demo.rs", "tracing::info!(\"x\");", 1),
        (logging, "crates/gateway/src/router.rs", "eprintln!(\"x\");", 1),
        (logging, "crates/gateway/src/router.rs", "use crate::observe::metrics;", 0),
        (logging, "crates/gateway/src/config.rs", "mod log; pub use log::LogConfig;", 0),
        (logging, "xtask/src/run.rs", "println!(\"x\");", 0),
        (unwraps, "crates/db/src/x.rs", "x.unwrap();", 1),
        (unwraps, "crates/db/src/x.rs", "x.expect(\"why\");", 1),
        (unwraps, "crates/db/src/x.rs", "x\n    .expect(\n    \"why\");", 1),
        (unwraps, "crates/db/src/x.rs", "x.unwrap(); // invariant: set above", 0),
        (unwraps, "crates/db/src/x.rs", "// invariant: set above,\n// in `new`.\nx.unwrap();", 0),
        (unwraps, "crates/db/src/x.rs", "// invariant: set above.\nf();\nx.unwrap();", 1),
        (unwraps, "crates/db/src/x.rs", "self.expect(\"(\")?; p.expect(Token::Comma)?;", 0),
        (unwraps, "crates/db/src/x.rs", "x.unwrap_or(1); #[test] fn f() {}", 0),
        (unwraps, "crates/db/src/x.rs", "#[cfg(test)] mod t { fn f() { x.unwrap() } }", 0),
        (left_open, "crates/db/tests/x.rs", "#[test] #[ignore = \"slow\"] fn f() {}", 1),
        (left_open, "crates/db/src/x.rs", "fn f() { todo!() }", 1),
        (left_open, "crates/db/src/x.rs", "// todo!()\n", 0),
    ];
    for (i, (rule, path, code, expected)) in rows.iter().enumerate() {
        let findings = rule(&Source::new(path, code));
        assert_eq!(findings.len(), *expected, "row {i}, {path}: {code}: {findings:?}");
    }
    let rows: &[(&[&str], usize)] = &[
        (&["a ", "/wo", "rk/x"], 1),
        (&["sqlite:", "/tm", "p/x.db"], 1),
        (&["`", "/roo", "t/`, ", "/hom", "e/x"], 2),
        (&["example.com", "/hom", "e/"], 0),
        (&["..", "/wo", "rk/x"], 0),
        (&["/tmpfs/x"], 0),
    ];
    for (parts, expected) in rows {
        let text = parts.concat();
        assert_eq!(machine_paths("README.md", &text).len(), *expected, "{text}");
    }
}
