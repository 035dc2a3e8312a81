//! Nextlink against the limits, in turn on one machine.

use clap::Parser;
use nextlink_bench::compare::{Args, run};

fn main() -> anyhow::Result<()> {
    run(&Args::parse())
}
