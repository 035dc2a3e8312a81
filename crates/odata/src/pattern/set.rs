//! Sets of characters: ranges, categories and other properties of Unicode.

use regex_syntax::hir::{Class, HirKind};

use super::LAST;

/// Ranges of code points with both ends.
pub type Ranges = Vec<(u32, u32)>;

/// Short and long names of the general categories that each regular expression library knows by the short one.
const CATEGORIES: &[(&str, &str)] = &[
    ("C", "Other"),
    ("Cc", "Control"),
    ("Cf", "Format"),
    ("Cn", "Unassigned"),
    ("Co", "Private_Use"),
    ("L", "Letter"),
    ("Ll", "Lowercase_Letter"),
    ("Lm", "Modifier_Letter"),
    ("Lo", "Other_Letter"),
    ("Lt", "Titlecase_Letter"),
    ("Lu", "Uppercase_Letter"),
    ("M", "Mark"),
    ("Mc", "Spacing_Mark"),
    ("Me", "Enclosing_Mark"),
    ("Mn", "Nonspacing_Mark"),
    ("N", "Number"),
    ("Nd", "Decimal_Number"),
    ("Nl", "Letter_Number"),
    ("No", "Other_Number"),
    ("P", "Punctuation"),
    ("Pc", "Connector_Punctuation"),
    ("Pd", "Dash_Punctuation"),
    ("Pe", "Close_Punctuation"),
    ("Pf", "Final_Punctuation"),
    ("Pi", "Initial_Punctuation"),
    ("Po", "Other_Punctuation"),
    ("Ps", "Open_Punctuation"),
    ("S", "Symbol"),
    ("Sc", "Currency_Symbol"),
    ("Sk", "Modifier_Symbol"),
    ("Sm", "Math_Symbol"),
    ("So", "Other_Symbol"),
    ("Z", "Separator"),
    ("Zl", "Line_Separator"),
    ("Zp", "Paragraph_Separator"),
    ("Zs", "Space_Separator"),
];

/// Characters in one set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    /// All others.
    pub negated: bool,
    /// What is in it.
    pub items: Vec<Item>,
}

/// Some characters of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// From one code point to another.
    Range(u32, u32),
    /// Those of a general category, or all others.
    Category {
        /// Its short name.
        name: &'static str,
        /// All others.
        negated: bool,
    },
}

impl Set {
    /// The ranges of all its characters, in order and without touching each other.
    #[must_use]
    pub fn ranges(&self) -> Ranges {
        let mut ranges = Vec::new();
        for item in &self.items {
            match item {
                Item::Range(first, last) => ranges.push((*first, *last)),
                Item::Category { name, negated } => {
                    let found = property(&["gc=", name].concat()).unwrap_or_default();
                    ranges.extend(if *negated { others(found) } else { found });
                }
            }
        }
        let ranges = joined(ranges);
        if self.negated { others(ranges) } else { ranges }
    }
}

/// Ranges in order, those that meet as one.
fn joined(mut ranges: Ranges) -> Ranges {
    ranges.sort_unstable();
    let mut joined: Ranges = Vec::with_capacity(ranges.len());
    for (first, last) in ranges {
        match joined.last_mut() {
            Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
            _ => joined.push((first, last)),
        }
    }
    joined
}

/// All other characters than those of ranges in order.
#[must_use]
pub fn others(ranges: Ranges) -> Ranges {
    let mut others = Vec::with_capacity(ranges.len() + 1);
    let mut next = 0;
    for (first, last) in ranges {
        if first > next {
            others.push((next, first - 1));
        }
        next = last.saturating_add(1);
    }
    if next <= LAST {
        others.push((next, LAST));
    }
    others
}

/// The characters that have what stands in `\p{…}`; none where ECMAScript knows no such property.
pub(super) fn of_property(text: &str, negated: bool) -> Option<Vec<Item>> {
    let named = |name: &str| CATEGORIES.iter().find(|(short, long)| *short == name || *long == name);
    let ranges = match text.split_once('=') {
        Some(("General_Category" | "gc", name)) => match named(name) {
            Some((name, _)) => return Some(vec![Item::Category { name, negated }]),
            None => property(&["gc=", name].concat())?,
        },
        Some(("Script" | "sc", name)) => property(&["sc=", name].concat())?,
        Some(("Script_Extensions" | "scx", name)) => property(&["scx=", name].concat())?,
        Some(_) => return None,
        None => {
            if let Some((name, _)) = named(text) {
                return Some(vec![Item::Category { name, negated }]);
            }
            // Scripts have no short form.
            let script = property(&["sc=", text].concat()).is_some();
            let category = property(&["gc=", text].concat());
            category.or_else(|| property(text).filter(|_| !script))?
        }
    };
    let ranges = if negated { others(ranges) } else { ranges };
    Some(ranges.into_iter().map(|(first, last)| Item::Range(first, last)).collect())
}

/// The characters of a property as the tables of Unicode have it.
fn property(text: &str) -> Option<Ranges> {
    let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '=');
    if text.is_empty() || !text.chars().all(name) {
        return None;
    }
    match regex_syntax::parse(&["\\p{", text, "}"].concat()).ok()?.into_kind() {
        HirKind::Class(Class::Unicode(class)) => {
            Some(class.ranges().iter().map(|range| (range.start().into(), range.end().into())).collect())
        }
        // A set of one character.
        HirKind::Literal(text) => {
            let one = std::str::from_utf8(&text.0).ok()?.chars().next()?;
            Some(vec![(one.into(), one.into())])
        }
        _ => Some(Vec::new()),
    }
}
