//! Tables that read the same on a terminal and in Markdown, and numbers as people read them.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::goals::Unit;
use super::statistics::{float, ratio};

/// A table's first column is text, the others are numbers.
pub fn render(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
            .max(3)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut lines = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        let cell = |(column, width): (usize, &usize)| {
            let text = row.get(column).map_or("", String::as_str);
            if column == 0 {
                format!("{text:<width$}")
            } else {
                format!("{text:>width$}")
            }
        };
        let cells: Vec<String> = widths.iter().enumerate().map(cell).collect();
        lines.push(format!("| {} |", cells.join(" | ")));
        if number == 0 {
            let rule = |(column, width): (usize, &usize)| match column {
                0 => "-".repeat(width + 2),
                _ => format!("{}:", "-".repeat(width + 1)),
            };
            let rules: Vec<String> = widths.iter().enumerate().map(rule).collect();
            lines.push(format!("|{}|", rules.join("|")));
        }
    }
    lines.join("\n")
}

pub fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

pub fn time(nanoseconds: u64) -> String {
    real_time(float(nanoseconds))
}

fn real_time(nanoseconds: f64) -> String {
    if nanoseconds >= 999_500.0 {
        format!("{:.2} ms", nanoseconds / 1e6)
    } else {
        format!("{:.0} µs", nanoseconds / 1e3)
    }
}

/// MB are 10^6 bytes.
pub fn megabytes(bytes: u64) -> String {
    format!("{:.2} MB", float(bytes) / 1e6)
}

pub fn times(value: u64, of: Option<u64>) -> String {
    let ratio = of.and_then(|of| ratio(value, of));
    ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}"))
}

pub fn in_unit(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Times => format!("{value:.2}"),
        Unit::Nanoseconds => real_time(value),
        Unit::Bytes => format!("{:.2} MB", value / 1e6),
    }
}

/// Puts `text` between the lines `<!-- NAME -->` and `<!-- end -->` of a file.
pub fn write_between(path: &Path, name: &str, text: &str) -> Result<()> {
    let before =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let after = between(&before, name, text)
        .with_context(|| format!("{} has no `<!-- {name} -->` with an end", path.display()))?;
    fs::write(path, after).with_context(|| format!("cannot write {}", path.display()))
}

fn between(document: &str, name: &str, text: &str) -> Option<String> {
    let begin = format!("<!-- {name} -->\n");
    let (head, rest) = document.split_once(&begin)?;
    let (_, tail) = rest.split_once("<!-- end -->")?;
    Some(format!("{head}{begin}\n{text}\n\n<!-- end -->{tail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [row(["", "wall"]), row(["jwks", "1.00 ms"]), row(["µ", "–"])];
        let expected = "\
|      |    wall |
|------|--------:|
| jwks | 1.00 ms |
| µ    |       – |";
        assert_eq!(render(&rows), expected);
    }

    #[test]
    fn numbers_are_readable() {
        assert_eq!(time(1_234), "1 µs");
        assert_eq!(time(999_400), "999 µs");
        assert_eq!(time(999_600), "1.00 ms");
        assert_eq!(time(25_400_000), "25.40 ms");
        assert_eq!(megabytes(9_123_456), "9.12 MB");
        assert_eq!(times(3, Some(2)), "1.50");
        assert_eq!(times(3, None), "–");
        assert_eq!(in_unit(1.049, Unit::Times), "1.05");
        assert_eq!(in_unit(2.5e6, Unit::Nanoseconds), "2.50 ms");
    }

    #[test]
    fn only_what_is_between_the_markers_changes() {
        let document = "a\n<!-- one -->\nold\n<!-- end -->\nb\n<!-- two -->\nkept\n<!-- end -->\n";
        let expected =
            "a\n<!-- one -->\n\nnew\n\n<!-- end -->\nb\n<!-- two -->\nkept\n<!-- end -->\n";
        let once = between(document, "one", "new").unwrap();
        assert_eq!(once, expected);
        assert_eq!(between(&once, "one", "new").unwrap(), expected);
        assert!(between(document, "three", "new").is_none());
    }
}
