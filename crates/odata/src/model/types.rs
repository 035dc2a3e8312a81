//! The types that a property can have beside primitive ones: enumerations and complex types.

use super::{PrimitiveType, Property};

/// Index of an enumeration type in [`Model::enum_types`](super::Model::enum_types).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EnumTypeId(pub usize);

/// Index of a complex type in [`Model::complex_types`](super::Model::complex_types).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ComplexTypeId(pub usize);

/// The type of a property, or of the items of one that is a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Type {
    /// A primitive type.
    Primitive(PrimitiveType),
    /// An enumeration.
    Enum(EnumTypeId),
    /// A complex type.
    Complex(ComplexTypeId),
}

/// An enumeration type (CSDL 4.01 section 10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnumType {
    /// Simple name, unique among the types of the schema.
    pub name: String,
    /// Whether several members can be chosen at once.
    pub flags: bool,
    /// Its members, in declared order. Never empty; with flags each value is a bit of its own.
    pub members: Vec<EnumMember>,
    /// Text for `Core.Description`.
    pub description: Option<String>,
}

/// A member of an enumeration type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnumMember {
    /// Simple name, unique in the type.
    pub name: String,
    /// Its number, unique in the type.
    pub value: i64,
}

/// Index of a type definition in [`Model::type_definitions`](super::Model::type_definitions).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeDefinitionId(pub usize);

/// A type definition (CSDL 4.01 section 11): a primitive type under a name of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeDefinition {
    /// Simple name, unique among the types of the schema.
    pub name: String,
    /// The type that it is.
    pub underlying: PrimitiveType,
    /// Greatest length of its values.
    pub max_length: Option<u32>,
    /// Digits of its values.
    pub precision: Option<u32>,
    /// Digits behind the point.
    pub scale: Option<u32>,
    /// Text for `Core.Description`.
    pub description: Option<String>,
}

/// A complex type (CSDL 4.01 section 9).
#[derive(Debug, Clone)]
pub struct ComplexType {
    /// Simple name, unique among the types of the schema.
    pub name: String,
    /// Its properties, in the order in which their values are read and written. A complex type never holds itself.
    pub properties: Vec<Property>,
    /// Text for `Core.Description`.
    pub description: Option<String>,
}

impl EnumType {
    /// The type that holds its numbers.
    pub fn underlying(&self) -> PrimitiveType {
        let small = self.members.iter().all(|member| i32::try_from(member.value).is_ok());
        if small { PrimitiveType::Int32 } else { PrimitiveType::Int64 }
    }

    /// Finds a member by its exact name.
    pub fn find_member(&self, name: &str) -> Option<&EnumMember> {
        self.members.iter().find(|member| member.name == name)
    }
}

impl ComplexType {
    /// Index of a property by its exact name.
    pub fn find_property(&self, name: &str) -> Option<usize> {
        self.properties.iter().position(|p| p.name == name)
    }
}
