//! Prints how fast one result is written and read back, for each codec: megabytes a second and CPU
//! seconds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use nextlink_results::keys::MasterKeys;
use nextlink_results::{
    Codec, NewResult, NodeId, NodeIdentity, PageIn, Recovery, Registry, RegistryError, ResultId, ResultRow,
    Store, StoreConfig, Touch,
};

const ROWS: u32 = 1_000_000;
const ROWS_A_PAGE: u32 = 1_000;

/// Remembers nothing: this program measures files, not the system database.
struct Nowhere;

impl Registry for Nowhere {
    fn insert(&self, _: &ResultRow, _: &[u8]) -> Result<(), RegistryError> {
        Ok(())
    }
    fn update(&self, _: &ResultRow) -> Result<(), RegistryError> {
        Ok(())
    }
    fn touch(&self, _: &[Touch]) -> Result<(), RegistryError> {
        Ok(())
    }
    fn remove(&self, _: NodeId, _: &[(ResultId, u32)]) -> Result<(), RegistryError> {
        Ok(())
    }
    fn owned_by(&self, _: NodeId) -> Result<Vec<ResultRow>, RegistryError> {
        Ok(Vec::new())
    }
}

/// CPU seconds of this process so far, in user mode and in the kernel; clock ticks are a hundredth
/// of a second.
fn cpu_seconds() -> (f64, f64) {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) / 100.0, ticks(12) / 100.0)
}

fn page_text(page: u32) -> (Vec<u8>, Vec<u32>) {
    let mut body = Vec::with_capacity(300 * ROWS_A_PAGE as usize);
    let mut offsets = Vec::with_capacity(ROWS_A_PAGE as usize);
    let mut state = u64::from(page) + 1;
    for row in 0..ROWS_A_PAGE {
        offsets.push(body.len() as u32);
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 33
        };
        let id = page * ROWS_A_PAGE + row;
        let text = format!(
            "{{\"Id\":{id},\"Name\":\"Customer {}\",\"City\":\"City {}\",\"Country\":\"Country {}\",\
             \"Price\":{}.{:02},\"Quantity\":{},\"Active\":{},\
             \"Created\":\"20{:02}-{:02}-{:02}T{:02}:{:02}:00Z\",\
             \"Code\":\"{:08x}-{:08x}\",\"Note\":\"some words that say {} and {} about it\"}},",
            next() % 100_000,
            next() % 5000,
            next() % 200,
            next() % 10_000,
            next() % 100,
            next() % 1000,
            next() % 2 == 0,
            next() % 26,
            next() % 12 + 1,
            next() % 28 + 1,
            next() % 24,
            next() % 60,
            next(),
            next(),
            next() % 1000,
            next() % 1000,
        );
        body.extend_from_slice(text.as_bytes());
    }
    (body, offsets)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let samples: Vec<_> = (0..16).map(page_text).collect();
    for codec in [Codec::None, Codec::Lz4, Codec::Deflate] {
        let dir = tempfile::tempdir()?;
        let (node, keys) = (NodeIdentity::open(dir.path())?, MasterKeys::open(dir.path())?);
        let store = Store::open(StoreConfig::new(dir.path().join("results"), node, keys), Arc::new(Nowhere))?;
        let new = NewResult {
            page_bytes: 0,
            after: None,
            source: "bench".into(),
            user: "bench".into(),
            meta: Vec::new(),
            codec,
            first_row: 0,
            recovery: Recovery::None,
        };
        let pages = ROWS / ROWS_A_PAGE;
        let (start, before) = (Instant::now(), cpu_seconds());
        let mut writer = store.create(new)?;
        let (id, generation) = (writer.id(), writer.generation());
        let mut plain = 0;
        for page in 0..pages {
            let (text, offsets) = &samples[page as usize % samples.len()];
            let mut body = writer.buffer();
            body.extend_from_slice(text);
            plain += body.len();
            let page_in =
                PageIn { body, rows: ROWS_A_PAGE, position: vec![0; 16], row_offsets: offsets.clone() };
            if page + 1 < pages {
                writer.page(page_in)?;
            } else {
                println!("{codec:?}: {:?}", writer.finish(page_in)?);
                break;
            }
        }
        report("  write", plain, start, before);
        let (start, before) = (Instant::now(), cpu_seconds());
        let mut sent = 0;
        runtime.block_on(async {
            for page in 0..pages {
                let page = store.page(id, generation, page, Duration::ZERO).await?;
                sent += match page.deflate_fragments() {
                    Ok(fragments) => fragments.iter().map(bytes::Bytes::len).sum::<usize>(),
                    Err(page) => page.identity()?.iter().map(bytes::Bytes::len).sum(),
                };
            }
            Ok::<(), nextlink_results::PageError>(())
        })?;
        report("  read ", plain, start, before);
        println!("  {sent} bytes sent of {plain}");
        drop(store);
    }
    Ok(())
}

fn report(what: &str, bytes: usize, start: Instant, before: (f64, f64)) {
    let (wall, after) = (start.elapsed().as_secs_f64(), cpu_seconds());
    let (user, system) = (after.0 - before.0, after.1 - before.1);
    let rate = bytes as f64 / 1e6 / wall;
    println!("{what} {rate:7.0} MB/s, {wall:.3} s wall, {user:.2} s user, {system:.2} s system");
}
