//! `cargo xtask fuzz`: each target of the crate `fuzz` for some seconds, from its kept corpus.

use crate::run::{cargo, root, run};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is fuzzed: the binaries of the crate.
pub const TARGETS: &[&str] = &["url", "literal", "prefer", "batch", "query", "model", "token"];

/// What makes the compiler count which code an input reaches, as cargo-fuzz does. Nothing of it needs a nightly compiler.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
                     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
                     -Cllvm-args=-sanitizer-coverage-trace-compares -Clink-dead-code -Ccodegen-units=1 --cfg fuzzing";

/// Builds the targets, and runs each for so many seconds.
pub fn fuzz(seconds: u32) -> Result<()> {
    let crate_dir = root().join("fuzz");
    let host = host()?;
    // With a target named, what runs while building is built without the flags.
    let manifest = crate_dir.join("Cargo.toml").display().to_string();
    let place = root().join("target/fuzz");
    run(cargo(&["build", "--release", "--quiet", "--manifest-path", &manifest, "--target", &host])
        .env("RUSTFLAGS", FLAGS)
        .env("CARGO_TARGET_DIR", &place))?;
    for target in TARGETS {
        let program = place.join(&host).join("release").join(target);
        let (found, seeds) = (place.join("corpus").join(target), place.join("seeds").join(target));
        for folder in [&found, &seeds] {
            fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        if *target == "query" {
            for (number, url) in urls()?.iter().enumerate() {
                fs::write(seeds.join(number.to_string()), url).context("cannot write a URL")?;
            }
        }
        run(Command::new(&program)
            .args(options(&crate_dir, &place, seconds))
            // What is found goes to the first; the others are read only.
            .args([found, kept(&crate_dir, target), seeds])
            .current_dir(&place))?;
    }
    Ok(())
}

/// The URLs of the tests of statements, whose models the target has.
fn urls() -> Result<Vec<String>> {
    let folder = root().join("crates/sql/tests/statements");
    let mut urls = Vec::new();
    for file in ["expected.txt", "studio-postgres.txt"] {
        let path = folder.join(file);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with([' ', '#']));
        urls.extend(lines.map(str::to_owned));
    }
    Ok(urls)
}

fn kept(crate_dir: &Path, target: &str) -> PathBuf {
    crate_dir.join("corpus").join(target)
}

fn options(crate_dir: &Path, place: &Path, seconds: u32) -> Vec<String> {
    vec![
        format!("-max_total_time={seconds}"),
        "-max_len=4096".to_owned(),
        // Seconds and MiB that one input may take.
        "-timeout=5".to_owned(),
        "-rss_limit_mb=1024".to_owned(),
        "-verbosity=0".to_owned(),
        "-print_funcs=0".to_owned(),
        "-print_final_stats=1".to_owned(),
        format!("-dict={}", crate_dir.join("url.dict").display()),
        format!("-artifact_prefix={}/", place.display()),
    ]
}

/// The triple of this machine.
fn host() -> Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("-vV").output().context("cannot start rustc")?;
    ensure!(output.status.success(), "rustc -vV failed");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(line.context("rustc names no host")?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{TARGETS, kept, root, urls};

    /// Every target has a kept corpus and is run.
    #[test]
    fn every_target_is_run() {
        let crate_dir = root().join("fuzz");
        let entries = std::fs::read_dir(crate_dir.join("targets")).expect("the targets");
        let mut found: Vec<String> = entries
            .map(|entry| entry.expect("a target").file_name().to_string_lossy().replace(".rs", ""))
            .collect();
        found.sort_unstable();
        let mut run = TARGETS.to_vec();
        run.sort_unstable();
        assert_eq!(found, run);
        for target in TARGETS {
            let corpus = std::fs::read_dir(kept(&crate_dir, target)).expect("a corpus");
            assert!(corpus.count() > 0, "{target}");
        }
    }

    #[test]
    fn urls_of_tests_are_where_to_start() {
        let urls = urls().expect("the files of URLs");
        assert!(urls.len() > 400 && urls.iter().any(|url| url.starts_with("Rooms?")), "{}", urls.len());
    }
}
