//! Names: legal OData identifiers out of any text, without collisions, in a given case and number.

use std::borrow::Cow;
use std::collections::HashSet;

use super::options::{Case, ModelOptions};
use crate::english::{capitalized, plural, singular};
use crate::identifier::{MAX_CHARS, is_continue, is_start};

/// Namespaces that a schema may not have (CSDL 4.01 section 5.1).
const RESERVED_NAMESPACES: [&str; 4] = ["Edm", "odata", "System", "Transient"];

/// Words that stand for a value or an operator wherever an expression could name a property (ABNF rules `primitiveLiteral`, `notExpr`).
const WORDS: [&str; 4] = ["null", "INF", "NaN", "not"];

/// Names already given in one scope. They differ by case-sensitive comparison, as the standard compares
/// them.
#[derive(Debug, Default)]
pub(super) struct Scope(HashSet<String>);

impl Scope {
    /// Gives the wanted text as a legal name, with a number behind it where it is taken.
    pub(super) fn give(&mut self, wanted: &str, case: Case) -> String {
        let base = identifier(wanted, case);
        if self.0.insert(base.clone()) {
            return base;
        }
        let mut number = 2_u64;
        loop {
            let suffix = number.to_string();
            let mut name: String = base.chars().take(MAX_CHARS - suffix.len()).collect();
            name.push_str(&suffix);
            if self.0.insert(name.clone()) {
                return name;
            }
            number += 1;
        }
    }

    /// Gives the first of the wanted texts that is free, else the first one with a number.
    pub(super) fn give_first(&mut self, wanted: &[String], case: Case) -> String {
        for text in wanted {
            let name = identifier(text, case);
            if self.0.insert(name.clone()) {
                return name;
            }
        }
        self.give(wanted.last().map_or("", String::as_str), case)
    }

    /// Takes a name, so that nothing else gets it.
    pub(super) fn reserve(&mut self, name: &str) {
        self.0.insert(name.to_owned());
    }

    /// Takes all names of another scope.
    pub(super) fn add(&mut self, other: Scope) {
        self.0.extend(other.0);
    }

    /// Gives a reserved name back.
    pub(super) fn release(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// Names for all the texts. Those of a model file come first; then those that are legal as they are keep their name,
    /// whatever stands before them.
    pub(super) fn name_all(&mut self, wanted: &[Wish<'_>], case: Case) -> Vec<String> {
        let mut names: Vec<Option<String>> = vec![None; wanted.len()];
        for (slot, wish) in names.iter_mut().zip(wanted) {
            if let Wish::Exactly(name) = wish
                && self.0.insert(name.to_string())
            {
                *slot = Some(name.to_string());
            }
        }
        let rest: Vec<usize> = (0..wanted.len()).filter(|i| names[*i].is_none()).collect();
        let texts: Vec<&str> = rest.iter().map(|i| wanted[*i].text()).collect();
        for (i, name) in rest.into_iter().zip(self.give_all(&texts, case)) {
            names[i] = Some(name);
        }
        names.into_iter().flatten().collect()
    }

    /// Names for all the texts. Those that are legal as they are keep their name, whatever stands before
    /// them.
    pub(super) fn give_all(&mut self, wanted: &[&str], case: Case) -> Vec<String> {
        let mut names: Vec<Option<String>> = vec![None; wanted.len()];
        for (slot, text) in names.iter_mut().zip(wanted) {
            let name = identifier(text, case);
            if name == *text && self.0.insert(name.clone()) {
                *slot = Some(name);
            }
        }
        let rest = names.into_iter().zip(wanted);
        rest.map(|(slot, text)| slot.unwrap_or_else(|| self.give(text, case))).collect()
    }
}

/// How something is to be named.
#[derive(Debug, Clone)]
pub(super) enum Wish<'a> {
    /// Just so: a model file says it, and it is legal.
    Exactly(Cow<'a, str>),
    /// After a text.
    Like(Cow<'a, str>),
}

impl Wish<'_> {
    fn text(&self) -> &str {
        match self {
            Wish::Exactly(text) | Wish::Like(text) => text,
        }
    }
}

/// A legal identifier close to the text: other characters become `_`, a leading digit gets one before it, a word of the language one behind it.
pub(super) fn identifier(text: &str, case: Case) -> String {
    let cased = in_case(text, case);
    let mut name = String::with_capacity(cased.len());
    for c in cased.chars() {
        if name.is_empty() && is_continue(c) && !is_start(c) {
            name.push('_');
        }
        name.push(if is_continue(c) { c } else { '_' });
    }
    let boolean = ["true", "false"].iter().any(|word| name.eq_ignore_ascii_case(word));
    if name.is_empty() || boolean || WORDS.contains(&name.as_str()) {
        name.push('_');
    }
    name.chars().take(MAX_CHARS).collect()
}

/// The text in the wanted case.
fn in_case(text: &str, case: Case) -> String {
    match case {
        Case::AsIs => text.to_owned(),
        Case::Upper => text.to_uppercase(),
        Case::Lower => text.to_lowercase(),
        Case::Pascal => words(text).iter().map(|w| capitalized(w)).collect(),
        Case::Camel => {
            let mut words = words(text).into_iter();
            let first = words.next().unwrap_or_default();
            words.fold(decapitalized(&first), |name, w| name + &capitalized(&w))
        }
    }
}

/// The words between characters that are neither letter nor digit. Words in capitals only become small, so
/// that `ORDER_DATE` is `OrderDate`; `OrderDate` is one word and stays.
fn words(text: &str) -> Vec<String> {
    let split = text.split(|c: char| c == '_' || !is_continue(c));
    let shout = !text.chars().any(char::is_lowercase);
    split.filter(|w| !w.is_empty()).map(|w| if shout { w.to_lowercase() } else { w.to_owned() }).collect()
}

/// The word with its first letter small.
fn decapitalized(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|c| c.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

/// The namespace, made legal: each part between dots an identifier, none of the reserved ones.
pub(super) fn namespace(options: &ModelOptions) -> String {
    let parts: Vec<String> = options.namespace.split('.').map(|p| identifier(p, Case::AsIs)).collect();
    let name = parts.join(".");
    if RESERVED_NAMESPACES.contains(&name.as_str()) { name + "_" } else { name }
}

/// The text for an entity type of this table.
pub(super) fn type_text(table: &str, options: &ModelOptions) -> String {
    if options.plural_sets { singular(table) } else { table.to_owned() }
}

/// The text for an entity set of this table.
pub(super) fn set_text(table: &str, options: &ModelOptions) -> String {
    if options.plural_sets { plural(table) } else { table.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers() {
        let long = "x".repeat(200);
        let cut = "x".repeat(128);
        for (text, case, expected) in [
            ("Order Details", Case::AsIs, "Order_Details"),
            ("2020", Case::AsIs, "_2020"),
            ("a-b.c/d$e@f", Case::AsIs, "a_b_c_d_e_f"),
            ("", Case::AsIs, "_"),
            ("null", Case::AsIs, "null_"),
            ("TRUE", Case::AsIs, "TRUE_"),
            ("not", Case::Pascal, "Not"),
            ("\"'", Case::AsIs, "__"),
            ("größe", Case::AsIs, "größe"),
            ("注文", Case::AsIs, "注文"),
            ("заказ №1", Case::AsIs, "заказ__1"),
            ("\u{301}e", Case::AsIs, "_\u{301}e"),
            ("a\u{200D}b", Case::AsIs, "a_b"),
            ("℮", Case::AsIs, "_"),
            ("🙂", Case::AsIs, "_"),
            (&long, Case::AsIs, &cut),
            ("order_date", Case::Upper, "ORDER_DATE"),
            ("OrderDate", Case::Lower, "orderdate"),
            ("order_date", Case::Pascal, "OrderDate"),
            ("ORDER DATE", Case::Pascal, "OrderDate"),
            ("OrderDate", Case::Pascal, "OrderDate"),
            ("order_date", Case::Camel, "orderDate"),
            ("OrderDate", Case::Camel, "orderDate"),
            ("___", Case::Pascal, "_"),
            ("1st_half", Case::Pascal, "_1stHalf"),
        ] {
            assert_eq!(identifier(text, case), expected, "{text} as {case:?}");
        }
    }

    #[test]
    fn numbers_of_colliding_names() {
        let names = Scope::default().give_all(&["a b", "a-b", "a_b", "a_b2", "A_B", "a_b"], Case::AsIs);
        assert_eq!(names, ["a_b3", "a_b4", "a_b", "a_b2", "A_B", "a_b5"]);
        let long = "y".repeat(130);
        let names = Scope::default().give_all(&[&long, &long], Case::AsIs);
        assert_eq!(names[0].len(), 128);
        assert_eq!(names[1], "y".repeat(127) + "2");
    }

    #[test]
    fn namespaces() {
        for (wanted, expected) in [
            ("Default", "Default"),
            ("Edm", "Edm_"),
            ("my shop.v1", "my_shop.v1"),
            ("", "_"),
            ("a..b", "a._.b"),
        ] {
            let options = ModelOptions { namespace: wanted.to_owned(), ..ModelOptions::default() };
            assert_eq!(namespace(&options), expected, "{wanted}");
        }
    }
}
