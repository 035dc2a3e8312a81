//! What a model file says of a parameter of a function.

use nextlink_odata::bind::{coerce, fits, read};
use nextlink_odata::decimal::{is_decimal, plain_decimal};
use nextlink_odata::model::PrimitiveType as P;
use nextlink_odata::value::Value;
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
    /// What it is where a call does not give it.
    pub default: Option<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    #[serde(rename = "type")]
    type_name: Named,
    #[serde(default)]
    nullable: bool,
    #[serde(default, deserialize_with = "told")]
    default: Option<serde_json::Value>,
}

/// Null is a value, too.
fn told<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<serde_json::Value>, D::Error> {
    serde_json::Value::deserialize(deserializer).map(Some)
}

impl ParameterShape {
    /// The default as text; nothing of null.
    pub fn default_text(&self) -> Option<String> {
        match self.default.as_ref()? {
            serde_json::Value::Null => None,
            serde_json::Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }

    /// The value of the default as one of the type; nothing where it is none.
    pub fn default_value(&self, primitive: P) -> Option<Value> {
        self.default.as_ref()?;
        let Some(text) = self.default_text() else {
            return self.nullable.then_some(Value::Null);
        };
        let found = match primitive {
            P::Boolean => text.parse().ok().map(Value::Boolean),
            P::Decimal => is_decimal(&text).then(|| plain_decimal(&text)).flatten().map(Value::Decimal),
            P::Double | P::Single => text.parse().ok().map(Value::Double),
            number if number.is_integer() => {
                text.parse().ok().and_then(|found| coerce(Value::Integer(found), number, 0).ok())
            }
            other => read(other, &text, 0).ok(),
        };
        found.filter(|found| fits(found, primitive))
    }
}

impl<'de> Deserialize<'de> for ParameterShape {
    /// A text is its type.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ParameterShape, D::Error> {
        let found = Spanned::<Either<Told>>::deserialize(deserializer)?;
        let spot = Spot::of(&found);
        match found.value {
            Either::Nothing => Err(D::Error::custom("the type of the parameter is missing")),
            Either::Text(text) => {
                Ok(ParameterShape { type_name: Named { text, spot }, nullable: false, default: None })
            }
            Either::Table(Told { type_name, nullable, default }) => {
                Ok(ParameterShape { type_name, nullable, default })
            }
        }
    }
}
