//! What patterns become.

use super::{MYSQL, POSTGRES, SQLITE, spell};

/// A pattern, and what it is on SQLite, PostgreSQL, and MySQL and MariaDB.
const SPELLED: &[(&str, [&str; 3])] = &[
    ("", ["", "", ""]),
    ("^a$", ["^a$", "^a$", "\\Aa\\z"]),
    ("a-b é", ["a\\x{2D}b\\x{20}é", "a\\u002Db\\u0020é", "a\\x{2D}b\\x{20}é"]),
    ("***:a", ["=There is nothing to repeat"; 3]),
    ("\\d+", ["[0-9]+", "[0-9]+", "[0-9]+"]),
    (
        "\\w?|\\W{2}",
        [
            "[0-9A-Z\\x{5F}a-z]?|[^0-9A-Z\\x{5F}a-z]{2}",
            "[0-9A-Z\\u005Fa-z]?|[^0-9A-Z\\u005Fa-z]{2}",
            "[0-9A-Z\\x{5F}a-z]?|[^0-9A-Z\\x{5F}a-z]{2}",
        ],
    ),
    (
        ".",
        [
            "[^\\x{A}\\x{D}\\x{2028}-\\x{2029}]",
            "[^\\u000A\\u000D\\u2028-\\u2029]",
            "[^\\x{A}\\x{D}\\x{2028}-\\x{2029}]",
        ],
    ),
    (
        "[]|[^]",
        ["[a&&b]|[\\x{0}-\\x{10FFFF}]", "(?:(?!))|[\\u0001-\\U0010FFFF]", "(?:(?!))|[\\x{0}-\\x{10FFFF}]"],
    ),
    ("[\\uD800]|[\\uD800-\\uDFFF]", ["[a&&b]|[a&&b]", "(?:(?!))|(?:(?!))", "(?:(?!))|(?:(?!))"]),
    (
        "[^\\uD800]|[^\\uD800-\\uDFFFa]",
        [
            "[\\x{0}-\\x{D7FF}\\x{E000}-\\x{10FFFF}]|[^a]",
            "[\\u0001-\\uD7FF\\uE000-\\U0010FFFF]|[^a]",
            "[\\x{0}-\\x{D7FF}\\x{E000}-\\x{10FFFF}]|[^a]",
        ],
    ),
    ("[\\0]|[^\\0]", ["[\\x{0}]|[^\\x{0}]", "(?:(?!))|[\\u0001-\\U0010FFFF]", "[\\x{0}]|[^\\x{0}]"]),
    ("\\0|\\uD800", ["\\x{0}|[a&&b]", "(?:(?!))|(?:(?!))", "\\x{0}|(?:(?!))"]),
    ("\\uD83D\\uDE00\\u{1F600}\\x41\\cJ", ["😀😀A\\x{A}", "😀😀A\\u000A", "😀😀A\\x{A}"]),
    (
        "[\\u{1F600}-\\u{1F64F}]",
        ["[\\x{1F600}-\\x{1F64F}]", "[\\U0001F600-\\U0001F64F]", "[\\x{1F600}-\\x{1F64F}]"],
    ),
    ("[\\p{Zl}_]", ["[\\p{Zl}\\x{5F}]", "[\\u005F\\u2028]", "[\\p{Zl}\\x{5F}]"]),
    ("\\P{Zl}\\p{gc=Line_Separator}", ["[\\P{Zl}][\\p{Zl}]", "[^\\u2028][\\u2028]", "[\\P{Zl}][\\p{Zl}]"]),
    ("\\p{Script=Ogham}", ["[\\x{1680}-\\x{169C}]", "[\\u1680-\\u169C]", "[\\x{1680}-\\x{169C}]"]),
    ("[\\x{1}]", ["=A hexadecimal digit is missing"; 3]),
    ("(a|b)c", ["(?:a|b)c", "(?:a|b)c", "(?:a|b)c"]),
    ("(?:a|b)*?", ["(?:a|b)*", "(?:a|b)*", "(?:a|b)*"]),
    ("(?:ab){2,}(?:)?", ["(?:ab){2,}(?:)?", "(?:ab){2,}(?:)?", "(?:ab){2,}(?:)?"]),
    ("a{256}", ["a{256}", "=A pattern with so many repetitions", "a{256}"]),
    ("a{1001}", ["=A pattern with so many repetitions"; 3]),
    ("(?=a)", ["=A pattern with look-around", "(?=a)", "(?=a)"]),
    ("(?<!ab|c)", ["=A pattern with look-around", "(?<!ab|c)", "(?<!ab|c)"]),
    (
        "(?<=a(?:b|cd))",
        [
            "=A pattern with look-around",
            "(?<=a(?:b|cd))",
            "=A pattern that looks back for something of several lengths",
        ],
    ),
    ("(?<=a{2}(?!x)\\d)", ["=A pattern with look-around", "(?<=a{2}(?!x)[0-9])", "(?<=a{2}(?!x)[0-9])"]),
    ("(x)(a)\\20", ["=There is no such group"; 3]),
    (
        "(x)(?<n>.)\\k<n>0",
        [
            "=A pattern with back-references",
            "(?:x)([^\\u000A\\u000D\\u2028-\\u2029])(?:\\1)0",
            "(?:x)([^\\x{A}\\x{D}\\x{2028}-\\x{2029}])(?:\\1)0",
        ],
    ),
    (
        "(?:(a)|b)\\1",
        [
            "=A pattern with back-references",
            "=A back-reference to a group that may not have matched",
            "=A back-reference to a group that may not have matched",
        ],
    ),
    (
        "(a)?\\1",
        [
            "=A pattern with back-references",
            "=A back-reference to a group that may not have matched",
            "=A back-reference to a group that may not have matched",
        ],
    ),
    ("(a)+(?=\\1)", ["=A pattern with look-around", "=A back-reference in look-around", "(a)+(?=(?:\\1))"]),
];

#[test]
fn patterns_are_spelled() {
    for (pattern, expected) in SPELLED {
        for (spelling, expected) in [&SQLITE, &POSTGRES, &MYSQL].into_iter().zip(expected) {
            let found = spell(pattern, spelling).unwrap_or_else(|what| ["=", what].concat());
            assert_eq!(found, *expected, "{pattern}");
        }
    }
    let letters = spell("\\p{L}", &POSTGRES).expect("it has ranges");
    assert!(letters.starts_with("[A-Za-z\\u00AA") && letters.len() < 20_000, "{letters}");
    assert_eq!(spell(&"\\p{L}".repeat(20), &POSTGRES), Err("So long a pattern"));
}
