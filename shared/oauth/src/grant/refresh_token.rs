//! The refresh token grant: RFC 6749 section 6, with rotation as RFC 9700 section 4.14.2 asks for it.

use secrecy::{ExposeSecret as _, SecretString};

use crate::audit::AuditEvent;
use crate::authorization::{Authorization, Refresh, UserAuthentication};
use crate::client::{Client, RegistryRepository};
use crate::error::{ErrorCode, OAuthError};
use crate::grant_type::GrantType;
use crate::target::{Granted, Target, Targeting};
use crate::token::family::{Family, Recognised};
use crate::token::refresh_token::RefreshToken;
use crate::token::repository::RefreshTokenRepository;
use crate::token::repository::TokenKeys;
use crate::user::{SubjectState, UserProfile};

/// Checks a refresh token and decides whether it is exchanged, repeated or refused.
///
/// # Errors
/// `invalid_grant` for a token that is malformed, unknown, expired, revoked, used or another client's;
/// `invalid_scope` or `invalid_target` for a wish beyond the original grant; `temporarily_unavailable`.
pub async fn authorize<R: RegistryRepository, G: RefreshTokenRepository>(
    context: &Targeting<'_, R>,
    grants: &G,
    presented: &SecretString,
) -> Result<Authorization, OAuthError> {
    let presented = RefreshToken::parse(presented.expose_secret())
        .ok_or_else(|| refusal("malformed_refresh_token"))?;
    let keys = TokenKeys::of_family(presented.family()).with_profile();
    let found = grants.token_state(&context.tenant.id, &keys).await?;
    let Some(family) = found.family else {
        return Err(refusal("unknown_refresh_token"));
    };
    if !family.is_lineage_of(&presented) {
        return Err(refusal("forged_refresh_token"));
    }
    // RFC 6749 section 10.4: bound to the client it was issued to.
    if family.client_id != context.client.client_id {
        return Err(refusal("refresh_token_of_another_client").about(&family.subject));
    }
    // A tenant that has moved to another domain or path is another issuer.
    if *family.issuer != *context.issuer.as_str() {
        return Err(refusal("refresh_token_of_another_issuer").about(&family.subject));
    }
    if family.revoked_at.is_some() {
        return Err(refusal("refresh_token_revoked").about(&family.subject));
    }
    if !honoured(&family, found.subject.as_ref(), context.client) {
        return Err(refusal("user_ended").about(&family.subject));
    }
    let window = context.client.refresh_token_retry_window;
    let refresh = match family.recognise(&presented, window, context.now) {
        // RFC 9700 section 4.14.2: a used token is stolen, or its successor is. Both end.
        Recognised::Superseded => {
            let killed = grants
                .kill_family(&context.tenant.id, &family.id, context.now)
                .await;
            // Told whether or not it could be written: somebody holds a copy.
            let reused = match killed {
                Ok(()) => refusal("refresh_token_reused"),
                Err(error) => error.into(),
            };
            return Err(reused
                .audited(AuditEvent::RefreshTokenReused)
                .about(&family.subject));
        }
        Recognised::Current | Recognised::Repeated(_) if family.token_expires_at <= context.now => {
            return Err(refusal("refresh_token_expired").about(&family.subject));
        }
        Recognised::Current => Refresh::Rotate {
            family: Box::new(family.clone()),
            presented,
        },
        Recognised::Repeated(successor) => Refresh::Repeat {
            family: Box::new(family.clone()),
            successor,
        },
    };
    let target = context
        .again(Granted {
            scope: &family.scope,
            resources: &family.resources,
        })
        .await?;
    Ok(authorization(family, found.profile, target, refresh))
}

fn authorization(
    family: Family,
    profile: Option<UserProfile>,
    target: Target,
    refresh: Refresh,
) -> Authorization {
    Authorization {
        target,
        // As it was when the family began.
        acr: family.user.as_ref().and_then(|user| user.acr.clone()),
        user: family.user.map(|user| UserAuthentication {
            username: user.username,
            auth_time: user.auth_time,
            amr: user.amr,
            generation: user.generation,
            profile,
        }),
        subject: family.subject,
        refresh,
    }
}

/// A family of a user ends with the user; one of a client alone with what the client got it by.
fn honoured(family: &Family, state: Option<&SubjectState>, client: &Client) -> bool {
    match &family.user {
        Some(user) => state.is_some_and(|state| state.honours(user.generation)),
        None => {
            client.client_credentials_refresh_token && client.allows(GrantType::ClientCredentials)
        }
    }
}

const fn refusal(reason: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidGrant, reason).audited(AuditEvent::RefreshRefused)
}
