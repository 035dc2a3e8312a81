//! Batches as clients write them, and the answers in both forms.

use nextlink_testkit::http::Answer;
use serde_json::Value;

/// The answer to a request of a batch.
#[derive(Debug)]
pub struct Part {
    pub id: Option<String>,
    pub group: Option<String>,
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Part {
    pub fn header(&self, name: &str) -> Option<&str> {
        let named = self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str())
    }

    pub fn headers_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.headers.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// What is the same in both forms: not the length, and JSON by what it says.
    pub fn told(&self) -> (Option<&str>, u16, Vec<(String, String)>, String) {
        let mut headers: Vec<_> =
            self.headers.iter().map(|(name, value)| (name.to_lowercase(), value.clone())).collect();
        headers.retain(|(name, _)| name != "content-length");
        headers.sort();
        let mut body = match serde_json::from_slice::<Value>(&self.body) {
            Ok(value) => value.to_string(),
            Err(_) => self.text(),
        };
        body.truncate(body.find("$skiptoken=").or_else(|| body.find("\"innererror\"")).unwrap_or(body.len()));
        (self.id.as_deref(), self.status, headers, body)
    }
}

/// A batch in the multipart form, of requests with their ids.
pub fn multipart(boundary: &str, requests: impl IntoIterator<Item = (Option<String>, String)>) -> String {
    let mut text = String::new();
    for (id, request) in requests {
        text += &format!(
            "--{boundary}\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
        );
        if let Some(id) = id {
            text += &format!("Content-ID: {id}\r\n");
        }
        text += &format!("\r\n{request}\r\n");
    }
    text + &format!("--{boundary}--\r\n")
}

/// Takes headers, and the empty line behind them.
#[track_caller]
fn head<'t>(text: &mut &'t [u8]) -> Vec<&'t str> {
    let end = text.windows(4).position(|four| four == b"\r\n\r\n").expect("an empty line");
    let lines = std::str::from_utf8(&text[..end]).expect("UTF-8").split("\r\n").collect();
    *text = &text[end + 4..];
    lines
}

fn pairs(lines: &[&str]) -> Vec<(String, String)> {
    let pair = |line: &&str| {
        let (name, value) = line.split_once(": ").unwrap_or_else(|| panic!("no header: {line}"));
        (name.to_owned(), value.to_owned())
    };
    lines.iter().map(pair).collect()
}

/// The answers of the multipart form, read as strictly as the standard says.
#[track_caller]
pub fn multipart_parts(answer: &Answer) -> Vec<Part> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let kind = answer.header("content-type").expect("a type");
    let boundary = kind.strip_prefix("multipart/mixed; boundary=").unwrap_or_else(|| panic!("{kind}"));
    let body = answer.plain_body();
    let delimiter = format!("--{boundary}").into_bytes();
    let mut places: Vec<usize> = Vec::new();
    let mut at = 0;
    while at + delimiter.len() <= body.len() {
        if body[at..].starts_with(&delimiter) {
            places.push(at);
            at += delimiter.len();
        } else {
            at += 1;
        }
    }
    let last = *places.last().expect("a boundary");
    assert_eq!(&body[last + delimiter.len()..], b"--\r\n", "the last boundary is at the end");
    let parts = places.windows(2).map(|pair| {
        let text = body[pair[0]..pair[1]].strip_prefix(delimiter.as_slice());
        let mut text = text.and_then(|text| text.strip_prefix(b"\r\n")).expect("a line of its own");
        text = text.strip_suffix(b"\r\n").expect("a line break before the boundary");
        let about = pairs(&head(&mut text));
        let named = |name: &str| about.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone());
        assert_eq!(named("Content-Type").as_deref(), Some("application/http"));
        assert_eq!(named("Content-Transfer-Encoding").as_deref(), Some("binary"));
        let lines = head(&mut text);
        let status = lines[0].strip_prefix("HTTP/1.1 ").and_then(|line| line.get(..3));
        let headers = pairs(&lines[1..]);
        let part = Part {
            id: named("Content-ID"),
            group: None,
            status: status.and_then(|status| status.parse().ok()).expect("a status"),
            headers,
            body: text.to_vec(),
        };
        if let Some(length) = part.header("content-length") {
            assert_eq!(length, part.body.len().to_string());
        }
        part
    });
    parts.collect()
}

/// The answers of the JSON form.
#[track_caller]
pub fn json_parts(answer: &Answer) -> Vec<Part> {
    use base64::Engine as _;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let document = answer.json();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let parts = document["responses"].as_array().expect("answers").iter().map(|one| {
        let headers = one["headers"].as_object().expect("headers").iter();
        let headers: Vec<_> =
            headers.map(|(name, value)| (name.clone(), text(value).expect("a text"))).collect();
        let kind =
            headers.iter().find(|(name, _)| name == "content-type").map_or("", |(_, kind)| kind.as_str());
        let body = match one.get("body") {
            None => Vec::new(),
            Some(body) if kind.starts_with("application/json") => body.to_string().into_bytes(),
            Some(body) if kind.starts_with("text/") => text(body).expect("a text").into_bytes(),
            Some(body) => base64::engine::general_purpose::URL_SAFE_NO_PAD
                .decode(text(body).expect("a text"))
                .expect("base64url"),
        };
        Part {
            id: text(&one["id"]),
            group: text(&one["atomicityGroup"]),
            status: one["status"].as_u64().and_then(|status| u16::try_from(status).ok()).expect("a status"),
            headers,
            body,
        }
    });
    parts.collect()
}
