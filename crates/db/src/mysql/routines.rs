//! Functions of the server that change nothing, as SELECTs that call them.

use std::collections::BTreeMap;

use nextlink_odata::model::Computed;
use nextlink_sql::catalog::{Argument, Call, Column, ColumnType, Gives, Routine};
use nextlink_sql::dialect::{Dialect, MARIADB};
use nextlink_sql::notice::Notice;

use super::errors::Done;
use super::schema::{self, Place, RawColumn, RawRoutine};
use super::session::Session;
use super::types::{is_binary, served, zone};
use crate::routines::{may_write, not_served, too_many};

/// The functions of some schemas that can be served; so many at most.
pub(super) async fn routines(
    session: &mut Session,
    schemas: &[String],
    most: usize,
    notices: &mut Vec<Notice>,
) -> Done<Vec<Routine>> {
    let mut raw = schema::routines(session, schemas).await?;
    // The server compares without regard to case even where names differ by case.
    raw.retain(|routine| schemas.contains(&routine.place.schema));
    if raw.len() > most {
        notices.push(too_many());
        return Ok(Vec::new());
    }
    let mut parameters: BTreeMap<Place, Vec<RawColumn>> = BTreeMap::new();
    for (place, parameter) in schema::parameters(session, schemas).await? {
        parameters.entry(place).or_default().push(parameter);
    }
    let mut found = Vec::new();
    let mut writing: Vec<&str> = Vec::new();
    for raw in &raw {
        if !raw.reads_only() {
            writing.push(&raw.place.table);
            continue;
        }
        let schema = (raw.place.schema != schemas[0]).then_some(&raw.place.schema);
        match routine(raw, schema, parameters.get(&raw.place).map_or(&[], Vec::as_slice)) {
            Ok(routine) => found.push(routine),
            Err(why) => notices.push(not_served(&raw.place.table, &why)),
        }
    }
    if !writing.is_empty() {
        let declared = "declared READS SQL DATA, NO SQL or DETERMINISTIC";
        notices.push(may_write(&schemas[0], &writing, declared));
    }
    Ok(found)
}

/// One of them; or why it cannot be served. The first of its parameters is what it gives.
fn routine(raw: &RawRoutine, schema: Option<&String>, parameters: &[RawColumn]) -> Result<Routine, String> {
    let [result, parameters @ ..] = parameters else {
        return Err("the server does not tell what it gives".to_owned());
    };
    let arguments = parameters.iter().map(argument).collect::<Result<Vec<_>, _>>()?;
    let mut before = "SELECT ".to_owned();
    MARIADB.identifier(&raw.place.schema, &mut before);
    before.push('.');
    MARIADB.identifier(&raw.place.table, &mut before);
    before.push('(');
    let places = arguments.iter().map(|_| ("".into(), "".into())).collect();
    Ok(Routine {
        schema: schema.cloned(),
        name: raw.place.table.clone(),
        arguments,
        gives: Gives::Values(Box::new(column(result)?)),
        collection: false,
        call: Call { before: before.into(), arguments: places, after: ") AS `value`".into() },
        comment: (!raw.comment.is_empty()).then(|| raw.comment.clone()),
    })
}

fn argument(raw: &RawColumn) -> Result<Argument, String> {
    let primitive = served(raw).map(|served| served.primitive).filter(|primitive| !primitive.is_shape());
    let ty = primitive.ok_or_else(|| ["its argument `", &raw.name, "` is of no primitive type"].concat())?;
    Ok(Argument { name: raw.name.clone(), ty, nullable: true, optional: false })
}

fn column(raw: &RawColumn) -> Result<Column, String> {
    let served = served(raw).filter(|served| !served.primitive.is_shape());
    let served = served.ok_or_else(|| ["it gives values of the type ", &raw.declared].concat())?;
    Ok(Column {
        name: "value".to_owned(),
        declared: raw.declared.clone(),
        ty: ColumnType::Primitive(served.primitive),
        storage: served.storage,
        nullable: true,
        max_length: served.max_length,
        precision: served.precision,
        scale: served.scale,
        default_value: None,
        computed: Computed::No,
        binary_collation: is_binary(&served),
        zone: zone(&raw.kind),
        native: served.native,
        comment: None,
    })
}
