//! `cargo xtask soak`: builds the program and the soak, and runs it.

use crate::run::{cargo, root, run, succeeds};
use anyhow::Result;
use clap::Args;
use std::path::Path;
use std::process::Command;

/// What is soaked, and how.
#[derive(Args)]
pub struct Soak {
    /// Minutes during which there are faults
    #[arg(long, default_value_t = 5.0)]
    minutes: f64,
    /// What the faults are drawn from; without one, a new one
    #[arg(long)]
    seed: Option<u64>,
    /// Nodes
    #[arg(long, default_value_t = 3)]
    nodes: usize,
    /// Copies of each result, 0 to 2
    #[arg(long, default_value_t = 1)]
    replicas: usize,
}

/// Runs a soak to its end.
pub fn soak(soak: &Soak) -> Result<()> {
    run(&mut cargo(&["build", "--package", "nextlink", "--package", "nextlink-testkit", "--bins"]))?;
    // Disks that it mounts are gone with it, however it ends.
    let alone = ["--mount", "--propagation", "private"];
    let mut command = if succeeds(Path::new("unshare"), &[&alone[..], &["true"]].concat()) {
        let mut command = Command::new("unshare");
        command.args(alone).arg(root().join("target/debug/soak"));
        command
    } else {
        Command::new(root().join("target/debug/soak"))
    };
    command.arg(root().join("target/debug/nextlink"));
    command.args(["--minutes", &soak.minutes.to_string()]);
    command.args(["--nodes", &soak.nodes.to_string(), "--replicas", &soak.replicas.to_string()]);
    if let Some(seed) = soak.seed {
        command.args(["--seed", &seed.to_string()]);
    }
    run(&mut command)
}
