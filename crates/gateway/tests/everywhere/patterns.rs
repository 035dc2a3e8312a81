//! Regular expressions of ECMAScript on each database.

use crate::world::{SOURCES, World};

/// What the texts are, by their keys.
const WORDS: &[&str] = &[
    "cat",
    "The cat",
    "concatenate",
    "naïve",
    "Straße 12",
    "٣",
    "aa",
    "line\nbreak",
    "",
    "😀",
    "a\u{a0}b",
    "AbC-9_x",
    "cat\n",
    "Ελλάδα",
    "a\\b.c|d",
    "e\u{301}",
];

/// A pattern and the keys of the texts that it matches.
const SAME: &[(&str, &[i64])] = &[
    ("cat", &[1, 2, 3, 13]),
    ("^cat$", &[1]),
    (r"\bcat\b", &[1, 2, 13]),
    (r"\Bcat\B", &[3]),
    (r"na\b", &[4]),
    (r"^\B$", &[9]),
    (r"\d", &[5, 12]),
    (r"^\D+$", &[1, 2, 3, 4, 6, 7, 8, 10, 11, 13, 14, 15, 16]),
    (r"^\w+$", &[1, 3, 7]),
    (r"\s", &[2, 5, 8, 11, 13]),
    (r"^a[\s]b$", &[11]),
    (r"^\S+$", &[1, 3, 4, 6, 7, 10, 12, 14, 15, 16]),
    (r"^[^\S]*$", &[9]),
    (r"^.$", &[6, 10]),
    (r"^..$", &[7, 16]),
    (r"^\u{1F600}$|^\uD83D\uDE00$", &[10]),
    (r"[\u{1F600}-\u{1F64F}]", &[10]),
    (r"^[\u0391-\u03CE]+$", &[14]),
    (r"e.b", &[]),
    (r"e[^]b", &[8]),
    (r"[]", &[]),
    (r"[\uD800]|[\x00]", &[]),
    (r"^[^\uD800]$|^[^\x00\uD800-\uDFFF]$", &[6, 10]),
    (r"^c[\uD800-\uDFFF]?at$", &[1]),
    ("", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]),
    (r"^\p{L}+$", &[1, 3, 4, 7, 14]),
    (r"^\p{Lu}\p{Ll}+$", &[14]),
    (r"^[\p{L}\p{M}]+$", &[1, 3, 4, 7, 14, 16]),
    (r"\p{Nd}", &[5, 6, 12]),
    (r"^[^\p{L}]+$", &[6, 10]),
    (r"^\P{L}+$", &[6, 10]),
    (r"\p{Script=Greek}", &[14]),
    (r"\p{Emoji_Presentation}", &[10]),
    (r"^\p{Alphabetic}+\p{White_Space}", &[2, 5, 8, 11, 13]),
    (r"^(?:c|na)(?:at|.ve)$", &[1, 4]),
    (r"^a{2}$|^C|x$", &[7, 12]),
    (r"\\b\.c\|", &[15]),
    (r"[\\\]|]", &[15]),
    (r"[A-Z]\-9", &[12]),
    (r"^[^a-z]", &[2, 5, 6, 10, 12, 14]),
    (r"ca*?t.+?t", &[3]),
    (r"^[A-z]{3}-", &[12]),
];

/// Patterns that some databases cannot use: those that do, and what they find.
const SOME: &[(&str, &[&str], &[i64])] = &[
    ("cat(?=e)", &["postgres", "mariadb"], &[3]),
    ("^(?!.*cat).*a", &["postgres", "mariadb"], &[4, 5, 7, 11, 15]),
    ("(?<=e )cat", &["postgres", "mariadb"], &[2]),
    ("(?<! |n)cat", &["postgres", "mariadb"], &[1, 13]),
    ("(?<=T.*)cat", &["postgres"], &[2]),
    (r"(.)\1", &["postgres", "mariadb"], &[7, 14]),
    (r"(?<x>[a-z])\k<x>|^(?:c)(a)t\n(?:b)*$", &["postgres", "mariadb"], &[7, 13]),
    ("^c{300}|^cat$", &["sqlite", "mariadb"], &[1]),
    ("^(?:a{0,255}){0,40}$", &[], &[]),
    (r"(c)?\1", &[], &[]),
];

const WRONG: &[&str] = &["(", "a**", r"\q", "[b-a]", r"\p{Nothing}", "(?i)a", r"\1"];

#[test]
fn patterns_are_those_of_ecmascript() {
    let rows: Vec<String> =
        WORDS.iter().enumerate().map(|(i, word)| format!("({}, '{word}')", i + 1)).collect();
    let script = |text: &str| {
        format!(
            "CREATE TABLE words (id int PRIMARY KEY, word {text}, told {text}); INSERT INTO words (id, word) VALUES {}; UPDATE words SET told = 'cat$';",
            rows.join(", ")
        )
    };
    let mariadb = ["SET sql_mode = 'NO_BACKSLASH_ESCAPES'; ", &script("varchar(50)")].concat();
    let world = World::written(
        [&script("text"), &script("text"), &mariadb],
        "entities: {Words: {table: words, properties: {Id: id, Word: word, Told: told}}}",
    );
    let mut wrong = Vec::new();
    let mut check = |source: &str, pattern: &str, status: u16, expected: &str| {
        let pattern = pattern.replace('+', "%2B");
        let url = format!("Words?$select=Id&$orderby=Id&$filter=matchesPattern(Word,{pattern})");
        let told = world.ask(source, &url, &[]);
        if told.status != status || !told.body.contains(expected) {
            wrong
                .push(format!("{source}: {pattern}: {} {}, not {status} {expected}", told.status, told.body));
        }
    };
    let found = |keys: &[i64]| {
        let keys: Vec<String> = keys.iter().map(|key| format!("{{\"Id\":{key}}}")).collect();
        format!("\"value\":[{}]}}", keys.join(","))
    };
    for source in SOURCES {
        for (pattern, keys) in SAME {
            check(source, &format!("'{pattern}'"), 200, &found(keys));
        }
        for (pattern, sources, keys) in SOME {
            let (status, expected) = match sources.contains(&source) {
                true => (200, found(keys)),
                false => (501, "NotImplemented at expression".to_owned()),
            };
            check(source, &format!("'{pattern}'"), status, &expected);
        }
        for pattern in WRONG {
            check(source, &format!("'{pattern}'"), 400, "BadRequest at matchespattern");
        }
        let many = vec!["a"; 1_001].concat();
        check(source, &format!("'{many}'"), 400, "LimitExceeded at matchespattern");
        // What is large when it is compiled is no more than a mistake.
        if source == "sqlite" {
            check(source, r"'\p{L}{300}'", 400, "ExpressionFailed at expression");
        }
        check(source, "concat('^',Told)", 200, &found(if source == "mariadb" { &[1, 13] } else { &[1] }));
        match source {
            // The server takes it for a pattern that nothing matches.
            "mariadb" => check(source, "concat('(',Told)", 200, &found(&[])),
            _ => check(source, "concat('(',Told)", 400, "ExpressionFailed at expression"),
        }
        check(source, "null", 200, "\"value\":[]}");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
