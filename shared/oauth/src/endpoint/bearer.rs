//! Bearer tokens: RFC 6750, for whatever of ours takes an access token of ours.

use http::header::AUTHORIZATION;
use http::request::Parts;

use super::Call;
use crate::client::RegistryRepository;
use crate::directory::Directory;
use crate::error::{Challenge, ErrorCode, OAuthError};
use crate::token::access_token::AccessTokenClaims;
use crate::token::repository::{TokenKeys, TokenState, TokenStateRepository};
use crate::token::verifier::{Rejected, VerifiedToken};
use crate::user::SubjectKey;

/// What the `Authorization` header says, if there is one: a token, or `Some(None)` where it is of another scheme or
/// malformed (RFC 6750 section 2.1).
///
/// # Errors
/// `invalid_request` for more than one header.
pub fn in_header(parts: &Parts) -> Result<Option<Option<String>>, OAuthError> {
    let mut headers = parts.headers.get_all(AUTHORIZATION).iter();
    let header = headers.next();
    if headers.next().is_some() {
        return Err(OAuthError::invalid_request(
            "two_authorization_headers",
            "The Authorization header is given more than once.",
        ));
    }
    Ok(header.map(|header| {
        header
            .to_str()
            .ok()
            .and_then(|text| text.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim_matches(' ').to_owned())
    }))
}

/// An access token of this tenant's for `audience`. Whether it still counts, [`state`] tells.
///
/// # Errors
/// `invalid_token`, or `temporarily_unavailable`.
pub async fn read<R: RegistryRepository>(
    directory: &Directory<R>,
    call: &mut Call<'_>,
    token: &str,
    audience: &str,
) -> Result<AccessTokenClaims, OAuthError> {
    let claims = match super::verify(directory, call, token).await? {
        Ok(VerifiedToken::Access(claims)) => *claims,
        Ok(VerifiedToken::Id(_)) => {
            return Err(refusal(ErrorCode::InvalidToken, "id_token_as_bearer"));
        }
        Err(rejected) => {
            return Err(refusal(ErrorCode::InvalidToken, Rejected::reason(rejected)));
        }
    };
    call.log.client_id = Some(claims.client_id.to_string());
    call.log.subject = Some(claims.sub.to_string());
    if !claims.aud.contains(audience) {
        return Err(refusal(ErrorCode::InvalidToken, "not_for_this_resource"));
    }
    Ok(claims)
}

/// What is kept of a token that still counts: neither it nor its family is revoked, its user and its client are there.
///
/// # Errors
/// `invalid_token`, or `temporarily_unavailable`.
pub async fn state<R: RegistryRepository, G: TokenStateRepository>(
    directory: &Directory<R>,
    grants: &G,
    call: &Call<'_>,
    claims: &AccessTokenClaims,
    profile: bool,
) -> Result<TokenState, OAuthError> {
    let tenant = &call.tenant.id;
    let keys = TokenKeys {
        jti: Some(&claims.jti),
        family: claims.family.as_ref(),
        subject: Some(SubjectKey::of(tenant, &claims.sub)),
        profile,
    };
    let state = grants.token_state(tenant, &keys).await?;
    if let Some(reason) = state.ended(claims.family.as_ref(), claims.generation) {
        return Err(refusal(ErrorCode::InvalidToken, reason));
    }
    let client = directory
        .client(tenant, &claims.client_id, call.now)
        .await?;
    match client {
        Some(_) => Ok(state),
        None => Err(refusal(ErrorCode::InvalidToken, "client_gone")),
    }
}

/// A refusal with the challenge that is due.
pub const fn refusal(code: ErrorCode, reason: &'static str) -> OAuthError {
    OAuthError::new(code, reason).challenged(Challenge::Bearer)
}

/// RFC 6750 section 3.1: a malformed request is challenged as well.
pub fn challenge(error: OAuthError) -> OAuthError {
    error.challenged(Challenge::Bearer)
}
