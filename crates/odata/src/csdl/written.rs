//! Annotations that somebody wants to be told, in XML (CSDL 4.01 section 14).

use serde_json::{Map, Value as Json};

use super::xml::Out;
use crate::model::{Applied, Model, PATHS, TEXTS, expression};

impl Out {
    /// All of them, each behind its target.
    pub(super) fn applied(&mut self, model: &Model) {
        for annotated in &model.annotations {
            self.open("Annotations", &[("Target", &annotated.target)]);
            for Applied { term, qualifier, value } in &annotated.annotations {
                let qualifier = qualifier.as_deref().map(|qualifier| ("Qualifier", qualifier));
                let named = [Some(("Term", term.as_str())), qualifier];
                self.holder("Annotation", &named.into_iter().flatten().collect::<Vec<_>>(), value);
            }
            self.close("Annotations");
        }
    }

    /// An element that has a value: as an attribute where it can be one, else inside.
    fn holder(&mut self, name: &str, attributes: &[(&str, &str)], value: &Json) {
        match constant(value) {
            Some((kind, text)) => self.empty(name, &[attributes, &[(kind, text.as_str())]].concat()),
            None => {
                self.open(name, attributes);
                self.expression(value);
                self.close(name);
            }
        }
    }

    fn expression(&mut self, value: &Json) {
        if let Some((kind, text)) = constant(value) {
            self.open(kind, &[]);
            match kind {
                "UrlRef" => self.expression(&Json::String(text)),
                _ => self.text(&text),
            }
            return self.close(kind);
        }
        match value {
            Json::Array(items) => self.expressions("Collection", &[], items),
            Json::Object(object) => match expression(object) {
                Some((name, of)) => {
                    let operands = match of {
                        Json::Array(items) if name != "$Not" => items.as_slice(),
                        one => std::slice::from_ref(one),
                    };
                    let function = object.get("$Function").and_then(Json::as_str);
                    let function: Vec<_> =
                        function.map(|function| ("Function", function)).into_iter().collect();
                    self.expressions(name.trim_start_matches('$'), &function, operands);
                }
                None => self.record(object),
            },
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => self.empty("Null", &[]),
        }
    }

    fn expressions(&mut self, name: &str, attributes: &[(&str, &str)], items: &[Json]) {
        self.open(name, attributes);
        items.iter().for_each(|item| self.expression(item));
        self.close(name);
    }

    fn record(&mut self, object: &Map<String, Json>) {
        let of = object.get("@type").and_then(Json::as_str);
        self.open("Record", &of.map(|of| ("Type", of)).into_iter().collect::<Vec<_>>());
        for (name, value) in object.iter().filter(|(name, _)| *name != "@type") {
            match name.strip_prefix('@') {
                Some(term) => {
                    let (term, qualifier) =
                        term.split_once('#').map_or((term, None), |(t, q)| (t, Some(("Qualifier", q))));
                    let named = [Some(("Term", term)), qualifier];
                    self.holder("Annotation", &named.into_iter().flatten().collect::<Vec<_>>(), value);
                }
                None => self.holder("PropertyValue", &[("Property", name)], value),
            }
        }
        self.close("Record");
    }
}

/// A value that can be an attribute: the name of it, and its text.
fn constant(value: &Json) -> Option<(&'static str, String)> {
    match value {
        Json::Bool(value) => Some(("Bool", value.to_string())),
        Json::String(text) => Some(("String", text.clone())),
        Json::Number(number) if number.is_f64() => {
            let text = number.to_string();
            Some((if text.contains('e') { "Float" } else { "Decimal" }, text))
        }
        Json::Number(number) => Some(("Int", number.to_string())),
        Json::Object(object) => {
            let (name, of) = expression(object)?;
            let kind = TEXTS.iter().chain(&PATHS).find(|kind| **kind == name)?;
            Some((kind.trim_start_matches('$'), of.as_str()?.to_owned()))
        }
        Json::Null | Json::Array(_) => None,
    }
}
