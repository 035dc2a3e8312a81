//! Columns of JSON with types of the model file: conditions and orders on the values of collections.

use nextlink_sql::catalog::{Catalog, NativeType};
use nextlink_sql::dialect::{Dialect, MARIADB, Postgres, Sqlite};
use nextlink_sql::mapping::{ModelOptions, build};
use nextlink_sql::shape::Shape;

use super::outcome;
use super::shop::{Kind, on, table};

const MODEL: &str = "
complexTypes: {Size: {properties: {Unit: {type: Edm.String}}}}
entities:
  Things:
    properties:
      Size: {type: Size}
      Tags: {type: Collection(Edm.String)}
";

#[test]
fn options_on_collections_give_numbers_of_items() {
    let cases: [(&dyn Dialect, Kind, [&str; 2]); 3] = [
        (
            &Sqlite,
            Kind::Sqlite,
            [
                "((COALESCE((SELECT group_concat(t1.`key`, ',' ORDER BY",
                "DESC, t1.`key`) FROM json_each(CASE WHEN (json_type(CASE WHEN json_valid(t0.`Tags`)",
            ],
        ),
        (
            &Postgres,
            Kind::Postgres,
            [
                "COALESCE((SELECT string_agg(CAST(t1.`c0` AS text), ',' ORDER BY",
                "DESC NULLS LAST, t1.`c0`) FROM generate_series(0, jsonb_array_length(CASE WHEN",
            ],
        ),
        (
            &MARIADB,
            Kind::MySql,
            [
                "COALESCE((SELECT GROUP_CONCAT((t1.`c0` - 1) ORDER BY",
                "DESC, (t1.`c0` - 1)) FROM JSON_TABLE(CASE WHEN",
            ],
        ),
    ];
    for (dialect, kind, parts) in cases {
        let mut things = table("Things", &["Id Int32", "Size String?", "Tags String?"], &[0], &[]);
        if kind != Kind::Sqlite {
            things.columns.iter_mut().for_each(|column| on(kind, column));
        }
        if kind == Kind::Postgres {
            for column in &mut things.columns[1..] {
                column.native =
                    NativeType::Named { schema: "pg_catalog".to_owned(), name: "jsonb".to_owned() };
            }
        }
        let shape = Shape::parse(MODEL).expect("a model file");
        let catalog = Catalog { tables: vec![things], ..Catalog::default() };
        let (mapping, notices) = build(&catalog, &ModelOptions { shape, ..ModelOptions::default() });
        assert_eq!(notices, []);
        let found =
            outcome(&mapping, dialect, "Things(1)/Tags?$filter=$this ne 'x'&$orderby=$this desc&$top=2");
        let quoted = if kind == Kind::MySql { found.clone() } else { found.replace('"', "`") };
        for part in parts {
            assert!(quoted.contains(part), "{}: {found}\n{part}", dialect.name());
        }
        for (url, expected) in [
            ("Things?$filter=Size/Unit eq 'x'", "| \"x\""),
            ("Things?$filter=Size/Other eq 'x'", "Invalid at"),
            ("Things?$select=Tags/a", "NotSupported at"),
            ("Things?$select=Size/Unit", "context: Things(Size/Unit)"),
        ] {
            let found = outcome(&mapping, dialect, url);
            assert!(found.contains(expected), "{}: {url}: {found}", dialect.name());
        }
    }
}
