//! The client credentials grant: RFC 6749 section 4.4.

use super::{Context, audience_of};
use crate::authorization::{Authorization, Refresh};
use crate::error::OAuthError;
use crate::scope::OPENID;
use crate::user::Subject;

/// A client acts for itself: no user, and no refresh token (RFC 6749 section 4.4.3).
///
/// # Errors
/// `invalid_scope` or `invalid_target`.
pub fn authorize(context: &Context<'_>) -> Result<Authorization, OAuthError> {
    let client = context.client;
    // There is no user an ID token could be about, or UserInfo tell of.
    let widest = client.scope.without(OPENID);
    let default = client.default_scope().without(OPENID);
    let scope = context.wish.scope(&widest, &default)?;
    let widest = audience_of(client, context.issuer, &scope);
    Ok(Authorization {
        subject: Subject::of_client(&client.client_id),
        audience: context.wish.audience(&widest)?,
        scope,
        user: None,
        refresh: Refresh::Nothing,
    })
}
