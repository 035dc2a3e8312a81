//! A small database with values of all types, and one question to it: a URL in, rows of JSON out.

use std::path::{Path, PathBuf};
use std::time::Duration;

use nextlink_db::error::Error;
use nextlink_db::location::Location;
use nextlink_db::run::{Cancel, Outcome, RunOptions};
use nextlink_db::source::Source;
use nextlink_db::sqlite::IntrospectLimits;
use nextlink_odata::bind::{BindError, BindLimits, Request, bind};
use nextlink_odata::json::{Format, PageEnd, PageLimits, PageOutput, PageWriter, Shape};
use nextlink_odata::layout::Layout;
use nextlink_odata::query::{Addressed, Query};
use nextlink_odata::rows::Flow;
use nextlink_odata::url::{self, ParseError};
use nextlink_odata::version::{MetadataLevel, Version};
use nextlink_sql::catalog::Catalog;
use nextlink_sql::dialect::Unsupported;
use nextlink_sql::mapping::{Mapping, ModelOptions, build};
use nextlink_sql::plan::{PlanLimits, plan, program};
use nextlink_sql::statement::Program;
use rusqlite::Connection;

/// The time of all requests.
pub const NOW: &str = "2024-05-06T07:08:09.5";

/// A database that is served.
pub struct World {
    /// The folder of a file.
    dir: Option<tempfile::TempDir>,
    pub source: Source,
    pub mapping: Mapping,
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

impl Default for Ask {
    fn default() -> Ask {
        Ask {
            format: Format {
                version: Version::V40,
                metadata: MetadataLevel::Minimal,
                ieee754_compatible: false,
                omit_nulls: false,
            },
            limits: PageLimits { rows: 100_000, bytes: 64 << 20, batch_bytes: 64 << 20 },
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

    fn page(&mut self, end: PageEnd) -> Flow {
        let rows = String::from_utf8(std::mem::take(&mut self.current)).expect("JSON is UTF-8");
        self.pages.push((rows, end));
        if self.pages.len() >= self.stop_after { Flow::Stop } else { Flow::Continue }
    }
}

impl World {
    /// A database made by a script.
    pub fn new(script: &str) -> World {
        World::with(script, &ModelOptions::default(), |_| ())
    }

    /// A database made by a script, with a model of its own.
    pub fn with(script: &str, options: &ModelOptions, change: impl FnOnce(&mut Catalog)) -> World {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("world.db");
        let connection = Connection::open(&path).expect("a database");
        connection.pragma_update(None, "foreign_keys", false).expect("a setting");
        connection.pragma_update(None, "synchronous", false).expect("a setting");
        let script = ["BEGIN;", script, ";COMMIT;"].concat();
        connection.execute_batch(&script).expect("the script is right");
        drop(connection);
        let world = World::serve(&Location::Sqlite(path), options, change);
        World { dir: Some(dir), ..world }
    }

    /// A database that is there, with a model of its own.
    pub fn serve(
        location: &Location,
        options: &ModelOptions,
        change: impl FnOnce(&mut Catalog),
    ) -> World {
        let source = Source::open(location).expect("the database opens");
        let (mut catalog, _) = source.introspect(&IntrospectLimits::default()).expect("a catalogue");
        change(&mut catalog);
        let (mapping, _) = build(&catalog, options);
        World { dir: None, source, mapping }
    }

    /// The file.
    pub fn path(&self) -> PathBuf {
        self.dir.as_ref().expect("a file").path().join("world.db")
    }

    /// Changes the database while it is served.
    pub fn change(&self, script: &str) {
        let connection = Connection::open(Path::new(&self.path())).expect("a database");
        connection.execute_batch(script).expect("the script is right");
    }

    /// Everything up to the program.
    pub fn prepare(&self, text: &str, format: Format) -> Result<(Box<Query>, Program, Shape), Failure> {
        let url = url::parse(text).map_err(Failure::Parse)?;
        let request = bind(&self.mapping.model, &url, BindLimits::default(), NOW).map_err(Failure::Bind)?;
        let Request::Query(query) = request else {
            return Err(Failure::NoQuery);
        };
        let layout = Layout::of(&self.mapping.model, &query, Shape::needs_keys(&query, format));
        let dialect = self.source.dialect();
        let plan = plan(&self.mapping, dialect, &query, &layout, PlanLimits::default())
            .map_err(Failure::Unsupported)?;
        let shape = Shape::new(&self.mapping.model, &query, &layout, format);
        let program = program(dialect, &plan);
        drop(layout);
        Ok((query, program, shape))
    }

    /// Asks and answers.
    pub fn ask_with(&self, text: &str, ask: &Ask) -> Result<Answer, Failure> {
        let (query, program, shape) = self.prepare(text, ask.format)?;
        if query.addressed == Addressed::Count {
            let (rows, parent) = self.source.count(&program, &ask.run).map_err(Failure::Run)?;
            let end = PageEnd { rows: 1, more: false };
            let outcome = Outcome { rows: 1, complete: true, parent };
            return Ok(Answer { pages: vec![(rows.to_string(), end)], count: None, outcome });
        }
        let output = Pages { stop_after: ask.stop_after, ..Pages::default() };
        let mut writer = PageWriter::new(shape.into(), ask.limits, output);
        let outcome = self.source.run(&program, &ask.run, &mut writer).map_err(Failure::Run)?;
        if writer.batch_too_large() {
            return Err(Failure::BatchTooLarge);
        }
        let output = if outcome.complete { writer.finish() } else { writer.abandon() };
        let answer = Answer { pages: output.pages, count: output.count, outcome };
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
