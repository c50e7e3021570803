//! `tls_client_auth` and `self_signed_tls_client_auth`: RFC 8705 section 2.

use super::{ClientCredentials, refusal};
use crate::certificate::ClientCertificate;
use crate::client::{Client, ClientAuthMethod, ClientId};
use crate::error::OAuthError;
use crate::form::Form;

/// RFC 8705 section 2: the client says who it is by `client_id`.
pub(super) fn from_form(
    form: &Form,
    certificate: &ClientCertificate,
) -> Result<ClientCredentials, OAuthError> {
    let client_id = form.get("client_id").map(ClientId::parse);
    match client_id {
        Some(Ok(client_id)) => Ok(ClientCredentials::Certificate {
            client_id,
            certificate: Box::new(certificate.clone()),
        }),
        Some(Err(_)) | None => Err(refusal("no_client_authentication")),
    }
}

/// Whether the certificate is the client's, as its method has it.
pub(super) fn matches(certificate: &ClientCertificate, client: &Client) -> bool {
    match client.token_endpoint_auth_method {
        ClientAuthMethod::TlsClientAuth => {
            let wanted = client.tls_client_auth.as_ref();
            wanted.is_some_and(|wanted| certificate.names(wanted))
        }
        ClientAuthMethod::SelfSignedTlsClientAuth => client
            .certificates
            .iter()
            .any(|known| certificate.is(known)),
        // Whoever shows a certificate where everybody has to is a public client all the same.
        ClientAuthMethod::None => true,
        ClientAuthMethod::ClientSecretBasic | ClientAuthMethod::ClientSecretPost => false,
    }
}
