//! What tells one state of an entity from another.

/// Of what the ETags of the entities of a type are made (Part 1 section 11.4.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Etag {
    /// How many values.
    pub values: usize,
    /// Those of them that are properties, by index.
    pub properties: Vec<usize>,
}
