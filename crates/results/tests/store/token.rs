//! Tokens: any change of a character, the key or what they are bound to closes them.

use nextlink_results::token::{MAX_EXTRA_BYTES, MAX_TOKEN_CHARS, Token, TokenError, TokenKeys};
use nextlink_results::{NodeId, ResultId};

use crate::support::keys;

const AAD: &[u8] = b"ann|shop|Orders|$orderby=Id";

fn token(page: u32) -> Token {
    Token {
        result: ResultId::from_bytes([3; 16]),
        owner: NodeId::from_bytes([4; 16]),
        generation: 1,
        page,
        first_row: u64::from(page) * 2000,
        rows_left: page.checked_mul(7).filter(|rows| rows % 2 == 1).map(u64::from),
        extra: vec![page as u8; page as usize % 50],
    }
}

#[test]
fn tokens_open_to_what_was_sealed_and_are_the_same_each_time() {
    let sealing = TokenKeys::new(&keys(1, &[])).unwrap();
    let again = TokenKeys::new(&keys(1, &[2])).unwrap();
    let mut seen = std::collections::HashSet::new();
    for page in (0..300).chain([u32::MAX]) {
        let text = sealing.seal(&token(page), AAD).unwrap();
        assert_eq!(sealing.open(&text, AAD), Ok(token(page)), "page {page}");
        assert_eq!(again.seal(&token(page), AAD).unwrap(), text, "page {page}: the same link again");
        assert!(text.len() <= 190, "page {page}: {} characters", text.len());
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{text}");
        assert!(seen.insert(text), "page {page}: not the link of another page");
    }
    let other = sealing.seal(&token(1), b"bob|shop|Orders|$orderby=Id").unwrap();
    assert_ne!(other, sealing.seal(&token(1), AAD).unwrap());
}

#[test]
fn an_altered_token_does_not_open() {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/.% ";
    let tokens = TokenKeys::new(&keys(1, &[])).unwrap();
    let text = tokens.seal(&token(9), AAD).unwrap();
    for at in 0..text.len() {
        for byte in ALPHABET.iter().filter(|byte| **byte != text.as_bytes()[at]) {
            let mut altered = text.clone().into_bytes();
            altered[at] = *byte;
            let altered = String::from_utf8(altered).unwrap();
            let opened = tokens.open(&altered, AAD);
            // Characters 1 to 6 hold the name of the key: with another name it is another key.
            let expected = if (1..=6).contains(&at) {
                matches!(opened, Err(TokenError::UnknownKey | TokenError::Invalid))
            } else {
                opened == Err(TokenError::Invalid)
            };
            assert!(expected, "character {at} as {}: {opened:?}", char::from(*byte));
        }
        assert!(tokens.open(&text[..at], AAD).is_err(), "cut to {at}");
    }
    let rows: [(&str, String); 5] = [
        ("one character more", format!("{text}A")),
        ("twice", format!("{text}{text}")),
        ("empty", String::new()),
        ("not ASCII", "\u{e4}".repeat(60)),
        ("too long", "A".repeat(MAX_TOKEN_CHARS + 1)),
    ];
    for (name, text) in rows {
        assert_eq!(tokens.open(&text, AAD), Err(TokenError::Invalid), "{name}");
    }
}

#[test]
fn a_token_is_bound_to_what_it_was_sealed_with() {
    let tokens = TokenKeys::new(&keys(1, &[])).unwrap();
    let text = tokens.seal(&token(9), AAD).unwrap();
    for other in [&b""[..], b"ann|shop|Orders|$orderby=Id ", b"bob|shop|Orders|$orderby=Id", &AAD[1..]] {
        assert_eq!(tokens.open(&text, other), Err(TokenError::Invalid), "{other:?}");
    }
    let empty = tokens.seal(&token(9), b"").unwrap();
    assert_eq!(tokens.open(&empty, b""), Ok(token(9)));
    assert_eq!(tokens.open(&empty, AAD), Err(TokenError::Invalid));
}

#[test]
fn keys_rotate() {
    let text = TokenKeys::new(&keys(1, &[])).unwrap().seal(&token(5), AAD).unwrap();
    let rows = [
        ("the same key", keys(1, &[]), Ok(token(5))),
        ("one rotation later", keys(2, &[1]), Ok(token(5))),
        ("two rotations later", keys(3, &[2, 1]), Ok(token(5))),
        ("when it is forgotten", keys(3, &[2]), Err(TokenError::UnknownKey)),
    ];
    for (name, keys, expected) in rows {
        assert_eq!(TokenKeys::new(&keys).unwrap().open(&text, AAD), expected, "{name}");
    }
}

#[test]
fn what_is_carried_for_recovery_has_a_limit() {
    let tokens = TokenKeys::new(&keys(1, &[])).unwrap();
    let with = |bytes: usize| Token { extra: vec![1; bytes], ..token(1) };
    let text = tokens.seal(&with(MAX_EXTRA_BYTES), AAD).unwrap();
    assert!(text.len() <= MAX_TOKEN_CHARS, "{} characters", text.len());
    assert_eq!(tokens.open(&text, AAD), Ok(with(MAX_EXTRA_BYTES)));
    assert_eq!(tokens.seal(&with(MAX_EXTRA_BYTES + 1), AAD), Err(TokenError::TooLong));
}

#[test]
fn callers_are_named_by_all_their_secrets() {
    let tokens = TokenKeys::new(&keys(1, &[])).unwrap();
    let rows: [&[&[u8]]; 7] = [
        &[],
        &[b""],
        &[b"", b""],
        &[b"ann", b"secret"],
        &[b"anns", b"ecret"],
        &[b"ann", b"Secret"],
        &[b"annsecret"],
    ];
    let names: Vec<String> = rows.iter().map(|row| tokens.caller(row).unwrap()).collect();
    for (at, name) in names.iter().enumerate() {
        assert_eq!(name.len(), 32, "{name}");
        assert!(!names[..at].contains(name), "{:?}", rows[at]);
        assert_eq!(
            TokenKeys::new(&keys(1, &[2])).unwrap().caller(rows[at]).as_ref(),
            Some(name),
            "the same again"
        );
        assert_ne!(
            TokenKeys::new(&keys(2, &[1])).unwrap().caller(rows[at]).as_ref(),
            Some(name),
            "another key"
        );
    }
}
