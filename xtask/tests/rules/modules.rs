//! The order of the `mod` lines of a crate is the order of dependency.

use crate::paths::{Named, paths, tokens};
use crate::source::Source;
use crate::workspace::{Finding, none, sources};
use std::collections::BTreeSet;

/// A module uses the modules above its own `mod` line, and no other.
#[test]
fn modules_use_only_modules_above_them() {
    none(check(&sources()));
}

fn check(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for root in sources.iter().filter(|source| is_root(source, sources)) {
        let layout = Layout::of(root);
        let mut edges = BTreeSet::new();
        let before = findings.len();
        for file in sources.iter().filter(|source| source.package() == root.package()) {
            let Some(place) = file.below_src().map(module_path) else { continue };
            let Some(own) = place.first().and_then(|name| layout.position(name)) else { continue };
            for named in paths(&file.shipped) {
                let Some(name) = target(&named, place.len()) else { continue };
                match layout.find(name) {
                    Some(used) if used > own && edges.insert((own, used)) => {
                        let advice = format!(
                            "`{}` uses `{}`, which is below it",
                            layout.modules[own], layout.modules[used]
                        );
                        findings.push(Finding::new(&file.path, named.line, advice));
                    }
                    Some(used) => _ = edges.insert((own, used)),
                    None => findings.push(Finding::new(&file.path, named.line, no_module(name))),
                }
            }
        }
        if findings[before..].iter().any(|finding| finding.advice.ends_with("below it")) {
            findings.push(Finding::new(&root.path, 1, advice(&layout.modules, &edges)));
        }
    }
    findings
}

fn no_module(name: &str) -> String {
    format!("`crate::{name}` is no module of this crate: move it to one, and name that module")
}

/// An order of the `mod` lines that works, or which modules need one another.
fn advice(modules: &[String], edges: &BTreeSet<(usize, usize)>) -> String {
    let mut left: Vec<usize> = (0..modules.len()).collect();
    let mut order: Vec<&str> = Vec::new();
    let needs = |own: usize, used: usize| own != used && edges.contains(&(own, used));
    while let Some(at) = left.iter().position(|own| left.iter().all(|used| !needs(*own, *used))) {
        order.push(&modules[left.remove(at)]);
    }
    while let Some(at) = left.iter().position(|used| left.iter().all(|own| !needs(*own, *used))) {
        left.remove(at);
    }
    if left.is_empty() {
        return format!("an order of the `mod` lines that works: {}", order.join(", "));
    }
    let uses = edges.iter().filter(|(own, used)| own != used && left.contains(own) && left.contains(used));
    let uses: Vec<_> = uses.map(|(own, used)| format!("{} -> {}", modules[*own], modules[*used])).collect();
    format!(
        "no order works, these modules need one another: {}; move what two of them share to a module above both",
        uses.join(", ")
    )
}

/// `lib.rs`, or `main.rs` where there is no library.
fn is_root(source: &Source, all: &[Source]) -> bool {
    let lib = format!("{}/src/lib.rs", source.package());
    match source.below_src() {
        Some("lib.rs") => true,
        Some("main.rs") => all.iter().all(|other| other.path != lib),
        _ => false,
    }
}

/// The path of modules of a file below `src`: `a/b/mod.rs` is `[a, b]`.
fn module_path(below: &str) -> Vec<&str> {
    let stem = below.strip_suffix(".rs").unwrap_or(below);
    stem.strip_suffix("/mod").unwrap_or(stem).split('/').collect()
}

/// The name that stands behind `crate::`, or behind as many `super::` as lead there.
fn target(named: &Named, depth: usize) -> Option<&str> {
    let segments = &named.segments;
    let supers = segments.iter().take_while(|segment| *segment == "super").count();
    let first = match segments[0].as_str() {
        "crate" => 1,
        "super" if supers == depth => supers,
        _ => return None,
    };
    let is_macro = named.is_macro && first + 1 == segments.len();
    segments.get(first).map(String::as_str).filter(|name| !is_macro && *name != "self")
}

/// The modules of a crate in their order, and the names that its root gives out again.
struct Layout {
    modules: Vec<String>,
    again: Vec<(String, usize)>,
}

impl Layout {
    fn of(root: &Source) -> Self {
        let words = tokens(&root.shipped);
        let declared = words.windows(3).filter(|w| w[0].1 == "mod" && matches!(w[2].1, ";" | "{"));
        let mut layout = Self { modules: declared.map(|w| w[1].1.to_owned()).collect(), again: Vec::new() };
        for named in paths(&root.shipped) {
            let own = usize::from(matches!(named.segments[0].as_str(), "crate" | "self"));
            let module = named.segments.get(own).and_then(|name| layout.position(name));
            if let (Some(module), Some(leaf)) = (module, named.segments.last()) {
                layout.again.push((leaf.clone(), module));
            }
        }
        layout
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.modules.iter().position(|module| module == name)
    }

    /// The module that `crate::{name}` is, or comes from.
    fn find(&self, name: &str) -> Option<usize> {
        let again = || self.again.iter().find(|(leaf, _)| leaf == name).map(|(_, module)| *module);
        self.position(name).or_else(again)
    }
}

#[test]
fn the_rule_sees_every_way_to_name_a_module() {
    let root =
        "pub mod a; mod b; pub mod c; pub use c::{Late, deep::Deeper}; pub use self::a::Early; struct Loose;";
    let root_path = "crates/x/src/lib.rs";
    let rows: &[(&str, &str, usize)] = &[
        ("b.rs", "use crate::a::X; use crate::b::Y;", 0),
        ("b.rs", "use crate::Early;", 0),
        ("b.rs", "use crate::c;", 1),
        ("b.rs", "use crate::{a, c::X};", 1),
        ("b.rs", "fn f(x: crate::c::X) {}", 1),
        ("b.rs", "use super::c;", 1),
        ("b/mod.rs", "use super::c;", 1),
        ("b/x.rs", "use super::c; use super::super::a;", 0),
        ("b/x.rs", "use super::super::c;", 1),
        ("b/x/y.rs", "use crate::c::X;", 1),
        ("b.rs", "use crate::Late;", 1),
        ("b.rs", "use crate::Deeper;", 1),
        ("b.rs", "use crate::Loose;", 1),
        ("b.rs", "use crate::*;", 1),
        ("b.rs", "crate::some_macro!();", 0),
        ("b.rs", "#[cfg(test)] mod tests { use crate::c; }", 0),
        ("b.rs", "// crate::c\n", 0),
        ("c.rs", "use crate::{a, b, c};", 0),
        ("bin/x.rs", "use crate::c;", 0),
    ];
    for (path, code, expected) in rows {
        let sources = [Source::new(root_path, root), Source::new(&format!("crates/x/src/{path}"), code)];
        let findings: Vec<_> = check(&sources).into_iter().filter(|f| f.path != root_path).collect();
        assert_eq!(findings.len(), *expected, "{path}: {code}: {findings:?}");
    }
}

#[test]
fn the_rule_proposes_an_order_or_names_the_cycle() {
    let modules = ["a", "b", "c"].map(str::to_owned);
    let rows: &[(&[(usize, usize)], &str)] = &[
        (&[(0, 2)], "an order of the `mod` lines that works: b, c, a"),
        (&[(0, 1), (1, 2), (2, 2)], "an order of the `mod` lines that works: c, b, a"),
        (&[(0, 1), (1, 0), (2, 0)], "no order works, these modules need one another: a -> b, b -> a; "),
    ];
    for (edges, expected) in rows {
        let advice = advice(&modules, &edges.iter().copied().collect());
        assert!(advice.starts_with(expected), "{edges:?}: {advice}");
    }
}
