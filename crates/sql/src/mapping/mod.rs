//! Where the parts of the model lie in the database.

mod options;

mod names;

mod keys;

mod types;

mod links;

mod build;

use nextlink_odata::model::{EntitySetId, Model};

use crate::catalog::{CatalogEnum, NativeType, Storage};

pub use build::build;
pub use options::{Case, ModelOptions};
pub use types::is_enumeration;

/// A model, and the table behind each of its entity sets.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// What clients see. Entity set `i` has entity type `i`.
    pub model: Model,
    /// By entity set index.
    pub tables: Vec<TableMap>,
    /// By enumeration type index, the enumeration of the database.
    pub enums: Vec<CatalogEnum>,
    /// By complex type index, the columns behind its properties.
    pub complex: Vec<Vec<ColumnMap>>,
}

/// The table behind an entity set.
#[derive(Debug, Clone)]
pub struct TableMap {
    /// Schema, where the database has them.
    pub schema: Option<String>,
    /// Table name as in the database.
    pub table: String,
    /// Whether the database permits null in a column of the key. Rows with null there are no entities: a
    /// statement must leave them out.
    pub null_key: bool,
    /// Whether the database has an index over the key, so that a row is found by it at once.
    pub indexed_key: bool,
    /// By property index.
    pub columns: Vec<ColumnMap>,
    /// By navigation property index.
    pub links: Vec<Link>,
}

/// The column behind a property of an entity type or of a complex type.
#[derive(Debug, Clone)]
pub struct ColumnMap {
    /// Column name as in the database.
    pub column: String,
    /// How its values lie there.
    pub storage: Storage,
    /// What else a statement must know of the column's own type.
    pub native: NativeType,
    /// Whether comparing and ordering the bare column is by code point.
    pub binary_collation: bool,
    /// Whether its values are labels of an enumeration of the database, also where they are served as text because
    /// OData can have no enumeration with such labels.
    pub labels: bool,
}

/// How a navigation property joins tables.
#[derive(Debug, Clone)]
pub enum Link {
    /// By equal properties: (property here, property of the target).
    Direct(Vec<(usize, usize)>),
    /// Through a link table.
    Through(LinkTable),
}

/// A table of two foreign keys and nothing else.
#[derive(Debug, Clone)]
pub struct LinkTable {
    /// Schema, where the database has them.
    pub schema: Option<String>,
    /// Table name.
    pub table: String,
    /// (property here, column of the link table)
    pub near: Vec<(usize, String)>,
    /// (column of the link table, property of the target)
    pub far: Vec<(String, usize)>,
}

impl Mapping {
    /// The table behind an entity set.
    pub fn table(&self, set: EntitySetId) -> &TableMap {
        &self.tables[set.0]
    }
}
