//! What is only returned of entities of types below that of their set.

use super::{Expand, Selection};
use crate::model::EntityType;

impl Selection {
    /// The types of which entities are to be to have a property here: any of these. None where all have it.
    pub fn only_of_property(&self, ty: &EntityType, property: usize) -> Vec<usize> {
        let narrowed = self.narrowed.iter().find(|(narrowed, _)| *narrowed == property);
        let owner = || ty.owner_of_property(property).filter(|_| !ty.has_property(self.of, property));
        narrowed.map_or_else(|| owner().into_iter().collect(), |(_, types)| types.clone())
    }

    /// The type of which entities are to be to have an expanded navigation property here.
    pub fn only_of_expanded(&self, ty: &EntityType, expand: &Expand) -> Option<usize> {
        let navigation = expand.navigation;
        let owner = ty.owner_of_navigation(navigation).filter(|_| !ty.has_navigation(self.of, navigation));
        expand.of.or(owner)
    }

    /// Whether all of a key is told of every entity here.
    pub fn tells(&self, key: &[usize]) -> bool {
        let everywhere = |property: &usize| !self.narrowed.iter().any(|(narrowed, _)| narrowed == property);
        key.iter().all(|property| self.properties.contains(property) && everywhere(property))
    }
}
