//! Reading HTTP/1.1 responses, without IO: a client that costs little leaves the measured server its share.

use anyhow::{Context, bail};

/// Bytes read from the socket at once; a response's head has to fit as well.
const BUFFER_BYTES: usize = 256 * 1024;

/// A URL of the scheme `http`, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    /// Host and port, with port 80 where the URL has none.
    pub authority: String,
    /// Path and query, beginning with a slash.
    pub target: String,
}

impl Url {
    /// # Errors
    /// For any other scheme, or none.
    pub fn parse(url: &str) -> anyhow::Result<Self> {
        let Some(rest) = url.strip_prefix("http://") else { bail!("not a http URL: {url}") };
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let authority =
            if authority.contains(':') { authority.to_owned() } else { format!("{authority}:80") };
        let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
        Ok(Self { authority, target })
    }

    /// The URL of a link in the answer to this one: absolute, from the root, or beside it.
    ///
    /// # Errors
    /// Where the link leads to another scheme.
    pub fn join(&self, link: &str) -> anyhow::Result<Self> {
        if link.contains("://") {
            return Self::parse(link);
        }
        let path = self.target.split('?').next().unwrap_or_default();
        let folder = path.rfind('/').map_or("/", |slash| &path[..=slash]);
        let target = if link.starts_with('/') { link.to_owned() } else { format!("{folder}{link}") };
        Ok(Self { authority: self.authority.clone(), target })
    }

    /// A GET request for it on a connection that stays open, with the header lines given.
    pub fn request(&self, headers: &[String]) -> String {
        let mut request = format!("GET {} HTTP/1.1\r\nHost: {}\r\n", self.target, self.authority);
        for header in headers {
            request.push_str(header);
            request.push_str("\r\n");
        }
        request.push_str("\r\n");
        request
    }
}

/// What the head of a response says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Head {
    /// Status code.
    pub status: u16,
    /// Whether the body is compressed with gzip.
    pub gzip: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Head,
    /// Bytes left of a body of known length.
    Sized(usize),
    ChunkSize,
    /// Bytes left of a chunk.
    Chunk(usize),
    ChunkEnd,
    Trailer,
}

/// Takes bytes as they come and gives responses, one after the other on one connection.
#[derive(Debug)]
pub struct Decoder {
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    step: Step,
    head: Head,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::with_capacity(BUFFER_BYTES)
    }
}

impl Decoder {
    /// A decoder that takes at most so many bytes at once; the head of a response has to fit.
    pub fn with_capacity(bytes: usize) -> Self {
        let buffer = vec![0; bytes].into_boxed_slice();
        Self { buffer, start: 0, end: 0, step: Step::Head, head: Head::default() }
    }

    /// Where the next bytes from the socket go; say with [`Self::filled`] how many came.
    pub fn space(&mut self) -> &mut [u8] {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        &mut self.buffer[self.end..]
    }

    /// Takes over what was read into [`Self::space`].
    ///
    /// # Errors
    /// For 0 bytes: the server has closed the connection, or the buffer is full.
    pub fn filled(&mut self, bytes: usize) -> anyhow::Result<()> {
        if bytes == 0 {
            bail!("the connection was closed, or a head or chunk line is too long");
        }
        self.end += bytes;
        Ok(())
    }

    /// Appends to `body` what has come of it; the head, once the response is complete.
    ///
    /// # Errors
    /// For bytes that are no HTTP/1.1 response, or one without a length.
    pub fn decode(&mut self, body: &mut Vec<u8>) -> anyhow::Result<Option<Head>> {
        loop {
            let next = match self.step {
                Step::Head => self.take_through(b"\r\n\r\n").map(|head| self.read_head(head)).transpose()?,
                Step::Sized(0) => {
                    self.step = Step::Head;
                    return Ok(Some(self.head));
                }
                Step::Sized(left) => self.take(left, body).map(Step::Sized),
                Step::ChunkSize => match self.take_through(b"\r\n") {
                    None => None,
                    Some((from, to)) => match chunk_size(&self.buffer[from..to])? {
                        0 => Some(Step::Trailer),
                        size => Some(Step::Chunk(size)),
                    },
                },
                Step::Chunk(0) => Some(Step::ChunkEnd),
                Step::Chunk(left) => self.take(left, body).map(Step::Chunk),
                Step::ChunkEnd => self.take_through(b"\r\n").map(|_| Step::ChunkSize),
                Step::Trailer => match self.take_through(b"\r\n") {
                    None => None,
                    // The empty line after the trailer fields.
                    Some((from, to)) if from == to => Some(Step::Sized(0)),
                    Some(_) => Some(Step::Trailer),
                },
            };
            match next {
                Some(next) => self.step = next,
                None => return Ok(None),
            }
        }
    }

    /// Moves up to `left` bytes into the body; what is left then, or nothing when none had come.
    fn take(&mut self, left: usize, body: &mut Vec<u8>) -> Option<usize> {
        let bytes = left.min(self.end - self.start);
        body.extend_from_slice(&self.buffer[self.start..self.start + bytes]);
        self.start += bytes;
        (bytes > 0).then_some(left - bytes)
    }

    /// Consumes up to and with the mark; where the part before it lies in the buffer.
    fn take_through(&mut self, mark: &[u8]) -> Option<(usize, usize)> {
        let position = find(&self.buffer[self.start..self.end], mark)?;
        let part = (self.start, self.start + position);
        self.start = part.1 + mark.len();
        Some(part)
    }

    fn read_head(&mut self, (from, to): (usize, usize)) -> anyhow::Result<Step> {
        let head = std::str::from_utf8(&self.buffer[from..to]).context("a head that is not text")?;
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok());
        let mut read = Head { status: status.context("not a HTTP/1.1 response")?, gzip: false };
        let mut step = None;
        for line in lines {
            let Some((name, value)) = line.split_once(':') else { bail!("not a header: {line}") };
            let value = value.trim();
            if name.eq_ignore_ascii_case("content-length") {
                step = Some(Step::Sized(value.parse().context("Content-Length")?));
            } else if name.eq_ignore_ascii_case("transfer-encoding") && value.eq_ignore_ascii_case("chunked")
            {
                step = Some(Step::ChunkSize);
            } else if name.eq_ignore_ascii_case("content-encoding") {
                read.gzip = value.eq_ignore_ascii_case("gzip");
            }
        }
        self.head = read;
        match (read.status, step) {
            (204 | 304, _) => Ok(Step::Sized(0)),
            (_, Some(step)) => Ok(step),
            (_, None) => bail!("a response without a length"),
        }
    }
}

fn chunk_size(line: &[u8]) -> anyhow::Result<usize> {
    let digits = line.split(|byte| *byte == b';').next().unwrap_or_default();
    let digits = std::str::from_utf8(digits)?.trim();
    usize::from_str_radix(digits, 16).with_context(|| format!("not a chunk size: {digits}"))
}

/// The first position of `mark`, for the short parts of a response.
pub(crate) fn find(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    bytes.windows(mark.len()).position(|window| window == mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OK: Head = Head { status: 200, gzip: false };

    #[test]
    fn responses_are_read_however_they_are_cut() {
        let rows = [
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", OK, "hello"),
            ("HTTP/1.1 404 Not Found\r\ncontent-length:0\r\n\r\n", Head { status: 404, gzip: false }, ""),
            ("HTTP/1.1 204 No Content\r\n\r\n", Head { status: 204, gzip: false }, ""),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=1\r\n, good day\r\n\
                0\r\n\r\n",
                OK,
                "hello, good day",
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n\r\n\r\n0\r\nA: b\r\n\r\n",
                OK,
                "\r\n",
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx",
                Head { status: 200, gzip: true },
                "x",
            ),
        ];
        let all: String = rows.iter().map(|(text, ..)| *text).collect();
        for size in [1, 2, 3, 7, 64, 4096] {
            let mut decoder = Decoder::with_capacity(128);
            let mut sent = all.as_bytes();
            for (text, head, expected) in rows {
                let mut body = Vec::new();
                let read = loop {
                    if let Some(read) = decoder.decode(&mut body).expect(text) {
                        break read;
                    }
                    let space = decoder.space();
                    let bytes = size.min(space.len()).min(sent.len());
                    space[..bytes].copy_from_slice(&sent[..bytes]);
                    sent = &sent[bytes..];
                    decoder.filled(bytes).expect(text);
                };
                assert_eq!(
                    (read, String::from_utf8_lossy(&body).as_ref()),
                    (head, expected),
                    "cut by {size}: {text}"
                );
            }
            assert!(sent.is_empty(), "cut by {size}");
        }
    }

    #[test]
    fn what_is_no_response_is_an_error() {
        for text in [
            "SSH-2.0-x\r\n\r\n",
            "HTTP/1.1 2\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        ] {
            let mut decoder = Decoder::default();
            decoder.space()[..text.len()].copy_from_slice(text.as_bytes());
            decoder.filled(text.len()).expect(text);
            assert!(decoder.decode(&mut Vec::new()).is_err(), "{text}");
        }
        assert!(Decoder::default().filled(0).is_err(), "closed");
    }

    #[test]
    fn links_lead_to_urls() {
        let base = Url::parse("http://h:1/api/Rows?$top=1/2").expect("base");
        for (link, expected) in [
            ("http://other/x?y", ("other:80", "/x?y")),
            ("/root", ("h:1", "/root")),
            ("Rows?$skiptoken=a", ("h:1", "/api/Rows?$skiptoken=a")),
            ("http://h:1?a", ("h:1", "/?a")),
        ] {
            let url = base.join(link).expect(link);
            assert_eq!((url.authority.as_str(), url.target.as_str()), expected, "{link}");
        }
        assert!(Url::parse("https://h/").is_err());
        assert!(base.join("ftp://h/").is_err());
    }
}
