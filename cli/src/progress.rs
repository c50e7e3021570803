//! Tells how far a long piece of work has come: nothing at all within the first seconds.

use latchkey_oauth::time::{Clock, Seconds, Timestamp};

/// How often something is said.
const EVERY: Seconds = Seconds(2);

/// The progress of one piece of work after another.
pub struct Progress<'a> {
    clock: &'a dyn Clock,
    tell: &'a mut dyn FnMut(&str),
    what: &'static str,
    done: usize,
    total: usize,
    told: Timestamp,
}

impl std::fmt::Debug for Progress<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Progress").finish_non_exhaustive()
    }
}

impl<'a> Progress<'a> {
    /// Progress that is told by `tell`.
    pub fn new(clock: &'a dyn Clock, tell: &'a mut dyn FnMut(&str)) -> Self {
        let told = clock.now();
        Self {
            clock,
            tell,
            what: "",
            done: 0,
            total: 0,
            told,
        }
    }

    /// Begins a piece of work of `total` steps.
    pub fn begin(&mut self, what: &'static str, total: usize) {
        (self.what, self.done, self.total) = (what, 0, total);
        self.told = self.clock.now();
    }

    /// One step is done.
    pub fn step(&mut self) {
        self.done += 1;
        let now = self.clock.now();
        if now.since(self.told) >= EVERY && self.done < self.total {
            self.told = now;
            (self.tell)(&format!("{} of {} {}", self.done, self.total, self.what));
        }
    }

    /// Says how far work of unknown length has come, if it is time to.
    pub fn say(&mut self, text: impl FnOnce() -> String) {
        let now = self.clock.now();
        if now.since(self.told) >= EVERY {
            self.told = now;
            (self.tell)(&text());
        }
    }

    /// The piece of work is done.
    pub fn end(&mut self) {
        (self.tell)("");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[derive(Default)]
    struct OneSecondAStep(AtomicU64);

    impl Clock for OneSecondAStep {
        fn now(&self) -> Timestamp {
            Timestamp::from_unix(self.0.fetch_add(1, Ordering::Relaxed))
        }
    }

    #[test]
    fn is_told_every_other_second() {
        let clock = OneSecondAStep::default();
        let mut told = Vec::new();
        let mut tell = |text: &str| told.push(text.to_owned());
        let mut progress = Progress::new(&clock, &mut tell);
        progress.begin("users", 5);
        (0..5).for_each(|_| progress.step());
        progress.end();
        assert_eq!(told, ["2 of 5 users", "4 of 5 users", ""]);
    }
}
