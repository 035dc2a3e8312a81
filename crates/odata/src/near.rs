//! Names that are nearly the one that was given: what a misspelled name may have meant.

/// ` Did you mean 'X' or 'Y'?`, or nothing.
pub(crate) fn suggestion<'a, S: AsRef<str> + ?Sized + 'a>(
    name: &str,
    candidates: impl Iterator<Item = &'a S>,
) -> String {
    let limit = 1 + name.chars().count() / 4;
    let mut near: Vec<(usize, &str)> = candidates
        .take(5_000)
        .map(|c| (distance(name, c.as_ref(), limit), c.as_ref()))
        .filter(|(d, _)| *d <= limit)
        .collect();
    near.sort();
    match near.as_slice() {
        [] => String::new(),
        [(_, one)] => format!(" Did you mean '{one}'?"),
        [(_, one), (_, two), ..] => format!(" Did you mean '{one}' or '{two}'?"),
    }
}

/// Edits between two names without regard to case; more than `limit` is reported as `limit + 1`.
fn distance(a: &str, b: &str, limit: usize) -> usize {
    let a: Vec<char> = a.chars().take(200).flat_map(char::to_lowercase).collect();
    let b: Vec<char> = b.chars().take(200).flat_map(char::to_lowercase).collect();
    if a.len().abs_diff(b.len()) > limit {
        return limit + 1;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()].min(limit + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_suggested() {
        let names = ["Customers", "Orders", "OrderItems"];
        for (name, expected) in [
            ("Custmers", " Did you mean 'Customers'?"),
            ("orders", " Did you mean 'Orders'?"),
            ("Weather", ""),
            ("OrderItem", " Did you mean 'OrderItems'?"),
        ] {
            assert_eq!(suggestion(name, names.into_iter()), expected, "{name}");
        }
    }
}
