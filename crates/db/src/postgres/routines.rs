//! Functions of the server that change nothing, as SELECTs that call them.

use std::sync::Arc;

use nextlink_sql::catalog::{Argument, Call, CatalogComposite, Column, ColumnType, Gives, Routine};
use nextlink_sql::dialect::{Dialect, Postgres};
use nextlink_sql::notice::Notice;
use tokio_postgres::types::Oid;
use tokio_postgres::{Row, Transaction};

use super::columns::column;
use super::tables::{RawColumn, RawType, all};
use super::types::Types;
use crate::error::Error;
use crate::routines::{may_write, not_served};

/// A function that the login may call.
pub struct RawRoutine {
    schema: String,
    name: String,
    /// `i` immutable, `s` stable, `v` volatile.
    volatile: String,
    set: bool,
    result: Oid,
    defaults: i32,
    variadic: bool,
    /// Types of what it takes.
    arguments: Vec<Oid>,
    /// Types, modes and names of all it takes and gives, where they are told.
    all: Vec<Oid>,
    modes: Vec<String>,
    names: Vec<String>,
    comment: Option<String>,
}

/// Without those of extensions, and those that operators, aggregates, casts and indexes are made of.
const ROUTINES: &str = "\
SELECT n.nspname, p.proname, p.provolatile::text, p.proretset, p.prorettype, p.pronargdefaults::int4, p.provariadic <> 0,
    p.proargtypes::oid[], coalesce(p.proallargtypes, '{}'), coalesce(p.proargmodes::text[], '{}'),
    coalesce(p.proargnames, '{}'), pg_catalog.obj_description(p.oid, 'pg_proc')
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE p.prokind = 'f'
AND CASE WHEN pg_catalog.cardinality($1::text[]) = 0
    THEN n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
    ELSE n.nspname = ANY($1::text[]) END
AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype, 'void'::regtype)
AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
AND pg_catalog.has_function_privilege(p.oid, 'EXECUTE')
AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
    WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
AND NOT EXISTS (SELECT FROM pg_catalog.pg_aggregate a WHERE p.oid IN (a.aggtransfn, a.aggfinalfn, a.aggcombinefn,
    a.aggserialfn, a.aggdeserialfn, a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn))
AND NOT EXISTS (SELECT FROM pg_catalog.pg_operator o WHERE p.oid IN (o.oprcode, o.oprrest, o.oprjoin))
AND NOT EXISTS (SELECT FROM pg_catalog.pg_cast c WHERE c.castfunc = p.oid)
AND NOT EXISTS (SELECT FROM pg_catalog.pg_amproc a WHERE a.amproc = p.oid)
ORDER BY n.nspname COLLATE \"C\", p.proname COLLATE \"C\",
    pg_catalog.pg_get_function_identity_arguments(p.oid) COLLATE \"C\"
LIMIT $2";

/// The functions of these schemas, of all where none are named, and so many at most.
///
/// # Errors
/// The server fails.
pub async fn routines(
    server: &Transaction<'_>,
    schemas: &[String],
    most: usize,
) -> Result<Vec<RawRoutine>, Error> {
    let read = |row: &Row| {
        Ok(RawRoutine {
            schema: row.try_get(0)?,
            name: row.try_get(1)?,
            volatile: row.try_get(2)?,
            set: row.try_get(3)?,
            result: row.try_get(4)?,
            defaults: row.try_get(5)?,
            variadic: row.try_get(6)?,
            arguments: row.try_get(7)?,
            all: row.try_get(8)?,
            modes: row.try_get(9)?,
            names: row.try_get(10)?,
            comment: row.try_get(11)?,
        })
    };
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    all(server.query(ROUTINES, &[&schemas, &most]).await?, read)
}

impl RawRoutine {
    /// All types that it takes and gives.
    pub fn types(&self) -> impl Iterator<Item = Oid> {
        self.arguments.iter().chain(&self.all).copied().chain([self.result])
    }

    /// Whether it may write.
    fn may_write(&self) -> bool {
        self.volatile == "v"
    }

    /// The names of what it takes; empty ones where it has none.
    fn inputs(&self) -> Vec<&str> {
        let name = |place: usize| self.names.get(place).map_or("", String::as_str);
        if self.modes.is_empty() {
            return (0..self.arguments.len()).map(name).collect();
        }
        let takes = |(_, mode): &(usize, &String)| matches!(mode.as_str(), "i" | "b" | "v");
        self.modes.iter().enumerate().filter(takes).map(|(place, _)| name(place)).collect()
    }

    /// The columns that it gives, where they are more than one.
    fn outputs(&self) -> Vec<RawColumn> {
        let gives = self.modes.iter().zip(&self.all).enumerate();
        let gives = gives.filter(|(_, (mode, _))| matches!(mode.as_str(), "o" | "b" | "t"));
        let columns = gives.enumerate().map(|(number, (place, (_, ty)))| {
            let named = self.names.get(place).filter(|name| !name.is_empty());
            let name = named.cloned().unwrap_or_else(|| ["column", &(number + 1).to_string()].concat());
            RawColumn::of_select(&name, *ty, -1)
        });
        columns.collect()
    }
}

/// Makes routines of those that can be served. Composite types of what they give are put to the others.
pub fn served(
    raw: &[RawRoutine],
    types: &Types<'_>,
    composites: &mut Vec<CatalogComposite>,
    notices: &mut Vec<Notice>,
) -> Vec<Routine> {
    let mut found = Vec::new();
    for raw in raw.iter().filter(|raw| !raw.may_write()) {
        match routine(raw, types, composites) {
            Ok(routine) => found.push(routine),
            Err(why) => notices.push(not_served(&raw.name, &why)),
        }
    }
    let writing: Vec<&RawRoutine> = raw.iter().filter(|raw| raw.may_write()).collect();
    for of_schema in writing.chunk_by(|one, next| one.schema == next.schema) {
        let names: Vec<&str> = of_schema.iter().map(|raw| raw.name.as_str()).collect();
        notices.push(may_write(&of_schema[0].schema, &names, "declared STABLE or IMMUTABLE"));
    }
    found
}

/// One of them; or why it cannot be served.
fn routine(
    raw: &RawRoutine,
    types: &Types<'_>,
    composites: &mut Vec<CatalogComposite>,
) -> Result<Routine, String> {
    if raw.variadic {
        return Err("it takes any number of arguments".to_owned());
    }
    let (arguments, places) = arguments(raw, types)?;
    let (gives, collection, around) = gives(raw, types, composites)?;
    let mut before = ["SELECT * FROM ", around.before].concat();
    Postgres.identifier(&raw.schema, &mut before);
    before.push('.');
    Postgres.identifier(&raw.name, &mut before);
    before.push('(');
    Ok(Routine {
        schema: Some(raw.schema.clone()),
        name: raw.name.clone(),
        arguments,
        gives,
        collection,
        call: Call { before: before.into(), arguments: places, after: [")", &around.after].concat().into() },
        comment: raw.comment.clone(),
    })
}

/// What stands before and behind a value.
type Place = (Arc<str>, Arc<str>);

/// What it takes, and what stands around each value.
fn arguments(raw: &RawRoutine, types: &Types<'_>) -> Result<(Vec<Argument>, Vec<Place>), String> {
    let names = raw.inputs();
    // What has no name is given by its place, and so is all before it.
    let placed = names.iter().rposition(|name| name.is_empty()).map_or(0, |last| last + 1);
    let defaults = usize::try_from(raw.defaults).unwrap_or_default();
    let first_default = names.len().saturating_sub(defaults);
    let (mut arguments, mut places) = (Vec::with_capacity(names.len()), Vec::with_capacity(names.len()));
    for (number, (name, oid)) in names.iter().zip(&raw.arguments).enumerate() {
        let shown =
            if name.is_empty() { ["p", &(number + 1).to_string()].concat() } else { (*name).to_owned() };
        let served = types.column(&RawColumn::of_select(&shown, *oid, -1));
        let primitive = match served.ty {
            ColumnType::Primitive(primitive) if served.flattened.is_none() => Some(primitive),
            _ => None,
        };
        let ty = types.get(*oid).filter(|ty| ty.kind != "p");
        let (Some(primitive), Some(ty)) = (primitive.filter(|found| !found.is_shape()), ty) else {
            return Err(["its argument `", &shown, "` is of no primitive type"].concat());
        };
        let mut before = String::new();
        if number >= placed {
            Postgres.identifier(name, &mut before);
            before.push_str(" => ");
        }
        before.push_str("CAST(");
        places.push((before.into(), [" AS ", &type_name(ty), ")"].concat().into()));
        let optional = number >= first_default.max(placed);
        arguments.push(Argument { name: shown, ty: primitive, nullable: !served.not_null, optional });
    }
    Ok((arguments, places))
}

fn type_name(ty: &RawType) -> String {
    let mut name = String::new();
    Postgres.identifier(&ty.schema, &mut name);
    name.push('.');
    Postgres.identifier(&ty.name, &mut name);
    name
}

/// What stands around a call in its SELECT.
struct Around {
    before: &'static str,
    after: String,
}

/// What it gives, and whether that is several.
fn gives(
    raw: &RawRoutine,
    types: &Types<'_>,
    composites: &mut Vec<CatalogComposite>,
) -> Result<(Gives, bool, Around), String> {
    let outputs = raw.outputs();
    let result = RawColumn::of_select("value", raw.result, -1);
    let served = types.column(&result);
    if types.get(raw.result).is_some_and(|ty| ty.kind == "p") && outputs.len() > 1 {
        let columns: Vec<Column> = outputs.iter().map(|raw| column(raw, types.column(raw))).collect();
        let after = of_rows(raw.set, &columns);
        let ty = result_type(raw, columns, composites);
        let record = Column { ty, ..column(&result, served) };
        return Ok((Gives::Values(Box::new(record)), raw.set, Around { before: "", after }));
    }
    if let Some(why) = served.flattened {
        return Err(["what it gives cannot be read: ", why].concat());
    }
    let (item, array) = types.item(raw.result);
    let Some(ty) = item.filter(|ty| ty.kind != "p") else {
        return Err("it does not say what it gives".to_owned());
    };
    if array && raw.set {
        return Err("it gives several collections".to_owned());
    }
    let (before, closed) = if array { ("unnest(", ")") } else { ("", "") };
    let (mut column, collection) = (column(&result, served), raw.set || array);
    if let ColumnType::Array(item) = column.ty {
        column.ty = *item;
    }
    if ty.is_rows {
        let gives = Gives::Rows { schema: Some(ty.schema.clone()), table: ty.name.clone() };
        return Ok((gives, collection, Around { before, after: [closed, " AS \"t\""].concat() }));
    }
    match &column.ty {
        ColumnType::Composite(index) => {
            let rows = of_rows(collection, &composites[*index].columns);
            let after = [closed, &rows].concat();
            Ok((Gives::Values(Box::new(column)), collection, Around { before, after }))
        }
        ColumnType::Primitive(primitive) if primitive.is_shape() => Err("it gives shapes".to_owned()),
        _ if ty.kind == "c" => Err("a part of what it gives cannot be read on its own".to_owned()),
        _ => {
            let after = [closed, " AS \"t\"(\"value\")"].concat();
            Ok((Gives::Values(Box::new(column)), collection, Around { before, after }))
        }
    }
}

/// What stands behind a call that gives rows. One row of nulls is none.
fn of_rows(several: bool, columns: &[Column]) -> String {
    let mut alias = "t".to_owned();
    while columns.iter().any(|column| column.name == alias) {
        alias.push('t');
    }
    match several {
        true => [" AS \"", &alias, "\""].concat(),
        false => [" AS \"", &alias, "\" WHERE NOT (\"", &alias, "\" IS NULL)"].concat(),
    }
}

/// The composite type of the columns that a function gives, which has no name of its own.
fn result_type(raw: &RawRoutine, columns: Vec<Column>, composites: &mut Vec<CatalogComposite>) -> ColumnType {
    let end = if raw.name.chars().any(char::is_uppercase) { "Result" } else { "_result" };
    let base = [&raw.name, end].concat();
    let schema = Some(raw.schema.clone());
    let mut name = base.clone();
    let mut number = 2_usize;
    while composites.iter().any(|known| known.schema == schema && known.name == name) {
        name = [&base, &*number.to_string()].concat();
        number += 1;
    }
    composites.push(CatalogComposite { schema, name, columns, comment: None });
    ColumnType::Composite(composites.len() - 1)
}
