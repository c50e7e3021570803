//! THE table of paths. The template, the local router and the metadata documents are tested against it.

use crate::tenant::TenantId;
use strum::EnumCount;

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumCount)]
pub enum Endpoint {
    /// RFC 6749 section 3.2.
    Token,
    /// RFC 7662 section 2.
    Introspection,
    /// OIDC Core section 5.3.
    UserInfo,
    /// RFC 7009 section 2.
    Revocation,
    /// RFC 7517 section 5.
    Jwks,
    /// OIDC Discovery section 4.
    OpenIdConfiguration,
    /// RFC 8414 section 3.
    AuthorizationServerMetadata,
    /// The management API: everything below its path.
    Manage,
}

impl Endpoint {
    /// Every endpoint.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Token,
        Self::Introspection,
        Self::UserInfo,
        Self::Revocation,
        Self::Jwks,
        Self::OpenIdConfiguration,
        Self::AuthorizationServerMetadata,
        Self::Manage,
    ];

    /// The path below an issuer.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Token => "/token",
            Self::Introspection => "/introspect",
            Self::UserInfo => "/userinfo",
            Self::Revocation => "/revoke",
            Self::Jwks => "/jwks",
            Self::OpenIdConfiguration => "/.well-known/openid-configuration",
            Self::AuthorizationServerMetadata => "/.well-known/oauth-authorization-server",
            Self::Manage => "/admin/v1",
        }
    }

    /// The Lambda function that serves it.
    pub const fn function(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Introspection => "introspect",
            Self::UserInfo => "userinfo",
            Self::Revocation => "revoke",
            Self::Jwks | Self::OpenIdConfiguration | Self::AuthorizationServerMetadata => {
                "discovery"
            }
            Self::Manage => "manage",
        }
    }

    /// The methods it takes; those that cross origins take OPTIONS as well.
    pub const fn methods(self) -> &'static str {
        match self {
            Self::Token | Self::Introspection | Self::Revocation => "POST",
            Self::UserInfo => "GET, HEAD, POST",
            Self::Jwks | Self::OpenIdConfiguration | Self::AuthorizationServerMetadata => {
                "GET, HEAD"
            }
            Self::Manage => "GET, HEAD, POST, PUT, PATCH, DELETE",
        }
    }

    /// Whether a browser's script on another origin may call it.
    pub const fn cors(self) -> bool {
        match self {
            Self::Token
            | Self::UserInfo
            | Self::Revocation
            | Self::Jwks
            | Self::OpenIdConfiguration
            | Self::AuthorizationServerMetadata => true,
            Self::Introspection | Self::Manage => false,
        }
    }

    /// Whether it also answers where RFC 8414 section 3.1 inserts the well-known part before the issuer's path.
    const fn is_metadata(self) -> bool {
        match self {
            Self::OpenIdConfiguration | Self::AuthorizationServerMetadata => true,
            Self::Token
            | Self::Introspection
            | Self::UserInfo
            | Self::Revocation
            | Self::Jwks
            | Self::Manage => false,
        }
    }

    /// Whether its paths go on below its own, which by itself leads nowhere then.
    pub const fn goes_on(self) -> bool {
        match self {
            Self::Manage => true,
            Self::Token
            | Self::Introspection
            | Self::UserInfo
            | Self::Revocation
            | Self::Jwks
            | Self::OpenIdConfiguration
            | Self::AuthorizationServerMetadata => false,
        }
    }

    /// Whether it tells what went wrong as a problem (RFC 9457), and not as RFC 6749 section 5.2 does.
    pub const fn tells_problems(self) -> bool {
        self.goes_on()
    }

    /// Every path pattern that leads here, with `{tenant}` for a tenant's segment and `{below+}` for one or more segments.
    pub fn patterns(self) -> Vec<String> {
        if self.goes_on() {
            let path = self.path();
            return vec![
                format!("{path}/{{below+}}"),
                format!("/{{tenant}}{path}/{{below+}}"),
            ];
        }
        let path = self.path();
        let mut patterns = vec![path.to_owned(), format!("/{{tenant}}{path}")];
        if self.is_metadata() {
            patterns.push(format!("{path}/{{tenant}}"));
        }
        patterns
    }

    fn at(path: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|endpoint| match endpoint.below(path) {
                Some("") => !endpoint.goes_on(),
                Some(below) => endpoint.goes_on() && below.starts_with('/'),
                None => false,
            })
    }

    fn below(self, path: &str) -> Option<&str> {
        path.strip_prefix(self.path())
    }
}

/// The tenant and endpoint a path leads to. The default tenant has one address only: the base URL.
pub fn resolve(path: &str) -> Option<(TenantId, Endpoint)> {
    if let Some(endpoint) = Endpoint::at(path) {
        return Some((TenantId::default_tenant(), endpoint));
    }
    // RFC 8414 section 3.1: /.well-known/oauth-authorization-server/acme
    for endpoint in Endpoint::ALL.into_iter().filter(|it| it.is_metadata()) {
        let inserted = path
            .strip_prefix(endpoint.path())
            .and_then(|rest| rest.strip_prefix('/'));
        if let Some(tenant) = inserted {
            return named_tenant(tenant).map(|tenant| (tenant, endpoint));
        }
    }
    let (tenant, _) = path.strip_prefix('/')?.split_once('/')?;
    let below = path.get(1 + tenant.len()..)?;
    Some((named_tenant(tenant)?, Endpoint::at(below)?))
}

/// What goes on below an endpoint in a path of `tenant` that leads there.
pub fn below<'a>(path: &'a str, tenant: &TenantId, endpoint: Endpoint) -> &'a str {
    let of_tenant = if tenant.is_default() {
        Some(path)
    } else {
        path.strip_prefix('/')
            .and_then(|it| it.strip_prefix(tenant.as_str()))
    };
    of_tenant
        .and_then(|it| endpoint.below(it))
        .unwrap_or_default()
}

fn named_tenant(segment: &str) -> Option<TenantId> {
    TenantId::parse(segment)
        .ok()
        .filter(|tenant| !tenant.is_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_leads_to_its_endpoint() {
        for endpoint in Endpoint::ALL {
            for pattern in endpoint.patterns() {
                let path = pattern.replace("{below+}", "clients/a");
                let tenant = if pattern.contains("{tenant}") {
                    "acme"
                } else {
                    "default"
                };
                let path = path.replace("{tenant}", "acme");
                let (found, to) = resolve(&path).unwrap();
                assert_eq!((found.as_str(), to), (tenant, endpoint), "{path}");
                let rest = if endpoint.goes_on() { "/clients/a" } else { "" };
                if !endpoint.is_metadata() {
                    assert_eq!(below(&path, &found, to), rest, "{path}");
                }
            }
        }
    }

    #[test]
    fn no_tenant_can_hide_an_endpoint() {
        for endpoint in Endpoint::ALL {
            let first = endpoint.path().split('/').nth(1).unwrap();
            assert!(TenantId::parse(first).is_err(), "{first}");
        }
    }

    #[test]
    fn nothing_else_leads_anywhere() {
        for path in [
            "",
            "/",
            "token",
            "/Token",
            "/token/",
            "/default/token",
            "/a/b/token",
            "//token",
            "/.well-known/jwks",
            "/.well-known/oauth-authorization-server/",
            "/.well-known/oauth-authorization-server/default",
            "/.well-known/oauth-authorization-server/a/b",
            "/token/token",
            "/ACME/token",
            "/admin/v1",
            "/acme/admin/v1",
            "/admin/v10/clients",
            "/admin/v1clients",
            "/default/admin/v1/clients",
            "/admin/admin/v1/clients",
        ] {
            assert_eq!(resolve(path), None, "{path}");
        }
    }
}
