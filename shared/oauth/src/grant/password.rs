//! The resource owner password credentials grant: RFC 6749 section 4.3.

use futures_util::join;

use super::GrantType;
use crate::audit::AuditEvent;
use crate::authorization::{Authorization, Refresh, UserAuthentication};
use crate::client::RegistryRepository;
use crate::error::{ErrorCode, OAuthError};
use crate::lockout::{Attempts, Source};
use crate::password::{Password, PasswordHashing, Verdict};
use crate::random::Random;
use crate::target::Targeting;
use crate::user::{
    Counter, Credentials, Login, LoginRepository, SubjectKey, UserProfile, Username,
};

/// RFC 8176 section 2: password-based authentication.
const AMR: &str = "pwd";

/// What the grant works with.
#[derive(Debug)]
pub struct Tools<'a, U> {
    /// Credentials and counters.
    pub users: &'a U,
    /// Checks and makes hashes.
    pub hashing: &'a PasswordHashing,
    /// Salt for a better hash.
    pub random: &'a dyn Random,
    /// Where the request came from.
    pub source: &'a Source,
}

/// Checks a user's password. RFC 6749 section 4.3.2: "the authorization server MUST protect the endpoint
/// against brute force attacks". Unknown, locked and disabled users get the same words and cost the same
/// work as a wrong password.
///
/// # Errors
/// `invalid_grant`, `invalid_scope`, `invalid_target`, or `temporarily_unavailable`.
pub async fn authorize<R: RegistryRepository, U: LoginRepository>(
    context: &Targeting<'_, R>,
    tools: &Tools<'_, U>,
    username: Username,
    password: &Password,
) -> Result<Authorization, OAuthError> {
    let client = context.client;
    let target = context.for_user().await?;
    let (credentials, profile) = sign_in(context, tools, &username, password).await?;
    Ok(Authorization {
        subject: credentials.subject,
        target,
        user: Some(UserAuthentication {
            username,
            auth_time: context.now,
            acr: None,
            amr: vec![AMR.to_owned()],
            generation: credentials.generation,
            profile,
        }),
        refresh: if client.allows(GrantType::RefreshToken) {
            Refresh::Begin
        } else {
            Refresh::Nothing
        },
    })
}

async fn sign_in<R: RegistryRepository, U: LoginRepository>(
    context: &Targeting<'_, R>,
    tools: &Tools<'_, U>,
    username: &Username,
    password: &Password,
) -> Result<(Credentials, Option<UserProfile>), OAuthError> {
    let policy = &context.tenant.settings.lockout;
    let login = tools
        .users
        .find_login(&context.tenant.id, username, tools.source)
        .await?;
    let stored = login
        .credentials
        .as_ref()
        .and_then(|credentials| credentials.password_hash.as_ref());
    let verdict = tools.hashing.verify(password, stored);

    // A locked attempt is not counted, right or wrong: it neither prolongs a lock nor tells by its time.
    if login.by_source.is_locked(&policy.source, context.now) {
        return Err(about(locked("source_locked"), login.credentials.as_ref()));
    }
    if login.user_is_locked(&policy.user, context.now) {
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
        count_failure(context, tools, username, &login).await?;
        return Err(about(refusal(reason), login.credentials.as_ref()));
    }
    admit(context, tools, username, password, login, verdict).await
}

/// Counts a failure for the user, the source and both, side by side. None is given up because another one failed.
async fn count_failure<R: RegistryRepository, U: LoginRepository>(
    context: &Targeting<'_, R>,
    tools: &Tools<'_, U>,
    username: &Username,
    seen: &Login,
) -> Result<(), OAuthError> {
    let source = tools.source;
    let both = Counter::UserAndSource(username, source);
    let (by_user, by_both, by_source) = join!(
        count(context, tools, Counter::User(username), &seen.by_user),
        count(context, tools, both, &seen.by_user_and_source),
        count(context, tools, Counter::Source(source), &seen.by_source),
    );
    by_user.and(by_both).and(by_source)
}

/// The password is right. It still counts only if no burst of guesses has locked the user or the source meanwhile.
async fn admit<R: RegistryRepository, U: LoginRepository>(
    context: &Targeting<'_, R>,
    tools: &Tools<'_, U>,
    username: &Username,
    password: &Password,
    login: Login,
    verdict: Verdict,
) -> Result<(Credentials, Option<UserProfile>), OAuthError> {
    let tenant = &context.tenant.id;
    let Some(credentials) = login.credentials else {
        return Err(refusal("unknown_user"));
    };
    let key = SubjectKey::of(tenant, &credentials.subject);
    let (now, profile) = tools
        .users
        .recheck(tenant, username, tools.source, key)
        .await?;
    let policy = &context.tenant.settings.lockout;
    let burst = if now.user_is_locked(&policy.user, context.now) {
        Some("user_locked_by_burst")
    } else if now.by_source.is_locked(&policy.source, context.now) {
        Some("source_locked_by_burst")
    } else {
        None
    };
    if let Some(reason) = burst {
        // Counted like the wrong ones of its burst: a guess that costs less time and no failure would be known as right.
        count_failure(context, tools, username, &now).await?;
        return Err(locked(reason).about(&credentials.subject));
    }
    // Of failures that are forgotten there is nothing to forget: they must not clear what was counted from elsewhere since.
    if now
        .by_user_and_source
        .is_remembered(&policy.user, context.now)
    {
        tools
            .users
            .clear_failures(tenant, username, tools.source, &now)
            .await?;
    }
    if let (Verdict::RightButStale, Some(old)) = (verdict, &credentials.password_hash) {
        let new = tools.hashing.hash(password, tools.random)?;
        tools
            .users
            .replace_hash(tenant, username, old, &new)
            .await?;
    }
    Ok((credentials, profile))
}

async fn count<R: RegistryRepository, U: LoginRepository>(
    context: &Targeting<'_, R>,
    tools: &Tools<'_, U>,
    counter: Counter<'_>,
    seen: &Attempts,
) -> Result<(), OAuthError> {
    let policy = &context.tenant.settings.lockout;
    let backoff = match counter {
        Counter::User(_) | Counter::UserAndSource(..) => &policy.user,
        Counter::Source(_) => &policy.source,
    };
    tools
        .users
        .record_failure(&context.tenant.id, counter, seen, backoff, context.now)
        .await?;
    Ok(())
}

const fn refusal(reason: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidGrant, reason).audited(AuditEvent::LoginRefused)
}

fn about(refused: OAuthError, credentials: Option<&Credentials>) -> OAuthError {
    match credentials {
        Some(known) => refused.about(&known.subject),
        None => refused,
    }
}

const fn locked(reason: &'static str) -> OAuthError {
    refusal(reason).audited(AuditEvent::LoginLocked)
}
