//! The way of bytes out of the thread that reads them: what they are is told first, then they come in pieces.

use std::ops::Range;

use bytes::Bytes;
use http::HeaderMap;
use nextlink_db::run::Outcome;
use nextlink_odata::json::EtagText;
use nextlink_odata::rows::{Flow, PieceSink, RowSink};

use super::range::{Wanted, wanted};
use crate::answer::Refusal;
use crate::conditions::{Verdict, verdict};
use crate::way::{Sender, Sent};

/// What the reading thread tells.
#[derive(Debug)]
pub enum Event {
    /// The entity is there.
    Begun(Begun),
    /// Some of the bytes.
    Piece(Bytes),
    /// All is told.
    End(Outcome),
    /// It cannot be read; why.
    Failed(Box<Refusal>),
}

impl Sent for Event {
    fn weight(&self) -> usize {
        if let Event::Piece(piece) = self { piece.len() } else { 0 }
    }

    fn forget(&mut self) {
        if let Event::Piece(piece) = self {
            *piece = Bytes::new();
        }
    }
}

/// How the answer begins.
#[derive(Debug)]
pub struct Begun {
    /// What the bytes are, as the entity says it.
    pub media_type: Option<String>,
    /// Their ETag.
    pub etag: Option<String>,
    /// How many there are; none where there is no stream.
    pub length: Option<u64>,
    /// What the conditions of the request come to.
    pub verdict: Verdict,
    /// Which of them are wanted.
    pub wanted: Wanted,
}

/// What the reading thread has to know of a request.
#[derive(Debug)]
pub struct Asked {
    /// Its headers.
    pub headers: HeaderMap,
    /// Whether it wants no bytes at all.
    pub head: bool,
    /// Whether the entity tells the media type.
    pub told: bool,
}

/// Takes bytes.
pub struct Sink {
    asked: Asked,
    client: Sender<Event>,
    /// The cell of the first row that comes next.
    cell: usize,
    length: Option<u64>,
    media_type: Option<String>,
    etag: EtagText,
    /// What of a piece is not sent yet.
    piece: Bytes,
    begun: bool,
}

impl Sink {
    /// To a client.
    pub fn new(asked: Asked, client: Sender<Event>) -> Sink {
        Sink {
            asked,
            client,
            cell: 0,
            length: None,
            media_type: None,
            etag: EtagText::default(),
            piece: Bytes::new(),
            begun: false,
        }
    }

    /// Tells something, and waits for a client that is slow, as long as nobody else waits for its statement.
    pub fn send(&mut self, event: Event) -> Flow {
        self.client.send(event)
    }

    /// Where the next cell has something of the ETag: behind length and media type.
    fn of_etag(&mut self) -> Option<&mut EtagText> {
        self.cell += 1;
        (self.cell > 1 + usize::from(self.asked.told)).then_some(&mut self.etag)
    }

    fn text(&mut self, text: &str) {
        match self.of_etag() {
            Some(etag) => etag.plain(text.as_bytes()),
            None => self.media_type = Some(text.to_owned()),
        }
    }
}

impl PieceSink for Sink {
    fn wanted(&mut self) -> Option<Range<u64>> {
        self.begun = true;
        self.etag.finish();
        let headers = &self.asked.headers;
        // The bytes have one form only.
        let etag = self.etag.header(true);
        let verdict = etag.as_deref().map_or(Verdict::Holds, |etag| verdict(headers, etag));
        let wanted = match self.length {
            Some(length) if !self.asked.head => wanted(headers, length, etag.as_deref()),
            _ => Wanted::Whole,
        };
        let range = match (&wanted, self.length) {
            (Wanted::Part(range), _) => Some(range.clone()),
            (Wanted::Whole, Some(length)) => Some(0..length),
            (Wanted::Whole, None) | (Wanted::Beyond, _) => None,
        };
        let begun = Begun { media_type: self.media_type.take(), etag, length: self.length, verdict, wanted };
        let flow = self.send(Event::Begun(begun));
        range.filter(|_| flow == Flow::Continue && !self.asked.head && verdict == Verdict::Holds)
    }
}

impl RowSink for Sink {
    fn begin_row(&mut self, _: usize, _: u32) -> bool {
        self.cell = 0;
        true
    }
    fn null(&mut self) {
        if let Some(etag) = self.of_etag() {
            etag.null();
        }
    }
    fn boolean(&mut self, value: bool) {
        self.text(if value { "true" } else { "false" });
    }
    fn integer(&mut self, value: i64) {
        if self.cell == 0 {
            self.length = u64::try_from(value).ok();
            self.cell += 1;
        } else {
            self.text(&value.to_string());
        }
    }
    fn double(&mut self, value: f64) {
        self.text(&value.to_string());
    }
    fn single(&mut self, value: f32) {
        self.text(&value.to_string());
    }
    fn decimal(&mut self, digits: &str) {
        self.text(digits);
    }
    fn string(&mut self, value: &str) {
        match self.of_etag() {
            Some(etag) => etag.text(value),
            None => self.media_type = Some(value.to_owned()),
        }
    }
    fn plain(&mut self, text: &[u8]) {
        self.text(&String::from_utf8_lossy(text));
    }
    fn shape(&mut self, text: &str) {
        self.text(text);
    }
    fn binary(&mut self, value: &[u8]) {
        if self.begun {
            self.piece = Bytes::copy_from_slice(value);
        } else if let Some(etag) = self.of_etag() {
            etag.binary(value);
        }
    }
    // Nothing that is read here has a structure or levels.
    fn open(&mut self) {}
    fn close(&mut self) {}
    fn end_row(&mut self) -> Flow {
        if !self.begun {
            return Flow::Continue;
        }
        let piece = std::mem::take(&mut self.piece);
        self.send(Event::Piece(piece))
    }
    fn count(&mut self, _: usize, _: u32, _: u64) {}
    fn end_batch(&mut self, _: usize) -> Flow {
        Flow::Stop
    }
    fn retry_batch(&mut self) -> bool {
        false
    }
}
