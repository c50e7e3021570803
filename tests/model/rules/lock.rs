//! Guessing, slowed down: docs/adr/0002.

use std::collections::BTreeMap;

use latchkey_oauth::lockout::{Backoff, LockPolicy};
use latchkey_oauth::time::Seconds;

use crate::step::{Source, User};

/// Small numbers, so that short sequences reach them.
pub const fn policy() -> LockPolicy {
    LockPolicy {
        user: Backoff {
            free: 1,
            longest: Seconds(60),
            memory: Seconds(3_600),
        },
        source: Backoff {
            free: 3,
            longest: Seconds(30),
            memory: Seconds(600),
        },
    }
}

/// Whose failures are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counter {
    User(User),
    UserFrom(User, Source),
    Source(Source),
}

impl Counter {
    const fn rules(self) -> Backoff {
        match self {
            Self::User(_) | Self::UserFrom(..) => policy().user,
            Self::Source(_) => policy().source,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Count {
    failures: u32,
    first: u64,
    last: u64,
}

#[derive(Debug, Clone, Default)]
pub struct Failures(BTreeMap<Counter, Count>);

impl Failures {
    /// A counter starts anew some time after its first failure.
    fn remembered(&self, counter: Counter, now: u64) -> Option<Count> {
        let count = self.0.get(&counter).copied()?;
        (now < count.first + counter.rules().memory.0).then_some(count)
    }

    /// After the free failures each further one doubles the wait, which begins at one second.
    pub fn is_locked(&self, counter: Counter, now: u64) -> bool {
        let rules = counter.rules();
        self.remembered(counter, now).is_some_and(|count| {
            let beyond = count.failures.saturating_sub(rules.free);
            let wait = match beyond {
                0 => 0,
                some => 2_u64.pow(some - 1).min(rules.longest.0),
            };
            now < count.last + wait
        })
    }

    /// Failures from elsewhere count only against a source that has failed as well.
    pub fn user_is_locked(&self, user: User, source: Source, now: u64) -> bool {
        let here = Counter::UserFrom(user, source);
        self.is_locked(here, now)
            || (self.remembered(here, now).is_some() && self.is_locked(Counter::User(user), now))
    }

    pub fn count(&mut self, user: User, source: Source, now: u64) {
        for counter in [
            Counter::User(user),
            Counter::UserFrom(user, source),
            Counter::Source(source),
        ] {
            let before = self.remembered(counter, now);
            let count = Count {
                failures: before.map_or(0, |it| it.failures) + 1,
                first: before.map_or(now, |it| it.first),
                last: now,
            };
            self.0.insert(counter, count);
        }
    }

    /// A right password after failures from the same source forgets the user's counters; whether it did.
    pub fn forget(&mut self, user: User, source: Source, now: u64) -> bool {
        let here = Counter::UserFrom(user, source);
        let failed = self.remembered(here, now).is_some();
        if failed {
            self.0.remove(&here);
            self.0.remove(&Counter::User(user));
        }
        failed
    }
}
