//! Nextlink against the limits, in turn on one machine: starts all, measures, prints a table, stops all.

mod database;
mod process;

mod measure;
mod report;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use nextlink_sample::big;

use crate::source::Source;
use crate::{bare_server, bench_data, cluster, follow, load, made, raw_limit, sendfile, stages};
use database::{Choice, Database};
use process::{Cores, Server};

/// Compare Nextlink with a bare server and with a raw scan of the same database.
#[derive(Debug, clap::Parser)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    /// The nextlink program [default: it is built for release first]
    nextlink: Option<PathBuf>,
    /// sqlite, postgres, mariadb or all; or sqlite:PATH or the URL of a server's database that has the tables already
    #[arg(long, default_value = "all")]
    database: Choice,
    /// Rows of a database that is made
    #[arg(long, default_value_t = big::ROWS)]
    rows: u64,
    /// How often everything is measured in turn
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of each load
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// With SQLite: servers run on core 0 and clients on core 1, rather than both on all
    #[arg(long)]
    pin: bool,
    /// Measure although the two servers answer different bytes
    #[arg(long)]
    any_bytes: bool,
    /// Run one of the programs instead
    #[command(subcommand)]
    program: Option<Program>,
}

/// The programs, so that `compare` needs no file but its own.
#[derive(Debug, clap::Subcommand)]
enum Program {
    BenchData(bench_data::Args),
    RawLimit(raw_limit::Args),
    BareServer(bare_server::Args),
    Follow(follow::Args),
    Load(load::Args),
    Sendfile(sendfile::Args),
    Cluster(cluster::Args),
    Stages(stages::Args),
}

/// Compares and prints a Markdown table; progress goes to standard error.
///
/// # Errors
/// Where something cannot be made, started or reached, or the servers' answers differ.
pub fn run(args: &Args) -> anyhow::Result<()> {
    match &args.program {
        Some(Program::BenchData(args)) => return bench_data::run(args),
        Some(Program::RawLimit(args)) => return raw_limit::run(args),
        Some(Program::BareServer(args)) => return bare_server::run(args),
        Some(Program::Follow(args)) => return follow::run(args),
        Some(Program::Load(args)) => return load::run(args),
        Some(Program::Sendfile(args)) => return sendfile::run(args),
        Some(Program::Cluster(args)) => return cluster::run(args),
        Some(Program::Stages(args)) => return stages::run(args),
        None => {}
    }
    ensure!(args.rounds > 0, "at least one round is needed");
    let programs = env::current_exe()?;
    let (folder, nextlink) = (made::folder()?, made::nextlink(args.nextlink.as_deref())?);
    for choice in args.database.each() {
        let database = Database::open(&choice, &folder, args.rows)?;
        print!("{}", compare(args, &database.source, &programs, &nextlink, &folder)?);
    }
    Ok(())
}

/// Compares on one database, and gives the table.
fn compare(
    args: &Args,
    source: &Source,
    programs: &Path,
    nextlink: &Path,
    folder: &Path,
) -> anyhow::Result<String> {
    // A database server is a third process, which two cores of fixed use leave no place for.
    let pinned = args.pin && matches!(source, Source::Sqlite(_));
    let cores = if pinned { Cores::detect() } else { Cores::Any };
    let data = folder.join(format!("data-{}", std::process::id()));
    let setting = measure::Setting {
        programs: programs.to_owned(),
        source: source.clone(),
        scratch: folder.join(format!("scan-{}.json", std::process::id())),
        cores,
        seconds: args.seconds,
        bare: Server::bare(programs, source, cores)?,
        nextlink: Server::nextlink(nextlink, source, &data, cores)?,
    };
    let measured = measure_all(&setting, args);
    let _ = fs::remove_file(&setting.scratch);
    drop(setting);
    let _ = fs::remove_dir_all(&data);
    let (rounds, same_bytes) = measured?;
    // The pool and its prepared statements are what a server's database adds.
    let memory_mb = if matches!(source, Source::Sqlite(_)) { 100.0 } else { 120.0 };
    let conditions =
        report::Conditions { product: source.product(), memory_mb, cores, same_bytes, seconds: args.seconds };
    Ok(report::markdown(&rounds, &conditions))
}

fn measure_all(setting: &measure::Setting, args: &Args) -> anyhow::Result<(Vec<measure::Round>, bool)> {
    eprintln!("{}: comparing the bytes", setting.source.product());
    let (rows, difference) = setting.difference()?;
    match &difference {
        Some(difference) if !args.any_bytes => bail!("the servers do different work: {difference}"),
        Some(difference) => eprintln!("the servers do different work: {difference}"),
        None => {}
    }
    let mut rounds = Vec::with_capacity(args.rounds);
    for number in 1..=args.rounds {
        let round = setting.round(rows).with_context(|| format!("round {number}"))?;
        eprintln!("round {number} of {}: {}", args.rounds, report::line(&round));
        rounds.push(round);
    }
    Ok((rounds, difference.is_none()))
}
