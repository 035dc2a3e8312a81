//! SQL text with its parameters, ready for a driver.

use std::sync::Arc;

use nextlink_odata::model::{EntitySetId, PrimitiveType};
use nextlink_odata::value::Value;

use crate::catalog::Storage;
use crate::tree::{Param, Select};

/// One statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// The text; shared, as statements are kept for reuse.
    pub sql: Arc<str>,
    /// Parameters in the order of their numbers, after those of the parent rows where there are any.
    pub params: Vec<Param>,
}

/// What a result column holds.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultColumn {
    /// Its type: `Edm.String` where it holds labels of an enumeration, and without meaning where it is structured.
    pub primitive: PrimitiveType,
    /// How its values lie in the database.
    pub storage: Storage,
    /// Whether null is a value.
    pub nullable: bool,
    /// What a structured value is made of; none for all others.
    pub structure: Option<Arc<Structure>>,
    /// The property whose values these are, by the set of its entity and its number, if they are of one.
    pub property: Option<(EntitySetId, usize)>,
}

/// What a structured value is made of.
#[derive(Debug, Clone, PartialEq)]
pub enum Structure {
    /// Items.
    Collection(ResultColumn),
    /// The columns of a composite type, in their order.
    Complex(Vec<ResultColumn>),
}

/// All statements of one request.
#[derive(Debug, Clone)]
pub struct Program {
    /// The levels of the result; each after its parent.
    pub nodes: Vec<NodeStatement>,
    /// The number of all entities, for `$count`.
    pub count: Option<Statement>,
    /// Gives a row when the entity before the last navigation is there.
    pub parent: Option<Statement>,
    /// Whether the first node gives at most one row, found by its key.
    pub point: bool,
    /// The number of the first parameter that is a value of this key, where other values can take their places.
    pub key: Option<usize>,
    /// Whether the request itself computes something of the values in the database.
    pub computes: bool,
    /// Entity sets with conditions of the model file on their rows, among those that are read, that fail for some of them.
    pub failing: Vec<EntitySetId>,
}

impl Program {
    /// The same program for another key: the values of the key take the places of those it was made with.
    pub fn with_key<'v>(&self, values: impl IntoIterator<Item = &'v Value>) -> Program {
        let mut program = self.clone();
        let rows = program.nodes.first_mut().and_then(|node| node.rows.as_mut());
        let params = rows.into_iter().flat_map(|rows| &mut rows.one.params);
        for (param, value) in params.skip(self.key.unwrap_or_default()).zip(values) {
            param.value = value.clone();
        }
        program
    }

    /// The greatest number of parameters that one of the statements has, besides those that parent rows take.
    pub fn most_parameters(&self) -> usize {
        let of_levels = self.nodes.iter().flat_map(|node| node.rows.iter().chain(&node.count));
        let statements = of_levels.map(|statement| &statement.one).chain(&self.count).chain(&self.parent);
        statements.map(|statement| statement.params.len()).max().unwrap_or(0)
    }
}

/// The statements that read the bytes of one value, in pieces.
#[derive(Debug, Clone)]
pub struct Stream {
    /// One row where the entity is there: the number of bytes, null where there are none, and what is told of them.
    pub head: Program,
    /// One row with some of the bytes. Its first parameters are the number of the first of them, from 1, and how many.
    piece: NodeStatement,
    /// Where the bytes are found without a statement, in a database that can do that.
    pub cell: Option<StoredCell>,
}

/// The place of a value: a column of a row that has a number.
#[derive(Debug, Clone)]
pub struct StoredCell {
    /// Name of the table.
    pub table: String,
    /// Name of the column.
    pub column: String,
    /// Gives the number of the row.
    pub row: Statement,
}

impl Stream {
    pub(crate) fn new(head: Program, piece: NodeStatement, cell: Option<StoredCell>) -> Stream {
        Stream { head, piece, cell }
    }

    /// Reads so many bytes behind so many others.
    pub fn piece(&self, behind: u64, bytes: u64) -> NodeStatement {
        let mut piece = self.piece.clone();
        let numbers = [behind.saturating_add(1), bytes].map(|n| i64::try_from(n).unwrap_or(i64::MAX));
        let params = piece.rows.iter_mut().flat_map(|rows| &mut rows.one.params);
        params.zip(numbers).for_each(|(param, number)| param.value = Value::Integer(number));
        piece
    }
}

/// The statements of one level.
#[derive(Debug, Clone)]
pub struct NodeStatement {
    /// The level above; none for the first.
    pub parent: Option<usize>,
    /// Rows. For a lower level: first the position of the parent row, then the cells, then the link columns.
    pub rows: Option<ChildStatement>,
    /// For a lower level: position of the parent row and number of rows.
    pub count: Option<ChildStatement>,
    /// The cells, in order.
    pub cells: Arc<[ResultColumn]>,
    /// In the parent's rows: numbers of the link columns whose values are sent with each parent row.
    pub link: Vec<usize>,
    /// How many link columns its own rows carry behind the cells.
    pub links: usize,
    /// For a first level that others hang on, where the database cannot read them while it reads this one: how to read
    /// it in pieces.
    pub seek: Option<Seek>,
    /// For a first level that can be gone on with after any of its rows: numbers of the columns with the values that it
    /// is ordered by.
    pub position: Option<Arc<[usize]>>,
}

/// What is needed to read a level in pieces, each by a statement of its own that goes on after the last row.
#[derive(Debug, Clone)]
pub struct Seek {
    /// The whole level, with the values it is ordered by among its columns.
    pub(crate) select: Arc<Select>,
    /// Numbers of the columns with those values, one for each term of the order.
    pub values: Arc<[usize]>,
    /// Rows at most, over all pieces.
    pub limit: Option<u64>,
}

/// A statement that takes a number of parent rows.
#[derive(Debug, Clone)]
pub struct ChildStatement {
    /// For one parent row; for the first level the only one.
    pub one: Statement,
    /// For [`PARENT_ROWS`] parent rows; missing ones are sent as null.
    pub many: Option<Statement>,
}

/// Parent rows that one statement of a lower level takes.
pub const PARENT_ROWS: usize = 128;
