//! What `$search` looks for, as indexes over words want it written. Text of clients is quoted or has no signs left.

use nextlink_odata::query::{Expr, ExprKind, Place};

/// Words and phrases, and how they go together.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Words<'e> {
    One(&'e str),
    All(Vec<Words<'e>>),
    Any(Vec<Words<'e>>),
    Not(Box<Words<'e>>),
}

/// Words at most that one index is asked for at once; more are asked for in parts.
const MOST: usize = 64;

/// Words that InnoDB leaves out unless it is told otherwise, in their order.
const LEFT_OUT: [&str; 36] = [
    "a", "about", "an", "are", "as", "at", "be", "by", "com", "de", "en", "for", "from", "how", "i", "in",
    "is", "it", "la", "of", "on", "or", "that", "the", "this", "to", "und", "was", "what", "when", "where",
    "who", "will", "with", "www", "x",
];

/// Characters of the longest words of MySQL.
const LONGEST: usize = 84;

impl<'e> Words<'e> {
    /// What is looked for in one entity, where the condition is nothing else.
    pub(super) fn of(expr: &'e Expr) -> Option<(&'e Place, Words<'e>)> {
        let mut place = None;
        let words = Words::within(expr, &mut place)?;
        // Rows without any words are not told by an index.
        (words.count() <= MOST && words.is_positive()).then_some((place?, words))
    }

    fn within(expr: &'e Expr, place: &mut Option<&'e Place>) -> Option<Words<'e>> {
        match &expr.kind {
            ExprKind::Indexed(here, text, _) => {
                let known = *place.get_or_insert(here);
                (known == here).then_some(Words::One(text))
            }
            ExprKind::Not(inner) => Some(Words::Not(Box::new(Words::within(inner, place)?))),
            ExprKind::And(left, right) => {
                let pair = [Words::within(left, place)?, Words::within(right, place)?];
                let parts = pair.into_iter().flat_map(|one| match one {
                    Words::All(parts) => parts,
                    one => vec![one],
                });
                Some(Words::All(parts.collect()))
            }
            ExprKind::Or(left, right) => {
                let pair = [Words::within(left, place)?, Words::within(right, place)?];
                let parts = pair.into_iter().flat_map(|one| match one {
                    Words::Any(parts) => parts,
                    one => vec![one],
                });
                Some(Words::Any(parts.collect()))
            }
            _ => None,
        }
    }

    fn count(&self) -> usize {
        match self {
            Words::One(_) => 1,
            Words::Not(inner) => inner.count(),
            Words::All(parts) | Words::Any(parts) => parts.iter().map(Words::count).sum(),
        }
    }

    /// Whether it holds only where some word is.
    fn is_positive(&self) -> bool {
        match self {
            Words::One(_) => true,
            Words::All(parts) => parts.iter().any(Words::is_positive),
            Words::Any(parts) => parts.iter().all(Words::is_positive),
            Words::Not(_) => false,
        }
    }

    /// Whether something holds for each word.
    pub(super) fn each(&self, holds: &impl Fn(&str) -> bool) -> bool {
        match self {
            Words::One(text) => holds(text),
            Words::Not(inner) => inner.each(holds),
            Words::All(parts) | Words::Any(parts) => parts.iter().all(|part| part.each(holds)),
        }
    }

    /// As FTS5 reads it: each word in quotes.
    pub(super) fn fts5(&self) -> Option<String> {
        match self {
            Words::One(text) => Some(["\"", &clean(text).replace('"', "\"\""), "\""].concat()),
            Words::Any(parts) => {
                let parts: Vec<String> = parts.iter().map(Words::fts5).collect::<Option<_>>()?;
                Some(["(", &parts.join(" OR "), ")"].concat())
            }
            Words::All(parts) => {
                let (mut with, mut without) = (Vec::new(), Vec::new());
                for part in parts {
                    match part {
                        Words::Not(inner) => without.push(inner.fts5()?),
                        part => with.push(part.fts5()?),
                    }
                }
                if with.is_empty() {
                    return None;
                }
                let with = ["(", &with.join(" AND "), ")"].concat();
                if without.is_empty() {
                    return Some(with);
                }
                Some(["(", &with, " NOT (", &without.join(" OR "), "))"].concat())
            }
            Words::Not(_) => None,
        }
    }

    /// As MySQL reads it in boolean mode: words and quoted phrases, with signs before them.
    pub(super) fn boolean(&self) -> Option<String> {
        match self {
            Words::One(_) => Some(["+", &self.group()?].concat()),
            Words::All(_) | Words::Any(_) => self.inside(),
            Words::Not(_) => None,
        }
    }

    fn group(&self) -> Option<String> {
        match self {
            Words::One(text) => {
                let tokens: Vec<&str> = tokens(text).collect();
                match tokens.as_slice() {
                    [only] => Some((*only).to_owned()),
                    several => Some(["\"", &several.join(" "), "\""].concat()),
                }
            }
            Words::All(_) | Words::Any(_) => Some(["(", &self.inside()?, ")"].concat()),
            Words::Not(_) => None,
        }
    }

    fn inside(&self) -> Option<String> {
        match self {
            Words::Any(parts) => Some(parts.iter().map(Words::group).collect::<Option<Vec<_>>>()?.join(" ")),
            Words::All(parts) => {
                let signed = parts.iter().map(|part| match part {
                    Words::Not(inner) => Some(["-", &inner.group()?].concat()),
                    part => Some(["+", &part.group()?].concat()),
                });
                Some(signed.collect::<Option<Vec<_>>>()?.join(" "))
            }
            Words::One(_) | Words::Not(_) => self.group(),
        }
    }
}

/// Text without signs that end a text.
pub(super) fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Whether a table of FTS5 takes a word: of three characters those that tell three from three.
pub(super) fn fts5_takes(text: &str, least: usize) -> bool {
    text.chars().any(char::is_alphanumeric) && text.chars().count() >= least
}

/// Whether an index of MySQL takes a word, as far as that can be known.
pub(super) fn mysql_takes(text: &str, least: usize) -> bool {
    let known = |c: char| c.is_alphanumeric() || (c.is_ascii() && !c.is_control() && c != '\'');
    let taken = |token: &str| {
        let length = token.chars().count();
        let left_out = LEFT_OUT.binary_search(&token.to_lowercase().as_str()).is_ok();
        length >= least && length <= LONGEST && !left_out
    };
    text.chars().all(known) && tokens(text).next().is_some() && tokens(text).all(taken)
}

/// Words in a text, as MySQL finds them.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|token| !token.is_empty())
}
