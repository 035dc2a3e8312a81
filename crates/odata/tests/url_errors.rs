//! What the URL parser refuses, where it says so, and every limit at its edge.

use nextlink_odata::url::{ParseErrorKind, ParseOptions, parse, parse_with};

/// URLs, the offset of their fault, and words of the message.
const FAULTS: &[(&str, u32, &str)] = &[
    // Escapes
    ("Set('%zz')", 5, "expected two hexadecimal digits after %, found \"%zz\""),
    ("Set('a%2", 6, "expected two hexadecimal digits after %"),
    ("Set?$filter=a eq '%FF'", 18, "the percent-encoded bytes are not UTF-8"),
    ("Set?$filter=a eq '%20%C3'", 21, "the percent-encoded bytes are not UTF-8"),
    ("Set#a", 3, "a # starts a fragment"),
    // Offsets are those of the raw text
    (
        "Set?$filter=%20%20a%20eq%20%27x%27%20%20b",
        40,
        "expected an operator or the end of the query option, found 'b'",
    ),
    ("Set?%24filter=%20a%20eq", 21, "expected an operator or the end of the query option, found 'eq'"),
    ("Set?$select=%C3%A4%20b", 21, "found 'b'"),
    // Paths
    ("Set//x", 4, "a path segment is empty"),
    (".Set", 0, "expected the name of an entity set"),
    ("N.Set", 1, "'N.Set' cannot be a name here"),
    (
        "Order%20Details(1)",
        5,
        "'Order Details' cannot be a name here: names have letters, digits and underscores. Did you mean 'Order_Details'?",
    ),
    ("Order%20Details(1", 5, "expected the end of the path segment, found a space"),
    ("Set('a/b')", 6, "expected ' to end the string that starts at offset 4"),
    ("Set(a)", 5, "expected a literal, an alias or name=value, found the name 'a'"),
    ("Set(1", 5, "expected , or ), found the end"),
    ("Set(1)x", 6, "expected the end of the path segment"),
    ("Set(1;2)", 5, "expected , or ), found ';'"),
    ("Set/$count/x", 10, "nothing can follow $count"),
    ("Set/$metadata", 4, "$metadata can only start a path"),
    ("$count", 0, "$count cannot start a path"),
    ("$Metadata", 0, "there is no path segment $Metadata"),
    ("Set/$filter(a eq)", 14, "expected ) or an operator"),
    // Options
    ("Set?$foo=1", 4, "there is no query option $foo"),
    ("Set?$fliter=a", 4, "there is no query option $fliter. Did you mean '$filter'?"),
    ("Set?$top", 8, "expected = and a value"),
    ("Set?$top=", 9, "expected a whole number from 0, found the end"),
    ("Set?$top=-1", 9, "expected a whole number from 0, found '-'"),
    ("Set?$top=1x", 10, "found 'x'"),
    ("Set?$top=99999999999999999999", 9, "a number beyond 64 bits"),
    ("Set?$top=1&TOP=2", 11, "$top is given twice"),
    ("Set?@a=1&@a=2", 9, "the parameter alias @a is given twice"),
    ("Set?$levels=1", 4, "$levels is not allowed here"),
    ("Set?$count=1", 11, "expected true or false"),
    ("Set?$filter=", 12, "expected an expression, found the end"),
    ("$metadata?$top=1", 10, "$top is not allowed here"),
    ("$entity", 7, "$entity needs the query option $id"),
    ("Set?$expand=A($foo=1)", 14, "there is no query option $foo"),
    ("Set?$expand=A(x=1)", 14, "x is no system query option"),
    ("Set?$expand=A($top=1,$skip=1)", 20, "expected ; or ), found ','"),
    ("Set?$expand=A($top=1;$top=1)", 21, "$top is given twice"),
    ("Set?$expand=A/$count($top=1)", 21, "$top is not allowed here"),
    ("Set?$expand=A()", 14, "expected a query option"),
    ("Set?$expand=A,", 14, "expected a navigation property"),
    ("Set?$select=A($expand=B)", 14, "$expand is not allowed here"),
    ("Set?$select=", 12, "expected a property or *"),
    ("Set?$orderby=a up", 15, "expected an operator or the end of the query option, found 'up'"),
    ("Set?$compute=a add 1", 20, "expected an operator, or as and a name"),
    ("Set?$search=a;b", 13, "found ';'"),
    ("Set?$search=(a", 14, "expected ) or another word"),
    // Expressions
    ("Set?$filter=a eq \"x\"", 17, "text stands in single quotes"),
    ("Set?$filter=a eq 'x", 19, "expected ' to end the string that starts at offset 17"),
    ("Set?$filter=a eq", 14, "found 'eq'"),
    ("Set?$filter=a eq ", 17, "expected an expression, found the end"),
    ("Set?$filter=(a", 14, "expected ) or an operator"),
    ("Set?$filter=a))", 13, "expected an operator or the end of the query option, found ')'"),
    ("Set?$filter=a = 1", 14, "found '='"),
    ("Set?$filter=contains(a)", 22, "expected , and another argument, found ')'"),
    ("Set?$filter=length(a,b)", 20, "expected ), found ','"),
    ("Set?$filter=contain(a,'x')", 12, "there is no function 'contain'. Did you mean 'contains'?"),
    ("Set?$filter=not%20startwith(a,'x')", 18, "Did you mean 'startswith'?"),
    ("Set?$filter=elsewhere(a)", 12, "there is no function 'elsewhere'."),
    ("Set?$filter=now(1)", 16, "expected ), found '1'"),
    ("Set?$filter=cast(a)x", 19, "found 'x'"),
    ("Set?$filter=cast(a,1)", 19, "expected the name of a type"),
    ("Set?$filter=cast(a,'x y')", 21, "expected the quote behind the name of a type"),
    ("Set?$filter=cast(a,'1')", 20, "expected the name of a type"),
    ("Set?$filter=case(a)", 18, "expected : and the value"),
    ("Set?$filter=any(a:a)", 15, "expected a collection and /"),
    ("Set?$filter=A/any(a eq 1)", 20, "expected : after the lambda variable"),
    ("Set?$filter=a in (b,c)", 19, "as only a list of literals can have more items"),
    ("Set?$filter=$foo eq 1", 12, "with $ start $it, $this, $these and $root"),
    ("Set?$filter=N.F", 15, "expected ( or / after the name of a function or type"),
    ("Set?$filter=Color'Red'", 12, "'Color' is no prefix of a literal"),
    ("Set?$filter=a eq 2024-13-01", 23, "a month from 01 to 12"),
    ("Set?$filter=a eq 24:00", 18, "an hour from 00 to 23"),
    ("Set?$filter=a eq 2024-01-01T00:00", 33, "Z or an offset"),
    ("Set?$filter=a eq 01234567-89ab-cdef-0123-45678", 46, "a GUID of 8-4-4-4-12"),
    ("Set?$filter=a eq duration'P1Y'", 28, "D, as days are the longest unit"),
    ("Set?$filter=a eq binary'A'", 25, "another base64url character"),
    ("Set?$filter=a eq 5abc", 18, "found 'abc'"),
    ("Set?@a=[1,]", 10, "expected an expression"),
    ("Set?@a={a:1}", 8, "a string in double quotes"),
    ("Set?@a=\"\\ud83d\"", 9, "half a surrogate pair"),
    // $apply
    ("Set?$apply=nothing(1)", 11, "expected a transformation"),
    ("Set?$apply=aggregate(a with total as b)", 28, "expected sum, min, max"),
    ("Set?$apply=concat(identity)", 26, ", and more transformations"),
    ("Set?$apply=rollup(a)", 11, "expected a transformation"),
];

#[test]
fn faults_and_their_offsets() {
    for &(input, at, message) in FAULTS {
        let error = parse(input).map(|url| format!("{url:?}")).expect_err(input);
        assert_eq!(error.at, at, "{input}: {error}");
        assert!(error.message.contains(message), "{input}: {error}");
    }
}

/// A limit; a start, what is repeated, the middle, what is repeated again; and how often this fits.
type Edge = (&'static str, &'static str, &'static str, &'static str, &'static str, usize);

/// What passes a limit of 10, or of 200 bytes.
const EDGES: &[Edge] = &[
    ("max_url_bytes", "S?x=", "y", "", "", 196),
    ("max_depth", "S?$filter=", "(", "a", ")", 9),
    ("max_depth", "S?$filter=", "not ", "a", "", 9),
    ("max_depth", "S?$filter=", "-", "a", "", 9),
    ("max_depth", "S?$filter=", "tolower(", "a", ")", 9),
    ("max_depth", "S?$filter=", "A/any(a:", "a", ")", 9),
    ("max_depth", "S?$filter=", "A/$filter(", "a", ")", 9),
    ("max_depth", "S?$filter=", "N.F(p=", "a", ")", 9),
    ("max_depth", "S?$filter=", "[", "a", "]", 9),
    ("max_depth", "S?@a=", "{\"a\":", "a", "}", 9),
    ("max_depth", "S?$filter=a", " add b", "", "", 11),
    ("max_depth", "S?$filter=a", " has b", "", "", 11),
    ("max_depth", "S?$expand=A", "($expand=B", "", ")", 10),
    ("max_depth", "S?$select=A", "($select=B", "", ")", 10),
    ("max_depth", "S?$search=", "(", "a", ")", 9),
    ("max_depth", "S?$search=", "NOT ", "a", "", 9),
    ("max_depth", "S?$apply=", "groupby((a),", "identity", ")", 9),
    ("max_list", "S?$filter=a", " or b", "", "", 9),
    ("max_list", "S?$filter=a in (0", ",1", ")", "", 9),
    ("max_list", "S?$filter=case(a:b", ",a:b", ")", "", 4),
    ("max_list", "S?$select=A", ",B", "", "", 9),
    ("max_list", "S?$select=A", "/B", "", "", 9),
    ("max_list", "S?$expand=A", ",B", "", "", 9),
    ("max_list", "S?$expand=A", "/B", "", "", 9),
    ("max_list", "S?$orderby=A", ",B", "", "", 9),
    ("max_list", "S?$search=A", " B", "", "", 9),
    ("max_list", "S?$search=A", " OR B", "", "", 9),
    ("max_list", "S?$filter=a", "/b", "", "", 9),
    ("max_list", "S?x", "&x", "", "", 9),
    ("max_list", "S", "/x", "", "", 9),
    ("max_list", "S(a=1", ",b=1", ")", "", 9),
    ("max_list", "S?@a=[1", ",1", "]", "", 9),
    ("max_list", "S?$apply=identity", "/identity", "", "", 9),
    ("max_list", "S?$apply=groupby((a", ",b", "))", "", 9),
];

#[test]
fn limits_hold_at_their_edge() {
    let limits = ParseOptions { max_depth: 10, max_list: 10, max_url_bytes: 200, ..ParseOptions::default() };
    for &(name, start, item, middle, end, most) in EDGES {
        let url = |count: usize| format!("{start}{}{middle}{}", item.repeat(count), end.repeat(count));
        let fits = parse_with(&url(most), &limits).map(drop);
        assert_eq!(fits, Ok(()), "{}", url(most));
        let passes = parse_with(&url(most + 1), &limits).map(drop).map_err(|error| error.kind);
        assert_eq!(passes, Err(ParseErrorKind::Limit(name)), "{}", url(most + 1));
    }
}

/// They become one condition, which leans to the left.
#[test]
fn conditions_one_behind_the_other_are_a_chain() {
    let limits = ParseOptions { max_depth: 10, ..ParseOptions::default() };
    let found = |count: usize| {
        let url = format!("S?$filter=A{}/any()", "/$filter(a)".repeat(count));
        parse_with(&url, &limits).map(drop).map_err(|error| error.kind)
    };
    assert_eq!(found(10), Ok(()));
    assert_eq!(found(11), Err(ParseErrorKind::Limit("max_depth")));
}

#[test]
fn the_deepest_url_does_not_exhaust_the_stack() {
    for &(name, start, item, middle, end, _) in EDGES.iter().filter(|edge| edge.0 == "max_depth") {
        for count in [63, 20_000 / item.len()] {
            let url = format!("{start}{}{middle}{}", item.repeat(count), end.repeat(count));
            let found = parse(&url).map(|url| format!("{url:?}").len()).map_err(|error| error.kind);
            let limit = Err(ParseErrorKind::Limit(name));
            assert!(found == limit || (count == 63 && found.is_ok()), "{item} {count} times: {found:?}");
        }
    }
    let long = format!("S?$filter=a eq 1{}", " or a eq 1".repeat(6_000));
    assert!(parse(&long).is_ok(), "6,000 operands of or");
}

#[test]
fn no_cut_or_changed_url_panics() {
    let urls = [
        "Customers('O''Neil')/N.Orders(a=1,b=@b)(2)?$filter=A/any(a:a/b in (1,'x') and case(c:10:30) eq -1)",
        "S?$expand=A/$count($search=\"a b\" NOT c),B($levels=max;$filter=x eq 2024-02-29T12:30:00.5%2B01:00)",
        "S?$apply=groupby((rollup(a/b,c)),aggregate(d with sum from e with max as f))/topcount(2,h)",
        "S?@p={\"a\":[1,\"\\u00e9\",$root/X(1)/Y]}&$select=A(%40a=1;$top=2),N.F(x)&$compute=a add 1 as b",
        "S/$filter(contains(a,'%C3%A9'))/$each?$orderby=geo.length(geometry'SRID=0;Point(1 2)')&%24top=1",
        "$crossjoin(A,B)?$filter=A/x eq 01234567-89ab-cdef-0123-456789abcdef and not (b has N.E'X')",
    ];
    let changes = [
        "", "'", "(", ")", "/", "$", "@", "%", "%20", "\"", ",", ";", "é", "0", " and ", "{", "-", "+", "\\",
    ];
    for url in urls {
        assert!(parse(url).is_ok(), "{url}: {:?}", parse(url));
        for (place, _) in url.char_indices() {
            for change in changes {
                for skip in [0, 1] {
                    let Some(tail) = url.get(place + skip..) else {
                        continue;
                    };
                    let changed = format!("{}{change}{tail}", &url[..place]);
                    if let Err(error) = parse(&changed) {
                        assert!(error.at as usize <= changed.len(), "{changed}: {error}");
                    }
                    let cut = format!("{}{change}", &url[..place]);
                    if let Err(error) = parse(&cut) {
                        assert!(error.at as usize <= cut.len(), "{cut}: {error}");
                    }
                }
            }
        }
    }
}

#[test]
fn faults_name_the_option_that_they_lie_in() {
    for (url, expected) in [
        ("Set?$filter=a eq", Some("$filter")),
        ("Set?FILTER=a eq", Some("$filter")),
        ("Set?%24top=x", Some("$top")),
        ("Set?$top", Some("$top")),
        ("Set?$top=1&top=2", Some("$top")),
        ("Set?$select=%C3%A4%20b", Some("$select")),
        ("Set?$filter='%FF'", Some("$filter")),
        ("Set?$foo=1", Some("$foo")),
        ("Set?@a=1 eq", Some("@a")),
        ("Set?@a=1&@a=2", Some("@a")),
        ("Set?$expand=A($filter=b eq)", Some("$filter")),
        ("Set?$expand=A($filter=b eq 1;$foo=1)", Some("$foo")),
        ("Set?$expand=A($filter=b eq 1", Some("$filter")),
        ("Set?$expand=A B", Some("$expand")),
        ("Set?$filter=A/$count($search=() gt 1", Some("$search")),
        ("Set(1", None),
        ("Set#a", None),
        ("Set/$filter(a eq)", None),
    ] {
        let error = parse(url).expect_err(url);
        assert_eq!(error.option.as_deref(), expected, "{url}: {error}");
    }
}
