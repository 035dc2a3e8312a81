//! Decimal constants with more digits than the servers keep.

/// Digits of a decimal.
const DIGITS: usize = 65;

/// Digits behind the point that are kept of a number in plain digits, where `most` are kept of any.
pub(super) fn scale(number: &str, most: usize) -> usize {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole = whole.trim_start_matches(['-', '0']).len();
    fraction.len().min(most).min(DIGITS.saturating_sub(whole))
}

/// The last number with so few digits before one that has more; none where it has not.
pub(super) fn before(number: &str, most: usize) -> Option<String> {
    let point = number.find('.')?;
    let scale = scale(number, most);
    let end = if scale == 0 { point } else { point + 1 + scale };
    let more = number[point + 1 + scale..].bytes().any(|digit| digit != b'0');
    more.then(|| {
        let kept = &number[..end];
        kept.strip_prefix('-').map_or_else(|| kept.to_owned(), |kept| ["-", &next(kept)].concat())
    })
}

/// Digits with one more at the last place.
fn next(digits: &str) -> String {
    let nines = digits.len() - digits.trim_end_matches(['9', '.']).len();
    let (kept, nines) = digits.split_at(digits.len() - nines);
    let zeros = nines.replace('9', "0");
    let raised = match kept.char_indices().next_back() {
        Some((at, last)) => match last.to_digit(10) {
            Some(digit) => [&kept[..at], &(digit + 1).to_string()].concat(),
            None => kept.to_owned(),
        },
        None => "1".to_owned(),
    };
    raised + &zeros
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_digits_as_are_kept() {
        let long = |digits: &str| [digits, &"9".repeat(40)].concat();
        for (number, expected) in [
            ("1.5", None),
            ("1.23000", None),
            ("1.234", Some("1.23")),
            ("-1.234", Some("-1.24")),
            ("-1.999", Some("-2.00")),
            ("-9.999", Some("-10.00")),
            ("-0.001", Some("-0.01")),
            ("0.001", Some("0.00")),
            ("12345", None),
        ] {
            assert_eq!(before(number, 2).as_deref(), expected, "{number}");
        }
        assert_eq!(scale(&long("0."), 38), 38);
        assert_eq!(scale(&long(&["1".repeat(60), ".".to_owned()].concat()), 38), 5);
        let (whole, none) = ("9".repeat(70), 0);
        assert_eq!(scale(&[&whole, ".5"].concat(), 38), none);
        assert_eq!(before(&[&whole, ".5"].concat(), 38), Some(whole));
    }
}
