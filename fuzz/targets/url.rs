//! Paths and query options: each is a tree, or an error that points into the text.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nextlink_odata::url::{ParseError, ParseOptions, parse_query_options, parse_with};

fn points_into(text: &str, error: &ParseError) {
    assert!(error.at as usize <= text.len(), "{error:?}");
    assert!(!error.message.is_empty(), "{error:?}");
}

fuzz_target!(|text: &str| {
    let strict = ParseOptions {
        plus_is_space: false,
        lenient_space: false,
        dollar_optional: false,
        ..ParseOptions::default()
    };
    for options in [ParseOptions::default(), strict] {
        match parse_with(text, &options) {
            // As text, since no number that is none is equal to itself.
            Ok(url) => assert_eq!(
                format!("{:?}", parse_with(text, &options)),
                format!("{:?}", Ok::<_, ParseError>(url))
            ),
            Err(error) => points_into(text, &error),
        }
        if let Err(error) = parse_query_options(text, &options) {
            points_into(text, &error);
        }
    }
});
