//! Follows next links from the first page to the last over one connection.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use anyhow::{Context, bail};
use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use crate::http::{Decoder, Url};
use crate::page::Page;
use crate::statistics::median;

/// Page times are medians of this many pages, from the page named on.
const WINDOW_PAGES: usize = 20;

/// Follow next links to the end; prints pages, bytes and times as one line of JSON.
#[derive(Debug, clap::Parser)]
pub struct Args {
    /// URL of the first page
    pub url: String,
    /// Value of the header Prefer
    #[arg(long)]
    pub prefer: Option<String>,
    /// Ask for gzip
    #[arg(long)]
    pub gzip: bool,
    /// Stop after so many pages
    #[arg(long)]
    pub pages: Option<usize>,
    /// Parse every page, count the rows and sum them up; takes longer
    #[arg(long)]
    pub check: bool,
}

/// What following the links came to.
#[derive(Debug, Clone, Default)]
pub struct Export {
    /// Bytes of the rows: the objects with commas between, over all pages; the same as of a raw scan.
    pub bytes: u64,
    /// Bytes of the bodies as they came, compressed or not.
    pub body_bytes: u64,
    /// Rows, where asked for.
    pub rows: Option<u64>,
    /// CRC-32 of the rows with commas between, where asked for.
    pub crc32: Option<u32>,
    /// Milliseconds of each page, from sending the request to its last byte.
    pub page_ms: Vec<f64>,
    /// Seconds of all, without connecting.
    pub seconds: f64,
}

impl Export {
    /// The median of some pages from `first` (counted from 1) on; NaN when there are not so many.
    pub fn window_ms(&self, first: usize) -> f64 {
        let from = (first - 1).min(self.page_ms.len());
        let to = (from + WINDOW_PAGES).min(self.page_ms.len());
        median(&self.page_ms[from..to])
    }
}

/// Follows the links and prints one line of JSON; `null` for a page that was not reached.
///
/// # Errors
/// Where the server cannot be reached, answers anything but 200, or no page of OData JSON.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let export = follow(args)?;
    let line = json!({
        "pages": export.page_ms.len(),
        "rows": export.rows,
        "bytes": export.bytes,
        "body_bytes": export.body_bytes,
        "crc32": export.crc32,
        "seconds": export.seconds,
        "first_ms": export.page_ms.first(),
        "page_2_ms": export.window_ms(2),
        "page_900_ms": export.window_ms(900),
        "median_ms": median(&export.page_ms),
        "last_ms": export.page_ms.last(),
    });
    println!("{line}");
    Ok(())
}

/// Follows the links.
///
/// # Errors
/// As [`run`].
pub fn follow(args: &Args) -> anyhow::Result<Export> {
    let mut headers = vec!["Accept: application/json".to_owned()];
    headers.extend(args.prefer.as_ref().map(|value| format!("Prefer: {value}")));
    headers.extend(args.gzip.then(|| "Accept-Encoding: gzip".to_owned()));
    let mut url = Url::parse(&args.url)?;
    let mut connection = Connection::open(&url.authority)?;
    let mut export = Export { rows: args.check.then_some(0), ..Export::default() };
    let mut hasher = crc32fast::Hasher::new();
    let start = Instant::now();
    loop {
        let sent = Instant::now();
        let (body, body_bytes) = connection.get(&url, &headers)?;
        export.page_ms.push(sent.elapsed().as_secs_f64() * 1_000.0);
        export.body_bytes += body_bytes;
        let page =
            Page::find(body).with_context(|| format!("page {}: {}", export.page_ms.len(), url.target))?;
        let comma = export.bytes > 0 && !page.rows.is_empty();
        export.bytes += page.rows.len() as u64 + u64::from(comma);
        if let Some(rows) = &mut export.rows {
            *rows += count_rows(body)?;
            hasher.update(if comma { b"," } else { b"" });
            hasher.update(page.rows);
        }
        match page.next {
            Some(link) if args.pages.is_none_or(|limit| export.page_ms.len() < limit) => {
                let next = url.join(&link)?;
                if next.authority != url.authority {
                    connection = Connection::open(&next.authority)?;
                }
                url = next;
            }
            _ => break,
        }
    }
    export.seconds = start.elapsed().as_secs_f64();
    export.crc32 = args.check.then(|| hasher.finalize());
    Ok(export)
}

fn count_rows(json: &[u8]) -> anyhow::Result<u64> {
    #[derive(Deserialize)]
    struct Collection {
        value: Vec<IgnoredAny>,
    }
    let page: Collection = serde_json::from_slice(json).context("not JSON")?;
    Ok(page.value.len() as u64)
}

/// One connection, with buffers that are used again.
struct Connection {
    stream: TcpStream,
    decoder: Decoder,
    body: Vec<u8>,
    unpacked: Vec<u8>,
}

impl Connection {
    fn open(authority: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(authority).with_context(|| authority.to_owned())?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, decoder: Decoder::default(), body: Vec::new(), unpacked: Vec::new() })
    }

    /// The body, unpacked, and how many bytes of it came over the connection.
    fn get(&mut self, url: &Url, headers: &[String]) -> anyhow::Result<(&[u8], u64)> {
        self.stream.write_all(url.request(headers).as_bytes())?;
        self.body.clear();
        let head = loop {
            if let Some(head) = self.decoder.decode(&mut self.body)? {
                break head;
            }
            let bytes = self.stream.read(self.decoder.space())?;
            self.decoder.filled(bytes)?;
        };
        let mut body = &self.body;
        if head.gzip {
            self.unpacked.clear();
            MultiGzDecoder::new(self.body.as_slice()).read_to_end(&mut self.unpacked).context("gzip")?;
            body = &self.unpacked;
        }
        if head.status != 200 {
            bail!("{}: status {}: {:.500}", url.target, head.status, String::from_utf8_lossy(body));
        }
        Ok((body, self.body.len() as u64))
    }
}
