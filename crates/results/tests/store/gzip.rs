//! Stored fragments inside one gzip member: strict readers and the `gzip` tool accept it.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use flate2::bufread::{GzDecoder, MultiGzDecoder};
use nextlink_results::gzip::GzipMember;
use nextlink_results::{Codec, SEGMENT_BYTES, StoredPage};

use crate::support::*;

/// A whole response as the caller would send it, and the plain text it stands for.
fn response(page: &StoredPage, prefix: &[u8], suffix: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut member = GzipMember::default();
    let mut out = Vec::new();
    if !prefix.is_empty() {
        out.extend_from_slice(&member.plain(prefix));
    }
    match page.clone().deflate_fragments() {
        Ok(fragments) => {
            out.extend_from_slice(&member.stored(page.plain_crc32, page.plain_len));
            fragments.iter().for_each(|fragment| out.extend_from_slice(fragment));
        }
        Err(page) => {
            for piece in page.identity().unwrap() {
                out.extend_from_slice(&member.plain(&piece));
            }
        }
    }
    out.extend_from_slice(&member.finish(suffix));
    (out, [prefix, &plain(page), suffix].concat())
}

#[test]
fn stored_fragments_and_envelope_are_one_gzip_member() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let text = |len: usize| "{\"@odata.context\":\"http://host/$metadata#Orders\",\"value\":[".repeat(len);
    let pages = [sample(0, 1), sample(1, 100_000), sample(2, 0), sample(3, 700)];
    assert!(pages[1].body.len() > 4 * SEGMENT_BYTES);
    for codec in CODECS {
        let id = write(&store, codec, &pages);
        for number in 0..pages.len() as u32 {
            for (prefix, suffix) in [(0, 0), (1, 1), (0, 1), (40, 0), (2000, 2000)] {
                let name = format!("{codec:?}, page {number}, prefix {prefix}, suffix {suffix}");
                let page = read(&store, id, number).unwrap();
                let (gzip, wanted) = response(&page, text(prefix).as_bytes(), text(suffix).as_bytes());
                let mut single = GzDecoder::new(&gzip[..]);
                let mut got = Vec::new();
                single.read_to_end(&mut got).unwrap_or_else(|error| panic!("{name}: {error}"));
                assert_eq!(got, wanted, "{name}");
                assert!(single.into_inner().is_empty(), "{name}: nothing follows the member");
                got.clear();
                MultiGzDecoder::new(&gzip[..]).read_to_end(&mut got).unwrap();
                assert_eq!(got, wanted, "{name}: as many members");
                if codec == Codec::Deflate && prefix < 2 {
                    assert!(gzip.len() < wanted.len() / 2 + 600, "{name}: {} bytes", gzip.len());
                }
            }
        }
    }
}

#[test]
fn the_gzip_tool_accepts_it() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let id = write(&store, Codec::Deflate, &[sample(0, 50_000), sample(1, 3)]);
    for number in 0..2 {
        let page = read(&store, id, number).unwrap();
        let (gzip, wanted) = response(&page, b"{\"value\":[", b"],\"@odata.nextLink\":\"...\"}");
        for option in ["-t", "-dc"] {
            let tool = Command::new("gzip").arg(option).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
            let Ok(mut tool) = tool else {
                println!("skipped: there is no gzip tool");
                return;
            };
            let mut input = tool.stdin.take().unwrap();
            let feeder = std::thread::spawn({
                let gzip = gzip.clone();
                move || input.write_all(&gzip)
            });
            let done = tool.wait_with_output().unwrap();
            feeder.join().unwrap().unwrap();
            assert!(done.status.success(), "page {number}, gzip {option}");
            if option == "-dc" {
                assert_eq!(done.stdout, wanted, "page {number}");
            }
        }
    }
}
