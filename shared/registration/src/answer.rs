//! What a registered client is told: RFC 7591 section 3.2.1, RFC 7592 section 3.

use latchkey_oauth::client::{Client, ClientDescription, ClientId};
use latchkey_oauth::grant_type::GrantType;
use latchkey_oauth::issuer::Issuer;
use latchkey_oauth::registration::Activation;
use latchkey_oauth::route::Endpoint;
use latchkey_oauth::scope::Scope;
use latchkey_oauth::time::Timestamp;
use latchkey_oauth::token::algorithm::Algorithm;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Serialize, Serializer};

/// All but the unreserved characters of RFC 3986 section 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A client as it is told of itself.
#[derive(Debug, Serialize)]
pub struct ClientInformation<'a> {
    client_id: &'a ClientId,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "expose")]
    client_secret: Option<&'a SecretString>,
    /// "REQUIRED if client_secret is issued": 0, as ours do not expire.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret_expires_at: Option<u64>,
    client_id_issued_at: Timestamp,
    #[serde(serialize_with = "expose_one")]
    registration_access_token: &'a SecretString,
    registration_client_uri: String,
    /// Ours: whether the client still waits to be let in.
    #[serde(skip_serializing_if = "Option::is_none")]
    activation: Option<&'static str>,
    token_endpoint_auth_method: &'static str,
    grant_types: Vec<&'static str>,
    response_types: [&'static str; 0],
    #[serde(skip_serializing_if = "Option::is_none")]
    client_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Scope::is_empty")]
    scope: &'a Scope,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    redirect_uris: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token_signed_response_alg: Option<Algorithm>,
    /// RFC 8705 section 3.4.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    tls_client_certificate_bound_access_tokens: bool,
    #[serde(flatten)]
    description: &'a ClientDescription,
}

fn expose<S: Serializer>(secret: &Option<&SecretString>, to: S) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => to.serialize_str(secret.expose_secret()),
        None => to.serialize_none(),
    }
}

fn expose_one<S: Serializer>(secret: &&SecretString, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(secret.expose_secret())
}

impl<'a> ClientInformation<'a> {
    /// What `client` is told, with a secret that was just made, if one was.
    pub fn of(
        client: &'a Client,
        issuer: &Issuer,
        access_token: &'a SecretString,
        secret: Option<&'a SecretString>,
    ) -> Self {
        let registration = client.registration.as_ref();
        let activation = registration.map(|it| it.activation);
        let id = utf8_percent_encode(client.client_id.as_str(), RESERVED);
        Self {
            client_id: &client.client_id,
            client_secret: secret,
            client_secret_expires_at: secret.map(|_| 0),
            client_id_issued_at: registration.map_or(Timestamp::from_unix(0), |it| it.issued_at),
            registration_access_token: access_token,
            registration_client_uri: format!(
                "{}{}/{id}",
                issuer.address(),
                Endpoint::ClientConfiguration.path()
            ),
            activation: match activation {
                Some(Activation::Waiting | Activation::Code { .. }) => Some("required"),
                Some(Activation::Done) | None => None,
            },
            token_endpoint_auth_method: client.token_endpoint_auth_method.as_str(),
            grant_types: client
                .grant_types
                .iter()
                .copied()
                .map(GrantType::as_str)
                .collect(),
            response_types: [],
            client_name: client.client_name.as_deref(),
            scope: &client.scope,
            redirect_uris: &client.redirect_uris,
            id_token_signed_response_alg: client.id_token_signed_response_alg,
            tls_client_certificate_bound_access_tokens: client
                .tls_client_certificate_bound_access_tokens,
            description: &client.description,
        }
    }
}
