//! A blocking HTTP/1.1 client that does one exchange a connection and hides nothing.
//!
//! It follows no redirect, keeps no cookie, undoes no content coding, and sends just the headers it is
//! given besides `Host`, `Connection: close` and, with a body, `Content-Length`.

use flate2::read::MultiGzDecoder;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How long one read or write may take before the test is considered stuck.
const STUCK: Duration = Duration::from_secs(120);
/// The longest head (status line and headers) that is read, in bytes.
const MAX_HEAD_BYTES: u64 = 1 << 20;
/// The largest body that is read, in bytes.
const MAX_BODY_BYTES: u64 = 1 << 30;

/// What came back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Names and values, in the order in which they came.
    pub headers: Vec<(String, String)>,
    /// The body behind the transfer coding, before any content coding is undone.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The address is not `http://host:port/…`.
    #[error("not an http URL with a port: {0}")]
    Url(String),
    /// Nothing listens, or the connection broke.
    #[error("connection: {0}")]
    Connection(#[from] std::io::Error),
    /// The bytes are no HTTP answer, or it ended before its end.
    #[error("broken answer: {0}")]
    Broken(String),
}

impl Answer {
    /// The value of the first header with this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let named = self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str())
    }

    /// The values of all headers with this name, in any case.
    pub fn headers_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body with `Content-Encoding: gzip` undone.
    ///
    /// # Panics
    /// When the body is not what its header says.
    pub fn plain_body(&self) -> Vec<u8> {
        if self.header("content-encoding") != Some("gzip") {
            return self.body.clone();
        }
        let mut plain = Vec::new();
        let read = MultiGzDecoder::new(self.body.as_slice()).read_to_end(&mut plain);
        read.unwrap_or_else(|error| panic!("the body is not gzip: {error}"));
        plain
    }

    /// The body as text, lossy where it is no UTF-8.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.plain_body()).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is not JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        let body = self.plain_body();
        serde_json::from_slice(&body).unwrap_or_else(|error| {
            panic!("status {}, and the body is not JSON ({error}): {}", self.status, self.text())
        })
    }
}

/// Asks with GET.
///
/// # Panics
/// When there is no answer.
#[track_caller]
pub fn get(url: &str, headers: &[(&str, &str)]) -> Answer {
    send("GET", url, headers, None).unwrap_or_else(|error| panic!("GET {url}: {error}"))
}

/// Asks with any method; the URL goes on the request line as it is, without its fragment being cut or
/// anything being encoded.
pub fn send(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: Option<&[u8]>,
) -> Result<Answer, HttpError> {
    let (host, target) = split(url)?;
    let mut request = format!("{method} {target} HTTP/1.1\r\n");
    let given = |name: &str| headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
    if !given("host") {
        request += &format!("Host: {host}\r\n");
    }
    if !given("connection") {
        request += "Connection: close\r\n";
    }
    if let (Some(body), false, false) = (body, given("content-length"), given("transfer-encoding")) {
        request += &format!("Content-Length: {}\r\n", body.len());
    }
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    request += "\r\n";
    let mut bytes = request.into_bytes();
    bytes.extend_from_slice(body.unwrap_or_default());
    exchange(host, &bytes, method == "HEAD")
}

/// Writes exactly these bytes to `host:port`, and reads one answer.
pub fn raw(host: &str, request: &[u8]) -> Result<Answer, HttpError> {
    exchange(host, request, request.starts_with(b"HEAD "))
}

/// The host with its port, and the rest of the URL from the first `/` on.
pub fn split(url: &str) -> Result<(&str, &str), HttpError> {
    let rest = url.strip_prefix("http://").ok_or_else(|| HttpError::Url(url.to_owned()))?;
    let (host, target) = match rest.find(['/', '?']) {
        Some(at) => rest.split_at(at),
        None => (rest, "/"),
    };
    if !host.contains(':') || !target.starts_with('/') {
        return Err(HttpError::Url(url.to_owned()));
    }
    Ok((host, target))
}

/// The URL that `link`, found in the answer to `base`, means.
pub fn resolve(base: &str, link: &str) -> Result<String, HttpError> {
    if link.contains("://") && link.find("://") < link.find(['/', '?']) {
        return Ok(link.to_owned());
    }
    let (host, target) = split(base)?;
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let folder = &path[..path.rfind('/').map_or(0, |at| at + 1)];
    Ok(match link.as_bytes().first() {
        Some(b'/') => format!("http://{host}{link}"),
        Some(b'?') => format!("http://{host}{path}{link}"),
        _ => format!("http://{host}{folder}{link}"),
    })
}

fn exchange(host: &str, request: &[u8], head_only: bool) -> Result<Answer, HttpError> {
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(STUCK))?;
    stream.set_write_timeout(Some(STUCK))?;
    // A server may answer, and close, before it has read all: its answer counts, not our broken pipe.
    let written = stream.write_all(request);
    match (read_answer(&mut BufReader::new(stream), head_only), written) {
        (Err(HttpError::Broken(_)), Err(error)) => Err(error.into()),
        (answer, _) => answer,
    }
}

/// Reads one answer; those with a status of 1xx before it are skipped.
pub fn read_answer(from: &mut impl BufRead, head_only: bool) -> Result<Answer, HttpError> {
    loop {
        let mut answer = read_head(from)?;
        if (100..200).contains(&answer.status) {
            continue;
        }
        if !head_only && !matches!(answer.status, 204 | 304) {
            answer.body = read_body(from, &answer)?;
        }
        return Ok(answer);
    }
}

fn broken(what: impl Into<String>) -> HttpError {
    HttpError::Broken(what.into())
}

fn read_line(from: &mut impl BufRead) -> Result<String, HttpError> {
    let mut line = Vec::new();
    from.take(MAX_HEAD_BYTES).read_until(b'\n', &mut line)?;
    let line = line.strip_suffix(b"\r\n").ok_or_else(|| broken("a line that does not end"))?;
    String::from_utf8(line.to_vec()).map_err(|_| broken("a head that is no UTF-8"))
}

fn read_head(from: &mut impl BufRead) -> Result<Answer, HttpError> {
    let line = read_line(from)?;
    let status = line.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)?.parse().ok());
    let status = status.ok_or_else(|| broken(format!("status line `{line}`")))?;
    let mut headers = Vec::new();
    loop {
        let line = read_line(from)?;
        if line.is_empty() {
            return Ok(Answer { status, headers, body: Vec::new() });
        }
        let (name, value) = line.split_once(':').ok_or_else(|| broken(format!("header `{line}`")))?;
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
}

fn read_body(from: &mut impl BufRead, head: &Answer) -> Result<Vec<u8>, HttpError> {
    let mut body = Vec::new();
    if head.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        read_chunks(from, &mut body)?;
    } else if let Some(length) = head.header("content-length") {
        let length = length.parse().map_err(|_| broken(format!("Content-Length `{length}`")))?;
        read_exactly(from, length, &mut body)?;
    } else {
        from.take(MAX_BODY_BYTES).read_to_end(&mut body)?;
    }
    Ok(body)
}

fn read_chunks(from: &mut impl BufRead, body: &mut Vec<u8>) -> Result<(), HttpError> {
    loop {
        let line = read_line(from)?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(size, 16).map_err(|_| broken(format!("chunk size `{line}`")))?;
        if size == 0 {
            while !read_line(from)?.is_empty() {}
            return Ok(());
        }
        read_exactly(from, size, body)?;
        if !read_line(from)?.is_empty() {
            return Err(broken("a chunk that is longer than its size"));
        }
    }
}

fn read_exactly(from: &mut impl BufRead, bytes: u64, body: &mut Vec<u8>) -> Result<(), HttpError> {
    if bytes > MAX_BODY_BYTES {
        return Err(broken(format!("a body of {bytes} bytes")));
    }
    let read = from.take(bytes).read_to_end(body)? as u64;
    if read < bytes {
        return Err(broken(format!("{bytes} bytes were announced, {read} came")));
    }
    Ok(())
}
