//! The resource owner password credentials grant: RFC 6749 section 4.3.

use super::GrantType;
use crate::authorization::{Authorization, Refresh, UserAuthentication};
use crate::client::RegistryRepository;
use crate::error::OAuthError;
use crate::login::LoginRepository;
use crate::password::Password;
use crate::random::Random;
use crate::sign_in::{SignIn, SignedIn};
use crate::target::Targeting;
use crate::user::Username;

/// RFC 8176 section 2: password-based authentication.
const AMR: &str = "pwd";

/// Signs a user in.
///
/// # Errors
/// `invalid_grant`, `invalid_scope`, `invalid_target`, or `temporarily_unavailable`.
pub async fn authorize<R: RegistryRepository, U: LoginRepository>(
    context: &Targeting<'_, R>,
    sign_in: &SignIn<'_, U>,
    random: &dyn Random,
    username: Username,
    password: &Password,
) -> Result<Authorization, OAuthError> {
    let client = context.client;
    let target = context.for_user().await?;
    let signed_in = sign_in.check(&username, password).await?;
    if signed_in.is_stale {
        renew_hash(sign_in, random, &username, password, &signed_in).await?;
    }
    let SignedIn {
        credentials,
        profile,
        is_stale: _,
    } = signed_in;
    Ok(Authorization {
        subject: credentials.subject,
        target,
        acr: context.tenant.settings.acr.password.clone(),
        user: Some(UserAuthentication {
            username,
            auth_time: context.now,
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

/// Keeps a hash of today's make in place of an older one, now that the password is known.
async fn renew_hash<U: LoginRepository>(
    sign_in: &SignIn<'_, U>,
    random: &dyn Random,
    username: &Username,
    password: &Password,
    signed_in: &SignedIn,
) -> Result<(), OAuthError> {
    let Some(old) = &signed_in.credentials.password_hash else {
        return Ok(());
    };
    let new = sign_in.hashing.hash(password, random)?;
    sign_in
        .users
        .replace_hash(&sign_in.tenant.id, username, old, &new)
        .await?;
    Ok(())
}
