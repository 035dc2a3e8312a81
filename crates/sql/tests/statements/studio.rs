//! A model made by hand with enumerations, composite types and arrays.

use nextlink_sql::catalog::{Catalog, CatalogComposite, CatalogEnum, Column, ColumnType, NativeType, Table};
use nextlink_sql::mapping::{Mapping, ModelOptions, build};

use crate::shop::{Kind, column, on, table};

fn enumeration(name: &str, labels: &[&str], flags: bool) -> CatalogEnum {
    CatalogEnum {
        schema: Some("app".to_owned()),
        name: name.to_owned(),
        labels: labels.iter().map(|label| (*label).to_owned()).collect(),
        flags,
        comment: None,
    }
}

fn composite(name: &str, columns: Vec<Column>) -> CatalogComposite {
    CatalogComposite { schema: Some("app".to_owned()), name: name.to_owned(), columns, comment: None }
}

fn of(line: &str, ty: ColumnType) -> Column {
    Column { ty, ..column(line) }
}

/// The column as a server has it.
fn native(kind: Kind, enums: &[CatalogEnum], column: &mut Column) {
    on(kind, column);
    let ColumnType::Enum(index) = column.ty else {
        return;
    };
    column.binary_collation = false;
    column.native = match kind {
        Kind::Sqlite => NativeType::Plain,
        Kind::Postgres => NativeType::Enum { schema: "app".to_owned(), name: enums[index].name.clone() },
        Kind::MySql => NativeType::Text {
            charset: "utf8mb4".to_owned(),
            collation: "utf8mb4_general_ci".to_owned(),
            long: false,
        },
    };
}

fn array(item: ColumnType) -> ColumnType {
    ColumnType::Array(Box::new(item))
}

/// Rooms with a column of each kind, and paints that are found by their color and rights.
pub fn studio_on(kind: Kind) -> Mapping {
    build(&studio_catalog(kind), &ModelOptions::default()).0
}

/// The tables of the studio.
pub fn studio_catalog(kind: Kind) -> Catalog {
    let (color, rights, mood) = (ColumnType::Enum(0), ColumnType::Enum(1), ColumnType::Enum(2));
    let enums = vec![
        enumeration("color", &["Red", "Green", "Blue"], false),
        enumeration("rights", &["Read", "Write", "Delete"], true),
        enumeration("mood", &["fine", "so-so"], false),
    ];
    let mut composites = vec![
        composite("geo", vec![column("Lat Double?"), column("Lon Double?")]),
        composite(
            "address",
            vec![
                column("Street String? nocase"),
                column("Number Decimal? text"),
                of("Where String?", ColumnType::Composite(0)),
                of("Door String?", color.clone()),
                of("Lines String?", array(column("x String").ty)),
            ],
        ),
    ];
    let rooms = vec![
        column("Id Int32"),
        of("Color String?", color.clone()),
        of("Shade String", color.clone()),
        of("Rights String", rights.clone()),
        of("Mood String?", mood),
        of("Home String?", ColumnType::Composite(1)),
        of("Tags String?", array(column("x Int64").ty)),
        of("Stops String?", array(ColumnType::Composite(1))),
        of("Shades String", array(color.clone())),
        column("Name String"),
    ];
    let rooms = Table { columns: rooms, ..table("Rooms", &[], &[0], &[]) };
    let paints = vec![of("Color String", color), of("Rights String", rights), column("RoomId Int32?")];
    let paints = Table { columns: paints, ..table("Paints", &[], &[0, 1], &[(&[2], 0)]) };
    let mut tables = vec![rooms, paints];
    let columns =
        tables.iter_mut().map(|t| &mut t.columns).chain(composites.iter_mut().map(|c| &mut c.columns));
    columns.flatten().for_each(|column| native(kind, &enums, column));
    Catalog { tables, enums, composites, ..Catalog::default() }
}
