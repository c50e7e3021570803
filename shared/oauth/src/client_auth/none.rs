//! `none`: a public client (RFC 6749 section 2.1) names itself and proves nothing.

use super::{ClientCredentials, refusal};
use crate::client::ClientId;
use crate::error::OAuthError;
use crate::form::Form;

pub(super) fn from_form(form: &Form) -> Result<ClientCredentials, OAuthError> {
    match form.get("client_id").map(ClientId::parse) {
        Some(Ok(client_id)) => Ok(ClientCredentials::None { client_id }),
        Some(Err(_)) => Err(refusal("malformed_client_id")),
        None => Err(refusal("no_client_authentication")),
    }
}
