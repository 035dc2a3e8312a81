//! Open types: entities that can have properties which the model does not have (CSDL 4.01 section 6.3).

use super::EntityType;
use crate::lexical::identifier;

impl EntityType {
    /// Whether an entity can have a property of this name that the model does not have.
    pub fn is_dynamic(&self, name: &str) -> bool {
        self.open && identifier(name).is_ok() && !self.is_declared(name)
    }

    /// Whether this type or one below it has something of this name.
    pub fn is_declared(&self, name: &str) -> bool {
        self.properties.iter().any(|p| p.name == name)
            || self.navigation.iter().any(|n| n.name == name)
            || self.streams.iter().any(|s| s.name == name)
    }
}
