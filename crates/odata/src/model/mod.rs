//! The entity data model of one source: its types, their properties, and the sets they are served in.

mod annotation;
mod etag;
mod family;
mod function;
mod members;
mod open;
mod primitive;
mod set;
mod stream;
mod types;

use std::collections::HashMap;

use crate::value::Value;

pub use crate::shape::{Shape, Space};
pub use annotation::{Annotated, Applied, Vocabulary, annotation_problem};
pub(crate) use annotation::{PATHS, TEXTS, expression};
pub use etag::Etag;
pub use family::{DerivedType, Family};
pub use function::{Bound, Function, Omitted, Returns};
pub use primitive::PrimitiveType;
pub use set::EntitySet;
pub use stream::{BYTES, MediaType, Stream, is_media_type};
pub use types::{
    ComplexType, ComplexTypeId, EnumMember, EnumType, EnumTypeId, Type, TypeDefinition, TypeDefinitionId,
};

/// Index of an entity type in [`Model::entity_types`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntityTypeId(pub usize);

/// Index of an entity set in [`Model::entity_sets`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntitySetId(pub usize);

/// Everything `$metadata` tells about one source (CSDL 4.01 section 5).
#[derive(Debug, Clone)]
pub struct Model {
    /// Namespace of the one schema, a legal OData namespace.
    pub namespace: String,
    /// Name of the entity container.
    pub container: String,
    /// All enumeration types, in a stable order.
    pub enum_types: Vec<EnumType>,
    /// All type definitions, in a stable order: [`Model::with_type_definitions`].
    pub type_definitions: Vec<TypeDefinition>,
    /// All complex types, in a stable order.
    pub complex_types: Vec<ComplexType>,
    /// All entity types, in a stable order.
    pub entity_types: Vec<EntityType>,
    /// All entity sets, in a stable order.
    pub entity_sets: Vec<EntitySet>,
    /// All singletons, in a stable order: [`Model::with_singletons`].
    pub singletons: Vec<Singleton>,
    /// All functions that stand alone, in a stable order.
    pub functions: Vec<Function>,
    /// Annotations that somebody wants to be told.
    pub annotations: Vec<Annotated>,
    /// The vocabularies that these are of, in a stable order.
    pub vocabularies: Vec<Vocabulary>,
    sets_by_name: HashMap<String, EntitySetId>,
}

/// An entity type (CSDL 4.01 section 6).
#[derive(Debug, Clone, Default)]
pub struct EntityType {
    /// Simple name, unique among the types of the schema.
    pub name: String,
    /// Indexes into `properties`, in key order. Never empty.
    pub key: Vec<usize>,
    /// Structural properties, in the order of the table's columns.
    pub properties: Vec<Property>,
    /// Stream properties, which are none of `properties`.
    pub streams: Vec<Stream>,
    /// The bytes of the entities themselves, where they are media entities.
    pub media: Option<Stream>,
    /// Whether entities can have properties that stand nowhere here: those of a JSON object.
    pub open: bool,
    /// Whether an index over words serves `$search`.
    pub full_text: bool,
    /// What the ETags of its entities are made of, where they have any.
    pub etag: Option<Etag>,
    /// Navigation properties, in a stable order.
    pub navigation: Vec<NavigationProperty>,
    /// The types below it, where there are any.
    pub family: Option<Box<Family>>,
    /// Text for `Core.Description`.
    pub description: Option<String>,
}

/// A structural property (CSDL 4.01 section 7).
#[derive(Debug, Clone)]
pub struct Property {
    /// Name, unique among structural and navigation properties of the type.
    pub name: String,
    /// Its type, or that of its items.
    pub ty: Type,
    /// The name that its primitive type has here.
    pub definition: Option<TypeDefinitionId>,
    /// Whether its value is a collection. That is never null, but may be empty.
    pub collection: bool,
    /// Whether its complex value does not lie in one place, so that it is read part by part.
    pub in_parts: bool,
    /// Where its value lies in JSON: the name of the member that it is. It is empty where the value is all that lies in one place.
    pub json: Option<String>,
    /// Whether null is a value; of a collection, whether its items can be null. All facets are those of the items.
    pub nullable: bool,
    /// Greatest length in characters (String) or bytes (Binary).
    pub max_length: Option<u32>,
    /// Digits of a Decimal, or fractional seconds digits of a temporal type.
    pub precision: Option<u32>,
    /// Scale of a Decimal; `None` is written as `variable`.
    pub scale: Option<u32>,
    /// Constant default value in the XML form of the type, for `DefaultValue`.
    pub default_value: Option<String>,
    /// Who computes the value.
    pub computed: Computed,
    /// Whether `$search` looks here.
    pub searchable: bool,
    /// Text for `Core.Description`.
    pub description: Option<String>,
}

/// Who gives a property its value (Core vocabulary).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Computed {
    /// The client.
    No,
    /// The database, always: `Core.Computed`.
    Always,
    /// The database when the client gives none: `Core.ComputedDefaultValue`.
    Default,
}

/// A navigation property (CSDL 4.01 section 8).
#[derive(Debug, Clone)]
pub struct NavigationProperty {
    /// Name, unique among structural and navigation properties of the type.
    pub name: String,
    /// The related entity type.
    pub target: EntityTypeId,
    /// The entity set that the related entities are in.
    pub target_set: EntitySetId,
    /// Whether it leads to many entities.
    pub collection: bool,
    /// Whether a single-valued one may be null.
    pub nullable: bool,
    /// Whether it is certain that one that may not be null leads to an entity. Otherwise expressions expect null all the same.
    pub vouched: bool,
    /// Index of the partner in the target's `navigation`.
    pub partner: Option<usize>,
    /// Referential constraints: (property here, property of the target). Empty for many-to-many and for the
    /// principal's side.
    pub constraints: Vec<(usize, usize)>,
    /// What happens to the dependent when the principal goes.
    pub on_delete: Option<OnDelete>,
}

impl NavigationProperty {
    /// The constraints that metadata may tell: where null is told although the property here never is, there can be none
    /// (CSDL 4.01 section 8.5).
    pub fn told_constraints(&self, own: &EntityType) -> &[(usize, usize)] {
        let fits = |(here, _): &(usize, usize)| !self.nullable || own.properties[*here].nullable;
        if self.constraints.iter().all(fits) { &self.constraints } else { &[] }
    }
}

/// On-delete actions (CSDL 4.01 section 8.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDelete {
    /// Related entities are deleted.
    Cascade,
    /// Deletion is refused while there are related entities.
    None,
    /// Dependent properties become null.
    SetNull,
    /// Dependent properties become their default.
    SetDefault,
}

/// A recursive hierarchy (Data Aggregation 4.0 section 5.5.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hierarchy {
    /// Its name among those of the type.
    pub qualifier: String,
    /// The navigation property to the node above.
    pub navigation: usize,
    /// The property that names a node: its key.
    pub node: usize,
    /// The property that names the node above.
    pub parent: usize,
}

/// A singleton (CSDL 4.01 section 13.3): one row of a set that is served, too, or the one row of a set that is not.
#[derive(Debug, Clone, PartialEq)]
pub struct Singleton {
    /// Name, unique in the container.
    pub name: String,
    /// The set that its entity is in.
    pub set: EntitySetId,
    /// Whether that set is only there for it, and is no set to clients.
    pub own: bool,
    /// Properties with the values by which the row is found.
    pub row: Vec<(usize, Value)>,
    /// Text for `Core.Description`.
    pub description: Option<String>,
}

impl Model {
    /// Puts a model together. Types and sets refer to each other by index.
    pub fn new(
        namespace: String,
        container: String,
        enum_types: Vec<EnumType>,
        complex_types: Vec<ComplexType>,
        entity_types: Vec<EntityType>,
        entity_sets: Vec<EntitySet>,
    ) -> Model {
        let sets_by_name =
            entity_sets.iter().enumerate().map(|(i, s)| (s.name.clone(), EntitySetId(i))).collect();
        Model {
            namespace,
            container,
            enum_types,
            type_definitions: Vec::new(),
            complex_types,
            entity_types,
            entity_sets,
            singletons: Vec::new(),
            functions: Vec::new(),
            annotations: Vec::new(),
            vocabularies: Vec::new(),
            sets_by_name,
        }
    }

    /// The same with type definitions.
    pub fn with_type_definitions(self, type_definitions: Vec<TypeDefinition>) -> Model {
        Model { type_definitions, ..self }
    }

    /// The same with singletons; sets that are only there for one are not found as sets any more.
    pub fn with_singletons(mut self, singletons: Vec<Singleton>) -> Model {
        for singleton in singletons.iter().filter(|singleton| singleton.own) {
            self.sets_by_name.remove(&self.entity_sets[singleton.set.0].name);
        }
        self.singletons = singletons;
        self
    }

    /// Says that entities of these sets may be there without being seen: what leads to one of them can lead to nothing.
    pub fn set_unseen(&mut self, sets: &[EntitySetId]) {
        let single = |navigation: &&mut NavigationProperty| !navigation.collection;
        for navigation in self.entity_types.iter_mut().flat_map(|ty| &mut ty.navigation).filter(single) {
            navigation.nullable = navigation.nullable || sets.contains(&navigation.target_set);
        }
    }

    /// The sets that clients see as sets.
    pub fn served_sets(&self) -> impl Iterator<Item = (EntitySetId, &EntitySet)> {
        let all = self.entity_sets.iter().enumerate().map(|(number, set)| (EntitySetId(number), set));
        all.filter(|(id, _)| !self.is_single(*id))
    }

    /// Whether a set is only there for a singleton.
    pub fn is_single(&self, set: EntitySetId) -> bool {
        self.singletons.iter().any(|singleton| singleton.own && singleton.set == set)
    }

    /// The functions that are called on one entity of a set.
    pub fn functions_of(&self, set: EntitySetId) -> impl Iterator<Item = usize> {
        let of = move |function: &Function| {
            function.bound.as_ref().is_some_and(|bound| bound.set == set && !bound.collection)
        };
        let all = self.functions.iter().enumerate();
        all.filter(move |(_, function)| of(function)).map(|(number, _)| number)
    }

    /// The qualified name of a function.
    pub fn function_name(&self, function: &Function) -> String {
        self.qualified(&function.name)
    }

    /// Finds a singleton by its exact name.
    pub fn find_singleton(&self, name: &str) -> Option<usize> {
        self.singletons.iter().position(|singleton| singleton.name == name)
    }

    /// The entity type with this index.
    pub fn entity_type(&self, id: EntityTypeId) -> &EntityType {
        &self.entity_types[id.0]
    }

    /// The enumeration type with this index.
    pub fn enum_type(&self, id: EnumTypeId) -> &EnumType {
        &self.enum_types[id.0]
    }

    /// The complex type with this index.
    pub fn complex_type(&self, id: ComplexTypeId) -> &ComplexType {
        &self.complex_types[id.0]
    }

    /// The entity set with this index.
    pub fn entity_set(&self, id: EntitySetId) -> &EntitySet {
        &self.entity_sets[id.0]
    }

    /// The hierarchies of a set: navigation to one entity of the same set by a key of one property.
    pub fn hierarchies(&self, set: EntitySetId) -> Vec<Hierarchy> {
        let ty = self.entity_type(self.entity_set(set).entity_type);
        let up = |n: &NavigationProperty| !n.collection && n.nullable && n.target_set == set;
        let above = ty.navigation.iter().enumerate().filter(|(_, n)| up(n));
        let found = above.filter_map(|(navigation, n)| match n.constraints.as_slice() {
            [(parent, node)] if ty.key == [*node] => {
                let qualifier = [&n.name, "Hierarchy"].concat();
                Some(Hierarchy { qualifier, navigation, node: *node, parent: *parent })
            }
            _ => None,
        });
        found.collect()
    }

    /// Finds an entity set by its exact name.
    pub fn find_set(&self, name: &str) -> Option<EntitySetId> {
        self.sets_by_name.get(name).copied()
    }

    /// Finds an entity type by its simple or namespace-qualified name.
    pub fn find_type(&self, name: &str) -> Option<EntityTypeId> {
        let simple = self.simple_name(name).unwrap_or(name);
        self.entity_types.iter().position(|t| t.name == simple).map(EntityTypeId)
    }

    /// Finds a type by its namespace-qualified name that entities of a set can be of: that of the set, which is none, or one
    /// below it.
    pub fn find_cast(&self, set: EntitySetId, name: &str) -> Option<Option<usize>> {
        let simple = self.simple_name(name)?;
        let ty = self.entity_type(self.entity_set(set).entity_type);
        if ty.name == simple {
            return Some(None);
        }
        let derived = &ty.family.as_ref()?.derived;
        derived.iter().position(|derived| derived.name == simple).map(Some)
    }

    /// The namespace-qualified name of the type of a set, or of one below it.
    pub fn qualified_cast(&self, set: EntitySetId, of: Option<usize>) -> String {
        self.qualified(self.entity_type(self.entity_set(set).entity_type).name_of(of))
    }

    /// Whether a namespace-qualified name is that of an entity type.
    pub fn is_entity_type(&self, name: &str) -> bool {
        (0..self.entity_sets.len()).any(|set| self.find_cast(EntitySetId(set), name).is_some())
    }

    /// Finds an enumeration type by its namespace-qualified name.
    pub fn find_enum(&self, name: &str) -> Option<EnumTypeId> {
        let simple = self.simple_name(name)?;
        self.enum_types.iter().position(|t| t.name == simple).map(EnumTypeId)
    }

    /// Finds a type definition by its namespace-qualified name.
    pub fn find_definition(&self, name: &str) -> Option<&TypeDefinition> {
        let simple = self.simple_name(name)?;
        self.type_definitions.iter().find(|t| t.name == simple)
    }

    /// Finds a complex type by its namespace-qualified name.
    pub fn find_complex(&self, name: &str) -> Option<ComplexTypeId> {
        let simple = self.simple_name(name)?;
        self.complex_types.iter().position(|t| t.name == simple).map(ComplexTypeId)
    }

    /// The simple name in a name qualified with the namespace of the schema.
    pub fn simple_name<'n>(&self, name: &'n str) -> Option<&'n str> {
        name.strip_prefix(self.namespace.as_str())?.strip_prefix('.')
    }

    /// The namespace-qualified name of an entity type.
    pub fn qualified_name(&self, id: EntityTypeId) -> String {
        self.qualified(&self.entity_type(id).name)
    }

    /// The qualified name of the type of a property or of its items, as in `Edm.Int32` or `Shop.Color`.
    pub fn type_name(&self, ty: Type) -> String {
        match ty {
            Type::Primitive(primitive) => primitive.name().to_owned(),
            Type::Enum(id) => self.qualified(&self.enum_type(id).name),
            Type::Complex(id) => self.qualified(&self.complex_type(id).name),
        }
    }

    /// The type definition that a property is of.
    pub fn definition_of(&self, property: &Property) -> Option<&TypeDefinition> {
        property.definition.map(|id| &self.type_definitions[id.0])
    }

    /// The qualified name of the type of a property or of its items, that of its definition where it has one.
    pub fn declared_type(&self, property: &Property) -> String {
        self.declared_name(property.ty, property.definition)
    }

    /// The qualified name of a type, that of its definition where it has one.
    pub fn declared_name(&self, ty: Type, definition: Option<TypeDefinitionId>) -> String {
        let definition = definition.map(|id| &self.type_definitions[id.0]);
        definition.map_or_else(|| self.type_name(ty), |found| self.qualified(&found.name))
    }

    fn qualified(&self, name: &str) -> String {
        [self.namespace.as_str(), ".", name].concat()
    }
}

impl Property {
    /// The facets that are its own: those of its type definition stand there. Length, precision, scale.
    pub fn own_facets(&self, definition: Option<&TypeDefinition>) -> [Option<u32>; 3] {
        let own = |own: Option<u32>, defined: fn(&TypeDefinition) -> Option<u32>| {
            own.filter(|_| definition.and_then(defined).is_none())
        };
        [
            own(self.max_length, |d| d.max_length),
            own(self.precision, |d| d.precision),
            own(self.scale, |d| d.scale),
        ]
    }

    /// A single value of a primitive type that is not null.
    pub fn plain(name: &str, primitive: PrimitiveType) -> Property {
        Property {
            name: name.to_owned(),
            ty: Type::Primitive(primitive),
            definition: None,
            collection: false,
            in_parts: false,
            json: None,
            nullable: false,
            max_length: None,
            precision: None,
            scale: None,
            default_value: None,
            computed: Computed::No,
            searchable: false,
            description: None,
        }
    }

    /// The primitive type, where the value is a single primitive one.
    pub fn primitive(&self) -> Option<PrimitiveType> {
        match self.ty {
            Type::Primitive(primitive) if !self.collection => Some(primitive),
            _ => None,
        }
    }

    /// Whether the value is a collection or a complex one.
    pub fn is_structured(&self) -> bool {
        self.collection || matches!(self.ty, Type::Complex(_))
    }
}
