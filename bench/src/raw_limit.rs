//! The limit: one thread that scans a table and writes its rows as JSON, and nothing else.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context;
use rusqlite::Connection;
use serde_json::json;

use crate::{json, source};

/// The buffer is handed over when it holds this many bytes.
const BUFFER_BYTES: usize = 256 * 1024;

/// Scan a table and write its rows as JSON in one thread; prints rows, bytes and seconds as JSON.
#[derive(Debug, clap::Parser)]
pub struct Args {
    /// The benchmark database
    database: PathBuf,
    /// Rows or Small
    #[arg(long, default_value = "Rows")]
    table: String,
    /// Column that rows are ordered by before Id
    #[arg(long)]
    order_by: Option<String>,
    /// File that the JSON is written to [default: it is only counted]
    #[arg(long)]
    out: Option<PathBuf>,
    /// Print a checksum of the JSON as well
    #[arg(long)]
    check: bool,
}

/// What a scan came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Scan {
    /// Rows written.
    pub rows: u64,
    /// Bytes of JSON: the objects with commas between.
    pub bytes: u64,
    /// CRC-32 of these bytes, where asked for.
    pub crc32: Option<u32>,
}

/// Scans and prints one line of JSON.
///
/// # Errors
/// Where the database or the file fails.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let connection = source::open(&args.database).with_context(|| format!("{}", args.database.display()))?;
    let mut sink: Box<dyn Write> = match &args.out {
        Some(path) => Box::new(File::create(path).with_context(|| format!("{}", path.display()))?),
        None => Box::new(io::sink()),
    };
    let start = Instant::now();
    let scan = scan(&connection, &args.table, args.order_by.as_deref(), args.check, &mut sink)?;
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{}",
        json!({ "rows": scan.rows, "bytes": scan.bytes, "crc32": scan.crc32, "seconds": seconds })
    );
    Ok(())
}

/// Writes the rows of a table, ordered by the column given and Id, as JSON objects with commas between.
///
/// # Errors
/// Where the database or the sink fails.
pub fn scan(
    connection: &Connection,
    table: &str,
    order_by: Option<&str>,
    check: bool,
    sink: &mut dyn Write,
) -> anyhow::Result<Scan> {
    let order = order_by.map_or_else(String::new, |column| format!("\"{column}\", "));
    let mut statement =
        connection.prepare(&format!("SELECT {} FROM \"{table}\" ORDER BY {order}Id", source::COLUMNS))?;
    let mut found = statement.query([])?;
    let mut buffer = Vec::with_capacity(BUFFER_BYTES * 2);
    let mut hasher = crc32fast::Hasher::new();
    let mut scan = Scan { rows: 0, bytes: 0, crc32: None };
    while let Some(row) = found.next()? {
        if scan.rows > 0 {
            buffer.push(b',');
        }
        json::write_row(&mut buffer, row)?;
        scan.rows += 1;
        if buffer.len() >= BUFFER_BYTES {
            scan.bytes += hand_over(&mut buffer, check, &mut hasher, sink)?;
        }
    }
    scan.bytes += hand_over(&mut buffer, check, &mut hasher, sink)?;
    sink.flush()?;
    scan.crc32 = check.then(|| hasher.finalize());
    Ok(scan)
}

fn hand_over(
    buffer: &mut Vec<u8>,
    check: bool,
    hasher: &mut crc32fast::Hasher,
    sink: &mut dyn Write,
) -> io::Result<u64> {
    if check {
        hasher.update(buffer);
    }
    sink.write_all(buffer)?;
    let bytes = buffer.len() as u64;
    buffer.clear();
    Ok(bytes)
}
