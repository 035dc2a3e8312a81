//! What a model file says of ETags: the columns that are other ones when a row is.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use super::named::{Named, Spot};

/// Properties or columns, one or several.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EtagShape(pub Vec<Named>);

/// Texts, as they stand in the file.
struct Texts(Vec<Spanned<String>>, Option<String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Texts, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Texts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a property or column, or a list of them")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Texts, E> {
                Ok(Texts(Vec::new(), Some(text.to_owned())))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Texts, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = list.next_element()? {
                    texts.push(text);
                }
                Ok(Texts(texts, None))
            }
        }

        deserializer.deserialize_any(Either)
    }
}

impl<'de> Deserialize<'de> for EtagShape {
    /// A text is one.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<EtagShape, D::Error> {
        let found = Spanned::<Texts>::deserialize(deserializer)?;
        let spot = Spot::of(&found);
        let Texts(several, one) = found.value;
        let several = several.into_iter().map(|found| {
            let spot = Spot::of(&found);
            Named { text: found.value, spot }
        });
        Ok(EtagShape(one.map(|text| Named { text, spot }).into_iter().chain(several).collect()))
    }
}
