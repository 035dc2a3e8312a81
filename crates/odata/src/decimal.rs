//! Exact decimal numbers as text.

use std::cmp::Ordering;

/// Digits that a decimal may have when its exponent is written out.
const MAX_DECIMAL_DIGITS: usize = 400;

/// Writes a number without exponent; `None` where it would be longer than any decimal a database has.
pub fn plain_decimal(text: &str) -> Option<String> {
    let Some(at) = text.find(['e', 'E']) else {
        return Some(trim_decimal(text));
    };
    let (mantissa, exponent) = (&text[..at], text[at + 1..].parse::<i64>().ok()?);
    let (sign, digits) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = [whole, fraction].concat();
    let point = i64::try_from(whole.len()).ok()?.checked_add(exponent)?;
    if point.unsigned_abs() as usize > MAX_DECIMAL_DIGITS || all.len() > MAX_DECIMAL_DIGITS {
        return None;
    }
    let mut out = String::from(sign);
    if point <= 0 {
        out.push_str("0.");
        out.extend(std::iter::repeat_n('0', point.unsigned_abs() as usize));
        out.push_str(&all);
    } else {
        let point = point as usize;
        out.push_str(&all[..point.min(all.len())]);
        out.extend(std::iter::repeat_n('0', point.saturating_sub(all.len())));
        if point < all.len() {
            out.push('.');
            out.push_str(&all[point..]);
        }
    }
    Some(trim_decimal(&out))
}

/// Drops zeros that say nothing, so that equal numbers are equal texts.
pub fn trim_decimal(text: &str) -> String {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole = whole.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    if fraction.is_empty() {
        let sign = if whole == "0" { "" } else { sign };
        return [sign, whole].concat();
    }
    [sign, whole, ".", fraction].concat()
}

/// Whether text is a decimal number without exponent: an optional sign, digits, and digits after an optional point.
pub fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    all(whole) && all(fraction)
}

/// Compares two decimal numbers by value, whatever their length. Text that is no number comes first.
pub fn compare_decimals(a: &str, b: &str) -> Ordering {
    match (is_decimal(a), is_decimal(b)) {
        (true, true) => {}
        (false, false) => return a.cmp(b),
        (x, y) => return x.cmp(&y),
    }
    let (a, b) = (trim_decimal(a), trim_decimal(b));
    match (a.strip_prefix('-'), b.strip_prefix('-')) {
        (None, None) => compare_magnitudes(&a, &b),
        (Some(a), Some(b)) => compare_magnitudes(b, a),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
    }
}

fn compare_magnitudes(a: &str, b: &str) -> Ordering {
    let (a_whole, a_rest) = a.split_once('.').unwrap_or((a, ""));
    let (b_whole, b_rest) = b.split_once('.').unwrap_or((b, ""));
    a_whole.len().cmp(&b_whole.len()).then_with(|| a_whole.cmp(b_whole)).then_with(|| a_rest.cmp(b_rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_written_out() {
        for (text, expected) in [
            ("1.50", Some("1.5")),
            ("-0.0", Some("0")),
            ("007", Some("7")),
            ("1e3", Some("1000")),
            ("1.25e1", Some("12.5")),
            ("-12.5E-4", Some("-0.00125")),
            ("9007199254740993.1", Some("9007199254740993.1")),
            ("1e401", None),
        ] {
            assert_eq!(plain_decimal(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn decimals_compare_by_value() {
        let ordered =
            ["x", "-100", "-12.5", "-0.1", "0", "0.05", "0.5", "1", "9.99", "10", "9007199254740993.1"];
        for (i, a) in ordered.iter().enumerate() {
            for (j, b) in ordered.iter().enumerate() {
                assert_eq!(compare_decimals(a, b), i.cmp(&j), "{a} {b}");
            }
        }
        assert_eq!(compare_decimals("1.50", "01.5"), Ordering::Equal);
        assert_eq!(compare_decimals("-0", "0.000"), Ordering::Equal);
    }
}
