//! Counts tests from what the runners print.

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub passed: u64,
    pub failed: u64,
}

impl Counts {
    pub fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// All `test result:` lines of a `cargo test`.
pub fn of_cargo_test(lines: &[String]) -> Counts {
    let mut counts = Counts::default();
    for found in lines.iter().filter_map(|line| cargo_line(line)) {
        counts.add(found);
    }
    counts
}

/// The tests that failed in a `cargo test`: `test NAME ... FAILED`.
pub fn failed_in_cargo_test(lines: &[String]) -> Vec<&str> {
    lines
        .iter()
        .filter_map(|line| {
            let name = line.strip_prefix("test ")?.strip_suffix(" ... FAILED")?;
            Some(name.trim_end_matches(" - should panic"))
        })
        .collect()
}

/// The last line of the form `N passed, M failed`.
pub fn of_closing_line(lines: &[String]) -> Option<Counts> {
    lines.iter().rev().find_map(|line| closing_line(line))
}

/// `test result: ok. 3 passed; 0 failed; 0 ignored; …`
fn cargo_line(line: &str) -> Option<Counts> {
    let (_, result) = line.trim().strip_prefix("test result:")?.split_once(". ")?;
    let mut parts = result.split("; ");
    Some(Counts {
        passed: number(parts.next()?, " passed")?,
        failed: number(parts.next()?, " failed")?,
    })
}

/// `N passed, M failed`, perhaps with a word and a colon before it and with `, K skipped` after it.
fn closing_line(line: &str) -> Option<Counts> {
    let line = line.trim();
    let line = match line.split_once(": ") {
        Some((word, rest)) if !word.contains(' ') => rest,
        Some(_) | None => line,
    };
    let mut parts = line.split(", ");
    let counts = Counts {
        passed: number(parts.next()?, " passed")?,
        failed: number(parts.next()?, " failed")?,
    };
    match parts.next() {
        Some(skipped) => number(skipped, " skipped").map(|_| counts),
        None => Some(counts),
    }
}

fn number(text: &str, unit: &str) -> Option<u64> {
    text.strip_suffix(unit)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn cargo_test_lines_are_summed() {
        let output = lines(
            "running 2 tests\n\
             test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
             test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s\n",
        );
        assert_eq!(
            of_cargo_test(&output),
            Counts {
                passed: 5,
                failed: 1
            }
        );
    }

    #[test]
    fn failed_tests_are_named() {
        let output = lines("test a::b ... ok\ntest a::c ... FAILED\ntest result: FAILED. 1\n");
        assert_eq!(failed_in_cargo_test(&output), ["a::c"]);
    }

    #[test]
    fn the_last_closing_line_counts() {
        let output = lines("1 passed, 0 failed\nnoise\npython: 12 passed, 2 failed, 1 skipped\n");
        assert_eq!(
            of_closing_line(&output),
            Some(Counts {
                passed: 12,
                failed: 2
            })
        );
        assert_eq!(of_closing_line(&lines("12 passed in 3 s")), None);
        assert_eq!(of_closing_line(&lines("1 passed, 0 failed, or so")), None);
    }
}
