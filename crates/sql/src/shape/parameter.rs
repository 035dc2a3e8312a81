//! What a model file says of a parameter of a function.

use serde::Deserialize;
use serde::de::{Deserializer, Error};
use serde_saphyr::Spanned;

use super::named::{Either, Named, Spot};

/// A parameter of a function.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParameterShape {
    /// Its primitive type.
    pub type_name: Named,
    /// Whether null is a value.
    pub nullable: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    #[serde(rename = "type")]
    type_name: Named,
    #[serde(default)]
    nullable: bool,
}

impl<'de> Deserialize<'de> for ParameterShape {
    /// A text is its type.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ParameterShape, D::Error> {
        let found = Spanned::<Either<Told>>::deserialize(deserializer)?;
        let spot = Spot::of(&found);
        match found.value {
            Either::Nothing => Err(D::Error::custom("the type of the parameter is missing")),
            Either::Text(text) => Ok(ParameterShape { type_name: Named { text, spot }, nullable: false }),
            Either::Table(Told { type_name, nullable }) => Ok(ParameterShape { type_name, nullable }),
        }
    }
}
