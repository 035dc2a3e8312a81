//! Sets of SELECTs that stand in a model file: each stands in parentheses wherever a table would.

use nextlink_sql::catalog::{Catalog, Table, TableKind};
use nextlink_sql::dialect::{Dialect, MARIADB, Postgres, Sqlite};
use nextlink_sql::mapping::{Mapping, ModelOptions, build};
use nextlink_sql::shape::Shape;

use super::outcome;
use super::shop::{Kind, on, table};

const MODEL: &str = "
entities:
  Best: {sql: SELECT Id FROM Old, key: [Id], navigation: {More: {target: Parts, on: {Id: Owner}, partner: Whole}}}
  Parts: {table: Parts, navigation: {Whole: {target: Best, on: {Owner: Id}}}}
";

fn mapping(kind: Kind) -> Mapping {
    let best = Table {
        select: Some("SELECT Id FROM Old".into()),
        kind: TableKind::View,
        ..table("Best", &["Id Int32"], &[], &[])
    };
    let mut tables = vec![table("Parts", &["Owner Int32", "Line Int32"], &[0, 1], &[]), best];
    if kind != Kind::Sqlite {
        tables.iter_mut().flat_map(|table| &mut table.columns).for_each(|column| on(kind, column));
    }
    let shape = Shape::parse(MODEL).expect("a model file");
    let (mapping, notices) =
        build(&Catalog { tables, ..Catalog::default() }, &ModelOptions { shape, ..ModelOptions::default() });
    assert_eq!(notices, []);
    mapping
}

#[test]
fn selects_stand_where_tables_would() {
    let dialects: [(&dyn Dialect, Kind); 3] =
        [(&Sqlite, Kind::Sqlite), (&Postgres, Kind::Postgres), (&MARIADB, Kind::MySql)];
    for (url, rows) in [
        ("Best", "rows: SELECT t0.`Id` FROM (SELECT Id FROM Old) AS t0 ORDER BY t0.`Id`"),
        ("Best/$count", "rows: SELECT COUNT(*) FROM (SELECT Id FROM Old) AS t0"),
        (
            "Parts?$filter=Whole/Id gt 1&$select=Line",
            "FROM `Parts` AS t0 LEFT JOIN (SELECT Id FROM Old) AS t1 ON (t1.`Id` = t0.`Owner`) WHERE",
        ),
        ("Best?$filter=More/any()", "SELECT 1 FROM `Parts` AS t1 WHERE (t1.`Owner` = t0.`Id`)"),
        (
            "Best(3)/More",
            "FROM (SELECT Id FROM Old) AS t0 JOIN `Parts` AS t1 ON (t1.`Owner` = t0.`Id`) WHERE",
        ),
    ] {
        for (dialect, kind) in dialects {
            let found = outcome(&mapping(kind), dialect, url).replace('"', "`");
            assert!(found.contains(rows), "{}: {url}: {found}", dialect.name());
        }
    }
}
