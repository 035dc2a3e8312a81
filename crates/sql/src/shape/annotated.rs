//! What a model file annotates: by a path at its top, or in place.

use super::named::{Entries, Named};
use super::parts::{PropertyShape, Shape, Told};

/// What annotations are of.
#[derive(Debug, Clone, Copy)]
pub enum Annotatee<'s> {
    /// What a path leads to.
    Path(&'s Named),
    /// The type of an entity set or singleton.
    Entity {
        /// The name of the set.
        set: &'s Named,
        /// The type below that of the set, if it is one.
        derived: Option<&'s Named>,
        /// The property, if it is one.
        property: Option<&'s Named>,
    },
    /// A type that has a name in the file.
    Type {
        /// That name.
        name: &'s Named,
        /// The property, if it is one.
        property: Option<&'s Named>,
    },
}

impl<'s> Annotatee<'s> {
    /// What stands where the annotations do.
    pub fn named(self) -> &'s Named {
        match self {
            Annotatee::Path(name) => name,
            Annotatee::Entity { set, derived, property } => property.or(derived).unwrap_or(set),
            Annotatee::Type { name, property } => property.unwrap_or(name),
        }
    }
}

/// What is annotated, with the annotations.
type All<'s> = Vec<(Annotatee<'s>, &'s Told)>;

impl Shape {
    /// All that is annotated, first what is by a path.
    pub fn annotated(&self) -> Vec<(Annotatee<'_>, &Told)> {
        let mut all: All<'_> =
            self.annotations.iter().map(|(name, told)| (Annotatee::Path(name), told)).collect();
        for (set, told) in self.tables() {
            let entity = |derived, property| Annotatee::Entity { set, derived, property };
            all.push((entity(None, None), &told.annotations));
            properties(&mut all, &told.properties, |name| entity(None, Some(name)));
            let links = told.navigation.iter();
            all.extend(links.map(|(name, link)| (entity(None, Some(name)), &link.annotations)));
            for (below, told) in told.derived.iter() {
                all.push((entity(Some(below), None), &told.annotations));
                properties(&mut all, &told.properties, |name| entity(Some(below), Some(name)));
                let links = told.navigation.iter();
                all.extend(links.map(|(name, link)| (entity(Some(below), Some(name)), &link.annotations)));
            }
        }
        let whole = |name| Annotatee::Type { name, property: None };
        all.extend(self.enumerations.iter().map(|(name, told)| (whole(name), &told.annotations)));
        all.extend(self.type_definitions.iter().map(|(name, told)| (whole(name), &told.annotations)));
        for (name, told) in self.complex_types.iter() {
            all.push((whole(name), &told.annotations));
            properties(&mut all, &told.properties, |property| Annotatee::Type {
                name,
                property: Some(property),
            });
        }
        all.retain(|(_, told)| !told.is_empty());
        all
    }
}

/// Properties, and those of the complex values that are made of columns.
fn properties<'s>(
    all: &mut All<'s>,
    told: &'s Entries<PropertyShape>,
    of: impl Fn(&'s Named) -> Annotatee<'s>,
) {
    for (name, property) in told.iter() {
        all.push((of(name), &property.annotations));
        let inner = property.type_name.as_ref().into_iter().flat_map(|ty| {
            let of = |name| Annotatee::Type { name: ty, property: Some(name) };
            property.columns.iter().map(move |(name, part)| (of(name), &part.annotations))
        });
        all.extend(inner);
    }
}
