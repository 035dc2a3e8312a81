//! Texts and tables of a model file that know where they stand.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_saphyr::Spanned;

/// A place in a model file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// The line, from 1; 0 where it is not known.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

impl Spot {
    pub(super) fn new(line: u64, column: u64) -> Spot {
        let short = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        Spot { line: short(line), column: short(column) }
    }

    /// Where a value was found.
    pub(super) fn of<T>(found: &Spanned<T>) -> Spot {
        Spot::new(found.referenced.line(), found.referenced.column())
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// A text, and where it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    /// The text.
    pub text: String,
    /// Where it stands.
    pub spot: Spot,
}

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Named, D::Error> {
        let found = Spanned::<String>::deserialize(deserializer)?;
        let spot = Spot::of(&found);
        Ok(Named { text: found.value, spot })
    }
}

/// A text that is there where its key is: nothing behind it is no text.
pub(super) fn there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Named>, D::Error> {
    Named::deserialize(deserializer).map(Some)
}

/// Names with what is said of each, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entries<T>(pub Vec<(Named, T)>);

impl<T> Default for Entries<T> {
    fn default() -> Entries<T> {
        Entries(Vec::new())
    }
}

impl<T> Entries<T> {
    /// What is said of a name.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.0.iter().find(|(named, _)| named.text == name).map(|(_, told)| told)
    }

    /// All of them.
    pub fn iter(&self) -> std::slice::Iter<'_, (Named, T)> {
        self.0.iter()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Entries<T>, D::Error> {
        struct Table<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Table<T> {
            type Value = Entries<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table of names")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<T>, A::Error> {
                let mut entries = Vec::new();
                while let Some(name) = map.next_key::<Named>()? {
                    entries.push((name, map.next_value::<T>()?));
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(Table(PhantomData))
    }
}

/// Something that can be said in one text, or in a table.
pub(super) enum Either<T> {
    /// Nothing.
    Nothing,
    /// A text.
    Text(String),
    /// A table.
    Table(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Either<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Either<T>, D::Error> {
        deserializer.deserialize_any(Short(PhantomData))
    }
}

struct Short<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Short<T> {
    type Value = Either<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name or a table")
    }

    fn visit_unit<E: Error>(self) -> Result<Either<T>, E> {
        Ok(Either::Nothing)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Either<T>, E> {
        Ok(Either::Text(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Either<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Either::Table)
    }
}
