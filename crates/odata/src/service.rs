//! The service document: the entity sets and singletons of a model and where they are (OData 4.01 JSON section 5).

use serde_json::{Map, Value, json};

use crate::model::Model;
use crate::version::{MetadataLevel, Version};

/// The service document in JSON. `context_url` is the URL of the metadata document; URLs of sets are
/// relative to it.
pub fn document(model: &Model, context_url: &str, metadata: MetadataLevel, version: Version) -> String {
    let mut document = Map::new();
    let name = match version {
        Version::V40 => "@odata.context",
        Version::V401 => "@context",
    };
    match metadata {
        MetadataLevel::None => {}
        MetadataLevel::Minimal | MetadataLevel::Full => {
            document.insert(name.to_owned(), context_url.into());
        }
    }
    let told = |name: &str, kind: &str| json!({ "name": name, "kind": kind, "url": segment(name) });
    let sets = model.served_sets().map(|(_, set)| told(&set.name, "EntitySet"));
    let singletons = model.singletons.iter().map(|single| told(&single.name, "Singleton"));
    // Those that take values have no URL of their own.
    let functions = model.function_imports().filter(|function| model.is_called_bare(function));
    let functions = functions.map(|function| told(&function.name, "FunctionImport"));
    document.insert("value".to_owned(), sets.chain(singletons).chain(functions).collect());
    Value::Object(document).to_string()
}

/// An identifier as a path segment: letters of other scripts are percent-encoded (RFC 3986 section 2.5).
pub(crate) fn segment(name: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut segment = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.') {
            segment.push(char::from(byte));
        } else {
            segment.push('%');
            segment.push(char::from(HEX[usize::from(byte >> 4)]));
            segment.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    segment
}
