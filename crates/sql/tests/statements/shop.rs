//! A model made by hand, with every way values can lie in a database and every way tables can hang together.

use nextlink_odata::model::{Computed, PrimitiveType};
use nextlink_sql::catalog::{Catalog, Column, ColumnType, ForeignKey, Storage, Table, TableKind};
use nextlink_sql::mapping::{Mapping, ModelOptions, build};

/// `Name type`, with `?` behind what may be null, `text` or `blob` for how it lies, `nocase` for its order.
fn column(line: &str) -> Column {
    let mut words = line.split_whitespace();
    let name = words.next().expect("a name").to_owned();
    let declared = words.next().expect("a type");
    let rest: Vec<&str> = words.collect();
    let primitive = PrimitiveType::from_name(&format!("Edm.{}", declared.trim_end_matches('?')));
    Column {
        name,
        declared: declared.to_owned(),
        ty: ColumnType::Primitive(primitive.expect("a type")),
        storage: match rest.first() {
            Some(&"text") => Storage::Text,
            Some(&"blob") => Storage::Blob,
            _ => Storage::Native,
        },
        nullable: declared.ends_with('?'),
        max_length: None,
        precision: None,
        scale: None,
        default_value: None,
        computed: Computed::No,
        binary_collation: !rest.contains(&"nocase"),
        comment: None,
    }
}

fn table(name: &str, columns: &[&str], primary_key: &[usize], foreign_keys: &[(&[usize], usize)]) -> Table {
    let foreign_key = |(columns, target): &(&[usize], usize)| ForeignKey {
        name: None,
        columns: columns.to_vec(),
        target: *target,
        target_columns: (0..columns.len()).collect(),
        on_delete: None,
    };
    Table {
        schema: None,
        name: name.to_owned(),
        kind: TableKind::Table,
        columns: columns.iter().map(|line| column(line)).collect(),
        primary_key: primary_key.to_vec(),
        unique: Vec::new(),
        foreign_keys: foreign_keys.iter().map(foreign_key).collect(),
        comment: None,
    }
}

/// Customers with orders and tags, orders with items, employees with a boss, drafts whose key may be null.
pub fn shop() -> Mapping {
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
    let tables = vec![
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
    build(&Catalog { tables, ..Catalog::default() }, &ModelOptions::default()).0
}
