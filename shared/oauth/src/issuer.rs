//! What an issuer is called and where it is: RFC 8414 section 2. The default tenant's is the base URL itself, another's is below it
//! or at a domain of its own.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::Url;

use crate::dialect::Dialect;
use crate::route::{Endpoint, FOREIGN, Foreign};
use crate::tenant::{Tenant, TenantId};

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
}
