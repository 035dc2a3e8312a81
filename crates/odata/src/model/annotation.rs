//! Annotations that somebody wants to be told, of any vocabulary (CSDL 4.01 section 14). Values have the JSON form of CSDL; where that leaves
//! open what a text is, an object with one member says it, such as `{"$PropertyPath": "Name"}`.

use serde_json::Value as Json;

/// A part of the model with what is said of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Annotated {
    /// The part, as in `Shop.Customer/Name`.
    pub target: String,
    /// What is said.
    pub annotations: Vec<Applied>,
}

/// A term with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// The term with the namespace of its vocabulary.
    pub term: String,
    /// What tells it from others of the same term.
    pub qualifier: Option<String>,
    /// The value, in which vocabularies have their namespaces.
    pub value: Json,
}

/// A vocabulary that annotations are of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vocabulary {
    /// Its namespace.
    pub namespace: String,
    /// Where it is published; none of those of the standard.
    pub url: Option<String>,
}

/// Texts that are told what they are. In JSON they are nothing but texts.
pub(crate) const TEXTS: [&str; 10] = [
    "$PropertyPath",
    "$NavigationPropertyPath",
    "$AnnotationPath",
    "$EnumMember",
    "$Date",
    "$DateTimeOffset",
    "$Duration",
    "$TimeOfDay",
    "$Guid",
    "$Binary",
];
/// Expressions of one text.
pub(crate) const PATHS: [&str; 2] = ["$Path", "$UrlRef"];
/// Expressions of others: least and greatest number of them.
const OPERATORS: [(&str, usize, usize); 10] = [
    ("$And", 2, 2),
    ("$Or", 2, 2),
    ("$Not", 1, 1),
    ("$Eq", 2, 2),
    ("$Ne", 2, 2),
    ("$Gt", 2, 2),
    ("$Ge", 2, 2),
    ("$Lt", 2, 2),
    ("$Le", 2, 2),
    ("$If", 2, 3),
];

/// The member of an object that says which expression it is, with what it is of.
pub(crate) fn expression(object: &serde_json::Map<String, Json>) -> Option<(&str, &Json)> {
    object
        .iter()
        .find(|(name, _)| name.starts_with('$') && *name != "$Function")
        .map(|(name, of)| (name.as_str(), of))
}

/// What is wrong with a value.
pub fn annotation_problem(value: &Json) -> Option<String> {
    let object = match value {
        Json::Array(items) => return items.iter().find_map(annotation_problem),
        Json::Object(object) => object,
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => return None,
    };
    let Some((name, of)) = expression(object) else {
        return object.iter().find_map(|(name, value)| match name.as_str() {
            "@type" => (!value.is_string()).then(|| "`@type` is a text".to_owned()),
            name => {
                let legal = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '#');
                let plain = name.strip_prefix('@').unwrap_or(name).chars().all(legal) && !name.is_empty();
                if plain {
                    annotation_problem(value)
                } else {
                    Some(["`", name, "` cannot be a member of a record"].concat())
                }
            }
        });
    };
    let known = TEXTS.contains(&name) || PATHS.contains(&name);
    let apply = name == "$Apply" && object.get("$Function").is_some_and(Json::is_string);
    let operator = OPERATORS.iter().find(|(operator, ..)| *operator == name);
    if object.len() != 1 + usize::from(apply) {
        return Some(["beside `", name, "` nothing else can stand"].concat());
    }
    // NOT is of one expression, which stands there by itself.
    let operands = match of {
        Json::Array(items) if name != "$Not" => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    match operator {
        _ if known => (!of.is_string()).then(|| ["`", name, "` is of a text"].concat()),
        _ if apply => operands.iter().find_map(annotation_problem),
        Some((_, least, most)) if (*least..=*most).contains(&operands.len()) => {
            operands.iter().find_map(annotation_problem)
        }
        Some(_) => Some(["`", name, "` is of another number of expressions"].concat()),
        None => Some(["`", name, "` is no expression that is served"].concat()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::annotation_problem;

    #[test]
    fn values() {
        for (value, fits) in [
            (json!("text"), true),
            (json!([1, 1.5, true, null]), true),
            (json!({"$Path": "Name"}), true),
            (json!({"$Path": 1}), false),
            (json!({"$Path": "a", "b": 1}), false),
            (json!({"$EnumMember": "N.T/A N.T/B"}), true),
            (
                json!({"@type": "N.T", "Label": "x", "@N.Term#q": {"$If": [{"$Eq": [{"$Path": "a"}, 1]}, "x"]}}),
                true,
            ),
            (json!({"@type": 1}), false),
            (json!({"a/b": 1}), false),
            (json!({"$Not": {"$Path": "a"}}), true),
            (json!({"$And": [true]}), false),
            (json!({"$Apply": ["a", "b"], "$Function": "odata.concat"}), true),
            (json!({"$Apply": ["a", "b"]}), false),
            (json!({"$LabeledElement": "a"}), false),
            (json!([[{"$Nothing": 1}]]), false),
        ] {
            assert_eq!(annotation_problem(&value).is_none(), fits, "{value}");
        }
    }
}
