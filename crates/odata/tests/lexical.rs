//! The lexical rules of primitive values, at their edges.

use nextlink_odata::lexical::{
    Malformed, binary, date, date_time_offset, decimal, duration, enumeration, geo, guid, identifier,
    integer, primitive, time_of_day,
};

/// The offset of the fault, or none.
fn at(result: Result<(), Malformed>) -> Option<usize> {
    result.err().map(|error| error.at)
}

/// A rule, its name, and values with the offset of their fault.
type Rows<'a> = (&'static str, fn(&str) -> Result<(), Malformed>, &'a [(&'static str, Option<usize>)]);

/// Every rule with its rows.
const RULES: &[Rows<'static>] = &[
    (
        "date",
        date,
        &[
            ("2024-02-30", None),
            ("-0001-12-31", None),
            ("10000-01-01", None),
            ("02024-01-01", Some(4)),
            ("2024-00-01", Some(6)),
            ("2024-13-01", Some(6)),
            ("2024-01-32", Some(9)),
            ("2024-1-1", Some(6)),
            ("224-01-01", Some(3)),
            ("2024-01-01Z", Some(10)),
            ("", Some(0)),
        ],
    ),
    (
        "time_of_day",
        time_of_day,
        &[
            ("00:00", None),
            ("23:59:60.123456789012", None),
            ("23:59:60.1234567890123", Some(21)),
            ("23:59:61", Some(7)),
            ("23:60", Some(3)),
            ("24:00", Some(1)),
            ("1:00", Some(1)),
            ("12:30:", Some(6)),
            ("12:30:15.", Some(9)),
        ],
    ),
    (
        "date_time_offset",
        date_time_offset,
        &[
            ("2024-01-01T00:00Z", None),
            ("2024-01-01t00:00:00.5-23:59", None),
            ("2024-01-01T00:00", Some(16)),
            ("2024-01-01 00:00Z", Some(10)),
            ("2024-01-01T00:00+1:00", Some(18)),
        ],
    ),
    (
        "duration",
        duration,
        &[
            ("P", None),
            ("PT", None),
            ("-P1DT1H1M1.5S", None),
            ("PT1.5H", Some(5)),
            ("PT1M1H", Some(5)),
            ("P1H", Some(2)),
            ("1D", Some(0)),
            ("PT1", Some(3)),
        ],
    ),
    (
        "guid",
        guid,
        &[
            ("01234567-89ab-CDEF-0123-456789abcdef", None),
            ("01234567-89ab-CDEF-0123-456789abcde", Some(35)),
            ("01234567-89ab-CDEF-0123-456789abcdef0", Some(36)),
            ("{1234567-89ab-CDEF-0123-456789abcdef", Some(0)),
        ],
    ),
    (
        "decimal",
        decimal,
        &[
            ("+1.5e-3", None),
            ("-INF", None),
            ("+INF", Some(1)),
            ("NaN", None),
            ("nan", Some(0)),
            ("1.", Some(2)),
            (".5", Some(0)),
            ("1e", Some(2)),
            ("1 ", Some(1)),
            ("0x1", Some(1)),
        ],
    ),
    (
        "int16",
        |text| integer(text, 5),
        &[("-12345", None), ("123456", Some(5)), ("1.0", Some(1)), ("-", Some(1))],
    ),
    (
        "binary",
        binary,
        &[
            ("", None),
            ("Zg", None),
            ("Zg==", None),
            ("Zg=", Some(3)),
            ("Zh", Some(1)),
            ("Z", Some(1)),
            ("Zm9v=", Some(4)),
            ("a+b/", Some(1)),
        ],
    ),
    (
        "enumeration",
        enumeration,
        &[("Red,-1,_x", None), ("Red,", Some(4)), ("", Some(0)), ("Red Blue", Some(3))],
    ),
    (
        "identifier",
        identifier,
        &[("_a1", None), ("Ärger", None), ("1a", Some(0)), ("a-b", Some(1)), ("", Some(0))],
    ),
    (
        "geo",
        geo,
        &[
            ("SRID=0;Point(1 2 3 4)", None),
            ("SRID=0;point(1 2)", None),
            ("SRID=0;Point(1 2 3 4 5)", Some(20)),
            ("SRID=123456;Point(1 2)", Some(10)),
            ("SRID=0;Circle(1 2)", Some(7)),
            ("SRID=0;LineString(1 2)", Some(21)),
            ("SRID=0;Polygon((1 1,2 2,1 1))", None),
            ("SRID=0;MultiPoint()", None),
            ("SRID=0;GeometryCollection(Point(1 2),MultiPoint((1 2)))", None),
            ("Point(1 2)", Some(0)),
        ],
    ),
    ("primitive", primitive, &[("Yellow", None), ("P1D", None), ("a b", Some(1))]),
];

#[test]
fn values_and_their_faults() {
    for &(name, rule, rows) in RULES {
        for (text, wanted) in rows {
            assert_eq!(at(rule(text)), *wanted, "{name} of {text:?}: {:?}", rule(text));
        }
    }
}

#[test]
fn collections_of_geometries_nest_only_so_deep() {
    for (depth, fits) in [(16, true), (17, false), (10_000, false)] {
        let text = format!("SRID=0;{}Point(1 2){}", "GeometryCollection(".repeat(depth), ")".repeat(depth));
        assert_eq!(geo(&text).is_ok(), fits, "{depth} levels");
    }
}
