//! UserInfo: OIDC Core section 5.3, with bearer tokens as RFC 6750 has them.

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Method, Response, StatusCode};
use serde_json::Value;

use super::{Call, Service};
use crate::audit::AuditEvent;
use crate::claims;
use crate::client::RegistryRepository;
use crate::directory::Directory;
use crate::error::{Challenge, ErrorCode, OAuthError};
use crate::form::{Form, is_form, refuse_secrets_in_query};
use crate::http::json;
use crate::route::Endpoint;
use crate::scope::OPENID;
use crate::token::access_token::AccessTokenClaims;
use crate::token::opaque::OpaqueToken;
use crate::token::repository::{TokenKeys, TokenState, TokenStateRepository};
use crate::token::verifier::{Rejected, VerifiedToken, verify_opaque};

/// The UserInfo endpoint and what it works with.
#[derive(Debug)]
pub struct UserInfoEndpoint<R, G> {
    /// Tenants and clients.
    pub directory: Directory<R>,
    /// What can end a token, and the users' claims.
    pub grants: G,
}

impl<R, G> Service for UserInfoEndpoint<R, G>
where
    R: RegistryRepository,
    G: TokenStateRepository,
{
    type Registry = R;

    fn directory(&self) -> &Directory<R> {
        &self.directory
    }

    fn serves(&self, endpoint: Endpoint) -> bool {
        endpoint == Endpoint::UserInfo
    }

    async fn call(&self, call: Call<'_>) -> Result<Response<Bytes>, OAuthError> {
        let token = bearer_token(&call).map_err(challenge)?;
        let token = token.ok_or_else(|| refusal(ErrorCode::MissingToken, "no_bearer_token"))?;
        // Of an opaque token all is read at once; of a JWT what can have ended it, and only if it is good.
        let (claims, read) = if let Some(token) = OpaqueToken::parse(&token) {
            let hash = token.hash();
            let keys = TokenKeys::of_opaque(&hash, &token).with_profile();
            let state = self.grants.token_state(&call.tenant.id, &keys).await?;
            let claims = verify_opaque(state.opaque.as_ref(), &call.issuer, call.now);
            (claims.map_err(rejected)?, Some(state))
        } else {
            match super::verify(&self.directory, &call, &token).await? {
                Ok(VerifiedToken::Access(claims)) => (*claims, None),
                Ok(VerifiedToken::Id(_)) => {
                    return Err(refusal(ErrorCode::InvalidToken, "id_token_as_bearer"));
                }
                Err(reason) => return Err(rejected(reason)),
            }
        };
        call.log.client_id = Some(claims.client_id.to_string());
        call.log.subject = Some(claims.sub.to_string());
        // RFC 9068 section 4: a token for other resources is none for UserInfo, which is the issuer's.
        if !claims.aud.contains(call.issuer.as_str()) {
            return Err(refusal(ErrorCode::InvalidToken, "not_for_userinfo"));
        }
        // Only a user's token has a generation; a client's own speaks for nobody.
        if !claims.scope.contains(OPENID) || claims.generation.is_none() {
            return Err(refusal(ErrorCode::InsufficientScope, "no_openid_scope"));
        }
        let told = self.claims_of(&call, &claims, read).await?;
        call.log.event = Some(AuditEvent::ClaimsTold);
        Ok(told)
    }
}

impl<R: RegistryRepository, G: TokenStateRepository> UserInfoEndpoint<R, G> {
    async fn claims_of(
        &self,
        call: &Call<'_>,
        claims: &AccessTokenClaims,
        read: Option<TokenState>,
    ) -> Result<Response<Bytes>, OAuthError> {
        let tenant = &call.tenant.id;
        let state = match read {
            Some(state) => state,
            None => {
                let keys = TokenKeys::of_access_token(tenant, claims).with_profile();
                self.grants.token_state(tenant, &keys).await?
            }
        };
        if let Some(reason) = state.ended(claims.family.as_ref(), claims.generation) {
            return Err(refusal(ErrorCode::InvalidToken, reason));
        }
        let client = self
            .directory
            .client(tenant, &claims.client_id, call.now)
            .await?;
        if client.is_none() {
            return Err(refusal(ErrorCode::InvalidToken, "client_gone"));
        }
        let profile = state
            .profile
            .ok_or_else(|| refusal(ErrorCode::InvalidToken, "user_gone"))?;
        let own = &call.tenant.settings.claim_scopes;
        let mut answer = claims::granted(&profile, &claims.scope, own);
        // OIDC Core section 5.3.2: "The sub (subject) Claim MUST always be returned in the UserInfo Response."
        answer.insert("sub".to_owned(), Value::from(claims.sub.as_str()));
        json(StatusCode::OK, &answer)
    }
}

/// RFC 6750 section 2: in the header, or in a form on POST; never in the query, and never in two places.
fn bearer_token(call: &Call<'_>) -> Result<Option<String>, OAuthError> {
    refuse_secrets_in_query(&call.parts)?;
    let mut headers = call.parts.headers.get_all(AUTHORIZATION).iter();
    let header = headers.next();
    let form = if call.parts.method == Method::POST && is_form(&call.parts) {
        Some(Form::read(&call.parts, &call.body)?)
    } else {
        None
    };
    let in_form = form.as_ref().and_then(|form| form.get("access_token"));
    match (header, in_form) {
        (Some(_), Some(_)) => Err(OAuthError::invalid_request(
            "two_bearer_tokens",
            "The access token is sent in more than one way.",
        )),
        (Some(_), None) if headers.next().is_some() => Err(OAuthError::invalid_request(
            "two_authorization_headers",
            "The Authorization header is given more than once.",
        )),
        (Some(header), None) => Ok(header
            .to_str()
            .ok()
            .and_then(|text| text.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim_matches(' ').to_owned())),
        (None, in_form) => Ok(in_form.map(str::to_owned)),
    }
}

const fn rejected(reason: Rejected) -> OAuthError {
    refusal(ErrorCode::InvalidToken, reason.reason())
}

const fn refusal(code: ErrorCode, reason: &'static str) -> OAuthError {
    OAuthError::new(code, reason).challenged(Challenge::Bearer)
}

/// RFC 6750 section 3.1: a malformed request is challenged as well.
fn challenge(error: OAuthError) -> OAuthError {
    error.challenged(Challenge::Bearer)
}
