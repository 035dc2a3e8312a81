//! The JSON form of a batch (JSON Format section 19.1).

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{BatchFault, BatchRequest, Place, bad, check};

#[derive(Deserialize)]
struct Batch {
    requests: Vec<One>,
}

/// A request; annotations and members that are not known are ignored.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct One {
    id: Value,
    method: String,
    url: String,
    #[serde(default)]
    headers: Option<Map<String, Value>>,
    #[serde(default)]
    atomicity_group: Option<String>,
    #[serde(default)]
    depends_on: Option<Vec<String>>,
    #[serde(default, rename = "if")]
    condition: Option<String>,
    #[serde(default)]
    body: Option<Value>,
}

/// Reads a batch.
///
/// # Errors
/// It is no such object, has too many requests, or they do not fit together.
pub fn json(body: &[u8], most: usize) -> Result<Vec<Place<'static>>, BatchFault> {
    let batch: Batch = serde_json::from_slice(body)
        .map_err(|error| bad(format!("The body is no batch in JSON: {error}.")))?;
    if batch.requests.len() > most {
        return Err(BatchFault::TooMany);
    }
    let places = batch.requests.into_iter().map(request).collect::<Result<Vec<_>, BatchFault>>()?;
    check(&places)?;
    Ok(places)
}

fn request(one: One) -> Result<Place<'static>, BatchFault> {
    let id = match one.id {
        Value::String(id) => id,
        Value::Number(id) => id.to_string(),
        _ => return Err(bad("The id of a request in the batch is a text.")),
    };
    let mut headers = Vec::new();
    for (name, value) in one.headers.unwrap_or_default() {
        match value {
            Value::String(value) => headers.push((name, value)),
            Value::Number(_) | Value::Bool(_) => headers.push((name, value.to_string())),
            Value::Null | Value::Array(_) | Value::Object(_) => {}
        }
    }
    let body = match one.body {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(text)) => text.into_bytes(),
        Some(value) => value.to_string().into_bytes(),
    };
    Ok(Ok(BatchRequest {
        id: Some(id),
        group: one.atomicity_group,
        depends: one.depends_on.unwrap_or_default(),
        condition: one.condition,
        method: one.method,
        url: one.url,
        headers,
        body: Cow::Owned(body),
    }))
}

#[cfg(test)]
mod tests {
    use super::{BatchFault, BatchRequest, Value, json};
    use serde_json::json;

    fn get(id: &str, more: &Value) -> Value {
        let mut request = json!({ "id": id, "method": "get", "url": "A" });
        let members = more.as_object().cloned().unwrap_or_default();
        request.as_object_mut().expect("an object").extend(members);
        request
    }

    #[test]
    fn requests_are_read() {
        let body = json!({
            "@note": 1,
            "requests": [
                { "id": 1, "method": "GET", "url": "A?$top=1", "headers": { "Accept": "a", "Host": "evil", "prefer": "b" } },
                { "id": "2", "method": "Post", "url": "/A/$query", "headers": null, "body": "$top=1", "dependsOn": ["1"],
                  "atomicityGroup": "g", "other": {} },
                { "id": "3", "method": "post", "url": "A", "body": { "B": 1 }, "dependsOn": null },
                { "id": "4", "method": "no method", "url": "A" },
                { "id": "5", "method": "get", "url": "A", "if": "$1/B" },
            ]
        });
        let calls = json(body.to_string().as_bytes(), 9).expect("a batch");
        let calls: Vec<BatchRequest> = calls.into_iter().collect::<Result<_, _>>().expect("requests");
        let found = calls.iter().map(|call| {
            let names: Vec<_> = call.headers.iter().map(|(name, _)| name.as_str()).collect();
            let id = call.id.as_deref().unwrap_or_default();
            let condition = call.condition.as_deref().unwrap_or("-");
            let body = String::from_utf8_lossy(&call.body);
            format!("{id} {} {} {names:?} {body} {:?} {condition}", call.method, call.url, call.depends)
        });
        let expected = [
            "1 GET A?$top=1 [\"Accept\", \"Host\", \"prefer\"]  [] -",
            "2 Post /A/$query [] $top=1 [\"1\"] -",
            "3 post A [] {\"B\":1} [] -",
            "4 no method A []  [] -",
            "5 get A []  [] $1/B",
        ];
        assert_eq!(found.collect::<Vec<_>>(), expected);
        assert_eq!(calls[1].group.as_deref(), Some("g"));
    }

    /// What of a batch cannot be: ids that are there twice, groups in pieces, dependencies forwards.
    #[test]
    fn requests_fit_together() {
        let none = &json!({});
        let group = &json!({ "atomicityGroup": "g" });
        let on = |id: &str| json!({ "dependsOn": [id] });
        for (requests, good) in [
            (vec![], true),
            (vec![get("1", none), get("2", none)], true),
            (vec![get("1", none), get("1", none)], false),
            (vec![get("", none)], false),
            (vec![get("a\nb", none)], false),
            (vec![get(&"x".repeat(256), none)], true),
            (vec![get(&"x".repeat(257), none)], false),
            (vec![get("1", group), get("2", group), get("3", none)], true),
            (vec![get("1", group), get("3", none), get("2", group)], false),
            (vec![get("1", group), get("g", none)], false),
            (vec![get("g", none), get("1", group)], false),
            (vec![get("1", none), get("2", &on("1"))], true),
            (vec![get("1", group), get("2", &on("g"))], true),
            (vec![get("1", &on("2")), get("2", none)], false),
            (vec![get("1", &on("1"))], false),
            (vec![get("1", none); 4], false),
            (vec![json!({ "id": "1", "method": "get" })], false),
            (vec![json!({ "id": [], "method": "get", "url": "A" })], false),
            (vec![json!(1)], false),
        ] {
            let body = json!({ "requests": requests }).to_string();
            assert_eq!(json(body.as_bytes(), 3).is_ok(), good, "{body}");
        }
        for body in ["", "[]", "{}", "{\"requests\":{}}", "{\"requests\":[]", "null"] {
            assert!(json(body.as_bytes(), 3).is_err(), "{body}");
        }
        let many: Vec<Value> = (0..4).map(|id| get(&id.to_string(), none)).collect();
        let many = json!({ "requests": many }).to_string();
        assert_eq!(json(many.as_bytes(), 3), Err(BatchFault::TooMany));
    }
}
