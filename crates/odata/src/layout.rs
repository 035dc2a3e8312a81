//! The order in which cells are read and written: what the SQL selects and the encoder writes, agreed in one place.

mod combined;
mod json;
mod parts;
mod media;
mod properties;

pub use media::Bytes;

use crate::model::{ComplexTypeId, EntitySetId, Model};
use crate::query::{
    Addressed, Chosen, Dynamic, Expand, Expr, Inside, JsonStep, Named, Parts, Query, Selection,
};

/// What is read besides what is asked for, as the format of an answer wants it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Needs {
    /// The key values of all entities, for identifiers.
    pub keys: bool,
    /// Those of entities of which not all of the key is asked for, as their identifiers tell it (JSON Format section 4.5.8).
    pub untold: bool,
    /// The media types of streams, where the entities tell them.
    pub media: bool,
}

/// All levels of a result. Node 0 holds the addressed entities; each expanded collection is a node of its own.
#[derive(Debug, Clone)]
pub struct Layout<'q> {
    /// The nodes, each after its parent.
    pub nodes: Vec<Node<'q>>,
}

/// One level: rows of one statement.
#[derive(Debug, Clone)]
pub struct Node<'q> {
    /// What is returned of its entities.
    pub selection: &'q Selection,
    /// How it hangs on another node; none for the root.
    pub link: Option<NodeLink<'q>>,
    /// The cells of a row, in order.
    pub cells: Vec<Cell<'q>>,
    /// What is written of a row, in order.
    pub items: Vec<Item<'q>>,
}

/// How a node hangs on another.
#[derive(Debug, Clone)]
pub struct NodeLink<'q> {
    /// The node it hangs on.
    pub parent: usize,
    /// Single-valued navigation from the parent's entity to the entity with the collection.
    pub path: Vec<usize>,
    /// The set of that entity.
    pub set: EntitySetId,
    /// The expanded collection there.
    pub expand: &'q Expand,
}

/// What is read of a row.
#[derive(Debug, Clone)]
pub enum Cell<'q> {
    /// A property of the node's entity, or of an entity that single-valued navigation leads to.
    Property {
        /// The navigation properties.
        path: Vec<usize>,
        /// The set of the entity.
        set: EntitySetId,
        /// The property.
        property: usize,
        /// The steps into its value.
        inside: Vec<Inside>,
    },
    /// Some values of a property of the node's entity, or of one that single-valued navigation leads to, or of what steps lead to
    /// inside of it.
    Chosen {
        /// The navigation properties.
        path: Vec<usize>,
        /// The set of the entity.
        set: EntitySetId,
        /// The property.
        property: usize,
        /// The steps into its value.
        inside: Vec<Inside>,
        /// Which values.
        chosen: &'q Chosen,
    },
    /// The JSON object with the dynamic properties of the node's entity, or of one that single-valued navigation leads to.
    Dynamic {
        /// The navigation properties.
        path: Vec<usize>,
        /// The set of the entity.
        set: EntitySetId,
    },
    /// A value that the model does not have.
    Value(&'q Expr),
    /// One of the values that the ETag of an entity is made of.
    Etag {
        /// The navigation properties that lead to the entity.
        path: Vec<usize>,
        /// The set of the entity.
        set: EntitySetId,
        /// Its number among them.
        number: usize,
    },
    /// What the bytes of a stream are.
    MediaType {
        /// The navigation properties that lead to the entity.
        path: Vec<usize>,
        /// The set of the entity.
        set: EntitySetId,
        /// Which of its streams.
        stream: Bytes,
    },
    /// The same as a value, null where an entity is not told that single-valued navigation leads to.
    Told {
        /// The navigation properties.
        path: Vec<usize>,
        /// The value.
        when: &'q Expr,
    },
    /// What became of a changed entity.
    Change(Change),
}

/// What is read of a changed entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Null where it is not in the result any more.
    There,
    /// Null where it is in the result.
    Gone,
    /// Why it is not in the result any more: 1 where it is deleted, 2 where it no longer fits.
    Reason,
    /// A value of its key, by the number of the property in it.
    Key(usize),
}

/// What is written of a row. Items that read a cell read them one after the other.
#[derive(Debug, Clone)]
pub enum Item<'q> {
    /// Reads a key value for identifiers; `.1` is true for the last one of the entity, after which the identifier is
    /// complete.
    Key(usize, bool),
    /// Reads the number of the type of the entity, and tells of it.
    Kind,
    /// Reads a value of the ETag of the entity; true for the last one, after which it is complete.
    Etag(bool),
    /// Reads what the bytes of a stream are, and tells of it.
    MediaType(Bytes),
    /// What follows up to the matching `EndOnly` is there only where the entity is of any of these types below that of its set.
    Only(Vec<usize>),
    /// Ends it.
    EndOnly,
    /// The identifier is that of a singleton, which has no key.
    Single,
    /// Reads and writes a property.
    Property(usize),
    /// Reads a property that lies in JSON, and writes the value inside of it that steps lead to, or parts of it.
    Json {
        /// The property.
        property: usize,
        /// The steps.
        steps: Vec<JsonStep>,
        /// What is written of it, where that is not all.
        parts: Option<&'q Parts>,
        /// Which items of the collection that it is: the cell has their numbers, too.
        chosen: Option<&'q Chosen>,
    },
    /// The same for a property of a complex value.
    JsonMember {
        /// The complex type.
        ty: ComplexTypeId,
        /// Its property.
        member: usize,
        /// The steps to its value from the JSON that is read.
        steps: Vec<JsonStep>,
        /// What is written of it, where that is not all.
        parts: Option<&'q Parts>,
        /// Which items of the collection that it is: the cell has their numbers, too.
        chosen: Option<&'q Chosen>,
    },
    /// Reads a cell: null stands for the complex property and all up to `CloseValue`.
    OpenValue(usize),
    /// The same for a complex property of a complex value.
    OpenMember(ComplexTypeId, usize),
    /// Reads and writes a property of a complex value.
    Member(ComplexTypeId, usize),
    /// Reads a collection of complex values, and writes parts of them.
    Partly(&'q Parts),
    /// The same where the collection is a property of a complex value.
    MemberPartly(ComplexTypeId, &'q Parts),
    /// Ends a complex value.
    CloseValue,
    /// Reads and writes the number of the values of a property that fit.
    Counted(usize),
    /// The same of a property of a complex value.
    MemberCounted(ComplexTypeId, usize),
    /// Reads and writes a value under a name of its own.
    Named(&'q Named),
    /// The same inside of a complex value.
    MemberNamed(&'q Named),
    /// Reads a JSON object, and writes what is told of it.
    Dynamic(&'q Selection),
    /// Reads a JSON object, and writes the value inside of it that steps lead to.
    Document(&'q [JsonStep]),
    /// Reads a cell: where it is null, the value behind it is not there at all.
    Present,
    /// Begins an object that holds values.
    Begin(&'q str),
    /// Ends it.
    End,
    /// Reads the first key value of a related entity: null skips all up to the matching `Close`.
    Open(&'q Expand),
    /// The same of an entity that is combined with others, under the name of its set.
    OpenCombined(EntitySetId),
    /// Reads the first key value of an entity whose values stand in the row already: null skips all up to `EndBeside`.
    Beside(EntitySetId),
    /// Ends what stands below it.
    EndBeside,
    /// Ends a related entity.
    Close,
    /// Begins the key of an entity that is combined with others, to which there is a link.
    Link(EntitySetId),
    /// Ends it.
    CloseLink,
    /// Has the rows of another node here.
    Collection(usize),
    /// Reads a cell: null skips all up to `Gone`.
    There,
    /// Reads a cell: null skips all that follows, which tells of an entity that is not there any more.
    Gone,
    /// Reads why.
    Reason,
    /// Reads a key value of it; `.1` is true for the last one.
    Removed(usize, bool),
}

impl<'q> Layout<'q> {
    /// Lays out the result of a query.
    pub fn of(model: &Model, query: &'q Query, needs: Needs) -> Layout<'q> {
        let mut layout = Layout { nodes: Vec::new() };
        if let Addressed::Property(index) | Addressed::RawValue(index) = query.addressed {
            let parts = query.selection.parts.iter().find(|parts| parts.property == index);
            if let Some(steps) = query.json_steps(model) {
                layout.json(model, query, index, (steps, parts));
                return layout.with_entity(model, query, needs.keys);
            }
            let in_parts = |parts: &&Parts| query.inside.is_empty() || parts.is_read_apart();
            if let Some(parts) = parts.filter(|parts| !parts.collection).filter(in_parts) {
                let (cells, items) = (Vec::new(), Vec::new());
                layout.nodes.push(Node { selection: &query.selection, link: None, cells, items });
                layout.open_parts(0, parts, (query.selection.set, &query.inside), &[]);
                layout.etag(model, 0, query.selection.set, &[]);
                return layout.with_entity(model, query, needs.keys);
            }
            let (set, property) = (query.selection.set, index);
            let cell = match query.chosen.as_deref() {
                Some(chosen) => {
                    Cell::Chosen { path: Vec::new(), set, property, inside: query.inside.clone(), chosen }
                }
                None => Cell::Property { path: Vec::new(), set, property, inside: query.inside.clone() },
            };
            layout.nodes.push(Node {
                selection: &query.selection,
                link: None,
                cells: vec![cell],
                items: vec![parts.map_or(Item::Property(index), Item::Partly)],
            });
            layout.etag(model, 0, query.selection.set, &[]);
            return layout.with_entity(model, query, needs.keys);
        }
        if matches!(query.addressed, Addressed::Dynamic | Addressed::RawDynamic) {
            let set = query.selection.set;
            let (cells, items) =
                (vec![Cell::Dynamic { path: Vec::new(), set }], vec![Item::Document(&query.steps_inside)]);
            layout.nodes.push(Node { selection: &query.selection, link: None, cells, items });
            layout.etag(model, 0, set, &[]);
            return layout.with_entity(model, query, needs.keys);
        }
        if let (Addressed::ItemCount(_), [number]) = (query.addressed, query.selection.named.as_slice()) {
            let (cells, items) = (vec![Cell::Value(&number.expr)], vec![Item::Named(number)]);
            layout.nodes.push(Node { selection: &query.selection, link: None, cells, items });
            return layout;
        }
        layout.node(model, &query.selection, None, needs);
        if query.since.is_some() {
            layout.changes(model, query.selection.set);
        }
        layout
    }

    /// Entities that have changed: as ever where they are there, else what tells that they are not.
    fn changes(&mut self, model: &Model, set: EntitySetId) {
        let key = &model.entity_type(model.entity_set(set).entity_type).key;
        let at = &mut self.nodes[0];
        at.cells.insert(0, Cell::Change(Change::There));
        at.items.insert(0, Item::There);
        at.cells.extend([Cell::Change(Change::Gone), Cell::Change(Change::Reason)]);
        at.items.extend([Item::Gone, Item::Reason]);
        for (i, property) in key.iter().enumerate() {
            at.cells.push(Cell::Change(Change::Key(i)));
            at.items.push(Item::Removed(*property, i + 1 == key.len()));
        }
    }

    fn node(
        &mut self,
        model: &Model,
        selection: &'q Selection,
        link: Option<NodeLink<'q>>,
        needs: Needs,
    ) -> usize {
        let index = self.nodes.len();
        self.nodes.push(Node { selection, link, cells: Vec::new(), items: Vec::new() });
        self.entity(model, index, selection, &[], needs);
        index
    }

    fn entity(&mut self, model: &Model, node: usize, selection: &'q Selection, path: &[usize], needs: Needs) {
        let set = selection.set;
        let ty = model.entity_type(model.entity_set(set).entity_type);
        if !selection.rows && !selection.combined.is_empty() {
            self.combined(model, node, selection, needs);
            return;
        }
        if let Some(kind) = &selection.kind {
            self.nodes[node].cells.push(Cell::Value(kind));
            self.nodes[node].items.push(Item::Kind);
        }
        if selection.rows {
            let named: Vec<&Named> = selection.named.iter().collect();
            self.named(node, &named, 0);
            for expand in &selection.expand {
                self.collection(model, node, NodeLink { parent: node, path: Vec::new(), set, expand }, needs);
            }
            self.beside(model, node, selection, needs);
            return;
        }
        if needs.keys || selection.references || (needs.untold && !selection.tells(&ty.key)) {
            self.identifier(model, node, set, path);
        }
        if selection.references {
            return;
        }
        self.etag(model, node, set, path);
        if needs.media {
            self.media_types(ty, node, selection, path);
        }
        self.properties(model, node, selection, path);
        let named: Vec<&Named> = selection.named.iter().collect();
        self.named(node, &named, 0);
        self.dynamic(node, selection, path);
        self.expanded(model, node, selection, path, needs);
    }

    /// What stands below an entity.
    fn expanded(
        &mut self,
        model: &Model,
        node: usize,
        selection: &'q Selection,
        path: &[usize],
        needs: Needs,
    ) {
        let set = selection.set;
        let ty = model.entity_type(model.entity_set(set).entity_type);
        for expand in selection.expand.iter().filter(|e| !e.collection) {
            let mut below = path.to_vec();
            below.push(expand.navigation);
            self.nodes[node].cells.push(presence(model, expand, &below));
            let only = selection.only_of_expanded(ty, expand);
            self.nodes[node].items.extend(only.map(|only| Item::Only(vec![only])));
            self.nodes[node].items.push(Item::Open(expand));
            self.entity(model, node, &expand.selection, &below, needs);
            self.nodes[node].items.push(Item::Close);
            self.nodes[node].items.extend(only.map(|_| Item::EndOnly));
        }
        // Collections come last: their rows are put in later, and what is written behind them could not know whether
        // it needs a comma.
        for expand in selection.expand.iter().filter(|e| e.collection) {
            let link = NodeLink { parent: node, path: path.to_vec(), set, expand };
            let only = selection.only_of_expanded(ty, expand);
            self.nodes[node].items.extend(only.map(|only| Item::Only(vec![only])));
            self.collection(model, node, link, needs);
            self.nodes[node].items.extend(only.map(|_| Item::EndOnly));
        }
    }

    /// The rows of a node of their own.
    fn collection(&mut self, model: &Model, node: usize, link: NodeLink<'q>, needs: Needs) {
        let child = self.node(model, &link.expand.selection, Some(link), needs);
        self.nodes[node].items.push(Item::Collection(child));
    }

    /// What is told of an entity that the model does not have.
    fn dynamic(&mut self, node: usize, selection: &'q Selection, path: &[usize]) {
        if selection.dynamic != Dynamic::None {
            self.nodes[node].cells.push(Cell::Dynamic { path: path.to_vec(), set: selection.set });
            self.nodes[node].items.push(Item::Dynamic(selection));
        }
    }

    /// What the ETag of an entity is made of.
    fn etag(&mut self, model: &Model, node: usize, set: EntitySetId, path: &[usize]) {
        let ty = model.entity_type(model.entity_set(set).entity_type);
        let values = ty.etag.as_ref().map_or(0, |etag| etag.values);
        let at = &mut self.nodes[node];
        for number in 0..values {
            at.cells.push(Cell::Etag { path: path.to_vec(), set, number });
            at.items.push(Item::Etag(number + 1 == values));
        }
    }

    /// Values under names of their own, those that lie in the same one together.
    fn named(&mut self, node: usize, all: &[&'q Named], depth: usize) {
        let mut done: Vec<&str> = Vec::new();
        for named in all {
            let Some(name) = named.path.get(depth).map(String::as_str) else { continue };
            // No row has two values of one name, though rows of different types can each have one, and null can stand for parts.
            let another = named.path.len() == depth + 1 && named.present.is_some();
            if !another {
                if done.contains(&name) {
                    continue;
                }
                done.push(name);
            }
            let node_at = &mut self.nodes[node];
            if named.path.len() == depth + 1 {
                if let Some(present) = &named.present {
                    node_at.cells.push(Cell::Value(present));
                    node_at.items.push(Item::Present);
                }
                node_at.cells.push(Cell::Value(&named.expr));
                node_at.items.push(Item::Named(named));
                continue;
            }
            node_at.items.push(Item::Begin(name));
            let together = |other: &&&'q Named| other.path.get(depth).is_some_and(|there| there == name);
            let inner: Vec<&Named> = all.iter().filter(together).copied().collect();
            self.named(node, &inner, depth + 1);
            self.nodes[node].items.push(Item::End);
        }
    }
}

/// What is null where a related entity is not told: a value of its key, or else what it is told by.
fn presence<'q>(model: &Model, expand: &'q Expand, path: &[usize]) -> Cell<'q> {
    let (path, set) = (path.to_vec(), expand.selection.set);
    match &expand.when {
        Some(when) => Cell::Told { path, when },
        None => {
            let property = model.entity_type(model.entity_set(set).entity_type).key[0];
            Cell::Property { path, set, property, inside: Vec::new() }
        }
    }
}
