//! What the command line prints: the one way to its output, which may be a pipe that nobody reads to its end.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};
use std::sync::OnceLock;

/// Why the output could not be written, if it could not.
static FAILED: OnceLock<io::Error> = OnceLock::new();

/// Prints a line.
macro_rules! say {
    ($($text:tt)*) => {
        $crate::cli::out::print(format_args!("{}\n", format_args!($($text)*)))
    };
}
pub(super) use say;

/// Prints a text as it is. What cannot be written is passed over from then on; [`end`] tells of it.
pub fn print(text: Arguments<'_>) {
    if FAILED.get().is_some() {
        return;
    }
    if let Err(error) = io::stdout().lock().write_fmt(text) {
        let _ = FAILED.set(error);
    }
}

/// Ends the output. A reader that has enough is no error.
///
/// # Errors
/// Not all of it could be written.
pub fn end() -> anyhow::Result<()> {
    let flushed = io::stdout().lock().flush();
    let failed = FAILED.get().map(|error| (error.kind(), error.to_string()));
    match failed.or_else(|| flushed.err().map(|error| (error.kind(), error.to_string()))) {
        Some((kind, why)) if kind != ErrorKind::BrokenPipe => {
            anyhow::bail!("the output cannot be written: {why}")
        }
        _ => Ok(()),
    }
}

/// Prints a text as it is where errors are told.
pub fn tell(text: Arguments<'_>) {
    // There is no other place to say that it can't be written.
    let _ = io::stderr().lock().write_fmt(text);
}
