//! The paths that a piece of code names, with the trees of `use` spread out.

use crate::source::line_of;

/// One path, such as `crate::model::Model`, and where it stands.
#[derive(Debug, PartialEq, Eq)]
pub struct Named {
    /// The line, from 1.
    pub line: usize,
    /// The segments; `*` stands for everything.
    pub segments: Vec<String>,
    /// Whether a `!` follows: the path names a macro.
    pub is_macro: bool,
}

/// A word or a sign of the code, and its first byte.
pub type Token<'a> = (usize, &'a str);

/// Every path of two or more segments, and every macro.
pub fn paths(code: &str) -> Vec<Named> {
    let tokens = tokens(code);
    let mut walk = Walk { code, tokens: &tokens, found: Vec::new() };
    let mut at = 0;
    while at < tokens.len() {
        let begins = is_name(tokens[at].1) && tokens[at].1 != "use" && !walk.continues(at);
        at = if begins { walk.tree(at, &[]) } else { at + 1 };
    }
    walk.found
}

/// The words and signs of the code; `::` is one sign.
pub fn tokens(code: &str) -> Vec<Token<'_>> {
    let bytes = code.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let word = bytes[at..].iter().take_while(|b| **b == b'_' || b.is_ascii_alphanumeric()).count();
        let width = match bytes[at] {
            _ if word > 0 => word,
            b':' if bytes.get(at + 1) == Some(&b':') => 2,
            _ => 1,
        };
        if bytes[at].is_ascii_graphic() {
            out.push((at, &code[at..at + width]));
        }
        at += width;
    }
    out
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c == '_' || c.is_ascii_alphabetic())
}

struct Walk<'a> {
    code: &'a str,
    tokens: &'a [Token<'a>],
    found: Vec<Named>,
}

impl Walk<'_> {
    fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.1)
    }

    /// Whether the word here goes on a path that began before it. A path may open with `::`.
    fn continues(&self, at: usize) -> bool {
        let before = at.checked_sub(2).map_or("", |before| self.text(before));
        self.text(at.wrapping_sub(1)) == "::" && (before == ">" || is_name(before) && before != "use")
    }

    /// Reads the path, or the tree of paths, that stands at `at` behind `prefix`; returns what comes next.
    fn tree(&mut self, at: usize, prefix: &[String]) -> usize {
        if self.text(at) == "{" {
            let mut at = at + 1;
            while at < self.tokens.len() && self.text(at) != "}" {
                at = match self.text(at) {
                    "," => at + 1,
                    "as" => at + 2,
                    _ => self.tree(at, prefix),
                };
            }
            return at + 1;
        }
        let mut segments = prefix.to_vec();
        segments.push(self.text(at).to_owned());
        let goes_on = is_name(self.text(at + 2)) || matches!(self.text(at + 2), "{" | "*");
        if self.text(at + 1) == "::" && goes_on {
            return self.tree(at + 2, &segments);
        }
        let is_macro = self.text(at + 1) == "!" && self.text(at + 2) != "=";
        if segments.len() > 1 || is_macro {
            let line = line_of(self.code, self.tokens[at].0);
            self.found.push(Named { line, segments, is_macro });
        }
        at + 1
    }
}

#[test]
fn trees_are_spread_out() {
    let rows: &[(&str, &[&str])] = &[
        ("use crate::a;", &["crate::a"]),
        (
            "use crate::{a, b::{self, C as D, e::*}};",
            &["crate::a", "crate::b::self", "crate::b::C", "crate::b::e::*"],
        ),
        ("use ::std::fs;", &["std::fs"]),
        ("f(::std::fs::read)", &["std::fs::read"]),
        ("let x = crate::a::B::<u8>::new(y.z);", &["crate::a::B"]),
        ("format!(x); a != b; a::c!()", &["format", "a::c"]),
        ("fn f(x: a::B) -> <C as d::E>::F {}", &["a::B", "d::E"]),
    ];
    for (code, expected) in rows {
        let found: Vec<_> = paths(code).into_iter().map(|named| named.segments.join("::")).collect();
        assert_eq!(found, *expected, "{code}");
    }
    assert_eq!(paths("a\nb::c")[0].line, 2);
}
