//! What every repository may answer besides its own answers, and what writes depend on.

use std::error::Error;
use std::future::Future;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

use crate::hash::Sha256Hash;
use crate::random::{Random, RandomError};
use crate::tenant::TenantId;
use crate::time::Timestamp;

/// A store that did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No answer, a throttle, a time-out or a dropped connection: trying again may help.
    #[error("the store is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// A refusal or an item that cannot be read: trying again will not help.
    #[error("the store failed")]
    Internal(#[source] Box<dyn Error + Send + Sync>),
}

impl StoreError {
    /// A fault that the same request may not meet again.
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unavailable(source.into())
    }

    /// A fault that stays.
    pub fn internal(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Internal(source.into())
    }
}

/// What tells one state of something in the store from every other: a fresh random number at each write (48 bits, as a
/// [`Generation`](crate::user::Generation)). No count: something deleted and made again under its name would count anew, and
/// who has read the first would overwrite the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(u64);

impl Version {
    /// Of what was written before there were versions.
    pub const NONE: Self = Self(0);

    /// A version that nothing has yet.
    ///
    /// # Errors
    /// [`RandomError`] when there is no number to be had.
    pub fn fresh(random: &dyn Random) -> Result<Self, RandomError> {
        let [a, b, c, d, e, f] = crate::random::bytes(random)?;
        Ok(Self(u64::from_be_bytes([0, 0, a, b, c, d, e, f]).max(1)))
    }

    /// The version of this number.
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// Something as it was read, with its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned<T> {
    /// It.
    pub value: T,
    /// Which state of it this is.
    pub version: Version,
}

impl<T> Deref for Versioned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// What a write expects to find. Where it finds anything else, it writes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Nothing.
    Absent,
    /// What was read, and nobody has written since.
    Version(Version),
    /// Whatever there is.
    Any,
}

/// A request that is carried out once, however often it is made: what an `Idempotency-Key` asks for. It is noted in the
/// same transaction as the write itself, so that neither is ever there alone.
#[derive(Debug, Clone)]
pub struct Once {
    /// The tenant that was asked.
    pub tenant: TenantId,
    /// The caller and its key, hashed.
    pub key: Sha256Hash,
    /// What is noted.
    pub note: OnceNote,
    /// When the request came.
    pub now: Timestamp,
}

/// What is noted of a request that is carried out once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnceNote {
    /// The request, hashed.
    pub request: Sha256Hash,
    /// Where what it made is to be found.
    pub location: String,
    /// Until when the key means this request.
    pub until: Timestamp,
}

/// Where such requests are noted.
pub trait OnceRepository: Send + Sync {
    /// What was noted under a key; `None` too where that means nothing any more.
    fn once(
        &self,
        tenant: &TenantId,
        key: &Sha256Hash,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<OnceNote>, StoreError>> + Send;
}

/// On what a write depends, and what is noted with it.
#[derive(Debug, Clone, Copy)]
pub struct Condition<'a> {
    /// What it expects to find.
    pub expected: Expected,
    /// The request that asks for it, if that is to be carried out once.
    pub once: Option<&'a Once>,
}

impl From<Expected> for Condition<'_> {
    fn from(expected: Expected) -> Self {
        Self {
            expected,
            once: None,
        }
    }
}

/// Some of a list, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// What was found.
    pub items: Vec<T>,
    /// Whether there is more after the last of them.
    pub more: bool,
}

/// Which part of a list is wanted: by name, in the order of names.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// Names that begin so.
    pub prefix: &'a str,
    /// Names after this one.
    pub after: Option<&'a str>,
    /// At most so many.
    pub limit: usize,
}

impl<'a> Part<'a> {
    /// Whether a name is in the part, but for the limit.
    pub fn has(&self, name: &str) -> bool {
        name.starts_with(self.prefix) && self.after.is_none_or(|after| name > after)
    }

    /// The part after `last`.
    #[must_use]
    pub const fn after(self, last: &'a str) -> Self {
        Self {
            after: Some(last),
            ..self
        }
    }
}

/// How much of a list is read at a time where all of it is wanted.
const ALL_AT_A_TIME: usize = 100;

/// All of a list, page by page.
pub(crate) async fn all<T, F>(
    page: impl Fn(Option<String>) -> F,
    name: impl Fn(&T) -> &str,
) -> Result<Vec<T>, StoreError>
where
    F: Future<Output = Result<Page<T>, StoreError>>,
{
    let mut all = Vec::new();
    loop {
        let after = all.last().map(|last| name(last).to_owned());
        let Page { items, more } = page(after).await?;
        all.extend(items);
        if !more {
            return Ok(all);
        }
    }
}

/// The part after a name, as [`all`] asks for it.
pub(crate) fn part_after(after: Option<&str>) -> Part<'_> {
    Part {
        prefix: "",
        after,
        limit: ALL_AT_A_TIME,
    }
}
