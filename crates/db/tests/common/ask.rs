//! One question to a database: a URL in, rows of JSON out.

#![allow(dead_code, reason = "each test program uses its own part")]

use std::time::Duration;

use nextlink_db::error::Error;
use nextlink_db::run::{Cancel, Outcome, RunOptions};
use nextlink_db::source::Source;
use nextlink_odata::bind::{BindError, BindLimits, Request, bind};
use nextlink_odata::json::{Format, PageEnd, PageLimits, PageOutput, PageWriter, Shape};
use nextlink_odata::layout::Layout;
use nextlink_odata::query::{Addressed, Query};
use nextlink_odata::rows::Flow;
use nextlink_odata::url::{self, ParseError};
use nextlink_odata::version::{MetadataLevel, Version};
use nextlink_sql::dialect::{Dialect, Unsupported};
use nextlink_sql::mapping::Mapping;
use nextlink_sql::plan::{Plan, PlanLimits, Resume, paged, plan, program};
use nextlink_sql::statement::Program;

/// The time of all requests.
pub const NOW: &str = "2024-05-06T07:08:09.5";

/// A database that is served.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    pub source: &'a Source,
    pub mapping: &'a Mapping,
}

/// How something is asked.
#[derive(Clone)]
pub struct Ask {
    pub format: Format,
    pub limits: PageLimits,
    pub run: RunOptions,
    /// Pages after which the sink wants no more.
    pub stop_after: usize,
}

/// Values alone, without anything that is told of them.
impl Default for Ask {
    fn default() -> Ask {
        Ask {
            format: Format {
                version: Version::V40,
                metadata: MetadataLevel::None,
                ieee754_compatible: false,
                omit_nulls: false,
            },
            limits: PageLimits { rows: 100_000, bytes: 64 << 20, batch_bytes: 64 << 20, total: u64::MAX },
            run: RunOptions {
                timeout: Duration::from_secs(60),
                lock_wait: Duration::ZERO,
                cancel: Cancel::default(),
                login: None,
            },
            stop_after: usize::MAX,
        }
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub pages: Vec<(String, PageEnd)>,
    pub count: Option<u64>,
    pub outcome: Outcome,
    /// Of the last row of each page but the last one, where they were asked for.
    pub positions: Vec<Vec<u8>>,
}

impl Answer {
    /// The rows of all pages.
    pub fn rows(&self) -> String {
        let pages = self.pages.iter().map(|(rows, _)| rows.as_str());
        pages.filter(|rows| !rows.is_empty()).collect::<Vec<_>>().join(",")
    }
}

/// Why nothing came back.
#[derive(Debug)]
pub enum Failure {
    Parse(ParseError),
    Bind(BindError),
    Unsupported(Unsupported),
    Run(Error),
    BatchTooLarge,
    NoQuery,
}

#[derive(Default)]
struct Pages {
    current: Vec<u8>,
    pages: Vec<(String, PageEnd)>,
    count: Option<u64>,
    stop_after: usize,
    positions: Vec<Vec<u8>>,
}

impl PageOutput for Pages {
    fn count(&mut self, rows: u64) {
        assert!(self.current.is_empty() && self.pages.is_empty(), "the count comes first");
        self.count = Some(rows);
    }

    fn bytes(&mut self, chunk: &mut Vec<u8>) -> Flow {
        self.current.append(chunk);
        Flow::Continue
    }

    fn position(&mut self, position: Vec<u8>) {
        self.positions.push(position);
    }

    fn page(&mut self, end: PageEnd) -> Flow {
        let rows = String::from_utf8(std::mem::take(&mut self.current)).expect("JSON is UTF-8");
        self.pages.push((rows, end));
        if self.pages.len() >= self.stop_after { Flow::Stop } else { Flow::Continue }
    }
}

impl Asked<'_> {
    /// Everything up to the program.
    pub fn prepare(&self, text: &str, format: Format) -> Result<(Box<Query>, Program, Shape), Failure> {
        self.prepare_with(text, format, |dialect, plan| Ok(program(dialect, &plan)))
    }

    fn prepare_with(
        &self,
        text: &str,
        format: Format,
        write: impl FnOnce(&'static dyn Dialect, Plan) -> Result<Program, Unsupported>,
    ) -> Result<(Box<Query>, Program, Shape), Failure> {
        let url = url::parse(text).map_err(Failure::Parse)?;
        let request = bind(&self.mapping.model, &url, BindLimits::default(), NOW).map_err(Failure::Bind)?;
        let Request::Query(query) = request else {
            return Err(Failure::NoQuery);
        };
        let layout = Layout::of(&self.mapping.model, &query, Shape::needs(&query, format));
        let dialect = self.source.dialect();
        let plan = plan(self.mapping, dialect, &query, &layout, PlanLimits::default())
            .map_err(Failure::Unsupported)?;
        let shape = Shape::new(&self.mapping.model, &query, &layout, format, "");
        let program = write(dialect, plan).map_err(Failure::Unsupported)?;
        drop(layout);
        Ok((query, program, shape))
    }

    /// Asks and answers.
    pub fn ask_with(&self, text: &str, ask: &Ask) -> Result<Answer, Failure> {
        let (query, program, shape) = self.prepare(text, ask.format)?;
        self.run(text, ask, &query, &program, shape)
    }

    /// Asks for rows of which each page's last one can be gone on after, or for those behind such a row.
    pub fn ask_paged(&self, text: &str, ask: &Ask, resume: Option<&Resume>) -> Result<Answer, Failure> {
        let write = |dialect, plan| paged(dialect, plan, resume);
        let (query, program, shape) = self.prepare_with(text, ask.format, write)?;
        self.run(text, ask, &query, &program, shape)
    }

    fn run(
        &self,
        text: &str,
        ask: &Ask,
        query: &Query,
        program: &Program,
        shape: Shape,
    ) -> Result<Answer, Failure> {
        if query.addressed == Addressed::Count {
            let (rows, parent) = self.source.count(program, &ask.run).map_err(Failure::Run)?;
            let end = PageEnd { rows: 1, more: false };
            let outcome = Outcome { rows: 1, complete: true, parent };
            let (pages, positions) = (vec![(rows.to_string(), end)], Vec::new());
            return Ok(Answer { pages, count: None, outcome, positions });
        }
        let output = Pages { stop_after: ask.stop_after, ..Pages::default() };
        let mut writer = PageWriter::new(shape.into(), ask.limits, output);
        let outcome = self.source.run(program, &ask.run, &mut writer).map_err(Failure::Run)?;
        if writer.batch_too_large() {
            return Err(Failure::BatchTooLarge);
        }
        let output = if outcome.complete { writer.finish() } else { writer.abandon() };
        let Pages { pages, count, positions, .. } = output;
        let answer = Answer { pages, count, outcome, positions };
        let whole = ["[", &answer.rows(), "]"].concat();
        if let Err(error) = serde_json::from_str::<serde_json::Value>(&whole) {
            panic!("{text}: {error}: {whole}");
        }
        Ok(answer)
    }

    /// The rows of an answer, or what went wrong as one line.
    pub fn ask(&self, text: &str) -> String {
        match self.ask_with(text, &Ask::default()) {
            Ok(answer) => answer.rows(),
            Err(failure) => failure.to_string(),
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Parse(error) => write!(f, "parse: {error}"),
            Failure::Bind(error) => write!(f, "bind {:?} at {}: {error}", error.kind, error.at),
            Failure::Unsupported(error) => write!(f, "plan: {error}"),
            Failure::Run(error) => write!(f, "run: {error:?}"),
            Failure::BatchTooLarge => write!(f, "batch too large"),
            Failure::NoQuery => write!(f, "the service document or metadata"),
        }
    }
}
