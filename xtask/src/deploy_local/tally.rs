//! Counts the checks and tells what failed.

use std::collections::BTreeSet;

use serde_json::Value;

use super::resolve::same;
use crate::progress::{BAD, GOOD, paint, say};

#[derive(Debug, Default)]
pub struct Checks {
    pub passed: usize,
    pub failed: Vec<String>,
    pub not_shown: BTreeSet<String>,
    told: (usize, usize),
}

impl Checks {
    pub fn expect(&mut self, good: bool, what: impl Into<String>) {
        if good {
            self.passed += 1;
        } else {
            self.failed.push(what.into());
        }
    }

    pub fn add(&mut self, passed: usize, failed: impl IntoIterator<Item = String>) {
        self.passed += passed;
        self.failed.extend(failed);
    }

    /// Tells how the checks since the last time went.
    pub fn tell(&mut self, title: &str) {
        let (passed, failed) = self.told;
        let new = self.failed.get(failed..).unwrap_or_default();
        let (style, mark) = if new.is_empty() {
            (GOOD, "✓")
        } else {
            (BAD, "✗")
        };
        let count = self.passed - passed;
        say(&format!("{} {title}: {count} checks", paint(style, mark)));
        for fault in new {
            say(&format!("    {} {fault}", paint(BAD, "✗")));
        }
        self.told = (self.passed, self.failed.len());
    }

    pub fn equal(&mut self, what: &str, wanted: &Value, found: &Value) {
        self.expect(
            same(wanted, found),
            format!("{what}: template.yaml says {wanted}, deployed is {found}"),
        );
    }
}
