//! Whether somebody is the user they say they are, by their password: asked by the password grant, and by whoever changes a
//! password.

use futures_util::join;

use crate::audit::AuditEvent;
use crate::error::{ErrorCode, OAuthError};
use crate::lockout::{Attempts, Source};
use crate::login::{Counter, Login, LoginRepository};
use crate::password::{Password, PasswordHashing, Verdict};
use crate::tenant::Tenant;
use crate::time::Timestamp;
use crate::user::{Credentials, SubjectKey, UserProfile, Username};

/// What an attempt to sign in is checked with.
#[derive(Debug)]
pub struct SignIn<'a, U> {
    /// Credentials and counters.
    pub users: &'a U,
    /// Checks hashes.
    pub hashing: &'a PasswordHashing,
    /// At which tenant.
    pub tenant: &'a Tenant,
    /// Where the request came from.
    pub source: &'a Source,
    /// When.
    pub now: Timestamp,
}

/// Somebody who has proved who they are.
#[derive(Debug)]
pub struct SignedIn {
    /// What they were checked against.
    pub credentials: Credentials,
    /// Who they are to others.
    pub profile: Option<UserProfile>,
    /// Whether their hash is of an older make.
    pub is_stale: bool,
}

impl<U: LoginRepository> SignIn<'_, U> {
    /// Checks a user's password. RFC 6749 section 4.3.2: "the authorization server MUST protect the endpoint
    /// against brute force attacks". Unknown, locked and disabled users get the same words and cost the same
    /// work as a wrong password.
    ///
    /// # Errors
    /// `invalid_grant`, or `temporarily_unavailable`.
    pub async fn check(
        &self,
        username: &Username,
        password: &Password,
    ) -> Result<SignedIn, OAuthError> {
        let policy = &self.tenant.settings.lockout;
        let login = self
            .users
            .find_login(&self.tenant.id, username, self.source)
            .await?;
        let stored = login
            .credentials
            .as_ref()
            .and_then(|credentials| credentials.password_hash.as_ref());
        let verdict = self.hashing.verify(password, stored);

        // A locked attempt is not counted, right or wrong: it neither prolongs a lock nor tells by its time.
        if login.by_source.is_locked(&policy.source, self.now) {
            return Err(about(locked("source_locked"), login.credentials.as_ref()));
        }
        if login.user_is_locked(&policy.user, self.now) {
            return Err(about(locked("user_locked"), login.credentials.as_ref()));
        }
        let reason = match (verdict, &login.credentials) {
            (_, None) => Some("unknown_user"),
            (Verdict::Wrong, Some(_)) => Some("wrong_password"),
            (Verdict::Right | Verdict::RightButStale, Some(credentials)) => {
                credentials.disabled.then_some("user_disabled")
            }
        };
        if let Some(reason) = reason {
            self.count_failure(username, &login).await?;
            return Err(about(refusal(reason), login.credentials.as_ref()));
        }
        self.admit(username, login, verdict).await
    }

    /// Forgets the failures of who has proved who they are, from where they have failed before. Of failures that are
    /// forgotten there is nothing to forget: they must not clear what was counted from elsewhere since.
    ///
    /// # Errors
    /// `temporarily_unavailable`.
    pub async fn forgive(&self, username: &Username, seen: &Login) -> Result<(), OAuthError> {
        let policy = &self.tenant.settings.lockout.user;
        if seen.by_user_and_source.is_remembered(policy, self.now) {
            self.users
                .clear_failures(&self.tenant.id, username, self.source, seen)
                .await?;
        }
        Ok(())
    }

    /// The password is right. It still counts only if no burst of guesses has locked the user or the source meanwhile.
    async fn admit(
        &self,
        username: &Username,
        login: Login,
        verdict: Verdict,
    ) -> Result<SignedIn, OAuthError> {
        let tenant = &self.tenant.id;
        let Some(credentials) = login.credentials else {
            return Err(refusal("unknown_user"));
        };
        let key = SubjectKey::of(tenant, &credentials.subject);
        let (now, profile) = self
            .users
            .recheck(tenant, username, self.source, key)
            .await?;
        let policy = &self.tenant.settings.lockout;
        let burst = if now.user_is_locked(&policy.user, self.now) {
            Some("user_locked_by_burst")
        } else if now.by_source.is_locked(&policy.source, self.now) {
            Some("source_locked_by_burst")
        } else {
            None
        };
        if let Some(reason) = burst {
            // Counted like the wrong ones of its burst: a guess that costs less time and no failure would be known as right.
            self.count_failure(username, &now).await?;
            return Err(locked(reason).about(&credentials.subject));
        }
        self.forgive(username, &now).await?;
        Ok(SignedIn {
            credentials,
            profile,
            is_stale: verdict == Verdict::RightButStale,
        })
    }

    /// Counts a failure for the user, the source and both, side by side. None is given up because another one failed.
    async fn count_failure(&self, username: &Username, seen: &Login) -> Result<(), OAuthError> {
        let source = self.source;
        let both = Counter::UserAndSource(username, source);
        let (by_user, by_both, by_source) = join!(
            self.count(Counter::User(username), &seen.by_user),
            self.count(both, &seen.by_user_and_source),
            self.count(Counter::Source(source), &seen.by_source),
        );
        by_user.and(by_both).and(by_source)
    }

    async fn count(&self, counter: Counter<'_>, seen: &Attempts) -> Result<(), OAuthError> {
        let policy = &self.tenant.settings.lockout;
        let backoff = match counter {
            Counter::User(_) | Counter::UserAndSource(..) => &policy.user,
            Counter::Source(_) => &policy.source,
        };
        self.users
            .record_failure(&self.tenant.id, counter, seen, backoff, self.now)
            .await?;
        Ok(())
    }
}

const fn refusal(reason: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidGrant, reason).audited(AuditEvent::LoginRefused)
}

const fn locked(reason: &'static str) -> OAuthError {
    refusal(reason).audited(AuditEvent::LoginLocked)
}

fn about(refused: OAuthError, credentials: Option<&Credentials>) -> OAuthError {
    match credentials {
        Some(known) => refused.about(&known.subject),
        None => refused,
    }
}
