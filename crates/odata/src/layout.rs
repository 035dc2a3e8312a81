//! The order in which cells are read and written: what the SQL selects and the encoder writes, agreed in one place.

use crate::model::{EntitySetId, Model};
use crate::query::{Addressed, Expand, Query, Selection};

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
    pub cells: Vec<Cell>,
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

/// A property of the node's entity, or of an entity that single-valued navigation leads to.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// The navigation properties.
    pub path: Vec<usize>,
    /// The set of the entity.
    pub set: EntitySetId,
    /// The property.
    pub property: usize,
    /// The steps into its complex value.
    pub inside: Vec<usize>,
}

/// What is written of a row. Items that read a cell read them one after the other.
#[derive(Debug, Clone)]
pub enum Item<'q> {
    /// Reads a key value for identifiers; `.1` is true for the last one of the entity, after which the identifier is
    /// complete.
    Key(usize, bool),
    /// Reads and writes a property.
    Property(usize),
    /// Reads the first key value of a related entity: null skips all up to the matching `Close`.
    Open(&'q Expand),
    /// Ends a related entity.
    Close,
    /// Has the rows of another node here.
    Collection(usize),
}

impl<'q> Layout<'q> {
    /// Lays out the result of a query. `keys` asks for the key values of all entities, for identifiers.
    pub fn of(model: &Model, query: &'q Query, keys: bool) -> Layout<'q> {
        let mut layout = Layout { nodes: Vec::new() };
        if let Addressed::Property(index) | Addressed::RawValue(index) = query.addressed {
            let cell = Cell {
                path: Vec::new(),
                set: query.selection.set,
                property: index,
                inside: query.inside.clone(),
            };
            layout.nodes.push(Node {
                selection: &query.selection,
                link: None,
                cells: vec![cell],
                items: vec![Item::Property(index)],
            });
            return layout;
        }
        layout.node(model, &query.selection, None, keys);
        layout
    }

    fn node(
        &mut self,
        model: &Model,
        selection: &'q Selection,
        link: Option<NodeLink<'q>>,
        keys: bool,
    ) -> usize {
        let index = self.nodes.len();
        self.nodes.push(Node { selection, link, cells: Vec::new(), items: Vec::new() });
        self.entity(model, index, selection, &[], keys);
        index
    }

    fn entity(&mut self, model: &Model, node: usize, selection: &'q Selection, path: &[usize], keys: bool) {
        let set = selection.set;
        let ty = model.entity_type(model.entity_set(set).entity_type);
        let cell = |property: usize| Cell { path: path.to_vec(), set, property, inside: Vec::new() };
        if keys || selection.references {
            for (i, key) in ty.key.iter().enumerate() {
                self.nodes[node].cells.push(cell(*key));
                self.nodes[node].items.push(Item::Key(*key, i + 1 == ty.key.len()));
            }
        }
        if selection.references {
            return;
        }
        for property in &selection.properties {
            self.nodes[node].cells.push(cell(*property));
            self.nodes[node].items.push(Item::Property(*property));
        }
        for expand in selection.expand.iter().filter(|e| !e.collection) {
            let mut below = path.to_vec();
            below.push(expand.navigation);
            let target = model.entity_type(model.entity_set(expand.selection.set).entity_type);
            let presence = Cell {
                path: below.clone(),
                set: expand.selection.set,
                property: target.key[0],
                inside: Vec::new(),
            };
            self.nodes[node].cells.push(presence);
            self.nodes[node].items.push(Item::Open(expand));
            self.entity(model, node, &expand.selection, &below, keys);
            self.nodes[node].items.push(Item::Close);
        }
        // Collections come last: their rows are put in later, and what is written behind them could not know whether
        // it needs a comma.
        for expand in selection.expand.iter().filter(|e| e.collection) {
            let link = NodeLink { parent: node, path: path.to_vec(), set, expand };
            let child = self.node(model, &expand.selection, Some(link), keys);
            self.nodes[node].items.push(Item::Collection(child));
        }
    }
}
