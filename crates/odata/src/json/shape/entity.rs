//! What is told of an entity around its properties: identifier, type, links, and the collections that hang on it.

use super::{CollectionShape, Compiler, EtagShape, IdentityShape, Op, end_only};
use crate::context;
use crate::json::key::{write_plain_key, write_query_option};
use crate::json::text::write_string;
use crate::model::{EntitySetId, PrimitiveType, Type};
use crate::query::{EntityKind, Expand, Selection};
use crate::version::MetadataLevel;

/// An entity that is being written.
#[derive(Clone, Copy)]
pub(super) struct Entity<'q> {
    pub(super) set: EntitySetId,
    /// What is told of it; nothing of one that is only linked.
    selection: Option<&'q Selection>,
    /// Only its identifier.
    pub(super) references: bool,
    /// Only a link to it.
    pub(super) linked: bool,
    /// The type below that of the set that it is known to be of.
    pub(super) of: Option<usize>,
    /// Where the number of its type is kept.
    pub(super) place: usize,
    /// That of the type of its set.
    pub(super) first: usize,
}

impl IdentityShape {
    fn nothing() -> IdentityShape {
        IdentityShape { before: Vec::new(), members: Vec::new() }
    }
}

impl<'q> Entity<'q> {
    /// One of which this is returned.
    pub(super) fn of(selection: &'q Selection, place: usize) -> Entity<'q> {
        let Selection { set, references, of, .. } = *selection;
        Entity { set, selection: Some(selection), references, linked: false, of, place, first: 0 }
    }

    /// The same, of which nothing but a link is told where `linked` says so.
    pub(super) fn linked(self, linked: bool) -> Entity<'q> {
        Entity { linked, ..self }
    }

    /// One of those that are combined.
    pub(super) fn combined(selection: &'q Selection, set: EntitySetId, place: usize) -> Entity<'q> {
        let found = selection.combined.iter().find(|one| one.set == set);
        let expand = found.and_then(|one| one.expand.as_ref());
        let nothing =
            Entity { set, selection: None, references: false, linked: false, of: None, place, first: 0 };
        expand.map_or(nothing, |expand| Entity { of: None, ..Entity::of(expand, place) })
    }

    /// One of all sets, of which only is written what stands below it.
    pub(super) fn beside(selection: &'q Selection, set: EntitySetId) -> Entity<'q> {
        let before = selection.types.iter().take_while(|kind| kind.set != set).count();
        Entity { first: before + 1, ..Entity::combined(selection, set, 0).linked(true) }
    }

    /// Stream properties of which something is told.
    pub(super) fn streams(self) -> &'q [usize] {
        self.selection.map_or(&[], |selection| &selection.streams)
    }

    /// Functions that are told of.
    pub(super) fn functions(self) -> &'q [usize] {
        self.selection.map_or(&[], |selection| &selection.functions)
    }
}

impl<'a> Compiler<'a> {
    pub(super) fn key(&self, entity: Entity<'_>, property: usize, number: usize, last: bool) -> Op {
        let Entity { set, linked, .. } = entity;
        let ty = self.type_of(set);
        let mut prefix = Vec::new();
        if number == 0 {
            write_plain_key(&mut prefix, &self.model.entity_set(set).name);
            prefix.push(b'(');
        } else {
            prefix.push(b',');
        }
        let property = &ty.properties[property];
        if ty.key.len() > 1 {
            write_plain_key(&mut prefix, &property.name);
            prefix.push(b'=');
        }
        let mut flags = false;
        if let Type::Enum(id) = property.ty {
            // The type stands before the quotes, as 4.0 has it and 4.01 permits.
            write_plain_key(&mut prefix, self.model.type_name(property.ty));
            flags = self.model.enum_type(id).flags;
        }
        let mut suffix: &[u8] = b"";
        if property.ty == Type::Primitive(PrimitiveType::Duration) {
            prefix.extend_from_slice(b"duration'");
            suffix = b"'";
        }
        let identity = || if linked { IdentityShape::nothing() } else { self.identity(entity) };
        let last = last.then(|| Box::new(identity()));
        Op::Key { prefix, suffix, flags, last }
    }

    /// `,"@odata.type":"#Ns.Type"`
    fn told_type(&self, set: EntitySetId, of: Option<usize>) -> Vec<u8> {
        let mut told = self.annotation("", "type");
        write_string(&mut told, &["#", &self.model.qualified_cast(set, of)].concat());
        told
    }

    /// What tells of the type of an entity (JSON Format section 4.6.3): with minimal metadata only of one below the type that is known.
    pub(super) fn kind(&self, entity: Entity<'_>, selection: &Selection) -> Op {
        if !selection.types.is_empty() {
            return self.kind_of_all(entity, selection);
        }
        self.kind_of(entity)
    }

    /// The same of an entity of one set.
    pub(super) fn kind_of(&self, entity: Entity<'_>) -> Op {
        let derived = self.type_of(entity.set).family.as_ref().map_or(0, |family| family.derived.len());
        let all = std::iter::once(None).chain((0..derived).map(Some));
        let told = all.map(|of| match self.format.metadata {
            MetadataLevel::None => Vec::new(),
            MetadataLevel::Minimal if of == entity.of => Vec::new(),
            MetadataLevel::Minimal | MetadataLevel::Full => self.told_type(entity.set, of),
        });
        Op::Kind { place: entity.place, told: told.collect() }
    }

    /// The same of entities of all sets: each tells its set (Part 1 section 10.18) and its type.
    fn kind_of_all(&self, entity: Entity<'_>, selection: &Selection) -> Op {
        let told = selection.types.iter().map(|kind| {
            let EntityKind { set, of, selected } = kind;
            if self.format.metadata == MetadataLevel::None {
                return Vec::new();
            }
            let mut told = self.annotation("", "context");
            let one = if self.model.is_single(*set) { "" } else { "/$entity" };
            let names = context::told_of(self.model, selection, kind, self.format.version);
            let listed = selected.is_some() || !names.is_empty();
            let cast = of.filter(|_| listed);
            let cast =
                cast.map_or_else(String::new, |_| ["/", &self.model.qualified_cast(*set, *of)].concat());
            let list = if listed { ["(", &names.join(","), ")"].concat() } else { String::new() };
            let name = self.model.entity_set(*set).name.as_str();
            write_string(&mut told, &["#", name, &cast, &list, one].concat());
            told.extend(self.told_type(*set, *of));
            told
        });
        Op::Kind { place: entity.place, told: std::iter::once(Vec::new()).chain(told).collect() }
    }

    /// Reads a value of an ETag (JSON Format section 4.6.8).
    pub(super) fn etag(&self, entity: Entity<'_>, last: bool, kept: bool, bare: bool) -> Op {
        let (mut prefixes, mut derived) = (Vec::new(), Vec::new());
        if last && !bare && self.format.metadata != MetadataLevel::None {
            let own = [self.annotation("", "etag").as_slice(), b"\"W/\\\""].concat();
            prefixes.push(own);
            for owner in self.types_of(entity, true) {
                prefixes.extend(self.stream_etags(entity, owner));
            }
            for owner in self.types_of(entity, false) {
                let prefixes = self.stream_etags(entity, owner);
                if !prefixes.is_empty() {
                    derived.push((self.is_of(entity, owner), prefixes));
                }
            }
        }
        let place = entity.place;
        Op::Etag { last: last.then(|| Box::new(EtagShape { prefixes, place, derived, kept })) }
    }

    /// Leaves out what follows unless an entity is of one of some types.
    pub(super) fn only(&self, entity: Entity<'_>, any: &[usize]) -> Op {
        let mut types = vec![false; entity.first];
        for one in any {
            let is = self.is_of(entity, Some(*one));
            types.resize(entity.first + is.len(), false);
            types.iter_mut().skip(entity.first).zip(is).for_each(|(known, is)| *known |= is);
        }
        Op::Only { place: entity.place, types, skip_to: 0 }
    }

    /// By number of a type: whether entities of it are of another one, too.
    fn is_of(&self, entity: Entity<'_>, other: Option<usize>) -> Vec<bool> {
        let family = self.type_of(entity.set).family.as_deref();
        let all = std::iter::once(None).chain((0..family.map_or(0, |family| family.derived.len())).map(Some));
        all.map(|of| family.is_some_and(|family| family.is_a(of, other))).collect()
    }

    /// The types that an entity is known to be of, or those that only some can be of, which are below that of the set.
    fn types_of(&self, entity: Entity<'_>, known: bool) -> impl Iterator<Item = Option<usize>> + use<'a> {
        let family = self.type_of(entity.set).family.as_deref();
        let below = (0..family.map_or(0, |family| family.derived.len())).map(Some);
        let all = std::iter::once(None).chain(below);
        all.filter(move |owner| family.map_or(known, |family| family.is_a(entity.of, *owner) == known))
    }

    /// `/Ns.Type`, where a type below that of the set is meant.
    pub(super) fn cast(&self, set: EntitySetId, of: Option<usize>) -> Vec<u8> {
        let mut path = Vec::new();
        if of.is_some() {
            path.push(b'/');
            write_plain_key(&mut path, self.model.qualified_cast(set, of));
        }
        path
    }

    /// `,"name@odata.kind":"` and what a link begins with.
    fn link(&self, name: &str, kind: &str) -> Vec<u8> {
        [self.annotation(name, kind).as_slice(), b"\"", self.base.as_bytes()].concat()
    }

    pub(super) fn identity(&self, entity: Entity<'_>) -> IdentityShape {
        let Entity { set, selection, references, .. } = entity;
        let mut identity = IdentityShape::nothing();
        // It is told where it cannot be made of the key (JSON Format section 4.5.8).
        let untold = match self.format.metadata {
            MetadataLevel::None => self.identified,
            MetadataLevel::Minimal => !selection.is_some_and(|all| all.tells(&self.type_of(set).key)),
            MetadataLevel::Full => false,
        };
        if references || untold {
            identity.members.push(self.link("", "id"));
        } else if self.format.metadata == MetadataLevel::Full {
            // Where there are types below that of the set, the type is told already.
            if self.type_of(set).family.is_none() {
                identity.before = self.told_type(set, None);
            }
            identity.members.push(self.link("", "id"));
            identity.members.push(self.link("", "readLink"));
        }
        identity
    }

    /// Links of metadata=full to streams, related entities and functions, each as prefix and what follows the identifier.
    pub(super) fn links(&self, entity: Entity<'_>) -> Vec<Vec<u8>> {
        if self.format.metadata != MetadataLevel::Full || entity.references {
            return Vec::new();
        }
        let ty = self.type_of(entity.set);
        let all = (0..ty.navigation.len()).filter(|index| ty.has_navigation(entity.of, *index));
        let mut links: Vec<_> =
            self.types_of(entity, true).flat_map(|owner| self.stream_links(entity, owner)).collect();
        links.extend(self.links_of(entity, all));
        links.extend(self.function_links(entity));
        links
    }

    /// All links of an entity of a row.
    pub(super) fn all_links(&self, entity: Entity<'_>, ops: &mut Vec<Op>) {
        self.derived_links(entity, ops);
        let links = self.links(entity);
        if !links.is_empty() {
            ops.push(Op::Links { links });
        }
    }

    /// The identifier of a singleton.
    pub(super) fn single(&self, entity: Entity<'_>) -> Op {
        let Entity { set, linked, .. } = entity;
        let mut name = Vec::new();
        write_plain_key(&mut name, &self.model.entity_set(set).name);
        let identity = if linked { IdentityShape::nothing() } else { self.identity(entity) };
        Op::Single { name, identity: Box::new(identity) }
    }

    /// Those of types below that of the set, each where the entity is of it.
    pub(super) fn derived_links(&self, entity: Entity<'_>, ops: &mut Vec<Op>) {
        let ty = self.type_of(entity.set);
        for owner in self.types_of(entity, false) {
            let own = |index: &usize| ty.owner_of_navigation(*index) == owner;
            let mut links = self.stream_links(entity, owner);
            links.extend(self.links_of(entity, (0..ty.navigation.len()).filter(own)));
            if let (Some(owner), false) = (owner, links.is_empty()) {
                let mut only = vec![ops.len()];
                ops.push(self.only(entity, &[owner]));
                ops.push(Op::Links { links });
                end_only(ops, &mut only);
            }
        }
    }

    fn links_of(&self, entity: Entity<'_>, chosen: impl Iterator<Item = usize>) -> Vec<Vec<u8>> {
        if self.format.metadata != MetadataLevel::Full || entity.references {
            return Vec::new();
        }
        let mut links = Vec::new();
        for index in chosen {
            let navigation = &self.type_of(entity.set).navigation[index];
            let mut path = self.cast(entity.set, self.type_of(entity.set).owner_of_navigation(index));
            path.push(b'/');
            write_plain_key(&mut path, &navigation.name);
            links.push(self.annotation(&navigation.name, "associationLink"));
            links.push([path.as_slice(), b"/$ref\""].concat());
            links.push(self.annotation(&navigation.name, "navigationLink"));
            path.push(b'"');
            links.push(path);
        }
        links
    }

    pub(super) fn collection(&self, set: EntitySetId, expand: &Expand) -> CollectionShape {
        let navigation = expand.group.is_none().then(|| &self.type_of(set).navigation[expand.navigation]);
        let path = navigation.map_or("", |navigation| navigation.name.as_str());
        let name = expand.alias.as_deref().unwrap_or(path);
        let mut open = Vec::new();
        if expand.alias.is_some() && self.format.metadata != MetadataLevel::None {
            // The model does not have it (Data Aggregation section 3.4.1.3).
            open = self.annotation(name, "context");
            let fragment = context::collection(self.model, &expand.selection, self.format.version);
            write_string(&mut open, &["#", &fragment].concat());
        }
        open.extend(self.member(name));
        open.push(b'[');
        let next_link = self.link(name, "nextLink");
        let next_path = if expand.group.is_some() { Vec::new() } else { self.next_path(set, path, expand) };
        CollectionShape {
            open,
            count: self.annotation(name, "count"),
            next_link,
            next_path,
            counted: expand.count,
            quoted_count: self.format.ieee754_compatible,
            count_only: expand.count_only,
            whole: expand.group.is_some(),
            top: expand.top,
            skip: expand.skip,
        }
    }

    /// Path and options of a next link behind the parent's identifier.
    fn next_path(&self, set: EntitySetId, path: &str, expand: &Expand) -> Vec<Vec<u8>> {
        let mut next_path = self.cast(set, self.type_of(set).owner_of_navigation(expand.navigation));
        next_path.push(b'/');
        write_plain_key(&mut next_path, path);
        next_path.extend(self.cast(expand.selection.set, expand.selection.of));
        if expand.selection.references {
            next_path.extend_from_slice(b"/$ref");
        }
        next_path.push(b'?');
        let mut parts = Vec::new();
        for option in &expand.option_texts {
            for (number, part) in option.iter().enumerate() {
                if number > 0 {
                    parts.push(std::mem::take(&mut next_path));
                }
                write_query_option(&mut next_path, part);
            }
            next_path.push(b'&');
        }
        next_path.extend_from_slice(b"$skip=");
        parts.push(next_path);
        parts
    }
}
