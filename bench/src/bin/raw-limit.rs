//! The limit: one thread that scans a table and writes its rows as JSON, and nothing else.

use clap::Parser;
use nextlink_bench::raw_limit::{Args, run};

fn main() -> anyhow::Result<()> {
    run(&Args::parse())
}
