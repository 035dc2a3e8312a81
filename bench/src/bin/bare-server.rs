//! The baseline: hyper and rusqlite with nothing between them, answering the same JSON as Nextlink.

use clap::Parser;
use nextlink_bench::bare_server::{Args, run};

fn main() -> anyhow::Result<()> {
    run(&Args::parse())
}
