//! From the type of a column to the type it is served as.

use nextlink_odata::model::{PrimitiveType as P, Shape, Space};
use nextlink_sql::catalog::{NativeType, Storage};
use nextlink_sql::dialect::SORTED;
use nextlink_sql::zone::Zone;

use super::flags::BOOLEAN;
use super::schema::RawColumn;

/// Digits of the greatest unsigned number of 64 bits.
const UNSIGNED_DIGITS: u32 = 20;
/// Collations that compare by code point and pad nothing.
const CODE_POINT: [&str; 2] = ["utf8mb4_nopad_bin", "utf8mb4_0900_bin"];

/// The type a column is served as.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Served {
    pub(super) primitive: P,
    pub(super) storage: Storage,
    pub(super) native: NativeType,
    pub(super) max_length: Option<u32>,
    pub(super) precision: Option<u32>,
    pub(super) scale: Option<u32>,
}

/// The type a column is served as; none where it cannot be served.
pub(super) fn served(column: &RawColumn) -> Option<Served> {
    let unsigned = column.declared.contains("unsigned");
    let primitive = match column.kind.as_str() {
        // BOOLEAN is another word for this.
        "tinyint" if column.declared == BOOLEAN => P::Boolean,
        "bit" if column.precision == Some(1) => P::Boolean,
        "tinyint" => {
            if unsigned {
                P::Byte
            } else {
                P::SByte
            }
        }
        "smallint" => {
            if unsigned {
                P::Int32
            } else {
                P::Int16
            }
        }
        "year" => P::Int16,
        "mediumint" => P::Int32,
        "int" => {
            if unsigned {
                P::Int64
            } else {
                P::Int32
            }
        }
        "bigint" if unsigned => return Some(unsigned_digits()),
        "bit" if column.precision.is_some_and(|bits| bits > 63) => return Some(unsigned_digits()),
        "bigint" | "bit" => P::Int64,
        "float" => P::Single,
        "double" => P::Double,
        "decimal" => {
            let (precision, scale) = (facet(column.precision), facet(column.scale));
            return Some(Served { precision, scale, ..plain(P::Decimal) });
        }
        "date" => P::Date,
        "datetime" | "timestamp" => {
            return Some(Served { precision: facet(column.fraction), ..plain(P::DateTimeOffset) });
        }
        // It goes below zero and beyond a day.
        "time" => return Some(Served { precision: facet(column.fraction), ..plain(P::Duration) }),
        "binary" | "varbinary" => {
            return Some(Served { max_length: facet(column.length), ..plain(P::Binary) });
        }
        "tinyblob" | "blob" | "mediumblob" | "longblob" => P::Binary,
        "char" | "varchar" => {
            return Some(Served { max_length: facet(column.length), ..text(column) });
        }
        "tinytext" | "text" | "mediumtext" | "longtext" | "enum" | "set" => {
            return Some(text(column));
        }
        "inet4" | "inet6" => {
            return Some(Served { storage: Storage::Text, native: NativeType::Plain, ..text(column) });
        }
        // That of MySQL; MariaDB has texts that are checked.
        "json" => return Some(Served { storage: Storage::Text, ..text(column) }),
        "uuid" => P::Guid,
        shape => P::Shape(Space::Geometry, Shape::from_well_known(shape)?),
    };
    Some(plain(primitive))
}

/// The time zone of points in time that say none; a `timestamp` is one whatever the session's zone, which is UTC.
pub(super) fn zone(kind: &str) -> Option<Zone> {
    (kind == "datetime").then_some(Zone::UTC)
}

/// Whether comparing and ordering the bare column is by code point.
pub(super) fn is_binary(served: &Served) -> bool {
    match &served.native {
        NativeType::Text { charset, collation, .. } => {
            charset == "utf8mb4" && CODE_POINT.contains(&collation.as_str())
        }
        _ => served.primitive != P::String,
    }
}

fn plain(primitive: P) -> Served {
    let (storage, native) = (Storage::Native, NativeType::Plain);
    Served { primitive, storage, native, max_length: None, precision: None, scale: None }
}

fn text(column: &RawColumn) -> Served {
    let long = column.length.is_none_or(|length| i64::try_from(length).is_ok_and(|length| length > SORTED));
    let (charset, collation) = match (&column.charset, &column.collation) {
        (Some(charset), Some(collation)) => (charset.clone(), collation.clone()),
        // MySQL says nothing of JSON.
        _ => ("utf8mb4".to_owned(), "utf8mb4_bin".to_owned()),
    };
    let native = NativeType::Text { charset, collation, long };
    Served { native, ..plain(P::String) }
}

fn unsigned_digits() -> Served {
    Served {
        native: NativeType::Unsigned,
        precision: Some(UNSIGNED_DIGITS),
        scale: Some(0),
        ..plain(P::Decimal)
    }
}

fn facet(number: Option<u64>) -> Option<u32> {
    number.and_then(|n| u32::try_from(n).ok())
}

/// The labels of a type such as `enum('a','it''s')`, in their order.
pub(super) fn labels(declared: &str) -> Vec<String> {
    let list = declared.split_once('(').map_or("", |(_, rest)| rest);
    let mut labels = Vec::new();
    let mut chars = list.chars().peekable();
    while chars.any(|c| c == '\'') {
        let mut label = String::new();
        while let Some(c) = chars.next() {
            match c {
                '\'' if chars.peek() == Some(&'\'') => label.extend(chars.next()),
                '\'' => break,
                '\\' => label.extend(chars.next().map(|escaped| match escaped {
                    'n' => '\n',
                    'r' => '\r',
                    '0' => '\0',
                    other => other,
                })),
                other => label.push(other),
            }
        }
        labels.push(label);
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_a_type() {
        for (declared, expected) in [
            ("enum('a')", vec!["a"]),
            ("enum('a','b')", vec!["a", "b"]),
            ("set('it''s','','x,y')", vec!["it's", "", "x,y"]),
            (r"enum('a\\b','c\nd','''')", vec![r"a\b", "c\nd", "'"]),
            ("enum(')','(')", vec![")", "("]),
        ] {
            assert_eq!(labels(declared), expected, "{declared}");
        }
    }
}
