//! THE table of paths. The template, the local router and the metadata documents are tested against it.

mod foreign;

use strum::EnumCount;

pub use self::foreign::{FOREIGN, Foreign};
use crate::tenant::TenantId;

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumCount)]
pub enum Endpoint {
    /// RFC 6749 section 3.2.
    Token,
    /// A user sets a password of their own.
    Password,
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
    /// RFC 7591 section 3.
    Registration,
    /// RFC 7592 section 2: the registration of one client, below it.
    ClientConfiguration,
    /// A registered client gives the code that lets it in.
    Activation,
    /// The management API: everything below its path.
    Manage,
}

impl Endpoint {
    /// Every endpoint.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Token,
        Self::Password,
        Self::Introspection,
        Self::UserInfo,
        Self::Revocation,
        Self::Jwks,
        Self::OpenIdConfiguration,
        Self::AuthorizationServerMetadata,
        Self::Registration,
        Self::ClientConfiguration,
        Self::Activation,
        Self::Manage,
    ];

    /// The path below an issuer.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Token => "/token",
            Self::Password => "/password",
            Self::Introspection => "/introspect",
            Self::UserInfo => "/userinfo",
            Self::Revocation => "/revoke",
            Self::Jwks => "/jwks",
            Self::OpenIdConfiguration => "/.well-known/openid-configuration",
            Self::AuthorizationServerMetadata => "/.well-known/oauth-authorization-server",
            Self::Registration | Self::ClientConfiguration => "/register",
            Self::Activation => "/activate",
            Self::Manage => "/admin/v1",
        }
    }

    /// The Lambda function that serves it.
    pub const fn function(self) -> &'static str {
        match self {
            Self::Token | Self::Password => "token",
            Self::Introspection => "introspect",
            Self::UserInfo => "userinfo",
            Self::Revocation => "revoke",
            Self::Jwks | Self::OpenIdConfiguration | Self::AuthorizationServerMetadata => {
                "discovery"
            }
            Self::Registration | Self::ClientConfiguration | Self::Activation => "register",
            Self::Manage => "manage",
        }
    }

    /// The methods it takes; those that cross origins take OPTIONS as well.
    pub const fn methods(self) -> &'static str {
        match self {
            Self::Token
            | Self::Password
            | Self::Introspection
            | Self::Revocation
            | Self::Registration
            | Self::Activation => "POST",
            Self::ClientConfiguration => "GET, PUT, DELETE",
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
            // A server's business: what it answers are secrets that no page may read.
            Self::Password
            | Self::Introspection
            | Self::Registration
            | Self::ClientConfiguration
            | Self::Activation
            | Self::Manage => false,
        }
    }

    /// Whether it also answers where RFC 8414 section 3.1 inserts the well-known part before the issuer's path.
    pub const fn is_metadata(self) -> bool {
        match self {
            Self::OpenIdConfiguration | Self::AuthorizationServerMetadata => true,
            Self::Token
            | Self::Password
            | Self::Introspection
            | Self::UserInfo
            | Self::Revocation
            | Self::Jwks
            | Self::Registration
            | Self::ClientConfiguration
            | Self::Activation
            | Self::Manage => false,
        }
    }

    /// What may follow the path.
    pub const fn below(self) -> Below {
        match self {
            Self::ClientConfiguration => Below::Segment("client_id"),
            Self::Manage => Below::Anything,
            Self::Token
            | Self::Password
            | Self::Introspection
            | Self::UserInfo
            | Self::Revocation
            | Self::Jwks
            | Self::OpenIdConfiguration
            | Self::AuthorizationServerMetadata
            | Self::Registration
            | Self::Activation => Below::Nothing,
        }
    }

    /// Whether it tells what went wrong as a problem (RFC 9457), and not as RFC 6749 section 5.2 does.
    pub fn tells_problems(self) -> bool {
        self == Self::Manage
    }

    /// Every path pattern that leads here, with `{tenant}` for a tenant's segment and `{below+}` for one or more segments.
    pub fn patterns(self) -> Vec<String> {
        let path = self.below().pattern(self.path());
        let mut patterns = vec![path.clone(), format!("/{{tenant}}{path}")];
        if self.is_metadata() {
            patterns.push(format!("{path}/{{tenant}}"));
        }
        let foreign = FOREIGN.iter().filter(|it| it.endpoint == self);
        for path in foreign.map(|it| it.below.pattern(it.path)) {
            patterns.push(format!("/{{tenant}}{path}"));
            patterns.push(path);
        }
        patterns
    }

    /// The endpoint at a path below an issuer, and what follows it there.
    fn at(path: &str) -> Option<(Self, &str)> {
        Self::ALL.into_iter().find_map(|endpoint| {
            let below = endpoint.below().of(endpoint.path(), path)?;
            Some((endpoint, below))
        })
    }
}

/// What a path below an issuer leads to.
fn at(path: &str) -> Option<(Endpoint, Option<&'static Foreign>, &str)> {
    if let Some((endpoint, below)) = Endpoint::at(path) {
        return Some((endpoint, None, below));
    }
    FOREIGN.iter().find_map(|foreign| {
        let below = foreign.below.of(foreign.path, path)?;
        Some((foreign.endpoint, Some(foreign), below))
    })
}

/// What may follow an endpoint's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Below {
    /// Nothing.
    Nothing,
    /// One segment, of this name.
    Segment(&'static str),
    /// One segment or more.
    Anything,
}

impl Below {
    /// The pattern of a path and what may follow it.
    fn pattern(self, path: &str) -> String {
        match self {
            Self::Nothing => path.to_owned(),
            Self::Segment(name) => format!("{path}/{{{name}}}"),
            Self::Anything => format!("{path}/{{below+}}"),
        }
    }

    /// What follows `known` in `path`, without the `/` between them, if that may be.
    fn of<'a>(self, known: &str, path: &'a str) -> Option<&'a str> {
        let rest = path.strip_prefix(known)?;
        let segments = rest.strip_prefix('/');
        let fits = match self {
            Self::Nothing => rest.is_empty(),
            Self::Segment(_) => segments.is_some_and(|it| !it.is_empty() && !it.contains('/')),
            Self::Anything => segments.is_some_and(|it| !it.is_empty()),
        };
        fits.then(|| segments.unwrap_or(rest))
    }
}

/// Where a path leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route<'a> {
    /// Of which tenant.
    pub tenant: TenantId,
    /// To which endpoint.
    pub endpoint: Endpoint,
    /// As which product's, if the path is one.
    pub foreign: Option<&'static Foreign>,
    /// What follows the endpoint's path, without the `/` before it, as it was sent: percent-encoded.
    pub below: &'a str,
}

/// Where a path leads. The default tenant has one address only: the base URL.
pub fn resolve(path: &str) -> Option<Route<'_>> {
    if let Some((endpoint, foreign, below)) = at(path) {
        return Some(Route {
            tenant: TenantId::default_tenant(),
            endpoint,
            foreign,
            below,
        });
    }
    // RFC 8414 section 3.1: /.well-known/oauth-authorization-server/acme
    for endpoint in Endpoint::ALL.into_iter().filter(|it| it.is_metadata()) {
        let inserted = path
            .strip_prefix(endpoint.path())
            .and_then(|rest| rest.strip_prefix('/'));
        if let Some(tenant) = inserted {
            return Some(Route {
                tenant: named_tenant(tenant)?,
                endpoint,
                foreign: None,
                below: "",
            });
        }
    }
    let (tenant, _) = path.strip_prefix('/')?.split_once('/')?;
    let (endpoint, foreign, below) = at(path.get(1 + tenant.len()..)?)?;
    Some(Route {
        tenant: named_tenant(tenant)?,
        endpoint,
        foreign,
        below,
    })
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
                let tenant = if pattern.contains("{tenant}") {
                    "acme"
                } else {
                    "default"
                };
                let path = pattern.replace("{tenant}", "acme");
                let path = path.replace("{client_id}", "a%20b");
                let path = path.replace("{below+}", "a/b");
                let found = resolve(&path).unwrap();
                assert_eq!(
                    (found.tenant.as_str(), found.endpoint),
                    (tenant, endpoint),
                    "{path}"
                );
                // A product may have a path of its own for what stands below one of ours.
                let goes_on = found.foreign.map_or(endpoint.below(), |it| it.below);
                let below = match goes_on {
                    Below::Nothing => "",
                    Below::Segment(_) => "a%20b",
                    Below::Anything => "a/b",
                };
                assert_eq!(found.below, below, "{path}");
            }
        }
    }

    #[test]
    fn no_tenant_can_hide_an_endpoint() {
        let paths = Endpoint::ALL.map(Endpoint::path);
        for path in paths.into_iter().chain(FOREIGN.iter().map(|it| it.path)) {
            let first = path.split('/').nth(1).unwrap();
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
            "/register/",
            "/admin/v1",
            "/admin/v1/",
            "/admin/v10",
            "/register/a/b",
            "/registered",
            "/acme/register/a/b",
            "/activate/a",
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
