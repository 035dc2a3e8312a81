//! Types with tables of their own: the tables that share a key stand wherever that of the set would.

use nextlink_sql::catalog::Catalog;
use nextlink_sql::dialect::Sqlite;
use nextlink_sql::mapping::{Mapping, ModelOptions, build};
use nextlink_sql::shape::Shape;

use super::outcome;
use super::shop::table;

const MODEL: &str = "
entities:
  People:
    table: People
    hide: [Boss]
    derived:
      Employee: {table: Employees, properties: {Title: Name}, navigation: {Chief: {target: People, on: {Boss: Id}}}}
      Manager: {base: Employee, table: Managers}
  Reports: {table: Reports, navigation: {Writer: {target: People, on: {Author: Id}}}}
";

const ALL: &str = concat!(
    r#"(SELECT j0."Id" AS "Id", j0."Name" AS "Name", j1."Name" AS "Employees_Name", j1."Salary" AS "Salary", "#,
    r#"j1."Boss" AS "Boss", j2."Bonus" AS "Bonus", CASE WHEN j2."Id" IS NOT NULL THEN 2 WHEN j1."Id" IS NOT NULL "#,
    r#"THEN 1 END AS "row type" FROM "People" AS j0 LEFT JOIN "Employees" AS j1 ON j1."Id" = j0."Id" "#,
    r#"LEFT JOIN "Managers" AS j2 ON j2."Id" = j0."Id")"#
);

fn mapping(model: &str) -> (Mapping, usize) {
    let tables = vec![
        table("People", &["Id Int32", "Name String"], &[0], &[]),
        table(
            "Employees",
            &["Id Int32", "Name String?", "Salary Int32", "Boss Int32?"],
            &[0],
            &[(&[0], 0), (&[3], 1)],
        ),
        table("Managers", &["Id Int32", "Bonus Int32?"], &[0], &[(&[0], 1)]),
        table("Reports", &["Id Int32", "Author Int32"], &[0], &[(&[1], 1)]),
    ];
    let shape = Shape::parse(model).expect("a model file");
    let catalog = Catalog { tables, ..Catalog::default() };
    let (mapping, notices) = build(&catalog, &ModelOptions { shape, ..ModelOptions::default() });
    (mapping, notices.len())
}

#[test]
fn tables_that_share_a_key_stand_where_one_would() {
    let (mapping, notices) = mapping(MODEL);
    assert_eq!(notices, 0);
    for (url, parts) in [
        ("People(1)", [[ALL, r#" AS t0 WHERE (t0."Id" = ?6)"#].concat(), r#"t0."Bonus""#.to_owned()]),
        (
            "People/Default.Employee?$filter=Chief/Name eq 'a'&$select=Title",
            [
                ["LEFT JOIN ", ALL, r#" AS t1 ON (t1."Id" = t0."Boss")"#].concat(),
                r#"t0."Employees_Name""#.to_owned(),
            ],
        ),
        (
            "Reports?$expand=Writer",
            [["LEFT JOIN ", ALL, r#" AS t1 ON (t1."Id" = t0."Author")"#].concat(), String::new()],
        ),
        ("Employees", ["NotFound".to_owned(), String::new()]),
    ] {
        let found = outcome(&mapping, &Sqlite, url);
        assert!(parts.iter().all(|part| found.contains(part)), "{url}: {found}");
    }
}

#[test]
fn tables_that_share_no_key_stay_what_they_are() {
    for derived in ["{table: Reports}", "{table: Nothing}", "{table: People}"] {
        let model = format!("entities:\n  People: {{table: People, derived: {{A: {derived}}}}}");
        let (mapping, notices) = mapping(&model);
        assert_eq!(notices, 1, "{derived}");
        assert!(mapping.tables.iter().all(|table| table.joined.is_none()), "{derived}");
    }
}
