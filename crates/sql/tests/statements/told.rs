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
    with(kind, MODEL, Vec::new())
}

fn with(kind: Kind, model: &str, functions: Vec<(&str, &[&str])>) -> Mapping {
    let best = Table {
        select: Some("SELECT Id FROM Old".into()),
        kind: TableKind::View,
        ..table("Best", &["Id Int32"], &[], &[])
    };
    let mut tables = vec![table("Parts", &["Owner Int32", "Line Int32"], &[0, 1], &[]), best];
    if kind != Kind::Sqlite {
        tables.iter_mut().flat_map(|table| &mut table.columns).for_each(|column| on(kind, column));
    }
    let columns = |columns: &[&str]| columns.iter().map(|&column| column.to_owned()).collect();
    let functions = functions.into_iter().map(|(name, found)| (name.to_owned(), 0, columns(found))).collect();
    let shape = Shape::parse(model).expect("a model file");
    let catalog = Catalog { tables, functions, ..Catalog::default() };
    let (mapping, notices) = build(&catalog, &ModelOptions { shape, ..ModelOptions::default() });
    assert_eq!(notices, []);
    mapping
}

const FUNCTIONS: &str = "
namespace: Shop
entities:
  Parts: {table: Parts}
  Best: {sql: SELECT Id FROM Old, key: [Id]}
functions:
  Of: {sql: 'SELECT Owner, Line FROM Parts WHERE Owner = :who OR Line < :who', parameters: {who: Edm.Int32}, returns: Parts}
  Good: {sql: 'SELECT id FROM Old WHERE Name = :name', parameters: {name: Edm.String}, returns: Best}
  Under: {bound: Best, sql: 'SELECT Owner, Line FROM Parts WHERE Owner = :Id', parameters: {Id: Edm.Int32}, returns: Parts}
  One: {sql: SELECT Id FROM Old, returns: Best, collection: false}
";

const CALLED: [(&str, &[&str]); 4] =
    [("Of", &["Owner", "Line"]), ("Good", &["id"]), ("Under", &["Owner", "Line"]), ("One", &["Id"])];

#[test]
fn functions_stand_in_conditions_and_their_values_are_parameters() {
    let dialects: [(&dyn Dialect, Kind, [&str; 3]); 3] = [
        (&Sqlite, Kind::Sqlite, ["?1", "?2", "?1"]),
        (&Postgres, Kind::Postgres, ["$1::int8", "$2::int8", "$1::text"]),
        (&MARIADB, Kind::MySql, ["?", "?", "?"]),
    ];
    for (dialect, kind, [first, second, text]) in dialects {
        let mapping = with(kind, FUNCTIONS, CALLED.to_vec());
        let of = format!(
            "WHERE EXISTS (SELECT 1 FROM (SELECT Owner, Line FROM Parts WHERE Owner = {first} OR Line < {second}) AS t1 \
             WHERE (t1.`Owner` = t0.`Owner`) AND (t1.`Line` = t0.`Line`)) ORDER BY"
        );
        let good = format!(
            "WHERE (t0.`Id` IN (SELECT t1.`id` FROM (SELECT id FROM Old WHERE Name = {text}) AS t1)) ORDER BY"
        );
        let under = format!(
            "WHERE EXISTS (SELECT 1 FROM (SELECT Id FROM Old) AS t0 WHERE (t0.`Id` = {first})) AND EXISTS (SELECT 1 FROM \
             (SELECT Owner, Line FROM Parts WHERE Owner = {second}) AS t1 WHERE (t1.`Owner` = t0.`Owner`)"
        );
        let of_one = "WHERE Owner = (SELECT t0.`Id` FROM (SELECT Id FROM Old) AS t0 WHERE (t0.`Id` IN (SELECT t1.`Id` FROM \
                      (SELECT Id FROM Old) AS t1)) ORDER BY t0.`Id` LIMIT 1)) AS t1";
        for (url, expected) in [
            ("Best(3)/Shop.Under()", under.as_str()),
            ("Best(3)/Shop.Under", "parent: SELECT 1 FROM (SELECT Id FROM Old) AS t0"),
            ("Best(3)/Shop.Under()/$count", &under),
            ("One()/Shop.Under()", of_one),
            ("One()", "AS t1)) ORDER BY t0.`Id` LIMIT 1"),
            ("One()/Shop.Under()", "context: Parts"),
            ("Best/Shop.Under()", "NotFound at 5 (Shop.Under): 'Shop.Under' belongs to one entity"),
            ("Best(3)/Shop.Under(Id=3)", "Invalid at 19 (Id): 'Under' has no parameter 'Id'"),
            ("Of(who=7)", of.as_str()),
            ("Of(who=7)", "\n        7 | 7\n"),
            ("Good(name='x')", &good),
            ("Good(name='x''y')", "\n        \"x'y\"\n"),
            ("Good(name='x')", "context: Best"),
            ("Good(name='x')(1)", "context: Best/$entity"),
            ("Good", "Invalid at 0 (name): Parameter 'name' has no value."),
            ("Good(size=1)", "Invalid at 5 (size): 'Good' has no parameter 'size'"),
            ("Good('x')", "Invalid at 5 (Good): Values for 'Good' have names"),
            ("Good(name=1)", "Invalid at 10 (name): A value of Edm.String is needed here"),
            ("Good(name=@a)", "Invalid at 10 (@a): Parameter alias '@a' has no value."),
            ("Good(name=@a)?@a=@a", "refers to itself or too deep"),
            ("Good?name=concat('a','b')", "Invalid at 5 (name): The value of 'name' is a literal."),
        ] {
            let found = outcome(&mapping, dialect, url);
            let found = if expected.contains('`') { found.replace('"', "`") } else { found };
            assert!(found.contains(expected), "{}: {url}: {found}", dialect.name());
        }
    }
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
