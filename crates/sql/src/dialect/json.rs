//! Paths into JSON: the one door through which names come to where a database looks for members.

use nextlink_odata::value::Value;

use crate::identifier::is_identifier;
use crate::tree::{Param, ParamForm, Sql};

/// Names of members, each inside of the one before. All are identifiers, so none means anything else to a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonPath(Vec<String>);

impl JsonPath {
    /// The path of some names; none where one of them is no identifier.
    pub fn of(names: &[String]) -> Option<JsonPath> {
        let legal = !names.is_empty() && names.iter().all(|name| is_identifier(name));
        legal.then(|| JsonPath(names.to_vec()))
    }

    /// Each name as a parameter.
    pub(super) fn names(&self) -> impl Iterator<Item = Sql> {
        self.0.iter().map(|name| text(name.clone()))
    }

    /// `$."Size"."Width"`, as a parameter.
    pub(super) fn quoted(&self) -> Sql {
        let mut path = "$".to_owned();
        for name in &self.0 {
            path.push_str(".\"");
            path.push_str(name);
            path.push('"');
        }
        text(path)
    }
}

fn text(text: String) -> Sql {
    Sql::Param(Param { value: Value::String(text), form: ParamForm::Native })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_identifiers_make_a_path() {
        for (names, expected) in [
            (&["Color"][..], Some("$.\"Color\"")),
            (&["Size", "Width"], Some("$.\"Size\".\"Width\"")),
            (&["Größe"], Some("$.\"Größe\"")),
            (&[], None),
            (&["a\"b"], None),
            (&["a.b"], None),
            (&["a", "$"], None),
            (&["*"], None),
            (&["0"], None),
            (&["a\\"], None),
            (&["a[0]"], None),
            (&["'"], None),
        ] {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let path = JsonPath::of(&names).map(|path| path.quoted());
            assert_eq!(path, expected.map(|expected| text(expected.to_owned())), "{names:?}");
        }
    }
}
