//! The bytes of one value, which are read in pieces.

use nextlink_odata::model::PrimitiveType;
use nextlink_odata::query::Query;
use nextlink_odata::value::Value;

use super::{Planner, program};
use crate::catalog::Storage;
use crate::dialect::{Dialect, Unsupported};
use crate::emit::emit;
use crate::mapping::Mapping;
use crate::plan::{NodePlan, Plan};
use crate::statement::{ChildStatement, NodeStatement, ResultColumn, StoredCell, Stream};
use crate::tree::{Param, ParamForm, Select, Sql};

/// Plans how the bytes of a stream are read: of a property, or of a media entity itself.
///
/// # Errors
/// What the database cannot do.
pub fn stream(
    mapping: &Mapping,
    dialect: &dyn Dialect,
    query: &Query,
    property: Option<usize>,
) -> Result<Stream, Unsupported> {
    let planner = Planner { mapping, dialect, query };
    let frames = planner.path(query.root, &query.steps)?;
    let (alias, set) = frames.current();
    let table = mapping.table(set);
    let select = Select { limit: Some(1), ..frames.finish() };
    planner.fits(&select)?;
    let found = match property {
        Some(index) => table.streams.get(index),
        None => table.media.as_ref(),
    };
    let Some(map) = found else {
        return Err(Unsupported { what: "This stream".to_owned(), database: dialect.name() });
    };
    let content = &table.columns[map.content];
    let bytes = || Sql::column(alias, &content.column);
    let told = map.media_type.map(|column| &table.columns[column]);
    let mut columns = vec![(dialect.octets(bytes()), result(PrimitiveType::Int64, Storage::Native))];
    columns.extend(told.map(|map| planner.plain_cell(alias, map)));
    columns.extend(table.etag.iter().map(|column| planner.plain_cell(alias, &table.columns[*column])));
    let (read, cells): (Vec<Sql>, Vec<ResultColumn>) = columns.into_iter().unzip();
    let head = Plan {
        nodes: vec![level(Select { columns: read, ..select.clone() }, cells)],
        count: None,
        parent: planner.before_navigation(query)?,
        point: false,
        keyed: None,
        nested: None,
    };
    let number = || Sql::Param(Param { value: Value::Integer(0), form: ParamForm::Native });
    let piece = Select { columns: vec![dialect.piece(bytes(), number(), number())], ..select.clone() };
    let cells = vec![result(PrimitiveType::Binary, content.storage)];
    let same = |name: &&&str| !table.columns.iter().any(|column| column.column.eq_ignore_ascii_case(name));
    let name =
        dialect.row_numbers().iter().find(same).filter(|_| table.select.is_none() && table.joined.is_none());
    let cell = name.map(|name| StoredCell {
        table: table.table.clone(),
        column: content.column.clone(),
        row: emit(dialect, &Select { columns: vec![Sql::column(alias, name)], ..select }, 0),
    });
    Ok(Stream::new(program(dialect, &head), statement(dialect, &piece, cells), cell))
}

fn result(primitive: PrimitiveType, storage: Storage) -> ResultColumn {
    ResultColumn { primitive, storage, nullable: true, structure: None }
}

fn level(rows: Select, cells: Vec<ResultColumn>) -> NodePlan {
    let (aliases, link) = (Vec::new(), Vec::new());
    NodePlan { parent: None, rows: Some(rows), count: None, cells, aliases, it: None, link, links: 0 }
}

fn statement(dialect: &dyn Dialect, select: &Select, cells: Vec<ResultColumn>) -> NodeStatement {
    NodeStatement {
        parent: None,
        rows: Some(ChildStatement { one: emit(dialect, select, 0), many: None }),
        count: None,
        cells: cells.into(),
        link: Vec::new(),
        links: 0,
        seek: None,
        position: None,
    }
}
