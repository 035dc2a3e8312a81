//! The columns of a SELECT, as the server describes it.

use std::sync::Arc;

use nextlink_sql::catalog::{Catalog, Table};
use nextlink_sql::notice::Notice;
use tokio_postgres::types::Oid;
use tokio_postgres::{Statement, Transaction};

use super::columns::{column, composite, enumeration};
use super::tables::{self, RawColumn};
use super::types::Types;
use crate::error::Error;
use crate::sqlite::IntrospectLimits;

/// Describes a SELECT as a view of this name would be; why not, where the server refuses it.
///
/// # Errors
/// The server fails.
pub async fn describe(
    server: &Transaction<'_>,
    name: &str,
    select: &Arc<str>,
    limits: &IntrospectLimits,
) -> Result<Result<(Catalog, Vec<Notice>), String>, Error> {
    let prepared = match prepare(server, select, 0).await? {
        Ok(prepared) => prepared,
        Err(why) => return Ok(Err(why)),
    };
    let found = prepared.columns();
    if found.len() > limits.columns {
        return Ok(Err(["it has more than ", &limits.columns.to_string(), " columns"].concat()));
    }
    let twice = found.iter().enumerate().find(|(i, a)| found[..*i].iter().any(|b| b.name() == a.name()));
    if let Some((_, column)) = twice {
        return Ok(Err(["it has two columns `", column.name(), "`"].concat()));
    }
    let oids: Vec<Oid> = found.iter().map(|column| column.type_().oid()).collect();
    let types = tables::types(server, &[], &oids).await?;
    let composites: Vec<Oid> = types.iter().map(|ty| ty.relation).filter(|&oid| oid != 0).collect();
    let members = tables::columns(server, &composites, false).await?;
    let types = Types::new(&types, &members);
    let mut notices = Vec::new();
    let mut columns = Vec::with_capacity(found.len());
    for (found, declared) in found.iter().zip(&oids) {
        let raw = RawColumn::of_select(found.name(), *declared, found.type_modifier());
        let served = types.column(&raw);
        if let Some(why) = served.flattened {
            notices.push(Notice::column(name, &raw.name, ["Served as text: ", why, "."].concat()));
        }
        columns.push(column(&raw, served));
    }
    let table = Table::of_select(name, select, columns);
    let catalog = Catalog {
        tables: vec![table],
        enums: types.enums.iter().map(|ty| enumeration(ty)).collect(),
        composites: types.composites.iter().map(|ty| composite(ty, &types)).collect(),
        ..Catalog::default()
    };
    Ok(Ok((catalog, notices)))
}

/// The columns of a SELECT with so many places for values; why there are none, where the server refuses it.
///
/// # Errors
/// The server fails.
pub async fn columns(
    server: &Transaction<'_>,
    select: &str,
    places: usize,
) -> Result<Result<Vec<String>, String>, Error> {
    let prepared = prepare(server, select, places).await?;
    Ok(prepared.map(|prepared| prepared.columns().iter().map(|column| column.name().to_owned()).collect()))
}

/// Has the server look at a SELECT that stands in the place of a table.
async fn prepare(
    server: &Transaction<'_>,
    select: &str,
    places: usize,
) -> Result<Result<Statement, String>, Error> {
    let sql = ["SELECT * FROM (", select, ") AS t"].concat();
    match server.prepare(&sql).await {
        Ok(prepared) if prepared.params().len() == places => Ok(Ok(prepared)),
        Ok(_) => Ok(Err("it has parameters that nobody gives".to_owned())),
        Err(error) => match error.as_db_error().map(|said| said.message().to_owned()) {
            Some(message) if !Error::from(error).is_down() => Ok(Err(message)),
            Some(message) => Err(Error::Unreachable(message)),
            None => Err(Error::Unreachable("the connection failed".to_owned())),
        },
    }
}
