//! Functions of one name.

use std::fmt;

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

use super::parts::FunctionShape;

/// What stands under the name of a function: one, or several that differ in what they take.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overloads(pub Vec<FunctionShape>);

impl<'de> Deserialize<'de> for Overloads {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Overloads, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Overloads;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a function, or a list of functions")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Overloads, A::Error> {
                Deserialize::deserialize(SeqAccessDeserializer::new(list)).map(Overloads)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Overloads, A::Error> {
                FunctionShape::deserialize(MapAccessDeserializer::new(map)).map(|one| Overloads(vec![one]))
            }
        }

        deserializer.deserialize_any(Either)
    }
}
