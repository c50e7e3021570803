//! Ubisecure: standard requests at paths of its own; the service that was called tokeninfo takes the token as `access_token`.

use bytes::Bytes;
use http::Response;
use latchkey_oauth::endpoint::translate::Heard;
use latchkey_oauth::route::Endpoint;
use serde_json::Value;

use crate::Asked;
use crate::answer::{ACCESS_TOKEN, retype, with_members_of_success};
use crate::form::Form;

/// The path of introspection before RFC 7662.
const TOKENINFO: &str = "/uas/oauth2/tokeninfo";

/// What tokeninfo calls the token.
pub fn request(heard: Heard<'_>) {
    if heard.at.path == TOKENINFO
        && let Some(mut form) = Form::of(heard.parts, heard.body)
    {
        form.rename("access_token", "token");
        *heard.body = form.encode();
    }
}

/// Introspection tells `aud` as a list, and `azp`, `expires_in` and a `token_type` of its own.
pub fn answer(asked: &Asked, response: Response<Bytes>) -> Response<Bytes> {
    match asked.at.endpoint {
        Endpoint::Introspection => introspection(asked, response),
        Endpoint::Token
        | Endpoint::Password
        | Endpoint::UserInfo
        | Endpoint::Revocation
        | Endpoint::Jwks
        | Endpoint::OpenIdConfiguration
        | Endpoint::AuthorizationServerMetadata
        | Endpoint::Registration
        | Endpoint::ClientConfiguration
        | Endpoint::Activation
        | Endpoint::Manage => response,
    }
}

fn introspection(asked: &Asked, response: Response<Bytes>) -> Response<Bytes> {
    with_members_of_success(response, |members| {
        if members.get("active") != Some(&Value::Bool(true)) {
            return;
        }
        if let Some(client_id) = members.get("client_id").cloned() {
            members.insert("azp".to_owned(), client_id);
        }
        if let Some(aud) = members.get_mut("aud").filter(|aud| aud.is_string()) {
            *aud = Value::Array(vec![aud.take()]);
        }
        if let Some(exp) = members.get("exp").and_then(Value::as_u64) {
            let left = exp.saturating_sub(asked.now.as_unix());
            members.insert("expires_in".to_owned(), Value::from(left));
        }
        retype(members, ACCESS_TOKEN);
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::tests::{heard, told};

    #[test]
    fn golden() {
        let (asked, request) = heard("POST", "/uas/oauth2/tokeninfo", "", "access_token=x%2By");
        insta::assert_snapshot!(request);
        let active = json!({
            "active": true, "client_id": "a", "token_type": "Bearer", "exp": 1_800_000_060_u64, "aud": "b",
        });
        insta::assert_snapshot!(told(&asked, 200, &active));
        insta::assert_snapshot!(told(&asked, 200, &json!({"active": false})));
        let (asked, _) = heard("GET", "/uas/.well-known/openid-configuration", "", "");
        let metadata = json!({"issuer": "i", "token_endpoint": "t", "jwks_uri": "j", "revocation_endpoint": "r"});
        insta::assert_snapshot!(told(&asked, 200, &metadata));
    }
}
