//! Follows next links from the first page to the last over one connection.

use clap::Parser;
use nextlink_bench::follow::{Args, run};

fn main() -> anyhow::Result<()> {
    run(&Args::parse())
}
