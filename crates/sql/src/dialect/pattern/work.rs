//! How much work a regular expression makes for a database before it has read any text.

use nextlink_odata::pattern::Node;

/// Characters and sets that a pattern may stand for, what is repeated counted as often.
const MOST_PARTS: u64 = 1_000;
/// Parts that may be left out, counted as often: PostgreSQL leads from before each to behind all that follow it.
const MOST_OPTIONAL: u64 = 100;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Work {
    parts: u64,
    optional: u64,
}

/// Whether a pattern of a few bytes repeats so much that reading it would take a database long.
pub(super) fn is_too_much(node: &Node) -> bool {
    let work = of(node);
    work.parts > MOST_PARTS || work.optional > MOST_OPTIONAL
}

fn of(node: &Node) -> Work {
    match node {
        Node::Char(_)
        | Node::Set(_)
        | Node::Start
        | Node::End
        | Node::Boundary(_)
        | Node::Reference { .. } => Work { parts: 1, optional: 0 },
        Node::Sequence(nodes) => sum(nodes.iter().map(of)),
        Node::Choice(nodes) => {
            let branches: Vec<Work> = nodes.iter().map(of).collect();
            let nothing = branches.iter().filter(|work| work.parts == 0).count();
            let all = sum(branches);
            Work { optional: all.optional.saturating_add(nothing as u64), ..all }
        }
        Node::Look { inner, .. } | Node::Group(_, inner) => of(inner),
        Node::Repeat { inner, least, most } => {
            let inner = of(inner);
            let times = u64::from(most.unwrap_or(*least).max(*least).max(1));
            Work {
                parts: inner.parts.max(1).saturating_mul(times),
                optional: inner.optional.saturating_mul(times).saturating_add(u64::from(*least == 0)),
            }
        }
    }
}

fn sum(all: impl IntoIterator<Item = Work>) -> Work {
    all.into_iter().fold(Work::default(), |sum, work| Work {
        parts: sum.parts.saturating_add(work.parts),
        optional: sum.optional.saturating_add(work.optional),
    })
}

#[cfg(test)]
mod tests {
    use nextlink_odata::pattern::parse;

    use super::is_too_much;

    #[test]
    fn what_is_repeated_counts_as_often() {
        for (pattern, expected) in [
            ("a{1000}".to_owned(), false),
            ("a{1001}".to_owned(), true),
            ("a{1001,}".to_owned(), true),
            ("(?:a{10}b*){0,90}".to_owned(), false),
            ("(?:a{10}b*){0,91}".to_owned(), true),
            ("(?:a{10}b){91}".to_owned(), true),
            ("(?:a?){100}".to_owned(), false),
            ("(?:a?){101}".to_owned(), true),
            ("(?:ab|){101}".to_owned(), true),
            ("(?:(?:){99}){99}".to_owned(), true),
            ("(?:a{0,255}){0,40}".repeat(20), true),
            ("(?:(?:(?:a{65535}){65535}){65535}){65535}{65535}".replace("}{", "}b{"), true),
            ("a".repeat(1000), false),
            ("(?=(?<x>a{1001}))".to_owned(), true),
            // Each part is looked at once only.
            (["(a|".repeat(50), ")".repeat(50)].concat(), false),
        ] {
            let node = parse(&pattern).expect(&pattern);
            assert_eq!(is_too_much(&node), expected, "{pattern}");
        }
    }
}
