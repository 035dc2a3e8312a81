//! The checks and the tests, in the order in which they cost least to fail.

use crate::fuzz;
use crate::run::{cargo, root, run, run_counted};
use crate::servers;
use crate::setup;
use crate::tally::{Runner, Tally};
use anyhow::{Result, bail};
use std::io::IsTerminal;

/// Seconds for each target of the crate `fuzz` in a run of all tests.
const FUZZ_SECONDS: u32 = 4;

/// Format, clippy, rustdoc, house rules: each with warnings denied.
pub fn check() -> Result<()> {
    run(&mut cargo(&["fmt", "--all", "--check"]))?;
    run(&mut cargo(&["test", "--quiet", "--package", "xtask", "--test", "rules"]))?;
    run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]))?;
    run(cargo(&["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "--deny warnings"))
}

/// All tests, or those that `args` choose. The last line printed is the count of tests.
///
/// Fuzzing and documentation tests run first, because nextest has none and its own closing lines say most.
pub fn test(with_setup: bool, args: &[String]) -> Result<()> {
    if with_setup {
        setup::setup(false)?;
    }
    let nextest = cargo(&["nextest", "--version"]).output().is_ok_and(|out| out.status.success());
    let runner = if nextest { Runner::Nextest } else { Runner::CargoTest };
    let mut done = (true, Tally::default());
    if args.is_empty() {
        fuzz::fuzz(FUZZ_SECONDS)?;
    }
    if args.is_empty() && nextest {
        let mut command = cargo(&["test", "--quiet", "--workspace", "--doc", "--no-fail-fast"]);
        done = add(done, run_counted(Runner::CargoTest, &mut command)?);
    }
    let mut command = cargo(if nextest { &["nextest", "run"] } else { &["test"] });
    if nextest && args.is_empty() {
        command.args(["--profile", "all", "--test-threads", &threads().to_string()]);
    }
    command.args(runner_args(args));
    if std::io::stderr().is_terminal() {
        command.env("CARGO_TERM_COLOR", "always");
    }
    done = add(done, run_counted(runner, &mut command)?);
    servers::end(&root().join("target/testkit"))?;
    let (succeeded, Tally { passed, failed, skipped }) = done;
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    match (succeeded, passed + failed) {
        (false, _) => bail!("the tests failed"),
        (true, 0) => bail!("no test ran"),
        (true, _) => Ok(()),
    }
}

/// The threads that tests of the profile `all` share (`.config/nextest.toml`). While tests of clusters run, as many of them as there are
/// cores, which mostly wait, take one each, and the others, two each, are one and a half times as many as cores; when none is
/// left, the others have their threads, too, and are twice as many as cores.
fn threads() -> usize {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    2 * (cores + cores.div_ceil(2)) + cores
}

/// The caller's arguments, with the whole workspace and every failure shown unless they say otherwise.
fn runner_args(args: &[String]) -> Vec<&str> {
    let has =
        |names: &[&str]| args.iter().take_while(|arg| *arg != "--").any(|arg| names.iter().any(|n| arg == n));
    let chooses =
        args.iter().any(|arg| arg.starts_with("--package=") || arg.starts_with("-p") && arg != "-p");
    let mut all = Vec::new();
    if !chooses && !has(&["-p", "--package", "--workspace", "--manifest-path"]) {
        all.push("--workspace");
    }
    if !has(&["--no-fail-fast", "--fail-fast"]) {
        all.push("--no-fail-fast");
    }
    all.extend(args.iter().map(String::as_str));
    all
}

fn add((ok, tally): (bool, Tally), (other_ok, other): (bool, Tally)) -> (bool, Tally) {
    (ok && other_ok, tally.and(other))
}

#[cfg(test)]
mod tests {
    use super::runner_args;

    #[test]
    fn the_workspace_is_the_default() {
        let rows: &[(&[&str], &[&str])] = &[
            (&[], &["--workspace", "--no-fail-fast"]),
            (&["lexer"], &["--workspace", "--no-fail-fast", "lexer"]),
            (&["-p", "x", "--fail-fast"], &["-p", "x", "--fail-fast"]),
            (&["-px"], &["--no-fail-fast", "-px"]),
            (&["--", "--no-capture"], &["--workspace", "--no-fail-fast", "--", "--no-capture"]),
        ];
        for (given, expected) in rows {
            let given: Vec<String> = given.iter().map(ToString::to_string).collect();
            assert_eq!(runner_args(&given), *expected, "{given:?}");
        }
    }
}
