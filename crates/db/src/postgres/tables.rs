//! What the server's own catalogue says of tables, columns, keys and types, read by a few statements for all of them.

use tokio_postgres::types::Oid;
use tokio_postgres::{Row, Transaction};

use crate::error::Error;

/// A table, view or the like.
pub struct Relation {
    pub oid: Oid,
    pub schema: String,
    pub name: String,
    /// `r` table, `p` partitioned table, `f` foreign table, `v` view, `m` materialized view.
    pub kind: String,
    pub comment: Option<String>,
}

/// Those that the login may read, without partitions, which are parts of others.
const RELATIONS: &str = "\
SELECT c.oid, n.nspname, c.relname, c.relkind::text, pg_catalog.obj_description(c.oid, 'pg_class')
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND NOT c.relispartition AND c.relpersistence <> 't'
AND CASE WHEN pg_catalog.cardinality($1::text[]) = 0
    THEN n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
    ELSE n.nspname = ANY($1::text[]) END
AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
AND (pg_catalog.has_table_privilege(c.oid, 'SELECT') OR pg_catalog.has_any_column_privilege(c.oid, 'SELECT'))
ORDER BY n.nspname COLLATE \"C\", c.relname COLLATE \"C\"";

/// A column of a table or of a composite type.
pub struct RawColumn {
    pub relation: Oid,
    /// Its number in the relation.
    pub number: i16,
    pub name: String,
    /// The type as declared.
    pub declared: String,
    pub ty: Oid,
    /// Length, precision and scale.
    pub modifier: i32,
    /// Dimensions of an array, as declared.
    pub dimensions: i32,
    pub not_null: bool,
    /// `a` always, `d` by default.
    pub identity: String,
    pub generated: bool,
    pub default: Option<String>,
    /// Whether its collation is that of code points; none where it has no collation.
    pub by_code_point: Option<bool>,
    /// Whether texts that differ can be equal.
    pub loose: bool,
    pub comment: Option<String>,
}

/// The collation of the database counts where that of the column is the default.
const COLUMNS: &str = "\
SELECT a.attrelid, a.attnum, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.atttypid, a.atttypmod,
    a.attndims::int4, a.attnotnull, a.attidentity::text, a.attgenerated <> '',
    pg_catalog.pg_get_expr(d.adbin, d.adrelid),
    CASE WHEN l.collname = 'default' THEN b.code_points
        ELSE l.collcollate IN ('C', 'POSIX') OR l.collname = 'ucs_basic' END,
    NOT coalesce(l.collisdeterministic, true),
    pg_catalog.col_description(a.attrelid, a.attnum)
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
CROSS JOIN (
    SELECT CASE pg_catalog.to_jsonb(p) ->> 'datlocprovider' WHEN 'b' THEN true WHEN 'i' THEN false
        ELSE p.datcollate IN ('C', 'POSIX') END AS code_points
    FROM pg_catalog.pg_database p WHERE p.datname = pg_catalog.current_database()
) b
WHERE a.attrelid = ANY($1) AND a.attnum > 0 AND NOT a.attisdropped
AND (c.relkind = 'c' OR NOT $2 OR pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT'))
ORDER BY a.attrelid, a.attnum";

impl RawColumn {
    /// A column of a SELECT, of which the server tells nothing but name and type.
    pub fn of_select(name: &str, ty: Oid, modifier: i32) -> RawColumn {
        RawColumn {
            relation: 0,
            number: 0,
            name: name.to_owned(),
            declared: String::new(),
            ty,
            modifier,
            dimensions: 0,
            not_null: false,
            identity: String::new(),
            generated: false,
            default: None,
            by_code_point: None,
            loose: false,
            comment: None,
        }
    }
}

/// A type.
pub struct RawType {
    pub oid: Oid,
    pub schema: String,
    pub name: String,
    /// `b` base, `c` composite, `d` domain, `e` enumeration, and others.
    pub kind: String,
    /// The type of the items of an array, else 0.
    pub item: Oid,
    /// The type that a domain is over, else 0.
    pub base: Oid,
    pub modifier: i32,
    pub dimensions: i32,
    pub not_null: bool,
    pub default: Option<String>,
    /// The relation of a composite type, else 0.
    pub relation: Oid,
    /// Labels of an enumeration.
    pub labels: Vec<String>,
    pub comment: Option<String>,
    /// Whether it is one of PostGIS, whose functions are found.
    pub has_shapes: bool,
    /// Whether it is that of the rows of a table or view.
    pub is_rows: bool,
}

/// Types of the columns of some relations, some types, and all that those are made of.
const TYPES: &str = "\
WITH RECURSIVE used(oid) AS (
    SELECT DISTINCT atttypid FROM pg_catalog.pg_attribute
    WHERE attrelid = ANY($1) AND attnum > 0 AND NOT attisdropped
    UNION
    SELECT DISTINCT unnest($2::oid[])
    UNION
    SELECT p.oid FROM used u
    JOIN pg_catalog.pg_type t ON t.oid = u.oid
    CROSS JOIN LATERAL (
        SELECT t.typbasetype AS oid WHERE t.typtype = 'd'
        UNION ALL SELECT t.typelem WHERE t.typcategory = 'A' AND t.typelem <> 0
        UNION ALL SELECT a.atttypid FROM pg_catalog.pg_attribute a
            WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
    ) p
)
SELECT t.oid, n.nspname, t.typname, t.typtype::text, CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE 0 END,
    t.typbasetype, t.typtypmod, t.typndims, t.typnotnull, t.typdefault, t.typrelid,
    ARRAY(SELECT e.enumlabel::text FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder),
    pg_catalog.obj_description(t.oid, 'pg_type'),
    pg_catalog.pg_type_is_visible(t.oid) AND EXISTS (
        SELECT FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension x ON x.oid = d.refobjid
        WHERE d.classid = 'pg_catalog.pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e' AND x.extname = 'postgis'),
    EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid AND c.relkind <> 'c')
FROM used u
JOIN pg_catalog.pg_type t ON t.oid = u.oid
JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
ORDER BY n.nspname COLLATE \"C\", t.typname COLLATE \"C\"";

/// A unique index.
pub struct RawIndex {
    pub relation: Oid,
    pub primary: bool,
    /// Numbers of its columns.
    pub columns: Vec<i16>,
}

/// Valid ones without expressions and without a condition; the first columns are the key, others only come along.
const INDEXES: &str = "\
SELECT i.indrelid, i.indisprimary, (i.indkey::int2[])[0:i.indnkeyatts - 1]
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = ANY($1) AND i.indisunique AND i.indisvalid AND i.indexprs IS NULL AND i.indpred IS NULL
ORDER BY i.indrelid, i.indisprimary DESC, c.relname COLLATE \"C\"";

/// A foreign key.
pub struct RawForeignKey {
    pub relation: Oid,
    pub name: String,
    pub columns: Vec<i16>,
    pub target: Oid,
    pub target_columns: Vec<i16>,
    /// `c` cascade, `n` set null, `d` set default, `r` restrict, `a` nothing.
    pub on_delete: String,
    /// Whether all rows have been looked at.
    pub validated: bool,
    /// The table it leads to, for messages.
    pub target_name: String,
}

/// Without those that the server makes for each partition of the table that is referenced.
const FOREIGN_KEYS: &str = "\
SELECT k.conrelid, k.conname, k.conkey, k.confrelid, k.confkey, k.confdeltype::text, k.confrelid::regclass::text, k.convalidated
FROM pg_catalog.pg_constraint k
WHERE k.contype = 'f' AND k.conrelid = ANY($1) AND k.conparentid = 0
ORDER BY k.conrelid, k.conname COLLATE \"C\"";

/// Which of these schemas there are.
const SCHEMAS: &str = "SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname = ANY($1::text[])";

/// The tables of these schemas, of all where none are named.
pub async fn relations(server: &Transaction<'_>, schemas: &[String]) -> Result<Vec<Relation>, Error> {
    let read = |row: &Row| {
        Ok(Relation {
            oid: row.try_get(0)?,
            schema: row.try_get(1)?,
            name: row.try_get(2)?,
            kind: row.try_get(3)?,
            comment: row.try_get(4)?,
        })
    };
    all(server.query(RELATIONS, &[&schemas]).await?, read)
}

/// The columns of relations; of tables those that the login may read, where that is asked for.
pub async fn columns(
    server: &Transaction<'_>,
    relations: &[Oid],
    readable: bool,
) -> Result<Vec<RawColumn>, Error> {
    let read = |row: &Row| {
        Ok(RawColumn {
            relation: row.try_get(0)?,
            number: row.try_get(1)?,
            name: row.try_get(2)?,
            declared: row.try_get(3)?,
            ty: row.try_get(4)?,
            modifier: row.try_get(5)?,
            dimensions: row.try_get(6)?,
            not_null: row.try_get(7)?,
            identity: row.try_get(8)?,
            generated: row.try_get(9)?,
            default: row.try_get(10)?,
            by_code_point: row.try_get(11)?,
            loose: row.try_get(12)?,
            comment: row.try_get(13)?,
        })
    };
    all(server.query(COLUMNS, &[&relations, &readable]).await?, read)
}

/// The types of the columns of relations, these types, and what they are made of.
pub async fn types(
    server: &Transaction<'_>,
    relations: &[Oid],
    types: &[Oid],
) -> Result<Vec<RawType>, Error> {
    let read = |row: &Row| {
        Ok(RawType {
            oid: row.try_get(0)?,
            schema: row.try_get(1)?,
            name: row.try_get(2)?,
            kind: row.try_get(3)?,
            item: row.try_get(4)?,
            base: row.try_get(5)?,
            modifier: row.try_get(6)?,
            dimensions: row.try_get(7)?,
            not_null: row.try_get(8)?,
            default: row.try_get(9)?,
            relation: row.try_get(10)?,
            labels: row.try_get(11)?,
            comment: row.try_get(12)?,
            has_shapes: row.try_get(13)?,
            is_rows: row.try_get(14)?,
        })
    };
    all(server.query(TYPES, &[&relations, &types]).await?, read)
}

/// The unique indexes of relations, the primary key first.
pub async fn indexes(server: &Transaction<'_>, relations: &[Oid]) -> Result<Vec<RawIndex>, Error> {
    let read = |row: &Row| {
        Ok(RawIndex { relation: row.try_get(0)?, primary: row.try_get(1)?, columns: row.try_get(2)? })
    };
    all(server.query(INDEXES, &[&relations]).await?, read)
}

/// The foreign keys of relations.
pub async fn foreign_keys(server: &Transaction<'_>, relations: &[Oid]) -> Result<Vec<RawForeignKey>, Error> {
    let read = |row: &Row| {
        Ok(RawForeignKey {
            relation: row.try_get(0)?,
            name: row.try_get(1)?,
            columns: row.try_get(2)?,
            target: row.try_get(3)?,
            target_columns: row.try_get(4)?,
            on_delete: row.try_get(5)?,
            target_name: row.try_get(6)?,
            validated: row.try_get(7)?,
        })
    };
    all(server.query(FOREIGN_KEYS, &[&relations]).await?, read)
}

/// Those of these schemas that there are not.
pub async fn missing_schemas(server: &Transaction<'_>, schemas: &[String]) -> Result<Vec<String>, Error> {
    let there: Vec<String> = all(server.query(SCHEMAS, &[&schemas]).await?, |row| row.try_get(0))?;
    Ok(schemas.iter().filter(|schema| !there.contains(schema)).cloned().collect())
}

/// Reads all rows of a statement.
pub fn all<T>(
    rows: Vec<Row>,
    read: impl Fn(&Row) -> Result<T, tokio_postgres::Error>,
) -> Result<Vec<T>, Error> {
    rows.iter().map(|row| read(row).map_err(Error::from)).collect()
}
