//! Indexes over words, as a database tells of them.

/// The indexes over words of a database.
#[derive(Debug, Clone, Default)]
pub enum FullTexts {
    /// Nobody has asked for them.
    #[default]
    Unknown,
    /// Tables of FTS5: SQLite.
    Tables(Vec<WordTable>),
    /// Indexes over columns of `tsvector`, or expressions that make such values: PostgreSQL.
    Vectors(Vec<VectorIndex>),
    /// FULLTEXT indexes: MySQL and MariaDB.
    Columns(Vec<ColumnIndex>),
}

/// A table of FTS5.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordTable {
    /// Its name.
    pub name: String,
    /// The table whose rows it has the words of, where it names one.
    pub content: Option<String>,
    /// What its own rows have the number of: a column of that table, or `rowid`. None where it is not known.
    pub row: Option<String>,
    /// Its columns.
    pub columns: Vec<String>,
    /// Characters that a word has at least, to be found.
    pub least: usize,
}

/// An index of PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VectorIndex {
    /// The schema of its table.
    pub schema: String,
    /// Its table.
    pub table: String,
    /// What it is over, as the server writes it: a column or an expression.
    pub over: String,
}

/// A FULLTEXT index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnIndex {
    /// The schema of its table.
    pub schema: String,
    /// Its table.
    pub table: String,
    /// Its columns in their order.
    pub columns: Vec<String>,
    /// Characters that a word has at least, to be found.
    pub least: usize,
}

impl VectorIndex {
    /// Whether it is over an expression that is written in another way: with other names of types, spaces, quotes, parentheses.
    pub fn is_over(&self, expression: &str) -> bool {
        plain(&self.over) == plain(expression)
    }
}

/// An expression without what does not change its meaning.
fn plain(expression: &str) -> String {
    let kept: String = expression.chars().filter(|c| !c.is_whitespace() && !"()\"".contains(*c)).collect();
    let mut pieces = kept.split("::");
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        // What follows is the name of a type.
        out.push_str(piece.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_' || c == '.'));
    }
    out.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::VectorIndex;

    #[test]
    fn expressions_are_recognized() {
        let ours = "to_tsvector('english', coalesce(\"title\", '') || ' ' || coalesce(\"Note\", ''))";
        for (over, is_it) in [
            (
                "to_tsvector('english'::regconfig, (((COALESCE(title, ''::character varying))::text || ' '::text) || \
                 COALESCE(\"Note\", ''::text)))",
                true,
            ),
            ("to_tsvector('german'::regconfig, COALESCE(title, ''::text) || ' '::text)", false),
            (
                "to_tsvector('english'::regconfig, ((COALESCE(\"Note\", ''::text) || ' '::text) || COALESCE(title, ''::text)))",
                false,
            ),
            ("title", false),
        ] {
            let index = VectorIndex { schema: String::new(), table: String::new(), over: over.to_owned() };
            assert_eq!(index.is_over(ours), is_it, "{over}");
        }
    }
}
