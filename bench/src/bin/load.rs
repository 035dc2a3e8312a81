//! A closed loop of requests over many connections: each sends its next request when it has the answer.

use clap::Parser;
use nextlink_bench::load::{Args, run};

fn main() -> anyhow::Result<()> {
    run(&Args::parse())
}
