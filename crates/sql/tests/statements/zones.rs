//! Points in time that say no time zone: statements that convert them, and those of a source in UTC, which do not.

use nextlink_odata::model::PrimitiveType;
use nextlink_sql::catalog::{Catalog, NativeType};
use nextlink_sql::dialect::{Dialect, MARIADB, Postgres, Sqlite};
use nextlink_sql::mapping::{ModelOptions, build};
use nextlink_sql::shape::Shape;
use nextlink_sql::zone::Zone;

use super::outcome;
use super::shop::{Kind, on, table};

/// What becomes of a URL on a database, where the file says of the table `Things` what stands in `properties`.
fn statement(dialect: &dyn Dialect, kind: Kind, zone: Option<&str>, properties: &str, url: &str) -> String {
    let columns = ["At DateTimeOffset text local", "Id Int32", "Sure DateTimeOffset? text"];
    let mut things = table("Things", &columns, &[0], &[]);
    if kind != Kind::Sqlite {
        things.columns.iter_mut().for_each(|column| on(kind, column));
    }
    if let NativeType::Named { name, .. } = &mut things.columns[0].native {
        *name = "timestamp".to_owned();
    }
    let shape = Shape::parse(&format!("entities: {{Things: {{properties: {{{properties}}}}}}}"));
    let time_zone = zone.map(|zone| Zone::parse(zone).expect(zone));
    let options = ModelOptions { shape: shape.expect("a model file"), time_zone, ..ModelOptions::default() };
    let catalog = Catalog { tables: vec![things], ..Catalog::default() };
    let (mapping, notices) = build(&catalog, &options);
    assert_eq!(notices, []);
    assert_eq!(mapping.tables[0].columns[0].primitive, PrimitiveType::DateTimeOffset);
    outcome(&mapping, dialect, url)
}

const ALL: [(&dyn Dialect, Kind); 3] =
    [(&Sqlite, Kind::Sqlite), (&Postgres, Kind::Postgres), (&MARIADB, Kind::MySql)];

#[test]
fn columns_are_read_in_utc() {
    let cases: [(&str, [&[&str]; 3]); 5] = [
        (
            "Things?$select=At,Sure",
            [
                &[
                    "SELECT nl_utc(t0.\"At\", 'Europe/Berlin'), t0.\"Sure\" FROM",
                    "ORDER BY nl_instant(t0.\"At\")",
                ],
                &["SELECT timezone('Europe/Berlin', t0.\"At\"), t0.\"Sure\" FROM", "ORDER BY t0.\"At\"\n"],
                &["CONVERT_TZ(t0.`At`, 'Europe/Berlin', '+00:00')", ", t0.`Sure` FROM", "ORDER BY t0.`At`\n"],
            ],
        ),
        (
            "Things?$filter=At gt 2024-03-31T01:30:00%2B01:00&$orderby=At desc",
            [
                &[
                    "WHERE (nl_instant(nl_utc(t0.\"At\", 'Europe/Berlin')) > ?1)",
                    "ORDER BY nl_instant(nl_utc(t0.\"At\", 'Europe/Berlin')) DESC, nl_instant(t0.\"At\")",
                    "2024-03-31T00:30:00",
                ],
                &[
                    "WHERE ((t0.\"At\" >= $1::timestamptz) AND (timezone('Europe/Berlin', t0.\"At\") > $2::timestamptz))",
                    "ORDER BY timezone('Europe/Berlin', t0.\"At\") DESC, t0.\"At\"",
                    "2024-03-29T22:30:00 | 2024-03-31T00:30:00",
                ],
                &[
                    "WHERE ((t0.`At` >= ?) AND (CASE WHEN",
                    " END > ?))",
                    "2024-03-29T22:30:00 | 2024-03-31T00:30:00",
                ],
            ],
        ),
        (
            "Things(2024-01-01T00:00:00Z)",
            [
                &["WHERE (nl_instant(nl_utc(t0.\"At\", 'Europe/Berlin')) = ?1)"],
                &[
                    "WHERE ((t0.\"At\" >= $1::timestamptz) AND (t0.\"At\" <= $2::timestamptz)) AND (timezone('Europe/Berlin', t0.\"At\") = $3::timestamptz)",
                ],
                &["WHERE ((t0.`At` >= ?) AND (t0.`At` <= ?)) AND (CASE WHEN"],
            ],
        ),
        (
            "Things?$apply=groupby((At),aggregate(Id with max as Most))",
            [
                &["SELECT nl_instant(nl_utc(t0.\"At\", 'Europe/Berlin')), MAX("],
                &["SELECT timezone('Europe/Berlin', t0.\"At\"), MAX("],
                &["THEN CONVERT_TZ(t0.`At`, 'Europe/Berlin', '+00:00') WHEN"],
            ],
        ),
        (
            "Things?$filter=hour(At) eq 23 and not (At le 0001-01-01T00:00:00Z)",
            [
                &["(nl_hour(nl_utc(t0.\"At\", 'Europe/Berlin')) = ?1)"],
                &["timezone('Europe/Berlin', t0.\"At\")"],
                &["HOUR(CASE WHEN ((t0.`At` >= CAST('1970-01-02' AS DATETIME))"],
            ],
        ),
    ];
    for (url, expected) in cases {
        for ((dialect, kind), parts) in ALL.into_iter().zip(expected) {
            let found = statement(dialect, kind, Some("Europe/Berlin"), "", url);
            for part in parts {
                assert!(found.contains(part), "{}: {url}: {found}\n{part}", dialect.name());
            }
            let told = statement(dialect, kind, None, "At: {timeZone: europe/berlin}", url);
            assert_eq!(told, found, "what is told of the property is the same");
        }
    }
}

#[test]
fn offsets_need_no_rules() {
    for ((dialect, kind), parts) in ALL.into_iter().zip([
        ["nl_utc(t0.\"At\", -210)", "nl_utc(t0.\"At\", 120)"],
        [
            "timezone(make_interval(0, 0, 0, 0, 0, -210), t0.\"At\")",
            "timezone(make_interval(0, 0, 0, 0, 0, 120), t0.\"At\")",
        ],
        ["THEN TIMESTAMPADD(MINUTE, 210, t0.`At`) WHEN", "THEN TIMESTAMPADD(MINUTE, -120, t0.`At`) WHEN"],
    ]) {
        for (zone, part) in ["-03:30", "+02:00"].into_iter().zip(parts) {
            let found = statement(dialect, kind, Some(zone), "", "Things");
            assert!(found.contains(part), "{}: {found}\n{part}", dialect.name());
            assert!(!found.contains("CONVERT_TZ"), "{found}");
        }
    }
}

#[test]
fn utc_changes_nothing() {
    for (dialect, kind) in ALL {
        for url in [
            "Things?$filter=At gt 2024-01-01T00:00:00Z",
            "Things?$apply=groupby((At))",
            "Things(2024-01-01T00:00:00Z)",
        ] {
            let plain = statement(dialect, kind, None, "", url);
            for (zone, told) in [
                (Some("UTC"), ""),
                (Some("Europe/Berlin"), "At: {timeZone: +00:00}"),
                (None, "At: {timeZone: UTC}"),
            ] {
                assert_eq!(statement(dialect, kind, zone, told, url), plain, "{zone:?} {told}");
            }
        }
    }
}
