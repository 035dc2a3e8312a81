//! Short files and short functions; tests, which are tables, may be longer.

use crate::paths::tokens;
use crate::source::{Source, item_end, line_of};
use crate::workspace::{Finding, none, sources};

/// The aim and the limit of a file, in lines that are not test code.
const FILE: (usize, usize) = (400, 500);
/// The limit of a file of test code, in lines.
const TEST_FILE: usize = 800;
/// The aim and the limit of a function that is not test code, in lines from `fn` to the closing brace.
const FUNCTION: (usize, usize) = (70, 80);

/// No file is over the limit; those over the aim are named in the output of the test.
#[test]
fn files_are_short() {
    none(within("file", "split it by what it does", FILE.1, sources().iter().map(file).collect()));
}

/// No function is over the limit; those over the aim are named in the output of the test.
#[test]
fn functions_are_short() {
    none(within("function", "split it", FUNCTION.1, sources().iter().flat_map(functions).collect()));
}

/// A thing with a length in lines, and how many it aims at.
struct Length {
    path: String,
    line: usize,
    lines: usize,
    aim: usize,
    limit: usize,
}

fn within(what: &str, advice: &str, shown: usize, mut lengths: Vec<Length>) -> Vec<Finding> {
    lengths.sort_by_key(|length| std::cmp::Reverse(length.lines));
    for length in lengths.iter().filter(|length| length.lines > length.aim && length.lines <= length.limit) {
        let Length { path, line, lines, aim, .. } = length;
        println!("{path}:{line}: this {what} has {lines} lines; aim at {aim} (limit {shown})");
    }
    let over = lengths.iter().filter(|length| length.lines > length.limit);
    over.map(|length| {
        let Length { path, line, lines, limit, .. } = length;
        Finding::new(path, *line, format!("this {what} has {lines} lines, more than {limit}: {advice}"))
    })
    .collect()
}

fn file(source: &Source) -> Length {
    let path = source.path.clone();
    if source.is_test() {
        return Length { path, line: 1, lines: source.raw.len(), aim: TEST_FILE, limit: TEST_FILE };
    }
    Length { path, line: 1, lines: source.shipped_lines(), aim: FILE.0, limit: FILE.1 }
}

fn functions(source: &Source) -> Vec<Length> {
    let code = &source.shipped;
    let words = tokens(code);
    let mut lengths = Vec::new();
    for pair in words.windows(2) {
        // `fn(…)` is a type; a function has a name.
        let named = pair[1].1.starts_with(|c: char| c == '_' || c.is_alphabetic());
        if pair[0].1 == "fn" && named {
            let line = line_of(code, pair[0].0);
            let lines = line_of(code, item_end(code, pair[0].0)) - line + 1;
            lengths.push(Length {
                path: source.path.clone(),
                line,
                lines,
                aim: FUNCTION.0,
                limit: FUNCTION.1,
            });
        }
    }
    lengths
}

#[test]
fn lengths_are_counted_without_tests() {
    let text = "fn a() {\n    x\n}\n\nfn b(f: fn(u8) -> [u8; 2]) -> u8 { f }\ntrait T {\n    fn c(\n    );\n}\n\
                #[cfg(test)]\nmod t {\n    fn d() {\n    }\n}\n";
    let source = Source::new("crates/x/src/x.rs", text);
    let found: Vec<_> = functions(&source).iter().map(|length| (length.line, length.lines)).collect();
    assert_eq!(found, [(1, 3), (5, 1), (7, 2)]);
    assert_eq!(file(&source).lines, 9);
    assert_eq!(file(&Source::new("crates/x/tests/x.rs", text)).lines, 14);
    let length = |lines| Length { path: "p".into(), line: 1, lines, aim: 1, limit: 2 };
    assert_eq!(within("file", "split it", 2, vec![length(1), length(2), length(3)]).len(), 1);
}
