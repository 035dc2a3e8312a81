//! What is a pattern, and what is none.

use super::parse;

#[test]
fn what_is_a_pattern() {
    let good = [
        "",
        "|",
        "a||b",
        "()",
        "(?:)",
        "(?<größe>a)\\k<größe>",
        "[a-]",
        "[-a]",
        "[^-]",
        "[\\b\\-\\]^]",
        "[\\d-]",
        "\\-\\/\\@\\ \\^",
        "a{2}b{2,}c{2,3}?",
        "\\u{0}\\u{10FFFF}\\x7f\\0",
        "\\p{L}\\P{Lu}\\p{Letter}\\p{gc=Nd}\\p{General_Category=Nd}",
        "\\p{sc=Grek}",
        "\\p{Script=Greek}\\p{scx=Hira}\\p{Alphabetic}\\p{White_Space}\\p{LC}\\p{ASCII}\\p{Any}",
        "\\1(a)",
        "(?=a)(?!b)(?<=c)(?<!d)",
        "\\b\\B^$",
    ];
    for pattern in good {
        assert!(parse(pattern).is_ok(), "{pattern}: {:?}", parse(pattern));
    }
    let bad = [
        ("(", "A ')' is missing, at character 1"),
        ("a)", "There is a ')' without a '(', at character 2"),
        ("*", "There is nothing to repeat, at character 1"),
        ("^*", "There is nothing to repeat, at character 2"),
        ("(?=a)+", "There is nothing to repeat"),
        ("a**", "There is nothing to repeat"),
        ("{1}", "There is nothing to repeat"),
        ("a{", "'{' and '}' stand around"),
        ("a{,2}", "'{' and '}' stand around"),
        ("a{3,2}", "'{' and '}' stand around"),
        ("a{99999999999}", "'{' and '}' stand around"),
        ("}", "There is a bracket without"),
        ("]", "There is a bracket without"),
        ("[a", "A ']' is missing"),
        ("[b-a]", "A range goes from"),
        ("[\\d-z]", "A range goes from"),
        ("\\", "Something is missing behind the backslash"),
        ("\\q", "There is no such character behind a backslash"),
        ("\\A", "There is no such character behind a backslash"),
        ("\\00", "There is no such character behind a backslash"),
        ("\\u12", "A hexadecimal digit is missing"),
        ("\\u{110000}", "There is no such character"),
        ("\\u{}", "There is no such character"),
        ("\\pL", "There is no such property"),
        ("\\p{Greek}", "There is no such property"),
        ("\\p{Nothing}", "There is no such property"),
        ("\\p{gc=Greek}", "There is no such property"),
        ("\\p{L}\\p{^L}", "There is no such property"),
        ("(?i)a", "There is no such kind of group"),
        ("(?<1>a)", "The name of a group is missing"),
        ("(?<a>a)(?<a>b)", "Two groups have the same name"),
        ("\\k<a>", "There is no such group"),
        ("(a)\\2", "There is no such group, at character 5"),
    ];
    for (pattern, expected) in bad {
        let found = parse(pattern).map_err(|mistake| mistake.to_string());
        assert!(found.as_ref().is_err_and(|text| text.starts_with(expected)), "{pattern}: {found:?}");
    }
}

#[test]
fn what_passes_a_limit() {
    let inside = |depth: usize| ["(".repeat(depth), ")".repeat(depth)].concat();
    let rows = [
        (inside(50), inside(51)),
        ("(a)".repeat(100), "(a)".repeat(101)),
        ("ä".repeat(500), ["a", &*"ä".repeat(500)].concat()),
        ("\\p{Alpha}".repeat(10), "\\p{Alpha}".repeat(20)),
        (["(?:a|", &*"b|".repeat(497), ")"].concat(), "\\p{L}".repeat(201)),
    ];
    for (good, bad) in rows {
        assert!(parse(&good).is_ok(), "{good}: {:?}", parse(&good));
        assert!(parse(&bad).is_err_and(|mistake| mistake.limit), "{bad}");
    }
}
