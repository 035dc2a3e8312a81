//! The metadata document of a model, as CSDL in XML and in JSON.

/// What the parameter is called that a function is bound to.
const BINDING: &str = "it";

mod annotations;

mod applied;

mod xml;

mod written;

mod json;

pub use json::json;
pub use xml::xml;

use crate::version::Version;

/// Where the standard vocabularies lie.
pub const VOCABULARIES: &str = "https://oasis-tcs.github.io/odata-vocabularies/vocabularies/";

/// The files of the vocabularies that a document in XML references.
pub fn referenced() -> impl Iterator<Item = String> {
    annotations::REFERENCED.into_iter().map(|namespace| [namespace, ".xml"].concat())
}

/// How a metadata document is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsdlOptions {
    /// The version that the document is of.
    pub version: Version,
    /// Base URL of the vocabulary documents that are referenced, with a slash at its end.
    pub vocabulary_base: String,
}

impl Default for CsdlOptions {
    fn default() -> CsdlOptions {
        CsdlOptions { version: Version::V40, vocabulary_base: VOCABULARIES.to_owned() }
    }
}
