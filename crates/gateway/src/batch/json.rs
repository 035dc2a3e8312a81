//! The JSON form of a batch (JSON Format section 19.1).

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::call::{Call, bad, check, method, put_header, too_many};
use crate::answer::Refusal;

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
    condition: Option<Value>,
    #[serde(default)]
    body: Option<Value>,
}

/// Reads a batch.
///
/// # Errors
/// It is no such object, has too many requests, or they do not fit together.
pub fn parse(body: &Bytes, most: usize) -> Result<Vec<Call>, Refusal> {
    let batch: Batch = serde_json::from_slice(body)
        .map_err(|error| bad(format!("The body is no batch in JSON: {error}.")))?;
    if batch.requests.len() > most {
        return Err(too_many(most));
    }
    let calls = batch.requests.into_iter().map(call).collect::<Result<Vec<Call>, Refusal>>()?;
    check(&calls)?;
    Ok(calls)
}

fn call(one: One) -> Result<Call, Refusal> {
    let id = match one.id {
        Value::String(id) => id,
        Value::Number(id) => id.to_string(),
        _ => return Err(bad("The id of a request in the batch is a text.")),
    };
    let mut headers = HeaderMap::new();
    for (name, value) in one.headers.unwrap_or_default() {
        match value {
            Value::String(value) => put_header(&mut headers, &name, &value),
            Value::Number(_) | Value::Bool(_) => put_header(&mut headers, &name, &value.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => {}
        }
    }
    let mut refused = method(&one.method).err();
    if one.condition.is_some() {
        let message = "Conditions of requests in a batch (`if`) are not supported.";
        let refusal = Refusal::new(StatusCode::NOT_IMPLEMENTED, "NotImplemented", message);
        refused = Some(refusal.about("if"));
    }
    let body = match one.body {
        None | Some(Value::Null) => Bytes::new(),
        Some(Value::String(text)) => text.into(),
        Some(value) => value.to_string().into(),
    };
    Ok(Call {
        id: Some(id),
        group: one.atomicity_group,
        depends: one.depends_on.unwrap_or_default(),
        method: method(&one.method).unwrap_or_default(),
        url: one.url,
        headers,
        body,
        refused,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
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
        let calls = parse(&body.to_string().into(), 9).expect("a batch");
        let found = calls.iter().map(|call| {
            let names: Vec<_> = call.headers.keys().map(|name| name.as_str()).collect();
            let id = call.id.as_deref().unwrap_or_default();
            let status = call.refused.as_ref().map_or(0, |refusal| refusal.status.as_u16());
            let body = String::from_utf8_lossy(&call.body);
            format!("{id} {} {} {names:?} {body} {:?} {status}", call.method, call.url, call.depends)
        });
        let expected = [
            "1 GET A?$top=1 [\"accept\", \"prefer\"]  [] 0",
            "2 POST /A/$query [] $top=1 [\"1\"] 0",
            "3 POST A [] {\"B\":1} [] 0",
            "4 GET A []  [] 400",
            "5 GET A []  [] 501",
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
            assert_eq!(parse(&body.clone().into(), 3).is_ok(), good, "{body}");
        }
        for body in ["", "[]", "{}", "{\"requests\":{}}", "{\"requests\":[]", "null"] {
            assert!(parse(&body.to_owned().into(), 3).is_err(), "{body}");
        }
        let many: Vec<Value> = (0..4).map(|id| get(&id.to_string(), none)).collect();
        let refusal = parse(&json!({ "requests": many }).to_string().into(), 3).expect_err("too many");
        assert_eq!((refusal.status.as_u16(), refusal.target.as_deref()), (413, Some("batch_requests")));
    }
}
