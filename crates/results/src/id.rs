//! The names of a stored result and of a node: 16 random bytes each.

use std::fmt;

use crate::wire::{hex, unhex};

/// Fills an array with random bytes from the operating system's generator.
///
/// # Errors
/// [`Unspecified`](aws_lc_rs::error::Unspecified) when the system gives no random bytes.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], aws_lc_rs::error::Unspecified> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes)?;
    Ok(bytes)
}

/// The name of a stored result. It is random, so it tells nothing and cannot be guessed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResultId([u8; 16]);

impl ResultId {
    /// Makes a new random name.
    pub(crate) fn generate() -> Result<Self, aws_lc_rs::error::Unspecified> {
        random().map(Self)
    }

    /// A name from its 16 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes of the name.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Reads a name from its 32 hexadecimal digits, as [`Display`](fmt::Display) writes it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        unhex(text).map(Self)
    }
}

impl fmt::Display for ResultId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for ResultId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The name of a node: a random UUID (version 4), made once and kept in the data directory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId([u8; 16]);

impl NodeId {
    /// Makes a new random name.
    pub(crate) fn generate() -> Result<Self, aws_lc_rs::error::Unspecified> {
        let mut bytes: [u8; 16] = random()?;
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        Ok(Self(bytes))
    }

    /// A name from its 16 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes of the name.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Reads a UUID in its hyphenated lower-case form, as [`Display`](fmt::Display) writes it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let hyphens = [8, 13, 18, 23];
        if text.len() != 36 || !text.is_ascii() || hyphens.iter().any(|at| text.as_bytes()[*at] != b'-') {
            return None;
        }
        let mut digits = String::with_capacity(text.len());
        digits.extend(text.split('-'));
        unhex(&digits).map(Self)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = hex(&self.0);
        let group = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
        write!(f, "{}-{}-{}-{}-{}", group(0, 8), group(8, 12), group(12, 16), group(16, 20), group(20, 32))
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The name of one registration of a node: a random UUID, made anew at each start. Calls between
/// nodes carry it, so that a call of an earlier start, or to one, is told apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Registration(NodeId);

impl Registration {
    /// Makes a new random name.
    ///
    /// # Errors
    /// [`Unspecified`](aws_lc_rs::error::Unspecified) when the system gives no random bytes.
    pub fn generate() -> Result<Self, aws_lc_rs::error::Unspecified> {
        NodeId::generate().map(Self)
    }

    /// A name from its 16 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(NodeId::from_bytes(bytes))
    }

    /// The 16 bytes of the name.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// Reads a UUID in its hyphenated lower-case form, as [`Display`](fmt::Display) writes it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        NodeId::parse(text).map(Self)
    }
}

impl fmt::Display for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_through_text() {
        let result = ResultId::generate().unwrap();
        assert_eq!(ResultId::parse(&result.to_string()), Some(result));
        let node = NodeId::generate().unwrap();
        assert_eq!(NodeId::parse(&node.to_string()), Some(node));
        assert_eq!(&node.to_string()[14..15], "4", "version 4");
        for text in ["", "0", "00000000-0000-0000-0000-00000000000", "000000000000000000000000000000000000"] {
            assert_eq!(NodeId::parse(text), None, "{text}");
        }
    }
}
