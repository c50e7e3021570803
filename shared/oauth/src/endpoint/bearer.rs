//! Bearer tokens: RFC 6750, for whatever of ours takes an access token of ours.

use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::request::Parts;

use super::Call;
use crate::client::{Client, RegistryRepository};
use crate::directory::Directory;
use crate::error::{Challenge, ErrorCode, OAuthError};
use crate::token::access_token::AccessTokenClaims;
use crate::token::opaque::OpaqueToken;
use crate::token::repository::{TokenKeys, TokenState, TokenStateRepository};
use crate::token::verifier::{Rejected, VerifiedToken, verify_opaque};

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

/// What an access token must be for, and what is read with it.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Must be in its `aud` (RFC 9068 section 4).
    pub audience: &'a str,
    /// Whether the user's claims are wanted as well.
    pub profile: bool,
}

/// An access token of this tenant's, for whom it is shown to. Whether it still counts, [`Bearer::state`] tells.
#[derive(Debug)]
pub struct Bearer {
    /// What it says.
    pub claims: AccessTokenClaims,
    /// Of an opaque token all is read at once.
    read: Option<TokenState>,
}

impl Bearer {
    /// Reads a token, and notes whose it is.
    ///
    /// # Errors
    /// `invalid_token`, or `temporarily_unavailable`.
    pub async fn read<R: RegistryRepository, G: TokenStateRepository>(
        directory: &Directory<R>,
        grants: &G,
        call: &mut Call<'_>,
        token: &str,
        wanted: Wanted<'_>,
    ) -> Result<Self, OAuthError> {
        let bearer = if let Some(token) = OpaqueToken::parse(token) {
            let hash = token.hash();
            let mut keys = TokenKeys::of_opaque(&hash, &token);
            keys.profile = wanted.profile;
            let state = grants.token_state(&call.tenant.id, &keys).await?;
            let claims = verify_opaque(state.opaque.as_ref(), &call.issuer, call.now);
            Self {
                claims: claims.map_err(rejected)?,
                read: Some(state),
            }
        } else {
            match super::verify(directory, call, token).await? {
                Ok(VerifiedToken::Access(claims)) => Self {
                    claims: *claims,
                    read: None,
                },
                Ok(VerifiedToken::Id(_)) => {
                    return Err(refusal(ErrorCode::InvalidToken, "id_token_as_bearer"));
                }
                Err(reason) => return Err(rejected(reason)),
            }
        };
        call.log.client_id = Some(bearer.claims.client_id.to_string());
        call.log.subject = Some(bearer.claims.sub.to_string());
        if !bearer.claims.aud.contains(wanted.audience) {
            return Err(refusal(ErrorCode::InvalidToken, "not_for_this_resource"));
        }
        // RFC 8705 section 3: whoever does not show the certificate that a token is bound to has stolen it.
        let shown = call.certificate.as_ref();
        if bearer
            .claims
            .cnf
            .is_some_and(|cnf| !shown.is_some_and(|shown| cnf.is_by(shown)))
        {
            return Err(refusal(
                ErrorCode::InvalidToken,
                "not_the_tokens_certificate",
            ));
        }
        Ok(bearer)
    }

    /// What a token that still counts says, and what is kept of it: neither it nor its family is revoked, its user and its client are there.
    ///
    /// # Errors
    /// `invalid_token`, or `temporarily_unavailable`.
    pub async fn state<R: RegistryRepository, G: TokenStateRepository>(
        self,
        directory: &Directory<R>,
        grants: &G,
        call: &Call<'_>,
        wanted: Wanted<'_>,
    ) -> Result<(AccessTokenClaims, TokenState), OAuthError> {
        let (tenant, claims) = (&call.tenant.id, self.claims);
        let state = match self.read {
            Some(state) => state,
            // Of a JWT only what can have ended it, and only if it is good.
            None => {
                let mut keys = TokenKeys::of_access_token(tenant, &claims);
                keys.profile = wanted.profile;
                grants.token_state(tenant, &keys).await?
            }
        };
        if let Some(reason) = state.ended(claims.family.as_ref(), claims.generation) {
            return Err(refusal(ErrorCode::InvalidToken, reason));
        }
        let client = directory
            .client(tenant, &claims.client_id, call.now)
            .await?;
        match client {
            // Of the time before its tokens were bound.
            Some(client)
                if client.tls_client_certificate_bound_access_tokens && claims.cnf.is_none() =>
            {
                Err(refusal(ErrorCode::InvalidToken, "token_is_not_bound"))
            }
            Some(_) => Ok((claims, state)),
            None => Err(refusal(ErrorCode::InvalidToken, "client_gone")),
        }
    }
}

/// The client whose own access token this is (RFC 9068 section 2.2: its `sub` is the client), and which it is meant for.
///
/// # Errors
/// `invalid_client`, or `temporarily_unavailable`.
pub async fn client<R: RegistryRepository, G: TokenStateRepository>(
    directory: &Directory<R>,
    grants: &G,
    call: &mut Call<'_>,
    token: &str,
) -> Result<Arc<Client>, OAuthError> {
    let issuer = call.issuer.to_string();
    let wanted = Wanted {
        audience: &issuer,
        profile: false,
    };
    let bearer = Bearer::read(directory, grants, call, token, wanted);
    let bearer = bearer.await.map_err(no_credentials)?;
    let (claims, _) = bearer
        .state(directory, grants, call, wanted)
        .await
        .map_err(no_credentials)?;
    let own = claims.generation.is_none() && claims.sub.as_str() == claims.client_id.as_str();
    let client = directory.client(&call.tenant.id, &claims.client_id, call.now);
    match client.await? {
        Some(client) if own => Ok(client),
        Some(_) | None => Err(refused_client("not_the_clients_own_token")),
    }
}

/// A token that is no good is no authentication (RFC 6749 section 5.2). What is no refusal of the token stays what it is.
fn no_credentials(error: OAuthError) -> OAuthError {
    if error.code() == ErrorCode::InvalidToken {
        refused_client(error.reason())
    } else {
        error
    }
}

const fn refused_client(reason: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidClient, reason).challenged(Challenge::Bearer)
}

const fn rejected(reason: Rejected) -> OAuthError {
    refusal(ErrorCode::InvalidToken, reason.reason())
}

/// A refusal with the challenge that is due.
pub const fn refusal(code: ErrorCode, reason: &'static str) -> OAuthError {
    OAuthError::new(code, reason).challenged(Challenge::Bearer)
}

/// RFC 6750 section 3.1: a malformed request is challenged as well.
pub fn challenge(error: OAuthError) -> OAuthError {
    error.challenged(Challenge::Bearer)
}
