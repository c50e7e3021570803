//! Token revocation: RFC 7009.

use bytes::Bytes;
use http::{Response, StatusCode};

use super::{Call, Service, bearer};
use crate::audit::AuditEvent;
use crate::client::{ClientId, RegistryRepository};
use crate::client_auth::AuthenticatedClient;
use crate::directory::Directory;
use crate::error::OAuthError;
use crate::form::Form;
use crate::http::empty;
use crate::route::Endpoint;
use crate::token::opaque::OpaqueToken;
use crate::token::refresh_token::RefreshToken;
use crate::token::repository::{RevocationRepository, TokenStateRepository};
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
    G: RevocationRepository + TokenStateRepository,
{
    type Registry = R;

    fn directory(&self) -> &Directory<R> {
        &self.directory
    }

    fn serves(&self, endpoint: Endpoint) -> bool {
        endpoint == Endpoint::Revocation
    }

    async fn call(&self, mut call: Call<'_>) -> Result<Response<Bytes>, OAuthError> {
        let (form, by) = self.asked(&mut call).await?;
        // RFC 7009 section 2.1: token_type_hint only saves a search, and each kind of ours shows what it is.
        let token = form.require("token")?;
        let tenant = &call.tenant.id;
        let of_another = |revoked: bool| (!revoked).then_some("not_the_clients_token");
        let unchanged = if let Some(token) = RefreshToken::parse(token) {
            match &by {
                By::Client(client) => of_another(
                    self.grants
                        .revoke_family(tenant, &token, &client.client_id, call.now)
                        .await?,
                ),
                By::Bearer => Some("refresh_token_is_no_bearer_token"),
            }
        } else if let Some(token) = OpaqueToken::parse(token) {
            of_another(
                self.grants
                    .revoke_opaque(tenant, &token.hash(), by.client_id(), call.now)
                    .await?,
            )
        } else {
            self.jwt(&mut call, &by, token).await?
        };
        call.log.reason = unchanged;
        if unchanged.is_none() {
            call.log.event = Some(AuditEvent::TokenRevoked);
        }
        // RFC 7009 section 2.2: 200 "if the token has been revoked successfully or if the client submitted an invalid token".
        let mut response = empty(StatusCode::OK);
        response
            .extensions_mut()
            .insert(Revoked(unchanged.is_none()));
        Ok(response)
    }
}

/// Whether a token was revoked, which RFC 7009 does not tell and some products do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revoked(pub bool);

/// Who wants a token revoked.
enum By {
    /// The client that it belongs to.
    Client(AuthenticatedClient),
    /// Whoever holds it, where the tenant lets them.
    Bearer,
}

impl By {
    fn client_id(&self) -> Option<&ClientId> {
        match self {
            Self::Client(client) => Some(&client.client_id),
            Self::Bearer => None,
        }
    }
}

impl<R: RegistryRepository, G: RevocationRepository + TokenStateRepository> RevokeEndpoint<R, G> {
    async fn asked(&self, call: &mut Call<'_>) -> Result<(Form, By), OAuthError> {
        if call.tenant.settings.revocation_by_bearer
            && let Some(Some(bearer)) = bearer::in_header(&call.parts)?
        {
            let form = Form::read(&call.parts, &call.body)?;
            // Who holds a token ends that one, and no other.
            if form.get("token") == Some(&bearer) {
                return Ok((form, By::Bearer));
            }
        }
        let (form, client, _) =
            super::authenticated_or_bearer(&self.directory, &self.grants, call).await?;
        Ok((form, By::Client(client)))
    }

    /// Revokes an access token; answers why nothing was changed, if so.
    async fn jwt(
        &self,
        call: &mut Call<'_>,
        by: &By,
        token: &str,
    ) -> Result<Option<&'static str>, OAuthError> {
        match super::verify(&self.directory, call, token).await? {
            Ok(VerifiedToken::Access(claims))
                if by.client_id().is_none_or(|it| *it == claims.client_id) =>
            {
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
