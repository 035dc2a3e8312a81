//! What was dropped or changed on the way from a database to its model, told to the owner and not to clients.

use std::fmt;

/// One thing that the owner of a database should know about the model made of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Notice {
    /// The table or view, as named in the database; or a pattern of the options.
    pub table: String,
    /// The column, where it is about one.
    pub column: Option<String>,
    /// What was dropped or changed, why, and what helps. One sentence or two.
    pub text: String,
}

impl Notice {
    /// A notice about a table.
    pub fn table(table: &str, text: impl Into<String>) -> Notice {
        Notice { table: table.to_owned(), column: None, text: text.into() }
    }

    /// A notice about a column.
    pub fn column(table: &str, column: &str, text: impl Into<String>) -> Notice {
        Notice { table: table.to_owned(), column: Some(column.to_owned()), text: text.into() }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.column {
            Some(column) => write!(f, "{}.{column}: {}", self.table, self.text),
            None => write!(f, "{}: {}", self.table, self.text),
        }
    }
}
