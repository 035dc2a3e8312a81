//! What is asked of values: which rows are found, and by which index.

use nextlink_odata::value::Value;

use crate::ask::{Ask, Asked};
use crate::world::World;

const SCRIPT: &str = "
SET sql_mode = '';
CREATE TABLE v (id INT PRIMARY KEY, at DATETIME(6), clock TIME(6), d DATE, big BIGINT UNSIGNED, bits BIT(64), few BIT(5),
    y YEAR, late DATE NOT NULL DEFAULT '0000-00-00', net INET6);
INSERT INTO v VALUES
    (1, '2024-02-29 23:59:59.25', '12:34:56.5', '2024-02-29', 18446744073709551615, 0xffffffffffffffff, b'10101', 2155,
        '2024-02-29', '::1'),
    (2, '9999-12-31 23:59:59.999999', '838:59:59.999999', '9999-12-31', 9223372036854775808, 1, 0, 1901, DEFAULT, '10.0.0.1'),
    (3, '0000-00-00', '-838:59:59.999999', '0000-00-00', 0, 0, 1, 0, '0000-00-00', NULL),
    (4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '0001-01-01', NULL);
";

#[test]
fn each_value_is_found() {
    let world = World::new(SCRIPT);
    let mut wrong = Vec::new();
    for (filter, expected) in [
        // Finer than the server counts: nothing is equal, and the order is that of the values.
        ("at eq 2024-02-29T23:59:59.2500001Z", ""),
        ("at ne 2024-02-29T23:59:59.2500001Z", "1,2,3,4"),
        ("at ge 2024-02-29T23:59:59.2499999Z", "1,2"),
        ("at gt 2024-02-29T23:59:59.2499999Z", "1,2"),
        ("at ge 2024-02-29T23:59:59.2500001Z", "2"),
        ("at le 2024-02-29T23:59:59.2500001Z", "1"),
        ("2024-02-29T23:59:59.2500001Z gt at", "1"),
        ("at in (2024-02-29T23:59:59.2500001Z,9999-12-31T23:59:59.999999Z)", "2"),
        ("at lt maxdatetime()", "1,2"),
        ("clock eq duration'PT12H34M56.5000001S'", ""),
        ("clock ge duration'PT12H34M56.5000001S'", "2"),
        ("clock lt duration'PT12H34M56.5000001S'", "1,3"),
        ("clock gt duration'-P34DT22H59M59.9999995S'", "1,2,3"),
        ("clock eq duration'P34DT22H59M59.999999S'", "2"),
        // Beyond what the server's type holds.
        ("clock lt duration'P35D'", "1,2,3"),
        ("clock gt duration'P1000000D'", ""),
        ("clock gt duration'-P1000000D'", "1,2,3"),
        ("clock eq duration'P35D'", ""),
        // Zeros are no date.
        ("at eq null", "3,4"),
        ("d eq null", "3,4"),
        ("d ne null", "1,2"),
        ("late eq null", "2,3"),
        ("late ne null", "1,4"),
        ("not (d eq 2024-02-29)", "2,3,4"),
        ("d lt 2024-02-29", ""),
        ("late lt 2024-02-29", "4"),
        ("d in (null,2024-02-29)", "1,3,4"),
        ("year(d) eq null", "3,4"),
        // Numbers without a sign.
        ("big eq 18446744073709551615", "1"),
        ("big gt 9223372036854775807", "1,2"),
        ("big ge 9223372036854775808", "1,2"),
        ("big gt -1", "1,2,3"),
        ("big lt 0.5", "3"),
        ("big in (0,9223372036854775808)", "2,3"),
        ("bits eq 18446744073709551615", "1"),
        ("bits le 1", "2,3"),
        ("few eq 21", "1"),
        ("few mul 2 eq 42", "1"),
        ("y gt 2000", "1"),
        ("y eq 0", "3"),
        ("net eq '::1'", "1"),
        ("net eq 'no address'", ""),
        ("net in ('::1','no address')", "1"),
        ("not (net eq 'no address')", "1,2,3,4"),
    ] {
        let found = world.ask(&format!("v?$filter={filter}&$select=id&$orderby=id"));
        let ids: Vec<&str> =
            found.split(['{', '}', ',']).filter_map(|part| part.strip_prefix("\"id\":")).collect();
        if ids.join(",") != expected || (ids.is_empty() && !found.is_empty()) {
            wrong.push(format!("{filter}: {found}, not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The index by which the rows of a URL are found, as the server says.
pub fn index(world: &World, url: &str) -> Option<String> {
    let asked = Asked { source: &world.source, mapping: &world.mapping };
    let (_, program, _) = asked.prepare(url, Ask::default().format).expect("a program");
    let statement = &program.nodes[0].rows.as_ref().expect("rows").one;
    let mut sql = String::from("EXPLAIN ");
    let mut params = statement.params.iter();
    for part in statement.sql.split_inclusive('?') {
        let Some(text) = part.strip_suffix('?') else {
            sql += part;
            continue;
        };
        sql += text;
        match &params.next().expect("a value for each place").value {
            Value::String(text) => sql += &format!("'{text}'"),
            Value::Integer(number) => sql += &number.to_string(),
            other => panic!("{other:?}"),
        }
    }
    let plan = world.database.query(&format!("SET NAMES utf8mb4 COLLATE utf8mb4_nopad_bin; {sql}"));
    plan[0][5].clone()
}

#[test]
fn texts_are_found_by_an_index() {
    let world = World::new(
        "CREATE TABLE w (id INT PRIMARY KEY, ci VARCHAR(40) NOT NULL, bin VARCHAR(40) COLLATE utf8mb4_nopad_bin NOT NULL,
            latin VARCHAR(40) CHARACTER SET latin1 NOT NULL, KEY by_ci (ci), KEY by_bin (bin), KEY by_latin (latin));
         INSERT INTO w SELECT seq, CONCAT('Name-', seq), CONCAT('Name%', seq), CONCAT('Name', seq) FROM seq_1_to_5000;
         INSERT INTO w VALUES (0, 'name_1x', 'name', 'name1');
         ANALYZE TABLE w;",
    );
    for (filter, expected, rows) in [
        ("startswith(ci,'Name-499')", Some("by_ci"), 11),
        ("startswith(ci,'Name-49999')", Some("by_ci"), 0),
        ("startswith(bin,'Name%499')", None, 11),
        ("startswith(latin,'Name499')", Some("by_latin"), 11),
        ("startswith(ci,'name_1')", None, 1),
        ("startswith(ci,'Name_1')", None, 0),
        // As far as the part says nothing to LIKE.
        ("startswith(ci,'Name-4_')", Some("by_ci"), 0),
        ("startswith(ci,'')", None, 5001),
        ("startswith(ci,'_')", None, 0),
        ("startswith(bin,'%25')", None, 0),
        ("startswith(ci,'Na\\')", None, 0),
        ("ci eq 'Name-7'", Some("by_ci"), 1),
        ("ci in ('Name-7','name-8','NAME_1X')", Some("by_ci"), 1),
        ("ci in ('Name-7','Name-8')", Some("by_ci"), 2),
        ("not (ci in ('Name-7','Name-8'))", None, 4999),
        ("ci in ('Name-7',null)", None, 1),
        ("latin eq 'Name7'", Some("by_latin"), 1),
        ("latin eq '名'", None, 0),
        ("startswith(latin,'名')", None, 0),
        ("bin eq 'Name%7'", Some("by_bin"), 1),
        ("bin gt 'Name%998'", Some("by_bin"), 2),
        ("not startswith(ci,'Name')", None, 1),
    ] {
        let url = format!(
            "w?$filter={}&$select=id",
            filter.replace("%4", "%254").replace("%7", "%257").replace("%9", "%259")
        );
        let found = world.ask(&url);
        assert_eq!(found.matches("\"id\"").count(), rows, "{filter}: {found}");
        if let Some(expected) = expected {
            assert_eq!(index(&world, &url).as_deref(), Some(expected), "{filter}");
        }
    }
}

/// How many statements the server has prepared and run for others than the one that asks.
fn counted(world: &World) -> (u64, u64) {
    let rows = world.database.query(
        "SELECT VARIABLE_NAME, VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS \
         WHERE VARIABLE_NAME IN ('COM_STMT_PREPARE', 'COM_STMT_EXECUTE') ORDER BY VARIABLE_NAME",
    );
    let number = |row: usize| rows[row][1].as_ref().and_then(|n| n.parse().ok()).expect("a number");
    (number(1), number(0))
}

/// On a server of one's own, as it counts for all.
#[test]
fn statements_are_prepared_once() {
    let server = nextlink_testkit::mariadb::private();
    let database = server.database("nextlink");
    database.run(
        "CREATE TABLE T (Id INT PRIMARY KEY, Name VARCHAR(9)); INSERT INTO T VALUES (1, 'a'), (2, 'b');",
    );
    let world = World::of(database, |server| server.connections = 1);
    let urls = |i: usize| {
        [
            format!("T({i})"),
            format!("T?$filter=Id lt {i} and Name ne 'x{i}'"),
            format!("T/$count?$filter=Id gt {i}"),
        ]
    };
    let ask =
        |i: usize| urls(i).iter().for_each(|url| drop(world.ask_with(url, &Ask::default()).expect("rows")));
    ask(1);
    let (prepared, executed) = counted(&world);
    (2..=20).for_each(ask);
    let (prepared_then, executed_then) = counted(&world);
    assert_eq!(prepared_then - prepared, 0, "statements are prepared again");
    assert_eq!(executed_then - executed, 3 * 19, "each is executed with its values");
}

#[test]
fn a_statement_runs_again_as_before() {
    let database = nextlink_testkit::mariadb::server().database("nextlink");
    database.run(
        "CREATE TABLE P (Id INT PRIMARY KEY, Name VARCHAR(9));
         CREATE TABLE I (Id INT PRIMARY KEY, PId INT NOT NULL, FOREIGN KEY (PId) REFERENCES P (Id));
         INSERT INTO P SELECT seq, CONCAT('name', seq) FROM seq_1_to_300;
         INSERT INTO I SELECT seq, seq FROM seq_1_to_300;",
    );
    let world = World::of(database, |server| server.connections = 1);
    let all = |id: &str| (1..=300).map(|i| id.replace('#', &i.to_string())).collect::<Vec<_>>().join(",");
    let row = all(r#"{"Id":#,"Name":"name#"}"#);
    for (url, expected) in [
        ("P?$apply=groupby((Id,Name))/filter($root/I/any(i:i/Id eq Id and contains(Name,'e')))", &row),
        (
            "P?$apply=concat(top(300),skip(300))/filter($root/I/any(i:i/Id eq Id and contains(Name,'e')))",
            &row,
        ),
        ("P?$apply=groupby((Id,Name))/filter($root/I/any(i:i/Id eq Id and matchesPattern(Name,'e')))", &row),
    ] {
        for time in 1..=4 {
            assert_eq!(&world.ask(url), expected, "{url}, for the {time}. time");
        }
    }
    world.database.run("ALTER TABLE P DROP COLUMN Name");
    let error = world.error("P?$apply=groupby((Id,Name))", &Ask::default());
    assert!(matches!(error, nextlink_db::error::Error::Changed(_)), "{error:?}");
}
