//! What verifiers fetch: the metadata documents and the JWK set, cacheable with an ETag.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH, PRAGMA};
use http::{Response, StatusCode};

use super::metadata::Metadata;
use super::{Call, Service};
use crate::client::RegistryRepository;
use crate::directory::Directory;
use crate::error::{ErrorCode, OAuthError};
use crate::hash::sha256;
use crate::http::json;
use crate::route::Endpoint;
use crate::token::jwk::JwkSet;

/// Long enough to spare requests, short enough for a new key to be known well before it signs.
const CACHEABLE: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// Metadata and keys, and what they work with.
#[derive(Debug)]
pub struct DiscoveryEndpoint<R> {
    /// Tenants with their keys.
    pub directory: Directory<R>,
}

impl<R: RegistryRepository> Service for DiscoveryEndpoint<R> {
    type Registry = R;

    fn directory(&self) -> &Directory<R> {
        &self.directory
    }

    fn serves(&self, endpoint: Endpoint) -> bool {
        match endpoint {
            Endpoint::Jwks
            | Endpoint::OpenIdConfiguration
            | Endpoint::AuthorizationServerMetadata => true,
            Endpoint::Token
            | Endpoint::Password
            | Endpoint::Introspection
            | Endpoint::UserInfo
            | Endpoint::Revocation
            | Endpoint::Registration
            | Endpoint::ClientConfiguration
            | Endpoint::Activation
            | Endpoint::Manage => false,
        }
    }

    async fn call(&self, call: Call<'_>) -> Result<Response<Bytes>, OAuthError> {
        let document = match call.endpoint {
            Endpoint::Jwks => json(StatusCode::OK, &JwkSet::of(&call.tenant.keys, call.now))?,
            Endpoint::OpenIdConfiguration | Endpoint::AuthorizationServerMetadata => json(
                StatusCode::OK,
                &Metadata::of(&call.tenant, &call.issuer, call.now),
            )?,
            Endpoint::Token
            | Endpoint::Password
            | Endpoint::Introspection
            | Endpoint::UserInfo
            | Endpoint::Revocation
            | Endpoint::Registration
            | Endpoint::ClientConfiguration
            | Endpoint::Activation
            | Endpoint::Manage => {
                return Err(OAuthError::new(ErrorCode::NotFound, "not_served_here"));
            }
        };
        cacheable(document, &call)
    }
}

/// RFC 9110 sections 8.8.3 and 13.1.2.
fn cacheable(
    mut response: Response<Bytes>,
    call: &Call<'_>,
) -> Result<Response<Bytes>, OAuthError> {
    let etag = format!("\"{}\"", sha256(response.body()));
    let known = call
        .parts
        .headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|tag| tag.trim().trim_start_matches("W/"))
        .any(|tag| tag == etag || tag == "*");
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Bytes::new();
        // RFC 9110 section 15.4.5.
        response.headers_mut().remove(CONTENT_TYPE);
    }
    let etag = HeaderValue::from_str(&etag).map_err(|error| {
        OAuthError::new(ErrorCode::ServerError, "etag_not_a_header").because(error)
    })?;
    let headers = response.headers_mut();
    headers.remove(PRAGMA);
    headers.insert(CACHE_CONTROL, CACHEABLE);
    headers.insert(ETAG, etag);
    Ok(response)
}
