//! The only door to the clock. Everything else is handed a [`Timestamp`].

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ::time::OffsetDateTime;
use ::time::format_description::well_known::Rfc3339;
use serde::{Deserialize, Serialize};

/// A moment, in whole seconds since the Unix epoch: the `NumericDate` of RFC 7519 section 2.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The moment `seconds` after the Unix epoch.
    pub const fn from_unix(seconds: u64) -> Self {
        Self(seconds)
    }

    /// Seconds since the Unix epoch.
    pub const fn as_unix(self) -> u64 {
        self.0
    }

    /// This moment moved into the future; the far future is the last representable second.
    pub const fn plus(self, span: Seconds) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// This moment moved into the past; nothing lies before the epoch.
    pub const fn minus(self, span: Seconds) -> Self {
        Self(self.0.saturating_sub(span.0))
    }

    /// The span from `earlier` to here, zero if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Seconds {
        Seconds(self.0.saturating_sub(earlier.0))
    }

    /// The moment in UTC as RFC 3339 section 5.6 writes it; empty after the year 9999, which that cannot write.
    pub fn rfc3339(self) -> String {
        i64::try_from(self.0)
            .ok()
            .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
            .and_then(|moment| moment.format(&Rfc3339).ok())
            .unwrap_or_default()
    }
}

/// A span of whole seconds: the unit of `expires_in` (RFC 6749 section 5.1).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Seconds(pub u64);

impl Seconds {
    /// A span of `minutes`.
    pub const fn minutes(minutes: u64) -> Self {
        Self(minutes * 60)
    }

    /// A span of `hours`.
    pub const fn hours(hours: u64) -> Self {
        Self::minutes(hours * 60)
    }

    /// A span of `days`.
    pub const fn days(days: u64) -> Self {
        Self::hours(days * 24)
    }
}

/// Where the time comes from. Read once a request, then passed on.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the door to the clock")]
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp(since_epoch.as_secs())
    }
}

impl SystemClock {
    /// How long it is until a moment that the machine's clock is to reach; zero once it has.
    #[expect(clippy::disallowed_methods, reason = "this is the door to the clock")]
    pub fn until(self, moment: SystemTime) -> Duration {
        moment.duration_since(SystemTime::now()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_as_text() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_447_213_018, "2015-11-11T03:36:58Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
            (253_402_300_800, ""),
            (u64::MAX, ""),
        ] {
            assert_eq!(Timestamp::from_unix(seconds).rfc3339(), text);
        }
    }
}
