//! Token revocation: RFC 7009.

use bytes::Bytes;
use http::{Response, StatusCode};

use super::{Call, Service};
use crate::audit::AuditEvent;
use crate::client::RegistryRepository;
use crate::client_auth::AuthenticatedClient;
use crate::directory::Directory;
use crate::error::OAuthError;
use crate::http::empty;
use crate::route::Endpoint;
use crate::token::opaque::OpaqueToken;
use crate::token::refresh_token::RefreshToken;
use crate::token::repository::RevocationRepository;
use crate::token::verifier::{Rejected, VerifiedToken};

/// The revocation endpoint and what it works with.
#[derive(Debug)]
pub struct RevokeEndpoint<R, G> {
    /// Tenants and clients.
    pub directory: Directory<R>,
    /// Where revocations are written.
    pub grants: G,
}

impl<R, G> Service for RevokeEndpoint<R, G>
where
    R: RegistryRepository,
    G: RevocationRepository,
{
    type Registry = R;

    fn directory(&self) -> &Directory<R> {
        &self.directory
    }

    fn serves(&self, endpoint: Endpoint) -> bool {
        endpoint == Endpoint::Revocation
    }

    async fn call(&self, mut call: Call<'_>) -> Result<Response<Bytes>, OAuthError> {
        let (form, client) = super::authenticated(&self.directory, &mut call).await?;
        // RFC 7009 section 2.1: token_type_hint only saves a search, and each kind of ours shows what it is.
        let token = form.require("token")?;
        let tenant = &call.tenant.id;
        let of_another = |revoked: bool| (!revoked).then_some("not_the_clients_token");
        let unchanged = if let Some(token) = RefreshToken::parse(token) {
            let id = &client.client_id;
            of_another(
                self.grants
                    .revoke_family(tenant, &token, id, call.now)
                    .await?,
            )
        } else if let Some(token) = OpaqueToken::parse(token) {
            let id = &client.client_id;
            of_another(
                self.grants
                    .revoke_opaque(tenant, &token.hash(), id, call.now)
                    .await?,
            )
        } else {
            self.jwt(&mut call, &client, token).await?
        };
        call.log.reason = unchanged;
        if unchanged.is_none() {
            call.log.event = Some(AuditEvent::TokenRevoked);
        }
        // RFC 7009 section 2.2: 200 "if the token has been revoked successfully or if the client submitted an invalid token".
        Ok(empty(StatusCode::OK))
    }
}

impl<R: RegistryRepository, G: RevocationRepository> RevokeEndpoint<R, G> {
    /// Revokes an access token; answers why nothing was changed, if so.
    async fn jwt(
        &self,
        call: &mut Call<'_>,
        client: &AuthenticatedClient,
        token: &str,
    ) -> Result<Option<&'static str>, OAuthError> {
        match super::verify(&self.directory, call, token).await? {
            Ok(VerifiedToken::Access(claims)) if claims.client_id == client.client_id => {
                call.log.subject = Some(claims.sub.to_string());
                self.grants
                    .revoke_access_token(&call.tenant.id, &claims.jti, claims.exp)
                    .await?;
                Ok(None)
            }
            Ok(VerifiedToken::Access(_)) => Ok(Some("not_the_clients_token")),
            Ok(VerifiedToken::Id(_)) => Ok(Some("id_token_is_not_revocable")),
            Err(rejected) => Ok(Some(Rejected::reason(rejected))),
        }
    }
}
