//! Dates, times, points in time and durations as exact numbers, read from and written to text.

mod plain;

/// Picoseconds in a second: the greatest precision that CSDL allows (12 digits).
pub const PICOS: u64 = 1_000_000_000_000;

/// A calendar date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// Year, 0 to 9999.
    pub year: i32,
    /// Month, 1 to 12.
    pub month: u32,
    /// Day, 1 to 31.
    pub day: u32,
}

/// A time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time {
    /// Seconds since midnight.
    pub seconds: u32,
    /// Picoseconds of the second.
    pub picos: u64,
}

/// A point in time with the offset it was written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instant {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub seconds: i64,
    /// Picoseconds of the second.
    pub picos: u64,
    /// Offset from UTC in minutes.
    pub offset: i32,
}

fn digits(text: &[u8], count: usize) -> Option<u32> {
    if text.len() < count || !text[..count].iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(text[..count].iter().fold(0, |n, b| n * 10 + u32::from(b - b'0')))
}

impl Date {
    /// Whether text is `YYYY-MM-DD` of a day that exists: what [`Date::parse`] reads, without its numbers.
    #[inline]
    pub fn is_plain(text: &[u8]) -> bool {
        <&[u8; 10]>::try_from(text).is_ok_and(plain::is_date)
    }

    /// Reads `YYYY-MM-DD`; the day must exist.
    pub fn parse(text: &str) -> Option<Date> {
        let b = text.as_bytes();
        if b.len() != 10 || b[4] != b'-' || b[7] != b'-' {
            return None;
        }
        let date = Date { year: digits(b, 4)? as i32, month: digits(&b[5..], 2)?, day: digits(&b[8..], 2)? };
        let exists = (1..=12).contains(&date.month)
            && date.day >= 1
            && date.day <= days_in_month(date.year, date.month);
        exists.then_some(date)
    }

    /// Days since 1970-01-01 in the proleptic Gregorian calendar.
    pub fn days(self) -> i64 {
        let y = i64::from(self.year) - i64::from(self.month <= 2);
        let era = y.div_euclid(400);
        let yoe = y.rem_euclid(400);
        let shifted = (i64::from(self.month) + 9) % 12;
        let doy = (153 * shifted + 2) / 5 + i64::from(self.day) - 1;
        era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468
    }

    /// The date that lies so many days after 1970-01-01, where its year has four digits.
    pub fn from_days(days: i64) -> Option<Date> {
        days.checked_add(719_468)?;
        let (year, month, day) = civil(days);
        (0..=9999).contains(&year).then_some(Date { year: year as i32, month, day })
    }

    /// Appends `YYYY-MM-DD`.
    pub fn write(self, out: &mut String) {
        pad(out, self.year as u32, 4);
        out.push('-');
        pad(out, self.month, 2);
        out.push('-');
        pad(out, self.day, 2);
    }
}

/// Year, month and day of the day that lies so many days after 1970-01-01, in the proleptic Gregorian calendar with a
/// year 0, for days of any database.
pub fn civil(days: i64) -> (i64, u32, u32) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let shifted = (5 * doy + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = yoe + era * 400 + i64::from(month <= 2);
    let day = doy - (153 * shifted + 2) / 5 + 1;
    (year, month as u32, day as u32)
}

fn days_in_month(year: i32, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl Time {
    /// Reads `hh:mm`, `hh:mm:ss` or `hh:mm:ss.f` with up to 12 digits.
    pub fn parse(text: &str) -> Option<Time> {
        let b = text.as_bytes();
        if b.len() < 5 || b[2] != b':' {
            return None;
        }
        let (hour, minute) = (digits(b, 2)?, digits(&b[3..], 2)?);
        let mut second = 0;
        let mut picos = 0;
        if b.len() > 5 {
            if b[5] != b':' || b.len() < 8 {
                return None;
            }
            second = digits(&b[6..], 2)?;
            if b.len() > 8 {
                picos = fraction(&b[8..])?;
            }
        }
        (hour < 24 && minute < 60 && second < 60)
            .then_some(Time { seconds: hour * 3600 + minute * 60 + second, picos })
    }

    /// Appends `hh:mm:ss` and the fraction without trailing zeros.
    pub fn write(self, out: &mut String) {
        pad(out, self.seconds / 3600, 2);
        out.push(':');
        pad(out, self.seconds / 60 % 60, 2);
        out.push(':');
        pad(out, self.seconds % 60, 2);
        write_fraction(out, self.picos);
    }
}

/// Reads `.f` with 1 to 12 digits as picoseconds.
fn fraction(text: &[u8]) -> Option<u64> {
    let (point, rest) = text.split_first()?;
    if *point != b'.' || rest.is_empty() || rest.len() > 12 || !rest.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = rest.iter().fold(0u64, |n, b| n * 10 + u64::from(b - b'0'));
    Some(value * 10u64.pow(12 - rest.len() as u32))
}

fn write_fraction(out: &mut String, picos: u64) {
    if picos > 0 {
        out.push('.');
        let mut scale = PICOS / 10;
        let mut rest = picos;
        while rest > 0 {
            out.push(char::from(b'0' + (rest / scale) as u8));
            rest %= scale;
            scale /= 10;
        }
    }
}

fn pad(out: &mut String, value: u32, width: u32) {
    let mut scale = 10u32.pow(width - 1);
    while scale > 0 {
        out.push(char::from(b'0' + (value / scale % 10) as u8));
        scale /= 10;
    }
}

impl Instant {
    /// Reads a date and a time parted by `T` or a space, with an optional fraction and an optional zone
    /// (`Z`, `+hh:mm`, `-hh:mm`); without a zone it is UTC, without a time it is midnight.
    pub fn parse(text: &str) -> Option<Instant> {
        let date = Date::parse(text.get(..10)?)?;
        let rest = &text[10..];
        if rest.is_empty() {
            return Some(Instant { seconds: date.days() * 86_400, picos: 0, offset: 0 });
        }
        let rest = rest.strip_prefix(['T', 't', ' '])?;
        let (time, offset) = split_zone(rest)?;
        let time = Time::parse(time)?;
        let seconds = date.days() * 86_400 + i64::from(time.seconds) - i64::from(offset) * 60;
        Some(Instant { seconds, picos: time.picos, offset })
    }

    /// Whether text is a point in time in the form that most databases keep, `YYYY-MM-DD hh:mm:ss` with an optional
    /// fraction and no zone; `T` may stand for the space. Quicker than [`Instant::parse`], which reads more forms.
    pub fn is_plain(text: &[u8]) -> bool {
        let Some((fixed, rest)) = text.split_first_chunk::<19>() else {
            return false;
        };
        let [date @ .., _, _, _, _, _, _, _, _, _] = fixed;
        let [_, _, _, _, _, _, _, _, _, _, parted, time @ ..] = fixed;
        let exists = matches!(parted, b' ' | b'T') && plain::is_date(date) && plain::is_time(time);
        exists && (rest.is_empty() || fraction(rest).is_some())
    }

    /// The date in its own offset, where its year has four digits.
    pub fn local_date(self) -> Option<Date> {
        Date::from_days((self.seconds + i64::from(self.offset) * 60).div_euclid(86_400))
    }

    /// The time of day in its own offset.
    pub fn local_time(self) -> Time {
        let seconds = (self.seconds + i64::from(self.offset) * 60).rem_euclid(86_400);
        Time { seconds: seconds as u32, picos: self.picos }
    }

    /// Appends the form that compares as text: UTC, `YYYY-MM-DDThh:mm:ss`, fraction without trailing zeros, no `Z`.
    /// Nothing where the year has not four digits.
    pub fn write_utc(self, out: &mut String) -> Option<()> {
        let utc = Instant { offset: 0, ..self };
        utc.local_date()?.write(out);
        out.push('T');
        utc.local_time().write(out);
        Some(())
    }

    /// Picoseconds since 1970.
    pub fn total_picos(self) -> i128 {
        i128::from(self.seconds) * i128::from(PICOS) + i128::from(self.picos)
    }

    /// The point in time so many picoseconds after 1970, in the given offset (minutes).
    pub fn from_picos(picos: i128, offset: i32) -> Option<Instant> {
        let seconds = i64::try_from(picos.div_euclid(i128::from(PICOS))).ok()?;
        Some(Instant { seconds, picos: picos.rem_euclid(i128::from(PICOS)) as u64, offset })
    }
}

/// Parts a time from its zone, an offset in minutes.
fn split_zone(text: &str) -> Option<(&str, i32)> {
    if let Some(time) = text.strip_suffix(['Z', 'z']) {
        return Some((time, 0));
    }
    let Some(at) = text.find(['+', '-']) else {
        return Some((text, 0));
    };
    let zone = &text.as_bytes()[at..];
    let (hours, minutes) = match zone.len() {
        6 if zone[3] == b':' => (digits(&zone[1..], 2)?, digits(&zone[4..], 2)?),
        5 => (digits(&zone[1..], 2)?, digits(&zone[3..], 2)?),
        3 => (digits(&zone[1..], 2)?, 0),
        _ => return None,
    };
    if hours > 14 || minutes > 59 {
        return None;
    }
    let offset = (hours * 60 + minutes) as i32;
    Some((text[..at].trim_end(), if zone[0] == b'-' { -offset } else { offset }))
}

/// Reads a duration such as `P1DT2H3.5S` (no years, no months) as picoseconds.
pub fn parse_duration(text: &str) -> Option<i128> {
    let (negative, rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let rest = rest.strip_prefix(['P', 'p'])?;
    let (days, time) = match rest.find(['T', 't']) {
        Some(at) => (&rest[..at], Some(&rest[at + 1..])),
        None => (rest, None),
    };
    let mut total: i128 = 0;
    if !days.is_empty() {
        total += number(days.strip_suffix(['D', 'd'])?)? * 86_400 * i128::from(PICOS);
    } else {
        time?;
    }
    if let Some(mut time) = time {
        if time.is_empty() {
            return None;
        }
        for (unit, seconds) in [('H', 3600), ('M', 60)] {
            if let Some(at) = time.find([unit, unit.to_ascii_lowercase()]) {
                total += number(&time[..at])? * seconds * i128::from(PICOS);
                time = &time[at + 1..];
            }
        }
        if let Some(seconds) = time.strip_suffix(['S', 's']) {
            let (whole, rest) = seconds.split_at(seconds.find('.').unwrap_or(seconds.len()));
            total += number(whole)? * i128::from(PICOS);
            if !rest.is_empty() {
                total += i128::from(fraction(rest.as_bytes())?);
            }
        } else if !time.is_empty() {
            return None;
        }
    }
    Some(if negative { -total } else { total })
}

/// A part of a duration.
fn number(text: &str) -> Option<i128> {
    whole_number(text, 12)
}

/// A number of at most so many digits.
fn whole_number(text: &str, most: usize) -> Option<i128> {
    if text.is_empty() || text.len() > most || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// Writes picoseconds as seconds in decimal digits, without trailing zeros.
pub fn seconds_text(picos: i128) -> String {
    let mut out = String::new();
    if picos < 0 {
        out.push('-');
    }
    let magnitude = picos.unsigned_abs();
    out.push_str(&(magnitude / u128::from(PICOS)).to_string());
    write_fraction(&mut out, (magnitude % u128::from(PICOS)) as u64);
    out
}

/// Reads seconds in decimal digits as picoseconds.
pub fn parse_seconds(text: &str) -> Option<i128> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, rest) = rest.split_at(rest.find('.').unwrap_or(rest.len()));
    // The longest duration that can be written in days has this many, and its picoseconds fit.
    let mut total = whole_number(whole, 17)? * i128::from(PICOS);
    if !rest.is_empty() {
        let kept = &rest.as_bytes()[..rest.len().min(13)];
        total += i128::from(fraction(kept)?);
    }
    Some(if negative { -total } else { total })
}

/// Writes picoseconds in the form of `Edm.Duration`, as in `P1DT2H3.5S`.
pub fn duration_text(picos: i128) -> String {
    let mut out = String::new();
    if picos < 0 {
        out.push('-');
    }
    let magnitude = picos.unsigned_abs();
    let seconds = magnitude / u128::from(PICOS);
    let rest = (magnitude % u128::from(PICOS)) as u64;
    out.push('P');
    if seconds >= 86_400 {
        out.push_str(&(seconds / 86_400).to_string());
        out.push('D');
    }
    if !seconds.is_multiple_of(86_400) || rest > 0 || seconds < 86_400 {
        out.push('T');
        for (unit, size, wrap) in [('H', 3600, 24), ('M', 60, 60)] {
            let count = seconds / size % wrap;
            if count > 0 {
                out.push_str(&count.to_string());
                out.push(unit);
            }
        }
        if !seconds.is_multiple_of(60) || rest > 0 || out.ends_with('T') {
            out.push_str(&(seconds % 60).to_string());
            write_fraction(&mut out, rest);
            out.push('S');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_become_utc_text() {
        for (text, utc) in [
            ("2024-02-29", Some("2024-02-29T00:00:00")),
            ("2024-02-29 23:59:59.500", Some("2024-02-29T23:59:59.5")),
            ("2024-02-29T23:30:00-01:00", Some("2024-03-01T00:30:00")),
            ("2024-01-01T00:00:00.123456789012+14:00", Some("2023-12-31T10:00:00.123456789012")),
            ("1969-12-31T23:59Z", Some("1969-12-31T23:59:00")),
            ("0000-01-01T00:00:00+01:00", None),
            ("2023-02-29", None),
            ("2023-13-01", None),
            ("2023-01-01T24:00:00Z", None),
            ("2023-01-01T00:00:00.Z", None),
            ("2023-01-01x", None),
            ("", None),
        ] {
            let mut out = String::new();
            let got = Instant::parse(text).and_then(|i| i.write_utc(&mut out)).map(|()| out.as_str());
            assert_eq!(got, utc, "{text}");
        }
    }

    #[test]
    fn the_plain_form_is_that_of_parse() {
        for (text, plain) in [
            ("2024-02-29 23:59:59", true),
            ("2024-02-29T23:59:59.123456789012", true),
            ("2023-02-29 23:59:59", false),
            ("2024-02-29 24:00:00", false),
            ("2024-02-29 23:59:60", false),
            ("2024-02-29 23:59:59.", false),
            ("2024-02-29 23:59:59.1234567890123", false),
            ("2024-02-29 23:59:59Z", false),
            ("2024-02-29 23:59", false),
            ("2024/02-29 23:59:59", false),
            ("2024-0a-29 23:59:59", false),
        ] {
            assert_eq!(Instant::is_plain(text.as_bytes()), plain, "{text}");
            assert!(!plain || Instant::parse(text).is_some(), "{text}");
        }
    }

    #[test]
    fn each_character_of_the_plain_form_is_looked_at() {
        for place in 0..19 {
            for character in (0x20..0x7f).map(char::from) {
                let mut text = "2024-12-11 12:11:12".to_owned();
                text.replace_range(place..=place, character.encode_utf8(&mut [0; 4]));
                let parted = matches!(text.as_bytes()[10], b' ' | b'T');
                let no_zone = text[11..].chars().all(|c| c.is_ascii_digit() || c == ':');
                let plain = Instant::parse(&text).is_some() && parted && no_zone;
                assert_eq!(Instant::is_plain(text.as_bytes()), plain, "{text}");
            }
        }
    }

    #[test]
    fn the_plain_form_of_a_date_is_that_of_parse() {
        for text in
            ["2023-02-29", "2024-02-29", "1900-02-29", "2000-02-29", "2024-02-30", "2024-04-31", "2024-01-31"]
        {
            assert_eq!(Date::is_plain(text.as_bytes()), Date::parse(text).is_some(), "{text}");
        }
        // Each character in each place, so that each place is looked at.
        for place in 0..10 {
            for character in (0x20..0x7f).map(char::from) {
                let mut text = "2024-12-11".to_owned();
                text.replace_range(place..=place, character.encode_utf8(&mut [0; 4]));
                assert_eq!(Date::is_plain(text.as_bytes()), Date::parse(&text).is_some(), "{text}");
            }
        }
        for text in ["", "2024-12-1", "2024-12-110"] {
            assert!(!Date::is_plain(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn every_day_of_ten_millennia_round_trips() {
        let mut expected = Date { year: 0, month: 1, day: 1 }.days();
        for year in 0..=9999 {
            for month in 1..=12 {
                for day in 1..=days_in_month(year, month) {
                    let date = Date { year, month, day };
                    assert_eq!(date.days(), expected, "{date:?}");
                    assert_eq!(Date::from_days(expected), Some(date));
                    expected += 1;
                }
            }
        }
        assert_eq!(Date::from_days(expected), None);
    }

    #[test]
    fn durations_read_and_write() {
        for (text, seconds, written) in [
            ("P1DT2H3M4.5S", "93784.5", "P1DT2H3M4.5S"),
            ("-PT36H", "-129600", "-P1DT12H"),
            ("PT0S", "0", "PT0S"),
            ("P2D", "172800", "P2D"),
            ("PT0.000000000001S", "0.000000000001", "PT0.000000000001S"),
            ("-P999999999999D", "-86399999999913600", "-P999999999999D"),
        ] {
            let picos = parse_duration(text).expect(text);
            assert_eq!(seconds_text(picos), seconds, "{text}");
            assert_eq!(parse_seconds(seconds), Some(picos), "{text}");
            assert_eq!(duration_text(picos), written, "{text}");
        }
        for bad in ["", "P", "PT", "P1Y", "P1M", "1D", "PT1", "P1DT", "PT1S2H"] {
            assert_eq!(parse_duration(bad), None, "{bad}");
        }
    }
}
