//! From a declared type and what the values are to the type a column is served as.
//!
//! SQLite keeps any value in any column of a table that is not STRICT. So a declaration is a wish: it holds
//! while the values seen agree with it.

use nextlink_odata::model::PrimitiveType;
use nextlink_sql::catalog::Storage;

/// Greatest whole number up to which every whole number is a binary64 number: 2^53.
const EXACT_IN_DOUBLE: u64 = 1 << 53;

/// Reals from here on have no exact decimal form worth the name: binary64 carries 15 decimal digits.
const DECIMAL_REALS_BELOW: f64 = 1e15;

/// Greatest number of fractional seconds digits (CSDL 4.01 section 7.2.3).
pub(super) const MAX_FRACTION: u32 = 12;

/// Fractional seconds digits told for text, which may hold any number of them.
const USUAL_FRACTION: u32 = 6;

/// What a declaration asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// 64-bit integer.
    Int64,
    /// 32-bit integer.
    Int32,
    /// 16-bit integer.
    Int16,
    /// 8-bit integer, signed where a value is negative.
    Int8,
    /// 0 and 1. `or_byte`: an 8-bit integer otherwise, without a word (`TINYINT(1)`).
    Boolean { or_byte: bool },
    /// binary64.
    Double,
    /// Exact number with precision and scale, where given.
    Decimal(Option<(u32, u32)>),
    /// Text of at most so many characters.
    String(Option<u32>),
    /// Bytes, at most so many.
    Binary(Option<u32>),
    /// `YYYY-MM-DD`.
    Date,
    /// Date and time with so many fractional seconds digits.
    DateTime(Option<u32>),
    /// Time of day with so many fractional seconds digits.
    Time(Option<u32>),
    /// 36 characters or 16 bytes.
    Guid,
    /// Whatever the values are.
    Values,
}

/// What the values of a column are, as far as they were looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Facts {
    /// Values that are null.
    pub(super) nulls: i64,
    /// Values of storage class INTEGER.
    pub(super) integers: i64,
    /// Values of storage class REAL.
    pub(super) reals: i64,
    /// Values of storage class TEXT.
    pub(super) texts: i64,
    /// Values of storage class BLOB.
    pub(super) blobs: i64,
    /// Least integer.
    pub(super) least: Option<i64>,
    /// Greatest integer.
    pub(super) greatest: Option<i64>,
    /// Greatest absolute value of a real.
    pub(super) greatest_real: Option<f64>,
    /// Values in the form that the wish asks for: texts, for a Guid also blobs, for a Decimal reals of the
    /// scale.
    pub(super) matched: i64,
    /// For a Date wish: texts that are a date with or without a time.
    pub(super) date_times: i64,
    /// Greatest length in characters or bytes, or of the fraction of a second in digits.
    pub(super) longest: Option<i64>,
}

/// The type a column is served as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Served {
    pub(super) primitive: PrimitiveType,
    pub(super) storage: Storage,
    pub(super) max_length: Option<u32>,
    pub(super) precision: Option<u32>,
    pub(super) scale: Option<u32>,
    /// What about the declaration did not hold.
    pub(super) change: Option<Change>,
}

/// How a column differs from its declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// Another type.
    Type,
    /// No MaxLength, or no Precision and Scale.
    Facets,
    /// Values of several types in a column without a declared one.
    Mixed,
}

/// Reads a declared type. Names that no rule knows follow SQLite's affinity rules, in their order.
pub(super) fn wish(declared: &str) -> Wish {
    let upper = declared.to_ascii_uppercase();
    let (name, arguments) = match upper.split_once('(') {
        Some((name, rest)) => (name, rest.split(')').next().unwrap_or_default()),
        None => (upper.as_str(), ""),
    };
    let mut numbers = arguments.split(',').map(|n| n.trim().parse::<u32>().ok());
    let (first, second) = (numbers.next().flatten(), numbers.next().flatten());
    let words: Vec<&str> = name.split_whitespace().filter(|w| !matches!(*w, "UNSIGNED" | "SIGNED")).collect();
    match words.join(" ").as_str() {
        "" | "ANY" => Wish::Values,
        "INT" | "INT4" | "MEDIUMINT" | "SERIAL" => Wish::Int32,
        "SMALLINT" | "INT2" | "YEAR" => Wish::Int16,
        "TINYINT" if first == Some(1) => Wish::Boolean { or_byte: true },
        "TINYINT" | "INT1" => Wish::Int8,
        "BOOLEAN" | "BOOL" | "BIT" => Wish::Boolean { or_byte: false },
        "DECIMAL" | "NUMERIC" | "NUMBER" | "DEC" => {
            Wish::Decimal(first.filter(|&p| p > 0).map(|p| (p, second.unwrap_or(0))).filter(|(p, s)| s <= p))
        }
        "MONEY" | "SMALLMONEY" | "CURRENCY" => Wish::Decimal(None),
        "STRING" | "JSON" | "XML" | "ENUM" => Wish::String(first.filter(|&n| n > 0)),
        "BINARY" | "VARBINARY" | "IMAGE" | "BYTEA" => Wish::Binary(first.filter(|&n| n > 0)),
        "DATE" => Wish::Date,
        "DATETIME"
        | "DATETIME2"
        | "SMALLDATETIME"
        | "DATETIMEOFFSET"
        | "TIMESTAMP"
        | "TIMESTAMPTZ"
        | "TIMESTAMP WITH TIME ZONE"
        | "TIMESTAMP WITHOUT TIME ZONE" => Wish::DateTime(first.filter(|&n| n <= MAX_FRACTION)),
        "TIME" | "TIME WITHOUT TIME ZONE" => Wish::Time(first.filter(|&n| n <= MAX_FRACTION)),
        "UUID" | "GUID" | "UNIQUEIDENTIFIER" => Wish::Guid,
        other => by_affinity(other, first.filter(|&n| n > 0)),
    }
}

/// SQLite's rules of affinity, as its documentation on data types gives them.
fn by_affinity(name: &str, length: Option<u32>) -> Wish {
    let has = |part: &str| name.contains(part);
    if has("INT") {
        Wish::Int64
    } else if has("CHAR") || has("CLOB") || has("TEXT") {
        Wish::String(length)
    } else if has("BLOB") {
        Wish::Binary(length)
    } else if has("REAL") || has("FLOA") || has("DOUB") {
        Wish::Double
    } else {
        Wish::Values
    }
}

/// Decides what a column with this declaration and these values is served as.
pub(super) fn decide(wish: Wish, facts: &Facts) -> Served {
    let texts_only = facts.integers == 0 && facts.reals == 0 && facts.blobs == 0;
    let matched = texts_only && facts.matched == facts.texts;
    match wish {
        Wish::Int64 if facts.only_integers() => Served::plain(PrimitiveType::Int64),
        Wish::Int32 | Wish::Int16 | Wish::Int8 if facts.only_integers() => small_integer(wish, facts),
        Wish::Boolean { .. } if facts.only_integers() && facts.within(0, 1) => {
            Served::plain(PrimitiveType::Boolean)
        }
        Wish::Boolean { or_byte: true } if facts.only_integers() => small_integer(Wish::Int8, facts),
        Wish::Double if facts.only_numbers() && facts.exact_in_double() => {
            Served::plain(PrimitiveType::Double)
        }
        Wish::Decimal(digits) => decimal(digits, facts),
        Wish::String(length) if facts.blobs == 0 => sized(PrimitiveType::String, length, facts),
        Wish::Binary(length) if facts.only_blobs() => sized(PrimitiveType::Binary, length, facts),
        Wish::Date if matched => Served::text(PrimitiveType::Date),
        Wish::Date if texts_only && facts.date_times == facts.texts && facts.fraction_fits() => {
            Served { precision: Some(facts.fraction(None)), ..Served::text(PrimitiveType::DateTimeOffset) }
                .changed()
        }
        Wish::DateTime(digits) if matched && facts.fraction_fits() => {
            Served { precision: Some(facts.fraction(digits)), ..Served::text(PrimitiveType::DateTimeOffset) }
        }
        Wish::Time(digits) if matched && facts.fraction_fits() => {
            Served { precision: Some(facts.fraction(digits)), ..Served::text(PrimitiveType::TimeOfDay) }
        }
        Wish::Guid if matched => Served::text(PrimitiveType::Guid),
        Wish::Guid if facts.only_blobs() && facts.matched == facts.blobs => {
            Served { storage: Storage::Blob, ..Served::plain(PrimitiveType::Guid) }
        }
        Wish::Values => by_values(facts),
        _ => Served { change: None, ..by_values(facts) }.changed(),
    }
}

/// The narrowest type that is no narrower than declared and holds all the values.
fn small_integer(wish: Wish, facts: &Facts) -> Served {
    use PrimitiveType::*;
    let wider = [
        (Wish::Int8, Byte, 0, i64::from(u8::MAX)),
        (Wish::Int8, SByte, i64::from(i8::MIN), i64::from(i8::MAX)),
        (Wish::Int16, Int16, i64::from(i16::MIN), i64::from(i16::MAX)),
        (Wish::Int32, Int32, i64::from(i32::MIN), i64::from(i32::MAX)),
        (Wish::Int64, Int64, i64::MIN, i64::MAX),
    ];
    let start = wider.iter().position(|w| w.0 == wish).unwrap_or(0);
    let found = wider[start..].iter().find(|w| facts.within(w.2, w.3)).unwrap_or(&wider[4]);
    let served = Served::plain(found.1);
    if found.0 == wish { served } else { served.changed() }
}

fn decimal(digits: Option<(u32, u32)>, facts: &Facts) -> Served {
    let plain = Served::plain(PrimitiveType::Decimal);
    if facts.texts > 0 && facts.only_texts() && facts.matched == facts.texts {
        let served = Served::text(PrimitiveType::Decimal);
        return if digits.is_some() { served.without_facets() } else { served };
    }
    let largest = facts.greatest_real.unwrap_or(0.0);
    if !facts.only_numbers() || largest >= DECIMAL_REALS_BELOW {
        return Served { change: None, ..by_values(facts) }.changed();
    }
    let Some((precision, scale)) = digits else {
        return plain;
    };
    // Whole digits that the facets leave; beyond 18 every 64-bit integer fits.
    let bound = 10_u64.checked_pow(precision - scale).unwrap_or(u64::MAX);
    let fits = facts.matched == facts.reals && facts.greatest_integer() < bound && largest < bound as f64;
    if fits {
        Served { precision: Some(precision), scale: Some(scale), ..plain }
    } else {
        plain.without_facets()
    }
}

fn sized(primitive: PrimitiveType, length: Option<u32>, facts: &Facts) -> Served {
    let plain = Served::plain(primitive);
    match (length, facts.longest) {
        (Some(length), Some(longest)) if longest > i64::from(length) => plain.without_facets(),
        _ => Served { max_length: length, ..plain },
    }
}

/// A type that holds all the values. Where some of them are of another one, they are compared as what they are shown as.
fn by_values(facts: &Facts) -> Served {
    let kinds = [facts.integers + facts.reals, facts.texts, facts.blobs].iter().filter(|&&n| n > 0).count();
    let primitive = if facts.blobs > 0 {
        // The bytes of a text are always there to be had; the text of bytes is not.
        PrimitiveType::Binary
    } else if facts.texts > 0 || facts.integers + facts.reals == 0 {
        PrimitiveType::String
    } else if facts.reals == 0 {
        PrimitiveType::Int64
    } else if facts.exact_in_double() {
        PrimitiveType::Double
    } else if facts.greatest_real.unwrap_or(0.0) < DECIMAL_REALS_BELOW {
        PrimitiveType::Decimal
    } else {
        PrimitiveType::String
    };
    let numbers = primitive == PrimitiveType::String && facts.integers + facts.reals > 0;
    let served = if numbers || kinds > 1 { Served::text(primitive) } else { Served::plain(primitive) };
    Served { change: (kinds > 1).then_some(Change::Mixed), ..served }
}

impl Served {
    fn plain(primitive: PrimitiveType) -> Served {
        Served {
            primitive,
            storage: Storage::Native,
            max_length: None,
            precision: None,
            scale: None,
            change: None,
        }
    }

    fn text(primitive: PrimitiveType) -> Served {
        Served { storage: Storage::Text, ..Served::plain(primitive) }
    }

    fn changed(self) -> Served {
        Served { change: Some(Change::Type), ..self }
    }

    fn without_facets(self) -> Served {
        Served { change: Some(Change::Facets), ..self }
    }
}

impl Facts {
    /// What two disjoint parts of a column are together.
    pub(super) fn and(self, other: Facts) -> Facts {
        let least = [self.least, other.least].into_iter().flatten().min();
        let reals = [self.greatest_real, other.greatest_real].into_iter().flatten();
        Facts {
            nulls: self.nulls + other.nulls,
            integers: self.integers + other.integers,
            reals: self.reals + other.reals,
            texts: self.texts + other.texts,
            blobs: self.blobs + other.blobs,
            least,
            greatest: self.greatest.max(other.greatest),
            greatest_real: reals.reduce(f64::max),
            matched: self.matched + other.matched,
            date_times: self.date_times + other.date_times,
            longest: self.longest.max(other.longest),
        }
    }

    fn only_integers(&self) -> bool {
        self.reals == 0 && self.texts == 0 && self.blobs == 0
    }

    fn only_numbers(&self) -> bool {
        self.texts == 0 && self.blobs == 0
    }

    fn only_texts(&self) -> bool {
        self.integers == 0 && self.reals == 0 && self.blobs == 0
    }

    fn only_blobs(&self) -> bool {
        self.integers == 0 && self.reals == 0 && self.texts == 0
    }

    fn within(&self, least: i64, greatest: i64) -> bool {
        self.least.is_none_or(|n| n >= least) && self.greatest.is_none_or(|n| n <= greatest)
    }

    fn greatest_integer(&self) -> u64 {
        let sizes = [self.least, self.greatest].into_iter().flatten().map(i64::unsigned_abs);
        sizes.max().unwrap_or(0)
    }

    fn exact_in_double(&self) -> bool {
        self.greatest_integer() <= EXACT_IN_DOUBLE
    }

    fn fraction_fits(&self) -> bool {
        self.longest.is_none_or(|n| n <= i64::from(MAX_FRACTION))
    }

    /// Fractional seconds digits: at least those declared, or the usual ones, and all that were seen.
    fn fraction(&self, declared: Option<u32>) -> u32 {
        let seen = self.longest.and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
        seen.max(declared.unwrap_or(USUAL_FRACTION)).min(MAX_FRACTION)
    }
}
