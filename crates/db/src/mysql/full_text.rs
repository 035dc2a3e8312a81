//! FULLTEXT indexes, as the server tells of them.

use mysql_async::Value;
use nextlink_sql::full_text::{ColumnIndex, FullTexts};

use super::errors::Done;
use super::schema::number;
use super::session::Session;

/// Columns of the indexes in their order, with how long a word is at least.
const INDEXES: &str = "\
SELECT s.TABLE_SCHEMA, s.TABLE_NAME, s.INDEX_NAME, s.COLUMN_NAME, \
CAST(CASE WHEN t.ENGINE = 'InnoDB' THEN @@innodb_ft_min_token_size ELSE @@ft_min_word_len END AS UNSIGNED) \
FROM information_schema.STATISTICS s \
JOIN information_schema.TABLES t ON t.TABLE_SCHEMA = s.TABLE_SCHEMA AND t.TABLE_NAME = s.TABLE_NAME \
WHERE s.INDEX_TYPE = 'FULLTEXT' \
ORDER BY s.TABLE_SCHEMA, s.TABLE_NAME, s.INDEX_NAME, s.SEQ_IN_INDEX";

/// All FULLTEXT indexes that the login may know of.
pub(super) async fn full_texts(session: &mut Session) -> Done<FullTexts> {
    let mut rows = session.query(INDEXES, Vec::new()).await?;
    let mut indexes: Vec<(String, ColumnIndex)> = Vec::new();
    while let Some(row) = rows.next().await? {
        let text = |place: usize| match row.as_ref(place) {
            Some(Value::Bytes(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
            _ => String::new(),
        };
        let (schema, table, name, column) = (text(0), text(1), text(2), text(3));
        match indexes.last_mut() {
            Some((known, index)) if *known == name && (&index.schema, &index.table) == (&schema, &table) => {
                index.columns.push(column);
            }
            _ => {
                let least = number(&row, 4).and_then(|least| usize::try_from(least).ok()).unwrap_or_default();
                indexes.push((name, ColumnIndex { schema, table, columns: vec![column], least }));
            }
        }
    }
    Ok(FullTexts::Columns(indexes.into_iter().map(|(_, index)| index).collect()))
}
