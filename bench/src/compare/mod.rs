//! Nextlink against the limits, in turn on one machine: starts all, measures, prints a table, stops all.

mod process;

mod measure;
mod report;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};
use nextlink_sample::big;

use crate::{bare_server, bench_data, follow, load, raw_limit};
use process::{Cores, Server};

/// Compare Nextlink with a bare server and with a raw scan of the same database.
#[derive(Debug, clap::Parser)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    /// The nextlink program [default: it is built for release first]
    nextlink: Option<PathBuf>,
    /// The benchmark database [default: bench/ROWS.db in the target folder, made when it is not there]
    #[arg(long)]
    database: Option<PathBuf>,
    /// Rows of a database that is made
    #[arg(long, default_value_t = big::ROWS)]
    rows: u64,
    /// How often everything is measured in turn
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of each load
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Leave the cores to the system; else servers run on core 0 and clients on core 1
    #[arg(long)]
    no_pin: bool,
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
        None => {}
    }
    ensure!(args.rounds > 0, "at least one round is needed");
    let programs = env::current_exe()?;
    let folder = programs.parent().and_then(Path::parent).context("no target folder")?.join("bench");
    fs::create_dir_all(&folder).with_context(|| format!("{}", folder.display()))?;
    let nextlink = match &args.nextlink {
        Some(path) => path.canonicalize().with_context(|| format!("{}", path.display()))?,
        None => build(&programs)?,
    };
    let database = match &args.database {
        Some(path) => path.canonicalize().with_context(|| format!("{}", path.display()))?,
        None => make_database(&folder, args.rows)?,
    };
    let cores = if args.no_pin { Cores::Any } else { Cores::detect() };

    let data = folder.join(format!("data-{}", std::process::id()));
    let bare = Server::bare(&programs, &database, cores)?;
    let nextlink = Server::nextlink(&nextlink, &database, &data, cores)?;
    let setting = measure::Setting {
        programs,
        database,
        scratch: folder.join(format!("scan-{}.json", std::process::id())),
        cores,
        seconds: args.seconds,
        bare,
        nextlink,
    };
    let measured = measure_all(&setting, args);
    let _ = fs::remove_file(&setting.scratch);
    drop(setting);
    let _ = fs::remove_dir_all(&data);
    let (rounds, same) = measured?;
    print!(
        "{}",
        report::markdown(&rounds, &report::Conditions { cores, same_bytes: same, seconds: args.seconds })
    );
    Ok(())
}

fn measure_all(setting: &measure::Setting, args: &Args) -> anyhow::Result<(Vec<measure::Round>, bool)> {
    eprintln!("comparing the bytes");
    let difference = setting.difference()?;
    match &difference {
        Some(difference) if !args.any_bytes => bail!("the servers do different work: {difference}"),
        Some(difference) => eprintln!("the servers do different work: {difference}"),
        None => {}
    }
    let mut rounds = Vec::with_capacity(args.rounds);
    for number in 1..=args.rounds {
        let round = setting.round().with_context(|| format!("round {number}"))?;
        eprintln!("round {number} of {}: {}", args.rounds, report::line(&round));
        rounds.push(round);
    }
    Ok((rounds, difference.is_none()))
}

/// Builds nextlink for release, beside this program where that is a release build too.
fn build(programs: &Path) -> anyhow::Result<PathBuf> {
    let target = programs.parent().and_then(Path::parent).context("no target folder")?;
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    eprintln!("building nextlink");
    let status = Command::new(cargo)
        .args(["build", "--release", "--package", "nextlink-gateway", "--bin", "nextlink", "--target-dir"])
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .context("cargo")?;
    ensure!(status.success(), "nextlink was not built: {status}");
    Ok(target.join("release").join("nextlink"))
}

fn make_database(folder: &Path, rows: u64) -> anyhow::Result<PathBuf> {
    let path = folder.join(format!("{rows}.db"));
    if !path.try_exists()? {
        eprintln!("making {}", path.display());
        big::create(&path, rows)?;
    }
    Ok(path)
}
