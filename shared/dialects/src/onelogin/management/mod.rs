//! `/api/2/api_authorizations` and what is below it: APIs, their scopes, claims and clients, by numbers, in other words.

mod refusal;
mod told;
mod words;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{Method, Response};
use latchkey_oauth::endpoint::translate::Heard;
use latchkey_oauth::form::MAX_BODY;
use latchkey_oauth::segment;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use self::words::Wrong;
use crate::basic;

/// The most of a list that the management API tells at once.
const LIMIT: usize = 100;

/// What a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Api,
    Scope,
    Claim,
    Client,
}

/// What it asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    List,
    Create,
    Read,
    Change,
    Delete,
}

/// What was asked, as far as the answer depends on it.
#[derive(Debug)]
pub struct Managing {
    kind: Kind,
    verb: Verb,
    /// The number of the API in the path.
    api: Option<u32>,
    /// What is wrong with the body, in the product's words. The management API refuses what was made of it as well.
    wrong: Vec<Wrong>,
}

pub fn request(heard: Heard<'_>) -> Managing {
    let Heard {
        parts, body, below, ..
    } = heard;
    bearer(parts);
    let segments: Vec<&str> = below.split('/').collect();
    let found = match segments.as_slice() {
        [""] => Some((Kind::Api, None, None)),
        [api] => Some((Kind::Api, Some(*api), Some(*api))),
        [api, list] => list_of(list).map(|kind| (kind, Some(*api), None)),
        [api, list, id] => list_of(list).map(|kind| (kind, Some(*api), Some(*id))),
        _ => None,
    };
    let Some((kind, api, id)) = found else {
        return nowhere(below);
    };
    let verb = match (parts.method.as_str(), id) {
        ("POST", None) => Verb::Create,
        ("PUT", Some(_)) => Verb::Change,
        ("DELETE", Some(_)) => Verb::Delete,
        ("GET" | "HEAD", None) => Verb::List,
        ("GET" | "HEAD", Some(_)) => Verb::Read,
        _ => return nowhere(below),
    };
    // Numbers alone: nothing is to be had here by the names that it has elsewhere. Only clients are called there as here.
    let number = |text: &str| text.parse::<u32>().ok();
    let by_number = |text: Option<&str>| text.is_none_or(|text| number(text).is_some());
    if !by_number(api) || (kind != Kind::Client && !by_number(id)) {
        return nowhere(below);
    }
    let mut managing = Managing {
        kind,
        verb,
        api: api.and_then(number),
        wrong: Vec::new(),
    };
    *below = if api.is_some() {
        format!("apis/{below}")
    } else {
        "apis".to_owned()
    };
    match verb {
        Verb::List => list(parts, kind),
        Verb::Create | Verb::Change => write(&mut managing, parts, body, below),
        Verb::Delete => set(parts, IF_MATCH, "*"),
        Verb::Read => {}
    }
    managing
}

/// `Authorization: bearer:TOKEN`, as its first version had it and scripts still have, said as RFC 6750 does.
fn bearer(parts: &mut Parts) {
    let token = basic::header(parts).and_then(|it| it.strip_prefix("bearer:"));
    if let Some(header) = token.map(|it| Zeroizing::new(format!("Bearer {}", it.trim()))) {
        basic::replace(parts, &header);
    }
}

/// What a list of an API's is of.
fn list_of(name: &str) -> Option<Kind> {
    match name {
        "scopes" => Some(Kind::Scope),
        "claims" => Some(Kind::Claim),
        "clients" => Some(Kind::Client),
        _ => None,
    }
}

/// A path that leads nowhere does so in the management API, too.
fn nowhere(below: &mut String) -> Managing {
    below.clear();
    Managing {
        kind: Kind::Api,
        verb: Verb::Read,
        api: None,
        wrong: Vec::new(),
    }
}

/// Puts a body into the management API's words, and says of a write what it is meant for: it is for whatever is there.
fn write(managing: &mut Managing, parts: &mut Parts, body: &mut Bytes, below: &mut String) {
    let said = members(body);
    if said.is_none() {
        managing.wrong.push(Wrong::NoObject);
    }
    let creates = managing.verb == Verb::Create;
    let said = said.unwrap_or_default();
    let mut new = match managing.kind {
        Kind::Api => words::api(said, creates, &mut managing.wrong),
        Kind::Scope => words::scope(said, creates, &mut managing.wrong),
        Kind::Claim => words::claim(said, creates, &mut managing.wrong),
        Kind::Client => {
            let (app, new) = words::client(said, creates, &mut managing.wrong);
            if creates {
                // Without a client the path has an empty segment, and leads to none.
                let segment = app.as_deref().map(segment::of).unwrap_or_default();
                *below = format!("{below}/{segment}");
                parts.method = Method::PUT;
            }
            new
        }
    };
    match (managing.kind, managing.verb) {
        (Kind::Api, Verb::Change) => {
            // What it does not know, it leaves.
            parts.method = Method::PATCH;
            set(parts, IF_MATCH, "*");
        }
        (Kind::Client, Verb::Create) => set(parts, IF_NONE_MATCH, "*"),
        (Kind::Client, Verb::Change) => set(parts, IF_MATCH, "*"),
        (Kind::Api | Kind::Scope | Kind::Claim | Kind::Client, _) => {}
    }
    if managing.wrong.contains(&Wrong::NoObject) {
        // As it was sent, so that the refusal is of that.
        return;
    }
    if managing.wrong.iter().any(Wrong::is_unsaid) {
        // A member without a name: nothing has one, so it is refused.
        new.insert(String::new(), true.into());
    }
    *body = Bytes::from(Value::from(new).to_string());
}

fn members(body: &Bytes) -> Option<Map<String, Value>> {
    if body.len() > MAX_BODY {
        return None;
    }
    latchkey_oauth::json::parse(body).ok()
}

fn set(parts: &mut Parts, name: HeaderName, value: &'static str) {
    parts.headers.insert(name, HeaderValue::from_static(value));
}

/// `limit` and `cursor` are called the same; there are pages by number only as far as the first is meant. Scopes and claims
/// are told all at once.
fn list(parts: &mut Parts, kind: Kind) {
    let in_parts = matches!(kind, Kind::Api | Kind::Client);
    let mut limit = LIMIT;
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()) {
        match (&*name, value.parse::<usize>()) {
            ("limit", Ok(wanted)) if wanted > 0 => limit = wanted.min(LIMIT),
            ("page", Ok(1)) => {}
            // As it is in After-Cursor, whose value it is.
            ("Cursor", _) => {
                query.append_pair("cursor", &value);
            }
            // Whatever else it is, the management API says so.
            (_, _) => {
                query.append_pair(&name, &value);
            }
        }
    }
    if in_parts {
        query.append_pair("limit", &limit.to_string());
    }
    let query = query.finish();
    let path = parts.uri.path();
    let uri = if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    };
    if let Ok(uri) = PathAndQuery::try_from(uri) {
        parts.uri = uri.into();
    }
}

pub fn answer(managing: &Managing, response: Response<Bytes>) -> Response<Bytes> {
    if response.status().is_success() {
        told::answer(managing, response)
    } else {
        refusal::answer(managing, response)
    }
}
