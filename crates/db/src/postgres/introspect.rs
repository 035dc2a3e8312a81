//! The catalogue of a PostgreSQL database: all that the login may read.

use std::collections::HashMap;

use nextlink_odata::model::{Computed, OnDelete, PrimitiveType};
use nextlink_sql::catalog::{Catalog, Column, ColumnType, ForeignKey, NativeType, Storage, Table, TableKind};
use nextlink_sql::notice::Notice;
use tokio_postgres::Transaction;
use tokio_postgres::types::Oid;

use super::columns::{column, composite, enumeration};
use super::routines::{self, RawRoutine};
use super::tables::{self, RawColumn, RawForeignKey, RawIndex, RawType, Relation};
use super::types::Types;
use crate::error::Error;
use crate::routines::too_many;
use crate::sqlite::IntrospectLimits;

/// What was read of the server's catalogue.
struct Raw {
    relations: Vec<Relation>,
    columns: Vec<RawColumn>,
    types: Vec<RawType>,
    /// Columns of composite types.
    members: Vec<RawColumn>,
    indexes: Vec<RawIndex>,
    foreign_keys: Vec<RawForeignKey>,
    routines: Vec<RawRoutine>,
    /// Whether there are more functions than the limit.
    too_many: bool,
}

/// Reads the catalogue of these schemas, of all that are not the server's own where none are named.
///
/// # Errors
/// The server fails, or a limit was passed.
pub async fn introspect(
    server: &Transaction<'_>,
    schemas: &[String],
    limits: &IntrospectLimits,
) -> Result<(Catalog, Vec<Notice>), Error> {
    let mut notices = Vec::new();
    for schema in tables::missing_schemas(server, schemas).await? {
        notices.push(Notice::table(&schema, "There is no schema of this name."));
    }
    let raw = read(server, schemas, limits).await?;
    let catalog = assemble(&raw, limits, &mut notices)?;
    Ok((catalog, notices))
}

async fn read(server: &Transaction<'_>, schemas: &[String], limits: &IntrospectLimits) -> Result<Raw, Error> {
    let relations = tables::relations(server, schemas).await?;
    if relations.len() > limits.tables {
        return Err(Error::TooManyTables { found: relations.len(), limit: limits.tables });
    }
    let oids: Vec<Oid> = relations.iter().map(|relation| relation.oid).collect();
    let columns = tables::columns(server, &oids, true).await?;
    let mut routines = routines::routines(server, schemas, limits.tables + 1).await?;
    let too_many = routines.len() > limits.tables;
    if too_many {
        routines.clear();
    }
    let used: Vec<Oid> = routines.iter().flat_map(RawRoutine::types).collect();
    let types = tables::types(server, &oids, &used).await?;
    let composites: Vec<Oid> = types.iter().map(|ty| ty.relation).filter(|&oid| oid != 0).collect();
    let members = tables::columns(server, &composites, false).await?;
    let indexes = tables::indexes(server, &oids).await?;
    let foreign_keys = tables::foreign_keys(server, &oids).await?;
    Ok(Raw { relations, columns, types, members, indexes, foreign_keys, routines, too_many })
}

fn assemble(raw: &Raw, limits: &IntrospectLimits, notices: &mut Vec<Notice>) -> Result<Catalog, Error> {
    let types = Types::new(&raw.types, &raw.members);
    let mut columns: HashMap<Oid, Vec<&RawColumn>> = HashMap::new();
    for column in &raw.columns {
        columns.entry(column.relation).or_default().push(column);
    }
    let mut tables = Vec::with_capacity(raw.relations.len());
    for relation in &raw.relations {
        let own = columns.get(&relation.oid).map_or(&[][..], Vec::as_slice);
        if own.len() > limits.columns {
            let (table, found, limit) = (relation.name.clone(), own.len(), limits.columns);
            return Err(Error::TooManyColumns { table, found, limit });
        }
        let indexes = raw.indexes.iter().filter(|index| index.relation == relation.oid);
        tables.push(table(relation, own, indexes, &types, notices));
    }
    for key in &raw.foreign_keys {
        link(raw, &columns, key, &mut tables, notices);
    }
    let mut composites = types.composites.iter().map(|ty| composite(ty, &types)).collect();
    let routines = routines::served(&raw.routines, &types, &mut composites, notices);
    if raw.too_many {
        notices.push(too_many());
    }
    let enums = types.enums.iter().map(|ty| enumeration(ty)).collect();
    Ok(Catalog { tables, enums, composites, routines, ..Catalog::default() })
}

fn table<'a>(
    relation: &Relation,
    raw: &[&RawColumn],
    indexes: impl Iterator<Item = &'a RawIndex>,
    types: &Types<'_>,
    notices: &mut Vec<Notice>,
) -> Table {
    let (mut primary_key, mut unique) = (Vec::new(), Vec::new());
    for index in indexes {
        // A key of columns that may not be read is none.
        match places(raw, &index.columns) {
            Some(columns) if index.primary => primary_key = columns,
            Some(columns) => unique.push(columns),
            None => {}
        }
    }
    if relation.kind == "m" && !unique.is_empty() {
        // The server forgets of a materialized view which columns have no null; its own unique index is its key.
        let shortest = (0..unique.len()).min_by_key(|&i| unique[i].len()).unwrap_or_default();
        primary_key = unique.remove(shortest);
    }
    let mut columns = Vec::with_capacity(raw.len());
    for raw in raw {
        let served = types.column(raw);
        if let Some(why) = served.flattened {
            let text = ["Served as text: ", why, "."].concat();
            notices.push(Notice::column(&relation.name, &raw.name, text));
        }
        columns.push(column(raw, served));
    }
    Table {
        schema: Some(relation.schema.clone()),
        name: relation.name.clone(),
        kind: if matches!(relation.kind.as_str(), "v" | "m") { TableKind::View } else { TableKind::Table },
        select: None,
        columns,
        system: system_columns(relation),
        primary_key,
        unique,
        foreign_keys: Vec::new(),
        comment: relation.comment.clone(),
    }
}

/// What rows of a table have besides: the transaction that has written them. Partitions have it, so tables made of them do.
fn system_columns(relation: &Relation) -> Vec<Column> {
    let written = || Column {
        declared: "xid".to_owned(),
        storage: Storage::Text,
        native: NativeType::Named { schema: "pg_catalog".to_owned(), name: "xid".to_owned() },
        nullable: false,
        computed: Computed::Always,
        ..Column::plain("xmin".to_owned(), ColumnType::Primitive(PrimitiveType::String))
    };
    if matches!(relation.kind.as_str(), "r" | "p") { vec![written()] } else { Vec::new() }
}

/// Where columns with these numbers are among those of the catalogue.
fn places(columns: &[&RawColumn], numbers: &[i16]) -> Option<Vec<usize>> {
    numbers.iter().map(|number| columns.iter().position(|column| column.number == *number)).collect()
}

fn link(
    raw: &Raw,
    columns: &HashMap<Oid, Vec<&RawColumn>>,
    key: &RawForeignKey,
    tables: &mut [Table],
    notices: &mut Vec<Notice>,
) {
    let index = |oid: Oid| raw.relations.iter().position(|relation| relation.oid == oid);
    let place = |oid: Oid, numbers: &[i16]| places(columns.get(&oid)?, numbers);
    let Some(own) = index(key.relation) else {
        return;
    };
    let target = index(key.target);
    let both = place(key.relation, &key.columns).zip(place(key.target, &key.target_columns));
    let (Some(target), Some((columns, target_columns))) = (target, both) else {
        let text = [
            "The foreign key `",
            &key.name,
            "` to ",
            &key.target_name,
            " was dropped: not all of its columns are served.",
        ];
        notices.push(Notice::table(&tables[own].name, text.concat()));
        return;
    };
    let on_delete = match key.on_delete.as_str() {
        "c" => Some(OnDelete::Cascade),
        "n" => Some(OnDelete::SetNull),
        "d" => Some(OnDelete::SetDefault),
        "r" => Some(OnDelete::None),
        _ => None,
    };
    let name = Some(key.name.clone());
    let vouched = key.validated;
    tables[own].foreign_keys.push(ForeignKey { name, columns, target, target_columns, on_delete, vouched });
}
