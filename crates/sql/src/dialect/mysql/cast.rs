//! `cast` in MySQL and MariaDB: what cannot be cast is null (Part 2 section 5.1.1.10.1). Patterns end with `\z`: `$` lets
//! a new line follow.

use nextlink_odata::model::PrimitiveType as P;

use super::encoded;
use super::operand::{INTEGER_DECIMAL, TO_TEXT, is_short};
use crate::tree::{Operator, Sql};

const DOUBLE: &str = "^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,3})?\\z";
const DECIMAL: &str = "^[+-]?[0-9]{1,35}([.][0-9]{1,30})?([eE][+-]?[0-9]{1,2})?\\z";
/// Numbers other than those that the servers take for any that are too large.
const LESS_THAN_MOST_DOUBLE: &str = "^(?!-?1[.]7976931348623157e308\\z).+";
const LESS_THAN_MOST_SINGLE: &str = "^(?!-?3[.]4028234663852886e38\\z).+";
const LESS_THAN_MOST_DECIMAL: &str = "^(?!-?9{35}[.]9{30}\\z).+";
const MOST_SINGLE: [&str; 2] = ["3.4028234663852886e38", "-3.4028234663852886e38"];
/// A number that is 0 or 1.
const BIT: &str = "^(-?0|1)([.]0*)?\\z";
const INTEGER: &str = "^[+-]?[0-9]{1,30}([.][0-9]*)?\\z";
const GUID: &str = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\\z";
/// Without the digits behind the sixth of a second.
const TIME: &str =
    "^([01][0-9]|2[0-3]):[0-5][0-9](?=(:[0-5][0-9]([.][0-9]{1,12})?)?\\z)(:[0-5][0-9]([.][0-9]{1,6})?)?";
const DATE: &str = "^(?!0000)[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])\\z";
/// A point in time without its zone and the digits behind the sixth of a second.
const MOMENT: &str = "^(?!0000)[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]\
                      (?=(:[0-5][0-9]([.][0-9]{1,12})?)?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])\\z)(:[0-5][0-9]([.][0-9]{1,6})?)?";
const ZONE: &str = "(Z|[+-][0-9]{2}:[0-9]{2})\\z";
/// Zeros that say nothing at the end of a fraction.
const LAST_ZEROS: &str = "[.]0+$|([.][0-9]*[1-9])0+$";

/// Zeros behind the point, and the exponent that stands in their place; a number comes before it.
const EXPONENTS: &str = "|00000=6|000000=7|0000000=8|00000000=9|000000000=10|0000000000=11|00000000000=12\
                         |000000000000=13|0000000000000=14|00000000000000=15|";
/// Such a number: sign, zeros, first digit, the others, and the exponent of as many zeros.
const SMALL: &str = r"^(-?)0[.](0{5,14})([1-9])([0-9]*)[|](?:.*[|])?\2=([0-9]+)[|].*$";
/// What is too much then: a point without digits, the exponents.
const TOO_MUCH: &str = "[.](?=e)|[|].*$";

pub(super) struct Cast {
    pub(super) collation: &'static str,
    pub(super) groups: Groups,
}

/// What a server writes for groups of a pattern in what it puts in the place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Groups {
    /// The first one.
    pub(super) first: &'static str,
    /// Those of [`SMALL`], as a number with an exponent.
    pub(super) small: &'static str,
}

impl Cast {
    /// A value of one type as one of another; none where that is not done here.
    pub(super) fn cast(&self, x: Sql, from: P, to: P) -> Option<Sql> {
        let number = from.is_numeric();
        Some(match (from, to) {
            // A cast gives the collation of the server, for which case makes no difference.
            (_, P::String) => Sql::Collate(Box::new(self.text(x, from)?), self.collation),
            (P::String, P::Boolean) => {
                let place = ["false", "0", "true", "1"].map(Sql::Word);
                let place =
                    Sql::Call("FIELD", std::iter::once(Sql::call("LOWER", [x])).chain(place).collect());
                let values = [0, 0, 1, 1].map(Sql::Integer);
                let value = Sql::Call("ELT", std::iter::once(place).chain(values).collect());
                Sql::binary(Operator::Ne, value.cast("SIGNED"), Sql::Integer(0))
            }
            (_, P::Boolean) if number => {
                Sql::binary(Operator::Ne, number_like(BIT, x).cast("SIGNED"), Sql::Integer(0))
            }
            (_, P::Single) if number || from == P::String => {
                let x = if number { x } else { found(DOUBLE, x) }.cast("DOUBLE");
                number_like(LESS_THAN_MOST_SINGLE, within_single(x)).cast("DOUBLE").cast("FLOAT")
            }
            (P::String, P::Double) => {
                number_like(LESS_THAN_MOST_DOUBLE, found(DOUBLE, x).cast("DOUBLE")).cast("DOUBLE")
            }
            (_, P::Double) if number => x.cast("DOUBLE"),
            (P::String, P::Decimal) => decimal(found(DECIMAL, x)),
            (P::Double | P::Single, P::Decimal) => decimal(x),
            (_, P::Decimal) if number => x.cast("DECIMAL(65,30)"),
            (P::String, to) if to.is_integer() => ranged(found(INTEGER, x).cast("DECIMAL(65,30)"), to),
            (_, to) if number && to.is_integer() => ranged(x.cast("DECIMAL(65,20)"), to),
            (P::DateTimeOffset, P::Date) => x.cast("DATE"),
            (P::DateTimeOffset, P::TimeOfDay) => x.cast("TIME(6)"),
            (P::Date, P::DateTimeOffset) => x.cast("DATETIME(6)"),
            (P::String, P::Guid) => Sql::call("LOWER", [found(GUID, x)]),
            (P::String, P::TimeOfDay) => found(TIME, x).cast("TIME(6)"),
            // A day that there is not gives null.
            (P::String, P::Date) => of_a_day(found(DATE, x)).cast("DATE"),
            (P::String, P::DateTimeOffset) if is_short(&x) => instant(x),
            (P::String, P::DateTimeOffset) => return None,
            (P::String, P::Duration) => encoded::duration(x)?,
            (P::String, P::Binary) => encoded::binary(x, self.groups.first),
            _ => Sql::Null,
        })
    }

    fn text(&self, x: Sql, from: P) -> Option<Sql> {
        Some(match from {
            P::Boolean => {
                let place = Sql::binary(Operator::Add, x, Sql::Integer(1));
                Sql::call("ELT", [place, Sql::Word("false"), Sql::Word("true")])
            }
            P::Decimal => self.without_last_zeros(x.cast(TO_TEXT)),
            P::DateTimeOffset => {
                let iso = Sql::call("REPLACE", [x.cast(TO_TEXT), Sql::Word(" "), Sql::Word("T")]);
                Sql::call("CONCAT", [self.without_last_zeros(iso), Sql::Word("Z")])
            }
            // A constant comes with a time of day.
            P::Date => x.cast("DATE").cast(TO_TEXT),
            P::TimeOfDay => self.without_last_zeros(x.cast(TO_TEXT)),
            P::Double | P::Single => self.with_exponent(x.cast(TO_TEXT)),
            P::Binary => encoded::binary_text(x),
            P::Duration => encoded::duration_text(x, |text| self.without_last_zeros(text))?,
            _ => x.cast(TO_TEXT),
        })
    }

    /// The text of a double as JSON has it. The server writes zeros from 10 to the power of -15 on.
    fn with_exponent(&self, text: Sql) -> Sql {
        let known = Sql::call("CONCAT", [text, Sql::Word(EXPONENTS)]);
        let short = Sql::call("REGEXP_REPLACE", [known, Sql::Word(SMALL), Sql::Word(self.groups.small)]);
        Sql::call("REGEXP_REPLACE", [short, Sql::Word(TOO_MUCH), Sql::Word("")])
    }

    fn without_last_zeros(&self, text: Sql) -> Sql {
        Sql::call("REGEXP_REPLACE", [text, Sql::Word(LAST_ZEROS), Sql::Word(self.groups.first)])
    }
}

/// Text as a point in time, where it is one. The servers read no zones.
fn instant(x: Sql) -> Sql {
    let x = Sql::call("UPPER", [x]);
    let moment = of_a_day(found(MOMENT, x.clone())).cast("DATETIME(6)");
    let zone = Sql::call("REPLACE", [found(ZONE, x), Sql::Word("+"), Sql::Word("")]);
    Sql::call("SUBTIME", [moment, Sql::call("REPLACE", [zone, Sql::Word("Z"), Sql::Word("0")])])
}

/// Null in the place of a day that there is not. A cast gives that, too, but where groups are sorted, MariaDB takes its null
/// for another one each time.
fn of_a_day(text: Sql) -> Sql {
    Sql::call("TIMESTAMPADD", [Sql::Keyword("DAY"), Sql::Integer(0), text])
}

/// Text of this form, else null: one server gives that by itself, the other an empty text. `NULLIF` would compute the text
/// twice, and what stands in it four times; what is no hexadecimal digit makes null of the empty one, too.
pub(super) fn found(pattern: &'static str, text: Sql) -> Sql {
    let digits = Sql::call("HEX", [Sql::call("REGEXP_SUBSTR", [text, Sql::Word(pattern)])]);
    let marked = Sql::call("CONCAT", [Sql::Word("Z"), digits]);
    let digits = Sql::call("REGEXP_REPLACE", [marked, Sql::Word("^Z(?=.)"), Sql::Word("")]);
    Sql::call("UNHEX", [digits]).cast(TO_TEXT)
}

/// The text of a number of this form, else null.
fn number_like(pattern: &'static str, x: Sql) -> Sql {
    found(pattern, x.cast(TO_TEXT))
}

/// A number, or text that is one, as a decimal; null where that is too large.
fn decimal(x: Sql) -> Sql {
    const DECIMAL: &str = "DECIMAL(65,30)";
    number_like(LESS_THAN_MOST_DECIMAL, x.cast(DECIMAL)).cast(DECIMAL)
}

/// A number, the greatest of binary32 at most.
fn within_single(x: Sql) -> Sql {
    let [most, least] = MOST_SINGLE.map(Sql::Keyword);
    Sql::call("LEAST", [Sql::call("GREATEST", [x, least]), most])
}

/// A decimal without its fraction, where the integer type holds it.
fn ranged(x: Sql, to: P) -> Sql {
    let (least, greatest, within) = match to {
        P::Byte => (0, 255, "^(?!(-1|256)\\z).+"),
        P::SByte => (-128, 127, "^(?!(-129|128)\\z).+"),
        P::Int16 => (-32_768, 32_767, "^(?!(-32769|32768)\\z).+"),
        P::Int32 => (i64::from(i32::MIN), i64::from(i32::MAX), "^(?!(-2147483649|2147483648)\\z).+"),
        _ => (i64::MIN, i64::MAX, "^(?!(-9223372036854775809|9223372036854775808)\\z).+"),
    };
    let below = Sql::binary(Operator::Sub, Sql::Integer(least).cast(INTEGER_DECIMAL), Sql::Integer(1));
    let above = Sql::binary(Operator::Add, Sql::Integer(greatest).cast(INTEGER_DECIMAL), Sql::Integer(1));
    let whole = Sql::call("TRUNCATE", [x, Sql::Integer(0)]);
    let clipped = Sql::call("LEAST", [Sql::call("GREATEST", [whole, below]), above]);
    number_like(within, clipped).cast("SIGNED")
}
