//! What a model file says of streams: where their bytes are, and what they are.

use serde::Deserialize;
use serde::de::{Deserializer, Error};
use serde_saphyr::Spanned;

use super::named::{Either, Named, Spot};

/// Where the bytes of a media entity are.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct MediaShape {
    /// The column.
    pub column: Named,
    /// What they are. Default: nobody knows.
    #[serde(rename = "type")]
    pub media_type: Option<MediaTypeShape>,
    /// Whether there may be none.
    pub nullable: Option<bool>,
}

/// What the bytes of a stream are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaTypeShape {
    /// A media type.
    Fixed(Named),
    /// The property or column that tells the media type.
    Column(Named),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InColumn {
    column: Named,
}

impl<'de> Deserialize<'de> for MediaTypeShape {
    /// A text is a media type.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<MediaTypeShape, D::Error> {
        let found = Spanned::<Either<InColumn>>::deserialize(deserializer)?;
        let spot = Spot::of(&found);
        match found.value {
            Either::Nothing => Err(D::Error::custom("the media type is missing")),
            Either::Text(text) => Ok(MediaTypeShape::Fixed(Named { text, spot })),
            Either::Table(InColumn { column }) => Ok(MediaTypeShape::Column(column)),
        }
    }
}
