//! Open types: members of JSON objects, whose names travel as parameters.

use nextlink_sql::catalog::{Catalog, NativeType};
use nextlink_sql::dialect::{Dialect, MARIADB, Postgres, Sqlite};
use nextlink_sql::mapping::{ModelOptions, build};
use nextlink_sql::shape::Shape;

use super::outcome;
use super::shop::{Kind, on, table};

#[test]
fn names_of_dynamic_properties_are_parameters() {
    let valid = "CASE WHEN json_valid(t0.`Data`) THEN t0.`Data` END";
    let sqlite = format!(
        "WHERE (CASE WHEN (json_type({valid}, ?1) IN ('text')) THEN nl_text(json_extract({valid}, ?2)) END = ?3) ORDER BY"
    );
    let postgres = "CASE WHEN (jsonb_typeof(jsonb_extract_path(t0.`Data`, $1::text, $2::text)) = 'string') THEN \
                    jsonb_extract_path_text(t0.`Data`, $3::text, $4::text) END";
    let mariadb =
        "JSON_TYPE(JSON_EXTRACT(CASE WHEN JSON_VALID(t0.`Data`) THEN t0.`Data` END, ?)) IN ('STRING')";
    let path = r#""$.\"Size\".\"Unit\"" | "$.\"Size\".\"Unit\"" | "x""#;
    let names = r#""Size" | "Unit" | "Size" | "Unit" | "x""#;
    let dialects: [(&dyn Dialect, Kind, &str, &str); 3] = [
        (&Sqlite, Kind::Sqlite, &sqlite, path),
        (&Postgres, Kind::Postgres, postgres, names),
        (&MARIADB, Kind::MySql, mariadb, path),
    ];
    for (dialect, kind, sql, params) in dialects {
        let mut things = table("Things", &["Id Int32", "Data String?"], &[0], &[]);
        if kind != Kind::Sqlite {
            things.columns.iter_mut().for_each(|column| on(kind, column));
        }
        if kind == Kind::Postgres {
            things.columns[1].native =
                NativeType::Named { schema: "pg_catalog".to_owned(), name: "jsonb".to_owned() };
        }
        let shape = Shape::parse("entities: {Things: {open: Data}}").expect("a model file");
        let catalog = Catalog { tables: vec![things], ..Catalog::default() };
        let (mapping, notices) = build(&catalog, &ModelOptions { shape, ..ModelOptions::default() });
        assert_eq!(notices, []);
        let found = outcome(&mapping, dialect, "Things?$filter=Size/Unit eq 'x'");
        let quoted = if kind == Kind::MySql { found.clone() } else { found.replace('"', "`") };
        assert!(quoted.contains(sql), "{}: {found}", dialect.name());
        assert!(found.contains(params), "{}: {found}", dialect.name());
        for (url, expected) in [
            ("Things?$filter=Data eq 'x'", "| \"x\""),
            ("Things?$filter=Size/any()", "NotSupported at 20"),
            ("Things?$filter=Size eq Unit", "NotSupported at 15 (Size): 'Size' is a dynamic property"),
            ("Things?$orderby=Size/a.b", "Invalid"),
            ("Things?$select=Size", "context: Things(Size)"),
        ] {
            let found = outcome(&mapping, dialect, url);
            assert!(found.contains(expected), "{}: {url}: {found}", dialect.name());
        }
    }
}
