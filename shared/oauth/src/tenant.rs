//! A tenant is an issuer with clients, users and keys of its own. Nothing crosses.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::Url;

use crate::api::ClaimRule;
use crate::claims::ClaimScope;
use crate::dialect::Dialect;
use crate::lockout::LockPolicy;
use crate::password_policy::PasswordPolicy;
use crate::registration::RegistrationPolicy;
use crate::route::{Endpoint, FOREIGN, Foreign};
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

/// The URL the deployment is reached at: the issuer of the default tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    origin: Box<str>,
    host: Box<str>,
}

/// A URL that cannot be an issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "an issuer is https://HOST[:PORT] without path, query or fragment (http only for a loopback host)"
)]
pub struct MalformedIssuer;

impl BaseUrl {
    /// Reads the base URL: `https`, a host, no path, query, fragment or user information
    /// (RFC 8414 section 2). Plain `http` is taken for a loopback host only.
    ///
    /// # Errors
    /// [`MalformedIssuer`] for anything else.
    pub fn parse(text: &str) -> Result<Self, MalformedIssuer> {
        let url = Url::parse(text).map_err(|_| MalformedIssuer)?;
        let host = url.host_str().ok_or(MalformedIssuer)?;
        let loopback = match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        let scheme_ok = url.scheme() == "https" || (url.scheme() == "http" && loopback);
        // Compared to the letter by clients, so only the form that URL parsing does not change is taken.
        let origin = url.origin().ascii_serialization();
        if scheme_ok && (text == origin) {
            Ok(Self {
                host: host.into(),
                origin: origin.into(),
            })
        } else {
            Err(MalformedIssuer)
        }
    }

    /// Whether this is the base URL's own host.
    pub fn is_at(&self, host: &str) -> bool {
        *self.host == *host
    }

    /// The issuer of a tenant as its settings have it: at its own domain or as [`BaseUrl::issuer`], with the path that it adds.
    pub fn issuer_of(&self, tenant: &Tenant) -> Issuer {
        let issuer = match &tenant.settings.domain {
            Some(domain) => Issuer::at(format!("https://{domain}")),
            None => self.issuer(&tenant.id),
        };
        match tenant.settings.issuer_path {
            Some(path) => issuer.with_path(path),
            None => issuer,
        }
    }

    /// The issuer of `tenant`: the base URL itself, or the base URL with the tenant's segment.
    pub fn issuer(&self, tenant: &TenantId) -> Issuer {
        if tenant.is_default() {
            Issuer::at(self.origin.clone())
        } else {
            Issuer::at(format!("{}/{tenant}", self.origin))
        }
    }
}

/// A host name of a tenant's own, where it is served instead of below the base URL: `login.example.com`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Domain(Box<str>);

/// Text that no tenant's domain can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a domain is a host name in lower case with a dot in it: no scheme, port or path")]
pub struct MalformedDomain;

impl Domain {
    /// Reads a host name.
    ///
    /// # Errors
    /// [`MalformedDomain`] for an address, a single label, or what URL parsing would change.
    pub fn parse(text: &str) -> Result<Self, MalformedDomain> {
        let url = Url::parse(&format!("https://{text}/")).map_err(|_| MalformedDomain)?;
        let is_name = matches!(url.host(), Some(url::Host::Domain(name)) if name == text);
        if is_name && text.contains('.') && text.len() <= 253 {
            Ok(Self(text.into()))
        } else {
            Err(MalformedDomain)
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Domain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// An issuer identifier (RFC 8414 section 2), compared to the letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    identifier: Box<str>,
    /// What of it the paths of endpoints follow.
    address: usize,
}

impl Issuer {
    /// Where endpoints are right below the issuer.
    fn at(address: impl Into<Box<str>>) -> Self {
        let identifier = address.into();
        Self {
            address: identifier.len(),
            identifier,
        }
    }

    /// The same, called with a path behind it; endpoints stay where they are.
    #[must_use]
    pub fn with_path(self, path: IssuerPath) -> Self {
        Self {
            identifier: format!("{}{}", self.identifier, path.as_str()).into(),
            address: self.address,
        }
    }

    /// The identifier.
    pub fn as_str(&self) -> &str {
        &self.identifier
    }

    /// The URL that the paths of endpoints follow.
    pub fn address(&self) -> &str {
        self.identifier.get(..self.address).unwrap_or_default()
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.identifier)
    }
}

/// What an issuer may have behind the tenant's URL: a path below which a product has its metadata (OpenID Connect Discovery
/// section 4), so that clients that were made for that find the issuer they know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IssuerPath(&'static Foreign);

/// A path below which nobody finds metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an issuer's path is one below which a product has its metadata")]
pub struct MalformedIssuerPath;

impl IssuerPath {
    const METADATA: &'static str = "/.well-known/openid-configuration";

    /// Every one.
    pub fn all() -> impl Iterator<Item = Self> {
        let metadata = |it: &&Foreign| it.endpoint == Endpoint::OpenIdConfiguration;
        FOREIGN.iter().filter(metadata).map(Self)
    }

    /// Reads one.
    ///
    /// # Errors
    /// [`MalformedIssuerPath`] for anything else.
    pub fn parse(text: &str) -> Result<Self, MalformedIssuerPath> {
        let mut all = Self::all();
        all.find(|it| it.as_str() == text)
            .ok_or(MalformedIssuerPath)
    }

    /// The path.
    pub fn as_str(self) -> &'static str {
        let path = self.0.path;
        path.strip_suffix(Self::METADATA).unwrap_or(path)
    }

    /// Whose it is, which the tenant must have opened.
    pub const fn dialect(self) -> Dialect {
        self.0.dialect
    }
}

impl Serialize for IssuerPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for IssuerPath {
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
    fn base_urls() {
        for good in [
            "https://id.example.com",
            "https://id.example.com:8443",
            "http://127.0.0.1:9000",
            "http://localhost:9000",
            "http://[::1]:9000",
        ] {
            let base = BaseUrl::parse(good).unwrap();
            assert_eq!(base.issuer(&TenantId::default_tenant()).as_str(), good);
            let acme = TenantId::parse("acme").unwrap();
            assert_eq!(base.issuer(&acme).as_str(), format!("{good}/acme"));
        }
        for bad in [
            "",
            "id.example.com",
            "http://id.example.com",
            "https://id.example.com/",
            "https://id.example.com/path",
            "https://id.example.com?x",
            "https://id.example.com#x",
            "https://user@id.example.com",
            "https://ID.example.com",
            "https://id.example.com:443",
            "ftp://localhost",
        ] {
            assert_eq!(BaseUrl::parse(bad), Err(MalformedIssuer), "{bad}");
        }
    }

    #[test]
    fn domains() {
        for good in ["login.example.com", "a.b", "xn--bcher-kva.example"] {
            assert_eq!(Domain::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "localhost",
            "Login.example.com",
            "login.example.com:8443",
            "127.0.0.1",
            "[::1]",
            "a.b/c",
            "a b.c",
            "u@a.b",
            "b\u{fc}cher.example",
            "a.b?x",
            "a.b#x",
            "1.2",
        ] {
            assert_eq!(Domain::parse(bad), Err(MalformedDomain), "{bad}");
        }
        let base = BaseUrl::parse("https://id.example.com:8443").unwrap();
        assert!(base.is_at("id.example.com") && !base.is_at("login.example.com"));
    }

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
