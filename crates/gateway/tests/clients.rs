//! Clients that people use read the demo, each as it comes: requests and python-odata on Python, o.js on Node.

use nextlink_testkit::node::Launch;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Plain requests without a session, so without cookies: every set, in one page each and in many.
#[test]
fn requests_reads_every_set() {
    read_demo(&installed("python").join("bin/python"), "python/plain_requests.py");
}

/// python-odata makes classes from `$metadata`, follows next links by itself, filters, orders, expands.
#[test]
fn python_odata_reads_and_follows_relations() {
    read_demo(&installed("python").join("bin/python"), "python/python_odata.py");
}

/// o.js takes next links apart and encodes them anew; it keeps no cookie.
#[test]
fn o_js_reads_the_largest_set() {
    read_demo(Path::new("node"), "node/o_js.mjs");
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Where `cargo xtask setup` has put the clients of one language.
#[track_caller]
fn installed(language: &str) -> PathBuf {
    let place = root().join("target/clients").join(language);
    let done = place.join("installed").exists();
    assert!(done, "the clients that this test runs are not installed: run `cargo xtask setup`");
    place.canonicalize().expect("the folder of the clients can be found")
}

/// Starts the demo, and runs a script of `tests/clients` that reads it and ends with 0 if all was right.
#[track_caller]
fn read_demo(program: &Path, script: &str) {
    let place = installed(script.split('/').next().unwrap_or_default());
    let node = Launch::demo(env!("CARGO_BIN_EXE_nextlink")).start();
    let script = root().join("tests/clients").join(script).canonicalize().expect("the script is there");
    let mut command = Command::new(program);
    command.arg(&script).arg(node.service("demo")).current_dir(place).stdin(Stdio::null());
    // The demo is on this machine: no proxy, whatever the environment says.
    command.env("NO_PROXY", "*").env("no_proxy", "*").env("PYTHONDONTWRITEBYTECODE", "1");
    let output = command.output().unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{} ended with {}\n{out}{err}", script.display(), output.status);
    print!("{out}");
}
