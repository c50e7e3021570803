//! Access tokens as JWTs: RFC 9068.

use std::borrow::Cow;
use std::fmt;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::Audience;
use crate::api::ClaimName;
use crate::certificate::Confirmation;
use crate::client::ClientId;
use crate::scope::Scope;
use crate::time::Timestamp;
use crate::token::refresh_token::FamilyId;
use crate::user::{Generation, Subject};

/// An access token as it is minted: its own claims, and those that client, APIs and tenant add.
#[derive(Debug, Serialize)]
pub struct MintedClaims {
    /// Its own.
    #[serde(flatten)]
    pub claims: AccessTokenClaims,
    /// The others; none of them has a name of the first.
    #[serde(flatten)]
    pub custom: Map<String, Value>,
}

/// The claims of an access token: RFC 9068 section 2.2, and two of our own that tie it to what can end it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessTokenClaims {
    /// RFC 7519 section 4.1.1.
    pub iss: String,
    /// RFC 7519 section 4.1.2.
    pub sub: Subject,
    /// RFC 7519 section 4.1.3.
    pub aud: Audience,
    /// RFC 7519 section 4.1.4.
    pub exp: Timestamp,
    /// RFC 7519 section 4.1.6.
    pub iat: Timestamp,
    /// RFC 7519 section 4.1.5.
    pub nbf: Timestamp,
    /// RFC 7519 section 4.1.7.
    pub jti: String,
    /// RFC 8693 section 4.3.
    pub client_id: ClientId,
    /// RFC 8693 section 4.2; absent where nothing is granted by name.
    #[serde(default, skip_serializing_if = "Scope::is_empty")]
    pub scope: Scope,
    /// OIDC Core section 2, where a user took part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<Timestamp>,
    /// OIDC Core section 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// OIDC Core section 2.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// The certificate without which it is worth nothing, if it is bound to one: RFC 8705 section 3.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
    /// The refresh-token family it ends with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<FamilyId>,
    /// The generation of the user's tokens it ends with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<Generation>,
}

/// The claims of an access token that client, APIs and tenant added. Read apart, for introspection alone: whoever only
/// checks a token need not keep them.
#[derive(Debug, Default)]
pub struct CustomClaims(pub Map<String, Value>);

impl<'de> Deserialize<'de> for CustomClaims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(CustomVisitor)
    }
}

struct CustomVisitor;

impl<'de> Visitor<'de> for CustomVisitor {
    type Value = CustomClaims;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("claims")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<CustomClaims, A::Error> {
        let mut custom = Map::new();
        while let Some(name) = access.next_key::<Cow<'de, str>>()? {
            if ClaimName::check(&name).is_ok() {
                custom.insert(name.into_owned(), access.next_value()?);
            } else {
                access.next_value::<IgnoredAny>()?;
            }
        }
        Ok(CustomClaims(custom))
    }
}
