//! Durations as people write them: `90s`, `15m`, `12h`, `7d`, `1h30m`.

use latchkey_oauth::time::Seconds;

const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// Reads a duration; each unit at most once, the greater first.
pub fn parse(text: &str) -> Option<Seconds> {
    let mut units = UNITS.iter();
    let mut total: u64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let (digits, tail) = rest.split_at_checked(end)?;
        let count: u64 = digits.parse().ok()?;
        let unit = tail.chars().next()?;
        let (_, seconds) = units.find(|(name, _)| *name == unit)?;
        total = total.checked_add(count.checked_mul(*seconds)?)?;
        rest = tail.get(1..)?;
    }
    (!text.is_empty()).then_some(Seconds(total))
}

/// Writes a duration as [`parse`] reads it.
pub fn show(span: Seconds) -> String {
    parts(span).concat()
}

/// Writes a duration by its two greatest units.
pub fn rough(span: Seconds) -> String {
    let parts = parts(span);
    parts.get(..2).unwrap_or(&parts).concat()
}

fn parts(span: Seconds) -> Vec<String> {
    if span.0 == 0 {
        return vec!["0s".to_owned()];
    }
    let mut rest = span.0;
    let mut parts = Vec::new();
    for (unit, seconds) in UNITS {
        let count = rest / seconds;
        rest %= seconds;
        if count > 0 {
            parts.push(format!("{count}{unit}"));
        }
    }
    parts
}

/// What a duration may be.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// At least.
    pub least: Seconds,
    /// At most.
    pub most: Seconds,
}

impl Bounds {
    /// Bounds from one second up.
    pub const fn up_to(most: Seconds) -> Self {
        Self {
            least: Seconds(1),
            most,
        }
    }

    /// The duration, if it lies within.
    ///
    /// # Errors
    /// What the bounds are.
    pub fn check(self, span: Seconds) -> Result<Seconds, String> {
        if (self.least..=self.most).contains(&span) {
            Ok(span)
        } else {
            Err(format!(
                "is at least {} and at most {}",
                show(self.least),
                show(self.most)
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations() {
        assert_eq!(parse("90s"), Some(Seconds(90)));
        assert_eq!(parse("7d"), Some(Seconds::days(7)));
        assert_eq!(parse("1h30m"), Some(Seconds(5_400)));
        assert_eq!(parse("0s"), Some(Seconds(0)));
        for bad in [
            "",
            "5",
            "m",
            "-1s",
            "1.5h",
            "1h 30m",
            "30m1h",
            "1m1m",
            "1w",
            "1S",
            "18446744073709551615d",
            "٣s",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn shown_in_the_greatest_units() {
        assert_eq!(show(Seconds(90)), "1m30s");
        assert_eq!(show(Seconds::days(7)), "7d");
        assert_eq!(show(Seconds(0)), "0s");
        assert_eq!(rough(Seconds(90_061)), "1d1h");
        assert_eq!(rough(Seconds(61)), "1m1s");
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(seconds: u64) {
            prop_assert_eq!(parse(&show(Seconds(seconds))), Some(Seconds(seconds)));
        }

        #[test]
        fn never_panics(text in ".*") {
            let _ = parse(&text);
        }
    }
}
