//! A conversation with a command-line client: a script goes in, its output comes out.

use std::io::{self, BufWriter, ErrorKind, Read, Write};
use std::process::{Command, Stdio};

/// Runs a client, lets `feed` write to its standard input, and returns what it wrote; or its words, if it
/// fails.
pub(crate) fn talk(
    command: &mut Command,
    feed: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<String, String> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("{:?}: {error}", command.get_program()))?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let readers = [std::thread::spawn(|| read(out)), std::thread::spawn(|| read(err))];
    let fed = child.stdin.take().map_or(Ok(()), |stdin| {
        let mut stdin = BufWriter::with_capacity(1 << 18, stdin);
        feed(&mut stdin)?;
        stdin.flush()
    });
    let [out, err] = readers.map(|reader| reader.join().unwrap_or_default());
    let status = child.wait().map_err(|error| error.to_string())?;
    if !status.success() {
        return Err(String::from_utf8_lossy(&err).into_owned());
    }
    match fed {
        // The client has read enough, for example because the script ends it.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.to_string()),
        _ => Ok(String::from_utf8_lossy(&out).into_owned()),
    }
}

fn read(stream: Option<impl Read>) -> Vec<u8> {
    let mut bytes = Vec::new();
    // What could be read up to an error is still worth showing.
    let _ = stream.map(|mut stream| stream.read_to_end(&mut bytes));
    bytes
}
