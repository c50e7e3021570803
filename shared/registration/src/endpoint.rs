//! The registration endpoint, the client configuration endpoint, and activation.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Method, Response, StatusCode};
use latchkey_oauth::audit::AuditEvent;
use latchkey_oauth::client::{Client, ClientId, ClientSecretHash, RegistryAdmin};
use latchkey_oauth::directory::Directory;
use latchkey_oauth::endpoint::{Call, Service, bearer};
use latchkey_oauth::error::{Challenge, ErrorCode, OAuthError};
use latchkey_oauth::form::refuse_secrets_in_query;
use latchkey_oauth::grant_type::GrantType;
use latchkey_oauth::http::{empty, json};
use latchkey_oauth::random::Random;
use latchkey_oauth::registration::{
    Activation, ActivationPolicy, Registration, RegistrationPolicy, RegistrationRepository,
};
use latchkey_oauth::route::Endpoint;
use latchkey_oauth::secret_token::{Purpose, SecretToken, TokenHash};
use latchkey_oauth::store::{Expected, Version, Versioned};
use latchkey_oauth::time::Seconds;
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::answer::ClientInformation;
use crate::metadata::{Metadata, bad, refuse_what_the_server_says};

/// The longest body, in bytes.
const MAX_BODY: usize = 64 * 1_024;
/// Why an initial access token is refused.
const USED_UP: &str = "initial_access_token_used_up_or_unknown";

/// Registration and what it works with.
#[derive(Debug)]
pub struct RegisterEndpoint<R> {
    /// Tenants, remembered.
    pub directory: Directory<R>,
    /// Clients, as they are now.
    pub registry: R,
    /// Where identifiers and secrets come from.
    pub random: Box<dyn Random>,
}

impl<R> Service for RegisterEndpoint<R>
where
    R: RegistryAdmin + RegistrationRepository,
{
    type Registry = R;

    fn directory(&self) -> &Directory<R> {
        &self.directory
    }

    fn serves(&self, endpoint: Endpoint) -> bool {
        endpoint.function() == Endpoint::Registration.function()
    }

    async fn call(&self, mut call: Call<'_>) -> Result<Response<Bytes>, OAuthError> {
        // A tenant where nobody can register has no such endpoint.
        let Some(policy) = call.tenant.settings.registration.clone() else {
            return Err(OAuthError::new(ErrorCode::NotFound, "no_registration_here"));
        };
        refuse_secrets_in_query(&call.parts)?;
        if call.endpoint == Endpoint::Registration {
            return self.register(call, &policy).await;
        }
        if call.endpoint == Endpoint::Activation {
            return self.activate(call).await;
        }
        let method = call.parts.method.clone();
        let id = call.below.to_owned();
        let (client, token) = self.own(&mut call, &id).await?;
        if method == Method::PUT {
            self.replace(call, client, &token, &policy).await
        } else if method == Method::DELETE {
            self.delete(call, client).await
        } else {
            let told = ClientInformation::of(&client, &call.issuer, &token, None);
            json(StatusCode::OK, &told)
        }
    }
}

impl<R: RegistryAdmin + RegistrationRepository> RegisterEndpoint<R> {
    /// RFC 7591 section 3.1.
    async fn register(
        &self,
        call: Call<'_>,
        policy: &RegistrationPolicy,
    ) -> Result<Response<Bytes>, OAuthError> {
        let initial = if policy.open {
            None
        } else {
            Some(self.initial_access(&call).await?)
        };
        let document = document(&call)?;
        let id: [u8; 16] = latchkey_oauth::random::bytes(&*self.random)?;
        let id = ClientId::parse(&URL_SAFE_NO_PAD.encode(id))
            .map_err(|error| OAuthError::new(ErrorCode::ServerError, "client_id").because(error))?;
        let mut client = Metadata::read(&document)?.within(policy, id)?;

        let access = SecretToken::new(Purpose::RegistrationAccess, &*self.random)?;
        client.registration = Some(Registration {
            access_token: access.hash(),
            issued_at: call.now,
            activation: match policy.activation {
                ActivationPolicy::None => Activation::Done,
                ActivationPolicy::Required => Activation::Waiting,
            },
        });
        let secret = self.secret_for(&mut client)?;
        let registered = self
            .registry
            .register(&call.tenant.id, &client, initial.as_ref(), call.now)
            .await?;
        if !registered {
            // Without a token only 128 random bits that somebody has could be in the way.
            return Err(refused(USED_UP));
        }
        call.log.client_id = Some(client.client_id.to_string());
        call.log.event = Some(AuditEvent::ClientRegistered);
        let token = access.expose();
        let told = ClientInformation::of(&client, &call.issuer, &token, secret.as_ref());
        json(StatusCode::CREATED, &told)
    }

    /// The initial access token of a request, if it counts: nobody else learns what a registration may be. That it is used no
    /// more often than it says is seen to where it is used.
    async fn initial_access(&self, call: &Call<'_>) -> Result<TokenHash, OAuthError> {
        let hash = registration_token(call, Purpose::InitialAccess)?.hash();
        let kept = self.registry.initial_access(&call.tenant.id, &hash).await?;
        if kept.is_some_and(|it| it.counts(call.now)) {
            Ok(hash)
        } else {
            Err(refused(USED_UP))
        }
    }

    /// RFC 7592 section 2.2: what is not said is no longer so.
    async fn replace(
        &self,
        call: Call<'_>,
        stored: Versioned<Client>,
        token: &SecretString,
        policy: &RegistrationPolicy,
    ) -> Result<Response<Bytes>, OAuthError> {
        let document = document(&call)?;
        refuse_what_the_server_says(&document)?;
        if document.get("client_id").and_then(Value::as_str) != Some(stored.client_id.as_str()) {
            return Err(bad("`client_id` is not the client's."));
        }
        let given = document.get("client_secret");
        let matches = |secret: &str| {
            let mut known = stored.client_secret_hashes.iter();
            known.any(|hash| hash.matches(secret))
        };
        // "MUST match the currently issued client secret": nobody chooses one.
        if given.is_some_and(|given| !given.as_str().is_some_and(matches)) {
            return Err(bad("`client_secret` is not the client's."));
        }
        // A client does not widen itself: an operator may have narrowed it since, or let it in as it was.
        let bounds = RegistrationPolicy {
            grant_types: stored.grant_types.clone(),
            scope: stored.scope.clone(),
            ..policy.clone()
        };
        let (metadata, method) = Metadata::read(&document)?.keeping(&stored);
        let described = metadata.within(&bounds, stored.client_id.clone())?;
        // What an operator gave it stays.
        let mut client = Client {
            client_name: described.client_name,
            token_endpoint_auth_method: method.unwrap_or(described.token_endpoint_auth_method),
            grant_types: described.grant_types,
            scope: described.scope,
            id_token_signed_response_alg: described.id_token_signed_response_alg,
            tls_client_certificate_bound_access_tokens: described
                .tls_client_certificate_bound_access_tokens,
            redirect_uris: described.redirect_uris,
            description: described.description,
            ..stored.value.clone()
        };
        forget_lost_grants(&mut client);
        let default = client.default_scope.take();
        client.default_scope =
            default.map(|default| default.filter(|token| client.may_have(token)));
        let secret = self.secret_for(&mut client)?;
        self.write(&call, &client, stored.version).await?;
        call.log.event = Some(AuditEvent::ClientChanged);
        let told = ClientInformation::of(&client, &call.issuer, token, secret.as_ref());
        json(StatusCode::OK, &told)
    }

    /// RFC 7592 section 2.3. Its tokens end with it.
    async fn delete(
        &self,
        call: Call<'_>,
        stored: Versioned<Client>,
    ) -> Result<Response<Bytes>, OAuthError> {
        let (tenant, id) = (&call.tenant.id, &stored.client_id);
        self.registry
            .delete_client(tenant, id, Expected::Any)
            .await?;
        call.log.event = Some(AuditEvent::ClientDeleted);
        Ok(empty(StatusCode::NO_CONTENT))
    }

    /// A client that waits gives the code that an operator gave it. Once: then the code is gone.
    async fn activate(&self, mut call: Call<'_>) -> Result<Response<Bytes>, OAuthError> {
        #[derive(Deserialize)]
        struct Asked {
            client_id: String,
            activation_code: String,
        }
        let document = document(&call)?;
        let asked: Asked = serde_json::from_value(Value::Object(document)).map_err(|_| {
            OAuthError::invalid_request(
                "malformed_activation",
                "client_id and activation_code are needed, each a string.",
            )
        })?;
        let (stored, token) = self.own(&mut call, &asked.client_id).await?;
        let given = SecretToken::parse(Purpose::Activation, &asked.activation_code);
        let right = match stored.registration.as_ref().map(|it| it.activation) {
            // Let in already: an answer that was lost is given again.
            Some(Activation::Done) | None => {
                let told = ClientInformation::of(&stored, &call.issuer, &token, None);
                return json(StatusCode::OK, &told);
            }
            Some(Activation::Code { hash, until }) => {
                call.now < until && given.is_some_and(|given| hash.ct_eq(&given.hash()))
            }
            Some(Activation::Waiting) => false,
        };
        if !right {
            return Err(OAuthError::new(
                ErrorCode::InvalidGrant,
                "wrong_activation_code",
            ));
        }
        let mut client = stored.value;
        if let Some(registration) = &mut client.registration {
            registration.activation = Activation::Done;
        }
        self.write(&call, &client, stored.version).await?;
        call.log.event = Some(AuditEvent::ClientActivated);
        let told = ClientInformation::of(&client, &call.issuer, &token, None);
        json(StatusCode::OK, &told)
    }

    /// The client of an identifier, if the request carries its registration access token. RFC 7592 section 2.1: "if the client
    /// does not exist [...] the server MUST respond with HTTP 401 Unauthorized".
    async fn own(
        &self,
        call: &mut Call<'_>,
        id: &str,
    ) -> Result<(Versioned<Client>, SecretString), OAuthError> {
        let token = registration_token(call, Purpose::RegistrationAccess)?;
        let id = percent_decode_str(id).decode_utf8().ok();
        let id = id.and_then(|id| ClientId::parse(&id).ok());
        let id = id.ok_or_else(|| refused("malformed_client_id"))?;
        let found = self.registry.read_client(&call.tenant.id, &id).await?;
        let found = found.ok_or_else(|| refused("unknown_client"))?;
        let own = found
            .registration
            .as_ref()
            .is_some_and(|it| it.access_token.ct_eq(&token.hash()));
        if !own || found.disabled {
            return Err(refused("not_the_clients_registration_access_token"));
        }
        call.log.client_id = Some(found.client_id.to_string());
        Ok((found, token.expose()))
    }

    /// Writes over what was read, unless somebody else has meanwhile.
    async fn write(
        &self,
        call: &Call<'_>,
        client: &Client,
        read: Version,
    ) -> Result<(), OAuthError> {
        let expected = Expected::Version(read);
        let written = self
            .registry
            .put_client(&call.tenant.id, client, expected)
            .await?;
        written.map(|_| ()).ok_or_else(|| {
            OAuthError::new(
                ErrorCode::TemporarilyUnavailable,
                "client_changed_meanwhile",
            )
        })
    }

    /// A confidential client has a secret, and a public one has none.
    fn secret_for(&self, client: &mut Client) -> Result<Option<SecretString>, OAuthError> {
        if !client.token_endpoint_auth_method.uses_secret() {
            client.client_secret_hashes.clear();
            return Ok(None);
        }
        if !client.client_secret_hashes.is_empty() {
            return Ok(None);
        }
        let bytes: [u8; 32] = latchkey_oauth::random::bytes(&*self.random)?;
        let secret = SecretString::from(URL_SAFE_NO_PAD.encode(bytes));
        client.client_secret_hashes = vec![ClientSecretHash::of(secret.expose_secret())];
        Ok(Some(secret))
    }
}

/// RFC 6750 section 2.1: the token of a purpose, in the header.
fn registration_token(call: &Call<'_>, purpose: Purpose) -> Result<SecretToken, OAuthError> {
    let challenged = |error: OAuthError| error.challenged(Challenge::Bearer);
    let text = bearer::in_header(&call.parts)
        .map_err(challenged)?
        .flatten();
    let text = text.ok_or_else(|| {
        OAuthError::new(ErrorCode::MissingToken, "no_bearer_token").challenged(Challenge::Bearer)
    })?;
    SecretToken::parse(purpose, &text).ok_or_else(|| refused("malformed_registration_token"))
}

fn refused(reason: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidToken, reason).challenged(Challenge::Bearer)
}

/// What an operator said of a grant means nothing without it, and the registry would not take it.
fn forget_lost_grants(client: &mut Client) {
    if !client.allows(GrantType::ClientCredentials) {
        client.lifetimes.client_credentials_access_token = None;
    }
    if !client.allows(GrantType::RefreshToken) {
        client.lifetimes.refresh_token = None;
        client.lifetimes.refresh_token_family = None;
        client.refresh_token_retry_window = Seconds(0);
        client.client_credentials_refresh_token = false;
    }
}

/// RFC 7591 section 3.1: "application/json".
fn document(call: &Call<'_>) -> Result<Map<String, Value>, OAuthError> {
    let content_type = call.parts.headers.get(CONTENT_TYPE);
    let essence = content_type
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.split(';').next())
        .map(str::trim);
    if !essence.is_some_and(|it| it.eq_ignore_ascii_case("application/json")) {
        return Err(OAuthError::invalid_request(
            "not_json",
            "The body is application/json.",
        ));
    }
    if call.body.len() > MAX_BODY {
        return Err(OAuthError::invalid_request(
            "body_too_long",
            "The body is over 64 KiB.",
        ));
    }
    latchkey_oauth::json::parse(&call.body).map_err(|_| {
        let message = "The body is no JSON object, or has a name twice.";
        OAuthError::invalid_request("malformed_json", message)
    })
}
