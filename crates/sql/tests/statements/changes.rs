//! Changes of a set: how the mark of now is read, what is read since a mark, and rows that are deleted softly.

use nextlink_odata::bind::{BindLimits, Request, bind};
use nextlink_odata::layout::{Layout, Needs};
use nextlink_odata::query::Query;
use nextlink_odata::url;
use nextlink_odata::value::Value;
use nextlink_sql::catalog::Catalog;
use nextlink_sql::dialect::{Dialect, MARIADB, Postgres, Sqlite};
use nextlink_sql::mapping::{Mapping, ModelOptions, build};
use nextlink_sql::notice::Notice;
use nextlink_sql::plan::{PlanLimits, all_told, mark, plan, program};
use nextlink_sql::position::to_bytes;
use nextlink_sql::shape::Shape;
use nextlink_sql::tree::{Param, ParamForm};

use super::NOW;
use super::shop::{Kind, on, table};

fn mapping(kind: Kind, changes: &str) -> (Mapping, Vec<Notice>) {
    let columns = ["Id Int32", "Version Int64", "Name String?", "Gone Boolean?", "Left Int32?"];
    let log = ["Number Int64", "ThingId Int64?", "Id String"];
    let mut tables = vec![table("Things", &columns, &[0], &[]), table("Log", &log, &[0], &[])];
    if kind != Kind::Sqlite {
        let all = tables.iter_mut().flat_map(|table| &mut table.columns);
        all.for_each(|column| on(kind, column));
    }
    let model = format!("entities:\n  Things:\n    hide: [Gone, Left, Version]\n    changes: {changes}\n");
    let shape = Shape::parse(&model).expect("a model file");
    build(&Catalog { tables, ..Catalog::default() }, &ModelOptions { shape, ..ModelOptions::default() })
}

fn query(mapping: &Mapping, text: &str, since: Option<Vec<u8>>) -> Query {
    let url = url::parse(text).expect("a URL");
    match bind(&mapping.model, &url, BindLimits::default(), NOW) {
        Ok(Request::Query(query)) => Query { since, ..*query },
        other => panic!("{text}: {other:?}"),
    }
}

/// The statement of the rows, with its number of parameters.
fn rows(mapping: &Mapping, dialect: &dyn Dialect, query: &Query) -> (String, usize) {
    let layout = Layout::of(&mapping.model, query, Needs::default());
    let plan = plan(mapping, dialect, query, &layout, PlanLimits::default()).expect("a plan");
    let program = program(dialect, &plan);
    let rows = program.nodes[0].rows.as_ref().expect("rows");
    (rows.one.sql.to_string(), rows.one.params.len())
}

#[test]
fn changes_since_a_mark_are_read_with_those_that_are_gone() {
    // Quotes of names are those of MariaDB here; `P` is a parameter.
    let expected = [
        "SELECT t0.`Version` FROM `Things` AS t0 WHERE (t0.`Version` IS NOT NULL) ORDER BY t0.`Version` DESC LIMIT 1",
        "SELECT CASE WHEN (t0.`Left` IS NULL) THEN 1 END, t0.`Id`, \
         CASE WHEN ((t0.`Left` IS NULL) IS NOT TRUE) THEN 1 END, \
         CASE WHEN (t0.`Left` IS NULL) THEN 2 WHEN (1 = 1) THEN 1 END, t0.`Id` \
         FROM `Things` AS t0 WHERE (t0.`Version` IS NOT NULL) ORDER BY t0.`Version`, t0.`Id`",
        "SELECT CASE WHEN ((t0.`Left` IS NULL) AND (t0.`Id` > P)) THEN 1 END, t0.`Id`, \
         CASE WHEN (((t0.`Left` IS NULL) AND (t0.`Id` > P)) IS NOT TRUE) THEN 1 END, \
         CASE WHEN (t0.`Left` IS NULL) THEN 2 WHEN (1 = 1) THEN 1 END, t0.`Id` \
         FROM `Things` AS t0 WHERE (t0.`Version` >= P) ORDER BY t0.`Version`, t0.`Id`",
        "SELECT t0.`Id` FROM `Things` AS t0 WHERE (t0.`Left` IS NULL) ORDER BY t0.`Id`",
    ];
    let all: [(&dyn Dialect, Kind, [&str; 3]); 3] = [
        (&Sqlite, Kind::Sqlite, ["?1", "?2", "?3"]),
        (&Postgres, Kind::Postgres, ["$1::int8", "$2::int8", "$3::int8"]),
        (&MARIADB, Kind::MySql, ["?", "?", "?"]),
    ];
    for (dialect, kind, params) in all {
        let (mapping, notices) = mapping(kind, "{column: Version, deleted: {column: Left}}");
        assert_eq!(notices, []);
        let since = to_bytes(&[Param { value: Value::Integer(7), form: ParamForm::Native }]);
        let plain = query(&mapping, "Things?$select=Id", None);
        let program = mark(&mapping, dialect, &plain).expect("a mark");
        let mark = program.nodes[0].rows.as_ref().expect("rows").one.sql.to_string();
        assert_eq!(program.nodes[0].position.as_deref(), Some(&[0][..]), "the mark is its only column");
        let before = query(&mapping, "Things?$select=Id", Some(Vec::new()));
        let filtered = query(&mapping, "Things?$select=Id&$filter=Id gt 3", Some(since));
        let found = [
            mark,
            rows(&mapping, dialect, &before).0,
            rows(&mapping, dialect, &filtered).0,
            rows(&mapping, dialect, &plain).0,
        ];
        let plain = |sql: String| {
            let sql = sql.replace('"', "`");
            params.iter().fold(sql, |sql, param| sql.replace(param, "P"))
        };
        assert_eq!(found.map(plain), expected, "{}", dialect.name());
        // The filter stands in both cells that tell whether a row is there.
        assert_eq!(rows(&mapping, dialect, &filtered).1, 3, "{}", dialect.name());
    }
}

#[test]
fn changes_that_a_table_tells_are_read_with_their_entities() {
    let expected = [
        "SELECT t0.`Number` FROM `Log` AS t0 WHERE (t0.`Number` IS NOT NULL) ORDER BY t0.`Number` DESC LIMIT 1",
        "SELECT t0.`Number` FROM `Log` AS t0 WHERE (t0.`Number` <= P) ORDER BY t0.`Number` LIMIT 1",
        "SELECT t0.`Number` FROM `Log` AS t0 WHERE (t0.`Number` <= 1) ORDER BY t0.`Number` LIMIT 1",
        "SELECT CASE WHEN (((t1.`Id` IS NOT NULL) AND (t1.`Left` IS NULL)) AND (t1.`Id` > P)) THEN 1 END, t1.`Id`, \
         CASE WHEN ((((t1.`Id` IS NOT NULL) AND (t1.`Left` IS NULL)) AND (t1.`Id` > P)) IS NOT TRUE) THEN 1 END, \
         CASE WHEN ((t1.`Id` IS NOT NULL) AND (t1.`Left` IS NULL)) THEN 2 WHEN (1 = 1) THEN 1 END, t0.`c0` \
         FROM (SELECT t0.`ThingId` AS c0, MAX(t0.`Number`) AS c1 FROM `Log` AS t0 \
         WHERE (t0.`Number` >= P) AND (t0.`ThingId` IS NOT NULL) GROUP BY 1) AS t0 \
         LEFT JOIN `Things` AS t1 ON (t1.`Id` = t0.`c0`) ORDER BY t0.`c1`, t0.`c0`",
    ];
    let all: [(&dyn Dialect, Kind, [&str; 3]); 3] = [
        (&Sqlite, Kind::Sqlite, ["?1", "?2", "?3"]),
        (&Postgres, Kind::Postgres, ["$1::int8", "$2::int8", "$3::int8"]),
        (&MARIADB, Kind::MySql, ["?", "?", "?"]),
    ];
    for (dialect, kind, params) in all {
        let changes = "{table: Log, key: {Id: ThingId}, at: Number, deleted: {column: Left}}";
        let (mapping, notices) = mapping(kind, changes);
        assert_eq!(notices, []);
        let since = to_bytes(&[Param { value: Value::Integer(7), form: ParamForm::Native }]);
        let plain = query(&mapping, "Things?$select=Id", None);
        let told = |since: &[u8]| {
            let program = all_told(&mapping, dialect, &plain, since).expect("a plan").expect("a table tells");
            program.nodes[0].rows.as_ref().expect("rows").one.sql.to_string()
        };
        let program = mark(&mapping, dialect, &plain).expect("a mark");
        let mark = program.nodes[0].rows.as_ref().expect("rows").one.sql.to_string();
        let filtered = query(&mapping, "Things?$select=Id&$filter=Id gt 3", Some(since.clone()));
        let found = [mark, told(&since), told(&[]), rows(&mapping, dialect, &filtered).0];
        let plain = |sql: String| {
            let sql = sql.replace('"', "`").replace(".c0", ".`c0`").replace(".c1", ".`c1`");
            params.iter().fold(sql, |sql, param| sql.replace(param, "P"))
        };
        assert_eq!(found.map(plain), expected, "{}", dialect.name());
        assert_eq!(rows(&mapping, dialect, &filtered).1, 3, "{}", dialect.name());
    }
}

#[test]
fn what_tells_of_changes_must_fit() {
    for (changes, tracked, condition, notice) in [
        ("{column: Version}", true, "", ""),
        ("{column: Version, deleted: {column: Gone}}", true, "IS NOT TRUE", ""),
        ("{deleted: {column: Left}}", false, "IS NULL", ""),
        ("{column: Nope, deleted: {column: Left}}", false, "IS NULL", "`Nope`: it has no such column"),
        ("{column: Name}", false, "", "`Name`: only points in time and numbers tell"),
        ("{column: Version, deleted: {column: Id}}", false, "", "`Id`: what tells that a row is deleted"),
        ("{column: Version, deleted: {column: Nope}}", false, "", "`Nope`: it has no such column"),
        ("{table: Log, key: {Id: ThingId}, at: Number}", true, "", ""),
        ("{table: Nope, key: {Id: ThingId}, at: Number}", false, "", "`Nope`: no table or view"),
        ("{table: Log, at: Number}", false, "", "`Log`: a part of the key has another type there"),
        ("{table: Log, key: {Id: ThingId}, at: Id}", false, "", "`Id`: only points in time and numbers tell"),
        (
            "{table: Log, key: {Id: ThingId}, at: Nope}",
            false,
            "",
            "`Nope`: the table that tells of changes has no",
        ),
        ("{table: Log, key: {Name: Id}, at: Number}", false, "", "`Name`: it is no part of the key"),
        (
            "{table: Log, key: {Id: ThingId}, at: Number, deleted: {column: Nope}}",
            false,
            "",
            "`Nope`: it has no such",
        ),
    ] {
        let (mapping, notices) = mapping(Kind::Sqlite, changes);
        let notices: Vec<String> = notices.iter().map(ToString::to_string).collect();
        assert_eq!(notices.is_empty(), notice.is_empty(), "{changes}: {notices:?}");
        assert!(notices.iter().all(|told| told.contains(notice)), "{changes}: {notices:?}");
        assert_eq!(mapping.model.entity_sets[0].tracked, tracked, "{changes}");
        let (sql, _) = rows(&mapping, &Sqlite, &query(&mapping, "Things", None));
        assert_eq!(sql.contains(" WHERE "), !condition.is_empty(), "{changes}: {sql}");
        assert!(sql.contains(condition), "{changes}: {sql}");
        let marked = mark(&mapping, &Sqlite, &query(&mapping, "Things", None));
        assert_eq!(marked.is_ok(), tracked, "{changes}");
    }
}
