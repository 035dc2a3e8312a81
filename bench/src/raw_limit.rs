//! The limit: one thread that scans a table and writes its rows as JSON, and nothing else.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context;
use serde_json::json;
use tokio::runtime::Builder;

use crate::output::{Output, Scan};
use crate::source::Source;
use crate::{mariadb, postgres, sqlite};

/// Scan a table and write its rows as JSON in one thread; prints rows, bytes and seconds as JSON.
#[derive(Debug, clap::Parser)]
pub struct Args {
    /// The benchmark database: sqlite:PATH or the URL of a server's
    pub source: Source,
    /// Rows or Small
    #[arg(long, default_value = "Rows")]
    pub table: String,
    /// Column that rows are ordered by before Id
    #[arg(long)]
    pub order_by: Option<String>,
    /// File that the JSON is written to [default: it is only counted]
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Print a checksum of the JSON as well
    #[arg(long)]
    pub check: bool,
}

/// Scans and prints one line of JSON.
///
/// # Errors
/// Where the database or the file fails.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let mut sink: Box<dyn Write> = match &args.out {
        Some(path) => Box::new(File::create(path).with_context(|| format!("{}", path.display()))?),
        None => Box::new(io::sink()),
    };
    let (scan, seconds) = scan(args, &mut sink)?;
    println!(
        "{}",
        json!({ "rows": scan.rows, "bytes": scan.bytes, "crc32": scan.crc32, "seconds": seconds })
    );
    Ok(())
}

/// Writes the rows of a table, ordered by the column given and Id, as JSON objects with commas between. Gives also the
/// seconds that took, without those for the connection.
///
/// # Errors
/// Where the database or the sink fails.
pub fn scan(args: &Args, sink: &mut dyn Write) -> anyhow::Result<(Scan, f64)> {
    let mut output = Output::new(sink, args.check);
    let order_by = args.order_by.as_deref();
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let start = match &args.source {
        Source::Sqlite(path) => {
            let connection = sqlite::open(path)?;
            let start = Instant::now();
            sqlite::scan(&connection, &args.table, order_by, &mut output)?;
            start
        }
        Source::Postgres(url) => runtime.block_on(async {
            let client = postgres::connect(url).await?;
            let start = Instant::now();
            postgres::scan(&client, &args.table, order_by, &mut output).await?;
            anyhow::Ok(start)
        })?,
        Source::MariaDb(url) => runtime.block_on(async {
            let mut connection = mariadb::connect(url).await?;
            let start = Instant::now();
            mariadb::scan(&mut connection, &args.table, order_by, &mut output).await?;
            anyhow::Ok(start)
        })?,
    };
    let scan = output.finish()?;
    Ok((scan, start.elapsed().as_secs_f64()))
}
