//! Answers, taken apart and put together again.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use latchkey_oauth::route::{Endpoint, FOREIGN};
use serde_json::{Map, Value};

use crate::Asked;

/// What these products call the `token_type` of an access token that is introspected.
pub const ACCESS_TOKEN: &str = "access_token";

/// The same answer with members of its JSON object changed; any other answer as it is.
pub fn with_members(
    response: Response<Bytes>,
    change: impl FnOnce(&mut Map<String, Value>),
) -> Response<Bytes> {
    let Ok(Value::Object(mut members)) = serde_json::from_slice(response.body()) else {
        return response;
    };
    change(&mut members);
    let (mut parts, body) = response.into_parts();
    // What was an object is one, and always serialises.
    let body = serde_json::to_vec(&members).map_or(body, Bytes::from);
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, body)
}

/// The same answer with another body, in JSON.
pub fn with_body(response: Response<Bytes>, body: &Value) -> Response<Bytes> {
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(CONTENT_LENGTH);
    let json = HeaderValue::from_static("application/json");
    parts.headers.insert(CONTENT_TYPE, json);
    Response::from_parts(parts, Bytes::from(body.to_string()))
}

/// The same, if it went well.
pub fn with_members_of_success(
    response: Response<Bytes>,
    change: impl FnOnce(&mut Map<String, Value>),
) -> Response<Bytes> {
    if response.status() == StatusCode::OK {
        with_members(response, change)
    } else {
        response
    }
}

/// Another word for the `token_type`, where there is one: RFC 6749 section 5.1, RFC 7662 section 2.2.
pub fn retype(members: &mut Map<String, Value>, name: &str) {
    if let Some(token_type) = members.get_mut("token_type") {
        *token_type = Value::from(name);
    }
}

/// Metadata that names the product's paths instead of the standard's, as far as it has its own.
pub fn with_own_paths(asked: &Asked, response: Response<Bytes>) -> Response<Bytes> {
    with_members_of_success(response, |members| {
        for foreign in FOREIGN.iter().rev() {
            let member = member(foreign.endpoint);
            // Whoever reads metadata revokes by POST (RFC 7009 section 2.1), where the product has only GET.
            let revocation_by_get =
                foreign.endpoint == Endpoint::Revocation && !foreign.methods.contains("POST");
            if foreign.dialect == asked.at.dialect
                && !revocation_by_get
                && let Some(url) = member.and_then(|member| members.get_mut(member))
            {
                *url = Value::from(format!("{}{}", asked.address, foreign.path));
            }
        }
    })
}

/// The member of the metadata that says where an endpoint is (RFC 8414 section 2).
const fn member(endpoint: Endpoint) -> Option<&'static str> {
    match endpoint {
        Endpoint::Token => Some("token_endpoint"),
        Endpoint::Introspection => Some("introspection_endpoint"),
        Endpoint::UserInfo => Some("userinfo_endpoint"),
        Endpoint::Revocation => Some("revocation_endpoint"),
        Endpoint::Jwks => Some("jwks_uri"),
        Endpoint::Registration => Some("registration_endpoint"),
        Endpoint::Password
        | Endpoint::OpenIdConfiguration
        | Endpoint::AuthorizationServerMetadata
        | Endpoint::ClientConfiguration
        | Endpoint::Activation
        | Endpoint::Manage => None,
    }
}
