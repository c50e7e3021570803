//! Checks our own JWTs: RFC 9068 section 4, RFC 8725. Keys come from the tenant's ring and from nowhere else.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::access_token::{AccessTokenClaims, CustomClaims};
use super::id_token::IdTokenClaims;
use super::jwk::KeyRing;
use super::jws::{Header, MAX_TOKEN, TokenType};
use super::opaque::StoredAccessToken;
use crate::issuer::Issuer;
use crate::time::{Seconds, Timestamp};

/// How far two machines' clocks may be apart (RFC 7519 section 4.1.5: "some small leeway").
const CLOCK_SKEW: Seconds = Seconds(10);

/// A token that is ours, signed, and of this moment.
#[derive(Debug)]
pub enum VerifiedToken {
    /// An access token.
    Access(Box<AccessTokenClaims>),
    /// An ID token.
    Id(Box<IdTokenClaims>),
}

/// Why a token is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// Not a JWS of ours: its form, its header or its claims.
    #[error("malformed")]
    Malformed,
    /// An opaque token that is not kept: revoked, forgotten, or never issued.
    #[error("unknown token")]
    Unknown,
    /// No published key has this name: perhaps one younger than the ring that was read.
    #[error("unknown key")]
    UnknownKey,
    /// The algorithm is not its key's, or the signature does not hold.
    #[error("bad signature")]
    BadSignature,
    /// Another issuer's.
    #[error("another issuer")]
    OtherIssuer,
    /// Past its end or before its beginning.
    #[error("expired")]
    Expired,
}

impl Rejected {
    /// The reason for the log.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Malformed => "malformed_token",
            Self::Unknown => "unknown_access_token",
            Self::UnknownKey => "unknown_key",
            Self::BadSignature => "bad_signature",
            Self::OtherIssuer => "other_issuer",
            Self::Expired => "token_expired",
        }
    }
}

/// Checks a token of whatever kind.
///
/// # Errors
/// [`Rejected`], with nothing of the token in it.
pub fn verify(
    token: &str,
    keys: &KeyRing,
    issuer: &Issuer,
    now: Timestamp,
) -> Result<VerifiedToken, Rejected> {
    if token.len() > MAX_TOKEN {
        return Err(Rejected::Malformed);
    }
    let (message, signature) = token.rsplit_once('.').ok_or(Rejected::Malformed)?;
    let (header, payload) = message.split_once('.').ok_or(Rejected::Malformed)?;
    if payload.contains('.') {
        return Err(Rejected::Malformed);
    }
    let header = decode(header)?;
    // Members that change what a signature means (jku, jwk, x5u, crit, b64, zip) are no members of ours, and refused.
    let header: Header<'_> = object(&header)?;
    let token_type = TokenType::parse(&header.typ).ok_or(Rejected::Malformed)?;

    let key = keys
        .verifying_key(&header.kid, now)
        .ok_or(Rejected::UnknownKey)?;
    // RFC 8725 section 3.1: the key says the algorithm, the token only repeats it.
    if header.alg != key.alg {
        return Err(Rejected::BadSignature);
    }
    if !key.signed(message.as_bytes(), &decode(signature)?) {
        return Err(Rejected::BadSignature);
    }

    match token_type {
        TokenType::AccessToken => {
            let claims: AccessTokenClaims = parse(payload)?;
            let since = claims.nbf;
            current(&claims.iss, issuer, since, claims.exp, now)?;
            Ok(VerifiedToken::Access(Box::new(claims)))
        }
        TokenType::IdToken => {
            let claims: IdTokenClaims = parse(payload)?;
            current(&claims.iss, issuer, claims.iat, claims.exp, now)?;
            Ok(VerifiedToken::Id(Box::new(claims)))
        }
        // Claims that were told are no token.
        TokenType::UserInfo => Err(Rejected::Malformed),
    }
}

/// Checks an opaque token that was found in the store, as a JWT with the same claims would be.
///
/// # Errors
/// [`Rejected`], with nothing of the token in it.
pub fn verify_opaque(
    found: Option<&StoredAccessToken>,
    issuer: &Issuer,
    now: Timestamp,
) -> Result<AccessTokenClaims, Rejected> {
    let found = found.filter(|found| found.revoked_at.is_none());
    let found = found.ok_or(Rejected::Unknown)?;
    let claims: AccessTokenClaims = object(found.claims.as_bytes())?;
    current(&claims.iss, issuer, claims.nbf, claims.exp, now)?;
    Ok(claims)
}

/// The claims that client, APIs and tenant added to an access token that [`verify`] found good.
pub fn custom_claims(token: &str) -> CustomClaims {
    let payload = token.split('.').nth(1).unwrap_or_default();
    parse(payload).unwrap_or_default()
}

/// The same of an opaque one that [`verify_opaque`] found good.
pub fn custom_claims_of_opaque(found: &StoredAccessToken) -> CustomClaims {
    object(found.claims.as_bytes()).unwrap_or_default()
}

fn current(
    iss: &str,
    issuer: &Issuer,
    since: Timestamp,
    until: Timestamp,
    now: Timestamp,
) -> Result<(), Rejected> {
    if iss != issuer.as_str() {
        return Err(Rejected::OtherIssuer);
    }
    // RFC 7519 section 4.1.4: "on or after" exp a token is not accepted; our own clock made it, so no leeway.
    if until <= now || now.plus(CLOCK_SKEW) < since {
        return Err(Rejected::Expired);
    }
    Ok(())
}

fn parse<T: DeserializeOwned>(payload: &str) -> Result<T, Rejected> {
    object(&decode(payload)?)
}

/// RFC 7519 section 7.2: UTF-8, and a JSON object. By itself serde_json takes a list for a struct as well, and does not
/// look at the text of members that nobody wants.
fn object<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Rejected> {
    let text = std::str::from_utf8(bytes).map_err(|_| Rejected::Malformed)?;
    if !text.trim_ascii_start().starts_with('{') {
        return Err(Rejected::Malformed);
    }
    serde_json::from_str(text).map_err(|_| Rejected::Malformed)
}

fn decode(part: &str) -> Result<Vec<u8>, Rejected> {
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| Rejected::Malformed)
}
