//! Three nodes against one, against the kernel alone, and against their limits: what a cluster costs and keeps.

mod setting;

mod loss;
mod memory;
mod pages;

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Context;

use crate::statistics::median;
use setting::Setting;

/// Measure a cluster of three nodes on this machine, and print a Markdown table.
#[derive(Debug, clap::Parser)]
pub struct Args {
    /// The nextlink program [default: it is built for release first]
    nextlink: Option<PathBuf>,
    /// How often everything but memory is measured in turn
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Seconds of each load
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Rows of the result that memory is measured with
    #[arg(long, default_value_t = 10_000_000)]
    rows: u64,
    /// Clients that read slowly
    #[arg(long, default_value_t = 200)]
    slow: usize,
}

/// A figure with what it is measured against, and what it should come to.
struct Figure {
    name: &'static str,
    baseline: (&'static str, f64),
    value: f64,
    /// What is compared with the goal.
    outcome: f64,
    goal: Goal,
}

#[derive(Clone, Copy)]
enum Goal {
    AtLeast(f64, &'static str),
    AtMost(f64, &'static str),
}

/// Measures and prints.
///
/// # Errors
/// Where something cannot be started, or an answer is not as it should be.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let setting = Setting::new(args)?;
    let mut rounds: Vec<Vec<Figure>> = Vec::new();
    for number in 1..=args.rounds.max(1) {
        let mut figures = pages::measure(&setting).context("pages")?;
        figures.extend(loss::measure(&setting).context("the loss of a node")?);
        let line: Vec<String> = figures.iter().map(|figure| format!("{:.3}", figure.outcome)).collect();
        eprintln!("round {number} of {}: {}", args.rounds, line.join(" "));
        rounds.push(figures);
    }
    let mut all: Vec<Figure> = Vec::new();
    for index in 0..rounds[0].len() {
        let each = |part: fn(&Figure) -> f64| {
            median(&rounds.iter().map(|figures| part(&figures[index])).collect::<Vec<_>>())
        };
        let first = &rounds[0][index];
        all.push(Figure {
            name: first.name,
            baseline: (first.baseline.0, each(|figure| figure.baseline.1)),
            value: each(|figure| figure.value),
            outcome: each(|figure| figure.outcome),
            goal: first.goal,
        });
    }
    all.extend(memory::measure(&setting, args.rows, args.slow).context("memory")?);
    print!("{}", markdown(&all));
    Ok(())
}

fn markdown(figures: &[Figure]) -> String {
    let mut text = String::from(
        "| measure | against | | measured | comes to | goal | |\n|---|---|--:|--:|--:|---|---|\n",
    );
    for figure in figures {
        let (goal, reached) = match figure.goal {
            Goal::AtLeast(least, unit) => (format!("at least {least}{unit}"), figure.outcome >= least),
            Goal::AtMost(most, unit) => (format!("at most {most}{unit}"), figure.outcome <= most),
        };
        let verdict = if reached { "reached" } else { "missed" };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {goal} | {verdict} |",
            figure.name,
            figure.baseline.0,
            digits(figure.baseline.1),
            digits(figure.value),
            digits(figure.outcome),
        );
    }
    text
}

/// Three digits, and whole numbers from 100 on; nothing for what there is not.
fn digits(value: f64) -> String {
    match value.abs() {
        absent if absent.is_nan() => String::new(),
        100.0.. => format!("{value:.0}"),
        10.0..100.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
