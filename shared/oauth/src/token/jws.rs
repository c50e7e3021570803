//! JSON Web Signatures in compact form: RFC 7515 section 3.1, signed by whoever holds the private key.

use std::error::Error;
use std::future::Future;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::algorithm::Algorithm;
use super::jwk::RingKey;
use crate::error::{ErrorCode, OAuthError};

/// The longest token that is read, in bytes, and so the longest that is made: one that is not read could not be revoked.
pub(super) const MAX_TOKEN: usize = 16 * 1_024;
/// The longest signature there is, of RSA with 4,096 bits, as it stands in a token.
const LONGEST_SIGNATURE: usize = 683;

/// What a token is for: the `typ` of its header keeps one kind from passing for another (RFC 8725 section 3.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenType {
    /// RFC 9068 section 2.1.
    AccessToken,
    /// OIDC Core section 2.
    IdToken,
    /// OIDC Core section 5.3.2. Nobody takes one back, so it is not among those that are read.
    UserInfo,
}

impl TokenType {
    /// The value of `typ`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => "at+jwt",
            Self::IdToken => "JWT",
            Self::UserInfo => "userinfo+jwt",
        }
    }

    /// Reads `typ`; media types are case-insensitive and may leave out `application/` (RFC 7515 section 4.1.9).
    pub(super) fn parse(text: &str) -> Option<Self> {
        let short = match text.split_at_checked("application/".len()) {
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case("application/") => rest,
            _ => text,
        };
        [Self::AccessToken, Self::IdToken]
            .into_iter()
            .find(|kind| kind.as_str().eq_ignore_ascii_case(short))
    }
}

/// The header of our tokens: these members and no others.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header<'a> {
    pub typ: std::borrow::Cow<'a, str>,
    pub alg: Algorithm,
    pub kid: std::borrow::Cow<'a, str>,
}

/// A signer that did not sign.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// No answer, a throttle, a time-out: trying again may help.
    #[error("the signer is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// A refusal: trying again will not help.
    #[error("the signer failed")]
    Internal(#[source] Box<dyn Error + Send + Sync>),
}

impl From<SignError> for OAuthError {
    fn from(error: SignError) -> Self {
        match error {
            SignError::Unavailable(source) => {
                Self::new(ErrorCode::TemporarilyUnavailable, "signer_unavailable").because(source)
            }
            SignError::Internal(source) => {
                Self::new(ErrorCode::ServerError, "signer_failed").because(source)
            }
        }
    }
}

/// Whoever holds the private keys.
pub trait JwsSigner: Send + Sync {
    /// The signature over `signing_input` as JWS wants it (RFC 7518 section 3.4: `r || s` for ECDSA).
    fn sign(
        &self,
        key: &RingKey,
        signing_input: &[u8],
    ) -> impl Future<Output = Result<Vec<u8>, SignError>> + Send;
}

/// Signs claims into a compact JWS.
///
/// # Errors
/// `temporarily_unavailable` or `server_error`, as the signer says; `server_error` for claims of more than 16 KiB.
pub async fn encode<S: JwsSigner>(
    signer: &S,
    key: &RingKey,
    token_type: TokenType,
    claims: &(impl Serialize + Sync),
) -> Result<String, OAuthError> {
    let header = Header {
        typ: token_type.as_str().into(),
        alg: key.alg,
        kid: key.kid.as_str().into(),
    };
    let mut jws = String::with_capacity(1_024);
    append(&mut jws, &header)?;
    jws.push('.');
    append(&mut jws, claims)?;
    if jws.len() > MAX_TOKEN - LONGEST_SIGNATURE - 1 {
        return Err(OAuthError::new(ErrorCode::ServerError, "token_too_long"));
    }
    let signature = signer.sign(key, jws.as_bytes()).await?;
    jws.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut jws);
    Ok(jws)
}

fn append(jws: &mut String, part: &impl Serialize) -> Result<(), OAuthError> {
    let json = serde_json::to_vec(part).map_err(|error| {
        OAuthError::new(ErrorCode::ServerError, "claims_not_serialised").because(error)
    })?;
    URL_SAFE_NO_PAD.encode_string(json, jws);
    Ok(())
}
