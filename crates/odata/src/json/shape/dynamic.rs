//! Which members of a JSON object are written as dynamic properties of an entity.

use std::collections::HashSet;

use super::{Compiler, Op, ValueShape};
use crate::lexical::identifier;
use crate::query::{Dynamic, Selection};

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
        let ty = self.type_of(selection.set);
        let named = selection.named.iter().filter_map(|named| named.path.first());
        let declared = ty.properties.iter().map(|p| &p.name).chain(ty.navigation.iter().map(|n| &n.name));
        let taken = declared.chain(ty.streams.iter().map(|s| &s.name)).chain(named).cloned().collect();
        let only = match &selection.dynamic {
            Dynamic::Named(paths) => Some(paths.clone()),
            Dynamic::None | Dynamic::All => None,
        };
        Op::Json { value: self.add(ValueShape::Members(DynamicShape { only, taken })) }
    }
}
