//! Paths into JSON: the one door through which names come to where a database looks for members.

use nextlink_odata::value::Value;

use crate::identifier::is_identifier;
use crate::tree::{Param, ParamForm, Sql};

/// Steps into JSON, each inside of the one before. All names are identifiers, so none means anything else to a database.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonPath(Vec<Piece>);

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Member(String),
    /// An item by its number from 0, or from the end where that is negative.
    Item(i64),
    /// An item whose number the database computes.
    Index(Sql),
}

impl JsonPath {
    /// The path of some names; none where one of them is no identifier.
    pub fn of(names: &[String]) -> Option<JsonPath> {
        let legal = !names.is_empty() && names.iter().all(|name| is_identifier(name));
        legal.then(|| JsonPath(names.iter().cloned().map(Piece::Member).collect()))
    }

    /// All that there is.
    pub fn whole() -> JsonPath {
        JsonPath(Vec::new())
    }

    /// Whether it is all that there is.
    pub fn is_whole(&self) -> bool {
        self.0.is_empty()
    }

    /// The path to a member; none where its name is no identifier.
    pub fn member(mut self, name: &str) -> Option<JsonPath> {
        self.0.push(Piece::Member(name.to_owned()));
        is_identifier(name).then_some(self)
    }

    /// The path to an item by its number from 0, or from the end where that is negative.
    pub fn item(mut self, number: i64) -> JsonPath {
        self.0.push(Piece::Item(number));
        self
    }

    /// The path to an item whose number the database computes.
    pub fn index(mut self, number: Sql) -> JsonPath {
        self.0.push(Piece::Index(number));
        self
    }

    /// Each step as a text.
    pub(super) fn names(&self) -> impl Iterator<Item = Sql> {
        self.0.iter().map(|piece| match piece {
            Piece::Member(name) => text(name.clone()),
            Piece::Item(number) => text(number.to_string()),
            Piece::Index(number) => number.clone().cast("text"),
        })
    }

    /// The path with names as writers of ASCII have them: `Gr\u00f6\u00dfe`. None where they are no other ones.
    pub(super) fn escaped(&self) -> Option<JsonPath> {
        let other = |piece: &Piece| matches!(piece, Piece::Member(name) if !name.is_ascii());
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Member(name) => Piece::Member(escaped(name)),
            Piece::Item(_) | Piece::Index(_) => piece.clone(),
        });
        self.0.iter().any(other).then(|| JsonPath(pieces.collect()))
    }

    /// `$."Size"."Width"[0]`, as a parameter, or several that are put together. `from_end` writes the first, second, … item from
    /// the end.
    pub(super) fn quoted(&self, from_end: fn(u64) -> String, join: fn(Vec<Sql>) -> Sql) -> Sql {
        let (mut parts, mut path) = (Vec::new(), "$".to_owned());
        for piece in &self.0 {
            match piece {
                Piece::Member(name) => {
                    for part in [".\"", name, "\""] {
                        path.push_str(part);
                    }
                }
                Piece::Item(number) => {
                    path.push('[');
                    path.push_str(&match u64::try_from(*number) {
                        Ok(number) => number.to_string(),
                        Err(_) => from_end(number.unsigned_abs()),
                    });
                    path.push(']');
                }
                Piece::Index(number) => {
                    path.push('[');
                    parts.push(text(std::mem::take(&mut path)));
                    parts.push(number.clone());
                    path.push(']');
                }
            }
        }
        let last = text(path);
        if parts.is_empty() {
            return last;
        }
        parts.push(last);
        join(parts)
    }
}

fn escaped(name: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::with_capacity(name.len() * 3);
    for c in name.chars() {
        if c.is_ascii() {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            out.push_str("\\u");
            out.extend([12, 8, 4, 0].map(|shift| char::from(DIGITS[usize::from(*unit >> shift & 15)])));
        }
    }
    out
}

fn text(text: String) -> Sql {
    Sql::Param(Param { value: Value::String(text), form: ParamForm::Native })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(path: &JsonPath) -> Sql {
        path.quoted(|number| ["#-", &number.to_string()].concat(), |parts| Sql::call("concat", parts))
    }

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
            let path = JsonPath::of(&names).map(|path| quoted(&path));
            assert_eq!(path, expected.map(|expected| text(expected.to_owned())), "{names:?}");
            let whole = names.iter().try_fold(JsonPath::whole(), |path, name| path.member(name));
            assert_eq!(whole.is_some(), expected.is_some() || names.is_empty(), "{names:?}");
        }
    }

    #[test]
    fn names_can_be_escaped() {
        for (name, expected) in
            [("Size", None), ("Größe", Some(r#"$."Gr\u00f6\u00dfe""#)), ("𝒳", Some(r#"$."\ud835\udcb3""#))]
        {
            let path = JsonPath::whole().member(name).expect("a name");
            let found = path.escaped().map(|path| quoted(&path));
            assert_eq!(found, expected.map(|expected| text(expected.to_owned())), "{name}");
        }
    }

    #[test]
    fn items_are_numbered_from_both_ends() {
        let path = || JsonPath::whole().member("a").expect("a name");
        assert_eq!(quoted(&JsonPath::whole()), text("$".to_owned()));
        assert_eq!(quoted(&path().item(7)), text("$.\"a\"[7]".to_owned()));
        assert_eq!(quoted(&path().item(-2).item(0)), text("$.\"a\"[#-2][0]".to_owned()));
        let index = path().index(Sql::Integer(5)).member("b").expect("a name");
        let parts = [text("$.\"a\"[".to_owned()), Sql::Integer(5), text("].\"b\"".to_owned())];
        assert_eq!(quoted(&index), Sql::call("concat", parts));
    }
}
