//! Running other programs: shown before they start, without standard input, failing with their name.

use crate::tally::{Runner, Tally};
use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

/// The root of the workspace.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// A cargo command in the root of the workspace, by the cargo that runs this task.
pub fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.args(args).current_dir(root());
    command
}

/// Shows the command, runs it to its end, and fails unless it succeeds.
pub fn run(command: &mut Command) -> Result<()> {
    show(command);
    let status =
        command.stdin(Stdio::null()).status().with_context(|| format!("cannot start {}", line(command)))?;
    if !status.success() {
        bail!("`{}` failed with {status}", line(command));
    }
    Ok(())
}

/// Runs a test command as [`run`] does, passing its output on, and counts the tests by its closing lines.
/// Says whether the command succeeded.
pub fn run_counted(runner: Runner, command: &mut Command) -> Result<(bool, Tally)> {
    show(command);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("cannot start {}", line(command)))?;
    let tally = Arc::new(Mutex::new(Tally::default()));
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (for_out, for_err) = (Arc::clone(&tally), Arc::clone(&tally));
    let readers = [
        std::thread::spawn(move || {
            out.map_or(Ok(()), |out| pass_on(out, std::io::stdout(), runner, &for_out))
        }),
        std::thread::spawn(move || {
            err.map_or(Ok(()), |err| pass_on(err, std::io::stderr(), runner, &for_err))
        }),
    ];
    let status = child.wait()?;
    for reader in readers {
        if let Ok(passed) = reader.join() {
            passed?;
        }
    }
    let tally = *tally.lock().unwrap_or_else(PoisonError::into_inner);
    Ok((status.success(), tally))
}

/// Whether a program can be started with these arguments and succeeds; its output is dropped.
pub fn succeeds(program: &Path, args: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn pass_on(from: impl Read, mut to: impl Write, runner: Runner, tally: &Mutex<Tally>) -> std::io::Result<()> {
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line)? > 0 {
        to.write_all(&line)?;
        to.flush()?;
        tally.lock().unwrap_or_else(PoisonError::into_inner).read(runner, &String::from_utf8_lossy(&line));
        line.clear();
    }
    Ok(())
}

fn show(command: &Command) {
    println!("+ {}", line(command));
}

fn line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut line = program.file_name().unwrap_or(command.get_program()).to_string_lossy().into_owned();
    for arg in command.get_args() {
        line.push(' ');
        line.push_str(&arg.to_string_lossy());
    }
    line
}
