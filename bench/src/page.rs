//! The two parts of a page of OData JSON that a follower of links needs: its rows and its next link.

use anyhow::Context;

use crate::http::find;

/// The envelope before the rows is shorter than this.
const ENVELOPE_BYTES: usize = 4 * 1024;
/// The next link with its name is shorter than this.
const LINK_BYTES: usize = 16 * 1024;

/// A page of a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<'a> {
    /// The JSON between the brackets of `value`.
    pub rows: &'a [u8],
    /// The next link, unescaped.
    pub next: Option<String>,
}

impl<'a> Page<'a> {
    /// Finds the parts at both ends; what lies between is not looked at.
    ///
    /// # Errors
    /// Where the JSON is no collection, or annotations other than the next link follow the rows.
    pub fn find(json: &'a [u8]) -> anyhow::Result<Self> {
        let envelope = &json[..json.len().min(ENVELOPE_BYTES)];
        let mark = b"\"value\":[";
        let start = find(envelope, mark).context("no value array")? + mark.len();
        let tail_start = json.len().saturating_sub(LINK_BYTES).max(start);
        let tail = &json[tail_start..];
        for mark in [b"],\"@odata.nextLink\":".as_slice(), b"],\"@nextLink\":"] {
            if let Some(position) = tail.windows(mark.len()).rposition(|window| window == mark) {
                let rest = tail[position + mark.len()..].trim_ascii_end();
                let link = rest.strip_suffix(b"}").context("the next link is not the last member")?;
                let next = serde_json::from_slice(link).context("the next link is not a string")?;
                return Ok(Self { rows: &json[start..tail_start + position], next: Some(next) });
            }
        }
        let rest = tail.trim_ascii_end().strip_suffix(b"]}").context("no end of the value array")?;
        Ok(Self { rows: &json[start..tail_start + rest.len()], next: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_link_are_found() {
        let long = format!("{{\"value\":[\"{}\"],\"@odata.nextLink\":\"n\"}}", "x".repeat(100_000));
        for (json, rows, next) in [
            (r#"{"value":[]}"#, "", None),
            (r#"{"@odata.context":"c","value":[{"a":[1]},{"a":[]}]}"#, r#"{"a":[1]},{"a":[]}"#, None),
            (r#"{"value":[1],"@odata.nextLink":"http:\/\/h\/x\u0026y"}"#, "1", Some("http://h/x&y")),
            ("{\"value\":[1],\"@nextLink\":\"Rows?$skiptoken=a\"}\n", "1", Some("Rows?$skiptoken=a")),
            (long.as_str(), &long[10..long.len() - 24], Some("n")),
        ] {
            let page = Page::find(json.as_bytes()).expect(json);
            assert_eq!(page, Page { rows: rows.as_bytes(), next: next.map(str::to_owned) }, "{json:.60}");
        }
    }

    #[test]
    fn other_json_is_refused() {
        for json in [
            "",
            "{}",
            r#"{"error":{"code":"x"}}"#,
            r#"{"value":["#,
            r#"{"value":[1],"@odata.nextLink":7}"#,
            r#"{"value":[1],"@odata.nextLink":"n","x":1}"#,
            r#"{"value":[1],"@odata.count":1}"#,
        ] {
            assert!(Page::find(json.as_bytes()).is_err(), "{json}");
        }
    }
}
