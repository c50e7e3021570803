//! OneLogin: a token for its APIs asked for in JSON and told in an envelope; the management of APIs, which it calls API
//! authorizations, in words of its own; and OpenID Connect at paths of its own.

mod management;
mod token;

use bytes::Bytes;
use http::Response;
use latchkey_oauth::endpoint::translate::Heard;
use latchkey_oauth::route::Endpoint;

pub use self::management::Managing;
use crate::Asked;
use crate::answer::{ACCESS_TOKEN, retype, with_members_of_success};
use crate::basic;
use crate::form::Form;

const OFFLINE_ACCESS: &str = "offline_access";

pub fn request(heard: Heard<'_>) -> Option<Managing> {
    match heard.at.endpoint {
        Endpoint::Manage => return Some(management::request(heard)),
        Endpoint::Token | Endpoint::Revocation if token::is_at(heard.at) => token::request(heard),
        Endpoint::Token => {
            if let Some(mut form) = Form::of(heard.parts, heard.body) {
                without_offline_access(&mut form);
                *heard.body = form.encode();
            }
            basic::encode(heard.parts);
        }
        Endpoint::Introspection
        | Endpoint::Revocation
        | Endpoint::Password
        | Endpoint::UserInfo
        | Endpoint::Jwks
        | Endpoint::OpenIdConfiguration
        | Endpoint::AuthorizationServerMetadata
        | Endpoint::Registration
        | Endpoint::ClientConfiguration
        | Endpoint::Activation => basic::encode(heard.parts),
    }
    None
}

/// OIDC Core section 11: its clients ask for a refresh token by a scope. Here a client has one or has none, whatever it asks for.
fn without_offline_access(form: &mut Form) {
    form.change("scope", |scope| {
        let others = scope.split(' ').filter(|it| *it != OFFLINE_ACCESS);
        others.collect::<Vec<_>>().join(" ")
    });
    if form.get("scope") == Some("") {
        form.remove("scope");
    }
}

pub fn answer(asked: &Asked, response: Response<Bytes>) -> Response<Bytes> {
    if let Some(managing) = &asked.managing {
        return management::answer(managing, response);
    }
    match asked.at.endpoint {
        Endpoint::Token | Endpoint::Revocation if token::is_at(asked.at) => {
            token::answer(asked, response)
        }
        Endpoint::Introspection => with_members_of_success(response, |members| {
            retype(members, ACCESS_TOKEN);
        }),
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

#[cfg(test)]
mod tests;
