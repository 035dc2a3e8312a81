//! What stands in a column for a type below that of an entity set.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

use super::parts::Code;

/// What stands in a column for a type: one value, or several.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct When(pub Vec<Code>);

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<When, D::Error> {
        struct Values;

        impl<'de> Visitor<'de> for Values {
            type Value = When;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number, a text, or a list of them")
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<When, E> {
                Ok(When(vec![Code::Number(number)]))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<When, E> {
                let number = i64::try_from(number).map_err(|_| E::custom("the number is too great"))?;
                Ok(When(vec![Code::Number(number)]))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<When, E> {
                Ok(When(vec![Code::Text(text.to_owned())]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<When, A::Error> {
                let mut codes = Vec::new();
                while let Some(code) = list.next_element()? {
                    codes.push(code);
                }
                Ok(When(codes))
            }
        }

        deserializer.deserialize_any(Values)
    }
}
