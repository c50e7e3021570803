//! APIs: the resource servers a tenant issues access tokens for, with their own audiences, scopes, claims and lifetimes.
//! A request names one by its identifier as `resource` (RFC 8707 section 2), or by one of its scopes (RFC 9068 section 3).

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use url::Url;

use crate::claims;
use crate::hash::number;
use crate::scope::Scope;
use crate::tenant::LifetimeOverrides;
use crate::token::opaque::AccessTokenFormat;
use crate::user::UserProfile;

/// The identifier of an API: an absolute URI without fragment (RFC 8707 section 2), at most 512 bytes, compared to the
/// letter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ResourceId(Box<str>);

/// Text that identifies no API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the identifier of an API is an absolute URI without fragment, at most 512 printable ASCII characters (RFC 8707 section 2)"
)]
pub struct MalformedResourceId;

impl ResourceId {
    /// Reads an identifier.
    ///
    /// # Errors
    /// [`MalformedResourceId`] for anything that is no absolute URI, or has a fragment.
    pub fn parse(text: &str) -> Result<Self, MalformedResourceId> {
        // `#` separates the parts of keys in the store, so a fragment could not be kept either.
        let printable = text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'#');
        if printable && text.len() <= 512 && Url::parse(text).is_ok() {
            Ok(Self(text.into()))
        } else {
            Err(MalformedResourceId)
        }
    }

    /// The identifier.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The identifier as a number, for who names APIs so.
    pub fn number(&self) -> u32 {
        number(&self.0)
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ResourceId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// An API as its tenant describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Api {
    /// Its identifier.
    pub resource: ResourceId,
    /// For people, in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// For people, where they look at one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What its tokens say in `aud`; the identifier where this is empty. A client of the tenant that is listed here
    /// may introspect them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audience: Vec<String>,
    /// Its scopes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<ApiScope>,
    /// What its access tokens say besides, after the client's own rules and before the tenant's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<ClaimRule>,
    /// What access tokens look like, after what the client and before what the tenant says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token_format: Option<AccessTokenFormat>,
    /// Lifetimes of tokens for it, after the client's and before the tenant's.
    #[serde(default)]
    pub lifetimes: LifetimeOverrides,
}

impl Api {
    /// What its tokens say in `aud`.
    pub fn audience(&self) -> Vec<String> {
        if self.audience.is_empty() {
            vec![self.resource.to_string()]
        } else {
            self.audience.clone()
        }
    }

    /// Whether it has a scope of this value.
    pub fn has_scope(&self, value: &str) -> bool {
        self.scopes.iter().any(|scope| scope.value == value)
    }
}

/// A scope of an API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiScope {
    /// The scope-token of RFC 6749 section 3.3.
    pub value: String,
    /// For people, on consent screens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// An API that a client may have tokens for, and the most it may ask for there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssignedApi {
    /// Which API.
    pub resource: ResourceId,
    /// The scopes of it that the client may have.
    #[serde(default)]
    pub scope: Scope,
}

/// The name of a claim that a tenant makes up: none that a token has by itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ClaimName(Box<str>);

/// A name that no claim of a tenant's own can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MalformedClaimName {
    /// Not of the form.
    #[error(
        "the name of a claim is 1 to 64 of A-Z a-z 0-9 _ . : / -, beginning with a letter or _; a URI is one too, up to 255"
    )]
    Form,
    /// One of the protocol's.
    #[error("this claim is the protocol's own, and the server alone says it")]
    Reserved,
}

/// Claims that mean something to whoever checks a token (RFC 7519 section 4.1, RFC 7662 section 2.2, RFC 9068 section 2.2,
/// OIDC Core sections 2 and 5.6.2, RFC 7800, RFC 8693, RFC 8417, RFC 8485, RFC 9396, RFC 9493, OIDC logout), or tie it to what ends it.
const RESERVED: [&str; 35] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "client_id",
    "scope",
    "scp",
    "auth_time",
    "acr",
    "amr",
    "azp",
    "nonce",
    "at_hash",
    "c_hash",
    "s_hash",
    "sid",
    "sub_jwk",
    "cnf",
    "act",
    "may_act",
    "events",
    "sub_id",
    "authorization_details",
    "_claim_names",
    "_claim_sources",
    "vot",
    "vtm",
    "active",
    "token_type",
    "username",
    "family",
    "generation",
];

impl ClaimName {
    /// Reads a name.
    ///
    /// # Errors
    /// [`MalformedClaimName`] for one that is out of bounds or the protocol's own.
    pub fn parse(text: &str) -> Result<Self, MalformedClaimName> {
        Self::check(text).map(|()| Self(text.into()))
    }

    /// Whether a text is such a name.
    ///
    /// # Errors
    /// As for [`ClaimName::parse`].
    pub fn check(text: &str) -> Result<(), MalformedClaimName> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:/-".contains(&byte);
        let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        // RFC 7519 section 4.2: a collision-resistant name is best a URI.
        let longest = if text.contains("://") { 255 } else { 64 };
        if !begins || text.len() > longest || !text.bytes().all(plain) {
            return Err(MalformedClaimName::Form);
        }
        if RESERVED.contains(&text) {
            return Err(MalformedClaimName::Reserved);
        }
        Ok(())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClaimName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ClaimName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// What an access token says besides what every one says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimRule {
    /// The claim.
    pub name: ClaimName,
    /// Where its value comes from.
    #[serde(flatten)]
    pub from: ClaimSource,
}

/// Where the value of a claim comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimSource {
    /// One of the user's: a claim of OIDC Core section 5.1, `groups`, `roles`, an attribute of the tenant's own, or
    /// `username`. Without a user, or where this user has none, the token does not have the claim.
    Attribute(String),
    /// Always this.
    Constant(Value),
}

impl ClaimRule {
    /// The claim's value in a token about `profile`.
    pub fn value(&self, profile: Option<&UserProfile>) -> Option<Value> {
        match &self.from {
            ClaimSource::Constant(value) => Some(value.clone()),
            ClaimSource::Attribute(name) => claims::attribute(profile?, name),
        }
    }
}

/// The claims that rules make of a user; where two rules name the same claim, the first counts.
pub fn apply<'a>(
    rules: impl IntoIterator<Item = &'a ClaimRule>,
    profile: Option<&UserProfile>,
) -> Map<String, Value> {
    let mut made = Map::new();
    let mut decided: Vec<&ClaimName> = Vec::new();
    for rule in rules {
        if decided.contains(&&rule.name) {
            continue;
        }
        decided.push(&rule.name);
        if let Some(value) = rule.value(profile) {
            made.insert(rule.name.to_string(), value);
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn identifiers() {
        for good in [
            "https://api.example.com",
            "https://api.example.com/v1?x=1",
            "urn:example:orders",
            "api://orders",
        ] {
            assert_eq!(ResourceId::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "orders",
            "/orders",
            "https://a/#x",
            "https://a/ b",
            "https://ä",
        ] {
            assert_eq!(ResourceId::parse(bad), Err(MalformedResourceId), "{bad}");
        }
        let long = format!("https://a/{}", "b".repeat(503));
        assert_eq!(ResourceId::parse(&long), Err(MalformedResourceId));
    }

    #[test]
    fn a_claim_never_says_what_the_protocol_says() {
        for good in ["email_address", "groups", "https://example.com/tier", "x"] {
            assert_eq!(ClaimName::parse(good).unwrap().as_str(), good);
        }
        for name in RESERVED {
            assert_eq!(ClaimName::parse(name), Err(MalformedClaimName::Reserved));
        }
        for bad in ["", "1a", "a b", "ä", "a\"", "-a"] {
            assert_eq!(
                ClaimName::parse(bad),
                Err(MalformedClaimName::Form),
                "{bad}"
            );
        }
        assert!(ClaimName::parse(&"a".repeat(65)).is_err());
        let rule = json!({"name": "sub", "constant": "admin"});
        assert!(serde_json::from_value::<ClaimRule>(rule).is_err());
    }

    #[test]
    fn rules_are_kept_as_they_are_written() {
        for text in [
            r#"{"name":"mail","attribute":"email"}"#,
            r#"{"name":"tier","constant":{"a":[1]}}"#,
        ] {
            let rule: ClaimRule = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&rule).unwrap(), text);
        }
    }
}
