//! Functions, of which several can have one name.

use std::fmt;

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

use super::named::{Entries, Named};
use super::parameter::ParameterShape;
use super::readers::Readers;

/// A function that is written as a SELECT, or one of the database.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct FunctionShape {
    /// The SELECT, in which parameters stand as `:name`.
    pub sql: Option<Named>,
    /// In its place: the function of the database, with its schema before a dot where that is needed.
    pub routine: Option<Named>,
    /// Of several of that name: the one that takes these types, in their order.
    pub takes: Option<Vec<Named>>,
    /// Names of parameters, with the arguments of that function that they are.
    #[serde(default)]
    pub arguments: Entries<Named>,
    /// Its parameters.
    #[serde(default)]
    pub parameters: Entries<ParameterShape>,
    /// The entity set of which it gives entities: those whose key is in a row of the SELECT.
    pub returns: Option<Named>,
    /// In its place: the type of the values that the rows of the SELECT are.
    #[serde(rename = "type")]
    pub type_name: Option<Named>,
    /// Whether such a value can be null. Default true.
    pub nullable: Option<bool>,
    /// Whether it gives several. Default: of entities.
    pub collection: Option<bool>,
    /// The entity set on whose entities it is called; parameters that are called like properties of their key are those.
    pub bound: Option<Named>,
    /// In its place: the entity set on which it is called as a whole.
    pub bound_set: Option<Named>,
    /// Text for clients.
    pub description: Option<String>,
    /// Who sees it.
    #[serde(default)]
    pub readers: Readers,
}

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
