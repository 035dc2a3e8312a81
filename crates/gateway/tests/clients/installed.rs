//! Where `cargo xtask setup` has put the clients, and how a script of `tests/clients` runs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A language that clients are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Python,
    Node,
}

impl Language {
    fn name(self) -> &'static str {
        match self {
            Language::Python => "python",
            Language::Node => "node",
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Where the clients of a language are.
#[track_caller]
fn installed(language: Language) -> PathBuf {
    let place = root().join("target/clients").join(language.name());
    let done = place.join("installed").exists();
    assert!(done, "the clients that this test runs are not installed: run `cargo xtask setup`");
    place.canonicalize().expect("the folder of the clients can be found")
}

/// Runs a script of `tests/clients` with arguments; it ends with 0 if all was right.
#[track_caller]
pub fn run(language: Language, script: &str, args: &[&str]) {
    let place = installed(language);
    let program = match language {
        Language::Python => place.join("bin/python"),
        Language::Node => PathBuf::from("node"),
    };
    let script = root().join("tests/clients").join(language.name()).join(script);
    let script = script.canonicalize().expect("the script is there");
    let mut command = Command::new(&program);
    command.arg(&script).args(args).current_dir(place).stdin(Stdio::null());
    // All that is asked is on this machine: no proxy, whatever the environment says.
    command.env("NO_PROXY", "*").env("no_proxy", "*").env("PYTHONDONTWRITEBYTECODE", "1");
    let output = command.output().unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{} ended with {}\n{out}{err}", script.display(), output.status);
    print!("{out}");
}
