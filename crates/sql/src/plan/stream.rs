//! The bytes of one value, which are read in pieces.

use nextlink_odata::layout::Bytes;
use nextlink_odata::model::{EntitySetId, PrimitiveType};
use nextlink_odata::query::Query;
use nextlink_odata::value::Value;

use super::there::Seen;
use super::{Planner, program};
use crate::catalog::Storage;
use crate::dialect::{Dialect, Unsupported};
use crate::emit::emit;
use crate::mapping::{Mapping, StreamMap};
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
    let seen = Seen::of(mapping, dialect, query);
    let planner = Planner::new(&seen, dialect, query);
    let frames = planner.path(query.root, &query.steps)?;
    let (alias, set) = frames.current();
    let table = mapping.table(set);
    let select = Select { limit: Some(1), ..frames.finish() };
    planner.fits(&select)?;
    let property = match property {
        Some(index) => Bytes::Property(index),
        None => Bytes::Media(planner.media_owner(query)),
    };
    let map = planner.stream(set, property)?;
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
        failing: seen.failing(),
        computes: seen.computes(),
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

impl Planner<'_> {
    /// Where a stream lies: that of a property, or of a media entity itself.
    fn stream(&self, set: EntitySetId, stream: Bytes) -> Result<StreamMap, Unsupported> {
        let table = self.mapping.table(set);
        let found = match stream {
            Bytes::Property(index) => table.streams.get(index),
            Bytes::Media(None) => table.media.as_ref(),
            Bytes::Media(Some(derived)) => {
                table.family.as_ref().and_then(|family| family.media.get(derived)?.as_ref())
            }
        };
        let unknown = || Unsupported { what: "This stream".to_owned(), database: self.dialect.name() };
        found.copied().ok_or_else(unknown)
    }

    /// The type whose entities are media entities, the one asked for or one above it.
    fn media_owner(&self, query: &Query) -> Option<usize> {
        let model = &self.mapping.model;
        let ty = model.entity_type(model.entity_set(query.selection.set).entity_type);
        ty.media_of(query.selection.of).and_then(|(owner, _)| owner)
    }

    /// Reads what the bytes of a stream are.
    pub(super) fn media_type_cell(
        &self,
        alias: usize,
        set: EntitySetId,
        stream: Bytes,
    ) -> Result<(Sql, ResultColumn), Unsupported> {
        let map = self.stream(set, stream)?;
        let told = map.media_type.unwrap_or(map.content);
        Ok(self.plain_cell(alias, &self.mapping.table(set).columns[told]))
    }
}

fn result(primitive: PrimitiveType, storage: Storage) -> ResultColumn {
    ResultColumn { primitive, storage, nullable: true, structure: None, property: None }
}

fn level(rows: Select, cells: Vec<ResultColumn>) -> NodePlan {
    let (aliases, link) = (Vec::new(), Vec::new());
    NodePlan {
        parent: None,
        whole: false,
        rows: Some(rows),
        count: None,
        cells,
        aliases,
        it: None,
        link,
        links: 0,
    }
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
