//! The header `Prefer`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nextlink_odata::prefer::{parse_lenient, parse_strict};

fuzz_target!(|text: &str| {
    let lenient = parse_lenient(text);
    // What has no fault means the same to both.
    if let Ok(strict) = parse_strict(text) {
        assert_eq!(strict.max_page_size, lenient.max_page_size);
        assert_eq!(strict.omit_values, lenient.omit_values);
    }
});
