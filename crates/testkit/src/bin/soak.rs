//! Soaks a cluster in readers and faults: `cargo xtask soak` starts this program.
//!
//! Exit code 1 when anything was lost, doubled, wrong or left.

use clap::Parser;
use nextlink_testkit::soak::{Options, run};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

#[derive(Parser)]
#[command(about)]
struct Cli {
    /// The program under test
    program: PathBuf,
    /// Minutes during which there are faults
    #[arg(long, default_value_t = 5.0)]
    minutes: f64,
    /// What the faults are drawn from; without one, a new one
    #[arg(long)]
    seed: Option<u64>,
    /// Nodes
    #[arg(long, default_value_t = 3)]
    nodes: usize,
    /// Copies of each result
    #[arg(long, default_value_t = 1)]
    replicas: usize,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let seed = cli.seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
    println!("seed {seed}");
    let options = Options {
        program: cli.program,
        length: Duration::from_secs_f64(cli.minutes * 60.0),
        seed,
        nodes: cli.nodes,
        replicas: cli.replicas,
        disks: true,
    };
    let counts = run(&options, |line| println!("{line}"));
    print!("{counts}");
    if counts.wrong.is_empty() {
        return ExitCode::SUCCESS;
    }
    println!("failed; again: cargo xtask soak --minutes {} --seed {seed}", cli.minutes);
    ExitCode::FAILURE
}
