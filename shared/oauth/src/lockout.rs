//! Guessing passwords, slowed down: per user and per source address, and never locked for good.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::time::{Seconds, Timestamp};

/// When a counter of failures begins to delay, and by how much.
///
/// The first `free` failures cost nothing; each one after doubles the wait from one second up to `longest`.
/// A counter is forgotten `memory` after its first failure: a trickle of typing errors never adds up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backoff {
    /// Failures before the first wait.
    pub free: u32,
    /// The longest wait: an attacker who keeps trying keeps a person out no longer than this after stopping.
    pub longest: Seconds,
    /// How long after its first failure a counter starts anew.
    pub memory: Seconds,
}

/// The rules of the counters.
///
/// A password client is usually one backend for many people, so its address may fail far more often than a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockPolicy {
    /// Per user name, whether or not such a user exists: once for each source address, and once for all of them.
    pub user: Backoff,
    /// Per source address.
    pub source: Backoff,
}

impl Default for LockPolicy {
    fn default() -> Self {
        Self {
            user: Backoff {
                free: 5,
                longest: Seconds::minutes(15),
                memory: Seconds::hours(24),
            },
            source: Backoff {
                free: 100,
                longest: Seconds::minutes(5),
                memory: Seconds::minutes(10),
            },
        }
    }
}

/// A counter of failed attempts as the store keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Attempts {
    /// Failures since the counter was last forgotten or cleared.
    pub failures: u32,
    /// When the first of them happened.
    pub first_failure: Timestamp,
    /// When the last one happened.
    pub last_failure: Timestamp,
}

impl Attempts {
    /// Whether the counter still counts at `now`.
    pub fn is_remembered(&self, policy: &Backoff, now: Timestamp) -> bool {
        self.failures > 0 && now < self.first_failure.plus(policy.memory)
    }

    /// Whether an attempt at `now` is refused, however right the password.
    pub fn is_locked(&self, policy: &Backoff, now: Timestamp) -> bool {
        self.is_remembered(policy, now) && now < self.last_failure.plus(self.wait(policy))
    }

    fn wait(&self, policy: &Backoff) -> Seconds {
        match self.failures.checked_sub(policy.free) {
            None | Some(0) => Seconds(0),
            Some(beyond) => {
                let doubled = 1_u64.checked_shl(beyond - 1).unwrap_or(u64::MAX);
                Seconds(doubled.min(policy.longest.0))
            }
        }
    }
}

/// Where a request came from, as the front saw it: an address, never a header the client writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source(Option<std::net::IpAddr>);

impl Source {
    /// A source from the front's text; anything that is no address counts as one unknown source.
    pub fn parse(text: &str) -> Self {
        let address: Option<std::net::IpAddr> = text.parse().ok();
        // ::ffff:192.0.2.7 is 192.0.2.7, not one of a /64 that all such addresses share.
        Self(address.map(|address| address.to_canonical()))
    }
}

impl fmt::Display for Source {
    /// An IPv6 address is told by its /64, which one subscriber usually holds whole.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(std::net::IpAddr::V4(address)) => write!(f, "{address}"),
            Some(std::net::IpAddr::V6(address)) => {
                let prefix = address.to_bits() >> 64 << 64;
                write!(f, "{}/64", std::net::Ipv6Addr::from_bits(prefix))
            }
            None => f.write_str("unknown"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Backoff = Backoff {
        free: 3,
        longest: Seconds(60),
        memory: Seconds(3_600),
    };

    fn attempts(failures: u32) -> Attempts {
        Attempts {
            failures,
            first_failure: Timestamp::from_unix(1_000),
            last_failure: Timestamp::from_unix(1_000),
        }
    }

    #[test]
    fn waits_double_up_to_the_longest() {
        let waits: Vec<u64> = (0..12).map(|n| attempts(n).wait(&POLICY).0).collect();
        assert_eq!(waits, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(attempts(u32::MAX).wait(&POLICY), Seconds(60));
    }

    #[test]
    fn a_lock_ends_by_itself() {
        let at = |second| Timestamp::from_unix(second);
        assert!(attempts(6).is_locked(&POLICY, at(1_003)));
        assert!(!attempts(6).is_locked(&POLICY, at(1_004)));
        assert!(!attempts(3).is_locked(&POLICY, at(1_000)));
        assert!(!attempts(99).is_locked(&POLICY, at(1_060)));
        assert!(!attempts(99).is_remembered(&POLICY, at(4_600)));
    }

    #[test]
    fn sources() {
        assert_eq!(Source::parse("192.0.2.7").to_string(), "192.0.2.7");
        assert_eq!(
            Source::parse("2001:db8:1:2:3:4:5:6").to_string(),
            "2001:db8:1:2::/64"
        );
        assert_eq!(Source::parse("::ffff:192.0.2.7").to_string(), "192.0.2.7");
        assert_eq!(Source::parse("evil#1").to_string(), "unknown");
    }
}
