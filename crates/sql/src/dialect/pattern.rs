//! Regular expressions as each database has them.

mod work;

use std::collections::BTreeMap;

use nextlink_odata::pattern::{Item, LAST, Node, Ranges, Set, others, parse};

/// Bytes that a pattern may take for a database: Unicode has hundreds of ranges of letters.
const LONGEST: usize = 1 << 16;
const SO_MANY: &str = "A pattern with so many repetitions";
/// A place between a character of a word and another one, and one that is not.
const BOUNDARY: &str = "(?:(?<=[0-9A-Z_a-z])(?![0-9A-Z_a-z])|(?<![0-9A-Z_a-z])(?=[0-9A-Z_a-z]))";
const NO_BOUNDARY: &str = "(?:(?<=[0-9A-Z_a-z])(?=[0-9A-Z_a-z])|(?<![0-9A-Z_a-z])(?![0-9A-Z_a-z]))";

/// How a database writes regular expressions, and what it cannot do.
pub(super) struct Spelling {
    start: &'static str,
    end: &'static str,
    boundary: &'static str,
    no_boundary: &'static str,
    /// What matches nowhere.
    never: &'static str,
    /// A character by its number.
    code: fn(u32) -> String,
    /// The first character that a text can have.
    first: u32,
    /// How often something can be repeated, where not as often as in any pattern.
    most: u32,
    /// Whether it knows the general categories.
    categories: bool,
    looks: Looks,
    references: References,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Looks {
    None,
    /// Before a place for what has one length only.
    OneLength,
    All,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum References {
    None,
    /// But in what is looked for before or behind a place.
    Outside,
    All,
}

/// The crate `regex`, on bytes: only there words can be those of ASCII.
const SQLITE: Spelling = Spelling {
    start: "^",
    end: "$",
    boundary: "(?-u:\\b)",
    no_boundary: "(?-u:\\B)",
    never: "[a&&b]",
    code: braced,
    first: 0,
    most: u32::MAX,
    categories: true,
    looks: Looks::None,
    references: References::None,
};

/// Advanced regular expressions. Words are those of ASCII since all text is compared by code point.
pub(super) const POSTGRES: Spelling = Spelling {
    start: "^",
    end: "$",
    boundary: "\\y",
    no_boundary: "\\Y",
    never: "(?:(?!))",
    code: |code| match code {
        0x1_0000.. => ["\\U", &hexadecimal(code, 8)].concat(),
        _ => ["\\u", &hexadecimal(code, 4)].concat(),
    },
    first: 1,
    most: 255,
    categories: false,
    looks: Looks::All,
    references: References::Outside,
};

/// PCRE of MariaDB and ICU of MySQL.
pub(super) const MYSQL: Spelling = Spelling {
    start: "\\A",
    end: "\\z",
    boundary: BOUNDARY,
    no_boundary: NO_BOUNDARY,
    never: "(?:(?!))",
    code: braced,
    first: 0,
    most: u32::MAX,
    categories: true,
    looks: Looks::OneLength,
    references: References::All,
};

fn braced(code: u32) -> String {
    ["\\x{", &hexadecimal(code, 1), "}"].concat()
}

/// A number with at least so many digits.
fn hexadecimal(code: u32, digits: u32) -> String {
    let needed = (u32::BITS - code.leading_zeros()).div_ceil(4).max(digits);
    let digit = |place: u32| char::from_digit((code >> (4 * place)) & 15, 16);
    (0..needed).rev().filter_map(digit).map(|digit| digit.to_ascii_uppercase()).collect()
}

/// A pattern of `matchesPattern` for the crate `regex`, on bytes.
///
/// # Errors
///
/// What it cannot do, or that it is no pattern.
pub fn sqlite_pattern(text: &str) -> Result<String, &'static str> {
    spell(text, &SQLITE)
}

/// A pattern as a database has it.
pub(super) fn spell(text: &str, spelling: &Spelling) -> Result<String, &'static str> {
    let node = parse(text).map_err(|mistake| mistake.what)?;
    if work::is_too_much(&node) {
        return Err(SO_MANY);
    }
    let mut writer = Writer { spelling, out: String::new(), groups: BTreeMap::new(), looks: 0 };
    referred(&node, &mut writer.groups);
    writer.node(&node)?;
    Ok(writer.out)
}

/// The groups that something refers to: only those are written as groups.
fn referred(node: &Node, groups: &mut BTreeMap<u32, usize>) {
    match node {
        Node::Reference { group, .. } => {
            groups.insert(*group, 0);
        }
        Node::Sequence(nodes) | Node::Choice(nodes) => nodes.iter().for_each(|node| referred(node, groups)),
        Node::Look { inner, .. } | Node::Group(_, inner) | Node::Repeat { inner, .. } => {
            referred(inner, groups);
        }
        Node::Char(_) | Node::Set(_) | Node::Start | Node::End | Node::Boundary(_) => {}
    }
}

struct Writer<'a> {
    spelling: &'a Spelling,
    out: String,
    /// The numbers that groups have here; 0 where they have not begun.
    groups: BTreeMap<u32, usize>,
    /// How many looks stand around.
    looks: usize,
}

type Written = Result<(), &'static str>;

impl Writer<'_> {
    fn node(&mut self, node: &Node) -> Written {
        let spelling = self.spelling;
        match node {
            Node::Char(c) => self.char(*c),
            Node::Set(set) => self.set(set)?,
            Node::Sequence(nodes) => nodes.iter().try_for_each(|node| self.part(node))?,
            Node::Choice(nodes) => {
                for (i, node) in nodes.iter().enumerate() {
                    if i > 0 {
                        self.out.push('|');
                    }
                    self.node(node)?;
                }
            }
            Node::Start => self.out.push_str(spelling.start),
            Node::End => self.out.push_str(spelling.end),
            Node::Boundary(true) => self.out.push_str(spelling.boundary),
            Node::Boundary(false) => self.out.push_str(spelling.no_boundary),
            Node::Look { ahead, wanted, inner } => self.look(*ahead, *wanted, inner)?,
            Node::Group(number, inner) => {
                let next = self.groups.values().filter(|number| **number > 0).count() + 1;
                let own = self.groups.get_mut(number).map(|number| *number = next);
                self.out.push_str(if own.is_some() { "(" } else { "(?:" });
                self.node(inner)?;
                self.out.push(')');
            }
            Node::Reference { group, sure } => self.reference(*group, *sure)?,
            Node::Repeat { inner, least, most } => self.repeat(inner, *least, *most)?,
        }
        self.short()
    }

    /// That it is not too long until now.
    fn short(&self) -> Written {
        if self.out.len() > LONGEST { Err("So long a pattern") } else { Ok(()) }
    }

    /// A node that something may stand around.
    fn part(&mut self, node: &Node) -> Written {
        if !matches!(node, Node::Choice(_) | Node::Sequence(_)) {
            return self.node(node);
        }
        self.out.push_str("(?:");
        self.node(node)?;
        self.out.push(')');
        Ok(())
    }

    fn char(&mut self, c: char) {
        match c {
            _ if c.is_ascii_alphanumeric() || !c.is_ascii() => self.out.push(c),
            _ if u32::from(c) < self.spelling.first => self.out.push_str(self.spelling.never),
            _ => self.out.push_str(&(self.spelling.code)(c.into())),
        }
    }

    fn set(&mut self, set: &Set) -> Written {
        let spelling = self.spelling;
        let named = |item: &Item| matches!(item, Item::Category { .. });
        if spelling.categories && set.items.iter().any(named) {
            self.out.push_str(if set.negated { "[^" } else { "[" });
            for item in &set.items {
                self.short()?;
                match item {
                    Item::Range(first, last) => self.ranges(&self.there(vec![(*first, *last)])),
                    Item::Category { name, negated } => {
                        let letter = if *negated { 'P' } else { 'p' };
                        self.out.extend(["\\", letter.encode_utf8(&mut [0; 1]), "{", name, "}"]);
                    }
                }
            }
            self.out.push(']');
            return Ok(());
        }
        let ranges = self.there(set.ranges());
        let Some((_, last)) = ranges.last() else {
            self.out.push_str(spelling.never);
            return Ok(());
        };
        // What has all characters at the end is shorter as what it has not.
        let left = if *last == LAST { self.there(others(ranges.clone())) } else { Ranges::new() };
        self.out.push_str(if left.is_empty() { "[" } else { "[^" });
        self.ranges(if left.is_empty() { &ranges } else { &left });
        self.out.push(']');
        Ok(())
    }

    /// What of ranges a text can have: no halves of characters of UTF-16.
    fn there(&self, ranges: Ranges) -> Ranges {
        let half = |code: u32| (0xD800..0xE000).contains(&code);
        let there = |(first, last): (u32, u32)| {
            let first = if half(first) { 0xE000 } else { first.max(self.spelling.first) };
            let last = if half(last) { 0xD7FF } else { last };
            (first <= last).then_some((first, last))
        };
        ranges.into_iter().filter_map(there).collect()
    }

    fn ranges(&mut self, ranges: &[(u32, u32)]) {
        for (first, last) in ranges {
            self.end(*first);
            if last > first {
                self.out.push('-');
                self.end(*last);
            }
        }
    }

    fn end(&mut self, code: u32) {
        match char::from_u32(code) {
            Some(c) if c.is_ascii_alphanumeric() => self.out.push(c),
            _ => self.out.push_str(&(self.spelling.code)(code)),
        }
    }

    fn look(&mut self, ahead: bool, wanted: bool, inner: &Node) -> Written {
        let branches =
            if let Node::Choice(branches) = inner { branches } else { std::slice::from_ref(inner) };
        match self.spelling.looks {
            Looks::None => return Err("A pattern with look-around"),
            Looks::OneLength if !ahead && branches.iter().any(|branch| length(branch).is_none()) => {
                return Err("A pattern that looks back for something of several lengths");
            }
            Looks::OneLength | Looks::All => {}
        }
        self.out.extend(["(?", if ahead { "" } else { "<" }, if wanted { "=" } else { "!" }]);
        self.looks += 1;
        self.node(inner)?;
        self.looks -= 1;
        self.out.push(')');
        Ok(())
    }

    fn reference(&mut self, group: u32, sure: bool) -> Written {
        let number = self.groups.get(&group).copied().unwrap_or_default();
        match self.spelling.references {
            References::None => return Err("A pattern with back-references"),
            References::Outside if self.looks > 0 => return Err("A back-reference in look-around"),
            _ if !sure || number == 0 => return Err("A back-reference to a group that may not have matched"),
            _ => {}
        }
        // A digit may follow.
        self.out.extend(["(?:\\", &number.to_string(), ")"]);
        Ok(())
    }

    fn repeat(&mut self, inner: &Node, least: u32, most: Option<u32>) -> Written {
        if most.unwrap_or(least).max(least) > self.spelling.most {
            return Err(SO_MANY);
        }
        self.part(inner)?;
        let (least, most) = (least.to_string(), most.map(|most| most.to_string()));
        let times = match (&*least, most.as_deref()) {
            ("0", None) => "*".to_owned(),
            ("1", None) => "+".to_owned(),
            ("0", Some("1")) => "?".to_owned(),
            (least, None) => ["{", least, ",}"].concat(),
            (least, Some(most)) if least == most => ["{", least, "}"].concat(),
            (least, Some(most)) => ["{", least, ",", most, "}"].concat(),
        };
        self.out.push_str(&times);
        Ok(())
    }
}

/// How many characters a node matches, where that is one number.
fn length(node: &Node) -> Option<u64> {
    match node {
        Node::Char(_) | Node::Set(_) => Some(1),
        Node::Start | Node::End | Node::Boundary(_) | Node::Look { .. } => Some(0),
        Node::Sequence(nodes) => nodes.iter().map(length).sum(),
        Node::Choice(nodes) => {
            let mut lengths = nodes.iter().map(length);
            let first = lengths.next()?;
            if lengths.all(|length| length == first) { first } else { None }
        }
        Node::Group(_, inner) => length(inner),
        Node::Reference { .. } => None,
        Node::Repeat { inner, least, most } if *most == Some(*least) => {
            length(inner)?.checked_mul(u64::from(*least))
        }
        Node::Repeat { .. } => None,
    }
}

#[cfg(test)]
mod tests;
