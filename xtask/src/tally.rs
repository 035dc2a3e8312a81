//! Counting tests by the closing lines of `cargo test` and of cargo-nextest.

/// What runs the tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runner {
    /// Says `test result: ok. 3 passed; 0 failed; 1 ignored; …` for each program.
    CargoTest,
    /// Says `Summary [ 0.1s] 5 tests run: 4 passed (1 slow), 1 failed, 2 skipped` once.
    Nextest,
}

/// How many tests passed, failed and were skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed, or were ended for taking too long.
    pub failed: u64,
    /// Tests that did not run.
    pub skipped: u64,
}

impl Tally {
    /// Reads one line of output; adds to the counts if it is a closing line of this runner.
    ///
    /// Lines of the other runner do not count: nextest shows what a failed test printed, and that
    /// has a closing line of its own.
    pub fn read(&mut self, runner: Runner, line: &str) {
        let line = plain(line);
        let (start, end) = match runner {
            Runner::CargoTest => ("test result: ", ". "),
            Runner::Nextest => ("Summary [", " run: "),
        };
        let closing = line.trim_start().strip_prefix(start);
        let counts = closing.and_then(|rest| rest.split_once(end)).map(|(_, counts)| counts);
        for count in counts.unwrap_or_default().split([',', ';']) {
            let mut words = count.split_whitespace();
            let number = words.next().and_then(|word| word.parse::<u64>().ok()).unwrap_or(0);
            match words.next() {
                Some("passed") => self.passed += number,
                Some("failed" | "timed" | "exec") => self.failed += number,
                Some("skipped" | "ignored") => self.skipped += number,
                _ => {}
            }
        }
    }

    /// The sum of two counts.
    pub fn and(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            skipped: self.skipped + other.skipped,
        }
    }
}

/// The line without the escape sequences that colour it.
fn plain(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            chars.by_ref().find(|c| c.is_ascii_alphabetic());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Runner, Tally};

    #[test]
    fn closing_lines_are_counted() {
        use Runner::{CargoTest, Nextest};
        let rows: &[(Runner, &str, [u64; 3])] = &[
            (
                CargoTest,
                "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 7 filtered out",
                [3, 0, 1],
            ),
            (CargoTest, "test result: FAILED. 3 passed; 2 failed; 0 ignored; finished in 0.00s", [3, 2, 0]),
            (
                Nextest,
                "     Summary [   0.012s] 5 tests run: 4 passed (1 slow), 1 failed, 2 skipped",
                [4, 1, 2],
            ),
            (
                Nextest,
                "  Summary [ 0.0s] 3/5 tests run: 1 passed, 1 timed out, 1 exec failed, 0 skipped",
                [1, 2, 0],
            ),
            (
                Nextest,
                "\u{1b}[32;1m     Summary\u{1b}[0m [   0.1s] \u{1b}[1m1\u{1b}[0m test run: \u{1b}[1m1\u{1b}[0m \
                 \u{1b}[32;1mpassed\u{1b}[0m, \u{1b}[1m0\u{1b}[0m \u{1b}[33;1mskipped\u{1b}[0m",
                [1, 0, 0],
            ),
            (Nextest, "    test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured", [0, 0, 0]),
            (CargoTest, "test url::lexer::tests::ok ... ok", [0, 0, 0]),
            (CargoTest, "9 passed; 9 failed", [0, 0, 0]),
        ];
        for (runner, line, [passed, failed, skipped]) in rows {
            let mut tally = Tally::default();
            tally.read(*runner, line);
            assert_eq!(tally, Tally { passed: *passed, failed: *failed, skipped: *skipped }, "{line}");
        }
    }
}
