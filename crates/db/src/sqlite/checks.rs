//! What the CHECKs of a table say for certain of its columns.
//!
//! A CHECK holds unless it is false, so what stands on both sides of AND is not false either. Only forms that are known
//! are read; a CHECK with anything else in it says nothing.

use super::tokens::{Token, tokens};
use super::types::Wish;

/// What is known of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// It has so many characters or bytes at most.
    Longest(u32),
    /// It is one of some texts of so many characters at most, as the collation of the column compares.
    Choice(u32),
    /// All values but null are of one storage class: the wish of that class.
    Class(Wish),
    /// It is 0 or 1.
    Truth,
    /// It is between 0 and 1.
    Unit,
    /// It is as a function of dates writes it.
    Written(Form),
    /// The same, or the function gives null.
    Equal(Form),
    /// The function does not give null.
    Given(Form),
    /// It is null.
    Null,
}

/// A form that SQLite has a function for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Date,
    DateTime,
    Time,
}

/// What is known of the columns of a table by the text that made it: each by its number.
pub(super) fn known(create: &str, columns: &[&str]) -> Vec<(usize, Known)> {
    let Some(tokens) = tokens(create) else { return Vec::new() };
    let (mut depth, mut found) = (0_usize, Vec::new());
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Symbol("(") => {
                depth += 1;
                // A constraint of a column or of the table, and nothing inside of an expression.
                if depth == 2 && at > 0 && tokens[at - 1].is_word("CHECK") {
                    let mut reader = Reader { tokens: &tokens, at: at + 1, columns, depth: 0 };
                    found.extend(reader.whole().unwrap_or_default());
                }
            }
            Token::Symbol(")") => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    found
}

/// What else counts for a column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Its table is STRICT; in others there may be parts of a number.
    pub(super) strict: bool,
    /// It is of a key, and stays a number as those that it leads to, or that lead to it.
    pub(super) of_key: bool,
    /// It compares by its bytes; in other collations texts of several lengths may be the same.
    pub(super) binary: bool,
}

/// The wish of a column, of which this is known beside its declaration.
pub(super) fn refined(declared: Wish, known: &[Known], place: Place) -> Wish {
    let class = known.iter().find_map(|known| match known {
        Known::Class(wish) => Some(*wish),
        _ => None,
    });
    let wish = match declared {
        Wish::Values => class.unwrap_or(declared),
        other => other,
    };
    let longest = known.iter().filter_map(|known| match known {
        Known::Longest(length) => Some(*length),
        Known::Choice(length) if place.binary => Some(*length),
        _ => None,
    });
    let length = |declared: Option<u32>| longest.chain(declared).min();
    let truth = known.contains(&Known::Truth) || (place.strict && known.contains(&Known::Unit));
    match wish {
        Wish::String(_) if let Some(form) = form(known) => match form {
            Form::Date => Wish::Date,
            Form::DateTime => Wish::DateTime(Some(0)),
            Form::Time => Wish::Time(Some(0)),
        },
        Wish::String(declared) => Wish::String(length(declared)),
        Wish::Binary(declared) => Wish::Binary(length(declared)),
        Wish::Int64 | Wish::Int32 | Wish::Int16 | Wish::Int8 if truth && !place.of_key => {
            Wish::Boolean { or_byte: false }
        }
        other => other,
    }
}

/// The form that all texts have.
fn form(known: &[Known]) -> Option<Form> {
    [Form::Date, Form::DateTime, Form::Time].into_iter().find(|form| {
        let says = |what: Known| known.contains(&what);
        says(Known::Written(*form)) || (says(Known::Equal(*form)) && says(Known::Given(*form)))
    })
}

/// A side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Side {
    Column(usize),
    Length(usize),
    Class(usize),
    Form(Form, usize),
    Text(String),
    Integer(i64),
    Null,
    Other,
}

/// What is known where a condition holds.
type All = Vec<(usize, Known)>;

struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
    columns: &'a [&'a str],
    depth: u32,
}

/// Parentheses inside of one another that are followed.
const DEEPEST: u32 = 32;

impl Reader<'_> {
    fn next(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn takes(&mut self, symbol: &str) -> bool {
        let is = matches!(self.next(), Some(Token::Symbol(found)) if *found == symbol);
        self.at += usize::from(is);
        is
    }

    fn takes_word(&mut self, keyword: &str) -> bool {
        let is = self.next().is_some_and(|token| token.is_word(keyword));
        self.at += usize::from(is);
        is
    }

    /// All of a condition, up to the parenthesis that ends it.
    fn whole(&mut self) -> Option<All> {
        let all = self.any()?;
        self.takes(")").then_some(all)
    }

    fn any(&mut self) -> Option<All> {
        let mut parts = vec![self.every()?];
        while self.takes_word("OR") {
            parts.push(self.every()?);
        }
        if let [only] = parts.as_mut_slice() {
            return Some(std::mem::take(only));
        }
        // Null, or what is said of the same column; other alternatives say nothing for certain.
        match parts.as_slice() {
            [null, all] | [all, null] if let [(column, Known::Null)] = null.as_slice() => {
                Some(all.iter().filter(|(of, _)| of == column).copied().collect())
            }
            _ => Some(Vec::new()),
        }
    }

    fn every(&mut self) -> Option<All> {
        let mut all = self.condition()?;
        while self.takes_word("AND") {
            all.append(&mut self.condition()?);
        }
        Some(all)
    }

    fn condition(&mut self) -> Option<All> {
        if self.takes("(") {
            self.depth += 1;
            let all = if self.depth > DEEPEST { None } else { self.whole() };
            self.depth -= 1;
            return self.ends().then_some(all?);
        }
        let left = self.side()?;
        let known = self.compared(&left)?;
        self.ends().then_some(known.into_iter().collect())
    }

    /// Whether a condition ends here: nothing that binds more closely goes on.
    fn ends(&self) -> bool {
        match self.next() {
            Some(token @ Token::Word(_)) => token.is_word("AND") || token.is_word("OR"),
            Some(token) => *token == Token::Symbol(")"),
            None => false,
        }
    }

    /// What stands behind the left side; the inner value is what is known then.
    fn compared(&mut self, left: &Side) -> Option<Option<(usize, Known)>> {
        if self.takes_word("ISNULL") {
            return Some(is(left, &Side::Null));
        }
        if self.takes_word("NOTNULL") {
            return Some(is_not_null(left));
        }
        if self.takes_word("IS") {
            let negated = self.takes_word("NOT");
            let right = self.side()?;
            return Some(match (negated, &right) {
                (false, _) => is(left, &right),
                (true, Side::Null) => is_not_null(left),
                (true, _) => None,
            });
        }
        let negated = self.takes_word("NOT");
        if negated && self.takes_word("NULL") {
            return Some(is_not_null(left));
        }
        let known = if self.takes_word("IN") {
            among(left, &self.list()?)
        } else if self.takes_word("BETWEEN") {
            let least = self.side()?;
            if !self.takes_word("AND") {
                return None;
            }
            between(left, &least, &self.side()?)
        } else if self.takes_word("LIKE") || self.takes_word("GLOB") {
            self.side()?;
            None
        } else if negated {
            return None;
        } else {
            return self.operator(left);
        };
        Some(known.filter(|_| !negated))
    }

    fn operator(&mut self, left: &Side) -> Option<Option<(usize, Known)>> {
        let found =
            ["<=", "<>", ">=", "==", "!=", "<", ">", "="].into_iter().find(|symbol| self.takes(symbol));
        let Some(operator) = found else {
            // A function that is true or not.
            return (*left == Side::Other).then_some(None);
        };
        let right = self.side()?;
        Some(match operator {
            "=" | "==" => equal(left, &right),
            "<=" => longest(left, &right, 0),
            "<" => longest(left, &right, 1),
            ">=" => longest(&right, left, 0),
            ">" => longest(&right, left, 1),
            _ => None,
        })
    }

    fn list(&mut self) -> Option<Vec<Side>> {
        if !self.takes("(") || self.depth > DEEPEST {
            return None;
        }
        self.depth += 1;
        let mut sides = vec![self.side()?];
        while self.takes(",") {
            sides.push(self.side()?);
        }
        self.depth -= 1;
        self.takes(")").then_some(sides)
    }

    fn side(&mut self) -> Option<Side> {
        if self.takes("-") {
            return match self.side()? {
                Side::Integer(number) => Some(Side::Integer(-number)),
                other => (other == Side::Other).then_some(other),
            };
        }
        let token = self.next()?.clone();
        self.at += 1;
        match token {
            Token::Text(text) => Some(Side::Text(text)),
            Token::Bytes => Some(Side::Other),
            Token::Number(number) => Some(number.parse().map_or(Side::Other, Side::Integer)),
            Token::Word(word) if matches!(self.next(), Some(Token::Symbol("("))) => self.call(&word),
            Token::Word(word) if word.eq_ignore_ascii_case("NULL") => Some(Side::Null),
            Token::Word(name) | Token::Name(name) => self.column(&name),
            Token::Symbol(_) => None,
        }
    }

    fn column(&self, name: &str) -> Option<Side> {
        self.columns.iter().position(|column| column.eq_ignore_ascii_case(name)).map(Side::Column)
    }

    fn call(&mut self, function: &str) -> Option<Side> {
        let arguments = self.list()?;
        let of = |side: fn(usize) -> Side, arguments: &[Side]| match arguments {
            [Side::Column(column)] => side(*column),
            _ => Side::Other,
        };
        Some(match function.to_ascii_lowercase().as_str() {
            "length" => of(Side::Length, &arguments),
            "typeof" => of(Side::Class, &arguments),
            "date" => of(|column| Side::Form(Form::Date, column), &arguments),
            "datetime" => of(|column| Side::Form(Form::DateTime, column), &arguments),
            "time" => of(|column| Side::Form(Form::Time, column), &arguments),
            "strftime" => match arguments.split_first() {
                Some((Side::Text(text), rest)) => match text.as_str() {
                    "%Y-%m-%d" => of(|column| Side::Form(Form::Date, column), rest),
                    "%Y-%m-%d %H:%M:%S" => of(|column| Side::Form(Form::DateTime, column), rest),
                    "%H:%M:%S" => of(|column| Side::Form(Form::Time, column), rest),
                    _ => Side::Other,
                },
                _ => Side::Other,
            },
            _ => Side::Other,
        })
    }
}

fn is_not_null(side: &Side) -> Option<(usize, Known)> {
    match side {
        Side::Form(form, column) => Some((*column, Known::Given(*form))),
        _ => None,
    }
}

fn is(left: &Side, right: &Side) -> Option<(usize, Known)> {
    match (left, right) {
        (Side::Column(column), Side::Null) => Some((*column, Known::Null)),
        _ => match equal(left, right) {
            Some((column, Known::Equal(form))) => Some((column, Known::Written(form))),
            other => other,
        },
    }
}

fn equal(left: &Side, right: &Side) -> Option<(usize, Known)> {
    match (left, right) {
        (Side::Column(column), Side::Form(form, of)) | (Side::Form(form, of), Side::Column(column)) => {
            (column == of).then_some((*column, Known::Equal(*form)))
        }
        (Side::Integer(_) | Side::Text(_), Side::Length(_) | Side::Class(_)) => equal(right, left),
        (Side::Length(_) | Side::Class(_), Side::Integer(_) | Side::Text(_)) => {
            among(left, std::slice::from_ref(right))
        }
        _ => None,
    }
}

/// The left side is at most the right one, less so much.
fn longest(left: &Side, right: &Side, less: i64) -> Option<(usize, Known)> {
    let (Side::Length(column), Side::Integer(number)) = (left, right) else { return None };
    let length = u32::try_from(number.checked_sub(less)?).ok().filter(|length| *length > 0)?;
    Some((*column, Known::Longest(length)))
}

fn between(left: &Side, least: &Side, most: &Side) -> Option<(usize, Known)> {
    match (left, least, most) {
        (Side::Column(column), Side::Integer(0), Side::Integer(1)) => Some((*column, Known::Unit)),
        _ => longest(left, most, 0),
    }
}

fn among(left: &Side, list: &[Side]) -> Option<(usize, Known)> {
    match left {
        Side::Column(column) => {
            let has = |number| list.contains(&Side::Integer(number));
            if list.len() == 2 && has(0) && has(1) {
                return Some((*column, Known::Truth));
            }
            let lengths: Option<Vec<usize>> =
                list.iter().map(|side| Some(text(side)?.chars().count())).collect();
            let longest = u32::try_from(lengths?.into_iter().max()?).ok()?;
            (longest > 0).then_some((*column, Known::Choice(longest)))
        }
        Side::Length(_) => {
            let numbers: Option<Vec<i64>> = list.iter().map(integer).collect();
            longest(left, &Side::Integer(numbers?.into_iter().max()?), 0)
        }
        Side::Class(column) => {
            let classes: Option<Vec<&str>> = list.iter().map(text).collect();
            let classes: Vec<&str> = classes?.into_iter().filter(|class| *class != "null").collect();
            let wish = match classes.as_slice() {
                ["integer"] => Wish::Int64,
                ["real"] => Wish::Double,
                ["text"] => Wish::String(None),
                ["blob"] => Wish::Binary(None),
                _ => return None,
            };
            Some((*column, Known::Class(wish)))
        }
        _ => None,
    }
}

fn integer(side: &Side) -> Option<i64> {
    match side {
        Side::Integer(number) => Some(*number),
        _ => None,
    }
}

fn text(side: &Side) -> Option<&str> {
    match side {
        Side::Text(text) => Some(text),
        _ => None,
    }
}
