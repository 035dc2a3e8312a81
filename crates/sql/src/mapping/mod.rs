//! Where the parts of the model lie in the database.

mod options;

mod names;

mod find;

mod keys;

mod streams;

mod open;

mod changes;

mod full_text;

mod withheld;

mod reshape;

mod columns;

mod groups;

mod joined;

mod hidden;

mod anyway;

mod json;

mod etags;

mod kinds;

mod zones;

mod types;

mod definitions;

mod wanted;

mod logs;

mod links;

mod navigation;

mod singletons;

mod given;

mod families;

mod functions;

mod routines;

mod annotations;

mod rules;

mod lost;

mod mentions;

mod build;

use std::collections::HashMap;
use std::sync::Arc;

use nextlink_odata::bind::Rule;
use nextlink_odata::model::{EntitySetId, Model, PrimitiveType};
use nextlink_odata::value::Value;

use crate::catalog::{CatalogEnum, JoinedTables, NativeType, Routine, Storage};
use crate::notice::Notice;
use crate::shape::{Named, Readers, ToldPiece};
use crate::zone::Zone;

pub use build::{build, build_for};
pub use full_text::FullTextMap;
pub use options::{Case, ModelOptions};
pub use rules::unusable;
pub use types::is_enumeration;
pub use withheld::unread;

/// A model, and the table behind each of its entity sets.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// What clients see. Entity set `i` has entity type `i`.
    pub model: Model,
    /// By entity set index.
    pub tables: Vec<TableMap>,
    /// By enumeration type index.
    pub enums: Vec<EnumMap>,
    /// By complex type index.
    pub complex: Vec<ComplexMap>,
    /// By function.
    pub functions: Vec<FunctionMap>,
    /// The same with all that the model file hides: what conditions on rows are about. None where there are none.
    pub whole: Option<Arc<Mapping>>,
    /// What is to be kept from clients and would not be: nothing may be served while there is any.
    pub lost: Vec<Notice>,
}

/// Which rows of a table are there for clients.
#[derive(Debug, Clone)]
pub struct RowsMap {
    /// The condition as the model file has it, and where.
    pub told: Named,
    /// The entity set in [`Mapping::whole`], and the condition there. None where it means nothing: then no row is there.
    pub rule: Option<(EntitySetId, Rule)>,
}

/// What is behind a function.
#[derive(Debug, Clone)]
pub struct FunctionMap {
    /// The SELECT.
    pub behind: Behind,
    /// Its columns: one for each property of the key of the entities that it gives, or for each part of its values.
    pub columns: Vec<String>,
    /// Who sees it.
    pub readers: Readers,
}

/// Where the SELECT of a function comes from.
#[derive(Debug, Clone)]
pub enum Behind {
    /// The model file has it.
    Select(Vec<ToldPiece>),
    /// It calls a function of the database.
    Routine(Box<Routine>),
}

/// What is behind an enumeration type.
#[derive(Debug, Clone)]
pub enum EnumMap {
    /// An enumeration of the database.
    Database(CatalogEnum),
    /// Numbers or texts in columns.
    Codes(Arc<Codes>),
}

/// What stands in a column for the members of an enumeration.
#[derive(Debug, Clone, PartialEq)]
pub struct Codes {
    /// Whether numbers are put together of those of members.
    pub flags: bool,
    /// The members by their names, each with its number or text.
    pub members: Vec<(String, Value)>,
}

/// What is behind a complex type.
#[derive(Debug, Clone)]
pub struct ComplexMap {
    /// The composite type of the database; none of one that groups of columns are of.
    pub of: Option<String>,
    /// By property index.
    pub columns: Vec<ColumnMap>,
}

/// The table behind an entity set.
#[derive(Debug, Clone)]
pub struct TableMap {
    /// Schema, where the database has them.
    pub schema: Option<String>,
    /// Table name as in the database.
    pub table: String,
    /// The SELECT that the rows are of, where no table has them.
    pub select: Option<Arc<str>>,
    /// The tables that the rows are of, where several share a key.
    pub joined: Option<Arc<JoinedTables>>,
    /// Whether the database permits null in a column of the key. Rows with null there are no entities: a
    /// statement must leave them out.
    pub null_key: bool,
    /// Whether the database has an index over the key, so that a row is found by it at once.
    pub indexed_key: bool,
    /// By property index. Behind them follow those that are no properties: parts of groups, and what is joined by.
    pub columns: Vec<ColumnMap>,
    /// By navigation property index.
    pub links: Vec<Link>,
    /// By stream property index.
    pub streams: Vec<StreamMap>,
    /// The bytes of media entities.
    pub media: Option<StreamMap>,
    /// The number of the column with the JSON objects whose members are properties that the model does not have.
    pub open: Option<usize>,
    /// What the ETags of entities are made of: numbers of columns.
    pub etag: Vec<usize>,
    /// By what changes are followed.
    pub changes: ChangesMap,
    /// The entity set or singleton of the model file that it is of.
    pub told: Option<Named>,
    /// Which of the rows are there for clients. By default all of them.
    pub rows: Option<Box<RowsMap>>,
    /// The index over words that serves `$search`.
    pub full_text: Option<FullTextMap>,
    /// What tells types below that of the set from each other.
    pub family: Option<FamilyMap>,
}

/// Where a stream lies: numbers in [`TableMap::columns`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamMap {
    /// The column with its bytes.
    pub content: usize,
    /// The column that tells its media type.
    pub media_type: Option<usize>,
}

/// By what changes of a table are followed: numbers in [`TableMap::columns`].
#[derive(Debug, Clone, Default)]
pub struct ChangesMap {
    /// The column that gets a greater value with each change of a row.
    pub at: Option<usize>,
    /// In the place of such a column: a table that tells of changes.
    pub log: Option<Box<LogMap>>,
    /// The column that is null as long as a row is there, or false where it is a truth value.
    pub deleted: Option<usize>,
}

/// A table that tells which rows of another one have changed.
#[derive(Debug, Clone)]
pub struct LogMap {
    /// Schema, where the database has them.
    pub schema: Option<String>,
    /// Table name as in the database.
    pub table: String,
    /// Its columns that tell the key, in the order of the key.
    pub key: Vec<ColumnMap>,
    /// Its column that gets a greater value with each row.
    pub at: ColumnMap,
}

/// The column that tells of the types below that of a set.
#[derive(Debug, Clone)]
pub struct FamilyMap {
    /// Its number among the columns of the table.
    pub column: usize,
    /// By type: the values that stand there for it.
    pub own: Vec<Vec<Value>>,
    /// By type: those of it and of all types below it.
    pub all: Vec<Vec<Value>>,
    /// By type: the bytes of its entities themselves, where no type above has some.
    pub media: Vec<Option<StreamMap>>,
}

/// The column behind a property of an entity type or of a complex type.
#[derive(Debug, Clone)]
pub struct ColumnMap {
    /// Column name as in the database.
    pub column: String,
    /// What it is served as, where that is a primitive type.
    pub primitive: PrimitiveType,
    /// Where its values stand for members of an enumeration: which for which.
    pub codes: Option<Arc<Codes>>,
    /// Where it stands for a group of columns, which are the properties of a complex value: their numbers in the table.
    pub group: Option<Vec<usize>>,
    /// Whether it holds JSON, or is a member of what does.
    pub json: bool,
    /// How its values lie there.
    pub storage: Storage,
    /// What else a statement must know of the column's own type.
    pub native: NativeType,
    /// Whether comparing and ordering the bare column is by code point.
    pub binary_collation: bool,
    /// Whether its values are labels of an enumeration of the database, also where they are served as text because
    /// OData can have no enumeration with such labels.
    pub labels: bool,
    /// Where its values are points in time that say no time zone: the one in which they are meant.
    pub meant_in: Option<Zone>,
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
    /// Whether the database vouches for it that each row of the link table leads to one of the target.
    pub vouched: bool,
    /// The entity set that is the link table, where it is one, too.
    pub set: Option<EntitySetId>,
}

impl ColumnMap {
    /// The time zone of its points in time, where that is another one than UTC.
    pub fn zone(&self) -> Option<Zone> {
        self.meant_in.filter(|zone| *zone != Zone::UTC)
    }
}

impl ChangesMap {
    /// Whether changes can be followed.
    pub fn are_told(&self) -> bool {
        self.at.is_some() || self.log.is_some()
    }
}

impl Mapping {
    /// The table behind an entity set.
    pub fn table(&self, set: EntitySetId) -> &TableMap {
        &self.tables[set.0]
    }

    /// Says of tables between others which entity sets they are.
    fn know_between(&mut self) {
        let mut sets = HashMap::new();
        for (number, table) in self.tables.iter().enumerate() {
            if table.select.is_none() && table.joined.is_none() {
                let name = (table.schema.clone(), table.table.clone());
                sets.entry(name).or_insert(EntitySetId(number));
            }
        }
        for link in self.tables.iter_mut().flat_map(|table| &mut table.links) {
            if let Link::Through(through) = link {
                through.set = sets.get(&(through.schema.clone(), through.table.clone())).copied();
            }
        }
    }

    /// Time zones that are no offsets, each once.
    pub fn named_zones(&self) -> Vec<Zone> {
        let mut zones = Vec::new();
        for zone in self.tables.iter().flat_map(|table| &table.columns).filter_map(ColumnMap::zone) {
            if matches!(zone, Zone::Named(_)) && !zones.contains(&zone) {
                zones.push(zone);
            }
        }
        zones
    }
}
