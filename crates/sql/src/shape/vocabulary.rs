//! What a model file says of vocabularies.

use serde::Deserialize;

use super::named::Named;

/// A vocabulary that is not one of the standard.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct VocabularyShape {
    /// Its namespace.
    pub namespace: Named,
    /// Where it is published.
    pub url: Named,
}
