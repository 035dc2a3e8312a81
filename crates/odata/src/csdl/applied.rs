//! Annotations that somebody wants to be told, in both forms of CSDL (CSDL 4.01 section 14).

use serde_json::{Map, Value as Json};

use super::CsdlOptions;
use super::annotations::REFERENCED;
use crate::model::{Applied, Model, TEXTS, Vocabulary, expression};

/// Vocabularies of such annotations that are not referenced anyway: where each is, in the form with this ending, and its namespace.
pub(super) fn references(model: &Model, options: &CsdlOptions, ending: &str) -> Vec<(String, String)> {
    let referenced: Vec<&str> = super::annotations::referenced(model).collect();
    let own = model.vocabularies.iter().filter(|own| !referenced.contains(&own.namespace.as_str()));
    own.map(|own| (place(own, options, ending), own.namespace.clone())).collect()
}

fn place(vocabulary: &Vocabulary, options: &CsdlOptions, ending: &str) -> String {
    match &vocabulary.url {
        // The JSON form of a vocabulary lies beside its XML form.
        Some(url) => match url.strip_suffix(".xml") {
            Some(start) => [start, ending].concat(),
            None => url.clone(),
        },
        None => [&options.vocabulary_base, &vocabulary.namespace, ending].concat(),
    }
}

/// The member of CSDL JSON that holds them.
pub(super) fn object(model: &Model, options: &CsdlOptions) -> Map<String, Json> {
    let of = |applied: &Applied| {
        let name = match &applied.qualifier {
            Some(qualifier) => ["@", &applied.term, "#", qualifier].concat(),
            None => ["@", &applied.term].concat(),
        };
        (name, plain(model, options, &applied.value))
    };
    let all = model.annotations.iter().map(|annotated| {
        let said: Map<String, Json> = annotated.annotations.iter().map(of).collect();
        (annotated.target.clone(), Json::Object(said))
    });
    all.collect()
}

/// A value in JSON, where texts are nothing but texts.
fn plain(model: &Model, options: &CsdlOptions, value: &Json) -> Json {
    let object = match value {
        Json::Array(items) => return items.iter().map(|item| plain(model, options, item)).collect(),
        Json::Object(object) => object,
        other => return other.clone(),
    };
    if let Some((name, Json::String(text))) = expression(object)
        && TEXTS.contains(&name)
    {
        // Members stand without their type (section 14.3.6).
        let member = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        let members = text.split(' ').map(member).collect::<Vec<_>>().join(",");
        return Json::String(if name == "$EnumMember" { members } else { text.clone() });
    }
    let members = object.iter().map(|(name, value)| match (name.as_str(), value) {
        ("@type", Json::String(of)) => (name.clone(), Json::String(type_url(model, options, of))),
        _ => (name.clone(), plain(model, options, value)),
    });
    Json::Object(members.collect())
}

/// A type of a vocabulary as a URL.
fn type_url(model: &Model, options: &CsdlOptions, of: &str) -> String {
    let namespace = of.rsplit_once('.').map_or("", |(namespace, _)| namespace);
    let own = model.vocabularies.iter().find(|own| own.namespace == namespace);
    let standard =
        || REFERENCED.contains(&namespace).then(|| [&options.vocabulary_base, namespace, ".json"].concat());
    let place = own.map(|own| place(own, options, ".json")).or_else(standard).unwrap_or_default();
    [&place, "#", of].concat()
}
