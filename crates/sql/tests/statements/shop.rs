//! A model made by hand, with every way values can lie in a database and every way tables can hang together.

use nextlink_odata::model::PrimitiveType;
use nextlink_sql::catalog::{Catalog, Column, ColumnType, ForeignKey, NativeType, Storage, Table, TableKind};
use nextlink_sql::mapping::{Mapping, ModelOptions, build};
use nextlink_sql::zone::Zone;

/// `Name type`, with `?` behind what may be null, `text` or `blob` for how it lies, `nocase` for its order.
pub fn column(line: &str) -> Column {
    let mut words = line.split_whitespace();
    let name = words.next().expect("a name").to_owned();
    let declared = words.next().expect("a type");
    let rest: Vec<&str> = words.collect();
    let primitive = PrimitiveType::from_name(&format!("Edm.{}", declared.trim_end_matches('?')));
    Column {
        declared: declared.to_owned(),
        storage: match rest.first() {
            Some(&"text") => Storage::Text,
            Some(&"blob") => Storage::Blob,
            _ => Storage::Native,
        },
        nullable: declared.ends_with('?'),
        binary_collation: !rest.contains(&"nocase"),
        zone: rest.contains(&"local").then_some(Zone::UTC),
        ..Column::plain(name, ColumnType::Primitive(primitive.expect("a type")))
    }
}

pub fn table(
    name: &str,
    columns: &[&str],
    primary_key: &[usize],
    foreign_keys: &[(&[usize], usize)],
) -> Table {
    let foreign_key = |(columns, target): &(&[usize], usize)| ForeignKey {
        name: None,
        columns: columns.to_vec(),
        target: *target,
        target_columns: (0..columns.len()).collect(),
        on_delete: None,
        vouched: true,
    };
    Table {
        schema: None,
        name: name.to_owned(),
        kind: TableKind::Table,
        select: None,
        columns: columns.iter().map(|line| column(line)).collect(),
        system: Vec::new(),
        primary_key: primary_key.to_vec(),
        unique: Vec::new(),
        foreign_keys: foreign_keys.iter().map(foreign_key).collect(),
        comment: None,
    }
}

/// What kind of database the shop lies in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
    MySql,
}

/// The column as a server has it: in its own type, with a collation of its own.
pub fn on(kind: Kind, column: &mut Column) {
    use PrimitiveType as P;
    let ColumnType::Primitive(primitive) = column.ty else {
        return;
    };
    let text = primitive == P::String;
    column.storage = Storage::Native;
    column.binary_collation = !text;
    column.native = match kind {
        Kind::Sqlite => NativeType::Plain,
        Kind::Postgres => {
            let name = match primitive {
                P::Int16 => "int2",
                P::Int32 => "int4",
                P::Int64 => "int8",
                P::Decimal => "numeric",
                P::Double => "float8",
                P::Boolean => "bool",
                P::Date => "date",
                P::TimeOfDay => "time",
                P::DateTimeOffset => "timestamptz",
                P::Guid => "uuid",
                P::Binary => "bytea",
                _ => "text",
            };
            NativeType::Named { schema: "pg_catalog".to_owned(), name: name.to_owned() }
        }
        Kind::MySql if text => NativeType::Text {
            charset: "utf8mb4".to_owned(),
            collation: "utf8mb4_general_ci".to_owned(),
            long: false,
        },
        Kind::MySql => NativeType::Plain,
    };
}

/// Customers with orders and tags, orders with items, employees with a boss, drafts whose key may be null.
pub fn shop() -> Mapping {
    shop_on(Kind::Sqlite)
}

/// The shop in a database of some kind.
pub fn shop_on(kind: Kind) -> Mapping {
    build(&shop_catalog(kind), &ModelOptions::default()).0
}

/// The tables of the shop.
pub fn shop_catalog(kind: Kind) -> Catalog {
    let customers = [
        "Id Int32",
        "Name String",
        "City String? nocase",
        "Credit Decimal?",
        "Since Date? text",
        "Vip Boolean?",
        "Score Double?",
    ];
    let orders = [
        "Id Int64",
        "Placed DateTimeOffset text",
        "Due TimeOfDay? text",
        "Total Decimal? text",
        "Mark Guid? blob",
        "Sign Guid? text",
        "Photo Binary?",
        "CustomerId Int32?",
    ];
    let mut tables = vec![
        table("Customers", &customers, &[0], &[]),
        table("Orders", &orders, &[0], &[(&[7], 0)]),
        table("Items", &["OrderId Int64", "Line Int16", "Qty Int32", "Note String?"], &[0, 1], &[(&[0], 1)]),
        table("Tags", &["Code String nocase", "Label String"], &[0], &[]),
        table(
            "CustomerTags",
            &["CustomerId Int32", "TagCode String nocase"],
            &[0, 1],
            &[(&[0], 0), (&[1], 3)],
        ),
        table("Staff", &["Id Int32", "Name String", "Boss Int32?"], &[0], &[(&[2], 5)]),
        table(
            "Drafts",
            &["Id Int32?", "Part Int32?", "OrderId Int64?", "Text String?"],
            &[0, 1],
            &[(&[2], 1)],
        ),
    ];
    if kind != Kind::Sqlite {
        tables.iter_mut().flat_map(|table| &mut table.columns).for_each(|column| on(kind, column));
    }
    Catalog { tables, ..Catalog::default() }
}
