//! Types below an entity type: the entities of one set are of it or of one of them (CSDL 4.01 section 6.2).

use super::Stream;

/// The types below an entity type, which is at the root. Its properties, then those of the types below it, are properties of one
/// list, since all lie in the rows of one set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Family {
    /// Whether no entity is just of the type at the root.
    pub is_abstract: bool,
    /// The types below it, each behind the one that it is based on.
    pub derived: Vec<DerivedType>,
    /// By property: the type that has it; none where all have it. Those that all have come first.
    pub properties: Vec<Option<usize>>,
    /// By navigation property, likewise.
    pub navigation: Vec<Option<usize>>,
    /// By stream property, likewise.
    pub streams: Vec<Option<usize>>,
}

/// An entity type that is based on another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DerivedType {
    /// Simple name, unique among the types of the schema.
    pub name: String,
    /// The type that it is based on, where that is not the root.
    pub base: Option<usize>,
    /// Whether no entity is just of this type.
    pub is_abstract: bool,
    /// The bytes of its entities themselves, where no type above has some.
    pub media: Option<Stream>,
    /// Text for `Core.Description`.
    pub description: Option<String>,
}

impl Family {
    /// Whether all entities of a type are of another one, too: it is the same, or above it. None is the root.
    pub fn is_a(&self, ty: Option<usize>, other: Option<usize>) -> bool {
        let mut at = ty;
        loop {
            match at {
                _ if at == other => return true,
                Some(number) => at = self.derived[number].base,
                None => return false,
            }
        }
    }

    /// Whether an entity of a type can be of another one, too.
    pub fn can_be(&self, ty: Option<usize>, other: Option<usize>) -> bool {
        self.is_a(ty, other) || self.is_a(other, ty)
    }

    /// How many types are above one.
    pub fn depth(&self, ty: usize) -> usize {
        std::iter::successors(Some(ty), |number| self.derived[*number].base).count()
    }
}
