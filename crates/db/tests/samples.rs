//! The sets and navigation properties of well-known sample databases.

mod common;

use nextlink_odata::model::PrimitiveType::{self, *};
use nextlink_sql::mapping::{Mapping, ModelOptions};

/// `String` is a primitive type here.
type Text = std::string::String;

/// Entity set and its navigation properties, `*` behind those that lead to many.
type Sets = &'static [(&'static str, &'static str)];

const NORTHWIND: Sets = &[
    ("Categories", "Products*"),
    ("CustomerCustomerDemo", "Customer CustomerType"),
    ("CustomerDemographics", "CustomerCustomerDemo* Customers*"),
    ("Customers", "CustomerCustomerDemo* Orders* CustomerDemographics*"),
    ("EmployeeTerritories", "Employee Territory"),
    ("Employees", "ReportsToEmployee EmployeeTerritories* EmployeesByReportsTo* Orders* Territories*"),
    ("Order_Details", "Order Product"),
    ("Orders", "Customer Employee Shipper Order_Details*"),
    ("Products", "Supplier Category Order_Details*"),
    ("Regions", "Territories*"),
    ("Shippers", "Orders*"),
    ("Suppliers", "Products*"),
    ("Territories", "Region EmployeeTerritories* Employees*"),
];

const NORTHWIND_MS: Sets = &[
    ("categories", "products*"),
    ("customer_customer_demo", "customer customer_type"),
    ("customer_demographics", "customer_customer_demo* customers*"),
    ("customers", "customer_customer_demo* orders* customer_demographics*"),
    ("employee_territories", "employee territory"),
    ("employees", "reports_to_employee employee_territories* employees_by_reports_to* orders* territories*"),
    ("order_details", "order product"),
    ("orders", "customer employee shipper order_details*"),
    ("products", "supplier category order_details*"),
    ("region", "territories*"),
    ("shippers", "orders*"),
    ("suppliers", "products*"),
    ("territories", "region employee_territories* employees*"),
    ("us_states", ""),
];

const CHINOOK: Sets = &[
    ("Album", "Artist Track*"),
    ("Artist", "Album*"),
    ("Customer", "SupportRep Invoice*"),
    ("Employee", "ReportsToEmployee Customer* EmployeeByReportsTo*"),
    ("Genre", "Track*"),
    ("Invoice", "Customer InvoiceLine*"),
    ("InvoiceLine", "Invoice Track"),
    ("MediaType", "Track*"),
    ("Playlist", "PlaylistTrack* Track*"),
    ("PlaylistTrack", "Playlist Track"),
    ("Track", "Album MediaType Genre InvoiceLine* PlaylistTrack* Playlist*"),
];

fn sets(mapping: &Mapping) -> Vec<(Text, Text)> {
    let sets = mapping.model.entity_sets.iter().map(|set| {
        let t = mapping.model.entity_type(set.entity_type);
        let navigation = t.navigation.iter();
        let navigation = navigation.map(|n| n.name.clone() + if n.collection { "*" } else { "" });
        (set.name.clone(), navigation.collect::<Vec<_>>().join(" "))
    });
    sets.collect()
}

#[test]
fn sets_and_navigation() {
    // The views of Northwind have no key.
    let expected = [(NORTHWIND, 16), (NORTHWIND_MS, 0), (CHINOOK, 0)];
    for (name, (expected, notices)) in common::SAMPLES.into_iter().zip(expected) {
        let Some(conn) = common::sample(name) else {
            continue;
        };
        let (mapping, said) = common::model(&conn, &ModelOptions::default());
        let found = sets(&mapping);
        let found: Vec<(&str, &str)> = found.iter().map(|(s, n)| (s.as_str(), n.as_str())).collect();
        assert_eq!(found, expected, "{name}");
        assert_eq!(said.len(), notices, "{name}: {said:#?}");
    }
}

#[test]
fn types_of_columns() {
    let rows: [(usize, &str, &str, PrimitiveType, bool); 14] = [
        (0, "Categories", "Picture", Binary, true),
        (0, "Employees", "BirthDate", Date, true),
        (0, "Orders", "OrderDate", DateTimeOffset, true),
        (0, "Orders", "Freight", Decimal, true),
        (0, "Order Details", "Discount", Double, false),
        (0, "Products", "Discontinued", String, false),
        (1, "orders", "order_id", Int16, false),
        (1, "orders", "order_date", Date, true),
        (1, "orders", "freight", Double, true),
        (1, "products", "discontinued", Int64, false),
        (2, "Invoice", "InvoiceDate", DateTimeOffset, false),
        (2, "Invoice", "Total", Decimal, false),
        (2, "Track", "Name", String, false),
        (2, "Track", "Bytes", Int64, true),
    ];
    for (sample, table, column, primitive, nullable) in rows {
        let Some(conn) = common::sample(common::SAMPLES[sample]) else {
            continue;
        };
        let (catalog, _) = common::catalog(&conn);
        let table = catalog.tables.iter().find(|t| t.name == table).expect("the table is there");
        let found = table.columns.iter().find(|c| c.name == column).expect("the column is there");
        assert_eq!(
            (found.ty.primitive(), found.nullable),
            (Some(primitive), nullable),
            "{}.{column}",
            table.name
        );
    }
}

#[test]
fn views_with_keys() {
    let Some(conn) = common::sample(common::SAMPLES[0]) else {
        return;
    };
    let keys = [
        ("Order Subtotals", vec!["OrderID"]),
        ("Invoices", vec!["OrderID", "ProductID"]),
        ("Products by Category", vec!["CategoryName", "ProductName"]),
    ];
    let keys =
        keys.map(|(view, columns)| (view.to_owned(), columns.into_iter().map(str::to_owned).collect()));
    let options = ModelOptions { keys: keys.into(), ..ModelOptions::default() };
    let (mapping, said) = common::model(&conn, &options);
    assert_eq!(said.len(), 13, "{said:#?}");
    for set in ["Order_Subtotals", "Invoices", "Products_by_Category"] {
        let id = mapping.model.find_set(set).expect("the view is served");
        assert!(mapping.table(id).null_key, "{set}: a view may have null anywhere");
    }
}
