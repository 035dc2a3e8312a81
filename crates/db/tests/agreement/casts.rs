//! `cast` of text: what is a literal of the type becomes a value, everything else null, the same in all databases.

use crate::ask::Asked;

/// Types, and texts with what they become as JSON.
const CASTS: &[(&str, &[(&str, &str)])] = &[
    (
        "Edm.DateTimeOffset",
        &[
            ("2024-02-29T10:20:30Z", r#""2024-02-29T10:20:30Z""#),
            ("2024-02-29T10:20Z", r#""2024-02-29T10:20:00Z""#),
            ("2024-02-29t10:20:30z", r#""2024-02-29T10:20:30Z""#),
            ("2024-02-29T10:20:30.5Z", r#""2024-02-29T10:20:30.5Z""#),
            ("2024-02-29T10:20:30.1234567Z", r#""2024-02-29T10:20:30.123456Z""#),
            ("2024-02-29T23:59:59.999999999999Z", r#""2024-02-29T23:59:59.999999Z""#),
            ("2024-02-29T10:20:30.1234567890123Z", "null"),
            ("2024-02-29T10:20:30.Z", "null"),
            ("2024-02-29T10:20.5Z", "null"),
            ("2024-02-29T10:2030Z", "null"),
            ("2024-02-29T10:20:30", "null"),
            ("2024-02-29T10:20:30+01", "null"),
            ("2024-02-29T10:20:30+0100", "null"),
            ("2024-02-29T10:20:30 +01:00", "null"),
            ("2024-02-29T10:20:30+01:00", r#""2024-02-29T09:20:30Z""#),
            ("2024-02-29T23:30:00-00:30", r#""2024-03-01T00:00:00Z""#),
            ("2024-02-29T00:00:00-00:00", r#""2024-02-29T00:00:00Z""#),
            ("2024-03-01T00:00:00.25+14:00", r#""2024-02-29T10:00:00.25Z""#),
            ("2024-02-29T23:00:00-14:00", r#""2024-03-01T13:00:00Z""#),
            ("2024-02-29T10:20:30+15:00", "null"),
            ("2024-02-29T10:20:30-01:60", "null"),
            ("2024-02-29T24:00:00Z", "null"),
            ("2024-02-29T10:60Z", "null"),
            ("2016-12-31T23:59:60Z", "null"),
            ("2024-02-29 10:20:30Z", "null"),
            (" 2024-02-29T10:20:30Z", "null"),
            ("2024-02-29T10:20:30Z ", "null"),
            ("2024-02-29T10:20:30Z\n", "null"),
            ("2024-02-29T10:20:30 Z", "null"),
            ("2024-02-29T1:20Z", "null"),
            ("2024-2-29T10:20Z", "null"),
            ("2024-02-29", "null"),
            ("2024-02-29Z", "null"),
            ("2024/02/29T10:20Z", "null"),
            ("20240229T102030Z", "null"),
            ("2023-02-29T10:20Z", "null"),
            ("1900-02-29T10:20Z", "null"),
            ("2000-02-29T10:20Z", r#""2000-02-29T10:20:00Z""#),
            ("2024-04-31T10:20Z", "null"),
            ("2024-00-10T10:20Z", "null"),
            ("2024-10-00T10:20Z", "null"),
            ("2024-13-10T10:20Z", "null"),
            ("0000-01-01T00:00Z", "null"),
            ("0000-12-31T23:00-14:00", "null"),
            ("0001-01-01T00:00Z", r#""0001-01-01T00:00:00Z""#),
            ("0001-01-01T00:00+00:01", "null"),
            ("9999-12-31T23:59:59.9999999Z", r#""9999-12-31T23:59:59.999999Z""#),
            ("9999-12-31T23:59:59-00:01", "null"),
            ("10000-01-01T00:00Z", "null"),
            ("-2024-02-29T10:20Z", "null"),
            ("+2024-02-29T10:20Z", "null"),
            ("२०२४-02-29T10:20Z", "null"),
            ("now", "null"),
            ("infinity", "null"),
            ("epoch", "null"),
            ("", "null"),
        ],
    ),
    (
        "Edm.Date",
        &[
            ("2024-02-29", r#""2024-02-29""#),
            ("2023-02-29", "null"),
            ("2024-00-10", "null"),
            ("0000-00-00", "null"),
            ("0000-01-01", "null"),
            ("0001-01-01", r#""0001-01-01""#),
            ("9999-12-31", r#""9999-12-31""#),
            ("10000-01-01", "null"),
            ("2024-02-29T00:00Z", "null"),
            ("2024-02-29x", "null"),
            ("2024-02-29\n", "null"),
            ("2024-2-29", "null"),
            ("today", "null"),
            ("", "null"),
        ],
    ),
    (
        "Edm.Guid",
        &[
            ("0F8FAD5B-D9CB-469F-A165-70867728950E", r#""0f8fad5b-d9cb-469f-a165-70867728950e""#),
            ("0f8fad5bd9cb469fa16570867728950e", "null"),
            ("{0f8fad5b-d9cb-469f-a165-70867728950e}", "null"),
            ("0f8fad5b-d9cb-469f-a165-70867728950e\n", "null"),
            ("", "null"),
        ],
    ),
    (
        "Edm.Boolean",
        &[
            ("true", "true"),
            ("False", "false"),
            ("1", "true"),
            ("0", "false"),
            ("2", "null"),
            ("yes", "null"),
            ("", "null"),
        ],
    ),
    (
        "Edm.Int32",
        &[
            ("12", "12"),
            ("+12", "12"),
            ("-12.9", "-12"),
            ("5.", "5"),
            (".5", "null"),
            ("2147483648", "null"),
            ("1e3", "null"),
            ("1\n", "null"),
            (" 1", "null"),
            ("--1", "null"),
            ("", "null"),
        ],
    ),
    (
        "Edm.Decimal",
        &[
            ("12", "12"),
            ("+12.50", "12.5"),
            ("-0.125", "-0.125"),
            ("-1.5e3", "-1500"),
            ("+25E-1", "2.5"),
            ("5.", "null"),
            (".5", "null"),
            ("1.5\n", "null"),
            ("1,5", "null"),
            ("+-1", "null"),
            ("NaN", "null"),
            ("", "null"),
        ],
    ),
    (
        "Edm.Double",
        &[
            ("12", "12.0"),
            (".5", "0.5"),
            ("5.", "5.0"),
            ("-1.5e3", "-1500.0"),
            ("1e", "null"),
            ("1e400", "null"),
            ("-1e400", "null"),
            ("1e-400", "0.0"),
            ("0x10", "null"),
            ("inf", "null"),
            ("nan", "null"),
            ("1\n", "null"),
            (".", "null"),
            ("", "null"),
        ],
    ),
    (
        "Edm.Single",
        &[
            ("0.1", "0.1"),
            ("549200.17", "549200.2"),
            ("-1.5e3", "-1500.0"),
            ("3.5e38", "null"),
            ("-1e400", "null"),
            ("1e-60", "0.0"),
            ("x", "null"),
        ],
    ),
    (
        "Edm.Duration",
        &[
            ("P1DT2H3M4.5S", r#""P1DT2H3M4.5S""#),
            ("-PT36H", r#""-P1DT12H""#),
            ("p1dt1s", r#""P1DT1S""#),
            ("PT90M", r#""PT1H30M""#),
            ("PT0S", r#""PT0S""#),
            ("-PT0S", r#""PT0S""#),
            ("PT1.1234569S", r#""PT1.123456S""#),
            ("-PT0.9999999S", r#""-PT0.999999S""#),
            ("P0009999999D", "null"),
            ("P9999999D", r#""P9999999D""#),
            ("P10000000D", "null"),
            ("PT999999999S", r#""P11574DT1H46M39S""#),
            ("PT1000000000S", "null"),
            ("P", "null"),
            ("PT", "null"),
            ("P1DT", "null"),
            ("P1Y", "null"),
            ("P1M", "null"),
            ("P1W", "null"),
            ("+PT1S", "null"),
            ("PT1S1M", "null"),
            ("PT1.S", "null"),
            ("PT1.5M", "null"),
            ("PT1S\n", "null"),
            ("1 day", "null"),
            ("01:00", "null"),
            ("", "null"),
        ],
    ),
    (
        "Edm.Binary",
        &[
            ("AP8Q", r#""AP8Q""#),
            ("_-_-", r#""_-_-""#),
            ("AA", r#""AA==""#),
            ("AA==", r#""AA==""#),
            ("AAA", r#""AAA=""#),
            ("AAA=", r#""AAA=""#),
            (
                "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                r#""AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=""#,
            ),
            ("", r#""""#),
            ("A", "null"),
            ("AA=", "null"),
            ("AAA==", "null"),
            ("AB", "null"),
            ("AAB", "null"),
            ("+/+/", "null"),
            ("AP8Q\n", "null"),
            ("====", "null"),
            ("AP 8Q", "null"),
        ],
    ),
    (
        "Edm.TimeOfDay",
        &[
            ("10:20", r#""10:20:00""#),
            ("10:20:30.5", r#""10:20:30.5""#),
            ("23:59:59.9999999", r#""23:59:59.999999""#),
            ("10:20:30.1234567890123", "null"),
            ("24:00", "null"),
            ("23:59:60", "null"),
            ("1:20", "null"),
            ("102030", "null"),
            ("10:20:30Z", "null"),
            ("10:20\n", "null"),
            ("2024-02-29T10:20Z", "null"),
            ("", "null"),
        ],
    ),
];

/// The script of the table that has the texts.
pub fn script(behind: &str) -> String {
    let mut script = format!(
        "CREATE TABLE \"Word\" (\"Id\" INTEGER NOT NULL PRIMARY KEY, \"X\" VARCHAR(120) NOT NULL){behind};\n"
    );
    let texts = CASTS.iter().flat_map(|(_, cases)| cases.iter());
    for (id, (text, _)) in texts.enumerate() {
        script += &format!("INSERT INTO \"Word\" VALUES ({id}, '{text}');\n");
    }
    script
}

/// Casts each text, in a column and as a constant; all differences.
pub fn cast(world: Asked<'_>) {
    let mut wrong = Vec::new();
    let mut id = 0;
    for (ty, cases) in CASTS {
        let url = format!(
            "Word?$compute=cast(X,{ty}) as C&$select=Id,C&$orderby=Id&$filter=Id ge {id}&$top={}",
            cases.len()
        );
        let rows = format!("[{}]", world.ask(&url));
        let rows: Vec<serde_json::Value> =
            serde_json::from_str(&rows).unwrap_or_else(|_| panic!("{url}: {rows}"));
        assert_eq!(rows.len(), cases.len(), "{url}");
        for ((text, expected), row) in cases.iter().zip(&rows) {
            let found = row["C"].to_string();
            if serde_json::from_str::<serde_json::Value>(expected).ok().as_ref() != Some(&row["C"]) {
                wrong.push(format!("{ty} of {text:?} in a column is {found}, not {expected}"));
            }
            // What is compared with null is there or not there, as in the answer.
            let constant: String = text.bytes().map(|b| format!("%{b:02X}")).collect();
            for (what, value) in [("a column", "X".to_owned()), ("a constant", format!("'{constant}'"))] {
                let url = format!("Word?$select=Id&$filter=Id eq {id} and cast({value},{ty}) eq null");
                let is_null = world.ask(&url);
                if is_null != (if *expected == "null" { format!("{{\"Id\":{id}}}") } else { String::new() }) {
                    wrong.push(format!("{ty} of {text:?} as {what} is null: {is_null}"));
                }
            }
            id += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
