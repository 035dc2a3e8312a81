//! SELECTs of the owner, as the database is asked about them before there are values.

use std::sync::Arc;

use nextlink_odata::model::PrimitiveType as P;
use nextlink_odata::value::Value;

use crate::dialect::Dialect;
use crate::emit::emit;
use crate::mapping::{Behind, Mapping};
use crate::shape::{ToldPiece, ToldSelect};
use crate::statement::{ChildStatement, NodeStatement, Program};
use crate::tree::{Join, JoinKind, Param, ParamForm, Select, Source, Sql, TableRef, Told};

/// The text of a SELECT with places for values, and how many there are.
pub fn told(dialect: &dyn Dialect, select: &ToldSelect) -> (String, usize) {
    let (mut text, mut places) = (String::new(), 0);
    let types = select.parameters.as_deref().unwrap_or_default();
    for piece in &select.pieces {
        match piece {
            ToldPiece::Text(part) => text.push_str(part),
            ToldPiece::Parameter(number) => {
                places += 1;
                let value = sample(types[*number].1);
                dialect.param(places, &Param { value, form: ParamForm::Native }, &mut text);
            }
        }
    }
    (text, places)
}

/// How many rows the SELECT of a function gives where all values are null, or are any of their types: to see whether the
/// database can do it at all. None of a function of the database, which can do it, and may refuse such values.
pub fn trial(mapping: &Mapping, dialect: &dyn Dialect, function: usize, nulls: bool) -> Option<Program> {
    let parameters = &mapping.model.functions[function].parameters;
    let Behind::Select(pieces) = &mapping.functions[function].behind else {
        return None;
    };
    let told = pieces.iter().map(|piece| match piece {
        ToldPiece::Text(text) => Told::Text(Arc::clone(text)),
        ToldPiece::Parameter(number) => {
            let primitive = parameters[*number].primitive().unwrap_or(P::String);
            let value = Sql::Param(Param { value: sample(primitive), form: ParamForm::Native });
            Told::Value(if nulls { dialect.null(primitive) } else { value })
        }
    });
    let table = TableRef { source: Source::Told(told.collect()), alias: 0 };
    let from = vec![Join { kind: JoinKind::Inner, table, on: Vec::new() }];
    Some(counting(dialect, &Select { from, columns: vec![Sql::CountAll], ..Select::default() }))
}

/// A program of one select that gives a number.
pub(super) fn counting(dialect: &dyn Dialect, select: &Select) -> Program {
    let rows = Some(ChildStatement { one: emit(dialect, select, 1), many: None });
    let node = NodeStatement {
        parent: None,
        rows,
        count: None,
        cells: Vec::new().into(),
        link: Vec::new(),
        links: 0,
        seek: None,
        position: None,
    };
    let failing = Vec::new();
    Program { nodes: vec![node], count: None, parent: None, point: false, key: None, computes: true, failing }
}

/// Any value of a type.
fn sample(primitive: P) -> Value {
    let zero = || "0".to_owned();
    match primitive {
        P::Binary => Value::Binary(Vec::new()),
        P::Boolean => Value::Boolean(false),
        P::Byte | P::SByte | P::Int16 | P::Int32 | P::Int64 => Value::Integer(0),
        P::Date => Value::Date("2000-01-01".to_owned()),
        P::DateTimeOffset => Value::DateTimeOffset("2000-01-01T00:00:00".to_owned()),
        P::Decimal => Value::Decimal(zero()),
        P::Double | P::Single => Value::Double(0.0),
        P::Duration => Value::Duration(zero()),
        P::Guid => Value::Guid("00000000-0000-0000-0000-000000000000".to_owned()),
        // A shape is no parameter, as the model file was checked.
        P::String | P::Shape(..) => Value::String(String::new()),
        P::TimeOfDay => Value::TimeOfDay("00:00:00".to_owned()),
    }
}
