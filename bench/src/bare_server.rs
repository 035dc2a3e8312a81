//! The baseline: hyper and a driver with nothing between them, answering the same JSON as Nextlink.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::mariadb::MariaDb;
use crate::postgres::Postgres;
use crate::source::Source;
use crate::sqlite::{self, Sqlite};
use crate::tables::Tables;

/// Room for a row, and for a page, which is a little longer than this.
const ROW_BYTES: usize = 1_024;
const PAGE_BYTES: usize = 320 * 1_024;

/// Serve /key/{id}, /page/{after}, /orders/{after}, /groups and /all with a statement each and no other work.
#[derive(Debug, clap::Parser)]
pub struct Args {
    /// The benchmark database: sqlite:PATH or the URL of a server's
    source: Source,
    /// Address and port to listen on
    address: SocketAddr,
    /// Threads; statements of SQLite run on them
    #[arg(long, default_value_t = 2)]
    workers: usize,
    /// Connections to a database server
    #[arg(long)]
    connections: Option<usize>,
}

/// Serves until the process is ended.
///
/// # Errors
/// Where the address cannot be bound or the database not be opened.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(args.workers).enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(args.address).await.with_context(|| args.address.to_string())?;
        // On a worker, so that no request is handed from one thread to another.
        tokio::spawn(serve(listener, args.source.clone(), args.connections)).await?
    })
}

/// Accepts connections until the task is dropped.
///
/// # Errors
/// Where the database cannot be opened or the listener fails.
pub async fn serve(listener: TcpListener, source: Source, connections: Option<usize>) -> anyhow::Result<()> {
    match source {
        Source::Sqlite(path) => {
            sqlite::open(&path)?;
            accept(listener, Sqlite(path)).await
        }
        Source::Postgres(url) => accept(listener, Postgres::open(&url, connections).await?).await,
        Source::MariaDb(url) => accept(listener, MariaDb::open(&url, connections).await?).await,
    }
}

async fn accept(listener: TcpListener, tables: impl Tables) -> anyhow::Result<()> {
    let base = format!("http://{}/", listener.local_addr()?);
    let server = Arc::new(Server { tables, base });
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let server = Arc::clone(&server);
        tokio::spawn(async move {
            let service = service_fn(|request: Request<_>| {
                let server = Arc::clone(&server);
                async move { Ok::<_, Infallible>(server.answer(request.uri().path()).await) }
            });
            // A client that hangs up is no concern of a benchmark.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

struct Server<T> {
    tables: T,
    /// What links and contexts begin with, with a slash at the end.
    base: String,
}

impl<T: Tables> Server<T> {
    async fn answer(&self, path: &str) -> Response<Full<Bytes>> {
        let (status, body) = match self.body(path).await {
            Ok(Some(body)) => (StatusCode::OK, body),
            Ok(None) => (StatusCode::NOT_FOUND, Vec::new()),
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}").into_bytes()),
        };
        let mut response = Response::new(Full::new(Bytes::from(body)));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }

    async fn body(&self, path: &str) -> anyhow::Result<Option<Vec<u8>>> {
        let id = |text: &str| text.parse::<i64>().ok();
        if path == "/all" {
            self.page(0).await.map(Some)
        } else if path == "/groups" {
            self.groups().await.map(Some)
        } else if let Some(id) = path.strip_prefix("/key/").and_then(id) {
            self.key(id).await
        } else if let Some(after) = path.strip_prefix("/page/").and_then(id) {
            self.page(after).await.map(Some)
        } else if let Some(after) = path.strip_prefix("/orders/").and_then(id) {
            self.orders(after).await.map(Some)
        } else {
            Ok(None)
        }
    }

    async fn key(&self, id: i64) -> anyhow::Result<Option<Vec<u8>>> {
        let mut body = Vec::with_capacity(ROW_BYTES);
        self.write_context(&mut body, "Rows/$entity");
        let start = body.len();
        if !self.tables.row(id, &mut body).await? {
            return Ok(None);
        }
        // The context is the first member of the row's object.
        body[start] = b',';
        Ok(Some(body))
    }

    async fn page(&self, after: i64) -> anyhow::Result<Vec<u8>> {
        let mut body = self.open("Rows");
        match self.tables.rows_after(after, &mut body).await? {
            Some(last) => {
                let link = format!("],\"@odata.nextLink\":\"{}page/{last}\"}}", self.base);
                body.extend_from_slice(link.as_bytes());
            }
            None => body.extend_from_slice(b"]}"),
        }
        Ok(body)
    }

    async fn orders(&self, after: i64) -> anyhow::Result<Vec<u8>> {
        let mut body = self.open("Orders(Items())");
        self.tables.orders_after(after, &mut body).await?;
        body.extend_from_slice(b"]}");
        Ok(body)
    }

    async fn groups(&self) -> anyhow::Result<Vec<u8>> {
        let mut body = self.open("Rows(Day,Total,Count)");
        self.tables.groups(&mut body).await?;
        body.extend_from_slice(b"]}");
        Ok(body)
    }

    fn open(&self, fragment: &str) -> Vec<u8> {
        let mut body = Vec::with_capacity(PAGE_BYTES);
        self.write_context(&mut body, fragment);
        body.extend_from_slice(b",\"value\":[");
        body
    }

    fn write_context(&self, body: &mut Vec<u8>, fragment: &str) {
        for part in ["{\"@odata.context\":\"", &self.base, "$metadata#", fragment, "\""] {
            body.extend_from_slice(part.as_bytes());
        }
    }
}
