//! Conditions on rows: what becomes of them in statements, and which of them can be none.

use nextlink_odata::bind::{BindLimits, Request, bind};
use nextlink_odata::layout::{Layout, Needs};
use nextlink_odata::url;
use nextlink_odata::value::Value;
use nextlink_sql::catalog::Catalog;
use nextlink_sql::dialect::{Dialect, MARIADB, Postgres, Sqlite};
use nextlink_sql::mapping::{Case, Mapping, ModelOptions, build};
use nextlink_sql::notice::Notice;
use nextlink_sql::plan::{PlanLimits, plan, program, rows_trials};
use nextlink_sql::shape::Shape;
use nextlink_sql::statement::Program;

use super::NOW;
use super::shop::{Kind, on, table};

/// Things, of which this condition is to hold, and parts that lead to them.
fn mapping(kind: Kind, rows: &str) -> (Mapping, Vec<Notice>) {
    let things = ["id Int32", "owner String?", "state Int32", "name String", "thing_id Int32?"];
    let mut tables = vec![
        table("things", &things, &[0], &[(&[4], 0)]),
        table("parts", &["id Int32", "thing_id Int32"], &[0], &[(&[1], 0)]),
    ];
    if kind != Kind::Sqlite {
        tables.iter_mut().flat_map(|table| &mut table.columns).for_each(|column| on(kind, column));
    }
    let model = format!(
        "case: pascal\nentities:\n  Things: {{table: things, hide: [owner, state], rows: {rows:?}}}\n  Parts: {{table: parts}}\n"
    );
    let shape = Shape::parse(&model).expect("a model file");
    let options = ModelOptions { shape, case: Case::AsIs, ..ModelOptions::default() };
    build(&Catalog { tables, ..Catalog::default() }, &options)
}

fn planned(mapping: &Mapping, dialect: &dyn Dialect, text: &str, user: Option<&str>) -> Program {
    let url = url::parse(text).expect("a URL");
    let mut asked = bind(&mapping.model, &url, BindLimits::default(), NOW).expect("it can be bound");
    asked.set_user(user);
    let Request::Query(query) = asked else { panic!("{text} is a query") };
    let layout = Layout::of(&mapping.model, &query, Needs::default());
    program(dialect, &plan(mapping, dialect, &query, &layout, PlanLimits::default()).expect("a plan"))
}

#[test]
fn conditions_stand_where_tables_are_read() {
    // Quotes of names are those of MariaDB here; `P` is a parameter.
    let own = "((t0.`owner` = P) AND ((t0.`owner` COLLATE utf8mb4_nopad_bin) = P))";
    let rows: [(&str, &str, Option<&str>, String); 6] = [
        ("owner eq @user", "Things/$count", Some("ann"), format!("SELECT COUNT(*) FROM `things` AS t0 WHERE {own}")),
        ("owner eq @user", "Things/$count", None, "SELECT COUNT(*) FROM `things` AS t0 WHERE (1 = 0)".into()),
        ("state gt 1", "Things/$count", None, "SELECT COUNT(*) FROM `things` AS t0 WHERE (t0.`state` > P)".into()),
        (
            "state gt 1",
            "Parts/$count?$filter=Thing/Id eq 5",
            None,
            "SELECT COUNT(*) FROM `parts` AS t0 LEFT JOIN `things` AS t1 ON (t1.`id` = t0.`thing_id`) AND (t1.`state` > P) \
             WHERE (t1.`id` = P)"
                .into(),
        ),
        (
            "Thing/state eq 1",
            "Things/$count",
            None,
            "SELECT COUNT(*) FROM `things` AS t0 WHERE EXISTS (SELECT 1 FROM (SELECT 1 AS c0) AS t1000000 LEFT JOIN `things` AS t1000001 \
             ON (t1000001.`id` = t0.`thing_id`) WHERE (t1000001.`state` = P))"
                .into(),
        ),
        (
            "Parts/any(p:p/Id gt 1)",
            "Things/$count",
            None,
            "SELECT COUNT(*) FROM `things` AS t0 WHERE EXISTS (SELECT 1 FROM `parts` AS t1000000 \
             WHERE (t1000000.`thing_id` = t0.`id`) AND (t1000000.`id` > P))"
                .into(),
        ),
    ];
    for (rows, url, user, expected) in rows {
        let dialects: [(&dyn Dialect, Kind); 3] =
            [(&MARIADB, Kind::MySql), (&Postgres, Kind::Postgres), (&Sqlite, Kind::Sqlite)];
        for (dialect, kind) in dialects {
            let (mapping, notices) = mapping(kind, rows);
            assert!(notices.is_empty(), "{notices:?}");
            let program = planned(&mapping, dialect, url, user);
            let statement = &program.nodes[0].rows.as_ref().expect("rows").one;
            let named =
                statement.params.iter().filter(|param| param.value == Value::String("ann".into())).count();
            assert_eq!(named > 0, user.is_some(), "{rows} on {}", dialect.name());
            let again = statement.sql.contains("\"things\" AS t1000000");
            assert_eq!(
                again,
                kind == Kind::Postgres && rows.starts_with("Thing/"),
                "{rows} on {}",
                dialect.name()
            );
            if kind != Kind::MySql {
                continue;
            }
            let found = statement.sql.replace('?', "P");
            assert_eq!(found, expected, "{rows}: {url}");
        }
    }
}

#[test]
fn plans_that_depend_on_who_asks_are_not_kept() {
    for (rows, kept) in [("state gt 1", true), ("Parts/any()", true), ("owner eq @user", false)] {
        let (mapping, _) = mapping(Kind::Sqlite, rows);
        let program = planned(&mapping, &Sqlite, "Things(7)", Some("ann"));
        assert_eq!((program.point, program.key.is_some()), (true, kept), "{rows}");
        let statement = &program.nodes[0].rows.as_ref().expect("rows").one;
        let last = statement.params.last().map(|param| param.value.clone());
        assert_eq!(last, Some(Value::Integer(7)), "{rows}: the key comes last");
    }
}

#[test]
fn conditions_that_may_fail_are_known_where_they_are_computed() {
    let owned = "1 div state gt 0 and owner eq @user";
    let rows = [
        ("state gt 0", None, 0),
        ("1 div state gt 0", None, 1),
        (owned, Some("ann"), 1),
        // Nobody has logged in, so no row is looked at.
        (owned, None, 0),
    ];
    for (rows, user, expected) in rows {
        let (mapping, notices) = mapping(Kind::Sqlite, rows);
        assert!(notices.is_empty(), "{notices:?}");
        let program = planned(&mapping, &Sqlite, "Things?$filter=1 div Id gt 0", user);
        assert_eq!(program.failing.len(), expected, "{rows} for {user:?}");
    }
}

#[test]
fn what_means_nothing_lets_nothing_be_seen() {
    for (rows, problem) in [
        ("Owner eq 'x'", "Type 'Things' has no property 'Owner'. Did you mean 'owner'?"),
        ("owner eq @who", "'@who' is not known here: '@user' is the name of the login that reads"),
        ("now() gt 2024-01-01T00:00:00Z", "A condition on rows cannot ask for the time of the request"),
        ("Name", "A condition is needed here, not a value of Edm.String"),
        ("state eq 'x'", "A value of Edm.Int32 is needed here, not of Edm.String"),
        ("state eq @user", "A value of Edm.Int32 cannot be compared with one of Edm.String"),
    ] {
        let (mapping, notices) = mapping(Kind::Sqlite, rows);
        let texts: Vec<&str> = notices.iter().map(|notice| notice.text.as_str()).collect();
        let place = "The model file, line 3, column 55: `rows`: ";
        let end = if problem.ends_with('?') { "" } else { "." };
        let expected = [place, problem, end, " So none of its rows is there for clients."].concat();
        assert_eq!(texts, [expected], "{rows}");
        let program = planned(&mapping, &Sqlite, "Things/$count", Some("ann"));
        let statement = &program.nodes[0].rows.as_ref().expect("rows").one.sql;
        assert!(statement.ends_with("WHERE (1 = 0)"), "{rows}: {statement}");
    }
    // What a database cannot do is known before anybody asks.
    let (mapping, notices) = mapping(Kind::Sqlite, "matchesPattern(Name,'a')");
    assert!(notices.is_empty(), "{notices:?}");
    assert_eq!(rows_trials(&mapping, &Sqlite).len(), 1);
}

#[test]
fn no_condition_is_lost() {
    let tables = vec![
        table("animals", &["id Int32", "level Int32"], &[0], &[]),
        table("dogs", &["id Int32", "barks Int32"], &[0], &[(&[0], 0)]),
        table("cats", &["id Int32", "lives Int32"], &[0], &[]),
        table("logs", &["word String"], &[], &[]),
        table("friends", &["dog Int32", "cat Int32"], &[0, 1], &[(&[0], 1), (&[1], 2)]),
    ];
    let catalog = Catalog { tables, ..Catalog::default() };
    let missing = "no table or view has this name";
    let twice = "another entity set has the rows of this table";
    let parts = "the tables of the derived types are not found as they are told";
    let between = "it is no entity set, but navigation leads through its table";
    let rows: &[(&str, Option<(&str, &str)>)] = &[
        ("Animals: {table: animals, rows: level eq 0}", None),
        ("Animals: {table: ANIMALS, rows: level eq 0}", None),
        ("Animals: {table: animalz, rows: level eq 0}", Some(("line 2, column 20: `animalz`", missing))),
        ("Animalz: {rows: level eq 0}", Some(("line 2, column 3: `Animalz`", missing))),
        ("Animals: {table: animalz}", None),
        ("Pets: {table: animals, rows: level eq 0, derived: {Dog: {table: dogs}}}", None),
        (
            "Pets: {table: animals, rows: level eq 0, derived: {Dog: {table: dogz}}}",
            Some(("line 2, column 17: `animals`", parts)),
        ),
        (
            "Pets: {table: animals, rows: level eq 0, derived: {Cat: {table: cats}}}",
            Some(("line 2, column 17: `animals`", parts)),
        ),
        (
            "Pets: {table: animals, derived: {Dog: {table: dogs}}}\n  Dogs: {table: dogs, rows: barks lt 10}",
            Some(("line 3, column 17: `dogs`", twice)),
        ),
        ("Friends: {table: friends, rows: dog eq 1}", None),
        (
            "Dogs: {table: dogs, navigation: {Cats: {target: Cats, through: friends}}}\n  Cats: {table: cats}\n  \
             Friends: {table: friends, rows: dog eq 1}\nexclude: [friends]",
            Some(("line 4, column 20: `friends`", between)),
        ),
        // What is not served needs no condition.
        ("Logs: {table: logs, rows: word eq 'a'}", None),
        ("Dogs: {sql: SELECT nothing, key: [id], rows: id eq 1}", None),
    ];
    for (entities, expected) in rows {
        let shape = Shape::parse(&format!("entities:\n  {entities}\n")).expect("a model file");
        let (mapping, _) = build(&catalog, &ModelOptions { shape, ..ModelOptions::default() });
        let texts: Vec<&str> = mapping.lost.iter().map(|notice| notice.text.as_str()).collect();
        let end = "so its condition on rows (`rows`) would not hold, and nothing is served.";
        let expected = expected.map(|(place, why)| format!("The model file, {place}: {why}, {end}"));
        assert_eq!(texts, Vec::from_iter(expected.as_deref()), "{entities}");
    }
}

#[test]
fn changes_are_followed_where_the_row_alone_tells_whether_it_is_there() {
    let catalog = Catalog {
        tables: vec![table("things", &["id Int32", "owner String", "boss Int32?"], &[0], &[(&[2], 0)])],
        ..Catalog::default()
    };
    for (rows, why) in [
        ("owner eq 'ann'", None),
        ("owner eq @user", Some("depends on who asks.")),
        ("Boss/owner eq 'ann'", Some("looks at others, too.")),
    ] {
        let model = format!(
            "entities:\n  Things: {{table: things, rows: {rows:?}, changes: {{column: id}}, \
             navigation: {{Boss: {{target: Things, on: {{boss: id}}}}}}}}\n"
        );
        let shape = Shape::parse(&model).expect("a model file");
        let (mapping, notices) = build(&catalog, &ModelOptions { shape, ..ModelOptions::default() });
        assert_eq!(mapping.model.entity_sets[0].tracked, why.is_none(), "{rows}");
        let told = notices.iter().find_map(|notice| {
            notice.text.split_once("are not followed, as the condition ").map(|(_, why)| why)
        });
        assert_eq!(told, why, "{rows}: {notices:?}");
    }
}
