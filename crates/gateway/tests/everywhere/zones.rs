//! Time zones of a source: points in time that say none are meant in one, everywhere where a value stands.

use serde_json::Value;

use crate::changes::{NEW, OLD, all, change, json_of};
use crate::common::{encoded, run};
use crate::models::{round_trip, validate, wrong, wrong_conditions};
use crate::world::{SOURCES, World};
use nextlink_testkit::http;

/// `WHEN` is the type of points in time that say no time zone, `SURE` that of those that do, as far as there is one; `Z'` ends one of
/// the latter.
const SCRIPT: &str = "
CREATE TABLE shipments (id int PRIMARY KEY, name varchar(20), shipped WHEN, plain WHEN, sure SURE, day date, changed WHEN);
CREATE TABLE marks (at WHEN NOT NULL PRIMARY KEY, note varchar(20));
CREATE TABLE visits (id int PRIMARY KEY, mark WHEN, FOREIGN KEY (mark) REFERENCES marks (at));
CREATE INDEX shipped ON shipments (shipped);
INSERT INTO shipments VALUES
    (1, 'a', '2024-03-31 01:59:59', '2024-03-31 01:59:59', '2024-03-31 01:59:59Z', '2024-03-31', '2024-01-01 00:00:00'),
    (2, 'b', '2024-03-31 03:00:00.5', '2024-03-31 03:00:00.5', '2024-03-31 03:00:00.5Z', '2024-03-31', '2024-01-02 00:00:00'),
    (3, 'a', '2024-10-27 01:59:59', NULL, NULL, NULL, '2024-01-03 00:00:00'),
    (4, 'b', '2024-10-27 03:00:00', NULL, NULL, NULL, '2024-01-04 00:00:00'),
    (5, 'b', '2024-07-01 00:30:00', NULL, NULL, NULL, '2024-01-05 00:00:00'),
    (6, 'a', '2024-01-01 00:30:00', NULL, NULL, NULL, '2024-01-06 00:00:00'),
    (7, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO marks VALUES ('2024-03-31 03:00:00', 'summer'), ('2024-10-27 03:00:00', 'winter'), ('1900-01-01 00:00:00', 'old');
INSERT INTO visits VALUES (1, '2024-03-31 03:00:00'), (2, '2024-10-27 03:00:00'), (3, '2024-10-27 03:00:00'), (4, NULL);
";

const MODEL: &str = "
namespace: Shop
settings: {timeZone: Europe/Berlin}
entities:
  Shipments:
    table: shipments
    type: Shipment
    properties:
      Id: id
      Name: name
      Shipped: shipped
      Plain: {column: plain, timeZone: UTC}
      Sure: sure
      Day: day
      Change: {type: Change, columns: {At: changed}}
    changes: {column: changed}
  Marks:
    table: marks
    type: Mark
    properties: {At: at, Note: note}
    navigation: {Visits: {target: Visits, on: {At: mark}, partner: Mark}}
  Visits:
    table: visits
    type: Visit
    properties: {Id: id, When: mark}
    navigation: {Mark: {target: Marks, on: {mark: At}, partner: Visits}}
";

fn scripts() -> [String; 3] {
    let of = |when: &str, sure: &str, zone: &str| {
        SCRIPT.replace("WHEN", when).replace("SURE", sure).replace("Z'", zone)
    };
    [
        of("datetime", "datetime", "Z'"),
        of("timestamp", "timestamptz", "+00'"),
        of("datetime(6)", "timestamp(6) NULL", "'"),
    ]
}

fn world(model: &str) -> World {
    let [sqlite, postgres, mariadb] = scripts();
    World::written([&sqlite, &postgres, &mariadb], model)
}

/// URLs, and what stands behind the context of the answer: status and the rest.
const ROWS: &[(&str, u16, &str)] = &[
    (
        "Shipments?$select=Shipped,Change&$orderby=Id",
        200,
        r#""value":[{"@odata.id":"Shipments(1)","Shipped":"2024-03-31T00:59:59Z","Change":{"At":"2023-12-31T23:00:00Z"}},{"@odata.id":"Shipments(2)","Shipped":"2024-03-31T01:00:00.5Z","Change":{"At":"2024-01-01T23:00:00Z"}},{"@odata.id":"Shipments(3)","Shipped":"2024-10-26T23:59:59Z","Change":{"At":"2024-01-02T23:00:00Z"}},{"@odata.id":"Shipments(4)","Shipped":"2024-10-27T02:00:00Z","Change":{"At":"2024-01-03T23:00:00Z"}},{"@odata.id":"Shipments(5)","Shipped":"2024-06-30T22:30:00Z","Change":{"At":"2024-01-04T23:00:00Z"}},{"@odata.id":"Shipments(6)","Shipped":"2023-12-31T23:30:00Z","Change":{"At":"2024-01-05T23:00:00Z"}},{"@odata.id":"Shipments(7)","Shipped":null,"Change":null}]}"#,
    ),
    (
        "Shipments(2)?$select=Plain,Sure,Day",
        200,
        r#""@odata.id":"Shipments(2)","Plain":"2024-03-31T03:00:00.5Z","Sure":"2024-03-31T03:00:00.5Z","Day":"2024-03-31"}"#,
    ),
    ("Shipments(1)/Shipped/$value", 200, "2024-03-31T00:59:59Z"),
    ("Shipments(1)/Shipped", 200, r#""value":"2024-03-31T00:59:59Z"}"#),
    (
        "Shipments?$orderby=Shipped desc&$select=Id",
        200,
        r#""value":[{"Id":4},{"Id":3},{"Id":5},{"Id":2},{"Id":1},{"Id":6},{"Id":7}]}"#,
    ),
    (
        "Shipments?$compute=date(Shipped) as D,hour(Shipped) as H&$select=D,H&$filter=Id eq 6",
        200,
        r##""value":[{"@odata.id":"Shipments(6)","D@odata.type":"#Date","D":"2023-12-31","H@odata.type":"#Int32","H":23}]}"##,
    ),
    (
        "Shipments?$apply=groupby((Name),aggregate(Shipped with min as First,Shipped with max as Last))&$orderby=Name",
        200,
        r##""value":[{"Name":null,"First@odata.type":"#DateTimeOffset","First":null,"Last@odata.type":"#DateTimeOffset","Last":null},{"Name":"a","First@odata.type":"#DateTimeOffset","First":"2023-12-31T23:30:00Z","Last@odata.type":"#DateTimeOffset","Last":"2024-10-26T23:59:59Z"},{"Name":"b","First@odata.type":"#DateTimeOffset","First":"2024-03-31T01:00:00.5Z","Last@odata.type":"#DateTimeOffset","Last":"2024-10-27T02:00:00Z"}]}"##,
    ),
    (
        "Visits?$apply=groupby((When),aggregate($count as N))&$orderby=When desc",
        200,
        r##""value":[{"When":"2024-10-27T02:00:00Z","N@odata.type":"#Decimal","N":2},{"When":"2024-03-31T01:00:00Z","N@odata.type":"#Decimal","N":1},{"When":null,"N@odata.type":"#Decimal","N":1}]}"##,
    ),
    (
        "Shipments?$apply=filter(Shipped ge 2024-03-31T01:00:00Z)/topcount(2,Shipped)&$select=Id&$orderby=Id",
        200,
        r#""value":[{"Id":3},{"Id":4}]}"#,
    ),
    ("Marks(2024-03-31T01:00:00Z)", 200, r#""At":"2024-03-31T01:00:00Z","Note":"summer"}"#),
    ("Marks(2024-03-31T03:00:00%2B02:00)/Note/$value", 200, "summer"),
    ("Marks(2024-03-31T03:00:00Z)", 404, "NotFound"),
    ("Marks(2024-10-27T02:00:00Z)/Visits?$select=Id", 200, r#""value":[{"Id":2},{"Id":3}]}"#),
    (
        "Marks?$select=Note",
        200,
        r#""value":[{"@odata.id":"Marks(1899-12-31T23:00:00Z)","Note":"old"},{"@odata.id":"Marks(2024-03-31T01:00:00Z)","Note":"summer"},{"@odata.id":"Marks(2024-10-27T02:00:00Z)","Note":"winter"}]}"#,
    ),
    (
        "Marks?$select=At&$expand=Visits($select=Id,When)&$filter=Visits/any(v:v/When lt 2024-06-01T00:00:00Z)",
        200,
        r#""value":[{"At":"2024-03-31T01:00:00Z","Visits":[{"Id":1,"When":"2024-03-31T01:00:00Z"}]}]}"#,
    ),
    (
        "Visits?$expand=Mark($select=Note)&$filter=Mark/At eq 2024-10-27T02:00:00Z&$select=Id",
        200,
        r#""value":[{"Id":2,"Mark":{"@odata.id":"Marks(2024-10-27T02:00:00Z)","Note":"winter"}},{"Id":3,"Mark":{"@odata.id":"Marks(2024-10-27T02:00:00Z)","Note":"winter"}}]}"#,
    ),
    ("Visits/$count?$filter=When eq null", 200, "1"),
];

const CONDITIONS: &[(&str, &[u8])] = &[
    ("Shipped eq 2024-03-31T01:00:00.5Z", &[2]),
    ("2024-03-31T03:00:00.5%2B02:00 eq Shipped", &[2]),
    ("Shipped ne 2024-03-31T01:00:00.5Z", &[1, 3, 4, 5, 6, 7]),
    ("Shipped lt 2024-03-31T01:00:00Z", &[1, 6]),
    ("Shipped le 2024-03-31T00:59:59Z", &[1, 6]),
    ("Shipped gt 2024-10-26T23:59:59Z", &[4]),
    ("Shipped ge 2024-10-26T23:59:59Z", &[3, 4]),
    ("2024-10-26T23:59:59Z le Shipped", &[3, 4]),
    ("not (Shipped ge 2024-03-31T01:00:00Z)", &[1, 6, 7]),
    ("Shipped in (2024-06-30T22:30:00Z,2023-12-31T23:30:00Z,null)", &[5, 6, 7]),
    ("Shipped eq null", &[7]),
    ("year(Shipped) eq 2023", &[6]),
    ("month(Shipped) eq 6", &[5]),
    ("hour(Shipped) eq 23 and minute(Shipped) eq 59", &[3]),
    ("date(Shipped) eq 2024-10-26", &[3]),
    ("time(Shipped) lt 01:00:00", &[1]),
    ("totaloffsetminutes(Shipped) eq 0", &[1, 2, 3, 4, 5, 6]),
    ("totaloffsetminutes(2024-01-01T00:00:00%2B02:00) eq 120 and Id lt 2", &[1]),
    ("totaloffsetminutes(2024-01-01T00:00:00-03:30) eq Id sub 212", &[2]),
    ("Shipped lt now()", &[1, 2, 3, 4, 5, 6]),
    ("Shipped eq Plain", &[7]),
    ("Plain eq Sure and Plain ne null", &[1, 2]),
    ("Plain sub Shipped eq duration'PT1H'", &[1]),
    ("Plain sub Shipped eq duration'PT2H'", &[2]),
    ("Shipped add duration'PT1H' eq 2024-10-27T00:59:59Z", &[3]),
    ("Shipped gt mindatetime() and Shipped lt maxdatetime()", &[1, 2, 3, 4, 5, 6]),
    ("day(Day) eq 31", &[1, 2]),
    ("Change/At eq 2023-12-31T23:00:00Z", &[1]),
    ("cast(Shipped,Edm.String) eq '2024-10-27T02:00:00Z'", &[4]),
    ("cast('2024-10-27T02:00:00Z',Edm.DateTimeOffset) eq Shipped", &[4]),
];

#[test]
fn points_in_time_are_meant_in_the_time_zone_of_the_source() {
    validate(MODEL);
    let world = world(MODEL);
    let mut found = wrong(&world, ROWS);
    found.extend(wrong_conditions(&world, "Shipments", CONDITIONS));
    assert!(found.is_empty(), "{found:#?}");
    world.says(
        &world.config(),
        &[("shipments.shipped: its points in time are meant in Europe/Berlin", 3), ("plain: its points", 0)],
    );
    round_trip(&world);
}

#[test]
fn pages_deltas_and_etags_hold_over_the_change_of_clocks() {
    let world = world(&MODEL.replace("    changes:", "    etag: [shipped]\n    changes:"));
    for source in SOURCES {
        let service = world.node.service(source);
        for (query, expected) in [
            ("Shipments?$orderby=Shipped&$select=Id", &[7, 6, 1, 2, 5, 3, 4][..]),
            ("Shipments?$orderby=Shipped desc&$select=Id", &[4, 3, 5, 2, 1, 6, 7]),
            ("Shipments?$orderby=hour(Shipped),Id desc&$select=Id", &[7, 1, 2, 4, 5, 6, 3]),
            ("Visits?$orderby=When desc&$select=Id&$expand=Mark", &[2, 3, 1, 4]),
        ] {
            let url = [&service, &*encoded(query)].concat();
            let (mut link, mut ids) = (Some(url), Vec::new());
            while let Some(next) = link {
                let page = json_of(&http::get(&next, &[OLD, ("prefer", "odata.maxpagesize=1")]));
                ids.extend(page["value"].as_array().expect("rows").iter().map(|row| row["Id"].as_i64()));
                link = page["@odata.nextLink"].as_str().map(str::to_owned);
            }
            let ids: Vec<i64> = ids.into_iter().flatten().collect();
            assert_eq!(ids, expected, "{source}: {query}");
        }
        let url = [&service, &*encoded("Shipments?$select=Id,Change&$filter=Name ne 'a'")].concat();
        let (_, delta, _) = all(&url, &[NEW, ("prefer", "track-changes")]);
        change(
            &world,
            source,
            "UPDATE shipments SET name = 'c', changed = '2024-01-07 00:00:00' WHERE id = 4;
             UPDATE shipments SET changed = '2023-12-31 00:00:00' WHERE id = 5",
        );
        let (rows, _, _) = all(&delta, &[NEW]);
        let ids: Vec<Option<i64>> = rows.iter().map(|row| row["Id"].as_i64()).collect();
        // What has the mark itself is told again, if it is what was asked for.
        assert!(ids.contains(&Some(4)) && !ids.contains(&Some(5)), "{source}: {rows:?}");
        let told = rows.iter().find(|row| row["Id"] == 4).map(|row| row["Change"]["At"].clone());
        assert_eq!(told, Some(Value::from("2024-01-06T23:00:00Z")), "{source}");
        let one = [&service, "Shipments(1)"].concat();
        let etag = http::get(&one, &[]).header("etag").expect("an ETag").to_owned();
        assert_eq!(etag, "W/\"2024-03-31T00:59:59Z\"", "{source}");
        assert_eq!(http::get(&one, &[("if-none-match", &etag)]).status, 304, "{source}");
    }
}

/// Local times that are there twice or not at all, and those where a server does not know when clocks change: each database has its
/// own way.
#[test]
fn each_database_decides_on_hours_that_are_there_twice_or_not_at_all() {
    let world = world(MODEL);
    for source in SOURCES {
        change(
            &world,
            source,
            "DELETE FROM visits; DELETE FROM marks;
             INSERT INTO marks VALUES ('2024-03-31 02:30:00', 'gap'), ('2024-10-27 02:30:00', 'fold'),
                ('2050-07-01 12:00:00', 'far'), ('9999-12-31 23:59:59', 'end'), ('0001-01-01 00:00:00', 'begin')",
        );
        let mariadb = source == "mariadb";
        for (note, expected) in [
            ("gap", if mariadb { "2024-03-31T01:00:00Z" } else { "2024-03-31T01:30:00Z" }),
            ("fold", if mariadb { "2024-10-27T00:30:00Z" } else { "2024-10-27T01:30:00Z" }),
            ("far", if mariadb { "2050-07-01T11:00:00Z" } else { "2050-07-01T10:00:00Z" }),
            ("end", if source == "postgres" { "9999-12-31T22:59:59Z" } else { "9999-12-31T23:59:59Z" }),
        ] {
            let url = format!("Marks?$select=At&$filter=Note eq '{note}'");
            let body = world.ask(source, &url, &[]).body;
            assert!(body.ends_with(&format!("\"value\":[{{\"At\":\"{expected}\"}}]}}")), "{source}: {body}");
            let found = world.ask(source, &format!("Marks({expected})/Note/$value"), &[]);
            assert_eq!((found.status, &*found.body), (200, note), "{source}: {expected}");
        }
        let begin = world.ask(source, "Marks?$filter=Note eq 'begin'", &[]);
        assert_eq!(begin.status, 200, "{source}: {}", begin.body);
    }
}

#[test]
fn the_configuration_takes_precedence_and_unknown_time_zones_are_refused() {
    let world = world("settings: {timeZone: Europe/Berlin}\nentities: {shipments: {table: shipments}}");
    let with = |name: &str, setting: &str| {
        let config = world.config_with(name, "settings: {timeZone: Europe/Berlin}");
        let text = std::fs::read_to_string(&config).expect("the configuration");
        let text = text.replace("model =", &format!("time_zone = \"{setting}\"\nmodel ="));
        std::fs::write(&config, text).expect("the configuration can be written");
        config
    };
    let config = with("offset", "+01:30");
    world.says(
        &config,
        &[
            ("The configuration has `time_zone`, so that of the model file does not hold.", 3),
            ("shipments.shipped: its points in time are meant in +01:30", 3),
        ],
    );
    let node = world.node_with(&config);
    for source in SOURCES {
        for (url, expected) in [
            ("shipments(1)/shipped/$value", "2024-03-31T00:29:59Z"),
            ("shipments/$count?$filter=shipped eq 2024-06-30T23:00:00Z", "1"),
            ("marks(2024-03-31T01:30:00Z)/note/$value", "summer"),
        ] {
            let path = ["/api/odata4/", source, "/", &encoded(url)].concat();
            assert_eq!(node.get(&path, &[]).text(), expected, "{source}: {url}");
        }
    }
    let refused = run(&["check", "--config", &with("mars", "Mars")]);
    assert!(refused.code != Some(0), "{}", refused.out);
    let said = [refused.out, refused.err].concat();
    assert!(said.contains("time_zone: `Mars` is no time zone"), "{said}");
    // The server of the tests knows no more than one.
    let refused = run(&["check", "--config", &with("far", "Asia/Tokyo")]);
    assert!(refused.out.contains("MariaDB does not know the time zone Asia/Tokyo"), "{}", refused.out);
    assert!(
        refused.out.contains("1 of 3 sources cannot be served") || refused.err.contains("1 of 3 sources")
    );
}

#[test]
fn time_zones_of_what_has_none_to_be_told_are_noticed() {
    let model = "entities:\n  S: {table: shipments, properties: {Sure: {column: sure, timeZone: +01:00}, \
                 Day: {column: day, timeZone: UTC}}}";
    let world = world(model);
    let notice =
        "a time zone is told of points in time that say none themselves, and these are no such ones.";
    // SQLite tells by each value.
    world
        .says(&world.config(), &[(notice, 5), ("shipments.sure: its points in time are meant in +01:00", 1)]);
}
