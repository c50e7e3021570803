//! Token introspection: RFC 7662.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Call, Service};
use crate::audit::AuditEvent;
use crate::certificate::Confirmation;
use crate::client::{ClientId, RegistryRepository};
use crate::client_auth::AuthenticatedClient;
use crate::directory::Directory;
use crate::error::{ErrorCode, OAuthError};
use crate::http::json;
use crate::route::Endpoint;
use crate::scope::Scope;
use crate::time::Timestamp;
use crate::token::Audience;
use crate::token::access_token::{AccessTokenClaims, CustomClaims};
use crate::token::family::Recognised;
use crate::token::id_token::IdTokenClaims;
use crate::token::opaque::OpaqueToken;
use crate::token::refresh_token::RefreshToken;
use crate::token::repository::{TokenKeys, TokenState, TokenStateRepository};
use crate::token::verifier::{
    Rejected, VerifiedToken, custom_claims, custom_claims_of_opaque, verify_opaque,
};
use crate::user::{Subject, SubjectKey, Username};

/// The introspection endpoint and what it works with.
#[derive(Debug)]
pub struct IntrospectEndpoint<R, G> {
    /// Tenants and clients.
    pub directory: Directory<R>,
    /// What can end a token.
    pub grants: G,
}

/// RFC 7662 section 2.2. Of an inactive token nothing is told but that.
#[derive(Debug, Default, Serialize)]
struct Introspection {
    active: bool,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    of: Option<Active>,
}

#[derive(Debug, Serialize)]
struct Active {
    #[serde(skip_serializing_if = "Scope::is_empty")]
    scope: Scope,
    client_id: ClientId,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<Username>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    exp: Timestamp,
    iat: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    nbf: Option<Timestamp>,
    sub: Subject,
    aud: Audience,
    iss: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    amr: Vec<String>,
    /// RFC 8705 section 3.2: who takes the token compares the certificate itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    cnf: Option<Confirmation>,
    /// RFC 7662 section 2.2: "service-specific response names". None of them is one of the above.
    #[serde(flatten)]
    custom: Map<String, Value>,
}

/// Why a token is said to be inactive. For the log alone.
type Inactive = &'static str;

impl<R, G> Service for IntrospectEndpoint<R, G>
where
    R: RegistryRepository,
    G: TokenStateRepository,
{
    type Registry = R;

    fn directory(&self) -> &Directory<R> {
        &self.directory
    }

    fn serves(&self, endpoint: Endpoint) -> bool {
        endpoint == Endpoint::Introspection
    }

    async fn call(&self, mut call: Call<'_>) -> Result<Response<Bytes>, OAuthError> {
        let (form, caller) = super::authenticated(&self.directory, &mut call).await?;
        // RFC 7662 section 2.1: "the endpoint MUST also require some form of authorization".
        if !caller.is_confidential() {
            return Err(OAuthError::new(
                ErrorCode::InvalidClient,
                "public_client_introspects",
            ));
        }
        // RFC 7662 section 2.1: token_type_hint is only a hint, and each kind of ours shows what it is.
        let token = form.require("token")?;
        let found = if let Some(token) = RefreshToken::parse(token) {
            self.refresh_token(&call, &caller, &token).await?
        } else if let Some(token) = OpaqueToken::parse(token) {
            self.opaque(&call, &caller, &token).await?
        } else {
            self.jwt(&call, &caller, token).await?
        };
        let answer = match found {
            Ok(of) => {
                call.log.event = Some(AuditEvent::TokenActive);
                call.log.subject = Some(of.sub.to_string());
                Introspection {
                    active: true,
                    of: Some(of),
                }
            }
            Err(reason) => {
                call.log.event = Some(AuditEvent::TokenInactive);
                call.log.reason = Some(reason);
                Introspection::default()
            }
        };
        json(StatusCode::OK, &answer)
    }
}

impl<R: RegistryRepository, G: TokenStateRepository> IntrospectEndpoint<R, G> {
    async fn jwt(
        &self,
        call: &Call<'_>,
        caller: &AuthenticatedClient,
        token: &str,
    ) -> Result<Result<Active, Inactive>, OAuthError> {
        match super::verify(&self.directory, call, token).await? {
            Err(rejected) => Ok(Err(Rejected::reason(rejected))),
            Ok(VerifiedToken::Access(claims)) => {
                if !concerns(caller, &claims) {
                    return Ok(Err("not_the_callers_token"));
                }
                let tenant = &call.tenant.id;
                let keys = TokenKeys::of_access_token(tenant, &claims);
                let state = self.grants.token_state(tenant, &keys).await?;
                let custom = || custom_claims(token);
                self.access_token(call, *claims, &state, custom).await
            }
            Ok(VerifiedToken::Id(claims)) => self.id_token(call, caller, *claims).await,
        }
    }

    async fn opaque(
        &self,
        call: &Call<'_>,
        caller: &AuthenticatedClient,
        token: &OpaqueToken,
    ) -> Result<Result<Active, Inactive>, OAuthError> {
        let hash = token.hash();
        let keys = TokenKeys::of_opaque(&hash, token);
        let mut state = self.grants.token_state(&call.tenant.id, &keys).await?;
        let found = state.opaque.take();
        let claims = match verify_opaque(found.as_ref(), &call.issuer, call.now) {
            Ok(claims) => claims,
            Err(rejected) => return Ok(Err(Rejected::reason(rejected))),
        };
        if !concerns(caller, &claims) {
            return Ok(Err("not_the_callers_token"));
        }
        let custom = || {
            found
                .as_ref()
                .map(custom_claims_of_opaque)
                .unwrap_or_default()
        };
        self.access_token(call, claims, &state, custom).await
    }

    async fn access_token(
        &self,
        call: &Call<'_>,
        claims: AccessTokenClaims,
        state: &TokenState,
        custom: impl FnOnce() -> CustomClaims + Send,
    ) -> Result<Result<Active, Inactive>, OAuthError> {
        if let Some(reason) = state.ended(claims.family.as_ref(), claims.generation) {
            return Ok(Err(reason));
        }
        if !self.client_lives(call, &claims.client_id).await? {
            return Ok(Err("client_gone"));
        }
        Ok(Ok(Active {
            username: username_of(state, claims.generation.is_some()),
            scope: claims.scope,
            client_id: claims.client_id,
            token_type: Some("Bearer"),
            exp: claims.exp,
            iat: claims.iat,
            nbf: Some(claims.nbf),
            sub: claims.sub,
            aud: claims.aud,
            iss: claims.iss,
            jti: Some(claims.jti),
            auth_time: claims.auth_time,
            acr: claims.acr,
            amr: claims.amr,
            cnf: claims.cnf,
            custom: custom().0,
        }))
    }

    async fn id_token(
        &self,
        call: &Call<'_>,
        caller: &AuthenticatedClient,
        claims: IdTokenClaims,
    ) -> Result<Result<Active, Inactive>, OAuthError> {
        if caller.client_id != claims.aud {
            return Ok(Err("not_the_callers_token"));
        }
        let keys = TokenKeys {
            jti: None,
            opaque: None,
            family: claims.family.as_ref(),
            subject: Some(SubjectKey::of(&call.tenant.id, &claims.sub)),
            profile: false,
        };
        let state = self.grants.token_state(&call.tenant.id, &keys).await?;
        if let Some(reason) = state.ended(claims.family.as_ref(), Some(claims.generation)) {
            return Ok(Err(reason));
        }
        Ok(Ok(Active {
            username: username_of(&state, true),
            scope: Scope::default(),
            token_type: None,
            exp: claims.exp,
            iat: claims.iat,
            nbf: None,
            sub: claims.sub,
            aud: Audience(vec![claims.aud.to_string()]),
            client_id: claims.aud,
            iss: claims.iss,
            jti: None,
            auth_time: Some(claims.auth_time),
            acr: claims.acr,
            amr: claims.amr,
            cnf: None,
            custom: Map::new(),
        }))
    }

    async fn refresh_token(
        &self,
        call: &Call<'_>,
        caller: &AuthenticatedClient,
        token: &RefreshToken,
    ) -> Result<Result<Active, Inactive>, OAuthError> {
        let keys = TokenKeys::of_family(token.family());
        let state = self.grants.token_state(&call.tenant.id, &keys).await?;
        let Some(family) = state.family.clone() else {
            return Ok(Err("unknown_refresh_token"));
        };
        // Only its client: a refresh token has no audience but us.
        if !family.is_lineage_of(token) || family.client_id != caller.client_id {
            return Ok(Err("not_the_callers_token"));
        }
        if *family.issuer != *call.issuer.as_str() {
            return Ok(Err(Rejected::OtherIssuer.reason()));
        }
        let generation = family.user.as_ref().map(|user| user.generation);
        if let Some(reason) = state.ended(Some(&family.id), generation) {
            return Ok(Err(reason));
        }
        if family.token_expires_at <= call.now {
            return Ok(Err("token_expired"));
        }
        let window = caller.refresh_token_retry_window;
        match family.recognise(token, window, call.now) {
            Recognised::Current => {}
            Recognised::Repeated(_) | Recognised::Superseded => {
                return Ok(Err("refresh_token_used"));
            }
        }
        let user = family.user;
        Ok(Ok(Active {
            // What the token is worth now: a client may have lost scope since.
            scope: family.scope.filter(|token| caller.may_have(token)),
            client_id: family.client_id,
            username: user.as_ref().map(|user| user.username.clone()),
            token_type: None,
            exp: family.token_expires_at,
            iat: family
                .previous
                .map_or(family.created_at, |last| last.rotated_at),
            nbf: None,
            sub: family.subject,
            aud: Audience(vec![call.issuer.to_string()]),
            iss: call.issuer.to_string(),
            jti: None,
            auth_time: user.as_ref().map(|user| user.auth_time),
            acr: user.as_ref().and_then(|user| user.acr.clone()),
            amr: user.map(|user| user.amr).unwrap_or_default(),
            cnf: None,
            custom: Map::new(),
        }))
    }

    async fn client_lives(&self, call: &Call<'_>, client: &ClientId) -> Result<bool, OAuthError> {
        let client = self
            .directory
            .client(&call.tenant.id, client, call.now)
            .await?;
        Ok(client.is_some())
    }
}

/// Whether a client may learn anything of a token: it is its own, or the client is in its audience.
fn concerns(caller: &AuthenticatedClient, claims: &AccessTokenClaims) -> bool {
    caller.client_id == claims.client_id || claims.aud.contains(caller.client_id.as_str())
}

fn username_of(state: &TokenState, of_user: bool) -> Option<Username> {
    let user = state.subject.as_ref().filter(|_| of_user);
    user.map(|user| user.username.clone())
}
