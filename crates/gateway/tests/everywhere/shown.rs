//! Whatever value is shown is found by the very literal, has its place in the order of pages, and leads to its entity as a key.

use std::fmt::Write as _;

use serde_json::Value;

use crate::common::encoded;
use crate::world::World;

/// A type, values of it, whether it is a key, and how its literals are written.
type Column = (&'static str, &'static [&'static str], bool, Literal);

#[derive(Clone, Copy, PartialEq)]
enum Literal {
    Bare,
    Text,
    Duration,
    Binary,
}

use Literal::{Bare, Binary, Duration, Text};

const TEXTS: &[&str] = &[
    "''",
    "' '",
    "'a'",
    "'A'",
    "'a '",
    "'ä'",
    "'e\u{301}'",
    "'é'",
    "'😀'",
    "'O''Brien'",
    "'a\tb\nc'",
    "'100%'",
    "'a/b?#&+'",
    "'null'",
    "'\\'",
    "'\u{feff}x'",
];

const SQLITE: &[Column] = &[
    ("double", &["-0.0", "9e999", "-9e999", "5e-324", "1.7976931348623157e308", "0.1"], false, Bare),
    ("decimal(10,2)", &["1.5", "'2.50'", "3", "-0.01"], true, Bare),
    ("bigint", &["9223372036854775807", "-9223372036854775808", "9007199254740993"], true, Bare),
    ("boolean", &["1", "0"], true, Bare),
    ("date", &["'0001-01-01'", "'9999-12-31'", "'2024-02-29'", "'0000-01-01'"], true, Bare),
    ("datetime", &["'2024-02-29 12:34:56'", "'0001-01-01 00:00:00'", "'2024-02-29 12:34:56.1Z'"], true, Bare),
    ("time", &["'12:00'", "'00:00:00'", "'23:59:59.999999999999'"], true, Bare),
    ("text", TEXTS, true, Text),
    ("text COLLATE NOCASE", &["'a'", "'B'", "'ä'", "''"], true, Text),
    ("blob", &["x''", "x'00ff'"], false, Binary),
    ("uuid", &["'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'"], true, Bare),
    // Values of several types.
    ("", &["1", "'1'", "1.5", "'x'", "1e300", "9223372036854775807"], false, Text),
    ("ANY", &["1", "'1'", "x'00ff'", "0.1"], false, Binary),
    ("numeric", &["12345678901234567890123", "1.5", "'x'"], false, Text),
];

const POSTGRES: &[Column] = &[
    ("real", &["'-0'", "'Infinity'", "'-Infinity'", "1e-45", "3.4028235e38", "0.1", "16777217"], false, Bare),
    (
        "double precision",
        &["'-0'", "'Infinity'", "5e-324", "1.7976931348623157e308", "0.1", "9007199254740993"],
        false,
        Bare,
    ),
    (
        "numeric",
        &[
            "'Infinity'",
            "'-Infinity'",
            "1.50",
            "123456789012345678901234567890.12345678901234567890123456789",
            "1e-60",
            "1e100",
            "0",
        ],
        true,
        Bare,
    ),
    ("bigint", &["9223372036854775807", "-9223372036854775808", "9007199254740993"], true, Bare),
    (
        "date",
        &["'infinity'", "'-infinity'", "'0001-01-02'", "'9999-12-30'", "'2024-02-29'", "'1582-10-10'"],
        true,
        Bare,
    ),
    (
        "timestamptz",
        &["'infinity'", "'-infinity'", "'2024-02-29 12:34:56.123456+05:30'", "'1850-01-01 00:00+00:53:28'"],
        true,
        Bare,
    ),
    (
        "timestamp",
        &["'infinity'", "'-infinity'", "'2024-02-29 12:34:56.1'", "'2016-12-31 23:59:60'"],
        true,
        Bare,
    ),
    ("time", &["'24:00'", "'00:00'", "'23:59:59.999999'", "'12:30:00.5'"], true, Bare),
    ("interval", &["'1 mon'", "'-1 day 02:00'", "'1.000001 sec'", "'0'"], true, Duration),
    ("text", TEXTS, true, Text),
    ("varchar(20)", TEXTS, true, Text),
    ("char(8)", &["''", "'a'", "'A'", "'é'", "'b '"], true, Text),
    ("bytea", &["''", "'\\x00ff'", "'\\xdeadbeef'"], false, Binary),
    ("uuid", &["'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'"], true, Bare),
    ("inet", &["'10.0.0.1'", "'::1/64'", "'10.0.0.0/8'"], true, Text),
    ("int4range", &["'[1,5)'", "'empty'", "'(,)'"], true, Text),
    ("bit(3)", &["'101'", "'000'"], true, Text),
    ("boolean", &["true", "false"], true, Bare),
];

const MARIADB: &[Column] = &[
    ("float", &["0", "1e-38", "3.402823466e38", "0.1", "16777217"], false, Bare),
    ("double", &["0", "5e-324", "1.7976931348623157e308", "0.1", "9007199254740993"], false, Bare),
    (
        "decimal(65,30)",
        &["12345678901234567890123456789012345.123456789012345678901234567891", "-1", "0"],
        true,
        Bare,
    ),
    ("decimal(38,38)", &["0.00000000000000000000000000000000000001", "0.5"], true, Bare),
    ("bigint unsigned", &["18446744073709551615", "9223372036854775808", "0"], true, Bare),
    ("bit(64)", &["b'1111111111111111111111111111111111111111111111111111111111111111'", "b'0'"], true, Bare),
    ("year", &["1901", "2155", "2024"], true, Bare),
    ("tinyint(1)", &["0", "1", "5", "-128"], true, Bare),
    ("date", &["'0001-01-01'", "'9999-12-31'", "'2024-02-29'"], true, Bare),
    ("datetime(6)", &["'0001-01-01'", "'9999-12-31 23:59:59.999999'", "'2024-02-29 12:34:56.1'"], true, Bare),
    ("timestamp(6)", &["'1970-01-01 00:00:01'", "'2038-01-19 03:14:07.999999'"], true, Bare),
    ("time(6)", &["'838:59:59.999999'", "'-838:59:59'", "'00:00'", "'-00:00:00.5'"], true, Duration),
    ("text", TEXTS, false, Text),
    ("varchar(20) COLLATE utf8mb4_nopad_bin", TEXTS, true, Text),
    ("varchar(20) CHARACTER SET latin1", &["''", "'a'", "'ÿ'", "'€'", "'O''B'"], true, Text),
    ("char(8)", &["''", "'a'", "'é'", "'ss'"], true, Text),
    ("varbinary(9)", &["''", "x'00ff'", "x'deadbeef'"], false, Binary),
    ("uuid", &["'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'"], true, Bare),
    ("inet6", &["'::1'", "'::ffff:10.0.0.1'"], true, Text),
    ("boolean", &["true", "false"], false, Bare),
];

/// A table of values for each type, and one that has them for keys.
fn script(columns: &[Column]) -> String {
    let mut script = String::new();
    for (number, (ty, values, keyed, _)) in columns.iter().enumerate() {
        writeln!(script, "CREATE TABLE t{number} (id int PRIMARY KEY, v {ty} NULL);").expect("a text grows");
        writeln!(script, "INSERT INTO t{number} VALUES (0, NULL);").expect("a text grows");
        for (id, value) in values.iter().enumerate() {
            writeln!(script, "INSERT INTO t{number} VALUES ({}, {value});", id + 1).expect("a text grows");
        }
        if *keyed {
            writeln!(script, "CREATE TABLE k{number} (v {ty} PRIMARY KEY NOT NULL, n int);")
                .expect("a text grows");
            writeln!(script, "INSERT INTO k{number} SELECT v, id FROM t{number} WHERE v IS NOT NULL;")
                .expect("a text grows");
        }
    }
    script
}

/// What only one database has besides.
const ENDS: &str = "CREATE TABLE ends (id int PRIMARY KEY, d date, at timestamptz);
    INSERT INTO ends VALUES (1, 'infinity', 'infinity'), (2, '9999-12-31', '9999-12-31 23:59:59.999999+00'), (3, '-infinity', '-infinity'),
        (4, '0001-01-01', '0001-01-01 00:00+00'), (5, '2024-01-01', '2024-01-01'), (6, NULL, NULL);";
const TWICE: &str = "CREATE VIEW twice AS SELECT 1 AS id, 2 AS x UNION ALL SELECT 1, 3;";
const FLAGS: &str =
    "CREATE TABLE refs (id int PRIMARY KEY, f tinyint(1) DEFAULT 1, FOREIGN KEY (f) REFERENCES k7 (v));
    INSERT INTO refs VALUES (1, 5);";

const ON_POSTGRES: &[(&str, u16, &str)] = &[
    ("ends?$select=id&$filter=d eq 9999-12-31", 200, r#""value":[{"id":1},{"id":2}]"#),
    ("ends?$select=id&$filter=d ne 9999-12-31", 200, r#""value":[{"id":3},{"id":4},{"id":5},{"id":6}]"#),
    (
        "ends?$select=id&$filter=not (d in (0001-01-01,2024-01-01))",
        200,
        r#""value":[{"id":1},{"id":2},{"id":6}]"#,
    ),
    ("ends?$select=id&$filter=d in (0001-01-01,null)", 200, r#""value":[{"id":3},{"id":4},{"id":6}]"#),
    ("ends?$select=id&$filter=d gt 9999-12-31", 200, r#""value":[]"#),
    ("ends?$select=id&$filter=d ge 9999-12-31", 200, r#""value":[{"id":1},{"id":2}]"#),
    ("ends?$select=id&$filter=d le 0001-01-01", 200, r#""value":[{"id":3},{"id":4}]"#),
    ("ends?$select=id&$filter=d lt 0001-01-01", 200, r#""value":[]"#),
    ("ends?$select=id&$filter=0001-01-01 eq d", 200, r#""value":[{"id":3},{"id":4}]"#),
    ("ends?$select=id&$filter=at eq 0001-01-01T00:00:00Z", 200, r#""value":[{"id":3},{"id":4}]"#),
    (
        "ends?$select=id&$filter=at ne 0001-01-01T00:00:00Z",
        200,
        r#""value":[{"id":1},{"id":2},{"id":5},{"id":6}]"#,
    ),
    ("ends?$select=id&$filter=date(at) eq 9999-12-31", 200, r#""value":[{"id":1},{"id":2}]"#),
];
const ON_MARIADB: &[(&str, u16, &str)] = &[
    ("refs(1)/k7?$select=n", 200, r#""n":3}"#),
    ("refs?$filter=f eq 5&$select=id", 200, r#""value":[{"id":1}]"#),
];
/// On all of them.
const ON_ALL: &[(&str, u16, &str)] = &[
    ("twice(1)", 500, "ValueMismatch"),
    ("twice(1)/x", 500, "ValueMismatch"),
    ("twice(2)", 404, "NotFound"),
    ("twice?$filter=x eq 3", 200, r#""value":[{"id":1,"x":3}]"#),
];

#[test]
fn what_is_shown_is_found() {
    let sqlite = [&script(SQLITE), TWICE].concat();
    let postgres = [&script(POSTGRES), ENDS, TWICE].concat();
    let mariadb = ["SET sql_mode = 'NO_BACKSLASH_ESCAPES';", &script(MARIADB), FLAGS, TWICE].concat();
    let world =
        World::written([&sqlite, &postgres, &mariadb], "entities: {twice: {table: twice, key: [id]}}\n");
    let mut wrong = Vec::new();
    for (source, columns, urls) in
        [("sqlite", SQLITE, &[][..]), ("postgres", POSTGRES, ON_POSTGRES), ("mariadb", MARIADB, ON_MARIADB)]
    {
        for (url, status, expected) in urls.iter().chain(ON_ALL) {
            let told = world.ask(source, url, &[]);
            if told.status != *status || !told.body.contains(expected) {
                wrong.push(format!("{source}: {url}: {} {}", told.status, told.body));
            }
        }
        for (number, (ty, values, keyed, literal)) in columns.iter().enumerate() {
            let place = format!("{source}: {ty}");
            let rows = read(&world, source, &format!("t{number}?$orderby=id"), None);
            assert_eq!(rows.len(), values.len() + 1, "{place}: {rows:?}");
            wrong.extend(
                not_found(&world, source, &format!("t{number}"), *literal, &rows)
                    .map(|what| [&place, ": ", &what].concat()),
            );
            for order in ["v", "v desc"] {
                let url = format!("t{number}?$orderby={order}");
                if read(&world, source, &url, Some(1)) != read(&world, source, &url, None) {
                    wrong.push(format!("{place}: pages of {order} differ"));
                }
            }
            if *keyed {
                let all = format!("k{number}");
                let keyed = read(&world, source, &all, None);
                for (row, link) in keyed.iter().zip(read(&world, source, &[&all, "/$ref"].concat(), None)) {
                    let url = link["@odata.id"].as_str().expect("a link").to_owned();
                    let told = world.ask(source, &url, &[("Accept", EXACT)]);
                    let found: Value = serde_json::from_str(&told.body).unwrap_or_default();
                    if found["n"] != row["n"] || found["v"] != row["v"] {
                        wrong.push(format!("{place}: {url}: {} {}", told.status, told.body));
                    }
                }
                assert_eq!(keyed.len(), values.len(), "{place}: {keyed:?}");
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Numbers of all digits as texts.
const EXACT: &str = "application/json;IEEE754Compatible=true";

/// The rows of all pages.
fn read(world: &World, source: &str, url: &str, rows: Option<u32>) -> Vec<Value> {
    let start = ["/api/odata4/", source, "/"].concat();
    let prefer = format!("maxpagesize={}", rows.unwrap_or(1_000));
    let mut next = start.clone() + &encoded(url);
    let mut all = Vec::new();
    loop {
        let answer = world.node.get(&next, &[("Accept", EXACT), ("Prefer", &prefer)]);
        assert_eq!(answer.status, 200, "{source}: {next}: {}", answer.text());
        let page: Value = serde_json::from_str(&answer.text()).expect("JSON");
        all.extend(page["value"].as_array().expect("rows").iter().cloned());
        let Some(link) = page["@odata.nextLink"].as_str() else {
            return all;
        };
        next = start.clone() + link.split_once(&start).map_or(link, |(_, rest)| rest);
    }
}

/// The conditions that do not find just the rows that show the same value.
fn not_found<'a>(
    world: &'a World,
    source: &'a str,
    set: &'a str,
    literal: Literal,
    rows: &'a [Value],
) -> impl Iterator<Item = String> + 'a {
    rows.iter().flat_map(move |row| {
        let value = &row["v"];
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let written = match literal {
            _ if value.is_null() => "null".to_owned(),
            Bare => text.replace('+', "%2B"),
            Text => {
                let text: String =
                    text.replace('\'', "''").bytes().map(|byte| format!("%{byte:02X}")).collect();
                format!("'{text}'")
            }
            Duration => format!("duration'{text}'"),
            Binary => format!("binary'{text}'"),
        };
        let mut conditions =
            vec![format!("v eq {written}"), format!("v in ({written})"), format!("{written} eq v")];
        conditions.push(format!("not (v ne {written})"));
        if !value.is_null() && literal != Binary {
            conditions.push(format!("v ge {written} and v le {written}"));
            conditions.push(format!("v ne null and not (v lt {written} or v gt {written})"));
        }
        let same: Vec<&Value> =
            rows.iter().filter(|other| other["v"] == *value).map(|row| &row["id"]).collect();
        conditions.into_iter().filter_map(move |condition| {
            let found = read(world, source, &format!("{set}?$orderby=id&$filter={condition}"), None);
            let found: Vec<&Value> = found.iter().map(|row| &row["id"]).collect();
            (found != same).then(|| format!("{condition} finds {found:?}, not {same:?}"))
        })
    })
}
