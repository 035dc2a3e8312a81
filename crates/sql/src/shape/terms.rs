//! What a model file says of annotations: which vocabularies they are of, and what they say.

use nextlink_odata::model::{Vocabulary, annotation_problem};
use serde_json::Value as Json;

use super::check::{Checked, bad};
use super::parts::Shape;

/// Vocabularies of the standard: aliases that people know.
const STANDARD: [&str; 9] = [
    "Aggregation",
    "Authorization",
    "Capabilities",
    "Core",
    "JSON",
    "Measures",
    "Repeatability",
    "Temporal",
    "Validation",
];
/// Terms that are said of what is there, or have a key of their own in the file.
const OWN: [&str; 7] = [
    "Org.OData.Core.V1.Description",
    "Org.OData.Core.V1.Computed",
    "Org.OData.Core.V1.ComputedDefaultValue",
    "Org.OData.Core.V1.MediaType",
    "Org.OData.Core.V1.OptimisticConcurrency",
    "Org.OData.Aggregation.V1.RecursiveHierarchy",
    "Org.OData.Aggregation.V1.ApplySupported",
];

impl Shape {
    /// The vocabulary that a name with an alias or a namespace is of, and the name behind it.
    pub fn vocabulary<'n>(&self, name: &'n str) -> Option<(Vocabulary, &'n str)> {
        let (start, name) = name.rsplit_once('.')?;
        let told = self
            .vocabularies
            .iter()
            .find(|(alias, told)| alias.text == start || told.namespace.text == start);
        if let Some((_, told)) = told {
            let (namespace, url) = (told.namespace.text.clone(), Some(told.url.text.clone()));
            return Some((Vocabulary { namespace, url }, name));
        }
        let namespace = |alias: &str| ["Org.OData.", alias, ".V1"].concat();
        let known = STANDARD.iter().find(|alias| **alias == start || namespace(alias) == start)?;
        Some((Vocabulary { namespace: namespace(known), url: None }, name))
    }

    /// A name with the namespace of its vocabulary.
    pub fn full_name(&self, name: &str) -> Option<String> {
        self.vocabulary(name).map(|(vocabulary, name)| [&vocabulary.namespace, ".", name].concat())
    }
}

/// A term with its qualifier, without the `@` before it.
pub fn term_of(name: &str) -> Option<(&str, Option<&str>)> {
    let name = name.strip_prefix('@')?;
    Some(name.split_once('#').map_or((name, None), |(term, qualifier)| (term, Some(qualifier))))
}

/// Checks what a model file says of annotations.
///
/// # Errors
/// A vocabulary that is not known, or a value that is none.
pub(super) fn check(shape: &Shape) -> Checked {
    for (_, told) in shape.annotated() {
        for (name, value) in told.iter() {
            let known = term_of(&name.text).and_then(|(term, _)| shape.full_name(term));
            let Some(term) = known else {
                let words = [
                    "`",
                    &name.text,
                    "`: a term begins with @ and the alias of a vocabulary, one of the standard or of `vocabularies`",
                ];
                return Err(bad(name.spot, &words));
            };
            if OWN.contains(&term.as_str()) || term.starts_with("Org.OData.Capabilities.V1.") {
                return Err(bad(
                    name.spot,
                    &["`", &name.text, "` is said of what is there, by the model itself"],
                ));
            }
            if let Some(problem) = annotation_problem(value).or_else(|| unknown(shape, value)) {
                return Err(bad(name.spot, &["`", &name.text, "`: ", &problem]));
            }
        }
    }
    Ok(())
}

/// A name in a value whose vocabulary is not known.
fn unknown(shape: &Shape, value: &Json) -> Option<String> {
    match value {
        Json::Array(items) => items.iter().find_map(|item| unknown(shape, item)),
        Json::Object(object) => object.iter().find_map(|(name, value)| {
            let named = match (name.as_str(), value) {
                ("@type", Json::String(of)) => Some(of.rsplit('#').next().unwrap_or(of)),
                ("$EnumMember", Json::String(of)) => of.split(' ').find(|of| shape.full_name(of).is_none()),
                _ => term_of(name).map(|(term, _)| term),
            };
            let missing = named.filter(|named| shape.full_name(named).is_none());
            missing
                .map(|named| ["`", named, "` is of no vocabulary that is known"].concat())
                .or_else(|| unknown(shape, value))
        }),
        _ => None,
    }
}
