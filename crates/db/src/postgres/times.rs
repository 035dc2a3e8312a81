//! Dates, times, points in time and durations of the wire, which count days and microseconds from the year 2000.

use nextlink_odata::temporal::{Date, Instant, PICOS, Time, civil, duration_text, parse_seconds};

/// Days from 1970 to 2000.
const EPOCH_DAYS: i64 = 10_957;
const MICROS: i64 = 1_000_000;
const DAY_MICROS: i64 = 86_400 * MICROS;
const PICOS_OF_MICRO: i128 = PICOS as i128 / MICROS as i128;
/// Days of a month as the server takes them where it compares intervals.
const MONTH_DAYS: i128 = 30;

/// The first and the last point in time of OData, which stand for infinity (`mindatetime` and `maxdatetime`).
const FIRST: &str = "0001-01-01T00:00:00";
const LAST: &str = "9999-12-31T23:59:59.999999999999";

/// Short text without an allocation.
pub struct Text {
    bytes: [u8; 40],
    length: usize,
}

impl Text {
    fn new() -> Text {
        Text { bytes: [0; 40], length: 0 }
    }

    /// What was written.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    fn push(&mut self, text: &[u8]) {
        self.bytes[self.length..self.length + text.len()].copy_from_slice(text);
        self.length += text.len();
    }

    /// A number of at most so many digits, with zeros before it.
    fn padded(&mut self, number: u64, width: usize) {
        let mut rest = number;
        for at in (self.length..self.length + width).rev() {
            self.bytes[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        self.length += width;
    }

    fn date(&mut self, days: i64) {
        let (year, month, day) = civil(days + EPOCH_DAYS);
        if year < 0 {
            self.push(b"-");
        }
        // Four digits, or as many as it takes (OData ABNF, `year`).
        let year = year.unsigned_abs();
        if year < 10_000 {
            self.padded(year, 4);
        } else {
            self.push(itoa::Buffer::new().format(year).as_bytes());
        }
        self.push(b"-");
        self.padded(u64::from(month), 2);
        self.push(b"-");
        self.padded(u64::from(day), 2);
    }

    fn time(&mut self, micros: i64) {
        let seconds = (micros / MICROS) as u64;
        self.padded(seconds / 3600, 2);
        self.push(b":");
        self.padded(seconds / 60 % 60, 2);
        self.push(b":");
        self.padded(seconds % 60, 2);
        let fraction = (micros % MICROS) as u64;
        if fraction > 0 {
            self.push(b".");
            self.padded(fraction, 6);
            while self.bytes[self.length - 1] == b'0' {
                self.length -= 1;
            }
        }
    }
}

/// A date: days. Infinity is the last day that OData can name.
pub fn date(days: i32) -> Text {
    let mut text = Text::new();
    match days {
        i32::MIN => text.push(&FIRST.as_bytes()[..10]),
        i32::MAX => text.push(&LAST.as_bytes()[..10]),
        days => text.date(i64::from(days)),
    }
    text
}

/// A point in time: microseconds, in UTC.
pub fn instant(micros: i64) -> Text {
    let mut text = Text::new();
    match micros {
        i64::MIN => text.push(FIRST.as_bytes()),
        i64::MAX => text.push(LAST.as_bytes()),
        micros => {
            text.date(micros.div_euclid(DAY_MICROS));
            text.push(b"T");
            text.time(micros.rem_euclid(DAY_MICROS));
        }
    }
    text.push(b"Z");
    text
}

/// A time of day: microseconds since midnight. The server has one more than OData, `24:00:00`; it is the last one here.
pub fn time(micros: i64) -> Option<Text> {
    let mut text = Text::new();
    match micros {
        0..DAY_MICROS => text.time(micros),
        DAY_MICROS => text.push(&LAST.as_bytes()[11..]),
        _ => return None,
    }
    Some(text)
}

/// An interval as a duration.
pub fn duration(micros: i64, days: i32, months: i32) -> String {
    let days = i128::from(months) * MONTH_DAYS + i128::from(days);
    duration_text((days * i128::from(DAY_MICROS) + i128::from(micros)) * PICOS_OF_MICRO)
}

/// Days of a date.
pub fn parse_date(text: &str) -> Option<i32> {
    i32::try_from(Date::parse(text)?.days() - EPOCH_DAYS).ok()
}

/// Microseconds of a time of day. The last one is `24:00:00`, as where it is read.
pub fn parse_time(text: &str) -> Option<i64> {
    if text == &LAST[11..] {
        return Some(DAY_MICROS);
    }
    let time = Time::parse(text)?;
    Some(i64::from(time.seconds) * MICROS + micros_of(time.picos))
}

/// Microseconds of a point in time.
pub fn parse_instant(text: &str) -> Option<i64> {
    match text {
        FIRST => return Some(i64::MIN),
        LAST => return Some(i64::MAX),
        _ => {}
    }
    let instant = Instant::parse(text)?;
    Some((instant.seconds - EPOCH_DAYS * 86_400) * MICROS + micros_of(instant.picos))
}

/// Microseconds, days and months of a duration that is given in seconds: months and days where it has more microseconds
/// than fit.
pub fn parse_duration(seconds: &str) -> Option<(i64, i32, i32)> {
    let micros = parse_seconds(seconds)?.div_euclid(PICOS_OF_MICRO);
    if let Ok(micros) = i64::try_from(micros) {
        return Some((micros, 0, 0));
    }
    let (days, micros) = (micros / i128::from(DAY_MICROS), micros % i128::from(DAY_MICROS));
    let (months, days) = (days / MONTH_DAYS, days % MONTH_DAYS);
    Some((i64::try_from(micros).ok()?, i32::try_from(days).ok()?, i32::try_from(months).ok()?))
}

fn micros_of(picos: u64) -> i64 {
    (i128::from(picos) / PICOS_OF_MICRO) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_range_is_written() {
        let text = |text: Text| String::from_utf8(text.as_bytes().to_vec()).expect("ASCII");
        for (days, expected) in [
            (0, "2000-01-01"),
            (-1, "1999-12-31"),
            (-2_451_545 + 38, "-4712-01-01"),
            (-730_486, "-0001-12-31"),
            (-730_485, "0000-01-01"),
            (2_145_031_948, "5874897-12-31"),
            (i32::MAX, "9999-12-31"),
            (i32::MIN, "0001-01-01"),
        ] {
            assert_eq!(text(date(days)), expected, "{days}");
        }
        for (micros, expected) in [
            (0, "2000-01-01T00:00:00Z"),
            (-1, "1999-12-31T23:59:59.999999Z"),
            (1_500_000, "2000-01-01T00:00:01.5Z"),
            (9_223_371_331_199_999_999, "294276-12-31T23:59:59.999999Z"),
            (-211_810_204_800_000_000, "-4712-01-01T00:00:00Z"),
            (i64::MAX, "9999-12-31T23:59:59.999999999999Z"),
            (i64::MIN, "0001-01-01T00:00:00Z"),
        ] {
            assert_eq!(text(instant(micros)), expected, "{micros}");
        }
        for (micros, expected) in [
            (0, Some("00:00:00")),
            (86_399_999_999, Some("23:59:59.999999")),
            (86_400_000_000, Some("23:59:59.999999999999")),
            (-1, None),
        ] {
            assert_eq!(time(micros).map(text).as_deref(), expected, "{micros}");
        }
        for (micros, days, months, expected) in [
            (0, 0, 0, "PT0S"),
            (1, 1, 1, "P31DT0.000001S"),
            (-1_500_000, 0, 0, "-PT1.5S"),
            (3_600_000_000, -1, 0, "-PT23H"),
            (i64::MAX, i32::MAX, i32::MAX, "P66678745048DT4H54.775807S"),
        ] {
            assert_eq!(duration(micros, days, months), expected, "{micros} {days} {months}");
        }
    }

    #[test]
    fn texts_are_read() {
        for (text, expected) in [
            ("2000-01-01", Some(0)),
            ("9999-12-31", Some(2_921_939)),
            ("0001-01-01", Some(-730_119)),
            ("x", None),
        ] {
            assert_eq!(parse_date(text), expected, "{text}");
        }
        for (text, expected) in [
            ("2000-01-01T00:00:00", Some(0)),
            ("1999-12-31T23:59:59.999999", Some(-1)),
            ("2000-01-01T00:00:00.0000019", Some(1)),
            ("9999-12-31T23:59:59.999999999999", Some(i64::MAX)),
            ("0001-01-01T00:00:00", Some(i64::MIN)),
            ("", None),
        ] {
            assert_eq!(parse_instant(text), expected, "{text}");
        }
        for (text, expected) in [
            ("-1.5", Some((-1_500_000, 0, 0))),
            ("86400", Some((86_400_000_000, 0, 0))),
            ("9223372036854.775807", Some((i64::MAX, 0, 0))),
            ("9223372036854.775808", Some((14_454_775_808, 21, 3_558_399))),
            ("-864000000000000", Some((0, -10, -333_333_333))),
            ("-86399999999913600", None),
            ("1e3", None),
        ] {
            assert_eq!(parse_duration(text), expected, "{text}");
        }
        for (text, expected) in
            [("23:59:59.999999", Some(86_399_999_999)), ("23:59:59.999999999999", Some(DAY_MICROS))]
        {
            assert_eq!(parse_time(text), expected, "{text}");
        }
    }
}
