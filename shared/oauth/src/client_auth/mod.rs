//! Client authentication: RFC 6749 section 2.3. A method is a file; this one reads which was used.

mod none;
mod secret;
mod tls;

use std::ops::Deref;
use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::request::Parts;
use secrecy::SecretString;

use crate::certificate::ClientCertificate;
use crate::client::{Client, ClientAuthMethod, ClientId, RegistryRepository};
use crate::directory::Directory;
use crate::error::{Challenge, ErrorCode, OAuthError};
use crate::form::Form;
use crate::tenant::TenantId;
use crate::time::Timestamp;

/// What a request presents, by method.
#[derive(Debug)]
pub enum ClientCredentials {
    /// RFC 6749 section 2.3.1, in the `Authorization` header.
    SecretBasic {
        /// Who it claims to be.
        client_id: ClientId,
        /// The proof.
        secret: SecretString,
    },
    /// RFC 6749 section 2.3.1, in the body.
    SecretPost {
        /// Who it claims to be.
        client_id: ClientId,
        /// The proof.
        secret: SecretString,
    },
    /// RFC 8705 section 2: a certificate, in the TLS handshake.
    Certificate {
        /// Who it claims to be.
        client_id: ClientId,
        /// The proof.
        certificate: Box<ClientCertificate>,
    },
    /// RFC 6749 section 3.2.1: a public client names itself.
    None {
        /// Who it claims to be.
        client_id: ClientId,
    },
}

impl ClientCredentials {
    /// Reads the one method a request uses.
    ///
    /// # Errors
    /// `invalid_request` for two methods at once (RFC 6749 section 2.3: "The client MUST NOT use more than
    /// one authentication method in each request"), `invalid_client` for none, a malformed or an unknown one.
    pub fn read(
        parts: &Parts,
        form: &Form,
        certificate: Option<&ClientCertificate>,
    ) -> Result<Self, OAuthError> {
        let mut headers = parts.headers.get_all(AUTHORIZATION).iter();
        let header = headers.next();
        let in_body = form.get("client_secret").is_some();
        let assertion =
            form.get("client_assertion").is_some() || form.get("client_assertion_type").is_some();
        let used = [
            header.is_some(),
            headers.next().is_some(),
            in_body,
            assertion,
        ];
        if used.into_iter().filter(|it| *it).count() > 1 {
            return Err(two_authentications());
        }
        if let Some(header) = header {
            secret::from_basic(header, form)
        } else if in_body {
            secret::from_post(form)
        } else if assertion {
            Err(refusal("client_assertion_unsupported"))
        } else if let Some(certificate) = certificate {
            tls::from_form(form, certificate)
        } else {
            none::from_form(form)
        }
    }

    /// That a request which authenticates in its header does so nowhere else.
    ///
    /// # Errors
    /// `invalid_request` for a second method.
    pub fn none_but_the_header(form: &Form) -> Result<(), OAuthError> {
        let others = ["client_secret", "client_assertion", "client_assertion_type"];
        if others.iter().any(|name| form.get(name).is_some()) {
            return Err(two_authentications());
        }
        Ok(())
    }

    /// Who the client claims to be.
    pub const fn client_id(&self) -> &ClientId {
        match self {
            Self::SecretBasic { client_id, .. }
            | Self::SecretPost { client_id, .. }
            | Self::Certificate { client_id, .. }
            | Self::None { client_id } => client_id,
        }
    }

    /// Whether this is how a client with that method proves itself.
    const fn is_by(&self, method: ClientAuthMethod) -> bool {
        match self {
            Self::SecretBasic { .. } => matches!(method, ClientAuthMethod::ClientSecretBasic),
            Self::SecretPost { .. } => matches!(method, ClientAuthMethod::ClientSecretPost),
            // RFC 8705 section 2: which of the two it is, the registration says.
            Self::Certificate { .. } => !method.uses_secret(),
            Self::None { .. } => matches!(method, ClientAuthMethod::None),
        }
    }

    /// Whether the proof holds for `client`. Called for unknown clients too, with `None`: the work is the same.
    fn prove(&self, client: Option<&Client>) -> bool {
        match self {
            Self::SecretBasic { secret, .. } | Self::SecretPost { secret, .. } => {
                secret::matches(secret, client)
            }
            Self::Certificate { certificate, .. } => {
                client.is_some_and(|client| tls::matches(certificate, client))
            }
            Self::None { .. } => client.is_some(),
        }
    }

    /// Why `client` is refused; `None` if it is not.
    fn fault(&self, client: Option<&Client>) -> Option<&'static str> {
        let proved = self.prove(client);
        let Some(client) = client else {
            return Some("unknown_client");
        };
        if !self.is_by(client.token_endpoint_auth_method) {
            return Some("wrong_authentication_method");
        }
        (!proved).then_some(match self {
            Self::Certificate { .. } => "not_the_clients_certificate",
            Self::SecretBasic { .. } | Self::SecretPost { .. } | Self::None { .. } => {
                "wrong_client_secret"
            }
        })
    }

    /// RFC 6749 section 5.2: a client that used the `Authorization` header is told its scheme.
    fn refuse(&self, reason: &'static str) -> OAuthError {
        match self {
            Self::SecretBasic { .. } => refusal(reason).challenged(Challenge::Basic),
            Self::SecretPost { .. } | Self::Certificate { .. } | Self::None { .. } => {
                refusal(reason)
            }
        }
    }
}

fn two_authentications() -> OAuthError {
    OAuthError::invalid_request(
        "two_client_authentications",
        "The client authenticates in more than one way.",
    )
}

/// A client may say who it is in the body as well (RFC 6749 section 3.2.1), but not be two.
pub(crate) fn two_client_ids() -> OAuthError {
    OAuthError::invalid_request(
        "two_client_ids",
        "The client_id in the body is not the one in the Authorization header.",
    )
}

const fn refusal(reason: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidClient, reason)
}

/// A client that has proved who it is, or a public one that has said so. Only [`authenticate`] makes one.
#[derive(Debug, Clone)]
pub struct AuthenticatedClient(Arc<Client>);

impl AuthenticatedClient {
    /// A client that has shown an access token of its own, if that stands for its credentials. Whoever calls this has
    /// checked the token.
    pub(crate) fn by_access_token(client: Arc<Client>) -> Result<Self, OAuthError> {
        if client.authentication_by_access_token {
            Ok(Self(client))
        } else {
            Err(refusal("wrong_authentication_method"))
        }
    }

    /// Whether it proved anything.
    pub fn is_confidential(&self) -> bool {
        self.0.token_endpoint_auth_method.is_confidential()
    }
}

impl Deref for AuthenticatedClient {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.0
    }
}

/// Checks what a client presents against its registration. `known` becomes the client's identifier once there is such a
/// client: what a stranger claims could be anything, and is not for the log.
///
/// # Errors
/// `invalid_client` for an unknown or disabled client, a wrong secret, or a method that is not its own;
/// `temporarily_unavailable` when the registry does not answer.
pub async fn authenticate<R: RegistryRepository>(
    directory: &Directory<R>,
    tenant: &TenantId,
    credentials: &ClientCredentials,
    known: &mut Option<String>,
    now: Timestamp,
) -> Result<AuthenticatedClient, OAuthError> {
    let id = credentials.client_id();
    if let Some(client) = directory.remembered_client(tenant, id, now)
        && client.is_served()
        && credentials.fault(Some(&client)).is_none()
    {
        *known = Some(client.client_id.to_string());
        return Ok(AuthenticatedClient(client));
    }
    // Nobody is refused by memory: a secret may have been changed within the minute, and the time an answer takes must
    // not tell a client that is remembered from one that is not there.
    let client = directory.read_client(tenant, id, now).await?;
    let fault = credentials.fault(client.as_deref());
    *known = client.as_ref().map(|client| client.client_id.to_string());
    match (client, fault) {
        (Some(client), None) => Ok(AuthenticatedClient(client)),
        (_, fault) => Err(credentials.refuse(fault.unwrap_or("unknown_client"))),
    }
}
