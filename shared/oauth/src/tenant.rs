//! A tenant is an issuer with clients, users and keys of its own. Nothing crosses.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::api::ClaimRule;
use crate::claims::ClaimScope;
use crate::dialect::Dialect;
use crate::issuer::{Domain, IssuerPath};
use crate::lockout::LockPolicy;
use crate::password_policy::PasswordPolicy;
use crate::registration::RegistrationPolicy;
use crate::scope::Scope;
use crate::time::Seconds;
use crate::token::algorithm::Algorithm;
use crate::token::jwk::KeyRing;
use crate::token::opaque::AccessTokenFormat;

/// The tenant served at the deployment's base URL.
pub const DEFAULT_TENANT: &str = "default";

/// First path segments that are endpoints, and therefore never tenants.
pub const RESERVED: [&str; 21] = [
    "token",
    "password",
    "introspect",
    "userinfo",
    "revoke",
    "jwks",
    "authorize",
    "logout",
    "register",
    "activate",
    "manage",
    "admin",
    "par",
    ".well-known",
    // Of products whose clients may be served.
    "api",
    "auth",
    "authn",
    "moas",
    "oidc",
    "openid",
    "uas",
];

/// The name of a tenant: a path segment of 1 to 63 lower-case letters, digits and inner hyphens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct TenantId(Box<str>);

/// A name that no tenant can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a tenant's name is 1 to 63 lower-case letters, digits and inner hyphens, and not a reserved name (docs/registry-file.md)"
)]
pub struct MalformedTenantId;

impl TenantId {
    /// Reads a tenant's name.
    ///
    /// # Errors
    /// [`MalformedTenantId`] for anything that could not be a tenant's path segment.
    pub fn parse(text: &str) -> Result<Self, MalformedTenantId> {
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let well_formed = (1..=63).contains(&text.len())
            && text.bytes().all(inner)
            && !text.starts_with('-')
            && !text.ends_with('-')
            && !RESERVED.contains(&text);
        if well_formed {
            Ok(Self(text.into()))
        } else {
            Err(MalformedTenantId)
        }
    }

    /// The default tenant.
    pub fn default_tenant() -> Self {
        Self(DEFAULT_TENANT.into())
    }

    /// Whether this is the tenant at the base URL.
    pub fn is_default(&self) -> bool {
        &*self.0 == DEFAULT_TENANT
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for TenantId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// How long tokens live. A `None` leaves the decision to the next in line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LifetimeOverrides {
    /// Access tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token: Option<Seconds>,
    /// Access tokens with no user behind them (RFC 6749 section 4.4), where they differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_credentials_access_token: Option<Seconds>,
    /// ID tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token: Option<Seconds>,
    /// One refresh token, from its issue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<Seconds>,
    /// A whole refresh-token family, from the login on: no rotation extends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token_family: Option<Seconds>,
}

/// How long tokens live, decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// Access tokens.
    pub access_token: Seconds,
    /// ID tokens.
    pub id_token: Seconds,
    /// One refresh token, from its issue.
    pub refresh_token: Seconds,
    /// A whole refresh-token family, from the login on.
    pub refresh_token_family: Seconds,
}

impl Lifetimes {
    /// What holds where nobody said anything.
    pub const DEFAULT: Self = Self {
        access_token: Seconds::minutes(15),
        id_token: Seconds::minutes(15),
        refresh_token: Seconds::days(30),
        refresh_token_family: Seconds::days(90),
    };
}

/// What an operator decides for a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TenantSettings {
    /// For people, in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it is served, and only there, instead of below the base URL. No two tenants have one domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<Domain>,
    /// Lifetimes of tokens whose client and APIs say nothing.
    #[serde(default)]
    pub lifetimes: LifetimeOverrides,
    /// What access tokens look like whose client and APIs say nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token_format: Option<AccessTokenFormat>,
    /// What signs; where this is absent RS256 if there is such a key, else the youngest key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing_algorithm: Option<Algorithm>,
    /// The scope of a request that names none, from a client that says nothing, as far as the client may have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_scope: Option<Scope>,
    /// Scopes that grant claims of the tenant's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claim_scopes: Vec<ClaimScope>,
    /// What every access token says besides, after the rules of its client and its APIs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<ClaimRule>,
    /// Whether a scope may be the `client_id` of a client, which is then in the token's audience. The client that asks
    /// is in it too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub client_ids_as_scopes: bool,
    /// Products whose clients are served as they are, beside those of the standards.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dialects: Vec<Dialect>,
    /// What the issuer has behind the tenant's URL. It is another issuer then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer_path: Option<IssuerPath>,
    /// Whether UserInfo answers an access token without `openid` (OIDC Core section 5.3 has it answer those alone).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub userinfo_without_openid: bool,
    /// Whether who holds an access token may revoke it without being its client (RFC 7009 section 2.1 wants the client).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub revocation_by_bearer: bool,
    /// What clients may have that register themselves; without it none can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<RegistrationPolicy>,
    /// What tokens say of how well somebody authenticated.
    #[serde(default, skip_serializing_if = "ContextClasses::is_empty")]
    pub acr: ContextClasses,
    /// When guessing is slowed down.
    #[serde(default)]
    pub lockout: LockPolicy,
    /// What a new password must be.
    #[serde(default)]
    pub password_policy: PasswordPolicy,
}

/// The authentication context class (`acr`) of tokens, by the grant that began them: OIDC Core section 2, RFC 9470 section 6.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ContextClasses {
    /// Of a user who signed in by password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// Of a client that acts for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_credentials: Option<String>,
}

impl ContextClasses {
    /// Whether none is named.
    pub const fn is_empty(&self) -> bool {
        self.password.is_none() && self.client_credentials.is_none()
    }

    /// Those that are named.
    pub fn named(&self) -> impl Iterator<Item = &str> {
        [&self.password, &self.client_credentials]
            .into_iter()
            .flatten()
            .map(String::as_str)
    }
}

/// A tenant as a request needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its name.
    pub id: TenantId,
    /// What its operator decided.
    pub settings: TenantSettings,
    /// Its keys.
    pub keys: KeyRing,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenant_names() {
        for good in ["default", "acme", "a", "a-1"] {
            assert_eq!(TenantId::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "", "-a", "a-", "Acme", "a.b", "a/b", "token", "jwks", "a#b", "ä",
        ] {
            assert!(TenantId::parse(bad).is_err(), "{bad}");
        }
        assert!(TenantId::parse(&"a".repeat(64)).is_err());
    }
}
