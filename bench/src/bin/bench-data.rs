//! Makes the benchmark database.

use clap::Parser;
use nextlink_bench::bench_data::{Args, run};

fn main() -> anyhow::Result<()> {
    run(&Args::parse())
}
