//! What a model file says of a table between two others.

use serde::Deserialize;
use serde::de::{Deserializer, Error};
use serde_saphyr::Spanned;

use super::named::{Either, Entries, Named, Spot};

/// A table between two others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ThroughShape {
    /// The table, with its schema before a dot where that is needed.
    pub table: Named,
    /// Properties or columns here, with the columns of the table between that are equal. Default: by its foreign key.
    pub near: Entries<Named>,
    /// Columns of the table between, with the properties or columns of the target that are equal. Default: by its foreign
    /// key.
    pub far: Entries<Named>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Between {
    table: Named,
    #[serde(default)]
    near: Entries<Named>,
    #[serde(default)]
    far: Entries<Named>,
}

impl<'de> Deserialize<'de> for ThroughShape {
    /// A text is the table.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ThroughShape, D::Error> {
        let found = Spanned::<Either<Between>>::deserialize(deserializer)?;
        let spot = Spot::of(&found);
        Ok(match found.value {
            Either::Nothing => return Err(D::Error::custom("the table between is missing")),
            Either::Text(text) => ThroughShape { table: Named { text, spot }, ..ThroughShape::default() },
            Either::Table(Between { table, near, far }) => ThroughShape { table, near, far },
        })
    }
}
