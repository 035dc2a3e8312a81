//! A closed loop of requests over many connections: each sends its next request when it has the answer.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use nextlink_sample::Random;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::http::{Decoder, Url};
use crate::statistics::quantile;

/// Each connection reads at most so many bytes at once.
const BUFFER_BYTES: usize = 64 * 1024;

/// Send requests over many connections; prints requests a second and latencies as one line of JSON.
#[derive(Debug, clap::Parser)]
pub struct Args {
    /// URL; {id} stands for a random number
    pub url: String,
    /// Connections, each with one request under way
    #[arg(long, default_value_t = 64)]
    pub connections: usize,
    /// How long to measure
    #[arg(long, default_value_t = 5.0)]
    pub seconds: f64,
    /// How long to send requests before that
    #[arg(long, default_value_t = 0.5)]
    pub warm_up: f64,
    /// The greatest {id}; the least is 1
    #[arg(long, default_value_t = nextlink_sample::big::ROWS)]
    pub ids: u64,
    /// A file with a path and query in each line; they are asked for at random in place of that of the URL
    #[arg(long)]
    pub paths: Option<PathBuf>,
    /// Value of the header Prefer
    #[arg(long)]
    pub prefer: Option<String>,
}

/// What was measured.
#[derive(Debug, Clone, Default)]
pub struct Load {
    /// Bytes of all bodies.
    pub bytes: u64,
    /// Seconds from the end of the warm-up to the last answer that counts.
    pub seconds: f64,
    /// Milliseconds of each request.
    pub latencies_ms: Vec<f64>,
}

/// Measures and prints one line of JSON.
///
/// # Errors
/// Where a connection fails or an answer is anything but 200.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let load = runtime.block_on(load(args))?;
    let requests = load.latencies_ms.len();
    let line = json!({
        "requests": requests,
        "seconds": load.seconds,
        "requests_per_second": requests as f64 / load.seconds,
        "bytes": load.bytes,
        "p50_ms": quantile(&load.latencies_ms, 0.5),
        "p90_ms": quantile(&load.latencies_ms, 0.9),
        "p99_ms": quantile(&load.latencies_ms, 0.99),
        "max_ms": quantile(&load.latencies_ms, 1.0),
    });
    println!("{line}");
    Ok(())
}

/// Sends requests for the time given.
///
/// # Errors
/// As [`run`].
pub async fn load(args: &Args) -> anyhow::Result<Load> {
    let start = Instant::now() + Duration::from_secs_f64(args.warm_up);
    let end = start + Duration::from_secs_f64(args.seconds);
    let mut connections = JoinSet::new();
    let template = Template::new(args)?;
    for number in 0..args.connections {
        let template = template.clone();
        let random = Random::new(number as u64);
        connections.spawn(repeat(template, random, start, end));
    }
    let mut all = Load { seconds: args.seconds, ..Load::default() };
    while let Some(one) = connections.join_next().await {
        let one = one??;
        all.bytes += one.bytes;
        all.latencies_ms.extend(one.latencies_ms);
    }
    Ok(all)
}

/// Requests with a place for the number.
#[derive(Clone)]
struct Template {
    authority: String,
    /// Each in parts, between which the number stands.
    requests: Arc<Vec<Vec<String>>>,
    ids: u64,
}

impl Template {
    fn new(args: &Args) -> anyhow::Result<Self> {
        let url = Url::parse(&args.url)?;
        let mut headers = vec!["Accept: application/json".to_owned()];
        headers.extend(args.prefer.as_ref().map(|value| format!("Prefer: {value}")));
        let targets = match &args.paths {
            Some(path) => fs::read_to_string(path).with_context(|| format!("{}", path.display()))?,
            None => url.target,
        };
        let authority = url.authority;
        let requests: Vec<Vec<String>> = targets
            .lines()
            .map(|target| Url { authority: authority.clone(), target: target.to_owned() }.request(&headers))
            .map(|request| request.split("{id}").map(str::to_owned).collect())
            .collect();
        ensure!(!requests.is_empty(), "no paths to ask for");
        Ok(Self { authority, requests: Arc::new(requests), ids: args.ids })
    }

    fn write(&self, request: &mut Vec<u8>, random: &mut Random) {
        let id = 1 + random.below(self.ids);
        // One request needs no choice, and then the ids are those of earlier figures.
        let number = match self.requests.len() {
            1 => 0,
            many => random.below(many as u64) as usize,
        };
        for (index, part) in self.requests[number].iter().enumerate() {
            if index > 0 {
                request.extend_from_slice(itoa::Buffer::new().format(id).as_bytes());
            }
            request.extend_from_slice(part.as_bytes());
        }
    }
}

/// Sends one request after the other; those answered between start and end count.
async fn repeat(
    template: Template,
    mut random: Random,
    start: Instant,
    end: Instant,
) -> anyhow::Result<Load> {
    let mut stream =
        TcpStream::connect(&template.authority).await.with_context(|| template.authority.clone())?;
    stream.set_nodelay(true)?;
    let mut decoder = Decoder::with_capacity(BUFFER_BYTES);
    let (mut request, mut body) = (Vec::new(), Vec::new());
    let mut load = Load::default();
    loop {
        request.clear();
        body.clear();
        template.write(&mut request, &mut random);
        let sent = Instant::now();
        stream.write_all(&request).await?;
        let head = loop {
            if let Some(head) = decoder.decode(&mut body)? {
                break head;
            }
            let bytes = stream.read(decoder.space()).await?;
            decoder.filled(bytes)?;
        };
        if head.status != 200 {
            bail!("status {}: {:.500}", head.status, String::from_utf8_lossy(&body));
        }
        let answered = Instant::now();
        if answered > end {
            return Ok(load);
        }
        if answered > start {
            load.bytes += body.len() as u64;
            load.latencies_ms.push((answered - sent).as_secs_f64() * 1_000.0);
        }
    }
}
