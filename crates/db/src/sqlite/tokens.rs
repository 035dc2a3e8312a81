//! The words of a text that SQLite has parsed already, such as that of a CREATE TABLE.

/// A word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A keyword, or a name without quotes.
    Word(String),
    /// A name in quotes.
    Name(String),
    /// A text.
    Text(String),
    /// Bytes, whatever they are.
    Bytes,
    /// A number without a sign.
    Number(String),
    /// An operator, a parenthesis, a comma: all that stands for itself.
    Symbol(&'static str),
}

/// Operators and signs, longer ones before those that they begin with.
const SYMBOLS: [&str; 26] = [
    "->>", "->", "||", "<=", "<>", "<<", ">=", ">>", "==", "!=", "<", ">", "=", "(", ")", ",", ".", ";", "+",
    "-", "*", "/", "%", "&", "|", "~",
];

impl Token {
    /// Whether this is a keyword.
    pub(super) fn is_word(&self, keyword: &str) -> bool {
        matches!(self, Token::Word(word) if word.eq_ignore_ascii_case(keyword))
    }
}

/// All words of a text, without comments; none where there is something that is not known here.
pub(super) fn tokens(text: &str) -> Option<Vec<Token>> {
    let (mut rest, mut found) = (text, Vec::new());
    loop {
        rest = behind_blanks(rest);
        let Some(first) = rest.chars().next() else { return Some(found) };
        let (token, behind) = match first {
            '\'' => enclosed(rest, '\'').map(|(text, behind)| (Token::Text(text), behind))?,
            '"' | '`' => enclosed(rest, first).map(|(name, behind)| (Token::Name(name), behind))?,
            '[' => {
                let (name, behind) = rest[1..].split_once(']')?;
                (Token::Name(name.to_owned()), behind)
            }
            'x' | 'X' if rest[1..].starts_with('\'') => {
                enclosed(&rest[1..], '\'').map(|(_, behind)| (Token::Bytes, behind))?
            }
            '0'..='9' => {
                let (number, behind) = cut(rest, |c| c.is_ascii_alphanumeric() || c == '.' || c == '_');
                (Token::Number(number), behind)
            }
            _ if is_of_word(first) => {
                let (word, behind) = cut(rest, |c| is_of_word(c) || c.is_ascii_digit());
                (Token::Word(word), behind)
            }
            _ => {
                let symbol = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol))?;
                (Token::Symbol(symbol), &rest[symbol.len()..])
            }
        };
        found.push(token);
        rest = behind;
    }
}

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || c == '$' || !c.is_ascii()
}

fn cut(text: &str, of_it: impl Fn(char) -> bool) -> (String, &str) {
    let end = text.find(|c| !of_it(c)).unwrap_or(text.len());
    (text[..end].to_owned(), &text[end..])
}

fn behind_blanks(text: &str) -> &str {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace());
        rest = if let Some(comment) = rest.strip_prefix("--") {
            comment.split_once('\n').map_or("", |(_, behind)| behind)
        } else if let Some(comment) = rest.strip_prefix("/*") {
            comment.split_once("*/").map_or("", |(_, behind)| behind)
        } else {
            return rest;
        };
    }
}

/// What stands in quotes, of which two stand for one, and what stands behind.
fn enclosed(text: &str, quote: char) -> Option<(String, &str)> {
    let (mut inner, mut rest) = (String::new(), &text[quote.len_utf8()..]);
    loop {
        let (part, behind) = rest.split_once(quote)?;
        inner.push_str(part);
        rest = match behind.strip_prefix(quote) {
            Some(behind) => {
                inner.push(quote);
                behind
            }
            None => return Some((inner, behind)),
        };
    }
}
