//! English nouns in the singular and in the plural.

/// The word with its first letter large.
pub fn capitalized(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// The English singular of the last word, by its ending only; a text that is no plural stays as it is.
pub fn singular(text: &str) -> String {
    const ENDINGS: [(&str, &str); 14] = [
        ("series", "series"),
        ("species", "species"),
        ("news", "news"),
        ("movies", "movie"),
        ("ies", "y"),
        ("sses", "ss"),
        ("xes", "x"),
        ("ches", "ch"),
        ("shes", "sh"),
        ("people", "person"),
        ("children", "child"),
        ("ss", "ss"),
        ("us", "us"),
        ("is", "is"),
    ];
    let found = ENDINGS.iter().find_map(|(from, to)| replace_ending(text, from, to));
    found.or_else(|| replace_ending(text, "s", "")).unwrap_or_else(|| text.to_owned())
}

/// The English plural of the last word, by its ending only; a plural stays as it is.
pub fn plural(text: &str) -> String {
    if singular(text) != text {
        return text.to_owned();
    }
    const ENDINGS: [(&str, &str); 19] = [
        ("series", "series"),
        ("species", "species"),
        ("news", "news"),
        ("person", "people"),
        ("child", "children"),
        ("ay", "ays"),
        ("ey", "eys"),
        ("oy", "oys"),
        ("uy", "uys"),
        ("y", "ies"),
        ("ss", "sses"),
        ("us", "uses"),
        ("sis", "ses"),
        ("is", "ises"),
        ("s", "ses"),
        ("x", "xes"),
        ("ch", "ches"),
        ("sh", "shes"),
        ("", "s"),
    ];
    let found = ENDINGS.iter().find_map(|(from, to)| replace_ending(text, from, to));
    found.unwrap_or_else(|| text.to_owned())
}

/// Replaces an ASCII ending, found in any case. The new one is in capitals where the text has no small
/// letter. Nothing is replaced that would leave no letter.
fn replace_ending(text: &str, from: &str, to: &str) -> Option<String> {
    let cut = text.len().checked_sub(from.len())?;
    let (head, tail) = (text.get(..cut)?, text.get(cut..)?);
    if !tail.eq_ignore_ascii_case(from) || (head.is_empty() && to.is_empty()) {
        return None;
    }
    if tail.eq_ignore_ascii_case(to) {
        return Some(text.to_owned());
    }
    let shout = text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase);
    let capital = tail.starts_with(|c: char| c.is_ascii_uppercase());
    let new = match (shout, capital) {
        (true, _) => to.to_uppercase(),
        (false, true) => capitalized(to),
        (false, false) => to.to_owned(),
    };
    Some([head, &new].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_numbers() {
        for (one, many) in [
            ("customer", "customers"),
            ("Category", "Categories"),
            ("Address", "Addresses"),
            ("CATEGORY", "CATEGORIES"),
            ("box", "boxes"),
            ("branch", "branches"),
            ("day", "days"),
            ("order_detail", "order_details"),
            ("series", "series"),
            ("Person", "People"),
            ("OrderChild", "OrderChildren"),
        ] {
            assert_eq!(singular(many), one, "singular of {many}");
            assert_eq!(plural(one), many, "plural of {one}");
            assert_eq!(singular(one), one, "singular of {one}");
            assert_eq!(plural(many), many, "plural of {many}");
        }
        for (one, many) in [("status", "statuses"), ("s", "ses"), ("", "s")] {
            assert_eq!(plural(one), many, "plural of {one}");
        }
    }
}
