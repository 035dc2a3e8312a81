//! `$search` by an index over words, as far as that takes what is looked for.

use nextlink_odata::query::Expr;
use nextlink_odata::value::Value;

use super::Planner;
use super::frames::Frames;
use super::words::{Words, clean, fts5_takes, mysql_takes};
use crate::mapping::FullTextMap;
use crate::tree::{Join, JoinKind, Operator, Param, ParamForm, Select, Source, Sql, TableRef};

/// What FTS5 calls the number of a row.
const ROW: &str = "rowid";

impl Planner<'_> {
    /// The condition, where an index tells whether it holds. It may be null.
    pub(super) fn full_text(&self, frames: &mut Frames, expr: &Expr) -> Option<Sql> {
        let (place, words) = Words::of(expr)?;
        // An index is of a table, and not of rows that are chosen before.
        let table = Some(place.target()).filter(|set| !self.mapping.comes_first(*set))?;
        let map = self.mapping.table(table).full_text.as_ref()?;
        match map {
            FullTextMap::Table { name, row, least } => {
                let text = words.each(&|text| fts5_takes(text, *least)).then(|| words.fts5())??;
                let alias = frames.resolve(self.mapping, place);
                Some(in_table(name, Sql::column(alias, row), text, frames.alias()))
            }
            FullTextMap::Columns { columns, least } => {
                let text = words.each(&|text| mysql_takes(text, *least)).then(|| words.boolean())??;
                let alias = frames.resolve(self.mapping, place);
                let columns: Vec<Sql> = columns.iter().map(|name| Sql::column(alias, name)).collect();
                let sought = Sql::BooleanMode(Box::new(param(text)));
                Some(Sql::binary(Operator::Found, Sql::call("MATCH", columns), sought))
            }
            FullTextMap::Vector { column, configuration } => {
                let sought = query(&words, configuration)?;
                let alias = frames.resolve(self.mapping, place);
                Some(Sql::binary(Operator::Found, Sql::column(alias, column), sought))
            }
            FullTextMap::Expression { columns, configuration } => {
                let sought = query(&words, configuration)?;
                let alias = frames.resolve(self.mapping, place);
                let vector =
                    Sql::call("to_tsvector", [Sql::Label(configuration.clone()), text(alias, columns)]);
                Some(Sql::binary(Operator::Found, vector, sought))
            }
        }
    }
}

fn param(text: String) -> Sql {
    Sql::Param(Param { value: Value::String(text), form: ParamForm::Native })
}

/// Whether a row is among those that a table of FTS5 finds.
fn in_table(name: &str, row: Sql, text: String, inner: usize) -> Sql {
    let source = Source::Table { schema: None, name: name.to_owned() };
    let table = TableRef { source, alias: inner };
    // The table has a column of its own name, which stands for all of it.
    let found = Sql::binary(Operator::Found, Sql::column(inner, name), param(text));
    let select = Select {
        columns: vec![Sql::column(inner, ROW)],
        from: vec![Join { kind: JoinKind::Inner, table, on: Vec::new() }],
        filter: vec![found],
        ..Select::default()
    };
    Sql::InSelect(Box::new(row), Box::new(select))
}

/// The text of columns, just as an index over it has it.
fn text(alias: usize, columns: &[String]) -> Sql {
    let column = |name: &String| Sql::column(alias, name);
    match columns {
        [only] => column(only),
        several => {
            let parts = several.iter().map(|name| Sql::call("coalesce", [column(name), Sql::Word("")]));
            let joined = parts.reduce(|text, part| {
                let text = Sql::binary(Operator::Concat, text, Sql::Word(" "));
                Sql::binary(Operator::Concat, text, part)
            });
            joined.unwrap_or(Sql::Word(""))
        }
    }
}

/// What PostgreSQL is to look for. Each word is a parameter, in which nothing is an operator.
fn query(words: &Words<'_>, configuration: &str) -> Option<Sql> {
    let letters = |text: &str| text.chars().any(char::is_alphanumeric);
    words.each(&letters).then(|| sought(words, configuration))
}

fn sought(words: &Words<'_>, configuration: &str) -> Sql {
    let joined = |parts: &[Words<'_>], function: &'static str| {
        let parts = parts.iter().map(|part| sought(part, configuration));
        parts.reduce(|left, right| Sql::call(function, [left, right])).unwrap_or(Sql::Null)
    };
    match words {
        Words::One(text) => {
            Sql::call("phraseto_tsquery", [Sql::Label(configuration.to_owned()), param(clean(text))])
        }
        Words::Not(inner) => Sql::call("tsquery_not", [sought(inner, configuration)]),
        Words::All(parts) => joined(parts, "tsquery_and"),
        Words::Any(parts) => joined(parts, "tsquery_or"),
    }
}
