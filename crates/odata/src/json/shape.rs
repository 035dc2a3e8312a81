//! A layout made ready for writing: names, quotes and commas are put together once for all rows.

mod document;
mod dynamic;
mod entity;
mod function;
mod several;
mod stream;
mod changes;
mod told;
mod parts;

pub(crate) use document::{DocumentShape, JsonShape};
pub(crate) use dynamic::DynamicShape;
use entity::Entity;
use several::Written;
pub use told::{told_collection, told_type};

use super::format::Format;
use super::text::write_string;
use crate::layout::{Item, Layout, Needs, Node};
use crate::model::{ComplexTypeId, EntitySetId, EntityType, Model, PrimitiveType, Property, Type};
use crate::query::{Expand, Leaf, Query};
use crate::version::MetadataLevel;

/// What to write for each level of a result.
#[derive(Debug, Clone)]
pub struct Shape {
    pub(crate) nodes: Vec<NodeShape>,
    /// How values are written that are more than one plain value, and what such values are made of.
    pub(crate) values: Vec<ValueShape>,
    pub(crate) omit_nulls: bool,
}

/// What to write for a row of a level.
#[derive(Debug, Clone)]
pub(crate) struct NodeShape {
    pub(crate) ops: Vec<Op>,
    /// The row is one bare value, not an object.
    pub(crate) bare: bool,
    /// How its rows stand in the parent; none for the root.
    pub(crate) collection: Option<CollectionShape>,
}

/// How the rows of a lower level stand in their parent.
#[derive(Debug, Clone)]
pub(crate) struct CollectionShape {
    /// `,"Items":[`
    pub(crate) open: Vec<u8>,
    /// `,"Items@odata.count":`
    pub(crate) count: Vec<u8>,
    /// `,"Items@odata.nextLink":"`
    pub(crate) next_link: Vec<u8>,
    /// Path and options of a next link behind the parent's identifier, without `$skip`: `/Items?$select=Id&$skip=`.
    /// Between the parts stands the identifier of the entity that the request is about.
    pub(crate) next_path: Vec<Vec<u8>>,
    /// Whether the count is written.
    pub(crate) counted: bool,
    /// Whether it is written as a string (JSON Format section 3.2).
    pub(crate) quoted_count: bool,
    /// Whether all rows are given at once, as there is no URL for what a page would leave.
    pub(crate) whole: bool,
    /// Only the count is written.
    pub(crate) count_only: bool,
    /// `$top` was given, so that its rows are all that is wanted.
    pub(crate) top: Option<u64>,
    /// `$skip` of the request.
    pub(crate) skip: u64,
}

/// One thing to write, or a cell to read.
#[derive(Debug, Clone)]
pub(crate) enum Op {
    /// Reads a cell and writes it behind the prefix; a leading comma falls away after `{`. No number at all, such as INF, has
    /// another prefix.
    Cell { prefix: Vec<u8>, quoted: bool, special: Option<Box<SpecialShape>> },
    /// Reads a cell and writes it behind the prefix as the value with this number.
    Value { prefix: Vec<u8>, value: usize },
    /// Reads a key value between the prefix (`Customers(` or `,Line=`) and the suffix into the identifier.
    Key { prefix: Vec<u8>, suffix: &'static [u8], flags: bool, last: Option<Box<IdentityShape>> },
    /// Reads a text, of JSON or a media type, and writes of it what the value with this number says.
    Json { value: usize },
    /// Reads the number of the type of an entity into a place, and writes what is told of that type; 0 is that of the set.
    Kind { place: usize, told: Vec<Vec<u8>> },
    /// Reads a value of an ETag; the last one tells what to write of it.
    Etag { last: Option<Box<EtagShape>> },
    /// Goes on at `skip_to` unless the type in that place is one of these.
    Only { place: usize, types: Vec<bool>, skip_to: usize },
    /// The identifier of a singleton, complete.
    Single { name: Vec<u8>, identity: Box<IdentityShape> },
    /// Reads a key value of a related entity: null writes the bytes `before` the object, `null`, and goes on at `skip_to`. The
    /// prefix has the start of the object, too.
    Open { prefix: Vec<u8>, before: usize, skip_to: usize },
    /// Ends a related entity.
    Close { links: Vec<Vec<u8>> },
    /// Reads a cell: null goes on at `skip_to`.
    Present { skip_to: usize },
    /// Begins an object behind the prefix.
    Begin { prefix: Vec<u8> },
    /// Ends it, or takes it back where nothing is in it.
    End,
    /// Begins the identifier of an entity to which there is a link.
    Identify,
    /// Ends it, and writes the link behind the prefix.
    Identified { link: Option<Vec<u8>> },
    /// The rows of another level.
    Collection { node: usize },
    /// `,"Orders@odata.navigationLink":` and what follows the identifier behind the quote, for metadata=full.
    Links { links: Vec<Vec<u8>> },
}

/// How a value is written.
#[derive(Debug, Clone)]
pub(crate) enum ValueShape {
    /// As it is.
    Plain { quoted: bool },
    /// Members of an enumeration with flags; no member at all is the number 0.
    Flags,
    /// An array of values with this number.
    Collection { item: usize },
    /// Members of a JSON object that comes as text.
    Members(DynamicShape),
    /// What the bytes of a stream are: `,"Photo@odata.mediaContentType":`
    MediaType { prefix: Vec<u8> },
    /// A value inside of JSON that comes as text.
    Document(DocumentShape),
    /// An object: how it starts, and its members.
    Complex { start: Vec<u8>, members: Vec<MemberShape> },
}

/// A member of a complex value.
#[derive(Debug, Clone)]
pub(crate) struct MemberShape {
    /// `,"Street":`
    pub(crate) prefix: Vec<u8>,
    /// The number of its value.
    pub(crate) value: usize,
    /// Whether it is written at all.
    pub(crate) told: bool,
    /// What stands in the place of the prefix where the value is no number at all.
    pub(crate) special: Option<Box<SpecialShape>>,
}

/// What stands before a value that is no number at all, as INF.
#[derive(Debug, Clone)]
pub(crate) struct SpecialShape {
    /// `,"Weight@odata.type":"#Double","Weight":`
    pub(crate) prefix: Vec<u8>,
}

/// What is written once the identifier of an entity is complete.
#[derive(Debug, Clone)]
pub(crate) struct IdentityShape {
    /// `,"@odata.type":"#Ns.Type"`
    pub(crate) before: Vec<u8>,
    /// Prefixes before the identifier: `,"@odata.id":"`, `,"@odata.readLink":"`
    pub(crate) members: Vec<Vec<u8>>,
}

/// What is written once an ETag is complete.
#[derive(Debug, Clone)]
pub(crate) struct EtagShape {
    /// `,"@odata.etag":"W/\"`, then those of streams, such as `,"Photo@odata.mediaEtag":"\"`.
    pub(crate) prefixes: Vec<Vec<u8>>,
    /// Where the number of the type of the entity is kept.
    pub(crate) place: usize,
    /// Prefixes of streams that only some types have, each with them by their numbers.
    pub(crate) derived: Vec<(Vec<bool>, Vec<Vec<u8>>)>,
    /// Whether it is that of the entity that is asked for.
    pub(crate) kept: bool,
}

impl Shape {
    /// What has to be read for this format besides what is asked for.
    pub fn needs(query: &Query, format: Format) -> Needs {
        let combined = !query.selection.combined.is_empty();
        // Whose key is not told is told by its identifier.
        let changes = query.since.is_some();
        let media = format.metadata == MetadataLevel::Full;
        let value = query.leads_to_value() && format.metadata != MetadataLevel::None;
        let keys = combined || changes || value || media || expands_collection(&query.selection.expand);
        Needs { keys, untold: format.metadata == MetadataLevel::Minimal, media }
    }

    /// Compiles a layout. With metadata=none, where no context URL tells to what links are relative, they begin with `base`: the
    /// path of the root of the service.
    pub fn new(model: &Model, query: &Query, layout: &Layout, format: Format, base: &str) -> Shape {
        let base = if format.metadata == MetadataLevel::None { base } else { "" };
        let key = &model.entity_type(model.entity_set(query.selection.set).entity_type).key;
        let identified = query.since.is_some() && !query.selection.tells(key);
        let called = query.complex_result(model);
        let mut compiler = Compiler { model, format, base, values: Vec::new(), identified, called };
        let bare = query.leaf(model);
        let nodes = layout.nodes.iter().map(|node| compiler.node(node, bare.as_ref())).collect();
        Shape { nodes, values: compiler.values, omit_nulls: format.omit_nulls }
    }
}

fn expands_collection(expand: &[Expand]) -> bool {
    expand.iter().any(|e| e.collection || expands_collection(&e.selection.expand))
}

/// Begins an object behind a prefix.
fn opening(mut prefix: Vec<u8>, start: &[u8]) -> Op {
    let before = prefix.len();
    prefix.extend_from_slice(start);
    Op::Open { prefix, before, skip_to: 0 }
}

/// Lets what was opened last end with the last operation.
fn close(ops: &mut [Op], opened: &mut Vec<usize>) {
    let end = ops.len();
    if let Some(at) = opened.pop()
        && let Op::Open { skip_to, .. } = &mut ops[at]
    {
        *skip_to = end;
    }
}

/// Does something whose end is to be found later.
fn begin(ops: &mut Vec<Op>, begun: &mut Vec<usize>, op: Op) {
    begun.push(ops.len());
    ops.push(op);
}

/// Lets what is there for some entities only end with the last operation.
fn end_only(ops: &mut [Op], only: &mut Vec<usize>) {
    let end = ops.len();
    if let Some(at) = only.pop()
        && let Op::Only { skip_to, .. } | Op::Present { skip_to } = &mut ops[at]
    {
        *skip_to = end;
    }
}

struct Compiler<'a> {
    model: &'a Model,
    format: Format,
    /// What links begin with.
    base: &'a str,
    values: Vec<ValueShape>,
    /// Whether entities have identifiers in any case.
    identified: bool,
    /// The complex type whose values are the rows, where they are those of a function.
    called: Option<ComplexTypeId>,
}

impl<'a> Compiler<'a> {
    fn type_of(&self, set: EntitySetId) -> &'a EntityType {
        self.model.entity_type(self.model.entity_set(set).entity_type)
    }

    /// `,"name":`
    fn member(&self, name: &str) -> Vec<u8> {
        let mut out = Vec::with_capacity(name.len() + 8);
        out.push(b',');
        write_string(&mut out, name);
        out.push(b':');
        out
    }

    /// `,"name@odata.kind":`
    fn annotation(&self, name: &str, kind: &str) -> Vec<u8> {
        self.member(&[name, &self.format.control(kind)].concat())
    }

    /// `bare` is the value that alone makes a row.
    fn node(&mut self, node: &Node, bare: Option<&Leaf>) -> NodeShape {
        let mut ops: Vec<Op> = Vec::with_capacity(node.items.len() + 1);
        let alone = bare.is_some() || matches!(node.items.first(), Some(Item::Document(_)));
        // Beside a value alone no identifier is told.
        let own = Entity::of(node.selection, 0).linked(alone);
        let mut places = 1..;
        let mut place = || places.next().unwrap_or_default();
        let mut only: Vec<usize> = Vec::new();
        let mut entities: Vec<Entity<'_>> = vec![own];
        let mut opened: Vec<usize> = Vec::new();
        let mut key_number = 0;
        for item in &node.items {
            let entity = entities.last().copied().unwrap_or(own);
            let set = entity.set;
            let asked_for = entities.len() == 1 && node.link.is_none();
            match item {
                Item::Key(property, last) => {
                    ops.push(self.key(entity, *property, key_number, *last));
                    key_number = if *last { 0 } else { key_number + 1 };
                }
                Item::Kind if entities.len() == 1 => ops.push(self.kind(entity, node.selection)),
                Item::Kind => ops.push(self.kind_of(entity)),
                Item::Etag(last) => ops.push(self.etag(entity, *last, asked_for, alone)),
                Item::MediaType(stream) => ops.push(self.media_type(set, *stream)),
                Item::Only(types) => begin(&mut ops, &mut only, self.only(entity, types)),
                Item::EndOnly => end_only(&mut ops, &mut only),
                Item::Single => ops.push(self.single(entity)),
                Item::Property(_)
                | Item::OpenValue(_)
                | Item::OpenMember(..)
                | Item::Member(..)
                | Item::Partly(_)
                | Item::MemberPartly(..)
                | Item::Json { .. }
                | Item::JsonMember { .. }
                | Item::Counted(_)
                | Item::MemberCounted(..)
                | Item::CloseValue => self.values(item, set, bare, (&mut ops, &mut opened)),
                Item::Named(named) => ops.push(self.named(named, (node.selection, entity), alone)),
                Item::MemberNamed(named) => ops.push(self.named(named, (node.selection, entity), false)),
                Item::Dynamic(selection) => ops.push(self.members(selection)),
                Item::Document(path) => ops.push(self.document(path)),
                // The value comes right behind it.
                Item::Present => ops.push(Op::Present { skip_to: ops.len() + 2 }),
                Item::Begin(name) => ops.push(Op::Begin { prefix: self.member(name) }),
                Item::End => ops.push(Op::End),
                Item::Open(expand) => {
                    let name = &self.type_of(set).navigation[expand.navigation].name;
                    begin(&mut ops, &mut opened, opening(self.member(name), b"{"));
                    entities.push(Entity::of(&expand.selection, place()));
                }
                Item::OpenCombined(_)
                | Item::Link(_)
                | Item::CloseLink
                | Item::Beside(_)
                | Item::EndBeside => {
                    let place = if let Item::OpenCombined(_) | Item::Link(_) = item { place() } else { 0 };
                    let (ops, opened, only) = (&mut ops, &mut opened, &mut only);
                    let written = Written { ops, opened, only, entities: &mut entities };
                    self.of_several(item, node.selection, place, written);
                }
                Item::Close => {
                    self.derived_links(entity, &mut ops);
                    ops.push(Op::Close { links: self.links(entity) });
                    entities.pop();
                    close(&mut ops, &mut opened);
                }
                Item::Collection(node) => ops.push(Op::Collection { node: *node }),
                Item::There | Item::Gone | Item::Reason | Item::Removed(..) => {
                    self.change(item, (own, place()), &mut key_number, &mut ops);
                }
            }
        }
        self.end(node, own, alone, &mut ops);
        let collection = node.link.as_ref().map(|link| self.collection(link.set, link.expand));
        NodeShape { ops, bare: alone, collection }
    }

    /// Reads a property, or the value that alone makes a row.
    fn property(&mut self, property: &Property, bare: Option<&Leaf>) -> Op {
        match bare {
            Some(addressed) => self.cell(Vec::new(), (addressed.ty, addressed.collection), None),
            None => {
                let special = self.special_of(property);
                self.cell(self.prefix_of(property), (property.ty, property.collection), special)
            }
        }
    }

    /// Begins a complex value.
    fn open_value(&self, property: &Property, bare: bool) -> Op {
        // Of one that alone makes an answer the type is told beside the context.
        if bare {
            return opening(Vec::new(), b"{");
        }
        opening(self.member(&property.name), &self.start_of(property.ty))
    }

    /// Reads a value of any type. One plain value, as nearly all are, needs no look at anything else.
    fn cell(
        &mut self,
        prefix: Vec<u8>,
        (ty, collection): (Type, bool),
        special: Option<Box<SpecialShape>>,
    ) -> Op {
        match self.value(ty, collection) {
            ValueShape::Plain { quoted } => Op::Cell { prefix, quoted, special },
            shape => Op::Value { prefix, value: self.add(shape) },
        }
    }

    fn add(&mut self, shape: ValueShape) -> usize {
        self.values.push(shape);
        self.values.len() - 1
    }

    fn value(&mut self, ty: Type, collection: bool) -> ValueShape {
        if collection {
            let item = self.value(ty, false);
            return ValueShape::Collection { item: self.add(item) };
        }
        match ty {
            Type::Primitive(primitive) => ValueShape::Plain { quoted: self.is_quoted(primitive) },
            Type::Enum(id) if self.model.enum_type(id).flags => ValueShape::Flags,
            Type::Enum(_) => ValueShape::Plain { quoted: false },
            Type::Complex(id) => {
                let start = self.start_of(ty);
                let properties = &self.model.complex_type(id).properties;
                let members = properties.iter().map(|property| {
                    let prefix = self.prefix_of(property);
                    let value = self.value(property.ty, property.collection);
                    let special = self.special_of(property);
                    MemberShape { prefix, value: self.add(value), told: true, special }
                });
                let members = members.collect();
                ValueShape::Complex { start, members }
            }
        }
    }

    /// Whether numbers of a type are written as strings, for clients that know only doubles.
    fn is_quoted(&self, primitive: PrimitiveType) -> bool {
        let exact = matches!(primitive, PrimitiveType::Int64 | PrimitiveType::Decimal);
        exact && self.format.ieee754_compatible
    }

    /// How a value of a complex type starts.
    fn start_of(&self, ty: Type) -> Vec<u8> {
        let mut start = vec![b'{'];
        if self.format.metadata == MetadataLevel::Full {
            let annotation = self.annotation("", "type");
            start.extend_from_slice(&annotation[1..]);
            write_string(&mut start, &["#", &self.model.type_name(ty)].concat());
        }
        start
    }
}
