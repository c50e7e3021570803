//! UserInfo: OIDC Core section 5.3, with bearer tokens as RFC 6750 has them.

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use serde_json::Value;

use super::bearer::{self, Bearer, Wanted, challenge, refusal};
use super::{Call, Service};
use crate::audit::AuditEvent;
use crate::claims;
use crate::client::RegistryRepository;
use crate::directory::Directory;
use crate::error::{Challenge, ErrorCode, OAuthError};
use crate::form::{Form, is_form, refuse_secrets_in_query};
use crate::http::{json, jwt};
use crate::route::Endpoint;
use crate::scope::OPENID;
use crate::token::jws::JwsSigner;
use crate::token::repository::TokenStateRepository;
use crate::token::user_info;

/// The UserInfo endpoint and what it works with.
#[derive(Debug)]
pub struct UserInfoEndpoint<R, G, S> {
    /// Tenants and clients.
    pub directory: Directory<R>,
    /// What can end a token, and the users' claims.
    pub grants: G,
    /// Who signs for clients that want it signed.
    pub signer: S,
}

impl<R, G, S> Service for UserInfoEndpoint<R, G, S>
where
    R: RegistryRepository,
    G: TokenStateRepository,
    S: JwsSigner,
{
    type Registry = R;

    fn directory(&self) -> &Directory<R> {
        &self.directory
    }

    fn serves(&self, endpoint: Endpoint) -> bool {
        endpoint == Endpoint::UserInfo
    }

    async fn call(&self, mut call: Call<'_>) -> Result<Response<Bytes>, OAuthError> {
        let token = bearer_token(&call).map_err(challenge)?;
        let token = token.ok_or_else(|| refusal(ErrorCode::MissingToken, "no_bearer_token"))?;
        let wanted = Wanted {
            // RFC 9068 section 4: a token for other resources is none for UserInfo, which is the issuer's.
            audience: &call.issuer.to_string(),
            profile: true,
        };
        let bearer = Bearer::read(&self.directory, &self.grants, &mut call, &token, wanted).await?;
        let claims = &bearer.claims;
        let enough = claims.scope.contains(OPENID) || call.tenant.settings.userinfo_without_openid;
        // Only a user's token has a generation; a client's own speaks for nobody.
        if !enough || claims.generation.is_none() {
            return Err(
                OAuthError::new(ErrorCode::InsufficientScope, "no_openid_scope")
                    .challenged(Challenge::BearerWith(OPENID)),
            );
        }
        let (claims, state) = bearer
            .state(&self.directory, &self.grants, &call, wanted)
            .await?;
        let profile = state
            .profile
            .ok_or_else(|| refusal(ErrorCode::InvalidToken, "user_gone"))?;
        let own = &call.tenant.settings.claim_scopes;
        let mut answer = claims::granted(&profile, &claims.scope, own);
        // OIDC Core section 5.3.2: "The sub (subject) Claim MUST always be returned in the UserInfo Response."
        answer.insert("sub".to_owned(), Value::from(claims.sub.as_str()));
        call.log.event = Some(AuditEvent::ClaimsTold);
        // Remembered since its token was checked.
        let id = &claims.client_id;
        let client = self.directory.client(&call.tenant.id, id, call.now).await?;
        let signed = client.and_then(|client| client.userinfo_signed_response_alg);
        let Some(algorithm) = signed else {
            return json(StatusCode::OK, &answer);
        };
        let whose = (&call.issuer, id);
        let tenant = &call.tenant;
        let token = user_info::sign(&self.signer, tenant, algorithm, whose, answer, call.now);
        Ok(jwt(token.await?))
    }
}

/// RFC 6750 section 2: in the header, or in a form on POST; never in the query, and never in two places.
fn bearer_token(call: &Call<'_>) -> Result<Option<String>, OAuthError> {
    refuse_secrets_in_query(&call.parts)?;
    let form = if call.parts.method == Method::POST && is_form(&call.parts) {
        Some(Form::read(&call.parts, &call.body)?)
    } else {
        None
    };
    let in_form = form.as_ref().and_then(|form| form.get("access_token"));
    match (bearer::in_header(&call.parts)?, in_form) {
        (Some(_), Some(_)) => Err(OAuthError::invalid_request(
            "two_bearer_tokens",
            "The access token is sent in more than one way.",
        )),
        (Some(header), None) => Ok(header),
        (None, in_form) => Ok(in_form.map(str::to_owned)),
    }
}
