//! The baseline: hyper and rusqlite with nothing between them, answering the same JSON as Nextlink.

use std::cell::{OnceCell, RefCell};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rusqlite::Statement;
use tokio::net::TcpListener;

use crate::{json, source};

/// Rows of a page.
pub const PAGE_ROWS: usize = 1_000;
/// A page is a little longer than this many bytes.
const PAGE_BYTES: usize = 320 * 1024;

/// Serve /key/{id}, /page/{after} and /all with a statement each and no other work.
#[derive(Debug, clap::Parser)]
pub struct Args {
    /// The benchmark database
    database: PathBuf,
    /// Address and port to listen on
    address: SocketAddr,
    /// Threads; statements run on them
    #[arg(long, default_value_t = 2)]
    workers: usize,
}

/// Serves until the process is ended.
///
/// # Errors
/// Where the address cannot be bound or the database not be opened.
pub fn run(args: &Args) -> anyhow::Result<()> {
    source::open(&args.database).with_context(|| format!("{}", args.database.display()))?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(args.workers).enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(args.address).await.with_context(|| args.address.to_string())?;
        // On a worker, so that no request is handed from one thread to another.
        tokio::spawn(serve(listener, args.database.clone())).await?
    })
}

/// Accepts connections until the task is dropped.
///
/// # Errors
/// Where the listener fails.
pub async fn serve(listener: TcpListener, database: PathBuf) -> anyhow::Result<()> {
    let base = format!("http://{}/", listener.local_addr()?);
    let server = Arc::new(Server { database, base });
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let server = Arc::clone(&server);
        tokio::spawn(async move {
            let service = service_fn(|request: Request<_>| {
                let response = server.answer(request.uri().path());
                async { Ok::<_, Infallible>(response) }
            });
            // A client that hangs up is no concern of a benchmark.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

struct Server {
    database: PathBuf,
    /// What links and contexts begin with, with a slash at the end.
    base: String,
}

/// The statements of a thread.
struct Statements {
    key: RefCell<Statement<'static>>,
    page: RefCell<Statement<'static>>,
}

thread_local! {
    static STATEMENTS: OnceCell<Statements> = const { OnceCell::new() };
}

impl Statements {
    /// Opens a connection that lives as long as the process.
    fn open(database: &Path) -> rusqlite::Result<Self> {
        let connection = Box::leak(Box::new(source::open(database)?));
        let select = format!("SELECT {} FROM Rows WHERE", source::COLUMNS);
        Ok(Self {
            key: RefCell::new(connection.prepare(&format!("{select} Id = ?1"))?),
            page: RefCell::new(connection.prepare(&format!("{select} Id > ?1 ORDER BY Id LIMIT ?2"))?),
        })
    }
}

impl Server {
    fn answer(&self, path: &str) -> Response<Full<Bytes>> {
        let id = |text: &str| text.parse::<i64>().ok();
        let body = if path == "/all" {
            self.with_statements(|statements| self.page(statements, 0))
        } else if let Some(id) = path.strip_prefix("/key/").and_then(id) {
            self.with_statements(|statements| self.key(statements, id))
        } else if let Some(after) = path.strip_prefix("/page/").and_then(id) {
            self.with_statements(|statements| self.page(statements, after))
        } else {
            Ok(None)
        };
        let (status, body) = match body {
            Ok(Some(body)) => (StatusCode::OK, body),
            Ok(None) => (StatusCode::NOT_FOUND, Vec::new()),
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string().into_bytes()),
        };
        let mut response = Response::new(Full::new(Bytes::from(body)));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }

    fn with_statements(
        &self,
        read: impl FnOnce(&Statements) -> rusqlite::Result<Option<Vec<u8>>>,
    ) -> rusqlite::Result<Option<Vec<u8>>> {
        STATEMENTS.with(|cell| match cell.get() {
            Some(statements) => read(statements),
            None => {
                let opened = Statements::open(&self.database)?;
                read(cell.get_or_init(|| opened))
            }
        })
    }

    fn key(&self, statements: &Statements, id: i64) -> rusqlite::Result<Option<Vec<u8>>> {
        let mut statement = statements.key.borrow_mut();
        let mut rows = statement.query([id])?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        let mut body = Vec::with_capacity(1024);
        self.write_context(&mut body, "Rows/$entity");
        let start = body.len();
        json::write_row(&mut body, row)?;
        // The context is the first member of the row's object.
        body[start] = b',';
        Ok(Some(body))
    }

    /// One row more than the page is read, to know whether there is a next one.
    fn page(&self, statements: &Statements, after: i64) -> rusqlite::Result<Option<Vec<u8>>> {
        let mut statement = statements.page.borrow_mut();
        let mut rows = statement.query([after, PAGE_ROWS as i64 + 1])?;
        let mut body = Vec::with_capacity(PAGE_BYTES);
        self.write_context(&mut body, "Rows");
        body.extend_from_slice(b",\"value\":[");
        let mut last = after;
        let mut count = 0;
        while let Some(row) = rows.next()? {
            if count == PAGE_ROWS {
                let link = format!("],\"@odata.nextLink\":\"{}page/{last}\"}}", self.base);
                body.extend_from_slice(link.as_bytes());
                return Ok(Some(body));
            }
            if count > 0 {
                body.push(b',');
            }
            json::write_row(&mut body, row)?;
            last = row.get(0)?;
            count += 1;
        }
        body.extend_from_slice(b"]}");
        Ok(Some(body))
    }

    fn write_context(&self, body: &mut Vec<u8>, fragment: &str) {
        for part in ["{\"@odata.context\":\"", &self.base, "$metadata#", fragment, "\""] {
            body.extend_from_slice(part.as_bytes());
        }
    }
}
