//! What a model file says of `$search`: which index over words serves it.

use std::fmt;

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use super::named::{Named, Spot};

/// The index over the words of an entity set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchShape {
    /// The table of FTS5 that has the words.
    pub table: Option<Named>,
    /// Properties or columns that the index is over.
    pub columns: Vec<Named>,
    /// The configuration by which PostgreSQL finds words in text.
    pub configuration: Option<Named>,
}

/// One text, a list of them, or a table, as it stands in the file.
enum Told {
    One(String),
    Several(Vec<Named>),
    Table(Table),
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Table {
    table: Option<Named>,
    column: Option<Named>,
    columns: Vec<Named>,
    configuration: Option<Named>,
}

impl<'de> Deserialize<'de> for Told {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Told, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Told;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a column, a list of columns, or a table")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Told, E> {
                Ok(Told::One(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Told, A::Error> {
                Deserialize::deserialize(SeqAccessDeserializer::new(list)).map(Told::Several)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Told, A::Error> {
                Table::deserialize(MapAccessDeserializer::new(map)).map(Told::Table)
            }
        }

        deserializer.deserialize_any(Either)
    }
}

impl<'de> Deserialize<'de> for SearchShape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<SearchShape, D::Error> {
        let found = Spanned::<Told>::deserialize(deserializer)?;
        let spot = Spot::of(&found);
        let of = |columns| SearchShape { table: None, columns, configuration: None };
        let shape = match found.value {
            Told::One(text) => of(vec![Named { text, spot }]),
            Told::Several(columns) => of(columns),
            Told::Table(Table { table, column, columns, configuration }) => {
                if column.is_some() && !columns.is_empty() {
                    return Err(D::Error::custom("`search` has either `column` or `columns`"));
                }
                let columns = column.into_iter().chain(columns).collect();
                SearchShape { table, columns, configuration }
            }
        };
        if shape.table.is_some() != shape.columns.is_empty() {
            return Err(D::Error::custom("`search` needs either `table` or `columns`"));
        }
        Ok(shape)
    }
}
