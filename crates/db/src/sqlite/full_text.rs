//! Tables of FTS5, as the file tells of them.

use nextlink_sql::full_text::{FullTexts, WordTable};
use rusqlite::Connection;

use crate::error::Error;

/// Characters by which words are found that are cut into three characters.
const THREE: usize = 3;

/// The tables of FTS5 that a file has.
///
/// # Errors
/// The file cannot be read.
pub(super) fn full_texts(conn: &Connection) -> Result<FullTexts, Error> {
    let sql = "SELECT s.name, s.sql FROM main.sqlite_schema s WHERE s.type = 'table' \
               AND lower(substr(s.sql, 1, 21)) = 'create virtual table ' ORDER BY s.name";
    let mut statement = conn.prepare(sql)?;
    let found = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut tables = Vec::new();
    for found in found {
        let (name, sql): (String, String) = found?;
        if let Some(mut table) = word_table(&name, &sql) {
            // Rows of some tables have no number.
            let rowless = "SELECT count(*) FROM pragma_table_list(?1) WHERE schema = 'main' AND (wr OR type <> 'table')";
            if let (Some(content), Some("rowid")) = (&table.content, table.row.as_deref())
                && conn.query_row(rowless, [content], |row| row.get::<_, i64>(0))? > 0
            {
                table.row = None;
            }
            tables.push(table);
        }
    }
    Ok(FullTexts::Tables(tables))
}

/// What the statement says that has made a table.
fn word_table(name: &str, sql: &str) -> Option<WordTable> {
    let (head, arguments) = sql.split_once('(')?;
    if !head.trim_end().to_ascii_lowercase().ends_with("fts5") {
        return None;
    }
    let arguments = arguments.rsplit_once(')')?.0;
    let (mut columns, mut content, mut row, mut least) = (Vec::new(), None, None, 1);
    for argument in separated(arguments, ',') {
        let mut parts = separated(&argument, '=').into_iter();
        let (Some(key), value) = (parts.next(), parts.next()) else { continue };
        let Some(value) = value.map(|value| bare(&value)) else {
            columns.extend(separated(key.trim(), ' ').first().map(|column| bare(column)));
            continue;
        };
        match key.trim().to_ascii_lowercase().as_str() {
            "content" => content = Some(value).filter(|value| !value.is_empty()),
            "content_rowid" => row = Some(value),
            "tokenize" if value.to_ascii_lowercase().contains("trigram") => least = THREE,
            _ => {}
        }
    }
    let row = row.or_else(|| content.is_some().then(|| "rowid".to_owned()));
    Some(WordTable { name: name.to_owned(), content, row, columns, least })
}

/// The parts of a text, which can be in quotes.
fn separated(text: &str, separator: char) -> Vec<String> {
    let (mut parts, mut quote) = (vec![String::new()], None);
    for c in text.chars() {
        match (quote, c) {
            (None, c) if c == separator => {
                parts.push(String::new());
                continue;
            }
            (None, '\'' | '"' | '`') => quote = Some(c),
            (None, '[') => quote = Some(']'),
            (Some(end), c) if c == end => quote = None,
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    parts
}

/// A word without its quotes.
fn bare(text: &str) -> String {
    let text = text.trim();
    for (begin, end) in [('\'', '\''), ('"', '"'), ('`', '`'), ('[', ']')] {
        if let Some(inner) = text.strip_prefix(begin).and_then(|rest| rest.strip_suffix(end)) {
            return inner.replace(&String::from_iter([end, end]), &end.to_string());
        }
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_when_a_table_is_made() {
        let found = |sql: &str| {
            let table = word_table("f", sql)?;
            let text = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
            Some(format!(
                "{} of {} by {} from {}",
                table.columns.join("+"),
                text(table.content),
                text(table.row),
                table.least
            ))
        };
        for (sql, expected) in [
            ("CREATE VIRTUAL TABLE f USING fts5(a, b)", Some("a+b of - by - from 1")),
            (
                "CREATE VIRTUAL TABLE f USING FTS5 ( \"a,b\", c UNINDEXED, content='my t', content_rowid=id)",
                Some("a,b+c of my t by id from 1"),
            ),
            (
                "create virtual table f using fts5(a, content=\"t\", tokenize = 'trigram case_sensitive 0')",
                Some("a of t by rowid from 3"),
            ),
            ("CREATE VIRTUAL TABLE f USING fts5([a], content='')", Some("a of - by - from 1")),
            ("CREATE VIRTUAL TABLE f USING rtree(id, a, b)", None),
        ] {
            assert_eq!(found(sql).as_deref(), expected, "{sql}");
        }
    }
}
