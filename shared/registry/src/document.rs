//! The way back: what is kept, in the fields it would be described in. It goes over the stored form of a type, so that a
//! field that is added to one is told without anybody thinking of it here. Never a secret, and no hash of one.

use latchkey_oauth::api::Api;
use latchkey_oauth::client::Client;
use latchkey_oauth::tenant::{TenantId, TenantSettings};
use latchkey_oauth::time::Seconds;
use latchkey_oauth::user::User;
use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use crate::claims::CLAIMS;
use crate::duration;

/// Members that are kept as seconds and described as durations.
const DURATIONS: [&str; 3] = ["refresh_token_retry_window", "longest", "memory"];
/// A client's secrets, hashed.
const SECRETS: &str = "client_secret_hashes";

/// A client, without its secrets, and without what only the server says of one that registered itself.
pub fn client(client: &Client) -> Map<String, Json> {
    let mut fields = described(client);
    fields.remove("registration");
    fields
}

/// An API.
pub fn api(api: &Api) -> Map<String, Json> {
    described(api)
}

/// A tenant's own settings; its clients, APIs and users are apart.
pub fn tenant(id: &TenantId, settings: &TenantSettings) -> Map<String, Json> {
    let mut fields = described(settings);
    fields.insert("tenant".to_owned(), id.as_str().into());
    fields
}

/// A user, without the password.
pub fn user(user: &User) -> Map<String, Json> {
    let mut fields = Map::new();
    fields.insert("username".to_owned(), user.profile.username.as_str().into());
    fields.insert("sub".to_owned(), user.profile.subject.as_str().into());
    fields.insert("disabled".to_owned(), user.credentials.disabled.into());
    let mut own = Map::new();
    for (name, value) in &user.profile.claims {
        let standard = CLAIMS.iter().any(|(claim, _)| claim == name);
        let place = if standard { &mut fields } else { &mut own };
        place.insert(name.clone(), value.clone());
    }
    if !own.is_empty() {
        fields.insert("attributes".to_owned(), own.into());
    }
    fields
}

fn described(kept: &impl Serialize) -> Map<String, Json> {
    // What could not be serialised could not have been kept either.
    match serde_json::to_value(kept).unwrap_or_default() {
        Json::Object(members) => as_described(members),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
            Map::new()
        }
    }
}

fn as_described(members: Map<String, Json>) -> Map<String, Json> {
    let mut fields = Map::new();
    for (name, value) in members {
        if name == SECRETS {
            continue;
        }
        if let ("lifetimes", Json::Object(lifetimes)) = (name.as_str(), &value) {
            for (of, seconds) in lifetimes {
                fields.insert(format!("{of}_lifetime"), as_duration(seconds));
            }
            continue;
        }
        if let ("tls_client_auth", Json::Object(name)) = (name.as_str(), &value) {
            for (of, text) in name {
                fields.insert(format!("tls_client_auth_{of}"), text.clone());
            }
            continue;
        }
        if let ("certificates", Json::Array(known)) = (name.as_str(), &value) {
            let keys = known.iter().map(|known| json!({"x5c": [known]}));
            fields.insert("jwks".to_owned(), json!({"keys": keys.collect::<Vec<_>>()}));
            continue;
        }
        if let ("description", Json::Object(said)) = (name.as_str(), &value) {
            fields.extend(said.clone());
            continue;
        }
        let value = if name == "constant" {
            // The tenant's own, whatever its members are called.
            value
        } else if DURATIONS.contains(&name.as_str()) {
            as_duration(&value)
        } else {
            nested(value)
        };
        // An empty scope is one that nothing is said about.
        if name == "constant" || value != "" {
            fields.insert(name, value);
        }
    }
    fields
}

fn nested(value: Json) -> Json {
    match value {
        Json::Object(members) => as_described(members).into(),
        Json::Array(values) => values.into_iter().map(nested).collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => value,
    }
}

fn as_duration(value: &Json) -> Json {
    match value.as_u64() {
        Some(seconds) => duration::show(Seconds(seconds)).into(),
        None => value.clone(),
    }
}
