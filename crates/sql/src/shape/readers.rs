//! Who sees a part of the model: logins, and groups of them.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::de::Deserializer;

use super::check::{Checked, bad};
use super::functions::FunctionShape;
use super::named::{Named, Spot};
use super::parts::{EntityShape, PropertyShape, Shape};

/// Who sees something.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Readers {
    /// Everybody, as nothing is said.
    #[default]
    All,
    /// These logins, and those of these groups.
    Only(Vec<Named>),
    /// Not the one that the model is made for, who is none of these.
    Others(Vec<Named>),
}

/// Something that the model file has readers of.
#[derive(Debug, Clone, Copy)]
pub struct ReadThing<'s> {
    /// The entity set, singleton or function.
    pub name: &'s Named,
    /// Its property, if it is one.
    pub property: Option<&'s Named>,
    /// Who sees it.
    pub readers: &'s Readers,
}

impl<'de> Deserialize<'de> for Readers {
    /// A key without names is no list: who forgets them must not open what is to be closed.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Readers, D::Error> {
        Vec::<Named>::deserialize(deserializer).map(Readers::Only)
    }
}

impl Readers {
    /// Whether the model is made for somebody who does not see it.
    pub fn are_others(&self) -> bool {
        matches!(self, Readers::Others(_))
    }

    /// Whether anything is said.
    pub fn are_told(&self) -> bool {
        *self != Readers::All
    }

    /// The names of logins and groups.
    pub fn names(&self) -> &[Named] {
        match self {
            Readers::All => &[],
            Readers::Only(names) | Readers::Others(names) => names,
        }
    }
}

impl Shape {
    /// All that has readers.
    pub fn read_things(&self) -> Vec<ReadThing<'_>> {
        let mut found = Vec::new();
        for (name, entity) in self.tables() {
            found.push(ReadThing { name, property: None, readers: &entity.readers });
            for (property, told) in entity.all_properties() {
                found.push(ReadThing { name, property: Some(property), readers: &told.readers });
            }
        }
        let of = self.singletons.iter().filter(|(_, single)| single.of.is_some());
        found.extend(of.map(|(name, single)| ReadThing {
            name,
            property: None,
            readers: &single.entity.readers,
        }));
        for (name, all) in self.functions.iter() {
            found.extend(all.0.iter().map(|one| ReadThing { name, property: None, readers: &one.readers }));
        }
        found.retain(|thing| thing.readers.are_told());
        found
    }

    /// Who sees an entity set or singleton, or a property of it.
    pub fn readers_of(&self, name: &str, property: Option<&str>) -> &Readers {
        let own = self.tables().find(|(known, _)| known.text == name).map(|(_, entity)| entity);
        let entity = own.or_else(|| self.singletons.get(name).map(|single| &single.entity));
        let found = entity.and_then(|entity| match property {
            None => Some(&entity.readers),
            Some(name) => {
                entity.all_properties().find(|(known, _)| known.text == name).map(|(_, told)| &told.readers)
            }
        });
        found.unwrap_or(&Readers::All)
    }

    /// Whether data is kept from somebody: rows, or what has readers.
    pub fn is_bounded(&self) -> bool {
        self.tables().any(|(_, entity)| entity.rows.is_some()) || !self.read_things().is_empty()
    }

    /// The logins that see something.
    pub fn logins<'s>(&'s self, readers: &'s Readers) -> BTreeSet<&'s str> {
        let mut found = BTreeSet::new();
        for name in readers.names() {
            match self.groups.iter().find(|(group, _)| group.text == name.text) {
                Some((_, members)) => found.extend(members.iter().map(|member| member.text.as_str())),
                None => drop(found.insert(name.text.as_str())),
            }
        }
        found
    }

    /// Whether a login sees something. One that is none sees nothing that has readers.
    pub fn sees(&self, user: Option<&str>, readers: &Readers) -> bool {
        !readers.are_told() || user.is_some_and(|user| self.logins(readers).contains(user))
    }

    /// The same as a login sees it, or one that is none: what it does not see is marked.
    pub fn seen_by(&self, user: Option<&str>) -> Shape {
        let mut shape = self.clone();
        let mark = |readers: &mut Readers| {
            if !self.sees(user, readers) {
                *readers = Readers::Others(std::mem::take(readers).names().to_vec());
            }
        };
        let entity = |told: &mut EntityShape| {
            mark(&mut told.readers);
            let derived = told.derived.0.iter_mut().flat_map(|(_, below)| &mut below.properties.0);
            let all = told.properties.0.iter_mut().chain(derived);
            all.for_each(|(_, property)| mark(&mut property.readers));
        };
        shape.entities.0.iter_mut().for_each(|(_, told)| entity(told));
        shape.singletons.0.iter_mut().for_each(|(_, told)| entity(&mut told.entity));
        let functions = shape.functions.0.iter_mut().flat_map(|(_, all)| &mut all.0);
        functions.for_each(|told: &mut FunctionShape| mark(&mut told.readers));
        shape
    }
}

/// Checks groups, and that each list names somebody.
pub(super) fn check(shape: &Shape) -> Checked {
    for (name, members) in shape.groups.iter() {
        named(name.spot, members)?;
        let inner = members.iter().find(|member| shape.groups.get(&member.text).is_some());
        if let Some(inner) = inner {
            return Err(bad(inner.spot, &["`", &inner.text, "` is a group: groups have logins, no groups"]));
        }
    }
    for thing in shape.read_things() {
        named(thing.property.unwrap_or(thing.name).spot, thing.readers.names())?;
        if let Some((property, entity)) = thing.property.zip(entity_of(shape, thing.name))
            && entity.key.iter().any(|key| key.text == property.text)
        {
            return Err(key_has_readers(property));
        }
    }
    inside(shape)
}

/// A list of names is none without one.
fn named(spot: Spot, names: &[Named]) -> Checked {
    match names.iter().find(|name| name.text.is_empty()) {
        _ if names.is_empty() => Err(bad(
            spot,
            &["its list of logins is empty; what nobody is to see is hidden (`hide`, `exclude`)"],
        )),
        Some(empty) => Err(bad(empty.spot, &["a login has a name"])),
        None => Ok(()),
    }
}

fn entity_of<'s>(shape: &'s Shape, name: &Named) -> Option<&'s EntityShape> {
    shape.tables().find(|(known, _)| known.text == name.text).map(|(_, entity)| entity)
}

fn key_has_readers(property: &Named) -> super::ShapeError {
    bad(
        property.spot,
        &[
            "`",
            &property.text,
            "` is part of the key, so whoever sees the entity sees it: it has no `readers`",
        ],
    )
}

/// Parts of complex values have no readers of their own: their type is that of others, too.
fn inside(shape: &Shape) -> Checked {
    let groups = shape.properties().flat_map(|(_, told)| told.columns.iter());
    let types = shape.complex_types.iter().flat_map(|(_, told)| told.properties.iter());
    let told = groups.chain(types).find(|(_, told): &&(Named, PropertyShape)| told.readers.are_told());
    told.map_or(Ok(()), |(name, _)| {
        Err(bad(name.spot, &["`readers` are told of the whole complex value, not of a part of it"]))
    })
}
