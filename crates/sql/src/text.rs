//! Text that statements are made for: patterns of LIKE, and what counts as white space.

/// White space (Unicode property White_Space), which `trim` takes away.
pub(crate) const WHITE_SPACE: &str = "\t\n\u{b}\u{c}\r \u{85}\u{a0}\u{1680}\u{2000}\u{2001}\u{2002}\u{2003}\u{2004}\u{2005}\u{2006}\
    \u{2007}\u{2008}\u{2009}\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}";

/// The pattern of a text that has this part: anywhere, or at its end or start only. `\` escapes.
pub(crate) fn like_pattern(part: &str, before: bool, behind: bool) -> String {
    let mut pattern = String::with_capacity(part.len() + 2);
    if before {
        pattern.push('%');
    }
    for c in part.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    if behind {
        pattern.push('%');
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_is_all_of_unicode() {
        let all: String = (0..=0x10ffff).filter_map(char::from_u32).filter(|c| c.is_whitespace()).collect();
        assert_eq!(WHITE_SPACE, all);
    }

    #[test]
    fn patterns() {
        for (part, before, behind, expected) in [
            ("a", true, true, "%a%"),
            ("50%", false, true, "50\\%%"),
            ("_\\", true, false, "%\\_\\\\"),
            ("", true, true, "%%"),
        ] {
            assert_eq!(like_pattern(part, before, behind), expected, "{part}");
        }
    }
}
