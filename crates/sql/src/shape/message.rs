//! What is wrong with the YAML of a model file, in words for its author.

use serde_saphyr::{Error, MessageFormatter, UserMessageFormatter};

/// The words for an error of the parser.
pub(super) fn message(error: &Error) -> String {
    let error = error.without_snippet();
    let needed = match error {
        Error::Unexpected { expected: "mapping start", .. } => "a table of names (`name: …`)",
        Error::Unexpected { expected: "sequence start", .. } => "a list (`[one, two]`)",
        Error::InvalidBooleanStrict { .. } => "true or false",
        Error::InvalidScalar { ty: "u32" | "u64" | "i64", .. } => "a whole number",
        Error::NullIntoString { .. } => "a text",
        Error::SerdeUnknownField { field, expected, .. } => {
            // A comma ends a text within braces, and a key seems to follow.
            let hint = if field.contains(' ') { "; a text with a comma in it stands in quotes" } else { "" };
            return ["`", field, "` is no key here; the keys are ", &expected.join(", "), hint].concat();
        }
        Error::SerdeUnknownVariant { variant, expected, .. } => {
            return ["`", variant, "` is none of ", &expected.join(", ")].concat();
        }
        other => return UserMessageFormatter.format_message(other).into_owned(),
    };
    [needed, " is needed here"].concat()
}
