//! The catalogue of a PostgreSQL database: all that the login may read.

use std::collections::HashMap;

use nextlink_odata::model::{Computed, OnDelete, PrimitiveType};
use nextlink_sql::catalog::{
    Catalog, CatalogComposite, CatalogEnum, Column, ColumnType, ForeignKey, NativeType, Storage, Table,
    TableKind,
};
use nextlink_sql::notice::Notice;
use nextlink_sql::zone::Zone;
use tokio_postgres::Transaction;
use tokio_postgres::types::Oid;

use super::tables::{self, RawColumn, RawForeignKey, RawIndex, RawType, Relation};
use super::types::{Served, Types};
use crate::defaults::{self, Default as DefaultValue};
use crate::error::Error;
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
    let types = tables::types(server, &oids).await?;
    let composites: Vec<Oid> = types.iter().map(|ty| ty.relation).filter(|&oid| oid != 0).collect();
    let members = tables::columns(server, &composites, false).await?;
    let indexes = tables::indexes(server, &oids).await?;
    let foreign_keys = tables::foreign_keys(server, &oids).await?;
    Ok(Raw { relations, columns, types, members, indexes, foreign_keys })
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
    Ok(Catalog {
        tables,
        enums: types.enums.iter().map(|ty| enumeration(ty)).collect(),
        composites: types.composites.iter().map(|ty| composite(ty, &types)).collect(),
        ..Catalog::default()
    })
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
    let native = NativeType::Named { schema: "pg_catalog".to_owned(), name: "xid".to_owned() };
    let written = || Column {
        name: "xmin".to_owned(),
        declared: "xid".to_owned(),
        ty: ColumnType::Primitive(PrimitiveType::String),
        storage: Storage::Text,
        native,
        nullable: false,
        max_length: None,
        precision: None,
        scale: None,
        default_value: None,
        computed: Computed::Always,
        binary_collation: false,
        zone: None,
        comment: None,
    };
    if matches!(relation.kind.as_str(), "r" | "p") { vec![written()] } else { Vec::new() }
}

/// Where columns with these numbers are among those of the catalogue.
fn places(columns: &[&RawColumn], numbers: &[i16]) -> Option<Vec<usize>> {
    numbers.iter().map(|number| columns.iter().position(|column| column.number == *number)).collect()
}

pub(super) fn column(raw: &RawColumn, served: Served) -> Column {
    let expression = raw.default.as_ref().or(served.default.as_ref()).map(|text| literal(text));
    let default = match (&served.ty, expression) {
        (_, None) => DefaultValue::Nothing,
        (ColumnType::Primitive(primitive), expression) => {
            defaults::read(expression, *primitive, served.max_length)
        }
        (ColumnType::Enum(_) | ColumnType::Coded(..), expression) => {
            defaults::read(expression, PrimitiveType::String, None)
        }
        (ColumnType::Composite(_) | ColumnType::Json(_) | ColumnType::Array(_), Some(text)) => {
            match defaults::is_null(text) {
                true => DefaultValue::Nothing,
                false => DefaultValue::Computed,
            }
        }
    };
    let computed = match (&default, raw.identity.as_str()) {
        _ if raw.generated => Computed::Always,
        (_, "a") => Computed::Always,
        (_, "d") | (DefaultValue::Computed, _) => Computed::Default,
        (DefaultValue::Constant(_) | DefaultValue::Nothing, _) => Computed::No,
    };
    let zone = tells_no_zone(&served.native).then_some(Zone::UTC);
    Column {
        name: raw.name.clone(),
        declared: raw.declared.clone(),
        ty: served.ty,
        storage: served.storage,
        native: served.native,
        nullable: !(raw.not_null || served.not_null),
        max_length: served.max_length,
        precision: served.precision,
        scale: served.scale,
        default_value: match default {
            DefaultValue::Constant(value) if !raw.generated => Some(value),
            _ => None,
        },
        computed,
        binary_collation: !served.text || (raw.by_code_point == Some(true) && !raw.loose),
        zone,
        comment: raw.comment.clone(),
    }
}

/// Whether values of a type are points in time that say no time zone.
fn tells_no_zone(native: &NativeType) -> bool {
    matches!(native, NativeType::Named { schema, name } if schema == "pg_catalog" && name == "timestamp")
}

/// A default expression without casts around a literal, as in `('0'::text)::character varying`.
fn literal(expression: &str) -> &str {
    let text = expression.trim();
    if let Some((inner, ty)) = text.rsplit_once("::") {
        let is_type = |c: char| c.is_alphanumeric() || " _.\"[](),".contains(c);
        if ty.chars().all(is_type)
            && balanced(ty)
            && (inner.ends_with(['\'', ')']) || !inner.contains(['\'', '(']))
        {
            return literal(inner);
        }
    }
    match text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        Some(inner) if balanced(inner) => literal(inner),
        _ => text,
    }
}

/// Whether every parenthesis has its partner.
fn balanced(text: &str) -> bool {
    let depth = text.chars().try_fold(0_u32, |depth, c| match c {
        '(' => Some(depth + 1),
        ')' => depth.checked_sub(1),
        _ => Some(depth),
    });
    depth == Some(0)
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
    tables[own].foreign_keys.push(ForeignKey { name, columns, target, target_columns, on_delete });
}

pub(super) fn enumeration(ty: &RawType) -> CatalogEnum {
    CatalogEnum {
        schema: Some(ty.schema.clone()),
        name: ty.name.clone(),
        labels: ty.labels.clone(),
        flags: false,
        comment: ty.comment.clone(),
    }
}

pub(super) fn composite(ty: &RawType, types: &Types<'_>) -> CatalogComposite {
    let members = types.members(ty).iter();
    CatalogComposite {
        schema: Some(ty.schema.clone()),
        name: ty.name.clone(),
        columns: members.map(|member| column(member, types.column(member))).collect(),
        comment: ty.comment.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_lose_their_casts() {
        for (expression, expected) in [
            ("0", "0"),
            ("'abc'::character varying", "'abc'"),
            ("'a::b'::text", "'a::b'"),
            ("('-1'::integer)::bigint", "'-1'"),
            ("(-1)", "-1"),
            ("NULL::character varying(10)", "NULL"),
            ("'x'::\"My Type\"", "'x'"),
            ("'{}'::integer[]", "'{}'"),
            ("'it''s'::text", "'it''s'"),
            ("nextval('a_id_seq'::regclass)", "nextval('a_id_seq'::regclass)"),
            ("('a'::text || 'b'::text)", "'a'::text || 'b'"),
            ("now()", "now()"),
            ("(now())::date", "now()"),
        ] {
            assert_eq!(literal(expression), expected, "{expression}");
        }
    }
}
