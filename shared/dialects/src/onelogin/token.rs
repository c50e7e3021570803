//! The token that its APIs are called with: `{"grant_type": "client_credentials"}`, credentials in a header of its own, and
//! the answer below `data[0]`. The second version of it answers as the standard does, with one member more.

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use http::{Response, StatusCode};
use latchkey_oauth::endpoint::translate::Heard;
use latchkey_oauth::form::MAX_BODY;
use latchkey_oauth::route::Foreign;
use latchkey_oauth::time::Timestamp;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::Asked;
use crate::answer::with_body;
use crate::basic;
use crate::form::Form;

const FIRST: &str = "/auth/oauth2/token";
const SECOND: &str = "/auth/oauth2/v2/token";

/// Whether this is the token for its APIs, and not the one that it gives as an OpenID provider.
pub fn is_at(at: &Foreign) -> bool {
    at.path == FIRST || at.path == SECOND
}

pub fn request(heard: Heard<'_>) {
    if !own_header(heard.parts) {
        basic::encode(heard.parts);
    }
    let form = form(heard.parts, heard.body).or_else(|| Form::of(heard.parts, heard.body));
    if let Some(mut form) = form {
        in_header(heard.parts, &mut form);
        *heard.body = form.encode();
        let of_a_form = HeaderValue::from_static("application/x-www-form-urlencoded");
        heard.parts.headers.insert(CONTENT_TYPE, of_a_form);
    }
}

/// `Authorization: client_id:X, client_secret:Y`, said as Basic; `false` where it is nothing like it.
fn own_header(parts: &mut Parts) -> bool {
    let mut given = parts.headers.get_all(AUTHORIZATION).iter();
    let (Some(header), None) = (given.next(), given.next()) else {
        return false;
    };
    let Some(text) = header.to_str().ok().map(|it| Zeroizing::new(it.to_owned())) else {
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
    let members: Map<String, Value> = serde_json::from_slice(body).ok()?;
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
    let Ok(Value::Object(mut told)) = serde_json::from_slice(response.body()) else {
        return response;
    };
    let status = response.status();
    if status != StatusCode::OK {
        let message = told.remove("error_description").unwrap_or_default();
        return with_body(response, &envelope(status, &message));
    }
    // RFC 6749 section 5.1: "Value is case insensitive."
    told.insert("token_type".to_owned(), "bearer".into());
    told.insert("created_at".to_owned(), rfc3339(asked.now).into());
    told.remove("scope");
    if asked.at.path == SECOND {
        return with_body(response, &told.into());
    }
    let mut body = envelope(status, &"Success".into());
    if let Value::Object(members) = &mut body {
        members.insert("data".to_owned(), json!([told]));
    }
    with_body(response, &body)
}

fn envelope(status: StatusCode, message: &Value) -> Value {
    let kind = match status {
        StatusCode::OK => "success",
        StatusCode::BAD_REQUEST => "bad request",
        other => other.canonical_reason().unwrap_or("error"),
    };
    json!({"status": {
        "error": status != StatusCode::OK, "code": status.as_u16(), "type": kind, "message": message,
    }})
}

/// The moment in UTC, as RFC 3339 section 5.6 writes it.
fn rfc3339(moment: Timestamp) -> String {
    let (days, second) = (moment.as_unix() / 86_400, moment.as_unix() % 86_400);
    // Years that begin in March end with the day that some have and others have not; 400 of them have as many days as any 400.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    let year = year + era * 400 + next;
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_447_213_018, "2015-11-11T03:36:58Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(rfc3339(Timestamp::from_unix(seconds)), text);
        }
    }
}
