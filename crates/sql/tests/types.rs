//! Enumerations, composite types and arrays of a catalogue: what they become in the model, and what is told of it.

use nextlink_odata::model::{Model, PrimitiveType, Property};
use nextlink_sql::catalog::{Catalog, CatalogComposite, CatalogEnum, Column, ColumnType, Table, TableKind};
use nextlink_sql::mapping::{Case, ModelOptions, build};

fn column(name: &str, ty: ColumnType) -> Column {
    Column {
        nullable: false,
        max_length: Some(9),
        precision: Some(8),
        scale: Some(2),
        binary_collation: true,
        ..Column::plain(name.to_owned(), ty)
    }
}

fn primitive(primitive: PrimitiveType) -> ColumnType {
    ColumnType::Primitive(primitive)
}

fn array(item: ColumnType) -> ColumnType {
    ColumnType::Array(Box::new(item))
}

fn enumeration(name: &str, labels: &[&str], flags: bool) -> CatalogEnum {
    let labels = labels.iter().map(|label| (*label).to_owned()).collect();
    CatalogEnum { schema: None, name: name.to_owned(), labels, flags, comment: None }
}

fn composite(name: &str, columns: Vec<Column>) -> CatalogComposite {
    CatalogComposite { schema: None, name: name.to_owned(), columns, comment: Some("Of two".to_owned()) }
}

/// A table `t` with an integer key and a column of each of the types.
fn table(columns: Vec<Column>) -> Table {
    let mut all = vec![column("id", primitive(PrimitiveType::Int32))];
    all.extend(columns);
    Table {
        schema: None,
        name: "t".to_owned(),
        kind: TableKind::Table,
        select: None,
        columns: all,
        system: Vec::new(),
        primary_key: vec![0],
        unique: Vec::new(),
        foreign_keys: Vec::new(),
        comment: None,
    }
}

fn property(model: &Model, property: &Property) -> String {
    let mut text = [&property.name, ": ", &model.type_name(property.ty)].concat();
    text += if property.collection { "*" } else { "" };
    text += if property.nullable { "?" } else { "" };
    let facets = [("max", property.max_length), ("precision", property.precision), ("scale", property.scale)];
    for (name, value) in facets {
        text += &value.map(|value| format!(" {name}={value}")).unwrap_or_default();
    }
    text += &property.default_value.as_ref().map(|value| format!(" default={value}")).unwrap_or_default();
    text
}

fn outline(model: &Model) -> Vec<String> {
    let properties = |all: &[Property]| all.iter().map(|p| property(model, p)).collect::<Vec<_>>().join(", ");
    let enums = model.enum_types.iter().map(|ty| {
        let members = ty.members.iter().map(|m| format!("{}={}", m.name, m.value)).collect::<Vec<_>>();
        let kind = if ty.flags { "flags" } else { "enum" };
        format!("{kind} {}: {} of {}", ty.name, members.join(" "), ty.underlying().name())
    });
    let complex = model
        .complex_types
        .iter()
        .map(|ty| format!("complex {} {{{}}}", ty.name, properties(&ty.properties)));
    let entities =
        model.entity_types.iter().map(|ty| format!("entity {} {{{}}}", ty.name, properties(&ty.properties)));
    enums.chain(complex).chain(entities).collect()
}

/// A catalogue of one table, its model and notices.
fn check(name: &str, catalog: &Catalog, case: Case, model: &[&str], notices: &[&str]) {
    let (mapping, told) = build(catalog, &ModelOptions { case, ..ModelOptions::default() });
    assert_eq!(outline(&mapping.model), model, "{name}");
    assert_eq!(told.iter().map(ToString::to_string).collect::<Vec<_>>(), notices, "{name}");
    assert_eq!(mapping.enums.len(), mapping.model.enum_types.len(), "{name}");
    let properties = mapping.model.complex_types.iter().map(|ty| ty.properties.len());
    assert!(mapping.complex.iter().map(|map| map.columns.len()).eq(properties), "{name}");
}

#[test]
fn enumerations() {
    let labels64: Vec<String> = (0..64).map(|i| format!("f{i}")).collect();
    let labels64: Vec<&str> = labels64.iter().map(String::as_str).collect();
    let of = |i| ColumnType::Enum(i);
    for (found, ty, model, notices) in [
        (
            enumeration("color", &["Red", "Blue"], false),
            of(0),
            vec!["enum color: Red=0 Blue=1 of Edm.Int32", "entity t {id: Edm.Int32, c: Default.color}"],
            vec![],
        ),
        (
            enumeration("rights", &["Read", "Write", "Own"], true),
            of(0),
            vec![
                "flags rights: Read=1 Write=2 Own=4 of Edm.Int32",
                "entity t {id: Edm.Int32, c: Default.rights}",
            ],
            vec![],
        ),
        (
            enumeration("color", &["größe", "注文", "_1"], false),
            array(of(0)),
            vec![
                "enum color: größe=0 注文=1 _1=2 of Edm.Int32",
                "entity t {id: Edm.Int32, c: Default.color*?}",
            ],
            vec![],
        ),
        (
            enumeration("color", &["Red", "dark blue"], false),
            of(0),
            vec!["entity t {id: Edm.Int32, c: Edm.String max=9}"],
            vec![
                "t.c: Served as Edm.String: enumeration `color` has the label `dark blue`, which is no identifier.",
            ],
        ),
        (
            enumeration("color", &["Red", ""], false),
            array(of(0)),
            vec!["entity t {id: Edm.Int32, c: Edm.String*? max=9}"],
            vec!["t.c: Served as Edm.String: enumeration `color` has the label ``, which is no identifier."],
        ),
        (
            enumeration("color", &[], false),
            of(0),
            vec!["entity t {id: Edm.Int32, c: Edm.String max=9}"],
            vec!["t.c: Served as Edm.String: enumeration `color` has no labels."],
        ),
        (
            enumeration("color", &["a", "b", "a"], false),
            of(0),
            vec!["entity t {id: Edm.Int32, c: Edm.String max=9}"],
            vec!["t.c: Served as Edm.String: enumeration `color` has the label `a` twice."],
        ),
        (
            enumeration("many", &labels64, true),
            of(0),
            vec!["entity t {id: Edm.Int32, c: Edm.String max=9}"],
            vec!["t.c: Served as Edm.String: enumeration `many` has more than 63 labels."],
        ),
        // A driver is not trusted with indexes.
        (
            enumeration("color", &["Red"], false),
            of(1),
            vec!["entity t {id: Edm.Int32, c: Edm.String max=9}"],
            vec!["t.c: Served as Edm.String: its enumeration is not known."],
        ),
        // What no column is of is not in the model.
        (
            enumeration("color", &["Red"], false),
            primitive(PrimitiveType::Boolean),
            vec!["entity t {id: Edm.Int32, c: Edm.Boolean}"],
            vec![],
        ),
    ] {
        let name = format!("{ty:?} of {found:?}");
        let tables = vec![table(vec![column("c", ty)])];
        let catalog = Catalog { tables, enums: vec![found], ..Catalog::default() };
        check(&name, &catalog, Case::AsIs, &model, &notices);
    }
    let flags = enumeration("many", &labels64[..63], true);
    let catalog =
        Catalog { tables: vec![table(vec![column("c", of(0))])], enums: vec![flags], ..Catalog::default() };
    let (mapping, notices) = build(&catalog, &ModelOptions::default());
    let ty = &mapping.model.enum_types[0];
    assert_eq!((ty.members[62].value, ty.underlying(), notices.len()), (1 << 62, PrimitiveType::Int64, 0));
}

#[test]
fn composite_types_and_arrays() {
    use PrimitiveType::*;
    let nested = Catalog {
        tables: vec![table(vec![
            column("home", ColumnType::Composite(1)),
            column("stops", array(ColumnType::Composite(1))),
            column("prices", array(primitive(Decimal))),
            column("grid", array(array(primitive(Int32)))),
        ])],
        enums: vec![enumeration("kind", &["a b"], false), enumeration("color", &["Red"], false)],
        composites: vec![
            composite(
                "geo_point",
                vec![column("lat", primitive(Double)), column("tags", array(primitive(String)))],
            ),
            composite(
                "address",
                vec![
                    column("street_name", primitive(String)),
                    column("point", ColumnType::Composite(0)),
                    column("kind", ColumnType::Enum(0)),
                    column("color", ColumnType::Enum(1)),
                ],
            ),
            composite("unused", vec![]),
        ],
        ..Catalog::default()
    };
    let notices = [
        "t.grid: Served as Edm.String: OData has no collections of collections.",
        "address.kind: Served as Edm.String: enumeration `kind` has the label `a b`, which is no identifier.",
    ];
    check(
        "nested",
        &nested,
        Case::AsIs,
        &[
            "enum color: Red=0 of Edm.Int32",
            "complex geo_point {lat: Edm.Double, tags: Edm.String*? max=9}",
            "complex address {street_name: Edm.String max=9, point: Default.geo_point, kind: Edm.String max=9, color: Default.color}",
            "entity t {id: Edm.Int32, home: Default.address, stops: Default.address*?, prices: Edm.Decimal*? precision=8 scale=2, grid: Edm.String max=9}",
        ],
        &notices,
    );
    check(
        "nested in Pascal case",
        &nested,
        Case::Pascal,
        &[
            "enum Color: Red=0 of Edm.Int32",
            "complex GeoPoint {Lat: Edm.Double, Tags: Edm.String*? max=9}",
            "complex Address {StreetName: Edm.String max=9, Point: Default.GeoPoint, Kind: Edm.String max=9, Color: Default.Color}",
            "entity T {Id: Edm.Int32, Home: Default.Address, Stops: Default.Address*?, Prices: Edm.Decimal*? precision=8 scale=2, Grid: Edm.String max=9}",
        ],
        &notices,
    );
    let text = "Served as Edm.String: its composite type is not known or holds itself.";
    for (name, composites, notice) in [
        (
            "itself",
            vec![composite("a", vec![column("x", ColumnType::Composite(0))])],
            ["t.c: ", text].concat(),
        ),
        (
            "each other",
            vec![
                composite("a", vec![column("x", array(ColumnType::Composite(1)))]),
                composite("b", vec![column("x", ColumnType::Composite(0))]),
            ],
            ["t.c: ", text].concat(),
        ),
        ("nothing", vec![], ["t.c: ", text].concat()),
    ] {
        let tables = vec![table(vec![column("c", ColumnType::Composite(0))])];
        let catalog = Catalog { tables, composites, ..Catalog::default() };
        let model = ["entity t {id: Edm.Int32, c: Edm.String max=9}"];
        check(name, &catalog, Case::AsIs, &model, &[&notice]);
    }
}

#[test]
fn names_are_unique_in_the_schema() {
    let catalog = Catalog {
        tables: vec![table(vec![
            column("a", ColumnType::Enum(0)),
            column("b", ColumnType::Enum(1)),
            column("c", ColumnType::Composite(0)),
            column("d", ColumnType::Composite(1)),
        ])],
        enums: vec![enumeration("t", &["x"], false), enumeration("Container", &["x"], false)],
        composites: vec![composite("t", vec![]), composite("a b", vec![])],
        ..Catalog::default()
    };
    check(
        "names",
        &catalog,
        Case::AsIs,
        &[
            "enum t2: x=0 of Edm.Int32",
            "enum Container2: x=0 of Edm.Int32",
            "complex t3 {}",
            "complex a_b {}",
            "entity t {id: Edm.Int32, a: Default.t2, b: Default.Container2, c: Default.t3, d: Default.a_b}",
        ],
        &[],
    );
}

#[test]
fn default_values() {
    let enums = vec![
        enumeration("color", &["Red", "Blue"], false),
        enumeration("rights", &["Read", "Write"], true),
        enumeration("mood", &["so-so"], false),
    ];
    for (ty, default, served) in [
        (ColumnType::Enum(0), "Blue", Some("Blue")),
        (ColumnType::Enum(0), "Green", None),
        (ColumnType::Enum(1), "Read,Write", Some("Read,Write")),
        (ColumnType::Enum(1), "", None),
        (ColumnType::Enum(2), "so-so", Some("so-so")),
        (array(ColumnType::Enum(0)), "Red", None),
        (array(primitive(PrimitiveType::Int32)), "1", None),
        (ColumnType::Composite(0), "x", None),
    ] {
        let with = Column { default_value: Some(default.to_owned()), ..column("c", ty.clone()) };
        let composites = vec![composite("k", vec![])];
        let catalog = Catalog {
            tables: vec![table(vec![with])],
            enums: enums.clone(),
            composites,
            ..Catalog::default()
        };
        let (mapping, _) = build(&catalog, &ModelOptions::default());
        let found = mapping.model.entity_types[0].properties[1].default_value.as_deref();
        assert_eq!(found, served, "{default} of {ty:?}");
    }
}

#[test]
fn keys() {
    let enums = vec![enumeration("color", &["Red"], false), enumeration("mood", &["so-so"], false)];
    let not_served = "t: Not served: its primary key cannot be a key in OData: ";
    let other = ". Name other columns under `keys` of the source in the configuration.";
    for (ty, notice) in [
        (ColumnType::Enum(0), None),
        (ColumnType::Composite(0), Some("`c` is a composite type")),
        (array(primitive(PrimitiveType::Int32)), Some("`c` is an array")),
        (primitive(PrimitiveType::Binary), Some("`c` is Edm.Binary")),
    ] {
        let tables = vec![Table { primary_key: vec![1], ..table(vec![column("c", ty.clone())]) }];
        let catalog = Catalog {
            tables,
            enums: enums.clone(),
            composites: vec![composite("k", vec![])],
            ..Catalog::default()
        };
        let (mapping, told) = build(&catalog, &ModelOptions::default());
        let told: Vec<String> = told.iter().map(ToString::to_string).collect();
        let expected: Vec<String> = notice.iter().map(|text| [not_served, text, other].concat()).collect();
        assert_eq!(told, expected, "{ty:?}");
        assert_eq!(mapping.model.entity_types.len(), usize::from(notice.is_none()), "{ty:?}");
    }
}
