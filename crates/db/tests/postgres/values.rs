//! Values of all types and at the edges of them, as JSON.

use crate::setting::Setting;

/// One column of each type; the values of a row by its number.
const TYPES: &str = "
CREATE TABLE num (id int PRIMARY KEY, i2 int2, i4 int4, i8 int8, f4 float4, f8 float8, n numeric, n2 numeric(10,2),
    m money, o oid, b bool);
INSERT INTO num VALUES
    (1, -32768, -2147483648, -9223372036854775808, 1.1, 0.1, '-12345678901234567890.000000000012345', 12.50, -1.25,
        4294967295, true),
    (2, 32767, 2147483647, 9223372036854775807, '3.4e38', '1.7e308', '1e100', -99999999.99, 92233720368547758.07, 0,
        false),
    (3, 0, 0, 0, 'NaN', '-Infinity', 'NaN', 0, 0, 1, null),
    (4, null, null, null, '-Infinity', 'Infinity', 'Infinity', null, null, null, null),
    (5, null, null, null, '1e-45', '5e-324', '-Infinity', 0.01, 0.01, null, null),
    (6, null, null, null, null, null, 0.0001, null, null, null, null);
CREATE TABLE txt (id int PRIMARY KEY, t text, v varchar(10), c char(5), n name, q \"char\", j json, jb jsonb, x xml,
    i inet, r int4range, bits varbit, tz timetz, p point);
INSERT INTO txt VALUES
    (1, E'it''s \"50%\" \\\\ /\\n\\t\\u0001', 'vär', 'ab', 'nom', 'x', '{\"a\": [1, 2]}', '{\"a\":1}', '<a/>', '10.0.0.1/24',
        '[1,5)', B'101', '12:00:00+02', '(1,2)'),
    (2, '日本語 😀', '', '', '', '', 'null', '\"s\"', 'x', '::1', 'empty', B'', '00:00:00.5-01', '(0,0)');
INSERT INTO txt (id) VALUES (3);
CREATE TABLE clock (id int PRIMARY KEY, d date, t time, ts timestamp, tz timestamptz(3), iv interval);
INSERT INTO clock VALUES
    (1, '2024-02-29', '12:34:56.5', '2024-02-29 23:59:59.25', '2024-02-29 23:59:59.2555+02', '1 day 02:03:04.5'),
    (2, 'infinity', '24:00', 'infinity', 'infinity', '-1 year -2 mons -3 days'),
    (3, '-infinity', '00:00', '-infinity', '-infinity', '0'),
    (4, '4713-01-01 BC', '23:59:59.999999', '4713-01-01 00:00:00 BC', '0001-01-01 00:00:01+00 BC', '-00:00:00.000001'),
    (5, '5874897-12-31', null, '294276-12-31 23:59:59.999999', '12345-01-01 00:00+00', '178000000 years'),
    (6, null, null, '0001-01-01', '0001-01-01', null);
CREATE TABLE bin (id uuid PRIMARY KEY, b bytea);
INSERT INTO bin VALUES ('0F8FAD5B-D9CB-469F-A165-70867728950E', '\\x00fffb'), ('1f8fad5b-d9cb-469f-a165-70867728950e', ''),
    ('2f8fad5b-d9cb-469f-a165-70867728950e', null);
";

#[test]
fn each_value_is_exact() {
    let setting = Setting::new(TYPES);
    setting.check(&[
        (
            "num(1)",
            concat!(
                r#"{"id":1,"i2":-32768,"i4":-2147483648,"i8":-9223372036854775808,"f4":1.1,"f8":0.1,"#,
                r#""n":-12345678901234567890.000000000012345,"n2":12.5,"m":-1.25,"o":4294967295,"b":true}"#
            ),
        ),
        (
            "num(2)?$select=i2,i4,i8,f4,f8,n2,m,o,b",
            concat!(
                r#"{"i2":32767,"i4":2147483647,"i8":9223372036854775807,"f4":3.4e+38,"f8":1.7e+308,"#,
                r#""n2":-99999999.99,"m":92233720368547758.07,"o":0,"b":false}"#
            ),
        ),
        ("num(3)?$select=f4,f8,n,b", r#"{"f4":"NaN","f8":"-INF","n":"NaN","b":null}"#),
        ("num(4)?$select=f4,f8,n,n2", r#"{"f4":"-INF","f8":"INF","n":"INF","n2":null}"#),
        ("num(5)?$select=f4,f8,n,n2", r#"{"f4":1e-45,"f8":5e-324,"n":"-INF","n2":0.01}"#),
        ("num(6)/n", "0.0001"),
        ("num(2)/n", &["1", &"0".repeat(100)].concat()),
        (
            "txt(1)",
            concat!(
                r#"{"id":1,"t":"it's \"50%\" \\ /\n\t\u0001","v":"vär","c":"ab","n":"nom","q":"x","#,
                r#""j":"{\"a\": [1, 2]}","jb":"{\"a\": 1}","x":"<a/>","i":"10.0.0.1/24","r":"[1,5)","#,
                r#""bits":"101","tz":"12:00:00+02","p":"(1,2)"}"#
            ),
        ),
        (
            "txt(2)",
            concat!(
                r#"{"id":2,"t":"日本語 😀","v":"","c":"","n":"","q":"","j":"null","jb":"\"s\"","x":"x","#,
                r#""i":"::1","r":"empty","bits":"","tz":"00:00:00.5-01","p":"(0,0)"}"#
            ),
        ),
        ("txt(3)?$select=t,c,j,i", r#"{"t":null,"c":null,"j":null,"i":null}"#),
        (
            "clock(1)",
            concat!(
                r#"{"id":1,"d":"2024-02-29","t":"12:34:56.5","ts":"2024-02-29T23:59:59.25Z","#,
                r#""tz":"2024-02-29T21:59:59.256Z","iv":"P1DT2H3M4.5S"}"#
            ),
        ),
        (
            "clock(2)",
            concat!(
                r#"{"id":2,"d":"9999-12-31","t":"23:59:59.999999999999","ts":"9999-12-31T23:59:59.999999999999Z","#,
                r#""tz":"9999-12-31T23:59:59.999999999999Z","iv":"-P423D"}"#
            ),
        ),
        (
            "clock(3)",
            concat!(
                r#"{"id":3,"d":"0001-01-01","t":"00:00:00","ts":"0001-01-01T00:00:00Z","#,
                r#""tz":"0001-01-01T00:00:00Z","iv":"PT0S"}"#
            ),
        ),
        (
            "clock(4)",
            concat!(
                r#"{"id":4,"d":"-4712-01-01","t":"23:59:59.999999","ts":"-4712-01-01T00:00:00Z","#,
                r#""tz":"0000-01-01T00:00:01Z","iv":"-PT0.000001S"}"#
            ),
        ),
        (
            "clock(5)",
            concat!(
                r#"{"id":5,"d":"5874897-12-31","t":null,"ts":"294276-12-31T23:59:59.999999Z","#,
                r#""tz":"12345-01-01T00:00:00Z","iv":"P64080000000D"}"#
            ),
        ),
        (
            "bin",
            concat!(
                r#"{"id":"0f8fad5b-d9cb-469f-a165-70867728950e","b":"AP_7"},"#,
                r#"{"id":"1f8fad5b-d9cb-469f-a165-70867728950e","b":""},"#,
                r#"{"id":"2f8fad5b-d9cb-469f-a165-70867728950e","b":null}"#
            ),
        ),
    ]);
}

/// What is asked of values, and the identifiers of the rows that are found.
#[test]
fn each_value_is_found() {
    let setting = Setting::new(TYPES);
    for (url, expected) in [
        ("txt?$filter=i eq '::1'", "2"),
        ("txt?$filter=i eq '10.0.0.1/24'", "1"),
        ("txt?$filter=startswith(i,'10.')", "1"),
        ("txt?$orderby=i desc", "2,1,3"),
        // Finer than the server counts: nothing is equal, and the order is that of the values.
        ("clock?$filter=t eq 12:34:56.5000001", ""),
        ("clock?$filter=t ne 12:34:56.5000001", "1,2,3,4,5,6"),
        ("clock?$filter=t ge 12:34:56.4999999&$orderby=id", "1,2,4"),
        ("clock?$filter=t ge 12:34:56.5000001&$orderby=id", "2,4"),
        ("clock?$filter=t lt 12:34:56.5000001&$orderby=id", "1,3"),
        ("clock?$filter=12:34:56.5000001 gt t&$orderby=id", "1,3"),
        ("clock?$filter=not (12:34:56.5000001 gt t)&$orderby=id", "2,4,5,6"),
        ("clock?$filter=t in (12:34:56.5000001,00:00:00)", "3"),
        ("clock?$filter=t eq 23:59:59.999999", "4"),
        ("clock?$filter=t eq 23:59:59.999999999999", "2"),
        ("clock?$filter=t gt 23:59:59.999999", "2"),
        ("clock?$filter=ts eq 2024-02-29T23:59:59.2500001Z", ""),
        ("clock?$filter=ts gt 2024-02-29T23:59:59.2499999Z&$orderby=id", "1,2,5"),
        ("clock?$filter=ts ge 2024-02-29T23:59:59.2500001Z&$orderby=id", "2,5"),
        ("clock?$filter=ts eq maxdatetime()", "2"),
        ("clock?$filter=ts eq mindatetime()", "3,6"),
        ("clock?$filter=tz in (0001-01-01T00:00:00Z)", "3,6"),
        ("clock?$filter=mindatetime() lt ts", "1,2,5"),
        ("clock?$filter=0001-01-01T00:00:00Z ge tz", "3,4,6"),
        ("clock?$filter=iv ge duration'PT0.0000005S'&$orderby=id", "1,5"),
        ("clock?$filter=iv le duration'-PT0.0000005S'&$orderby=id", "2,4"),
        ("clock?$filter=iv lt duration'-PT0.0000015S'&$orderby=id", "2"),
        ("clock?$filter=iv gt duration'P99999999D'", "5"),
        ("clock?$filter=iv eq duration'P64080000000D'", "5"),
        ("clock?$filter=iv lt duration'-P99999999D'", ""),
    ] {
        let found = setting.served.ask(&format!("{url}&$select=id"));
        let ids: Vec<&str> =
            found.split(['{', '}', ',']).filter_map(|part| part.strip_prefix("\"id\":")).collect();
        assert_eq!(ids.join(","), expected, "{url}: {found}");
    }
}
