//! Both metadata documents, computed from what the server does: RFC 8414 section 2, OIDC Discovery section 3.

use serde::Serialize;

use crate::claims;
use crate::client::ClientAuthMethod;
use crate::grant_type::GrantType;
use crate::issuer::Issuer;
use crate::route::Endpoint;
use crate::scope::OPENID;
use crate::tenant::Tenant;
use crate::time::Timestamp;

/// Claims of an ID token that do not come from the user's profile.
const PROTOCOL_CLAIMS: [&str; 8] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "amr",
    "at_hash",
];

/// What a tenant tells about itself. Both documents have the same members: each standard lets others be.
#[derive(Debug, Serialize)]
pub struct Metadata<'a> {
    issuer: String,
    token_endpoint: String,
    introspection_endpoint: String,
    userinfo_endpoint: String,
    revocation_endpoint: String,
    jwks_uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    registration_endpoint: Option<String>,
    scopes_supported: Vec<&'a str>,
    response_types_supported: [&'static str; 0],
    grant_types_supported: Vec<&'static str>,
    subject_types_supported: [&'static str; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    acr_values_supported: Vec<&'a str>,
    id_token_signing_alg_values_supported: Vec<&'static str>,
    userinfo_signing_alg_values_supported: Vec<&'static str>,
    token_endpoint_auth_methods_supported: Vec<&'static str>,
    introspection_endpoint_auth_methods_supported: Vec<&'static str>,
    revocation_endpoint_auth_methods_supported: Vec<&'static str>,
    /// RFC 8705 section 3.3.
    tls_client_certificate_bound_access_tokens: bool,
    claim_types_supported: [&'static str; 1],
    claims_supported: Vec<&'a str>,
    claims_parameter_supported: bool,
    request_parameter_supported: bool,
    // OIDC Discovery section 3: absent means true.
    request_uri_parameter_supported: bool,
}

impl<'a> Metadata<'a> {
    /// The metadata of a tenant.
    pub fn of(tenant: &'a Tenant, issuer: &Issuer, now: Timestamp) -> Self {
        let url = |endpoint: Endpoint| format!("{}{}", issuer.address(), endpoint.path());
        let methods = |wanted: fn(&ClientAuthMethod) -> bool| {
            ClientAuthMethod::ALL
                .iter()
                .filter(|method| wanted(method))
                .map(|method| method.as_str())
                .collect::<Vec<_>>()
        };
        let own = &tenant.settings.claim_scopes;
        let standard = claims::BY_SCOPE
            .iter()
            .map(|(scope, _)| -> &'a str { scope });
        let own_scopes = own.iter().map(|it| it.scope.as_str());
        let own_scopes =
            own_scopes.filter(|it| !claims::BY_SCOPE.iter().any(|(name, _)| name == it));
        let scopes = std::iter::once(OPENID).chain(standard).chain(own_scopes);
        let own_claims = own.iter().flat_map(|it| &it.claims);
        let mut names: Vec<&'a str> = Vec::new();
        for name in (PROTOCOL_CLAIMS.into_iter().chain(claims::names()))
            .map(|name| -> &'a str { name })
            .chain(own_claims.map(|rule| rule.name.as_str()))
        {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Self {
            issuer: issuer.to_string(),
            token_endpoint: url(Endpoint::Token),
            introspection_endpoint: url(Endpoint::Introspection),
            userinfo_endpoint: url(Endpoint::UserInfo),
            revocation_endpoint: url(Endpoint::Revocation),
            jwks_uri: url(Endpoint::Jwks),
            registration_endpoint: (tenant.settings.registration.as_ref())
                .map(|_| url(Endpoint::Registration)),
            scopes_supported: scopes.collect(),
            // No authorization endpoint, so no response type. RFC 8414 calls the member REQUIRED (section 2) and wants
            // empty arrays left out (section 3.2); clients look for it, so it stays.
            response_types_supported: [],
            grant_types_supported: GrantType::ALL.iter().map(|grant| grant.as_str()).collect(),
            subject_types_supported: ["public"],
            acr_values_supported: tenant.settings.acr.named().collect(),
            id_token_signing_alg_values_supported: algorithms(tenant, now),
            userinfo_signing_alg_values_supported: algorithms(tenant, now),
            token_endpoint_auth_methods_supported: methods(|_| true),
            introspection_endpoint_auth_methods_supported: methods(|it| it.is_confidential()),
            revocation_endpoint_auth_methods_supported: methods(|_| true),
            tls_client_certificate_bound_access_tokens: true,
            claim_types_supported: ["normal"],
            claims_supported: names,
            claims_parameter_supported: false,
            request_parameter_supported: false,
            request_uri_parameter_supported: false,
        }
    }
}

/// The algorithms of the keys that may verify now.
fn algorithms(tenant: &Tenant, now: Timestamp) -> Vec<&'static str> {
    let mut names: Vec<&str> = Vec::new();
    for key in tenant.keys.published(now) {
        if !names.contains(&key.alg.as_str()) {
            names.push(key.alg.as_str());
        }
    }
    names
}
