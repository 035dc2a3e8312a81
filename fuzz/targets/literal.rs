//! Values: as literals and expressions of a URL, and in the plain forms of their types.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nextlink_odata::lexical;
use nextlink_odata::temporal::{Date, Instant, Time, duration_text, parse_duration};
use nextlink_odata::url::{ParseOptions, parse_expression};

fuzz_target!(|text: &str| {
    let _ = parse_expression(text, &ParseOptions::default());
    let _ = lexical::boolean(text);
    for check in [
        lexical::date,
        lexical::time_of_day,
        lexical::date_time_offset,
        lexical::duration,
        lexical::guid,
        lexical::decimal,
        lexical::binary,
        lexical::enumeration,
        lexical::identifier,
        lexical::primitive,
    ] {
        let _ = check(text);
    }
    // What is read can be written, and is read as the same again.
    if let Some(date) = Date::parse(text) {
        let mut written = String::new();
        date.write(&mut written);
        assert_eq!(Date::parse(&written), Some(date));
    }
    if let Some(time) = Time::parse(text) {
        let mut written = String::new();
        time.write(&mut written);
        assert_eq!(Time::parse(&written), Some(time));
    }
    if let Some(instant) = Instant::parse(text) {
        let mut written = String::new();
        if instant.write_utc(&mut written).is_some() {
            let again = Instant::parse(&[&written, "Z"].concat());
            assert_eq!(
                again.map(|i| (i.seconds, i.picos)),
                Some((instant.seconds, instant.picos)),
                "{written}"
            );
        }
    }
    if let Some(picos) = parse_duration(text) {
        assert_eq!(parse_duration(&duration_text(picos)), Some(picos));
    }
});
