//! What entities of a type have: found by name, and told apart by the types below it.

use super::{DerivedType, EntityType, NavigationProperty, Property, Stream};

impl EntityType {
    /// Whether `$search` looks at something of its entities.
    pub fn is_searchable(&self) -> bool {
        self.full_text || self.properties.iter().any(|property| property.searchable)
    }

    /// Index of a structural property by its exact name; not one that only a type below this one has.
    pub fn find_property(&self, name: &str) -> Option<usize> {
        self.find_property_of(name, None)
    }

    /// The same of a type below this one.
    pub fn find_property_of(&self, name: &str, of: Option<usize>) -> Option<usize> {
        let named = |(index, p): (usize, &Property)| p.name == name && self.has_property(of, index);
        self.properties.iter().enumerate().position(named)
    }

    /// Index of a stream property by its exact name, of entities of a type.
    pub fn find_stream_of(&self, name: &str, of: Option<usize>) -> Option<usize> {
        let named = |(index, s): (usize, &Stream)| s.name == name && self.has_stream(of, index);
        self.streams.iter().enumerate().position(named)
    }

    /// The bytes of entities of a type themselves, and the type that has them: the same, or one above it.
    pub fn media_of(&self, of: Option<usize>) -> Option<(Option<usize>, &Stream)> {
        let above = |number: &usize| self.family.as_ref().and_then(|family| family.derived[*number].base);
        let types = std::iter::successors(of, above).map(Some).chain([None]);
        types.filter_map(|ty| Some((ty, self.own_media(ty)?))).next()
    }

    /// Those that a type has itself.
    pub fn own_media(&self, owner: Option<usize>) -> Option<&Stream> {
        match owner {
            None => self.media.as_ref(),
            Some(number) => self.family.as_ref()?.derived[number].media.as_ref(),
        }
    }

    /// Index of a navigation property by its exact name; not one that only a type below this one has.
    pub fn find_navigation(&self, name: &str) -> Option<usize> {
        self.find_navigation_of(name, None)
    }

    /// The same of a type below this one.
    pub fn find_navigation_of(&self, name: &str, of: Option<usize>) -> Option<usize> {
        let named =
            |(index, n): (usize, &NavigationProperty)| n.name == name && self.has_navigation(of, index);
        self.navigation.iter().enumerate().position(named)
    }

    /// The type below this one that has a property; none where all have it.
    pub fn owner_of_property(&self, index: usize) -> Option<usize> {
        self.family.as_ref().and_then(|family| family.properties[index])
    }

    /// The type below this one that has a navigation property; none where all have it.
    pub fn owner_of_navigation(&self, index: usize) -> Option<usize> {
        self.family.as_ref().and_then(|family| family.navigation[index])
    }

    /// The type below this one that has a stream property; none where all have it.
    pub fn owner_of_stream(&self, index: usize) -> Option<usize> {
        self.family.as_ref().and_then(|family| family.streams[index])
    }

    /// Whether entities of a type have a stream property.
    pub fn has_stream(&self, of: Option<usize>, index: usize) -> bool {
        self.family.as_ref().is_none_or(|family| family.is_a(of, family.streams[index]))
    }

    /// Stream properties that an entity can have of which is known that it is of a type.
    pub fn possible_streams(&self, of: Option<usize>) -> impl Iterator<Item = usize> {
        let can = move |index: &usize| {
            self.family.as_ref().is_none_or(|family| family.can_be(of, family.streams[*index]))
        };
        (0..self.streams.len()).filter(can)
    }

    /// Whether entities of a type have a property.
    pub fn has_property(&self, of: Option<usize>, index: usize) -> bool {
        self.family.as_ref().is_none_or(|family| family.is_a(of, family.properties[index]))
    }

    /// Whether entities of a type have a navigation property.
    pub fn has_navigation(&self, of: Option<usize>, index: usize) -> bool {
        self.family.as_ref().is_none_or(|family| family.is_a(of, family.navigation[index]))
    }

    /// Properties that an entity can have of which is known that it is of a type.
    pub fn possible_properties(&self, of: Option<usize>) -> impl Iterator<Item = usize> {
        let can = move |index: &usize| {
            self.family.as_ref().is_none_or(|family| family.can_be(of, family.properties[*index]))
        };
        (0..self.properties.len()).filter(can)
    }

    /// The types below this one, each behind the one that it is based on.
    pub fn types_below(&self) -> &[DerivedType] {
        self.family.as_ref().map_or(&[], |family| &family.derived)
    }

    /// Name of a type below this one, or of this one.
    pub fn name_of(&self, of: Option<usize>) -> &str {
        let derived = self.family.as_ref().zip(of);
        derived.map_or(&self.name, |(family, of)| &family.derived[of].name)
    }
}
