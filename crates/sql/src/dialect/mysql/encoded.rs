//! Durations and bytes as text, and back.

use super::cast::found;
use super::operand::{TO_TEXT, is_short};
use crate::tree::{Operator, Sql};

/// The parts of a duration behind its sign.
const DURATION: [&str; 2] = [
    "^-[Pp](?=[0-9Tt])([0-9]{1,7}[Dd])?([Tt](?=[0-9])([0-9]{1,9}[Hh])?([0-9]{1,9}[Mm])?([0-9]{1,9}([.][0-9]{1,12})?[Ss])?)?\\z",
    "^[Pp](?=[0-9Tt])([0-9]{1,7}[Dd])?([Tt](?=[0-9])([0-9]{1,9}[Hh])?([0-9]{1,9}[Mm])?([0-9]{1,9}([.][0-9]{1,12})?[Ss])?)?\\z",
];
/// The units of a duration in seconds, and how their numbers are found; digits of a second behind the sixth are cut.
const UNITS: [(i64, &str); 4] = [
    (86_400, "[0-9]+(?=[Dd])"),
    (3_600, "[0-9]+(?=[Hh])"),
    (60, "[0-9]+(?=[Mm])"),
    (1, "[0-9]+([.][0-9]{1,6})?(?=[0-9]*[Ss])"),
];
/// Parts of a duration that say nothing, then what is left of one that has no time, and of one that has nothing.
const NOTHING: [(&str, &str); 3] = [("(?<![0-9.])0[DHMS]", ""), ("T$", ""), ("P$", "PT0S")];
/// Base64url, with or without padding, behind a sign that keeps it from being empty.
const BINARY: &str =
    "^=([A-Za-z0-9_-]{4})*+([A-Za-z0-9_-]{2}[AEIMQUYcgkosw048]=?|[A-Za-z0-9_-][AQgw](==)?)?\\z";
/// What is too much behind groups of four.
const WHOLE_GROUPS: &str = "^((?:.{4})*+).{0,3}\\z";
const SECONDS: &str = "DECIMAL(30,6)";

/// Text as the seconds of a duration, where it is one; none where it cannot be written several times.
pub(super) fn duration(x: Sql) -> Option<Sql> {
    if !is_short(&x) {
        return None;
    }
    let [negative, positive] =
        DURATION.map(|pattern| Sql::binary(Operator::Matches, x.clone(), Sql::Word(pattern)));
    let sign = Sql::Case(vec![(negative, Sql::Integer(-1)), (positive, Sql::Integer(1))]);
    let part = |(seconds, pattern): (i64, &'static str)| {
        let number = Sql::call("COALESCE", [found(pattern, x.clone()).cast(SECONDS), Sql::Integer(0)]);
        Sql::binary(Operator::Mul, number, Sql::Integer(seconds))
    };
    let sum = UNITS.into_iter().map(part).reduce(|sum, part| Sql::binary(Operator::Add, sum, part))?;
    Some(Sql::binary(Operator::Mul, sign, sum))
}

/// The seconds of a duration as it is written; none where they cannot be written several times.
pub(super) fn duration_text(x: Sql, without_last_zeros: impl Fn(Sql) -> Sql) -> Option<Sql> {
    if !is_short(&x) {
        return None;
    }
    let magnitude = Sql::call("ABS", [x.clone()]);
    let rest = |value: Sql, of| Sql::binary(Operator::Mod, value, Sql::Integer(of));
    let whole = || Sql::call("TRUNCATE", [magnitude.clone(), Sql::Integer(0)]);
    let times = |value, by| Sql::binary(Operator::IntegerDiv, value, Sql::Integer(by));
    let negative = Sql::binary(Operator::Lt, x, Sql::Integer(0));
    let all = Sql::call(
        "CONCAT",
        [
            Sql::when(negative, Sql::Word("-P"), Sql::Word("P")),
            times(whole(), 86_400),
            Sql::Word("DT"),
            times(rest(whole(), 86_400), 3_600),
            Sql::Word("H"),
            times(rest(whole(), 3_600), 60),
            Sql::Word("M"),
            without_last_zeros(rest(magnitude.clone(), 60).cast(SECONDS).cast(TO_TEXT)),
            Sql::Word("S"),
        ],
    );
    Some(NOTHING.into_iter().fold(all, |text, (pattern, with)| {
        Sql::call("REGEXP_REPLACE", [text, Sql::Word(pattern), Sql::Word(with)])
    }))
}

/// Text as bytes, where it is base64url. The server needs padding; three signs more are cut to whole groups.
pub(super) fn binary(x: Sql, first_group: &'static str) -> Sql {
    let marked = found(BINARY, Sql::call("CONCAT", [Sql::Word("="), x]));
    let bare = replaced(marked, &[("=", ""), ("-", "+"), ("_", "/")]);
    let longer = Sql::call("CONCAT", [bare, Sql::Word("===")]);
    let padded = Sql::call("REGEXP_REPLACE", [longer, Sql::Word(WHOLE_GROUPS), Sql::Word(first_group)]);
    Sql::call("FROM_BASE64", [padded])
}

/// Bytes as base64url. The server puts lines into it.
pub(super) fn binary_text(x: Sql) -> Sql {
    replaced(Sql::call("TO_BASE64", [x]).cast(TO_TEXT), &[("\n", ""), ("+", "-"), ("/", "_")])
}

fn replaced(text: Sql, pairs: &[(&'static str, &'static str)]) -> Sql {
    pairs.iter().fold(text, |text, (from, to)| Sql::call("REPLACE", [text, Sql::Word(from), Sql::Word(to)]))
}
