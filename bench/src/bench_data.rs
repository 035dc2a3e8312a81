//! Makes the benchmark database.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context;
use nextlink_sample::big;

/// Make the benchmark database.
#[derive(Debug, clap::Parser)]
pub struct Args {
    /// The new SQLite file
    path: PathBuf,
    /// Rows of the table Rows
    #[arg(default_value_t = big::ROWS)]
    rows: u64,
}

/// Makes the database and prints what is in it.
///
/// # Errors
/// Where the file is there already or cannot be written.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let start = Instant::now();
    let summary = big::create(&args.path, args.rows).context("the benchmark database was not made")?;
    for table in &summary.tables {
        println!("{:>9} {}", table.rows, table.name);
    }
    println!("{:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}
