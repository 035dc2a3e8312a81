//! Values of every type, to their ends.

use crate::world::World;

/// A type, values of it as the server is given them, and how they are served.
type Row = (&'static str, &'static [(&'static str, &'static str)]);

const TYPES: &[Row] = &[
    ("TINYINT", &[("-128", "-128"), ("127", "127"), ("NULL", "null")]),
    ("TINYINT UNSIGNED", &[("0", "0"), ("255", "255")]),
    ("TINYINT(1)", &[("0", "false"), ("1", "true"), ("-128", "true"), ("NULL", "null")]),
    ("TINYINT(1) UNSIGNED", &[("255", "255")]),
    ("SMALLINT", &[("-32768", "-32768"), ("32767", "32767")]),
    ("SMALLINT UNSIGNED", &[("65535", "65535")]),
    ("MEDIUMINT", &[("-8388608", "-8388608"), ("8388607", "8388607")]),
    ("MEDIUMINT UNSIGNED", &[("16777215", "16777215")]),
    ("INT", &[("-2147483648", "-2147483648"), ("2147483647", "2147483647")]),
    ("INT UNSIGNED", &[("4294967295", "4294967295")]),
    ("INT(8) ZEROFILL", &[("42", "42")]),
    (
        "BIGINT",
        &[("-9223372036854775808", "-9223372036854775808"), ("9223372036854775807", "9223372036854775807")],
    ),
    ("BIGINT UNSIGNED", &[("18446744073709551615", "18446744073709551615"), ("0", "0")]),
    ("BIT(1)", &[("b'0'", "false"), ("b'1'", "true")]),
    ("BIT(5)", &[("b'0'", "0"), ("b'10101'", "21")]),
    ("BIT(63)", &[("0x7fffffffffffffff", "9223372036854775807")]),
    ("BIT(64)", &[("0xffffffffffffffff", "18446744073709551615"), ("0", "0")]),
    ("FLOAT", &[("0.1", "0.1"), ("-3.4e38", "-3.4e+38"), ("1", "1.0")]),
    ("DOUBLE", &[("0.1", "0.1"), ("-1.7e308", "-1.7e+308"), ("5e-324", "5e-324")]),
    ("DECIMAL(10,2)", &[("-12345678.9", "-12345678.9"), ("0", "0")]),
    ("DECIMAL(5,2) ZEROFILL", &[("1.5", "1.5"), ("0.25", "0.25")]),
    ("DECIMAL(6) ZEROFILL", &[("0", "0"), ("12", "12")]),
    (
        "DECIMAL(65,30)",
        &[(
            "12345678901234567890123456789012345.123456789012345678901234567891",
            "12345678901234567890123456789012345.123456789012345678901234567891",
        )],
    ),
    ("CHAR(5)", &[("'ab'", "\"ab\""), ("''", "\"\"")]),
    ("VARCHAR(20)", &[("'Grüße 😀'", "\"Grüße 😀\""), ("'a  '", "\"a  \"")]),
    ("VARCHAR(20) CHARACTER SET latin1", &[("'Grüße'", "\"Grüße\"")]),
    ("VARCHAR(20) CHARACTER SET utf16", &[("'Grüße 😀'", "\"Grüße 😀\"")]),
    ("TINYTEXT", &[("'x'", "\"x\"")]),
    ("LONGTEXT", &[("'x\"\\\\y'", "\"x\\\"\\\\y\"")]),
    ("BINARY(3)", &[("0x00ff", "\"AP8A\"")]),
    ("VARBINARY(3)", &[("0x00ff", "\"AP8=\""), ("''", "\"\"")]),
    ("BLOB", &[("0x00ff10", "\"AP8Q\"")]),
    ("YEAR", &[("1901", "1901"), ("2155", "2155"), ("0", "0")]),
    ("DATE", &[("'0001-01-01'", "\"0001-01-01\""), ("'9999-12-31'", "\"9999-12-31\"")]),
    ("DATE", &[("'0000-00-00'", "null"), ("'2024-00-10'", "null"), ("NULL", "null")]),
    ("DATETIME", &[("'1000-01-01 00:00:00'", "\"1000-01-01T00:00:00Z\""), ("'0000-00-00 00:00:00'", "null")]),
    ("DATETIME(3)", &[("'2024-02-29 23:59:59.25'", "\"2024-02-29T23:59:59.25Z\"")]),
    ("DATETIME(6)", &[("'9999-12-31 23:59:59.000001'", "\"9999-12-31T23:59:59.000001Z\"")]),
    ("TIMESTAMP NULL", &[("'2024-02-29 12:00:00'", "\"2024-02-29T12:00:00Z\""), ("NULL", "null")]),
    (
        "TIME",
        &[
            ("'838:59:59'", "\"P34DT22H59M59S\""),
            ("'-838:59:59'", "\"-P34DT22H59M59S\""),
            ("'00:00:00'", "\"PT0S\""),
            ("'24:00:00'", "\"P1D\""),
        ],
    ),
    ("TIME(6)", &[("'-00:00:00.5'", "\"-PT0.5S\""), ("'01:00:00.000001'", "\"PT1H0.000001S\"")]),
    ("JSON", &[("'{\"a\": 1}'", "\"{\\\"a\\\": 1}\"")]),
    ("ENUM('red','green')", &[("'green'", "\"green\""), ("NULL", "null"), ("''", "null")]),
    ("ENUM('red','dark green')", &[("'dark green'", "\"dark green\"")]),
    ("ENUM('','x')", &[("''", "\"\""), ("'x'", "\"x\"")]),
    ("SET('a','b','c')", &[("'c,a'", "\"a,c\""), ("''", "\"0\"")]),
    ("SET('a b','c')", &[("'c,a b'", "\"a b,c\""), ("''", "\"\"")]),
    ("UUID", &[("'6BA7B810-9dad-11d1-80b4-00c04fd430c8'", "\"6ba7b810-9dad-11d1-80b4-00c04fd430c8\"")]),
    ("INET6", &[("'2001:DB8::1'", "\"2001:db8::1\"")]),
];

#[test]
fn values_come_as_they_are() {
    let mut script = "SET sql_mode = '';".to_owned();
    for (i, (declared, values)) in TYPES.iter().enumerate() {
        script += &format!("CREATE TABLE t{i} (id INT PRIMARY KEY, v {declared});\n");
        for (id, (value, _)) in values.iter().enumerate() {
            script += &format!("INSERT INTO t{i} VALUES ({id}, {value});\n");
        }
    }
    let world = World::new(&script);
    let mut wrong = Vec::new();
    for (i, (declared, values)) in TYPES.iter().enumerate() {
        let expected: Vec<String> = values.iter().map(|(_, served)| format!("{{\"v\":{served}}}")).collect();
        for (query, rows) in [
            ("?$select=v", expected.join(",")),
            ("?$select=v&$count=true", expected.join(",")),
            ("(0)?$select=v", expected[0].clone()),
        ] {
            let found = world.ask(&format!("t{i}{query}"));
            if found != rows {
                wrong.push(format!("{declared}{query}: {found}, not {rows}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
