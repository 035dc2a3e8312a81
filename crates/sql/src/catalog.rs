//! What a database says about itself, as plain values that every driver's introspection fills in.

mod routine;

use std::sync::Arc;

use nextlink_odata::model::{Computed, OnDelete, PrimitiveType};

use crate::full_text::FullTexts;
use crate::zone::Zone;

pub use routine::{Argument, Call, Gives, Routine};

/// Tables and views of one database, in a stable order.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// All tables and views that the login can read.
    pub tables: Vec<Table>,
    /// The schema of what has none here, as names without a schema are looked up there.
    pub own_schema: Option<String>,
    /// Enumerations that columns are of.
    pub enums: Vec<CatalogEnum>,
    /// Composite types that columns are of. None holds itself.
    pub composites: Vec<CatalogComposite>,
    /// SELECTs of functions: the name of each, its number among those of the name, and its columns.
    pub functions: Vec<(String, usize, Vec<String>)>,
    /// Functions of the database that change nothing and that the login may call.
    pub routines: Vec<Routine>,
    /// Indexes over words, where they were asked for.
    pub full_text: FullTexts,
}

/// An enumeration of the database.
#[derive(Debug, Clone)]
pub struct CatalogEnum {
    /// Schema, where the database has them.
    pub schema: Option<String>,
    /// Name as in the database; where it has none of its own, one made of table and column.
    pub name: String,
    /// Its labels, in declared order.
    pub labels: Vec<String>,
    /// Whether a value can have several labels. They come in declared order with commas between them.
    pub flags: bool,
    /// Comment of the database.
    pub comment: Option<String>,
}

/// A composite type of the database.
#[derive(Debug, Clone)]
pub struct CatalogComposite {
    /// Schema, where the database has them.
    pub schema: Option<String>,
    /// Name as in the database.
    pub name: String,
    /// Its columns in their order.
    pub columns: Vec<Column>,
    /// Comment of the database.
    pub comment: Option<String>,
}

/// What a column is served as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnType {
    /// A primitive type.
    Primitive(PrimitiveType),
    /// Index in [`Catalog::enums`].
    Enum(usize),
    /// A primitive type whose values stand for members of an enumeration: its index in [`Catalog::enums`].
    Coded(usize, PrimitiveType),
    /// Index in [`Catalog::composites`].
    Composite(usize),
    /// A text or document with JSON, as the model file says of what type it is: never a primitive one.
    Json(Box<ColumnType>),
    /// A collection, of anything but collections: OData has no collections of collections.
    Array(Box<ColumnType>),
}

/// A table or view.
#[derive(Debug, Clone)]
pub struct Table {
    /// Schema, where the database has them.
    pub schema: Option<String>,
    /// Name as in the database.
    pub name: String,
    /// Table or view.
    pub kind: TableKind,
    /// The SELECT that its rows are of, where no table or view of the database has them.
    pub select: Option<Arc<str>>,
    /// Columns in their order.
    pub columns: Vec<Column>,
    /// Columns that the database has in such tables by itself, and does not show.
    pub system: Vec<Column>,
    /// Column indexes of the primary key, in key order; empty where there is none.
    pub primary_key: Vec<usize>,
    /// Column indexes of each unique index without expressions and without a condition.
    pub unique: Vec<Vec<usize>>,
    /// Foreign keys, in a stable order.
    pub foreign_keys: Vec<ForeignKey>,
    /// Comment of the database.
    pub comment: Option<String>,
}

impl Table {
    /// What a SELECT of the owner gives, as a view of this name would be.
    pub fn of_select(name: &str, select: &Arc<str>, columns: Vec<Column>) -> Table {
        Table {
            schema: None,
            name: name.to_owned(),
            kind: TableKind::View,
            select: Some(Arc::clone(select)),
            columns,
            system: Vec::new(),
            primary_key: Vec::new(),
            unique: Vec::new(),
            foreign_keys: Vec::new(),
            comment: None,
        }
    }
}

impl Table {
    /// Whether each row leads to one of another table, by pairs of columns here and there: a foreign key over columns that are
    /// never null says so, if the database vouches for it.
    pub fn always_leads(&self, target: usize, pairs: &[(usize, usize)]) -> bool {
        let vouches = |key: &ForeignKey| {
            let mut known = key.columns.iter().copied().zip(key.target_columns.iter().copied());
            key.vouched
                && key.target == target
                && key.columns.len() == pairs.len()
                && known.all(|pair| pairs.contains(&pair))
        };
        pairs.iter().all(|(own, _)| !self.columns[*own].nullable) && self.foreign_keys.iter().any(vouches)
    }
}

/// Tables that share a key, in the place of one.
#[derive(Debug, Clone, PartialEq)]
pub struct JoinedTables {
    /// The tables: the first one has all rows, the others have some of them.
    pub tables: Vec<JoinedTable>,
    /// The name that each column has here, the number of its table, and its name there.
    pub columns: Vec<(String, usize, String)>,
    /// The name of the column that tells which of the tables have a row.
    pub kind: String,
    /// The numbers that stand there, each with the table that has a row then: the first that fits.
    pub kinds: Vec<(i64, usize)>,
}

/// One of the tables that share a key.
#[derive(Debug, Clone, PartialEq)]
pub struct JoinedTable {
    /// Schema, where the database has them.
    pub schema: Option<String>,
    /// Name.
    pub name: String,
    /// The derived type whose rows it has.
    pub derived: Option<usize>,
    /// The columns of its key, with those of the first table.
    pub key: Vec<(String, String)>,
}

/// What kind of relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableKind {
    /// A table.
    Table,
    /// A view.
    View,
}

/// A column.
#[derive(Debug, Clone)]
pub struct Column {
    /// Name as in the database.
    pub name: String,
    /// The type as declared, for messages.
    pub declared: String,
    /// The type it is served as.
    pub ty: ColumnType,
    /// How its values, or the items of an array, lie in the database.
    pub storage: Storage,
    /// What else a statement must know of the column's own type.
    pub native: NativeType,
    /// Whether null is a value.
    pub nullable: bool,
    /// Greatest length in characters or bytes.
    pub max_length: Option<u32>,
    /// Digits of a decimal, or digits of fractional seconds.
    pub precision: Option<u32>,
    /// Scale of a decimal.
    pub scale: Option<u32>,
    /// Constant default value in the XML form of the primitive type; of an enumeration its label.
    pub default_value: Option<String>,
    /// Who computes the value.
    pub computed: Computed,
    /// Whether comparing and ordering the bare column is by code point.
    pub binary_collation: bool,
    /// Where its values, or the items of an array, are points in time that say no time zone: the one in which they are meant.
    pub zone: Option<Zone>,
    /// Comment of the database.
    pub comment: Option<String>,
}

impl Column {
    /// A column of which nothing is known but its name and type. It can be null.
    pub fn plain(name: String, ty: ColumnType) -> Column {
        Column {
            name,
            declared: String::new(),
            ty,
            storage: Storage::Native,
            native: NativeType::Plain,
            nullable: true,
            max_length: None,
            precision: None,
            scale: None,
            default_value: None,
            computed: Computed::No,
            binary_collation: false,
            zone: None,
            comment: None,
        }
    }
}

impl ColumnType {
    /// The primitive type, where it is one.
    pub fn primitive(&self) -> Option<PrimitiveType> {
        match self {
            ColumnType::Primitive(primitive) | ColumnType::Coded(_, primitive) => Some(*primitive),
            ColumnType::Enum(_) | ColumnType::Composite(_) | ColumnType::Json(_) | ColumnType::Array(_) => {
                None
            }
        }
    }
}

/// How the values of a column lie in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// In the database's own type for the primitive type; SQLite: integers, reals, text and blobs for numbers,
    /// strings and bytes, 0 and 1 for Boolean, integers and reals for Decimal.
    Native,
    /// As text in a form that must be read: dates, times and points in time (ISO 8601, `T` or a space, zone or UTC),
    /// Guid (36 characters, any case), Decimal digits.
    Text,
    /// As 16 bytes: Guid.
    Blob,
}

/// What a statement must know of a column's own type, beyond the type it is served as.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum NativeType {
    /// Nothing: SQLite; numbers of MySQL.
    #[default]
    Plain,
    /// A type by its name: PostgreSQL.
    Named {
        /// Its schema.
        schema: String,
        /// Its name there.
        name: String,
    },
    /// An enumeration by its name: PostgreSQL.
    Enum {
        /// Its schema.
        schema: String,
        /// Its name there.
        name: String,
    },
    /// An unsigned integer of 64 bits: MySQL and MariaDB.
    Unsigned,
    /// Dates or points in time, where others of the kind may be zeros that are served as null: MySQL and MariaDB.
    Dates,
    /// Labels of an ENUM or SET, which are numbers that are shown as text: MySQL and MariaDB.
    Labels {
        /// Character set of the labels.
        charset: String,
        /// Collation of the labels.
        collation: String,
    },
    /// Text with a character set and a collation: MySQL and MariaDB.
    Text {
        /// Character set, such as `utf8mb4`.
        charset: String,
        /// Collation, such as `utf8mb4_general_ci`.
        collation: String,
        /// Whether a value may have more characters than the server sorts by.
        long: bool,
    },
}

/// A foreign key.
#[derive(Debug, Clone)]
pub struct ForeignKey {
    /// Name of the constraint, where it has one.
    pub name: Option<String>,
    /// Column indexes in this table.
    pub columns: Vec<usize>,
    /// Index of the referenced table in [`Catalog::tables`].
    pub target: usize,
    /// Column indexes in the referenced table, one for each of `columns`.
    pub target_columns: Vec<usize>,
    /// On-delete action.
    pub on_delete: Option<OnDelete>,
    /// Whether the database vouches for it that there is a row where no column is null.
    pub vouched: bool,
}

impl Catalog {
    /// The name of the schema of a table or function, for which it may have none.
    pub fn schema<'a>(&'a self, schema: &'a Option<String>) -> Option<&'a str> {
        schema.as_deref().or(self.own_schema.as_deref())
    }

    /// Puts what another one has behind what is here. Types that both have are the same.
    pub fn add(&mut self, mut other: Catalog) {
        let enums: Vec<usize> = other.enums.drain(..).map(|found| self.place_of_enum(found)).collect();
        let known = |own: &CatalogComposite, found: &CatalogComposite| {
            own.schema == found.schema && own.name == found.name
        };
        let mut next = self.composites.len();
        let composites: Vec<usize> = other
            .composites
            .iter()
            .map(|found| match self.composites.iter().position(|own| known(own, found)) {
                Some(place) => place,
                None => {
                    next += 1;
                    next - 1
                }
            })
            .collect();
        let here = self.composites.len();
        for (mut found, place) in other.composites.into_iter().zip(&composites) {
            if *place >= here {
                found.columns.iter_mut().for_each(|column| column.ty.moved(&enums, &composites));
                self.composites.push(found);
            }
        }
        self.functions.append(&mut other.functions);
        for mut routine in other.routines {
            if let Gives::Values(column) = &mut routine.gives {
                column.ty.moved(&enums, &composites);
            }
            self.routines.push(routine);
        }
        let tables = self.tables.len();
        for mut table in other.tables {
            table.columns.iter_mut().for_each(|column| column.ty.moved(&enums, &composites));
            table.foreign_keys.iter_mut().for_each(|key| key.target += tables);
            self.tables.push(table);
        }
    }

    fn place_of_enum(&mut self, found: CatalogEnum) -> usize {
        let known = self.enums.iter().position(|own| own.schema == found.schema && own.name == found.name);
        known.unwrap_or_else(|| {
            self.enums.push(found);
            self.enums.len() - 1
        })
    }
}

impl ColumnType {
    /// The same type by other numbers.
    fn moved(&mut self, enums: &[usize], composites: &[usize]) {
        match self {
            ColumnType::Primitive(_) => {}
            ColumnType::Enum(index) | ColumnType::Coded(index, _) => *index = enums[*index],
            ColumnType::Composite(index) => *index = composites[*index],
            ColumnType::Array(item) | ColumnType::Json(item) => item.moved(enums, composites),
        }
    }
}
