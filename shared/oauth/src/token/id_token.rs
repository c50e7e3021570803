//! ID tokens: OIDC Core section 2.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::algorithm::Algorithm;
use crate::client::ClientId;
use crate::hash::left_half_base64url;
use crate::time::Timestamp;
use crate::token::refresh_token::FamilyId;
use crate::user::{Generation, Subject};

/// The claims of an ID token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdTokenClaims {
    /// The issuer.
    pub iss: String,
    /// The user.
    pub sub: Subject,
    /// The client it is for, alone; `azp` is therefore left out (OIDC Core errata 2, section 2).
    pub aud: ClientId,
    /// When it ends.
    pub exp: Timestamp,
    /// When it was issued.
    pub iat: Timestamp,
    /// When the user authenticated.
    pub auth_time: Timestamp,
    /// How well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// By what means.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// Ties it to the access token beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_hash: Option<String>,
    /// The refresh-token family it ends with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<FamilyId>,
    /// The generation of the user's tokens it ends with.
    pub generation: Generation,
    /// The claims the scope grants.
    #[serde(flatten)]
    pub claims: Map<String, Value>,
}

/// OIDC Core section 3.1.3.6: the left half of the hash of the access token, with the hash of the ID token's algorithm.
pub fn at_hash(access_token: &str, algorithm: Algorithm) -> String {
    left_half_base64url(access_token.as_bytes(), algorithm.digest())
}
