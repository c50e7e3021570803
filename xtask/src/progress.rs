//! The only place that writes to the terminal: progress goes to standard error, stories and results to standard
//! output. Colour appears on a terminal alone.

use std::io::Write;
use std::time::{Duration, Instant};

use anstyle::{AnsiColor, Style};

pub const GOOD: Style = AnsiColor::Green.on_default();
pub const BAD: Style = AnsiColor::Red.on_default().bold();
pub const NAME: Style = AnsiColor::Cyan.on_default();
pub const HEAD: Style = Style::new().bold();
pub const QUIET: Style = Style::new().dimmed();

/// A line on standard output. A closed pipe is not worth dying for.
pub fn say(line: &str) {
    let _ = writeln!(anstream::stdout().lock(), "{line}");
}

/// A line on standard error.
pub fn note(line: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{line}");
}

pub fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// Something that takes time; says how much when it is done.
#[derive(Debug)]
pub struct Step {
    label: String,
    begun: Instant,
}

impl Step {
    /// For what takes seconds: announced at once.
    pub fn slow(label: &str) -> Self {
        note(&format!("{} {label}", paint(NAME, "→")));
        Self::quick(label)
    }

    /// For what is usually done before anyone could read an announcement.
    pub fn quick(label: &str) -> Self {
        Self {
            label: label.to_owned(),
            begun: Instant::now(),
        }
    }

    pub fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// A sign of life, for steps whose output goes to a log.
    pub fn still(&self) {
        note(&paint(
            QUIET,
            &format!("  … {} ({})", self.label, seconds(self.elapsed())),
        ));
    }

    pub fn done(self) -> Duration {
        let elapsed = self.elapsed();
        let label = format!(
            "{} {} {}",
            paint(GOOD, "✓"),
            self.label,
            paint(QUIET, &seconds(elapsed))
        );
        note(&label);
        elapsed
    }

    pub fn failed(self) -> Duration {
        let elapsed = self.elapsed();
        note(&format!(
            "{} {} {}",
            paint(BAD, "✗"),
            self.label,
            paint(QUIET, &seconds(elapsed))
        ));
        elapsed
    }
}

pub fn seconds(elapsed: Duration) -> String {
    let whole = elapsed.as_secs();
    if whole < 60 {
        format!("{:.1} s", elapsed.as_secs_f64())
    } else {
        format!("{} min {} s", whole / 60, whole % 60)
    }
}

/// How long each step of a command took, for the table at its end.
#[derive(Debug, Default)]
pub struct Timings {
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    label: String,
    elapsed: Duration,
    failed: bool,
}

impl Timings {
    pub fn add(&mut self, label: &str, elapsed: Duration, failed: bool) {
        self.rows.push(Row {
            label: label.to_owned(),
            elapsed,
            failed,
        });
    }

    /// The labels of what failed.
    pub fn failed(&self) -> impl Iterator<Item = &str> {
        self.rows
            .iter()
            .filter(|row| row.failed)
            .map(|row| row.label.as_str())
    }

    pub fn show(&self) {
        let width = self
            .rows
            .iter()
            .map(|row| row.label.chars().count())
            .max()
            .unwrap_or(0);
        say("");
        for row in &self.rows {
            let mark = if row.failed {
                paint(BAD, " ✗")
            } else {
                String::new()
            };
            say(&format!(
                "  {:<width$}  {:>12}{mark}",
                row.label,
                seconds(row.elapsed)
            ));
        }
        let total = self.rows.iter().map(|row| row.elapsed).sum();
        say(&format!("  {:<width$}  {:>12}", "total", seconds(total)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_readable() {
        assert_eq!(seconds(Duration::from_millis(240)), "0.2 s");
        assert_eq!(seconds(Duration::from_secs(125)), "2 min 5 s");
    }
}
