//! Durations and bytes as text, and back.

use super::functions::total_seconds;
use crate::tree::{Operator, Sql};

/// Text that is a duration; the server takes more.
const DURATION: &str = "^-?[Pp](?=[0-9Tt])([0-9]{1,7}[Dd])?([Tt](?=[0-9])([0-9]{1,9}[Hh])?([0-9]{1,9}[Mm])?([0-9]{1,9}([.][0-9]{1,12})?[Ss])?)?$";
/// Text that is base64url, with or without padding.
const BINARY: &str = "^([A-Za-z0-9_-]{4})*([A-Za-z0-9_-]{2}[AEIMQUYcgkosw048]=?|[A-Za-z0-9_-][AQgw](==)?)?$";
/// Parts of a duration that say nothing, then what is left of one that has no time, and of one that has nothing.
const NOTHING: [(&str, &str); 3] = [("(?<![0-9.])0[DHMS]", ""), ("T$", ""), ("P$", "PT0S")];

/// Text as a duration, where it is one.
pub(super) fn duration(x: Sql, in_micros: impl Fn(Sql) -> Sql) -> Sql {
    let first = Sql::call("left", [Sql::Bound(0), Sql::Integer(1)]);
    let negative = Sql::binary(Operator::Eq, first, Sql::Word("-"));
    let magnitude = Sql::call("ltrim", [in_micros(Sql::Bound(0)), Sql::Word("-")]);
    let magnitude = Sql::call("upper", [magnitude]).cast("interval");
    let is = Sql::binary(Operator::Matches, Sql::Bound(0), Sql::Word(DURATION));
    let cases = vec![
        (Sql::binary(Operator::And, is.clone(), negative), Sql::Negate(Box::new(magnitude.clone()))),
        (is, magnitude),
    ];
    Sql::Let(vec![x], Box::new(Sql::Case(cases)))
}

/// A duration as it is written.
pub(super) fn duration_text(x: Sql) -> Sql {
    let number = |n: i64| Sql::Integer(n).cast("numeric");
    let magnitude = || Sql::call("abs", [Sql::Bound(0)]);
    let rest = |of| Sql::binary(Operator::Mod, magnitude(), number(of));
    let whole = |value, by| Sql::call("div", [value, number(by)]).cast("text");
    let seconds = Sql::call("trim_scale", [rest(60)]).cast("text");
    let sign = Sql::Case(vec![(Sql::binary(Operator::Lt, Sql::Bound(0), number(0)), Sql::Word("-P"))]);
    let sign = Sql::call("coalesce", [sign, Sql::Word("P")]);
    let parts = [
        whole(magnitude(), 86_400),
        Sql::Word("DT"),
        whole(rest(86_400), 3_600),
        Sql::Word("H"),
        whole(rest(3_600), 60),
        Sql::Word("M"),
        seconds,
        Sql::Word("S"),
    ];
    let all = parts.into_iter().fold(sign, |text, part| Sql::binary(Operator::Concat, text, part));
    let short = NOTHING.into_iter().fold(all, |text, (pattern, with)| {
        Sql::call("regexp_replace", [text, Sql::Word(pattern), Sql::Word(with), Sql::Word("g")])
    });
    Sql::Let(vec![total_seconds(x)], Box::new(short))
}

/// Text as bytes, where it is base64url.
pub(super) fn binary(x: Sql) -> Sql {
    let number = |n| Sql::Integer(n).cast("int4");
    let length = Sql::call("char_length", [Sql::Bound(0)]);
    let over = Sql::binary(Operator::Mod, length, number(4));
    let missing = Sql::binary(Operator::Mod, Sql::binary(Operator::Sub, number(4), over), number(4));
    let plain = Sql::call("translate", [Sql::Bound(0), Sql::Word("-_"), Sql::Word("+/")]);
    let padded = Sql::binary(Operator::Concat, plain, Sql::call("repeat", [Sql::Word("="), missing]));
    let bytes = Sql::call("decode", [padded, Sql::Word("base64")]);
    let is = Sql::binary(Operator::Matches, Sql::Bound(0), Sql::Word(BINARY));
    Sql::Let(vec![x], Box::new(Sql::Case(vec![(is, bytes)])))
}

/// Bytes as base64url. The server puts lines into it.
pub(super) fn binary_text(x: Sql) -> Sql {
    let lines = Sql::call("encode", [x, Sql::Word("base64")]);
    Sql::call("translate", [lines, Sql::Word("+/\n"), Sql::Word("-_")])
}
