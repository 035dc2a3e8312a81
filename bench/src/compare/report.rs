//! The table of a comparison.

use std::fmt::Write as _;

use super::measure::{Pair, Round};
use super::process::Cores;
use crate::statistics::median;

/// What has to be known to read the figures.
pub(super) struct Conditions {
    /// The database product.
    pub(super) product: &'static str,
    /// Memory that Nextlink may take, in megabytes.
    pub(super) memory_mb: f64,
    pub(super) cores: Cores,
    /// Whether the answers were found equal before.
    pub(super) same_bytes: bool,
    /// Seconds of each load.
    pub(super) seconds: f64,
}

/// A line of the table.
struct Measure {
    name: &'static str,
    baseline: &'static str,
    figure: fn(&Round) -> Pair,
    goal: Goal,
}

/// What the median of the ratios Nextlink : baseline should be, or of Nextlink's figures.
#[derive(Debug, Clone, Copy)]
enum Goal {
    AtLeast(f64),
    AtMost(f64),
    /// [`Conditions::memory_mb`]
    Memory,
    None,
}

const MEASURES: &[Measure] = &[
    Measure {
        name: "one entity by key, 64 connections, requests a second",
        baseline: "bare server",
        figure: |round| round.key,
        goal: Goal::AtLeast(0.6),
    },
    Measure {
        name: "100 orders with their items by `$filter=Id gt …&$top=100&$expand=Items`, ms",
        baseline: "bare server",
        figure: |round| round.orders,
        goal: Goal::AtMost(2.0),
    },
    Measure {
        name: "all rows by `$apply=groupby((Day),aggregate(Amount with sum as Total,$count as Count))`, ms",
        baseline: "bare server",
        figure: |round| round.groups,
        goal: Goal::AtMost(1.2),
    },
    Measure {
        name: "page of 1,000 rows by `$filter=Id gt …&$top=1000`, ms",
        baseline: "bare server",
        figure: |round| round.page,
        goal: Goal::AtMost(1.5),
    },
    Measure {
        name: "page of 1,000 rows by `$top=1000&$skip=…` (up to 1,000), ms",
        baseline: "bare server, keyset",
        figure: |round| round.skipped_page,
        goal: Goal::AtMost(1.5),
    },
    Measure {
        name: "all rows by links, 1,000 a page, s",
        baseline: "raw scan",
        figure: |round| round.export,
        goal: Goal::AtMost(1.6),
    },
    Measure {
        name: "all rows by links, 1,000 a page, s",
        baseline: "bare server's links",
        figure: |round| round.export_by_links,
        goal: Goal::None,
    },
    Measure {
        name: "page 900 of them, ms",
        baseline: "page 2 of them",
        figure: |round| round.depth,
        goal: Goal::AtMost(1.2),
    },
    Measure {
        name: "first page of Rows, ms",
        baseline: "first page of Small",
        figure: |round| round.first_page,
        goal: Goal::AtMost(1.2),
    },
    Measure {
        name: "all rows ordered by a column without an index, s",
        baseline: "raw sorted scan into a file",
        figure: |round| round.sorted,
        goal: Goal::AtMost(1.6),
    },
    Measure {
        name: "all rows ordered by a column without an index, s",
        baseline: "raw sorted scan",
        figure: |round| round.sorted_unwritten,
        goal: Goal::None,
    },
    Measure {
        name: "greatest resident memory, MB",
        baseline: "bare server (of SQLite: maps the file)",
        figure: |round| round.memory,
        goal: Goal::Memory,
    },
];

/// The medians of all rounds as a Markdown table.
pub(super) fn markdown(rounds: &[Round], conditions: &Conditions) -> String {
    let cores = match conditions.cores {
        Cores::Any => "Servers and clients share the cores.",
        Cores::Apart => "Servers and raw scans run on core 0, clients on core 1.",
    };
    let bytes = if conditions.same_bytes { "All answer the same bytes." } else { "The answers DIFFER." };
    let mut text = format!(
        "### {}\n\nMedians of {} rounds; ratios are medians of each round's ratio. {} s a load. {cores} {bytes}\n\n\
        | measure | baseline | baseline | Nextlink | ratio | goal | |\n|---|---|--:|--:|--:|---|---|\n",
        conditions.product,
        rounds.len(),
        conditions.seconds,
    );
    for measure in MEASURES {
        let pairs: Vec<_> = rounds.iter().map(measure.figure).collect();
        let baseline = median(&pairs.iter().map(|pair| pair.baseline).collect::<Vec<_>>());
        let nextlink = median(&pairs.iter().map(|pair| pair.nextlink).collect::<Vec<_>>());
        let ratio = median(&pairs.iter().map(|pair| pair.nextlink / pair.baseline).collect::<Vec<_>>());
        let (goal, reached) = match measure.goal {
            Goal::AtLeast(least) => (format!("at least {least}"), Some(ratio >= least)),
            Goal::AtMost(most) => (format!("at most {most}"), Some(ratio <= most)),
            Goal::Memory => {
                let most = conditions.memory_mb;
                (format!("at most {most} MB"), Some(nextlink <= most))
            }
            Goal::None => (String::new(), None),
        };
        let verdict = match reached {
            Some(_) if ratio.is_nan() => "not measured",
            Some(true) => "reached",
            Some(false) => "missed",
            None => "",
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {goal} | {verdict} |",
            measure.name,
            measure.baseline,
            figure(baseline),
            figure(nextlink),
            figure(ratio),
        );
    }
    text
}

/// One round in a line, for the progress.
pub(super) fn line(round: &Round) -> String {
    let ratios: Vec<_> = MEASURES
        .iter()
        .map(|measure| {
            let Pair { baseline, nextlink } = (measure.figure)(round);
            format!("{:.2}", nextlink / baseline)
        })
        .collect();
    format!("ratios {}", ratios.join(" "))
}

/// Three digits, and whole numbers from 100 on; a dash for what was not measured.
fn figure(value: f64) -> String {
    match value.abs() {
        absent if absent.is_nan() => "–".to_owned(),
        100.0.. => format!("{value:.0}"),
        10.0..100.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(factor: f64) -> Round {
        let pair = Pair { baseline: 10.0, nextlink: 10.0 * factor };
        Round {
            key: pair,
            orders: pair,
            groups: pair,
            page: pair,
            skipped_page: pair,
            export: pair,
            export_by_links: pair,
            depth: pair,
            first_page: pair,
            sorted: pair,
            sorted_unwritten: pair,
            memory: pair,
        }
    }

    #[test]
    fn table_says_which_goals_are_reached() {
        let conditions = Conditions {
            product: "SQLite",
            memory_mb: 100.0,
            cores: Cores::Any,
            same_bytes: true,
            seconds: 1.0,
        };
        for (factors, reached, missed) in [
            ([0.9, 1.0, 5.0], 10, 0),
            ([0.5, 0.5, 0.5], 9, 1),
            ([1.4, 1.4, 1.4], 7, 3),
            ([2.0, 2.0, 2.0], 3, 7),
            ([20.0, 20.0, 20.0], 1, 9),
            ([f64::NAN, f64::NAN, f64::NAN], 0, 0),
        ] {
            let text = markdown(&factors.map(round), &conditions);
            let count = |word: &str| text.matches(&format!("| {word} |")).count();
            assert_eq!((count("reached"), count("missed")), (reached, missed), "{factors:?}\n{text}");
            let columns: Vec<_> = text.lines().skip(4).map(|line| line.matches('|').count()).collect();
            assert!(columns.iter().all(|count| *count == columns[0]), "{text}");
        }
    }
}
