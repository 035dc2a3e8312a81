//! Project tasks: `cargo xtask setup`, `cargo xtask check`, `cargo xtask test`, `cargo xtask soak`,
//! `cargo xtask fuzz` and `cargo xtask conformance`.

mod tally;
mod run;
mod servers;
mod setup;
mod fuzz;
mod suite;
mod soak;
mod conformance;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// The tasks of this project.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install what the tests need, after saying what and why
    ///
    /// Debian packages come by apt-get (as root, or with sudo). The OData clients that the tests run go
    /// to target/clients and nowhere else. When everything is there, nothing is asked of the network.
    Setup {
        /// Only say what is missing, and why it is needed; exit code 1 when something is
        #[arg(long)]
        dry_run: bool,
    },
    /// Format, clippy and rustdoc with warnings denied, and the house rules
    Check,
    /// Run `setup`, then every test of the workspace
    ///
    /// Uses cargo-nextest where it is there, else `cargo test`. Further arguments go to the test
    /// runner, for example `cargo xtask test -p nextlink-odata lexer`; documentation tests run only
    /// when there are none. Database servers that tests have started end with the run.
    Test {
        /// Do not run `setup` first
        #[arg(long)]
        no_setup: bool,
        /// Arguments for the test runner
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Soak a cluster: readers and a writer, while nodes, links, disks and the system database fail
    ///
    /// Real nodes with a private PostgreSQL server, and faults drawn from a seed. A line every ten seconds, then what
    /// was seen. Exit code 1 when rows were lost, doubled or wrong, or anything was left; what happened, and what the
    /// nodes wrote, is then in the directory that is named. As root, disks of nodes get full, too.
    Soak(soak::Soak),
    /// Fuzz what reads the text of clients, each target for some seconds; exit code 1 when an input breaks one
    ///
    /// Inputs to start from are kept in fuzz/corpus; what is found goes to target/fuzz, and what breaks a target is named.
    Fuzz {
        /// Seconds for each target
        #[arg(long, default_value_t = 60)]
        seconds: u32,
    },
    /// Make docs/conformance.md: what the standard asks, and the tests that show it
    Conformance,
}

fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::Setup { dry_run } => setup::setup(dry_run),
        Task::Check => suite::check(),
        Task::Test { no_setup, args } => suite::test(!no_setup, &args),
        Task::Soak(soak) => soak::soak(&soak),
        Task::Fuzz { seconds } => fuzz::fuzz(seconds),
        Task::Conformance => conformance::conformance(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
