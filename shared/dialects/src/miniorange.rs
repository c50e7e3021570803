//! miniOrange: credentials in two places at once, scopes with slashes between them, other names for a person's names, and a
//! revocation by GET that says how it went.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use latchkey_oauth::endpoint::bearer;
use latchkey_oauth::endpoint::revoke::Revoked;
use latchkey_oauth::endpoint::translate::Heard;
use latchkey_oauth::route::Endpoint;
use serde_json::json;
use zeroize::Zeroizing;

use crate::Asked;
use crate::answer::{retype, with_body, with_members_of_success};
use crate::basic;
use crate::form::Form;

/// What it calls the claims of OIDC Core section 5.1.
const NAMES: [(&str, &str); 3] = [
    ("given_name", "firstname"),
    ("family_name", "lastname"),
    ("preferred_username", "username"),
];

pub fn request(heard: Heard<'_>) {
    if heard.at.endpoint == Endpoint::Revocation {
        revocation(heard);
        return;
    }
    if let Some(mut form) = Form::of(heard.parts, heard.body) {
        one_place(heard.parts, &mut form);
        form.rename("redirect_url", "redirect_uri");
        form.change("scope", scope);
        *heard.body = form.encode();
    }
    basic::encode(heard.parts);
}

/// `email/ profile` is two scopes: RFC 6749 section 3.3 has a space between them.
fn scope(text: &str) -> String {
    let scopes = text.split(['/', ' ']).filter(|it| !it.is_empty());
    scopes.collect::<Vec<_>>().join(" ")
}

/// The page wants the client's credentials in the header and in the body. RFC 6749 section 2.3: "The client MUST NOT use more
/// than one authentication method in each request"; the same twice is taken for one, and anything else is left to be refused.
fn one_place(parts: &Parts, form: &mut Form) {
    let (Some(client_id), Some(secret)) = (form.get("client_id"), form.get("client_secret")) else {
        return;
    };
    let in_body = Zeroizing::new(format!("{client_id}:{secret}"));
    if basic::plain(parts).as_ref() == Some(&in_body) {
        form.remove("client_secret");
    }
}

/// A GET with nothing but the token in its header becomes RFC 7009's POST for that token.
fn revocation(heard: Heard<'_>) {
    let token = bearer::in_header(heard.parts).ok().flatten().flatten();
    let mut form = form_urlencoded::Serializer::new(String::new());
    if let Some(token) = token {
        form.append_pair("token", &token);
    }
    *heard.body = Bytes::from(form.finish());
    heard.parts.method = Method::POST;
    let of_a_form = HeaderValue::from_static("application/x-www-form-urlencoded");
    heard.parts.headers.insert(CONTENT_TYPE, of_a_form);
}

pub fn answer(asked: &Asked, response: Response<Bytes>) -> Response<Bytes> {
    match asked.at.endpoint {
        Endpoint::Token => with_members_of_success(response, |members| {
            // RFC 6749 section 5.1: "Value is case insensitive."
            retype(members, "bearer");
        }),
        Endpoint::UserInfo => with_members_of_success(response, |members| {
            for (standard, its) in NAMES {
                if let Some(value) = members.get(standard).cloned() {
                    members.insert(its.to_owned(), value);
                }
            }
        }),
        Endpoint::Revocation => revoked(response),
        Endpoint::Password
        | Endpoint::Introspection
        | Endpoint::Jwks
        | Endpoint::OpenIdConfiguration
        | Endpoint::AuthorizationServerMetadata
        | Endpoint::Registration
        | Endpoint::ClientConfiguration
        | Endpoint::Activation
        | Endpoint::Manage => response,
    }
}

/// The page's two answers. A store that did not answer is neither.
fn revoked(response: Response<Bytes>) -> Response<Bytes> {
    if response.status() >= StatusCode::INTERNAL_SERVER_ERROR {
        return response;
    }
    let done = response.extensions().get() == Some(&Revoked(true));
    let told = if done {
        json!({"message": "Token has been revoked successfully.", "status": "SUCCESS"})
    } else {
        json!({"message": "Access token is either invalid or expired.", "status": "FAILED"})
    };
    with_body(response, &told)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tests::{heard, told};

    #[test]
    fn scopes_with_slashes() {
        for (said, meant) in [
            ("email/profile", "email profile"),
            ("email/ profile/ openid", "email profile openid"),
            ("email/ profile /openid", "email profile openid"),
            ("email profile", "email profile"),
            ("openid", "openid"),
            ("/", ""),
        ] {
            assert_eq!(scope(said), meant);
        }
    }

    #[test]
    fn golden() {
        let basic = "Basic aWQ6YStiJTJG"; // id:a+b%2F
        let path = "/moas/rest/oauth/token";
        for body in [
            "grant_type=password&client_id=id&client_secret=a%2Bb%252F&scope=email%2Fprofile&redirect_url=u",
            "client_id=id&client_secret=another",
            "grant_type=refresh_token",
        ] {
            let (_, request) = heard("POST", path, basic, body);
            insta::assert_snapshot!(request);
        }
        let (asked, _) = heard("POST", path, basic, "");
        let issued = json!({"access_token": "x", "token_type": "Bearer"});
        insta::assert_snapshot!(told(&asked, 200, &issued));
        let (asked, _) = heard("GET", "/api/oauth/getuserinfo", "Bearer x", "");
        let person = json!({"sub": "s", "given_name": "A", "family_name": "B", "preferred_username": "a", "email": "e"});
        insta::assert_snapshot!(told(&asked, 200, &person));
        let (asked, request) = heard("GET", "/moas/rest/oauth/revoke", "Bearer x+y/z", "");
        insta::assert_snapshot!(request);
        insta::assert_snapshot!(told(&asked, 200, &json!({})));
        insta::assert_snapshot!(told(
            &asked,
            503,
            &json!({"error": "temporarily_unavailable"})
        ));
    }
}
