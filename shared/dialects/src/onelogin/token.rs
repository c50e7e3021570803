//! The token that its APIs are called with: `{"grant_type": "client_credentials"}`, credentials in a header of its own, and
//! the answer below `data[0]`. The second version of it answers as the standard does, with one member more. It is revoked
//! as it was asked for.

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use http::{Response, StatusCode};
use latchkey_oauth::endpoint::translate::Heard;
use latchkey_oauth::form::MAX_BODY;
use latchkey_oauth::route::Foreign;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::Asked;
use crate::answer::with_body;
use crate::basic;
use crate::form::Form;

const FIRST: &str = "/auth/oauth2/token";
const SECOND: &str = "/auth/oauth2/v2/token";
const REVOKE: &str = "/auth/oauth2/revoke";

/// Whether this is about the token for its APIs, and not one that it gives as an OpenID provider.
pub fn is_at(at: &Foreign) -> bool {
    [FIRST, SECOND, REVOKE].contains(&at.path)
}

pub fn request(heard: Heard<'_>) {
    if !own_header(heard.parts) {
        basic::encode(heard.parts);
    }
    let form = form(heard.parts, heard.body).or_else(|| Form::of(heard.parts, heard.body));
    if let Some(mut form) = form {
        in_header(heard.parts, &mut form);
        if heard.at.path == REVOKE {
            form.rename("access_token", "token");
        }
        *heard.body = form.encode();
        let of_a_form = HeaderValue::from_static("application/x-www-form-urlencoded");
        heard.parts.headers.insert(CONTENT_TYPE, of_a_form);
    }
}

/// `Authorization: client_id:X, client_secret:Y`, said as Basic; `false` where it is nothing like it.
fn own_header(parts: &mut Parts) -> bool {
    let Some(text) = basic::header(parts).map(|it| Zeroizing::new(it.to_owned())) else {
        return false;
    };
    let pair = text
        .strip_prefix("client_id:")
        .and_then(|rest| rest.split_once(','));
    let Some((client_id, secret)) = pair else {
        return false;
    };
    let Some(secret) = secret.trim_start().strip_prefix("client_secret:") else {
        return false;
    };
    basic::set(parts, client_id.trim(), secret.trim());
    true
}

/// It takes the credentials in the body as well, from the same client.
fn in_header(parts: &mut Parts, form: &mut Form) {
    if parts.headers.contains_key(AUTHORIZATION) {
        return;
    }
    if let (Some(client_id), Some(secret)) = (form.get("client_id"), form.get("client_secret")) {
        basic::set(parts, client_id, secret);
        form.remove("client_id");
        form.remove("client_secret");
    }
}

/// A JSON body as a form. What is none, or has anything else than plain values in it, stays for the standard's reader to refuse.
fn form(parts: &Parts, body: &Bytes) -> Option<Form> {
    let kind = parts.headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let kind = kind.split(';').next()?.trim();
    if !kind.eq_ignore_ascii_case("application/json") || body.len() > MAX_BODY {
        return None;
    }
    let members: Map<String, Value> = latchkey_oauth::json::parse(body).ok()?;
    let pairs = members.into_iter().filter_map(|(name, value)| {
        let value = match value {
            Value::Null => return None,
            Value::String(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(yes) => Some(yes.to_string()),
            Value::Array(_) | Value::Object(_) => None,
        };
        Some(value.map(|value| (name, Zeroizing::new(value))))
    });
    pairs.collect::<Option<Vec<_>>>().map(Form::from)
}

pub fn answer(asked: &Asked, response: Response<Bytes>) -> Response<Bytes> {
    let status = response.status();
    if asked.at.path == REVOKE && status == StatusCode::OK {
        return with_body(response, &envelope(status, SUCCESS).into());
    }
    let Ok(Value::Object(mut told)) = serde_json::from_slice(response.body()) else {
        return response;
    };
    if status != StatusCode::OK {
        let message = told.get("error_description").and_then(Value::as_str);
        let body = envelope(status, message.unwrap_or_default());
        return with_body(response, &body.into());
    }
    // RFC 6749 section 5.1: "Value is case insensitive."
    told.insert("token_type".to_owned(), "bearer".into());
    told.insert("created_at".to_owned(), asked.now.rfc3339().into());
    told.remove("scope");
    if asked.at.path == SECOND {
        return with_body(response, &told.into());
    }
    let mut body = envelope(status, SUCCESS);
    body.insert("data".to_owned(), json!([told]));
    with_body(response, &body.into())
}

const SUCCESS: &str = "Success";

fn envelope(status: StatusCode, message: &str) -> Map<String, Value> {
    let kind = match status {
        StatusCode::OK => "success",
        StatusCode::BAD_REQUEST => "bad request",
        other => other.canonical_reason().unwrap_or("error"),
    };
    let told = json!({
        "error": status != StatusCode::OK, "code": status.as_u16(), "type": kind, "message": message,
    });
    Map::from_iter([("status".to_owned(), told)])
}
