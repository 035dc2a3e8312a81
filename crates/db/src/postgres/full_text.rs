//! Indexes over words, as the server's own catalogue tells of them.

use nextlink_sql::full_text::{FullTexts, VectorIndex};
use tokio_postgres::Transaction;

use crate::error::Error;

/// What each valid index is over, column by column, of those kinds that serve for words.
const INDEXES: &str = "\
SELECT n.nspname, c.relname, pg_catalog.pg_get_indexdef(i.indexrelid, k.number, true)
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
JOIN pg_catalog.pg_am m ON m.oid = x.relam
JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL pg_catalog.generate_series(1, i.indnkeyatts::int4) AS k(number)
WHERE m.amname IN ('gin', 'gist', 'rum') AND i.indisvalid AND i.indpred IS NULL
AND n.nspname NOT LIKE 'pg\\_%'
ORDER BY n.nspname COLLATE \"C\", c.relname COLLATE \"C\", x.relname COLLATE \"C\", k.number";

/// All indexes that can be over words.
///
/// # Errors
/// The server fails.
pub async fn full_texts(server: &Transaction<'_>) -> Result<FullTexts, Error> {
    let rows = server.query(INDEXES, &[]).await?;
    let index = |row: &tokio_postgres::Row| {
        Ok(VectorIndex { schema: row.try_get(0)?, table: row.try_get(1)?, over: row.try_get(2)? })
    };
    let indexes = rows.iter().map(index).collect::<Result<_, tokio_postgres::Error>>()?;
    Ok(FullTexts::Vectors(indexes))
}
