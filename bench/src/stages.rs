//! Time of each stage of a read, without HTTP: nanoseconds a request, for some URLs.

use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use nextlink_db::location::Location;
use nextlink_db::run::{Cancel, RunOptions};
use nextlink_db::source::Source;
use nextlink_odata::bind::{self, BindLimits, Request};
use nextlink_odata::json::{Format, PageEnd, PageLimits, PageOutput, PageWriter, Shape};
use nextlink_odata::layout::Layout;
use nextlink_odata::rows::Flow;
use nextlink_odata::url;
use nextlink_odata::version::{MetadataLevel, Version};
use nextlink_sql::mapping::{self, ModelOptions};
use nextlink_sql::plan::{PlanLimits, plan, program};

const URLS: &[(&str, u32)] = &[
    ("Rows(500000)", 20_000),
    ("Rows?$top=20", 5_000),
    ("Rows?$filter=Id gt 500000&$top=1000", 200),
    ("Orders?$expand=Items&$top=100", 200),
];

#[derive(Default)]
struct Sum(usize);

impl PageOutput for Sum {
    fn count(&mut self, _: u64) {}
    fn bytes(&mut self, chunk: &mut Vec<u8>) -> Flow {
        self.0 += chunk.len();
        chunk.clear();
        Flow::Continue
    }
    fn page(&mut self, _: PageEnd) -> Flow {
        Flow::Continue
    }
}

/// Print the nanoseconds of each stage of a read, without HTTP.
#[derive(Debug, clap::Parser)]
pub struct Args {
    /// The benchmark database, a SQLite file
    #[arg(default_value = "target/bench/big.db")]
    path: PathBuf,
    /// URLs relative to the service root, to look at with a profiler [default: some usual ones]
    urls: Vec<String>,
}

/// Measures and prints a Markdown table.
///
/// # Errors
/// Where the database cannot be read or a URL is no query.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let source = Source::open(&Location::Sqlite(args.path.clone()))?;
    let options = RunOptions {
        timeout: Duration::from_secs(60),
        lock_wait: Duration::ZERO,
        cancel: Cancel::default(),
        login: None,
    };
    let (catalog, _) = source.introspect(&nextlink_db::sqlite::IntrospectLimits::default())?;
    let (mapping, _) = mapping::build(&catalog, &ModelOptions::default());
    let format = Format {
        version: Version::V40,
        metadata: MetadataLevel::Minimal,
        ieee754_compatible: false,
        omit_nulls: false,
    };
    println!("| URL | url | bind | plan | program | shape | rows | ns |\n|---|---|---|---|---|---|---|---|");
    let own = args.urls.iter().map(|url| (url.as_str(), 5));
    let known = if own.len() == 0 { URLS } else { &[] };
    for (text, times) in own.chain(known.iter().copied()) {
        let mut spent = [0u128; 6];
        for _ in 0..times {
            let mut last = Instant::now();
            let mut lap = |stage: usize| {
                let now = Instant::now();
                spent[stage] += now.duration_since(last).as_nanos();
                last = now;
            };
            let tree = url::parse(text)?;
            lap(0);
            let Request::Query(query) = bind::bind(&mapping.model, &tree, BindLimits::default(), "")? else {
                anyhow::bail!("{text} is no query");
            };
            lap(1);
            let layout = Layout::of(&mapping.model, &query, Shape::needs(&query, format));
            let planned = plan(&mapping, source.dialect(), &query, &layout, PlanLimits::default())?;
            lap(2);
            let program = program(source.dialect(), &planned);
            lap(3);
            let shape = std::sync::Arc::new(Shape::new(&mapping.model, &query, &layout, format, ""));
            lap(4);
            let limits = PageLimits { rows: 2_000, bytes: 4 << 20, batch_bytes: 32 << 20, total: u64::MAX };
            let mut writer = PageWriter::new(shape, limits, Sum::default());
            source.run(&program, &options, &mut writer)?;
            black_box(writer.finish().0);
            lap(5);
        }
        let each: Vec<u128> = spent.iter().map(|s| s / u128::from(times)).collect();
        let cells: Vec<String> = each.iter().map(u128::to_string).collect();
        println!("| `{text}` | {} | {} |", cells.join(" | "), each.iter().sum::<u128>());
    }
    Ok(())
}
