//! Regular expressions of ECMAScript with its flag `u`, which `matchesPattern` takes (Part 2 section 5.1.1.7.1), as trees.

mod set;
mod parse;

pub use parse::parse;
pub use set::{Item, Ranges, Set, others};

/// The greatest character.
pub const LAST: u32 = 0x10_FFFF;

/// Bytes of the longest pattern.
pub const LONGEST: usize = 1_000;

/// A part of a regular expression.
///
/// Whether as much or as little as possible is repeated is not told: it makes no difference to whether a text matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// This character.
    Char(char),
    /// One character of a set.
    Set(Set),
    /// One behind the other.
    Sequence(Vec<Node>),
    /// One of several.
    Choice(Vec<Node>),
    /// The start of the text.
    Start,
    /// The end of the text.
    End,
    /// A place where a word of ASCII begins or ends, or any other one.
    Boundary(bool),
    /// What stands, or does not stand, behind a place or before it.
    Look {
        /// Behind the place.
        ahead: bool,
        /// It stands there.
        wanted: bool,
        /// What.
        inner: Box<Node>,
    },
    /// A group that can be referred to, counted from 1.
    Group(u32, Box<Node>),
    /// The text of a group once more.
    Reference {
        /// Which.
        group: u32,
        /// Whether the group has matched wherever this is reached.
        sure: bool,
    },
    /// The same several times.
    Repeat {
        /// What.
        inner: Box<Node>,
        /// At least so often.
        least: u32,
        /// At most so often.
        most: Option<u32>,
    },
}

/// What is no regular expression, or none that is read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}, at character {at} of the pattern")]
pub struct Mistake {
    /// What is wrong.
    pub what: &'static str,
    /// Where, counted from 1.
    pub at: usize,
    /// Whether it passes a limit.
    pub limit: bool,
}

#[cfg(test)]
mod tests;
