//! JSON strings, escaped no more than the format asks for.

/// For each byte: 0 where it stands for itself, else the letter after the backslash, `u` for `\u00xx`.
const ESCAPES: [u8; 256] = {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 0x20 {
        table[i] = b'u';
        i += 1;
    }
    table[0x08] = b'b';
    table[0x09] = b't';
    table[0x0a] = b'n';
    table[0x0c] = b'f';
    table[0x0d] = b'r';
    table[b'"' as usize] = b'"';
    table[b'\\' as usize] = b'\\';
    table
};

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Whether none of eight bytes needs an escape. May say no for a byte above 0x7f next to one that does.
fn clean(word: u64) -> bool {
    let below_space = word.wrapping_sub(ONES * 0x20) & !word;
    let quote = word ^ (ONES * b'"' as u64);
    let quote = quote.wrapping_sub(ONES) & !quote;
    let backslash = word ^ (ONES * b'\\' as u64);
    let backslash = backslash.wrapping_sub(ONES) & !backslash;
    (below_space | quote | backslash) & HIGHS == 0
}

/// What is known of text at first sight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    /// It is ASCII, so it is valid, and stands for itself.
    Bare,
    /// It stands for itself if it is valid.
    Clean,
    /// Something in it may need an escape.
    Unknown,
}

/// Looks at text, eight bytes at a time.
#[inline]
pub(crate) fn sight(text: &[u8]) -> Sight {
    let (mut clear, mut highs) = (true, 0);
    let mut look = |word: &[u8; 8]| {
        let word = u64::from_le_bytes(*word);
        clear &= clean(word);
        highs |= word & HIGHS;
    };
    let (words, rest) = text.as_chunks::<8>();
    words.iter().for_each(&mut look);
    if !rest.is_empty() {
        match text.last_chunk::<8>() {
            // Some bytes are looked at twice.
            Some(last) => look(last),
            None => {
                let mut word = [b' '; 8];
                word.iter_mut().zip(rest).for_each(|(to, byte)| *to = *byte);
                look(&word);
            }
        }
    }
    match (clear, highs) {
        (true, 0) => Sight::Bare,
        (true, _) => Sight::Clean,
        (false, _) => Sight::Unknown,
    }
}

/// Appends a JSON string with its quotes.
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    out.reserve(bytes.len() + 2);
    out.push(b'"');
    let (chunks, _) = bytes.as_chunks::<8>();
    let skipped = chunks.iter().take_while(|chunk| clean(u64::from_le_bytes(**chunk))).count() * 8;
    let mut start = 0;
    for (i, byte) in bytes.iter().enumerate().skip(skipped) {
        let escape = ESCAPES[usize::from(*byte)];
        if escape == 0 {
            continue;
        }
        out.extend_from_slice(&bytes[start..i]);
        start = i + 1;
        if escape == b'u' {
            const HEX: &[u8; 16] = b"0123456789abcdef";
            out.extend_from_slice(b"\\u00");
            out.push(HEX[usize::from(byte >> 4)]);
            out.push(HEX[usize::from(byte & 15)]);
        } else {
            out.extend_from_slice(&[b'\\', escape]);
        }
    }
    out.extend_from_slice(&bytes[start..]);
    out.push(b'"');
}

/// What stands for a double that is no JSON number (section 7.1).
pub fn not_finite(value: f64) -> &'static str {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "INF"
    } else {
        "-INF"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_comes_back() {
        let all: String = (0..=0x10ffffu32).filter_map(char::from_u32).collect();
        for text in [all.as_str(), "", "plain text of some length", "12345678\"", "1234567\\", "\u{0}é\u{1f}"]
        {
            let mut out = Vec::new();
            write_string(&mut out, text);
            let back: String = serde_json::from_slice(&out).expect("valid JSON");
            assert_eq!(back, text);
        }
    }

    #[test]
    fn each_byte_at_each_place_of_a_word_is_seen() {
        for place in 0..8 {
            for byte in 0..=0x7fu8 {
                let mut word = [b'a'; 8];
                word[place] = byte;
                let dirty = byte < 0x20 || byte == b'"' || byte == b'\\';
                assert_eq!(clean(u64::from_le_bytes(word)), !dirty, "{byte} at {place}");
                let expected = if dirty { Sight::Unknown } else { Sight::Bare };
                assert_eq!(sight(&word), expected, "{byte} at {place}");
                assert_eq!(sight(&word[place..]), expected, "{byte} at the start");
                assert_eq!(sight(&[b"12345678", &word[..=place]].concat()), expected, "{byte} at the end");
            }
            let mut word = [b'a'; 8];
            word[place] = 0xc3;
            assert_eq!(sight(&word), Sight::Clean, "a byte above ASCII at {place}");
            word[7 - place] = b'"';
            assert_eq!(sight(&word), Sight::Unknown, "a quote next to it");
        }
    }
}
