//! A layout made ready for writing: names, quotes and commas are put together once for all rows.

use super::format::Format;
use super::key::{write_plain_key, write_query_option};
use super::text::write_string;
use crate::layout::{Item, Layout, Node};
use crate::model::{EntitySetId, EntityType, Model, PrimitiveType};
use crate::query::{Addressed, Expand, Query};
use crate::version::{MetadataLevel, Version};

/// What to write for each level of a result.
#[derive(Debug, Clone)]
pub struct Shape {
    pub(crate) nodes: Vec<NodeShape>,
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
    pub(crate) next_path: Vec<u8>,
    /// Whether the count is written.
    pub(crate) counted: bool,
    /// Whether it is written as a string (JSON Format section 3.2).
    pub(crate) quoted_count: bool,
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
    /// Reads a cell and writes it behind the prefix; a leading comma falls away after `{`.
    Cell { prefix: Vec<u8>, quoted: bool },
    /// Reads a key value behind the prefix (`Customers(` or `,Line=`) into the identifier.
    Key { prefix: Vec<u8>, last: Option<IdentityShape> },
    /// Reads a key value of a related entity: null writes `prefix null` and goes on at `skip_to`.
    Open { prefix: Vec<u8>, skip_to: usize },
    /// Ends a related entity.
    Close { links: Vec<Vec<u8>> },
    /// The rows of another level.
    Collection { node: usize },
    /// `,"Orders@odata.navigationLink":"` and what follows the identifier in it, for metadata=full.
    Links { links: Vec<Vec<u8>> },
}

/// What is written once the identifier of an entity is complete.
#[derive(Debug, Clone)]
pub(crate) struct IdentityShape {
    /// `,"@odata.type":"#Ns.Type"`
    pub(crate) before: Vec<u8>,
    /// Prefixes before the identifier in quotes: `,"@odata.id":`, `,"@odata.editLink":`
    pub(crate) members: Vec<Vec<u8>>,
}

impl Shape {
    /// Whether identifiers have to be read for this format.
    pub fn needs_keys(query: &Query, format: Format) -> bool {
        format.metadata == MetadataLevel::Full || expands_collection(&query.selection.expand)
    }

    /// Compiles a layout.
    pub fn new(model: &Model, query: &Query, layout: &Layout, format: Format) -> Shape {
        let bare = matches!(query.addressed, Addressed::Property(_) | Addressed::RawValue(_));
        let nodes = layout.nodes.iter().map(|node| Compiler { model, format }.node(node, bare)).collect();
        Shape { nodes, omit_nulls: format.omit_nulls }
    }
}

fn expands_collection(expand: &[Expand]) -> bool {
    expand.iter().any(|e| e.collection || expands_collection(&e.selection.expand))
}

struct Compiler<'a> {
    model: &'a Model,
    format: Format,
}

impl Compiler<'_> {
    fn type_of(&self, set: EntitySetId) -> &EntityType {
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

    fn node(&self, node: &Node, bare: bool) -> NodeShape {
        let mut ops: Vec<Op> = Vec::with_capacity(node.items.len() + 1);
        let mut entities: Vec<(EntitySetId, bool)> = vec![(node.selection.set, node.selection.references)];
        let mut opened: Vec<usize> = Vec::new();
        let mut key_number = 0;
        for item in &node.items {
            let (set, references) = entities.last().copied().unwrap_or((node.selection.set, false));
            match item {
                Item::Key(property, last) => {
                    ops.push(self.key(set, *property, key_number, *last, references));
                    key_number = if *last { 0 } else { key_number + 1 };
                }
                Item::Property(property) => ops.push(self.property(set, *property, bare)),
                Item::Open(expand) => {
                    let name = &self.type_of(set).navigation[expand.navigation].name;
                    opened.push(ops.len());
                    ops.push(Op::Open { prefix: self.member(name), skip_to: 0 });
                    entities.push((expand.selection.set, expand.selection.references));
                }
                Item::Close => {
                    ops.push(Op::Close { links: self.links(set, references) });
                    entities.pop();
                    if let Some(at) = opened.pop() {
                        let end = ops.len();
                        if let Op::Open { skip_to, .. } = &mut ops[at] {
                            *skip_to = end;
                        }
                    }
                }
                Item::Collection(node) => ops.push(Op::Collection { node: *node }),
            }
        }
        let links = self.links(node.selection.set, node.selection.references);
        if !links.is_empty() && !bare {
            ops.push(Op::Links { links });
        }
        let collection = node.link.as_ref().map(|link| self.collection(link.set, link.expand));
        NodeShape { ops, bare, collection }
    }

    fn key(&self, set: EntitySetId, property: usize, number: usize, last: bool, references: bool) -> Op {
        let ty = self.type_of(set);
        let mut prefix = Vec::new();
        if number == 0 {
            write_plain_key(&mut prefix, &self.model.entity_set(set).name);
            prefix.push(b'(');
        } else {
            prefix.push(b',');
        }
        if ty.key.len() > 1 {
            write_plain_key(&mut prefix, &ty.properties[property].name);
            prefix.push(b'=');
        }
        let last = last.then(|| self.identity(set, references));
        Op::Key { prefix, last }
    }

    fn identity(&self, set: EntitySetId, references: bool) -> IdentityShape {
        let mut identity = IdentityShape { before: Vec::new(), members: Vec::new() };
        if references {
            identity.members.push(self.annotation("", "id"));
        } else if self.format.metadata == MetadataLevel::Full {
            let name = self.model.qualified_name(self.model.entity_set(set).entity_type);
            identity.before = self.annotation("", "type");
            write_string(&mut identity.before, &["#", &name].concat());
            identity.members.push(self.annotation("", "id"));
            identity.members.push(self.annotation("", "editLink"));
        }
        identity
    }

    fn property(&self, set: EntitySetId, property: usize, bare: bool) -> Op {
        let property = &self.type_of(set).properties[property];
        let primitive = property.primitive().unwrap_or(PrimitiveType::String);
        let exact = matches!(primitive, PrimitiveType::Int64 | PrimitiveType::Decimal);
        let quoted = exact && self.format.ieee754_compatible;
        if bare {
            return Op::Cell { prefix: Vec::new(), quoted };
        }
        let told =
            matches!(primitive, PrimitiveType::String | PrimitiveType::Boolean | PrimitiveType::Double);
        let member = self.member(&property.name);
        if self.format.metadata != MetadataLevel::Full || told {
            return Op::Cell { prefix: member, quoted };
        }
        let mut prefix = self.annotation(&property.name, "type");
        let name = primitive.name();
        // 4.01 names built-in types without a hash (section 4.5.3).
        let hash = if self.format.version == Version::V40 { "#" } else { "" };
        write_string(&mut prefix, &[hash, name.strip_prefix("Edm.").unwrap_or(name)].concat());
        prefix.extend(member);
        Op::Cell { prefix, quoted }
    }

    /// Navigation and association links of metadata=full, each as prefix and what follows the identifier.
    fn links(&self, set: EntitySetId, references: bool) -> Vec<Vec<u8>> {
        if self.format.metadata != MetadataLevel::Full || references {
            return Vec::new();
        }
        let mut links = Vec::new();
        for navigation in &self.type_of(set).navigation {
            let mut path = vec![b'/'];
            write_plain_key(&mut path, &navigation.name);
            links.push(self.annotation(&navigation.name, "associationLink"));
            links.push([path.as_slice(), b"/$ref"].concat());
            links.push(self.annotation(&navigation.name, "navigationLink"));
            links.push(path);
        }
        links
    }

    fn collection(&self, set: EntitySetId, expand: &Expand) -> CollectionShape {
        let name = &self.type_of(set).navigation[expand.navigation].name;
        let mut open = self.member(name);
        open.push(b'[');
        let mut next_link = self.annotation(name, "nextLink");
        next_link.push(b'"');
        let mut next_path = vec![b'/'];
        write_plain_key(&mut next_path, name);
        if expand.selection.references {
            next_path.extend_from_slice(b"/$ref");
        }
        next_path.push(b'?');
        for option in &expand.option_texts {
            write_query_option(&mut next_path, option);
            next_path.push(b'&');
        }
        next_path.extend_from_slice(b"$skip=");
        CollectionShape {
            open,
            count: self.annotation(name, "count"),
            next_link,
            next_path,
            counted: expand.count,
            quoted_count: self.format.ieee754_compatible,
            count_only: expand.count_only,
            top: expand.top,
            skip: expand.skip,
        }
    }
}
