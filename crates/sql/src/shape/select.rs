//! A SELECT that stands in a model file: what is checked of it, whatever the database, and where its parameters are.

use super::ShapeError;
use super::named::{Named, Spot};

/// A part of the text of a SELECT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text as it stands there, without comments.
    Text(String),
    /// A parameter by its name.
    Parameter(String),
}

/// Takes a SELECT apart.
///
/// # Errors
/// It is another statement, more than one, or one that cannot stand in parentheses.
pub fn pieces(told: &Named) -> Result<Vec<Piece>, ShapeError> {
    let mut reader = Reader { rest: &told.text, spot: told.spot, text: String::new(), pieces: Vec::new() };
    reader.read()?;
    let Reader { text, mut pieces, .. } = reader;
    let text = text.trim_end();
    if !text.is_empty() {
        pieces.push(Piece::Text(text.to_owned()));
    }
    let first = match pieces.first() {
        Some(Piece::Text(text)) => text.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default(),
        _ => "",
    };
    if !["select", "with"].iter().any(|word| first.eq_ignore_ascii_case(word)) {
        let problem = "one SELECT is meant here; it can begin with WITH".to_owned();
        return Err(ShapeError { spot: told.spot, problem });
    }
    Ok(pieces)
}

struct Reader<'t> {
    rest: &'t str,
    spot: Spot,
    text: String,
    pieces: Vec<Piece>,
}

impl<'t> Reader<'t> {
    fn read(&mut self) -> Result<(), ShapeError> {
        let mut open = 0_usize;
        while let Some(c) = self.rest.chars().next() {
            match c {
                '\'' | '"' | '`' => self.quoted(c)?,
                '$' if self.dollars()? => {}
                '-' if self.rest.starts_with("--") => self.skip("\n", 0),
                '/' if self.rest.starts_with("/*") => {
                    let Some(end) = self.rest.find("*/") else {
                        return Err(self.wrong("a comment has no end"));
                    };
                    self.rest = &self.rest[end + 2..];
                    self.space();
                }
                ':' if self.rest.starts_with("::") => self.take(2),
                ':' => self.parameter(),
                ';' => {
                    if !self.rest[1..].trim().is_empty() {
                        return Err(self.wrong("one statement is meant here, and `;` ends it"));
                    }
                    self.rest = "";
                }
                '(' => {
                    open += 1;
                    self.take(1);
                }
                ')' => {
                    open = open.checked_sub(1).ok_or_else(|| self.wrong("a `)` has no `(`"))?;
                    self.take(1);
                }
                c if c.is_whitespace() => {
                    self.rest = &self.rest[c.len_utf8()..];
                    self.space();
                }
                c => self.take(c.len_utf8()),
            }
        }
        if open > 0 {
            return Err(self.wrong("a `(` has no `)`"));
        }
        Ok(())
    }

    fn wrong(&self, problem: &str) -> ShapeError {
        ShapeError { spot: self.spot, problem: problem.to_owned() }
    }

    fn take(&mut self, bytes: usize) {
        let (taken, rest) = self.rest.split_at(bytes);
        self.text.push_str(taken);
        self.rest = rest;
    }

    /// White space of any kind and length is one space.
    fn space(&mut self) {
        let begins = self.text.is_empty() && self.pieces.is_empty();
        if !begins && !self.text.ends_with(' ') {
            self.text.push(' ');
        }
    }

    fn skip(&mut self, end: &str, behind: usize) {
        let at = self.rest.find(end).map_or(self.rest.len(), |at| at + behind);
        self.rest = &self.rest[at..];
        self.space();
    }

    /// A text or a name in quotes. A quote within it is written twice.
    fn quoted(&mut self, quote: char) -> Result<(), ShapeError> {
        let Some(end) = self.rest[1..].find(quote) else {
            return Err(self.wrong("a quote has no end"));
        };
        if self.rest[1..=end].ends_with('\\') {
            // For some databases the text goes on here, for others it ends.
            return Err(
                self.wrong("a quote behind `\\` means different things; write a quote within a text twice")
            );
        }
        self.take(end + 2);
        Ok(())
    }

    /// A text between two equal words in dollars, as PostgreSQL has it.
    fn dollars(&mut self) -> Result<bool, ShapeError> {
        let behind_name = self.text.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$');
        let Some(end) = self.rest[1..].find('$').filter(|_| !behind_name) else {
            return Ok(false);
        };
        let tag = &self.rest[..end + 2];
        let word = &tag[1..=end];
        if word.starts_with(|c: char| c.is_ascii_digit())
            || !word.chars().all(|c| c.is_alphanumeric() || c == '_')
        {
            return Ok(false);
        }
        let Some(length) = self.rest[tag.len()..].find(tag) else {
            return Err(self.wrong("a text in dollars has no end"));
        };
        self.take(length + 2 * tag.len());
        Ok(true)
    }

    fn parameter(&mut self) {
        let name = &self.rest[1..];
        let end = name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len());
        if end == 0 || name.starts_with(|c: char| c.is_ascii_digit()) {
            return self.take(1);
        }
        let text = std::mem::take(&mut self.text);
        if !text.is_empty() {
            self.pieces.push(Piece::Text(text));
        }
        self.pieces.push(Piece::Parameter(name[..end].to_owned()));
        self.rest = &name[end..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Result<String, String> {
        let found = pieces(&Named { text: text.to_owned(), spot: Spot::default() });
        let shown = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Parameter(name) => ["<", name, ">"].concat(),
        };
        found.map(|pieces| pieces.iter().map(shown).collect()).map_err(|error| error.problem)
    }

    #[test]
    fn selects_are_taken_apart() {
        for (text, expected) in [
            ("select 1", "select 1"),
            ("  SELECT\n\ta ,b ; ", "SELECT a ,b"),
            ("with x as (select 1) select * from x", "with x as (select 1) select * from x"),
            ("select :a, b::int, ':c', \":d\", `:e`, :f_1", "select <a>, b::int, ':c', \":d\", `:e`, <f_1>"),
            ("select 'it''s -- ; (', 1 -- ) ;\n, 2 /* ; ( */", "select 'it''s -- ; (', 1 , 2"),
            ("select $$ ;) :a $$, $x$ $$ $x$, a$b, $1", "select $$ ;) :a $$, $x$ $$ $x$, a$b, $1"),
            ("select a[1 : 2]", "select a[1 : 2]"),
            ("select 1 where a = :a", "select 1 where a = <a>"),
        ] {
            assert_eq!(told(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_select_is_refused() {
        for (text, problem) in [
            ("", "one SELECT"),
            ("delete from t", "one SELECT"),
            (":a", "one SELECT"),
            ("(select 1)", "one SELECT"),
            ("selection", "one SELECT"),
            ("select 1; delete from t", "one statement"),
            ("select 1) as a, (select 2", "a `)` has no `(`"),
            ("select (1", "a `(` has no `)`"),
            ("select 'a", "a quote has no end"),
            ("select 'a\\'', 1", "a quote behind `\\`"),
            ("select /* a", "a comment has no end"),
            ("select $a$ b", "a text in dollars has no end"),
        ] {
            let found = told(text).expect_err(text);
            assert!(found.contains(problem), "{text}: {found}");
        }
    }
}
