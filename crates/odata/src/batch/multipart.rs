//! The multipart form of a batch (RFC 2046 section 5.1, RFC 9112), read as liberally as clients write it: lines may end with
//! a bare LF, and what stands before the first and behind the last boundary is nothing.

use std::borrow::Cow;

use super::{BatchFault, BatchRequest, Place, Unread, bad, check};

/// Longest boundary that is taken; the standard allows 70.
const MAX_BOUNDARY: usize = 200;

/// The boundary that a `Content-Type` names.
pub fn boundary(content_type: &str) -> Option<String> {
    let (_, parameters) = content_type.split_once(';')?;
    let at = parameters.to_ascii_lowercase().find("boundary=")?;
    let value = parameters[at + "boundary=".len()..].trim_start();
    let text = match value.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => value.split([';', ' ', '\t', ',']).next(),
    };
    text.filter(|text| (1..=MAX_BOUNDARY).contains(&text.len())).map(str::to_owned)
}

/// Reads a batch.
///
/// # Errors
/// The last boundary is missing, there are too many requests, or two have one id.
pub fn multipart<'b>(body: &'b [u8], boundary: &str, most: usize) -> Result<Vec<Place<'b>>, BatchFault> {
    let parts = parts(body, boundary, most)?;
    let places: Vec<Place<'_>> = parts.into_iter().map(place).collect();
    check(&places)?;
    Ok(places)
}

/// What stands between the boundaries.
fn parts<'b>(body: &'b [u8], boundary: &str, most: usize) -> Result<Vec<&'b [u8]>, BatchFault> {
    let mut found = Vec::new();
    let (mut at, mut open) = (0, None);
    while at < body.len() {
        let end = body[at..].iter().position(|b| *b == b'\n').map_or(body.len(), |line| at + line + 1);
        if let Some(last) = delimiter(&body[at..end], boundary.as_bytes()) {
            if let Some(start) = open {
                if found.len() == most {
                    return Err(BatchFault::TooMany);
                }
                // The line break before a boundary belongs to it.
                found.push(without_break(&body[start..at]));
            }
            if last {
                return Ok(found);
            }
            open = Some(end);
        }
        at = end;
    }
    Err(bad("The batch does not end with its boundary and two hyphens."))
}

/// Whether a line is a boundary, and if so, the last one.
fn delimiter(line: &[u8], boundary: &[u8]) -> Option<bool> {
    match line.trim_ascii_end().strip_prefix(b"--")?.strip_prefix(boundary)? {
        b"" => Some(false),
        b"--" => Some(true),
        _ => None,
    }
}

fn without_break(text: &[u8]) -> &[u8] {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    text.strip_suffix(b"\r").unwrap_or(text)
}

/// Takes the next line, without its end.
fn line<'t>(text: &mut &'t [u8]) -> Option<&'t [u8]> {
    if text.is_empty() {
        return None;
    }
    let end = text.iter().position(|b| *b == b'\n').map_or(text.len(), |line| line + 1);
    let (line, rest) = text.split_at(end);
    *text = rest;
    Some(without_break(line))
}

/// Takes headers and the empty line behind them. The colon may stand right before the value.
fn headers<'t>(text: &mut &'t [u8]) -> Result<Vec<(&'t str, String)>, BatchFault> {
    let mut all: Vec<(&str, String)> = Vec::new();
    while let Some(line) = line(text).filter(|line| !line.is_empty()) {
        let line = std::str::from_utf8(line).map_err(|_| bad("A header in the batch is no UTF-8."))?;
        if let (true, Some((_, value))) = (line.starts_with([' ', '\t']), all.last_mut()) {
            value.push(' ');
            value.push_str(line.trim());
            continue;
        }
        let (name, value) =
            line.split_once(':').ok_or_else(|| bad("A line in the batch is no header: it has no colon."))?;
        all.push((name.trim(), value.trim().to_owned()));
    }
    Ok(all)
}

fn value<'h>(headers: &'h [(&str, String)], name: &str) -> Option<&'h str> {
    headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// The request in a part.
fn place(part: &[u8]) -> Place<'_> {
    let mut rest = part;
    let about = headers(&mut rest).map_err(|fault| Unread { id: None, fault })?;
    let id = value(&about, "content-id").map(str::to_owned);
    let kind = value(&about, "content-type").unwrap_or("application/http");
    let media = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let found = match media.as_str() {
        "application/http" => request(id.clone(), rest),
        "multipart/mixed" => Err(BatchFault::Changes),
        _ => Err(bad("A part of a batch is application/http or a change set.")),
    };
    found.map_err(|fault| Unread { id, fault })
}

/// A request as it goes over a connection.
fn request(id: Option<String>, text: &[u8]) -> Result<BatchRequest<'_>, BatchFault> {
    let mut rest = text;
    let first = loop {
        match line(&mut rest) {
            Some(line) if line.trim_ascii().is_empty() => {}
            Some(line) => break line,
            None => return Err(bad("A part of the batch has no request.")),
        }
    };
    let first = std::str::from_utf8(first).map_err(|_| bad("A request line in the batch is no UTF-8."))?;
    let (named, target) = first
        .trim()
        .split_once([' ', '\t'])
        .ok_or_else(|| bad("A request line in the batch has a method and a URL."))?;
    // Blanks in URLs that are not encoded are part of them: the version is what stands last.
    let target = target.trim();
    let is_version = |text: &str| text.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("HTTP/"));
    let url = match target.rsplit_once([' ', '\t']) {
        Some((url, version)) if is_version(version) => url.trim_end(),
        None if is_version(target) => "",
        _ => target,
    };
    let own = headers(&mut rest)?;
    let length = value(&own, "content-length").and_then(|length| length.parse().ok());
    let end = length.map_or(rest.len(), |length: usize| length.min(rest.len()));
    Ok(BatchRequest {
        id: id.or_else(|| value(&own, "content-id").map(str::to_owned)),
        group: None,
        depends: Vec::new(),
        condition: None,
        method: named.to_owned(),
        url: url.to_owned(),
        headers: own.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        body: Cow::Borrowed(&rest[..end]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries_are_found() {
        for (kind, expected) in [
            ("multipart/mixed; boundary=abc", Some("abc")),
            ("multipart/mixed;boundary=\"a b;c\"; charset=utf-8", Some("a b;c")),
            ("multipart/mixed; charset=utf-8; Boundary=batch_1-2;x=y", Some("batch_1-2")),
            ("multipart/mixed;boundary=", None),
            ("multipart/mixed", None),
            ("multipart/mixed;boundary=\"\"", None),
        ] {
            assert_eq!(boundary(kind).as_deref(), expected, "{kind}");
        }
    }

    /// A batch, and of each of its requests: id, method, URL, names of headers, body; or the status of its refusal.
    #[test]
    fn batches_are_read_as_they_are_written() {
        const PART: &str = "--b\r\nContent-Type: application/http\r\n\r\n";
        let part = |rest: &str| [PART, rest, "\r\n--b--"].concat();
        let change_set = "--b\r\nContent-Type:multipart/mixed;boundary=c\r\n\r\n--c\r\n\r\nPOST A HTTP/1.1\r\n\r\n\r\n--c--\r\n--b--";
        for (text, expected) in [
            ("--b--", &[][..]),
            ("preamble\r\n--b--\r\nepilogue", &[]),
            (&part("GET A HTTP/1.1\r\n\r\n"), &["- GET A [] "]),
            (&part("GET A HTTP/1.1\r\n"), &["- GET A [] "]),
            (&part("GET A HTTP/1.1"), &["- GET A [] "]),
            (&part("get A"), &["- get A [] "]),
            (&part("GET  HTTP/1.1\r\n\r\n"), &["- GET  [] "]),
            (&part("\r\n\r\nGET A HTTP/1.1\r\n\r\n"), &["- GET A [] "]),
            (&part("GET A?$filter=B eq 'x' HTTP/1.1\r\n\r\n"), &["- GET A?$filter=B eq 'x' [] "]),
            (
                &part("GET A HTTP/1.1\r\nHost:evil\r\nAccept:*/*\r\nprefer: a\r\n b\r\n\r\n"),
                &["- GET A [Host Accept prefer] "],
            ),
            (&part("GET A HTTP/1.1\r\nContent-ID: 7\r\n\r\n"), &["7 GET A [Content-ID] "]),
            (
                &part("POST A/$query HTTP/1.1\r\nContent-Type:text/plain\r\n\r\n$top=1"),
                &["- POST A/$query [Content-Type] $top=1"],
            ),
            (&part("POST A HTTP/1.1\r\nContent-Length: 2\r\n\r\nabcd"), &["- POST A [Content-Length] ab"]),
            (
                &part("POST A HTTP/1.1\r\nContent-Length: 99\r\n\r\nab\r\n\r\n"),
                &["- POST A [Content-Length] ab\r\n\r\n"],
            ),
            (
                "--b\nContent-ID:1\n\nGET A HTTP/1.1\nAccept:x\n\n\n--b\n\nGET B HTTP/1.1\n\n--b--\nend",
                &["1 GET A [Accept] ", "- GET B [] "],
            ),
            (
                "--b \t\r\n\r\nGET A HTTP/1.1\r\n\r\n--b1\r\n--bb--\r\n--b--  \r\n--b\r\n",
                &["- GET A [] --b1\r\n--bb--"],
            ),
            (change_set, &["changes"]),
            (&part(""), &["bad"]),
            (&part("GET"), &["bad"]),
            (&part("G\u{e9}T A HTTP/1.1\r\n\r\n"), &["- G\u{e9}T A [] "]),
            (&part("GET A HTTP/1.1\r\nno header\r\n\r\n"), &["bad"]),
            ("--b\r\nContent-Type: text/plain\r\n\r\nGET A\r\n--b--", &["bad"]),
            ("--b\r\nno header\r\n\r\nGET A\r\n--b--", &["bad"]),
        ] {
            let places = multipart(text.as_bytes(), "b", 10).expect(text);
            let found = places.iter().map(|place| match place {
                Err(unread) => match unread.fault {
                    BatchFault::Bad(_) => "bad".to_owned(),
                    BatchFault::TooMany => "too many".to_owned(),
                    BatchFault::Changes => "changes".to_owned(),
                },
                Ok(call) => {
                    let names: Vec<_> = call.headers.iter().map(|(name, _)| name.as_str()).collect();
                    let (id, body) = (call.id.as_deref().unwrap_or("-"), String::from_utf8_lossy(&call.body));
                    format!("{id} {} {} [{}] {body}", call.method, call.url, names.join(" "))
                }
            });
            assert_eq!(found.collect::<Vec<_>>(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_batch_is_refused() {
        let many = |count: usize| ["--b\n\nGET A\n".repeat(count), "--b--".to_owned()].concat();
        let refused = Some("bad");
        for (text, expected) in [
            (String::new(), refused),
            ("--b\r\n\r\nGET A HTTP/1.1\r\n\r\n".to_owned(), refused),
            ("--c--".to_owned(), refused),
            (" --b--".to_owned(), refused),
            ("--b\nContent-ID:1\n\nGET A\n--b\nContent-ID:1\n\nGET A\n--b--".to_owned(), refused),
            ("--b\nContent-ID:\n\nGET A\n--b--".to_owned(), refused),
            (many(10), None),
            (many(11), Some("too many")),
        ] {
            let found = multipart(text.as_bytes(), "b", 10).err();
            let found = found.map(|fault| if fault == BatchFault::TooMany { "too many" } else { "bad" });
            assert_eq!(found, expected, "{text}");
        }
    }
}
