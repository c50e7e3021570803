//! The client credentials grant: RFC 6749 section 4.4.

use crate::authorization::{Authorization, Refresh};
use crate::client::RegistryRepository;
use crate::error::OAuthError;
use crate::target::Targeting;
use crate::user::Subject;

/// A client acts for itself: no user, and no refresh token (RFC 6749 section 4.4.3).
///
/// # Errors
/// `invalid_scope`, `invalid_target` or `temporarily_unavailable`.
pub async fn authorize<R: RegistryRepository>(
    context: &Targeting<'_, R>,
) -> Result<Authorization, OAuthError> {
    Ok(Authorization {
        subject: Subject::of_client(&context.client.client_id),
        target: context.for_client().await?,
        user: None,
        refresh: Refresh::Nothing,
    })
}
