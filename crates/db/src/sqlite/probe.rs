//! What the values of a table are, asked of SQLite itself: one aggregate statement for some dozens of columns.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use super::types::{Facts, Wish};

/// Columns in one statement. Each takes eleven result columns; SQLite allows 2,000.
const COLUMNS_AT_ONCE: usize = 50;

/// Values of a column that `Facts` takes from a result row.
const FIELDS: usize = 11;

/// What to look at.
pub(super) struct Probe<'a> {
    /// Quoted name of the table, with its schema.
    pub(super) from: &'a str,
    /// Column names and what their declarations ask for.
    pub(super) columns: &'a [(String, Wish)],
    /// How rows can be picked.
    pub(super) access: Access,
    /// Tables of up to so many rows are read in full; of others half as many at each end.
    pub(super) rows: u32,
}

/// How rows at both ends of a table are found at little cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Access {
    /// By this name of the rowid.
    RowId(&'static str),
    /// In the order of the primary key: quoted names.
    Key(Vec<String>),
    /// Only the first rows: a view or virtual table.
    First,
}

/// Looks at the values of all columns. An empty table gives facts that are all zero.
pub(super) fn probe(conn: &Connection, probe: &Probe<'_>) -> rusqlite::Result<Vec<Facts>> {
    let small = is_small(conn, probe)?;
    let mut facts = Vec::with_capacity(probe.columns.len());
    for columns in probe.columns.chunks(COLUMNS_AT_ONCE) {
        let mut seen = vec![Facts::default(); columns.len()];
        for rows in sources(probe, columns, small) {
            let sql = [&aggregates(columns), " FROM ", &rows].concat();
            let part = conn.prepare(&sql)?.query_row([], |row| read(row, columns.len()))?;
            for (seen, part) in seen.iter_mut().zip(part) {
                *seen = seen.and(part);
            }
        }
        facts.append(&mut seen);
    }
    Ok(facts)
}

fn is_small(conn: &Connection, probe: &Probe<'_>) -> rusqlite::Result<bool> {
    // Of a view nothing is known before it has run; running it twice would be no better.
    if probe.access == Access::First {
        return Ok(false);
    }
    let sql = ["SELECT count(*) FROM (SELECT 1 FROM ", probe.from, " LIMIT ?1)"].concat();
    let limit = i64::from(probe.rows) + 1;
    let count: i64 = conn.query_row(&sql, [limit], |row| row.get(0))?;
    Ok(count < limit)
}

/// Subqueries that give the rows to look at, with columns named `c0`, `c1`, ….
///
/// Where a table is read in full, or by ranges of the rowid, SQLite folds the subquery into the aggregate, and then
/// reads no more of a long value than its header.
fn sources(probe: &Probe<'_>, columns: &[(String, Wish)], small: bool) -> Vec<String> {
    let names = columns.iter().enumerate();
    let names: Vec<String> =
        names.map(|(i, (name, _))| [&quoted(name), " AS c", &i.to_string()].concat()).collect();
    let select = ["(SELECT ", &names.join(", "), " FROM ", probe.from].concat();
    let half = (probe.rows / 2).max(1).to_string();
    match &probe.access {
        Access::First => vec![[&select, " LIMIT ", &probe.rows.to_string(), ")"].concat()],
        _ if small => vec![select + ")"],
        Access::RowId(id) => {
            let end = |compare: &str, order: &str| {
                let last: u32 = (probe.rows / 2).max(1) - 1;
                let inner = ["SELECT ", id, " FROM ", probe.from, " ORDER BY ", id, order].concat();
                let offset = last.to_string();
                [&select, " WHERE ", id, compare, "(", &inner, " LIMIT 1 OFFSET ", &offset, "))"].concat()
            };
            vec![end(" <= ", ""), end(" >= ", " DESC")]
        }
        Access::Key(key) => {
            let down: Vec<String> = key.iter().map(|k| [k, " DESC"].concat()).collect();
            let end = |order: String| [&select, " ORDER BY ", &order, " LIMIT ", &half, ")"].concat();
            vec![end(key.join(", ")), end(down.join(", "))]
        }
    }
}

/// `SELECT` with the aggregates of all columns.
fn aggregates(columns: &[(String, Wish)]) -> String {
    let mut sql = String::from("SELECT ");
    for (i, (_, wish)) in columns.iter().enumerate() {
        let name = ["c", &i.to_string()].concat();
        for (n, field) in fields(*wish).iter().enumerate() {
            if i + n > 0 {
                sql.push_str(", ");
            }
            sql.push_str(&field.replace('$', &name));
        }
    }
    sql
}

/// The aggregates of one column, which is written `$`.
fn fields(wish: Wish) -> [String; FIELDS] {
    let class = |name: &str| ["sum(typeof($) = '", name, "')"].concat();
    let (matched, date_times, longest) = match wish {
        Wish::Date => (Some(DATE.to_owned()), Some(date_time()), Some(fraction())),
        Wish::DateTime(_) => (Some(date_time()), None, Some(fraction())),
        Wish::Time(_) => (Some(TIME.to_owned()), None, Some(fraction())),
        Wish::Guid => (Some(GUID.to_owned()), None, None),
        Wish::Decimal(Some((_, scale))) => (Some(DECIMAL.replace('#', &scale.to_string())), None, None),
        // Without a scale every real will do.
        Wish::Decimal(None) => (Some(DECIMAL.replace("round($, #)", "$")), None, None),
        Wish::String(Some(_)) | Wish::Binary(Some(_)) => (None, None, Some("length($)".to_owned())),
        _ => (None, None, None),
    };
    let all = |condition: Option<String>| match condition {
        Some(condition) => ["sum(", &condition, ")"].concat(),
        None => "0".to_owned(),
    };
    [
        class("null"),
        class("integer"),
        class("real"),
        class("text"),
        class("blob"),
        "min(CASE typeof($) WHEN 'integer' THEN $ END)".to_owned(),
        "max(CASE typeof($) WHEN 'integer' THEN $ END)".to_owned(),
        "max(CASE typeof($) WHEN 'real' THEN abs($) END)".to_owned(),
        all(matched),
        all(date_times),
        longest.map_or("NULL".to_owned(), |l| ["max(", &l, ")"].concat()),
    ]
}

/// `2024-02-29`; the comparison refuses a 30th of February.
const DATE: &str =
    "(typeof($) = 'text' AND $ GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]' AND date($) = $)";

/// `2024-02-29T23:59:59.999+01:00` with `T` or a space, with or without seconds, fraction and zone.
const DATE_WITH_TIME: &str = "(typeof($) = 'text' \
    AND $ GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][ T][0-9][0-9]:[0-9][0-9]*' \
    AND date(substr($, 1, 10)) = substr($, 1, 10) AND substr($, 12, 2) < '24' \
    AND substr($, 12) NOT GLOB '*[^0-9:.Z+-]*' AND julianday($) IS NOT NULL)";

/// `23:59`, `23:59:59`, `23:59:59.999`.
const TIME: &str = "(typeof($) = 'text' AND $ GLOB '[0-9][0-9]:[0-9][0-9]*' AND substr($, 1, 2) < '24' \
    AND $ NOT GLOB '*[^0-9:.]*' AND time($) IS NOT NULL)";

/// 36 characters or 16 bytes.
const GUID: &str = "CASE typeof($) WHEN 'blob' THEN length($) = 16 WHEN 'text' THEN \
    $ GLOB '????????-????-????-????-????????????' AND $ NOT GLOB '*[^0-9a-fA-F-]*' \
    AND length(replace($, '-', '')) = 32 END";

/// Reals of the scale, and texts of digits with a sign and a point.
const DECIMAL: &str = "CASE typeof($) WHEN 'real' THEN round($, #) = $ WHEN 'text' THEN \
    length($) <= 40 AND $ GLOB '[-0-9]*' AND substr($, -1) GLOB '[0-9]' AND substr($, 2) NOT GLOB '*[^0-9.]*' \
    AND $ NOT GLOB '*.*.*' AND $ NOT GLOB '-.*' END";

fn date_time() -> String {
    ["(", DATE, " OR ", DATE_WITH_TIME, ")"].concat()
}

/// Digits behind the point of a second.
fn fraction() -> String {
    let tail = "substr($, instr($, '.') + 1)";
    let digits = ["length(", tail, ") - length(ltrim(", tail, ", '0123456789'))"].concat();
    ["CASE WHEN typeof($) = 'text' AND instr($, '.') > 0 THEN ", &digits, " ELSE 0 END"].concat()
}

fn read(row: &Row<'_>, columns: usize) -> rusqlite::Result<Vec<Facts>> {
    let mut facts = Vec::with_capacity(columns);
    for start in (0..columns).map(|c| c * FIELDS) {
        let number = |i: usize| row.get::<_, Option<i64>>(start + i);
        let count = |i: usize| Ok::<i64, rusqlite::Error>(number(i)?.unwrap_or(0));
        facts.push(Facts {
            nulls: count(0)?,
            integers: count(1)?,
            reals: count(2)?,
            texts: count(3)?,
            blobs: count(4)?,
            least: number(5)?,
            greatest: number(6)?,
            greatest_real: match row.get_ref(start + 7)? {
                ValueRef::Real(real) => Some(real),
                _ => None,
            },
            matched: count(8)?,
            date_times: count(9)?,
            longest: number(10)?,
        });
    }
    Ok(facts)
}

/// A name as SQL takes it, whatever is in it.
pub(super) fn quoted(name: &str) -> String {
    ["\"", &name.replace('"', "\"\""), "\""].concat()
}
