//! Tokens of pages, and positions in them: what was not sealed does not open, what was sealed comes back whole.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use nextlink_results::keys::{MasterKey, MasterKeys};
use nextlink_results::token::{MAX_TOKEN_CHARS, Token, TokenError, TokenKeys};
use nextlink_results::{NodeId, ResultId};
use nextlink_sql::position;

static KEYS: LazyLock<TokenKeys> = LazyLock::new(|| {
    let keys = MasterKey::from_bytes([7; 32]).and_then(|key| MasterKeys::new(key, Vec::new()));
    keys.and_then(|keys| TokenKeys::new(&keys)).expect("keys")
});

/// A text of a client, what it is bound to, what a token says, where a token is altered and by what.
type Input<'a> = (&'a str, &'a [u8], ([u8; 16], [u8; 16], u32, u32, u64, Option<u64>, &'a [u8]), u16, u8);

fuzz_target!(|input: Input<'_>| {
    let (text, bound, (result, owner, generation, page, first_row, rows_left, extra), place, letter) = input;
    assert!(KEYS.open(text, bound).is_err(), "{text}");

    let (result, owner) = (ResultId::from_bytes(result), NodeId::from_bytes(owner));
    let token = Token { result, owner, generation, page, first_row, rows_left, extra: extra.to_vec() };
    let sealed = match KEYS.seal(&token, bound) {
        Ok(sealed) => sealed,
        Err(error) => {
            assert_eq!(error, TokenError::TooLong);
            return;
        }
    };
    assert!(sealed.len() <= MAX_TOKEN_CHARS);
    assert_eq!(KEYS.open(&sealed, bound).as_ref(), Ok(&token));
    assert!(KEYS.open(&sealed, &[bound, b"x"].concat()).is_err());

    let mut altered = sealed.clone().into_bytes();
    let place = usize::from(place) % altered.len();
    altered[place] = letter;
    if let Ok(altered) = String::from_utf8(altered) {
        assert!(altered == sealed || KEYS.open(&altered, bound).is_err(), "{altered}");
        assert!(KEYS.open(&altered[..place.min(altered.len())], bound).is_err());
    }

    if let Some(values) = position::from_bytes(extra) {
        let written = position::to_bytes(&values);
        let again = position::from_bytes(&written).expect("what was written");
        assert_eq!(position::to_bytes(&again), written);
    }
});
