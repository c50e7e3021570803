//! The token endpoint: RFC 6749 section 3.2.

use bytes::Bytes;
use http::{Response, StatusCode};

use super::{Call, Service};
use crate::audit::AuditEvent;
use crate::certificate::{ClientCertificate, Confirmation};
use crate::client::RegistryRepository;
use crate::client_auth::AuthenticatedClient;
use crate::directory::Directory;
use crate::error::{ErrorCode, OAuthError};
use crate::grant::{self, TokenRequest};
use crate::grant_type::GrantType;
use crate::http::json;
use crate::login::LoginRepository;
use crate::password::PasswordHashing;
use crate::random::Random;
use crate::route::Endpoint;
use crate::sign_in::SignIn;
use crate::target::{Targeting, Wish};
use crate::token::issue::Mint;
use crate::token::jws::JwsSigner;
use crate::token::repository::RefreshTokenRepository;

/// The token endpoint and what it works with.
#[derive(Debug)]
pub struct TokenEndpoint<R, U, G, S> {
    /// Tenants and clients.
    pub directory: Directory<R>,
    /// Credentials and counters.
    pub users: U,
    /// Families.
    pub grants: G,
    /// Who signs.
    pub signer: S,
    /// How passwords are hashed.
    pub hashing: PasswordHashing,
    /// Where secrets come from.
    pub random: Box<dyn Random>,
}

impl<R, U, G, S> Service for TokenEndpoint<R, U, G, S>
where
    R: RegistryRepository,
    U: LoginRepository,
    G: RefreshTokenRepository,
    S: JwsSigner,
{
    type Registry = R;

    fn directory(&self) -> &Directory<R> {
        &self.directory
    }

    fn serves(&self, endpoint: Endpoint) -> bool {
        matches!(endpoint, Endpoint::Token | Endpoint::Password)
    }

    async fn call(&self, mut call: Call<'_>) -> Result<Response<Bytes>, OAuthError> {
        let (form, client, by_token) =
            super::authenticated_or_bearer(&self.directory, &self.grants, &mut call).await?;
        // It stands for credentials where a user signs in: a client's token does not beget the next one, nor set passwords.
        let no_grant = || {
            OAuthError::described(
                ErrorCode::UnauthorizedClient,
                "no_grant_for_a_token",
                "An access token stands for credentials where a user signs in, and for no other grant.",
            )
        };
        if call.endpoint == Endpoint::Password {
            if by_token {
                return Err(no_grant());
            }
            return self.set_password(&mut call, &form, &client).await;
        }
        let grant_type = TokenRequest::grant_type(&form, &client)?;
        if by_token && grant_type != GrantType::Password {
            return Err(no_grant());
        }
        call.log.grant_type = Some(grant_type.as_str());
        let request = TokenRequest::parse(grant_type, &form)?;
        let confirmation = confirmation(&client, call.certificate.as_ref())?;

        let context = Targeting {
            directory: &self.directory,
            tenant: &call.tenant,
            issuer: &call.issuer,
            client: &client,
            wish: Wish::read(&form),
            now: call.now,
        };
        let authorization = match request {
            TokenRequest::Password { username, password } => {
                let sign_in = SignIn {
                    users: &self.users,
                    hashing: &self.hashing,
                    tenant: &call.tenant,
                    source: &call.source,
                    now: call.now,
                };
                let random = &*self.random;
                grant::password::authorize(&context, &sign_in, random, username, &password).await?
            }
            TokenRequest::ClientCredentials => {
                grant::client_credentials::authorize(&context).await?
            }
            TokenRequest::RefreshToken { refresh_token } => {
                grant::refresh_token::authorize(&context, &self.grants, &refresh_token).await?
            }
        };

        let mint = Mint {
            grants: &self.grants,
            signer: &self.signer,
            random: &*self.random,
            tenant: &call.tenant,
            issuer: &call.issuer,
            client: &client,
            confirmation,
            now: call.now,
        };
        let subject = authorization.subject.to_string();
        let acr = authorization.acr.clone();
        let issued = mint.issue(authorization).await?;
        call.log.subject = Some(subject);
        call.log.event = Some(match grant_type {
            GrantType::Password => AuditEvent::LoginSucceeded,
            GrantType::ClientCredentials => AuditEvent::ClientTokenIssued,
            GrantType::RefreshToken => AuditEvent::TokenRefreshed,
        });
        let mut response = json(StatusCode::OK, &issued)?;
        response.extensions_mut().insert(ContextClass(acr));
        Ok(response)
    }
}

/// What the access tokens of this client are bound to. RFC 8705 section 3.4 leaves open what becomes of a request without a
/// certificate from a client that wants them bound: nobody wants a token that is worth more than was asked for.
fn confirmation(
    client: &AuthenticatedClient,
    certificate: Option<&ClientCertificate>,
) -> Result<Option<Confirmation>, OAuthError> {
    if !client.tls_client_certificate_bound_access_tokens {
        return Ok(None);
    }
    match certificate {
        Some(certificate) => Ok(Some(certificate.confirmation())),
        None => Err(OAuthError::invalid_request(
            "no_certificate_to_bind",
            "This client's access tokens are bound to a certificate, and none was shown.",
        )),
    }
}

/// The authentication context class of tokens that were issued, which RFC 6749 does not tell and some products do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextClass(pub Option<String>);
