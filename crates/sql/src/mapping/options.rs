//! What the owner of a source may say about names, keys and the choice of tables.

use std::collections::BTreeMap;

pub use crate::identifier::Case;
use crate::shape::{Named, Shape};
use crate::zone::Zone;

/// How a model is made of a catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelOptions {
    /// Namespace of the schema. Made legal where it is not.
    pub namespace: String,
    /// Name of the entity container. Made legal where it is not.
    pub container: String,
    /// Entity sets in the plural and entity types in the singular (English), instead of the table's name
    /// for both.
    pub plural_sets: bool,
    /// Case of all names.
    pub case: Case,
    /// Tables to serve: names or patterns with `*` and `?`, case-insensitive, matched against `table` and
    /// `schema.table`. Empty means all.
    pub include: Vec<String>,
    /// Tables not to serve, in the same form. Wins over `include`.
    pub exclude: Vec<String>,
    /// Key columns by table or view name, for those without a key of their own.
    pub keys: BTreeMap<String, Vec<String>>,
    /// The time zone of points in time that say none. That of the model file does not hold then.
    pub time_zone: Option<Zone>,
    /// What a model file says.
    pub shape: Shape,
}

impl ModelOptions {
    /// The same, with what the model file says of names instead.
    pub(super) fn with_shape(&self) -> ModelOptions {
        let mut options = self.clone();
        let text =
            |named: &Option<Named>, or: &String| named.as_ref().map_or(or, |named| &named.text).clone();
        options.namespace = text(&self.shape.namespace, &self.namespace);
        options.container = text(&self.shape.container, &self.container);
        options.plural_sets = self.shape.plural_sets.unwrap_or(self.plural_sets);
        options.case = self.shape.case.unwrap_or(self.case);
        options.time_zone = self.time_zone.or(self.shape.settings.time_zone);
        options
    }
}

impl Default for ModelOptions {
    fn default() -> ModelOptions {
        ModelOptions {
            namespace: "Default".to_owned(),
            container: "Container".to_owned(),
            plural_sets: false,
            case: Case::AsIs,
            include: Vec::new(),
            exclude: Vec::new(),
            keys: BTreeMap::new(),
            time_zone: None,
            shape: Shape::default(),
        }
    }
}

/// Why what the model file names is not there.
pub(super) const EXCLUDED: &str = "it is left out by `exclude`";

impl ModelOptions {
    /// Whether a table, view or function of the database is to be served; `told` is whether the model file names it.
    pub(super) fn serves(&self, schema: Option<&str>, name: &str, told: bool) -> bool {
        let named = |patterns: &[Named]| patterns.iter().any(|p| matches_table(&p.text, schema, name));
        let (shape, all) = (&self.shape, self.include.is_empty() && self.shape.include.is_empty());
        let included = all || matches_any(&self.include, schema, name) || named(&shape.include);
        let excluded = matches_any(&self.exclude, schema, name) || named(&shape.exclude);
        (told || (included && shape.others.unwrap_or(true))) && !excluded
    }
}

/// Whether any of the patterns matches the table, with or without its schema.
pub(super) fn matches_any(patterns: &[String], schema: Option<&str>, table: &str) -> bool {
    patterns.iter().any(|p| matches_table(p, schema, table))
}

/// Whether the pattern matches the table, with or without its schema.
pub(super) fn matches_table(pattern: &str, schema: Option<&str>, table: &str) -> bool {
    let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
    let table = table.to_lowercase();
    if glob(&pattern, &table) {
        return true;
    }
    schema.is_some_and(|s| glob(&pattern, &[s.to_lowercase().as_str(), ".", &table].concat()))
}

/// `*` is any run of characters, `?` is one. Linear in memory, at most pattern times text in time.
fn glob(pattern: &[char], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    // Where to go on when what follows the last star did not match: the star, and how far it had reached.
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                retry = Some((p, t));
                p += 1;
            }
            Some(&c) if c == '?' || c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match retry {
                Some((star, reached)) => {
                    retry = Some((star, reached + 1));
                    p = star + 1;
                    t = reached + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, schema, table, expected) in [
            ("orders", None, "Orders", true),
            ("orders", None, "orders2", false),
            ("ord*", None, "orders", true),
            ("*", None, "", true),
            ("*s", None, "orders", true),
            ("*s", None, "order", false),
            ("o?ders", None, "orders", true),
            ("o?ders", None, "oders", false),
            ("*a*b*c", None, "xxaxxbxxbxxc", true),
            ("*a*b*c", None, "xxaxxbxxbxx", false),
            ("sales.*", Some("Sales"), "orders", true),
            ("sales.*", Some("other"), "orders", false),
            ("sales.*", None, "orders", false),
            ("größe", None, "GRÖSSE", false),
            ("größe", None, "Größe", true),
            ("", None, "a", false),
        ] {
            assert_eq!(matches_table(pattern, schema, table), expected, "{pattern} on {schema:?} {table}");
        }
    }
}
