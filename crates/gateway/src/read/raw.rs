//! A value as it is, and behind it the ETag of the entity that has it.

use nextlink_odata::json::{EtagText, not_finite};
use nextlink_odata::rows::{Flow, RowSink};

/// Takes a value, and what the ETag is made of.
#[derive(Debug, Default)]
pub struct Raw {
    /// The value, unless it is null.
    pub bytes: Option<Vec<u8>>,
    /// Whether it is no text.
    pub binary: bool,
    /// Whether the value was there.
    told: bool,
    etag: EtagText,
}

impl Raw {
    /// The ETag.
    pub fn etag(&mut self) -> &EtagText {
        self.etag.finish();
        &self.etag
    }

    /// Takes the value, or else says that it is something of the ETag.
    fn value(&mut self, bytes: &[u8]) -> Option<&mut EtagText> {
        if std::mem::replace(&mut self.told, true) {
            return Some(&mut self.etag);
        }
        self.bytes = Some(bytes.to_vec());
        None
    }

    /// What needs no quotes anywhere.
    fn plainly(&mut self, text: &[u8]) {
        if let Some(etag) = self.value(text) {
            etag.plain(text);
        }
    }

    fn text(&mut self, text: &str) {
        self.plainly(text.as_bytes());
    }
}

impl RowSink for Raw {
    fn begin_row(&mut self, _: usize, _: u32) -> bool {
        true
    }
    fn null(&mut self) {
        if std::mem::replace(&mut self.told, true) {
            self.etag.null();
        }
    }
    fn boolean(&mut self, value: bool) {
        self.text(if value { "true" } else { "false" });
    }
    fn integer(&mut self, value: i64) {
        self.text(&value.to_string());
    }
    fn double(&mut self, value: f64) {
        // The raw form of a double is that of JSON, but infinities have no quotes.
        match serde_json::Number::from_f64(value) {
            Some(number) => self.text(&number.to_string()),
            None => self.text(not_finite(value)),
        }
    }
    fn single(&mut self, value: f32) {
        // The double of the same shortest digits, which is not the same number.
        self.double(value.to_string().parse().unwrap_or_else(|_| f64::from(value)));
    }
    fn decimal(&mut self, digits: &str) {
        self.text(digits);
    }
    fn string(&mut self, value: &str) {
        if let Some(etag) = self.value(value.as_bytes()) {
            etag.text(value);
        }
    }
    fn plain(&mut self, text: &[u8]) {
        self.plainly(text);
    }
    fn shape(&mut self, text: &str) {
        self.text(text);
    }
    fn binary(&mut self, value: &[u8]) {
        match self.value(value) {
            Some(etag) => etag.binary(value),
            None => self.binary = true,
        }
    }
    // A structured value has no raw form; binding refuses to ask for one.
    fn open(&mut self) {}
    fn close(&mut self) {}
    fn end_row(&mut self) -> Flow {
        Flow::Stop
    }
    fn count(&mut self, _: usize, _: u32, _: u64) {}
    fn end_batch(&mut self, _: usize) -> Flow {
        Flow::Stop
    }
    fn retry_batch(&mut self) -> bool {
        false
    }
}
