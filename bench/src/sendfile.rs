//! The limit for stored pages: a server that answers every request with a piece of a file by `sendfile`, and reads nothing of
//! the request but its end.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use anyhow::{Context, ensure};

/// Answer every request with the next piece of a file, straight from the kernel's cache.
#[derive(Debug, clap::Parser)]
pub struct Args {
    /// The file
    file: PathBuf,
    /// Address and port to listen on
    address: SocketAddr,
    /// Bytes of a piece
    #[arg(long)]
    bytes: usize,
}

/// Serves until the process is ended, a thread for each connection.
///
/// # Errors
/// Where the file cannot be read or the address not be bound.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let file = File::open(&args.file).with_context(|| format!("{}", args.file.display()))?;
    let pieces = file.metadata()?.len() / args.bytes as u64;
    ensure!(pieces > 0, "the file is shorter than a piece");
    let (file, bytes) = (Arc::new(file), args.bytes);
    let listener = TcpListener::bind(args.address).with_context(|| args.address.to_string())?;
    for (number, stream) in listener.incoming().enumerate() {
        let (stream, file) = (stream?, Arc::clone(&file));
        // A client that hangs up is no concern of a benchmark.
        thread::spawn(move || drop(serve(stream, &file, bytes, number as u64, pieces)));
    }
    Ok(())
}

fn serve(
    mut stream: TcpStream,
    file: &File,
    bytes: usize,
    mut piece: u64,
    pieces: u64,
) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {bytes}\r\n\r\n");
    let mut request = vec![0; 16 * 1024];
    let mut filled = 0;
    loop {
        let read = stream.read(&mut request[filled..])?;
        ensure!(read > 0, "closed");
        filled += read;
        if !request[..filled].ends_with(b"\r\n\r\n") {
            continue;
        }
        filled = 0;
        stream.write_all(head.as_bytes())?;
        let mut offset = piece % pieces * bytes as u64;
        let mut left = bytes;
        while left > 0 {
            let sent = rustix::fs::sendfile(&stream, file, Some(&mut offset), left)?;
            ensure!(sent > 0, "the file has become shorter");
            left -= sent;
        }
        piece += 1;
    }
}
