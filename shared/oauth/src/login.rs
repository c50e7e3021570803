//! Signing in: what is kept for it, and where.

use std::future::Future;

use crate::lockout::{Attempts, Backoff, Source};
use crate::password::StoredPassword;
use crate::store::StoreError;
use crate::tenant::TenantId;
use crate::time::Timestamp;
use crate::user::{Credentials, SubjectKey, UserProfile, Username};

/// What a login attempt finds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Login {
    /// The user's credentials, if there is such a user.
    pub credentials: Option<Credentials>,
    /// Failures for this user name from anywhere, whether or not there is such a user.
    pub by_user: Attempts,
    /// Failures for this user name from this source address.
    pub by_user_and_source: Attempts,
    /// Failures from this source address.
    pub by_source: Attempts,
}

/// Whose failures are counted.
#[derive(Debug, Clone, Copy)]
pub enum Counter<'a> {
    /// Attempts on one user name from anywhere.
    User(&'a Username),
    /// Attempts on one user name from one source address.
    UserAndSource(&'a Username, &'a Source),
    /// Attempts from one source address.
    Source(&'a Source),
}

impl Login {
    /// Whether an attempt on the user is refused at `now`, however right the password.
    ///
    /// Failures from elsewhere count only against a source that has failed as well: whoever guesses at a user from
    /// one place does not keep the user from signing in at another.
    pub fn user_is_locked(&self, policy: &Backoff, now: Timestamp) -> bool {
        let here = &self.by_user_and_source;
        here.is_locked(policy, now)
            || (here.is_remembered(policy, now) && self.by_user.is_locked(policy, now))
    }
}

/// Where credentials and counters are kept.
pub trait LoginRepository: Send + Sync {
    /// Everything a login attempt needs, in one read.
    fn find_login(
        &self,
        tenant: &TenantId,
        username: &Username,
        source: &Source,
    ) -> impl Future<Output = Result<Login, StoreError>> + Send;

    /// The counters as they stand now (never an older state; credentials are not read again) and the user's
    /// profile, in one read: asked after a right password, so that a guess that came through in a burst is
    /// still refused.
    fn recheck(
        &self,
        tenant: &TenantId,
        username: &Username,
        source: &Source,
        subject: SubjectKey,
    ) -> impl Future<Output = Result<(Login, Option<UserProfile>), StoreError>> + Send;

    /// Counts a failure. No parallel failure is lost; a counter past its memory starts again at one.
    /// `seen` is the counter as [`LoginRepository::find_login`] read it.
    fn record_failure(
        &self,
        tenant: &TenantId,
        counter: Counter<'_>,
        seen: &Attempts,
        policy: &Backoff,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Forgets a user's failures after a right password from a source that had failed before: those from there and
    /// those from anywhere, each if no more than `seen` have been counted by now.
    fn clear_failures(
        &self,
        tenant: &TenantId,
        username: &Username,
        source: &Source,
        seen: &Login,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Sets another password, and all that comes with it ([`Credentials::set_password`]), in the credentials and in the state
    /// that is kept with tokens: both or neither. `false`, and nothing written, if somebody else has set a password, shut
    /// the user out or made another reset token since `seen` was read.
    fn set_password(
        &self,
        tenant: &TenantId,
        username: &Username,
        seen: &Credentials,
        new: &Credentials,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Replaces a hash by a better one of the same password, unless it has changed meanwhile.
    fn replace_hash(
        &self,
        tenant: &TenantId,
        username: &Username,
        old: &StoredPassword,
        new: &StoredPassword,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
