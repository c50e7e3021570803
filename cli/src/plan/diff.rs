//! Which fields of two versions differ, by their stored form: a field added to a type later is compared without
//! anyone thinking of it here.

use std::collections::{BTreeMap, BTreeSet};

use latchkey_oauth::time::Seconds;
use latchkey_registry::duration;
use serde::Serialize;
use serde_json::{Map, Value};

use super::Verb;

/// A field that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Its name in the registry file.
    pub name: String,
    /// What it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// What it is to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<String>,
}

impl Field {
    /// A field whose values are nobody's business: a secret, or a person's data.
    pub fn untold(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            old: None,
            new: None,
        }
    }
}

/// What is to be done to make `old` into `new`; `None` if nothing is.
pub fn compare<T: Serialize + PartialEq>(old: Option<&T>, new: &T) -> Option<(Verb, Vec<Field>)> {
    let Some(old) = old else {
        return Some((Verb::Create, created(new, None)));
    };
    (old != new).then(|| (Verb::Change, differences(&leaves(old), &leaves(new))))
}

/// The fields of something new, but for those that are as `usual`, or as good as not said.
pub fn created<T: Serialize>(new: &T, usual: Option<&T>) -> Vec<Field> {
    let usual = usual.map(leaves).unwrap_or_default();
    let mut fields = differences(&BTreeMap::new(), &leaves(new));
    fields.retain(|field| {
        let as_usual = field.new.is_some() && usual.get(&field.name) == field.new.as_ref();
        let unsaid = matches!(field.name.as_str(), "client_id" | "resource")
            || matches!(field.new.as_deref(), Some("" | "false" | "0s"));
        !as_usual && !unsaid
    });
    fields
}

/// Says of the fields that are no longer set what holds instead.
pub fn tell_instead(fields: &mut [Field], instead: impl Fn(&str) -> Option<String>) {
    for field in fields {
        if field.old.is_some() && field.new.is_none() {
            field.new = instead(&field.name);
        }
    }
}

/// Names of claims that differ; their values are a person's own.
pub fn claims(old: &Map<String, Value>, new: &Map<String, Value>) -> Vec<Field> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let differing = names
        .into_iter()
        .filter(|name| old.get(*name) != new.get(*name));
    differing.map(Field::untold).collect()
}

fn differences(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<Field> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let fields = names
        .into_iter()
        .map(|name| (name, before.get(name), after.get(name)));
    fields
        .filter(|(_, old, new)| old != new)
        .map(|(name, old, new)| {
            if name == SECRETS {
                return Field::untold("client_secret");
            }
            if OF_REGISTRATION.contains(&name.as_str()) {
                return Field::untold(name);
            }
            Field {
                name: name.clone(),
                old: old.cloned(),
                new: new.cloned(),
            }
        })
        .collect()
}

const SECRETS: &str = "client_secret_hashes";
/// Hashes of what a client registered with.
const OF_REGISTRATION: [&str; 2] = [
    "registration.access_token",
    "registration.activation.code.hash",
];

/// Every value by its name in the registry file.
fn leaves(of: &impl Serialize) -> BTreeMap<String, String> {
    let mut leaves = BTreeMap::new();
    // What cannot be serialised could not have been stored either.
    let value = serde_json::to_value(of).unwrap_or_default();
    if let Value::Object(members) = value {
        gather("", &members, &mut leaves);
    }
    leaves
}

fn gather(prefix: &str, members: &Map<String, Value>, leaves: &mut BTreeMap<String, String>) {
    for (name, value) in members {
        let name = match prefix {
            "" => name.clone(),
            "lifetimes" => format!("{name}_lifetime"),
            _ => format!("{prefix}.{name}"),
        };
        match value {
            Value::Object(members) => gather(&name, members, leaves),
            Value::Array(values) if values.is_empty() => {}
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => {
                leaves.insert(name.clone(), show(&name, value));
            }
        }
    }
}

fn show(name: &str, value: &Value) -> String {
    let is_duration = ["_lifetime", "_window", ".longest", ".memory"]
        .iter()
        .any(|end| name.ends_with(end));
    match value {
        Value::Number(number) if is_duration => match number.as_u64() {
            Some(seconds) => duration::show(Seconds(seconds)),
            None => number.to_string(),
        },
        Value::String(text) => text.clone(),
        Value::Array(values) => {
            let texts: Vec<String> = values.iter().map(|value| show("", value)).collect();
            texts.join(", ")
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use latchkey_oauth::client::{Client, ClientSecretHash};
    use latchkey_testkit::fixtures;
    use proptest::prelude::*;

    use super::*;

    fn client() -> impl Strategy<Value = Client> {
        let scope = proptest::option::of("[ab]( [cd])?");
        let parts = (
            scope,
            0_u64..3,
            any::<bool>(),
            0_usize..3,
            proptest::option::of(0_u64..90_000),
        );
        parts.prop_map(|(scope, window, disabled, secrets, lifetime)| {
            let mut client = fixtures::confidential("shop");
            client.default_scope = scope.map(|scope| fixtures::scope(&scope));
            client.refresh_token_retry_window = Seconds(window);
            client.disabled = disabled;
            let hashes = (0..secrets).map(|secret| ClientSecretHash::of(&secret.to_string()));
            client.client_secret_hashes = hashes.collect();
            client.lifetimes.access_token = lifetime.map(Seconds);
            client
        })
    }

    proptest! {
        #[test]
        fn what_differs_is_named_and_what_does_not_is_not(old in client(), new in client()) {
            let found = compare(Some(&old), &new);
            prop_assert_eq!(found.is_none(), old == new);
            let names: Vec<String> = found.into_iter().flat_map(|(_, fields)| fields).map(|field| field.name).collect();
            let differs = |name: &str| names.iter().any(|known| known == name);
            prop_assert_eq!(names.is_empty(), old == new);
            prop_assert_eq!(differs("disabled"), old.disabled != new.disabled);
            prop_assert_eq!(differs("default_scope"), old.default_scope != new.default_scope);
            prop_assert_eq!(differs("access_token_lifetime"), old.lifetimes != new.lifetimes);
            prop_assert_eq!(differs("client_secret"), old.client_secret_hashes != new.client_secret_hashes);
        }

        #[test]
        fn hashes_are_not_told(old in client(), new in client()) {
            let fields = compare(Some(&old), &new).map(|(_, fields)| fields).unwrap_or_default();
            for secret in 0..3 {
                let hash = serde_json::to_value(ClientSecretHash::of(&secret.to_string())).unwrap();
                let told = serde_json::to_string(&fields).unwrap();
                prop_assert!(!told.contains(hash.as_str().unwrap()));
            }
        }
    }
}
