//! Streams to clients that read slowly: a node holds pieces of them, never the whole.

use std::io::{BufReader, Read, Write};
use std::net::TcpStream;

use nextlink_testkit::http::read_answer;

use crate::world::{SOURCES, World};

const MODEL: &str = "
namespace: Shop
entities:
  Films:
    table: films
    type: Film
    properties: {Id: id, Body: {column: body, type: Edm.Stream, contentType: video/mp4}}
";

/// Bytes of a film: less than servers take in one statement, and many times a piece.
const FILM: usize = 12_000_000;
const CLIENTS: usize = 8;
/// What the node may grow by while all clients read, in KiB; the films are 94,000.
const MOST_KIB: u64 = 60_000;

fn world() -> World {
    let script = |bytes: &str, film: &str| {
        let table = ["CREATE TABLE films (id int PRIMARY KEY, body ", bytes, ");"].concat();
        [&table, "INSERT INTO films VALUES (1, ", film, ");"].concat()
    };
    World::written(
        [
            &script("blob", "CAST(replace(hex(zeroblob(1200000)), '00', '0123456789') AS BLOB)"),
            &script("bytea", "convert_to(repeat('0123456789', 1200000), 'UTF8')"),
            &script("longblob", "repeat('0123456789', 1200000)"),
        ],
        MODEL,
    )
}

/// A line of what the system tells of the node, in KiB.
fn told(world: &World, line: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", world.node.pid())).ok()?;
    let found = status.lines().find_map(|told| told.strip_prefix(line))?;
    found.split_whitespace().next()?.parse().ok()
}

/// A client that has asked and read the first bytes only.
fn begun(host: &str, source: &str) -> TcpStream {
    let mut stream = TcpStream::connect(host).expect("the node listens");
    let request = format!(
        "GET /api/odata4/{source}/Films(1)/Body HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).expect("the request can be sent");
    let mut first = [0; 1];
    assert_eq!(stream.peek(&mut first).expect("an answer"), 1, "{source}");
    stream
}

#[test]
fn streams_are_never_held_whole() {
    let world = world();
    let host = world.node.base().trim_start_matches("http://").to_owned();
    for source in SOURCES {
        // What the first read brings with it does not count.
        assert_eq!(world.node.get(&["/api/odata4/", source, "/Films(1)/Body"].concat(), &[]).status, 200);
        let before = told(&world, "VmRSS:");
        // The peak begins anew.
        let reset = std::fs::write(format!("/proc/{}/clear_refs", world.node.pid()), "5").is_ok();
        let clients: Vec<TcpStream> = (0..CLIENTS).map(|_| begun(&host, source)).collect();
        for client in clients {
            let answer =
                read_answer(&mut BufReader::new(client.take(2 * FILM as u64)), false).expect("an answer");
            assert_eq!((answer.status, answer.body.len()), (200, FILM), "{source}");
            let right = answer.body.chunks(10).all(|digits| digits == b"0123456789");
            assert!(right, "{source}: other bytes");
        }
        match (before, told(&world, "VmHWM:"), reset) {
            (Some(before), Some(peak), true) => {
                assert!(peak <= before + MOST_KIB, "{source}: from {before} to {peak} KiB");
                println!("{source}: from {before} to {peak} KiB for {CLIENTS} slow clients");
            }
            _ => println!("{source}: memory is not told here"),
        }
    }
}
