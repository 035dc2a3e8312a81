//! Where a scan puts its rows: counted, and written or summed up where that is asked for.

use std::io::{self, Write};

/// The buffer is handed over when it holds this many bytes.
const BUFFER_BYTES: usize = 256 * 1024;

/// What a scan came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scan {
    /// Rows written.
    pub rows: u64,
    /// Bytes of JSON: the objects with commas between.
    pub bytes: u64,
    /// CRC-32 of these bytes, where asked for.
    pub crc32: Option<u32>,
}

/// Takes rows as JSON.
pub struct Output<'a> {
    buffer: Vec<u8>,
    hasher: Option<crc32fast::Hasher>,
    sink: &'a mut dyn Write,
    scan: Scan,
}

impl<'a> Output<'a> {
    /// Hands the JSON over to `sink`, and sums it up where that is asked for.
    pub fn new(sink: &'a mut dyn Write, check: bool) -> Self {
        let hasher = check.then(crc32fast::Hasher::new);
        Self { buffer: Vec::with_capacity(BUFFER_BYTES * 2), hasher, sink, scan: Scan::default() }
    }

    /// Begins a row: its object goes to the end of the buffer.
    ///
    /// # Errors
    /// Where the sink fails.
    #[inline]
    pub fn row(&mut self) -> io::Result<&mut Vec<u8>> {
        if self.scan.rows > 0 {
            self.buffer.push(b',');
        }
        self.scan.rows += 1;
        if self.buffer.len() >= BUFFER_BYTES {
            self.hand_over()?;
        }
        Ok(&mut self.buffer)
    }

    /// Hands the rest over.
    ///
    /// # Errors
    /// Where the sink fails.
    pub fn finish(mut self) -> io::Result<Scan> {
        self.hand_over()?;
        self.sink.flush()?;
        Ok(Scan { crc32: self.hasher.map(crc32fast::Hasher::finalize), ..self.scan })
    }

    fn hand_over(&mut self) -> io::Result<()> {
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&self.buffer);
        }
        self.sink.write_all(&self.buffer)?;
        self.scan.bytes += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}
