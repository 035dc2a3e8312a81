//! Sets of entities.

use super::EntityTypeId;

/// An entity set (CSDL 4.01 section 13.2).
#[derive(Debug, Clone)]
pub struct EntitySet {
    /// Name, unique in the container.
    pub name: String,
    /// Type of its entities.
    pub entity_type: EntityTypeId,
    /// Text for `Core.Description`.
    pub description: Option<String>,
    /// Whether changes of its entities can be followed.
    pub tracked: bool,
}
