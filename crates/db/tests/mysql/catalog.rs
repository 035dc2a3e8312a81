//! What a database says about itself: types, facets, keys, defaults, and what the login may see of it.

use nextlink_sql::catalog::{Catalog, Column, ColumnType, NativeType, TableKind};

use crate::world::{World, database, login};

/// A column as one line.
fn line(catalog: &Catalog, column: &Column) -> String {
    let mut text = match &column.ty {
        ColumnType::Primitive(primitive) => primitive.name()["Edm.".len()..].to_owned(),
        ColumnType::Enum(index) => {
            let found = &catalog.enums[*index];
            format!("{}{}{:?}", found.name, if found.flags { "*" } else { "" }, found.labels)
        }
        other => format!("{other:?}"),
    };
    text += if column.nullable { "?" } else { "" };
    for (facet, value) in
        [("max", column.max_length), ("precision", column.precision), ("scale", column.scale)]
    {
        text += &value.map(|v| format!(" {facet}={v}")).unwrap_or_default();
    }
    text += &match &column.native {
        NativeType::Text { charset, collation, long } => {
            format!(" {charset}/{collation}{}", if *long { " long" } else { "" })
        }
        NativeType::Labels { collation, .. } => format!(" labels/{collation}"),
        NativeType::Unsigned => " unsigned".to_owned(),
        _ => String::new(),
    };
    text += if column.binary_collation { " binary" } else { "" };
    text += &column.default_value.as_ref().map(|v| format!(" default={v}")).unwrap_or_default();
    text += match column.computed {
        nextlink_odata::model::Computed::No => "",
        nextlink_odata::model::Computed::Always => " computed",
        nextlink_odata::model::Computed::Default => " computed default",
    };
    text += &column.comment.as_ref().map(|c| format!(" '{c}'")).unwrap_or_default();
    text
}

const COLUMNS: &[(&str, &str)] = &[
    ("INT NOT NULL", "Int32 binary"),
    ("INT DEFAULT 5 COMMENT 'so many'", "Int32? binary default=5 'so many'"),
    ("TINYINT(1) NOT NULL DEFAULT TRUE", "Boolean binary default=true"),
    ("TINYINT", "SByte? binary"),
    ("TINYINT UNSIGNED", "Byte? binary"),
    ("SMALLINT UNSIGNED", "Int32? binary"),
    ("BIGINT UNSIGNED", "Decimal? precision=20 scale=0 unsigned binary"),
    ("BIT(1) DEFAULT b'1'", "Boolean? binary default=true"),
    ("BIT(9) DEFAULT b'101'", "Int64? binary default=5"),
    ("BIT(64)", "Decimal? precision=20 scale=0 unsigned binary"),
    ("DECIMAL(10,2) DEFAULT 1.50", "Decimal? precision=10 scale=2 binary default=1.50"),
    ("DECIMAL", "Decimal? precision=10 scale=0 binary"),
    ("FLOAT(7,4)", "Single? binary"),
    ("DOUBLE DEFAULT -0.5", "Double? binary default=-0.5"),
    ("YEAR DEFAULT 2001", "Int16? binary default=2001"),
    ("DATE DEFAULT '2024-02-29'", "Date? binary default=2024-02-29"),
    ("DATE NOT NULL DEFAULT '0000-00-00'", "Date? binary computed default"),
    ("DATETIME(3)", "DateTimeOffset? precision=3 binary"),
    (
        "DATETIME NOT NULL DEFAULT '0000-00-00 00:00:00'",
        "DateTimeOffset? precision=0 binary computed default",
    ),
    (
        "TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP",
        "DateTimeOffset precision=0 binary computed default",
    ),
    ("TIME(6)", "Duration? precision=6 binary"),
    ("CHAR(3) CHARACTER SET latin1", "String? max=3 latin1/latin1_swedish_ci"),
    ("VARCHAR(20) DEFAULT 'it''s'", "String? max=20 utf8mb4/utf8mb4_general_ci default=it's"),
    ("VARCHAR(20) COLLATE utf8mb4_nopad_bin", "String? max=20 utf8mb4/utf8mb4_nopad_bin binary"),
    ("VARCHAR(20) COLLATE utf8mb4_bin", "String? max=20 utf8mb4/utf8mb4_bin"),
    ("TEXT DEFAULT CONCAT('a', 'b')", "String? utf8mb4/utf8mb4_general_ci long computed default"),
    ("BINARY(16)", "Binary? max=16 binary"),
    ("LONGBLOB", "Binary? binary"),
    ("JSON", "String? utf8mb4/utf8mb4_bin long"),
    ("UUID", "Guid? binary"),
    ("INET6", "String?"),
    ("ENUM('red','it''s') DEFAULT 'red'", "t_c31[\"red\", \"it's\"]? labels/utf8mb4_general_ci default=red"),
    ("SET('a','b')", "t_c32*[\"a\", \"b\"]? labels/utf8mb4_general_ci"),
    ("INT AS (1 + 1) VIRTUAL", "Int32? binary computed"),
    ("INT AS (1 + 1) STORED", "Int32? binary computed"),
    ("INT DEFAULT (1 + 2)", "Int32? binary computed default"),
    ("INT INVISIBLE", "Int32? binary"),
    ("POINT", "GeometryPoint? binary"),
    ("GEOMETRY", "Geometry? binary"),
];

#[test]
fn columns() {
    let declared: Vec<String> =
        COLUMNS.iter().enumerate().map(|(i, (declared, _))| format!("c{i} {declared}")).collect();
    let world = World::new(&format!(
        "SET sql_mode = ''; CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, {}) COMMENT 'things';",
        declared.join(", ")
    ));
    let table = &world.catalog.tables[0];
    assert_eq!((table.schema.as_deref(), table.comment.as_deref()), (None, Some("things")));
    assert_eq!(line(&world.catalog, &table.columns[0]), "Int32 binary computed default");
    for (column, (declared, expected)) in table.columns[1..].iter().zip(COLUMNS) {
        assert_eq!(line(&world.catalog, column), *expected, "{declared}");
    }
    assert_eq!(table.columns.len(), COLUMNS.len() + 1);
    assert_eq!(world.ask("t"), "");
}

#[test]
fn keys_and_links() {
    let world = World::new(
        "CREATE TABLE a (x INT, y VARCHAR(9), z VARCHAR(99), w INT, PRIMARY KEY (y, x), UNIQUE (w), UNIQUE (z(5)),
            UNIQUE (x, z), KEY (w, x));
         CREATE TABLE b (id INT PRIMARY KEY, ax INT, ay VARCHAR(9), own INT,
            CONSTRAINT to_a FOREIGN KEY (ay, ax) REFERENCES a (y, x) ON DELETE CASCADE,
            CONSTRAINT to_b FOREIGN KEY (own) REFERENCES b (id) ON DELETE SET NULL);
         CREATE TABLE c (x INT) WITH SYSTEM VERSIONING;
         CREATE VIEW v AS SELECT id, ax + 1 AS more FROM b;
         CREATE VIEW gone AS SELECT * FROM c;
         CREATE SEQUENCE s;
         DROP TABLE c;",
    );
    let tables = &world.catalog.tables;
    let names: Vec<(&str, TableKind)> = tables.iter().map(|t| (t.name.as_str(), t.kind)).collect();
    assert_eq!(names, [("a", TableKind::Table), ("b", TableKind::Table), ("v", TableKind::View)]);
    assert_eq!(tables[0].primary_key, [1, 0]);
    assert_eq!(tables[0].unique, [vec![3], vec![0, 2]]);
    let keys: Vec<_> = tables[1]
        .foreign_keys
        .iter()
        .map(|k| (k.name.as_deref(), k.columns.clone(), k.target, k.target_columns.clone(), k.on_delete))
        .collect();
    use nextlink_odata::model::OnDelete;
    assert_eq!(
        keys,
        [
            (Some("to_a"), vec![2, 1], 0, vec![1, 0], Some(OnDelete::Cascade)),
            (Some("to_b"), vec![3], 1, vec![0], Some(OnDelete::SetNull)),
        ]
    );
    let notices = world.notices.join("\n");
    assert!(notices.contains("gone: Not served: the server cannot read this view."), "{notices}");
}

#[test]
fn only_what_the_login_may_read() {
    let database = database(
        "CREATE TABLE a (id INT PRIMARY KEY, secret INT, UNIQUE (secret));
         CREATE TABLE b (id INT PRIMARY KEY, a INT, FOREIGN KEY (a) REFERENCES a (id));
         CREATE TABLE c (id INT PRIMARY KEY, a INT, FOREIGN KEY (a) REFERENCES a (id));
         CREATE TABLE d (id INT PRIMARY KEY);
         CREATE TABLE e (id INT PRIMARY KEY, open INT);
         INSERT INTO a VALUES (1, 2); INSERT INTO c VALUES (3, 1);",
    );
    let name = database.name().to_owned();
    let user = format!("reads_{}", &name[9..]);
    database.run(&format!(
        "CREATE USER {user} IDENTIFIED BY 'pw'; GRANT SELECT (id) ON {name}.a TO {user};
         GRANT INSERT ON {name}.b TO {user}; GRANT SELECT ON {name}.c TO {user};
         GRANT SELECT (open) ON {name}.e TO {user};"
    ));
    let world = World::of(database, |server| server.login = Some(login(&user, "pw")));
    let tables = world.catalog.tables.iter();
    let tables: Vec<String> = tables
        .map(|t| {
            let columns: Vec<&str> = t.columns.iter().map(|c| c.name.as_str()).collect();
            format!("{}({}) key {:?}", t.name, columns.join(","), t.primary_key)
        })
        .collect();
    assert_eq!(tables, ["a(id) key [0]", "c(id,a) key [0]", "e(open) key []"]);
    assert_eq!(world.catalog.tables[1].foreign_keys.len(), 1, "a link needs no more than SELECT");
    assert_eq!(world.ask("c"), r#"{"id":3,"a":1}"#);
    world.database.run(&format!("DROP USER {user}"));
}

#[test]
fn other_databases_of_the_server() {
    let own = database("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1);");
    let other = database(&format!(
        "CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (2);
         CREATE TABLE u (id INT PRIMARY KEY, t INT, FOREIGN KEY (t) REFERENCES {}.t (id)); INSERT INTO u VALUES (3, 1);",
        own.name()
    ));
    let hidden = database("CREATE TABLE h (id INT PRIMARY KEY)");
    other.run(&format!(
        "CREATE TABLE w (id INT PRIMARY KEY, h INT, CONSTRAINT far FOREIGN KEY (h) REFERENCES {}.h (id))",
        hidden.name()
    ));
    let world = World::of(own, |server| server.schemas = vec![other.name().to_owned()]);
    let tables: Vec<(Option<&str>, &str)> =
        world.catalog.tables.iter().map(|t| (t.schema.as_deref(), t.name.as_str())).collect();
    let there = Some(other.name());
    let mut expected = vec![(None, "t"), (there, "t"), (there, "u"), (there, "w")];
    expected.sort_by_key(|(schema, table)| (schema.unwrap_or(world.database.name()).to_owned(), *table));
    assert_eq!(tables, expected);
    let notices = world.notices.join("\n");
    let dropped = format!("w: The foreign key `far` was dropped: `{}`.`h` is not served.", hidden.name());
    assert!(notices.contains(&dropped), "{notices}");
    let sets: Vec<&str> = world.mapping.model.entity_sets.iter().map(|s| s.name.as_str()).collect();
    let mut rows: Vec<String> = sets.iter().map(|set| world.ask(set)).collect();
    rows.sort();
    assert_eq!(rows, ["", "{\"id\":1}", "{\"id\":2}", "{\"id\":3,\"t\":1}"], "{sets:?}");
    drop(world);
    // Foreign keys from one database to another keep the other from being dropped.
    other.run("DROP TABLE u; DROP TABLE w");
}

#[test]
fn limits() {
    use nextlink_db::error::Error;
    use nextlink_db::location::Location;
    use nextlink_db::source::Source;
    use nextlink_db::sqlite::IntrospectLimits;
    let database =
        database("CREATE TABLE a (x INT, y INT); CREATE TABLE b (x INT); CREATE VIEW c AS SELECT 1 AS x;");
    let source = Source::open(&Location::MySql(crate::world::server(&database))).expect("it opens");
    let fits = IntrospectLimits { tables: 3, columns: 2, ..IntrospectLimits::default() };
    assert_eq!(source.introspect(&fits).expect("the limits are kept").0.tables.len(), 3);
    let found = source.introspect(&IntrospectLimits { tables: 2, ..fits });
    assert!(matches!(found, Err(Error::TooManyTables { found: 3, limit: 2 })), "{found:?}");
    let found = source.introspect(&IntrospectLimits { columns: 1, ..fits });
    assert!(matches!(found, Err(Error::TooManyColumns { found: 2, limit: 1, .. })), "{found:?}");
}
