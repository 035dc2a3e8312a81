//! Which members of a JSON object are written as dynamic properties of an entity.

use std::collections::HashSet;

use super::{Compiler, Op, ValueShape};
use crate::lexical::identifier;
use crate::model::EntitySetId;
use crate::query::{Dynamic, Named, Selection};

/// What is written of a JSON object.
#[derive(Debug, Clone)]
pub(crate) struct DynamicShape {
    /// Just what these paths lead to, where not all is wanted.
    only: Option<Vec<Vec<String>>>,
    /// Names that mean something else.
    taken: HashSet<String>,
}

impl DynamicShape {
    /// Whether something of a member is written.
    pub(crate) fn tells(&self, name: &str) -> bool {
        match &self.only {
            Some(only) => only.iter().any(|path| path.first().is_some_and(|known| known == name)),
            None => identifier(name).is_ok() && !self.taken.contains(name),
        }
    }

    /// The paths inside of a member that lead to what is written of it; an empty one is all of it.
    pub(crate) fn parts<'s>(&'s self, name: &str) -> Vec<&'s [String]> {
        let Some(only) = &self.only else {
            return vec![&[]];
        };
        let inside = |path: &'s Vec<String>| path.split_first().filter(|(first, _)| *first == name);
        only.iter().filter_map(inside).map(|(_, rest)| rest).collect()
    }
}

impl Compiler<'_> {
    /// Reads a JSON object and writes its members.
    pub(super) fn members(&mut self, selection: &Selection) -> Op {
        let named = selection.named.iter().filter_map(|named| named.path.first());
        let taken = self.declared_names(selection.set).chain(named).cloned().collect();
        let only = match &selection.dynamic {
            Dynamic::Named(paths) => Some(paths.clone()),
            Dynamic::None | Dynamic::All => None,
        };
        self.told_members(DynamicShape { only, taken })
    }

    /// The same of an entity of a set whose values stand in a row that is none.
    pub(super) fn members_of_row(&mut self, set: EntitySetId, named: &Named, selection: &Selection) -> Op {
        let mut taken: HashSet<String> = self.declared_names(set).cloned().collect();
        taken.extend(named.taken().into_iter().flatten().map(str::to_owned));
        // Values that only some rows have are none of the rows of such entities.
        let always = selection.named.iter().filter(|other| other.present.is_none());
        taken.extend(always.filter_map(|other| named.behind(&other.path)?.first().cloned()));
        let mut only: Vec<Vec<String>> = Vec::new();
        if let Dynamic::Named(paths) = &selection.dynamic {
            only.extend(paths.iter().filter_map(|path| named.behind(path)).map(<[String]>::to_vec));
        }
        // Of entities of all sets, each type has its own list.
        let kinds = selection.types.iter().filter(|kind| kind.set == set);
        let names: Vec<&String> = kinds.flat_map(|kind| kind.selected.iter().flatten()).collect();
        if !names.iter().any(|name| *name == "*") {
            let paths = names.into_iter().map(|name| name.split('/').map(str::to_owned).collect::<Vec<_>>());
            only.extend(paths.filter(|path| !taken.contains(&path[0])));
        }
        self.told_members(DynamicShape { only: (!only.is_empty()).then_some(only), taken })
    }

    fn declared_names(&self, set: EntitySetId) -> impl Iterator<Item = &String> {
        let ty = self.type_of(set);
        let declared = ty.properties.iter().map(|p| &p.name).chain(ty.navigation.iter().map(|n| &n.name));
        declared.chain(ty.streams.iter().map(|s| &s.name))
    }

    fn told_members(&mut self, shape: DynamicShape) -> Op {
        Op::Json { value: self.add(ValueShape::Members(shape)) }
    }
}
