//! The client credentials grant: RFC 6749 section 4.4.

use crate::authorization::{Authorization, Refresh};
use crate::client::RegistryRepository;
use crate::error::OAuthError;
use crate::grant_type::GrantType;
use crate::target::Targeting;
use crate::user::Subject;

/// A client acts for itself: no user. RFC 6749 section 4.4.3: "A refresh token SHOULD NOT be included", and is only where the
/// client is set up so.
///
/// # Errors
/// `invalid_scope`, `invalid_target` or `temporarily_unavailable`.
pub async fn authorize<R: RegistryRepository>(
    context: &Targeting<'_, R>,
) -> Result<Authorization, OAuthError> {
    let client = context.client;
    let refreshes = client.client_credentials_refresh_token;
    Ok(Authorization {
        subject: Subject::of_client(&client.client_id),
        target: context.for_client().await?,
        acr: context.tenant.settings.acr.client_credentials.clone(),
        user: None,
        refresh: if refreshes && client.allows(GrantType::RefreshToken) {
            Refresh::Begin
        } else {
            Refresh::Nothing
        },
    })
}
