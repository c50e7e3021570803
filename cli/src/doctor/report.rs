//! What was found: a line for each thing that is right, and a line for each fault.

use std::collections::BTreeSet;

use serde::Serialize;

/// How it is with one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Right,
    /// Not as it should be.
    Wrong,
    /// Not looked at.
    NotLooked,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: &'static str,
    /// How it is.
    pub verdict: Verdict,
    /// What was seen, or what is wrong and what to do.
    pub said: String,
}

/// All lines, in the order they were found.
#[derive(Debug, Default)]
pub struct Report {
    /// The lines.
    pub findings: Vec<Finding>,
}

impl Report {
    /// What is wrong with one thing, or what is right about it if nothing is.
    pub fn add(&mut self, check: &'static str, right: impl Into<String>, faults: Vec<String>) {
        if faults.is_empty() {
            self.push(check, Verdict::Right, right.into());
        }
        for fault in faults {
            self.push(check, Verdict::Wrong, fault);
        }
    }

    /// Something that is wrong.
    pub fn wrong(&mut self, check: &'static str, fault: impl Into<String>) {
        self.push(check, Verdict::Wrong, fault.into());
    }

    /// Something that was not looked at.
    pub fn not_looked(&mut self, check: &'static str, why: impl Into<String>) {
        self.push(check, Verdict::NotLooked, why.into());
    }

    /// How many faults there are.
    pub fn faults(&self) -> usize {
        let wrong = |finding: &&Finding| finding.verdict == Verdict::Wrong;
        self.findings.iter().filter(wrong).count()
    }

    /// How many checks have faults: one may have several.
    pub fn wrong_checks(&self) -> usize {
        let wrong = self.findings.iter();
        let wrong = wrong.filter(|finding| finding.verdict == Verdict::Wrong);
        let checks: BTreeSet<&str> = wrong.map(|finding| finding.check).collect();
        checks.len()
    }

    fn push(&mut self, check: &'static str, verdict: Verdict, said: String) {
        // One line each, whatever a server put into its answer.
        let said = said.replace(['\r', '\n'], " ");
        self.findings.push(Finding {
            check,
            verdict,
            said,
        });
    }
}
