//! Zeros in the place of a date are null wherever one can tell: in answers, conditions, order, groups and counts.

use nextlink_sql::mapping::{ModelOptions, build};
use nextlink_sql::plan::Resume;
use nextlink_sql::position::from_bytes;
use nextlink_sql::shape::Shape;

use crate::ask::{Ask, Asked};
use crate::asked::index;
use crate::world::World;

/// `plain` has no index and `led` one by each column; `clean` has the index and no zeros.
const SCRIPT: &str = "
SET sql_mode = '';
CREATE TABLE plain (id INT PRIMARY KEY, d DATE, at DATETIME(3), n INT NOT NULL);
INSERT INTO plain VALUES (1, '2024-00-10', '2024-05-00 10:00:00', 4), (2, '2024-01-01', '2024-01-01', 3), (3, NULL, NULL, 2),
    (4, '2024-05-00', '2024-00-00', 1), (5, '0000-00-00', '0000-00-00', 5), (6, '2023-12-31', '2023-12-31 23:59:59.999', 1),
    (7, '0000-05-05', '0000-05-05 01:02:03', 3), (8, '2024-01-01', '2024-01-01', 1), (9, '2025-01-01', '2025-01-01', 0);
CREATE TABLE led LIKE plain;
ALTER TABLE led ADD KEY by_d (d), ADD KEY by_at (at);
INSERT INTO led SELECT * FROM plain;
CREATE TABLE clean LIKE led;
INSERT INTO clean SELECT seq, '2000-01-01' + INTERVAL seq DAY, '2000-01-01' + INTERVAL seq HOUR, seq FROM seq_1_to_3000;
INSERT INTO clean VALUES (0, NULL, NULL, 0);
CREATE TABLE month LIKE led;
INSERT INTO month SELECT * FROM clean;
INSERT INTO month VALUES (-1, '2001-02-00', '2001-02-03', 2);
CREATE TABLE far LIKE led;
INSERT INTO far SELECT * FROM clean;
INSERT INTO far VALUES (-1, '1000-02-03', '1000-02-03', 1);
CREATE TABLE strict (id INT PRIMARY KEY, d DATE NOT NULL, at DATETIME NOT NULL, n INT NOT NULL, good DATE NOT NULL, led DATE NOT NULL, KEY (led));
INSERT INTO strict SELECT id, COALESCE(d, '0000-00-00'), COALESCE(at, '0000-00-00'), n, '2024-01-01', COALESCE(d, '0000-00-00') FROM plain;
CREATE TABLE keyed (d DATE PRIMARY KEY);
INSERT INTO keyed VALUES ('2024-00-00');
";

/// What stands behind the table, and the ids that are found.
const ASKED: &[(&str, &str)] = &[
    ("$filter=d eq null&$orderby=id", "1,3,4,5,7"),
    ("$filter=at eq null&$orderby=id", "1,3,4,5,7"),
    ("$filter=d ne null&$orderby=id", "2,6,8,9"),
    ("$filter=not (d eq null)&$orderby=id", "2,6,8,9"),
    ("$filter=d eq cast(at,Edm.Date)&$orderby=id", "1,2,3,4,5,6,7,8,9"),
    ("$filter=d lt 2024-06-01&$orderby=id", "2,6,8"),
    ("$filter=d le 2024-01-01 or d ge 2024-01-01&$orderby=id", "2,6,8,9"),
    ("$filter=d in (null,2025-01-01)&$orderby=id", "1,3,4,5,7,9"),
    ("$orderby=d,n", "4,3,7,1,5,6,8,2,9"),
    ("$orderby=d desc,n", "9,8,2,6,4,3,7,1,5"),
    ("$orderby=at,n desc", "5,1,7,3,4,6,2,8,9"),
    ("$orderby=d", "1,3,4,5,7,6,2,8,9"),
];

fn ids(rows: &str) -> String {
    let ids = rows.split(['{', '}', ',']).filter_map(|part| part.strip_prefix("\"id\":"));
    ids.collect::<Vec<_>>().join(",")
}

#[test]
fn zeros_are_null_everywhere() {
    let world = World::new(SCRIPT);
    let asked = Asked { source: &world.source, mapping: &world.mapping };
    let mut ask = Ask::default();
    ask.limits.rows = 2;
    for (place, times) in [
        ("strict.d", 1),
        ("strict.at", 1),
        ("strict.led", 1),
        ("led.d", 1),
        ("plain.d", 0),
        ("strict.good", 0),
        ("clean.d", 0),
    ] {
        let told = [
            place,
            ": Holds dates without a year, a month or a day, such as 0000-00-00, which are served as null.",
        ]
        .concat();
        let found = world.notices.iter().filter(|notice| **notice == told).count();
        assert_eq!(found, times, "{place}: {:?}", world.notices);
    }
    assert!(
        world
            .notices
            .iter()
            .any(|notice| notice.starts_with("keyed.d: ") && notice.contains("reading these rows fails"))
    );
    for table in ["plain", "led", "strict"] {
        for (options, expected) in ASKED {
            let url = format!("{table}?$select=id&{options}");
            let whole =
                asked.ask_paged(&url, &ask, None).unwrap_or_else(|failure| panic!("{url}: {failure}"));
            assert_eq!(ids(&whole.rows()), *expected, "{url}");
            // Behind each page come the rows that stood there.
            for (page, position) in whole.positions.iter().enumerate() {
                let last = from_bytes(position).expect("a position");
                let resume = Resume { last, rows: 2 * (page as u64 + 1) };
                let behind: Vec<&str> = expected.split(',').skip(2 * (page + 1)).collect();
                let found = asked.ask_paged(&url, &ask, Some(&resume));
                let found = found.unwrap_or_else(|failure| panic!("{url}: {failure}"));
                assert_eq!(ids(&found.rows()), behind.join(","), "{url} after page {page}");
            }
        }
        for (options, expected) in [
            ("/$count?$filter=d eq null", "5"),
            ("/$count?$filter=d ne null", "4"),
            (
                "?$apply=groupby((d),aggregate($count as c))",
                r##"{"d":null,"c":5},{"d":"2023-12-31","c":1},{"d":"2024-01-01","c":2},{"d":"2025-01-01","c":1}"##,
            ),
            (
                "?$apply=aggregate(d with min as a,at with max as b,d with countdistinct as c)",
                r##"{"a":"2023-12-31","b":"2025-01-01T00:00:00Z","c":3}"##,
            ),
            (
                "?$compute=year(d) as y&$select=y&$filter=id in (1,7,9)",
                r##"{"y":null},{"y":null},{"y":2025}"##,
            ),
        ] {
            assert_eq!(world.ask(&format!("{table}{options}")), expected, "{table}{options}");
        }
    }
}

#[test]
fn an_index_serves_columns_without_zeros() {
    let world = World::new(SCRIPT);
    for (url, expected) in [
        ("clean?$orderby=d&$top=3", Some("by_d")),
        ("clean?$orderby=at desc&$top=3&$select=at", Some("by_at")),
        ("clean?$filter=d eq null", Some("by_d")),
        ("led?$orderby=d&$top=3", None),
        ("month?$orderby=d&$top=3", None),
        ("month?$orderby=at&$top=1&$select=at", Some("by_at")),
        ("far?$orderby=d&$top=3", None),
    ] {
        assert_eq!(index(&world, url).as_deref(), expected, "{url}");
    }
}

/// In a key that the model file says they are null, as they are elsewhere, and so their rows are no entities.
#[test]
fn zeros_in_keys_of_the_model_file() {
    let world = World::new(SCRIPT);
    let shape = Shape::parse("entities: {Days: {table: strict, key: [d, id]}}").expect("a model file");
    let (mapping, _) = build(&world.catalog, &ModelOptions { shape, ..ModelOptions::default() });
    let asked = Asked { source: &world.source, mapping: &mapping };
    assert_eq!(ids(&asked.ask("Days?$select=id&$orderby=id")), "2,6,8,9");
    assert_eq!(asked.ask("Days/$count"), "4");
}
