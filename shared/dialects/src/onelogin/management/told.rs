//! What went well, told in the product's words.

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue, LINK, LOCATION};
use http::{Response, StatusCode};
use latchkey_oauth::hash::number;
use serde_json::{Map, Value, json};

use super::words::ATTRIBUTES;
use super::{Kind, Managing, Verb};
use crate::answer::with_body;

/// Where the rest of a list begins.
const AFTER_CURSOR: HeaderName = HeaderName::from_static("after-cursor");

pub fn answer(managing: &Managing, mut response: Response<Bytes>) -> Response<Bytes> {
    // Those are paths of the management API.
    response.headers_mut().remove(LOCATION);
    response.headers_mut().remove(LINK);
    if response.status() == StatusCode::NO_CONTENT {
        return response;
    }
    let Ok(Value::Object(told)) = serde_json::from_slice(response.body()) else {
        return response;
    };
    let body = match managing.verb {
        Verb::List => {
            let cursor = told.get("next_cursor").and_then(Value::as_str);
            if let Some(Ok(cursor)) = cursor.map(HeaderValue::from_str) {
                response.headers_mut().insert(AFTER_CURSOR, cursor);
            }
            list(managing, &told)
        }
        Verb::Read => one(managing, &told),
        Verb::Create | Verb::Change => written(managing, &told),
        Verb::Delete => return response,
    };
    with_body(response, &body)
}

fn list(managing: &Managing, told: &Map<String, Value>) -> Value {
    let member = match managing.kind {
        Kind::Api => "apis",
        Kind::Scope => "scopes",
        Kind::Claim => "claims",
        Kind::Client => "clients",
    };
    let items = told.get(member).and_then(Value::as_array);
    let items = items.into_iter().flatten().filter_map(Value::as_object);
    items.map(|it| one(managing, it)).collect()
}

fn one(managing: &Managing, it: &Map<String, Value>) -> Value {
    let told = match managing.kind {
        Kind::Api => api(it),
        Kind::Scope => scope(it),
        Kind::Claim => claim(it),
        Kind::Client => client(managing, it),
    };
    told.into()
}

/// After a write it tells what the thing is called by.
fn written(managing: &Managing, it: &Map<String, Value>) -> Value {
    match managing.kind {
        Kind::Api => json!({"id": id(it, "resource")}),
        Kind::Scope => json!({"id": id(it, "value")}),
        Kind::Claim => json!({"id": id(it, "name")}),
        Kind::Client => json!({"app_id": app(it), "api_auth_id": managing.api}),
    }
}

fn text<'a>(it: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    it.get(name).and_then(Value::as_str)
}

fn id(it: &Map<String, Value>, name: &str) -> u32 {
    number(text(it, name).unwrap_or_default())
}

/// A client's identifier, as a number if it is made of nothing else.
fn app(it: &Map<String, Value>) -> Value {
    let id = text(it, "client_id").unwrap_or_default();
    let number = id.parse::<u64>().ok();
    let number = number.filter(|number| number.to_string() == id);
    number.map_or_else(|| id.into(), Value::from)
}

fn copy(from: &Map<String, Value>, name: &str, into: &mut Map<String, Value>, called: &str) {
    if let Some(value) = from.get(name) {
        into.insert(called.to_owned(), value.clone());
    }
}

fn api(it: &Map<String, Value>) -> Map<String, Value> {
    let mut configuration = Map::new();
    copy(it, "resource", &mut configuration, "resource_identifier");
    let audiences = match it.get("audience") {
        Some(audiences) => audiences.clone(),
        // Where nothing is said, it is the identifier.
        None => it.get("resource").cloned().into_iter().collect(),
    };
    configuration.insert("audiences".to_owned(), audiences);
    for token in ["access_token", "refresh_token"] {
        let lifetime = text(it, &format!("{token}_lifetime"));
        if let Some(minutes) = lifetime.and_then(minutes) {
            configuration.insert(format!("{token}_expiration_minutes"), minutes.into());
        }
    }
    let mut told = Map::new();
    told.insert("id".to_owned(), id(it, "resource").into());
    copy(it, "name", &mut told, "name");
    copy(it, "description", &mut told, "description");
    told.insert("configuration".to_owned(), configuration.into());
    told
}

fn scope(it: &Map<String, Value>) -> Map<String, Value> {
    let mut told = Map::new();
    told.insert("id".to_owned(), id(it, "value").into());
    copy(it, "value", &mut told, "value");
    copy(it, "description", &mut told, "description");
    told
}

fn claim(it: &Map<String, Value>) -> Map<String, Value> {
    let mut told = Map::new();
    told.insert("id".to_owned(), id(it, "name").into());
    // It calls it by the one name where it takes it, and by the other where it tells it.
    copy(it, "name", &mut told, "name");
    copy(it, "name", &mut told, "label");
    if let Some(attribute) = text(it, "attribute") {
        let its = ATTRIBUTES.iter().find(|(_, ours)| *ours == attribute);
        let its = its.map_or(attribute, |(its, _)| its);
        told.insert("user_attribute_mappings".to_owned(), its.into());
    }
    told
}

fn client(managing: &Managing, it: &Map<String, Value>) -> Map<String, Value> {
    let mut told = Map::new();
    told.insert("app_id".to_owned(), app(it));
    told.insert("api_auth_id".to_owned(), managing.api.into());
    copy(it, "client_name", &mut told, "name");
    let scopes = it.get("scopes").and_then(Value::as_array);
    let scopes = scopes.into_iter().flatten().filter_map(Value::as_object);
    let scopes: Vec<Value> = scopes.map(|it| scope(it).into()).collect();
    told.insert("scopes".to_owned(), scopes.into());
    told
}

/// The whole minutes of a duration, `1h30m`, and one at least.
fn minutes(duration: &str) -> Option<u64> {
    let mut seconds: u64 = 0;
    for part in duration.split_inclusive(|it: char| !it.is_ascii_digit()) {
        let unit = match part.chars().last()? {
            'd' => 86_400,
            'h' => 3_600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        let count: u64 = part.get(..part.len() - 1)?.parse().ok()?;
        seconds = seconds.checked_add(count.checked_mul(unit)?)?;
    }
    Some((seconds / 60).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_in_minutes() {
        for (duration, told) in [
            ("10m", Some(10)),
            ("1h30m", Some(90)),
            ("1d", Some(1_440)),
            ("90s", Some(1)),
            ("1s", Some(1)),
            ("5", None),
            ("x", None),
            ("5ä", None),
        ] {
            assert_eq!(minutes(duration), told, "{duration}");
        }
    }
}
