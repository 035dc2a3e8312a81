//! One statement: started, and its rows handed over as they come.

use std::pin::{Pin, pin};
use std::time::Duration;

use futures_util::TryStreamExt;
use nextlink_odata::rows::{Flow, RowSink};
use nextlink_odata::value::Value;
use nextlink_sql::position;
use nextlink_sql::statement::{ChildStatement, NodeStatement, Statement};
use nextlink_sql::tree::{Param, ParamForm};
use tokio_postgres::{GenericClient, Row, RowStream};

use super::bounds::Bounds;
use super::cells::{Cells, Raw};
use super::errors::Failed;
use super::params::Bound;
use super::session::Statements;

/// Rows between two looks at the clock: they can come faster than anything waits.
pub const ROWS: usize = 64;
/// Time to wait for the end of a statement whose rows nobody wants.
const DRAINING: Duration = Duration::from_millis(50);

/// What came of one level.
pub struct Flat {
    /// Rows that were handed over.
    pub rows: u64,
    /// Whether there are no more.
    pub complete: bool,
    /// Whether the server has nothing left to say.
    pub settled: bool,
}

impl Default for Flat {
    fn default() -> Flat {
        Flat { rows: 0, complete: true, settled: true }
    }
}

/// One level: hands over its rows as they come.
pub async fn flat<S: RowSink>(
    client: &impl GenericClient,
    statements: &mut Statements,
    node: &NodeStatement,
    bounds: &Bounds<'_>,
    sink: &mut S,
) -> Result<Flat, Failed> {
    let Some(ChildStatement { one, .. }) = &node.rows else {
        return Ok(Flat::default());
    };
    let (stream, prepared) = start(client, statements, one, Vec::new()).await?;
    let mut cells = Cells::new(&node.cells, prepared.columns(), 0)?;
    let mut stream = pin!(stream);
    let mut rows: u64 = 0;
    loop {
        let row = match stream.try_next().await {
            Ok(Some(row)) => row,
            Ok(None) => return Ok(Flat { rows, ..Flat::default() }),
            Err(error) if rows == 0 => return Err(error.into()),
            Err(error) => return Err(Failed::from(error).too_late()),
        };
        let mut flow = Flow::Stop;
        if sink.begin_row(0, 0) {
            cells.push(&row, sink).map_err(|error| error.among(&node.cells))?;
            rows += 1;
            flow = sink.end_row();
            if flow == Flow::Continue {
                push_position(&row, node, sink)?;
            }
        }
        if flow == Flow::Stop {
            return Ok(Flat { rows, complete: false, settled: is_drained(stream).await });
        }
        if rows.is_multiple_of(ROWS as u64) {
            bounds.check()?;
        }
    }
}

/// Tells where the row stands, if that is wanted and known: the values as they came.
pub fn push_position<S: RowSink>(
    row: &Row,
    node: &NodeStatement,
    sink: &mut S,
) -> Result<(), tokio_postgres::Error> {
    let Some(columns) = node.position.as_ref().filter(|_| sink.wants_position()) else {
        return Ok(());
    };
    let mut values = Vec::with_capacity(columns.len());
    for column in columns.iter() {
        let Raw(value) = row.try_get(*column)?;
        let value = value.map_or(Value::Null, |bytes| Value::Binary(bytes.to_vec()));
        values.push(Param { value, form: ParamForm::Raw });
    }
    sink.position(position::to_bytes(&values));
    Ok(())
}

/// Whether the server has nothing more to say of a statement, or very little, which is dropped.
pub async fn is_drained(mut stream: Pin<&mut RowStream>) -> bool {
    let drain = async {
        for _ in 0..ROWS {
            match stream.try_next().await {
                Ok(Some(_)) => {}
                Ok(None) => return true,
                Err(_) => return false,
            }
        }
        false
    };
    tokio::time::timeout(DRAINING, drain).await.unwrap_or(false)
}

/// Starts a statement with the link values of parent rows, where it takes any, before its own parameters.
pub async fn start(
    client: &impl GenericClient,
    statements: &mut Statements,
    statement: &Statement,
    links: Vec<Bound<'_>>,
) -> Result<(RowStream, tokio_postgres::Statement), tokio_postgres::Error> {
    let prepared = statements.prepare(client, &statement.sql).await?;
    let mut params = links;
    params.extend(statement.params.iter().map(Bound::from));
    let stream = client.query_raw(&prepared, params).await?;
    Ok((stream, prepared))
}

/// The first column of the first row of a statement, which is a number; none where there is no row.
pub async fn number(
    client: &impl GenericClient,
    statements: &mut Statements,
    statement: &Statement,
) -> Result<Option<u64>, Failed> {
    let (stream, _) = start(client, statements, statement, Vec::new()).await?;
    let rows: Vec<Row> = stream.try_collect().await?;
    rows.first().map(|row| whole(row, 0)).transpose()
}

/// A number that the statement counted: `integer` for a constant, `bigint` for all else.
pub fn whole(row: &Row, column: usize) -> Result<u64, Failed> {
    let Raw(value) = row.try_get(column)?;
    let bytes = value.unwrap_or_default();
    let number = match (<[u8; 8]>::try_from(bytes), <[u8; 4]>::try_from(bytes)) {
        (Ok(bytes), _) => i64::from_be_bytes(bytes),
        (_, Ok(bytes)) => i64::from(i32::from_be_bytes(bytes)),
        _ => 0,
    };
    Ok(u64::try_from(number).unwrap_or(0))
}
