//! ActivID: a grant type of its own for a client's token, tokens that are written in another alphabet, and a level of
//! assurance told with each.

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use http::{Response, StatusCode};
use latchkey_oauth::endpoint::token::ContextClass;
use latchkey_oauth::endpoint::translate::Heard;
use latchkey_oauth::route::Endpoint;
use serde_json::{Value, json};

use crate::Asked;
use crate::answer::with_members_of_success;
use crate::form::Form;

/// What it calls a client's token that is got by a certificate. How a client authenticates is the client's own setting.
const CLIENT_GRANT: &str = "urn:hid:oauth:grant-type:client-secret-pki";
/// How a JWT begins: `{"` in base64url.
const JWT: &str = "eyJ";
/// RFC 6749 section 4.4.2.
const CLIENT_CREDENTIALS: &str = "client_credentials";

pub fn request(heard: Heard<'_>) {
    bearer(heard.parts);
    if let Some(mut form) = Form::of(heard.parts, heard.body) {
        form.change("grant_type", |grant| {
            let grant = if grant == CLIENT_GRANT {
                CLIENT_CREDENTIALS
            } else {
                grant
            };
            grant.to_owned()
        });
        form.change("token", ours);
        // RFC 6750 section 2.2, at UserInfo.
        form.change("access_token", ours);
        *heard.body = form.encode();
    }
}

/// Its tokens are base64, ours base64url: the same bits. A JWT is what others read as well, and stays what it is.
fn theirs(token: &str) -> String {
    if token.starts_with(JWT) {
        return token.to_owned();
    }
    token.replace('-', "+").replace('_', "/")
}

fn ours(token: &str) -> String {
    token.replace('+', "-").replace('/', "_")
}

fn bearer(parts: &mut Parts) {
    let Some(header) = parts.headers.get_mut(AUTHORIZATION) else {
        return;
    };
    let bearer = header.to_str().ok().and_then(|text| text.split_once(' '));
    if let Some((scheme, token)) = bearer
        && scheme.eq_ignore_ascii_case("bearer")
        && let Ok(mut value) = HeaderValue::from_str(&format!("{scheme} {}", ours(token)))
    {
        value.set_sensitive(true);
        *header = value;
    }
}

pub fn answer(asked: &Asked, mut response: Response<Bytes>) -> Response<Bytes> {
    match asked.at.endpoint {
        Endpoint::Token => issued(response),
        Endpoint::UserInfo => {
            let signed = HeaderValue::from_static("application/jwt;charset=UTF-8");
            if response.headers().get(CONTENT_TYPE)
                == Some(&HeaderValue::from_static("application/jwt"))
            {
                response.headers_mut().insert(CONTENT_TYPE, signed);
            }
            response
        }
        Endpoint::Revocation
        | Endpoint::Password
        | Endpoint::Introspection
        | Endpoint::OpenIdConfiguration
        | Endpoint::AuthorizationServerMetadata
        | Endpoint::Jwks
        | Endpoint::Registration
        | Endpoint::ClientConfiguration
        | Endpoint::Activation
        | Endpoint::Manage => response,
    }
}

fn issued(response: Response<Bytes>) -> Response<Bytes> {
    let class = response.extensions().get::<ContextClass>().cloned();
    let mut response = with_members_of_success(response, |members| {
        if let Some(token) = members.get_mut("access_token")
            && let Some(text) = token.as_str()
        {
            *token = Value::from(theirs(text));
        }
        if let Some(ContextClass(Some(class))) = class {
            members.insert("context".to_owned(), json!({"LEVEL_OF_ASSURANCE": class}));
        }
    });
    if response.status() == StatusCode::OK {
        let json = HeaderValue::from_static("application/json;charset=UTF-8");
        response.headers_mut().insert(CONTENT_TYPE, json);
    }
    response
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::tests::{heard, told};

    #[test]
    fn golden() {
        let form = "grant_type=urn:hid:oauth:grant-type:client-secret-pki&client_id=client1";
        let (_, request) = heard("POST", "/authn/token", "", form);
        insta::assert_snapshot!(request);
        let form = "grant_type=password&username=test01&password=password01";
        let (asked, request) = heard("POST", "/authn/token", "Bearer lka.a+b/c", form);
        insta::assert_snapshot!(request);
        let issued =
            json!({"access_token": "lka.a-b_c", "token_type": "Bearer", "expires_in": 3600});
        insta::assert_snapshot!(told(&asked, 200, &issued));
        let form = "token=lka.a%2Bb%2Fc&client_id=client1";
        let (_, request) = heard("POST", "/authn/revoke", "Bearer x", form);
        insta::assert_snapshot!(request);
    }
}
