//! Paths of products whose clients are served as they are: the same endpoints under other names. What is said there is
//! translated by `latchkey_dialects`; here is only where.

use super::{Below, Endpoint};
use crate::dialect::Dialect;

/// A path that is a product's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Foreign {
    /// Whose.
    pub dialect: Dialect,
    /// The path below a tenant's.
    pub path: &'static str,
    /// The methods it takes.
    pub methods: &'static str,
    /// What may follow it.
    pub below: Below,
    /// Which endpoint answers there.
    pub endpoint: Endpoint,
}

const fn at(
    dialect: Dialect,
    methods: &'static str,
    path: &'static str,
    endpoint: Endpoint,
) -> Foreign {
    Foreign {
        dialect,
        path,
        methods,
        below: Below::Nothing,
        endpoint,
    }
}

/// Everything below a path.
const fn below(
    dialect: Dialect,
    methods: &'static str,
    path: &'static str,
    endpoint: Endpoint,
) -> Foreign {
    Foreign {
        below: Below::Anything,
        ..at(dialect, methods, path, endpoint)
    }
}

/// THE table of them.
pub const FOREIGN: [Foreign; 29] = [
    at(Dialect::OnePortal, "POST", "/openid/token", Endpoint::Token),
    at(
        Dialect::OnePortal,
        "POST",
        "/openid/introspect",
        Endpoint::Introspection,
    ),
    at(Dialect::ActivId, "POST", "/authn/token", Endpoint::Token),
    at(
        Dialect::ActivId,
        "GET, HEAD, POST",
        "/authn/userinfo",
        Endpoint::UserInfo,
    ),
    at(
        Dialect::ActivId,
        "POST",
        "/authn/revoke",
        Endpoint::Revocation,
    ),
    at(
        Dialect::MiniOrange,
        "POST",
        "/moas/rest/oauth/token",
        Endpoint::Token,
    ),
    at(
        Dialect::MiniOrange,
        "GET, HEAD",
        "/moas/rest/oauth/getuserinfo",
        Endpoint::UserInfo,
    ),
    at(
        Dialect::MiniOrange,
        "GET, HEAD",
        "/api/oauth/getuserinfo",
        Endpoint::UserInfo,
    ),
    at(
        Dialect::MiniOrange,
        "POST",
        "/moas/rest/oauth/introspect",
        Endpoint::Introspection,
    ),
    at(
        Dialect::MiniOrange,
        "GET",
        "/moas/rest/oauth/revoke",
        Endpoint::Revocation,
    ),
    at(
        Dialect::MiniOrange,
        "GET, HEAD",
        "/moas/.well-known/openid-configuration",
        Endpoint::OpenIdConfiguration,
    ),
    at(
        Dialect::Ubisecure,
        "POST",
        "/uas/oauth2/token",
        Endpoint::Token,
    ),
    at(
        Dialect::Ubisecure,
        "POST",
        "/uas/oauth2/introspection",
        Endpoint::Introspection,
    ),
    at(
        Dialect::Ubisecure,
        "POST",
        "/uas/oauth2/tokeninfo",
        Endpoint::Introspection,
    ),
    at(
        Dialect::Ubisecure,
        "GET, HEAD, POST",
        "/uas/oauth2/userinfo",
        Endpoint::UserInfo,
    ),
    at(
        Dialect::Ubisecure,
        "GET, HEAD",
        "/uas/.well-known/openid-configuration",
        Endpoint::OpenIdConfiguration,
    ),
    at(
        Dialect::Ubisecure,
        "GET, HEAD",
        "/uas/.well-known/oauth-authorization-server",
        Endpoint::AuthorizationServerMetadata,
    ),
    at(
        Dialect::Ubisecure,
        "GET, HEAD",
        "/uas/oauth2/metadata.jwks",
        Endpoint::Jwks,
    ),
    // Its metadata names the first of two.
    at(Dialect::OneLogin, "POST", "/oidc/2/token", Endpoint::Token),
    at(
        Dialect::OneLogin,
        "POST",
        "/oidc/2/token/introspection",
        Endpoint::Introspection,
    ),
    at(
        Dialect::OneLogin,
        "POST",
        "/oidc/2/token/revocation",
        Endpoint::Revocation,
    ),
    at(
        Dialect::OneLogin,
        "GET, HEAD, POST",
        "/oidc/2/me",
        Endpoint::UserInfo,
    ),
    at(
        Dialect::OneLogin,
        "GET, HEAD",
        "/oidc/2/.well-known/openid-configuration",
        Endpoint::OpenIdConfiguration,
    ),
    at(
        Dialect::OneLogin,
        "GET, HEAD",
        "/oidc/2/certs",
        Endpoint::Jwks,
    ),
    at(
        Dialect::OneLogin,
        "POST",
        "/auth/oauth2/token",
        Endpoint::Token,
    ),
    at(
        Dialect::OneLogin,
        "POST",
        "/auth/oauth2/v2/token",
        Endpoint::Token,
    ),
    at(
        Dialect::OneLogin,
        "POST",
        "/auth/oauth2/revoke",
        Endpoint::Revocation,
    ),
    at(
        Dialect::OneLogin,
        "GET, HEAD, POST",
        "/api/2/api_authorizations",
        Endpoint::Manage,
    ),
    below(
        Dialect::OneLogin,
        "GET, HEAD, POST, PUT, DELETE",
        "/api/2/api_authorizations",
        Endpoint::Manage,
    ),
];
