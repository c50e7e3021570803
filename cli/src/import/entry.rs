//! A row's members as a user, by the rules of the registry file.

use latchkey_oauth::api::ClaimName;
use latchkey_oauth::claims;
use latchkey_registry::UserEntry;
use latchkey_registry::fault::{Faults, Place};
use latchkey_registry::tree::Node;
use latchkey_registry::user;
use serde_json::{Value, json};

use super::formats::Members;

/// The most of one attribute, in bytes of JSON.
const MAX_ATTRIBUTE: usize = 4_096;

/// Reads a user.
///
/// # Errors
/// What is wrong, in words that tell no hash.
pub fn read(mut members: Members) -> Result<UserEntry, String> {
    if members.contains_key("password") {
        return Err("passwords come as hashes: `password_hash`".to_owned());
    }
    match members.remove("password_hash") {
        None | Some(Value::Null) => {}
        Some(hash) => {
            members.insert("password".to_owned(), json!({"hash": hash}));
        }
    }
    let attributes = members.remove("attributes");
    let faults = Faults::default();
    // Without a door: a row refers to no file and no variable of ours.
    let entry = user::read(
        Node::from(Value::Object(members)),
        &Place::default(),
        None,
        &faults,
    );
    let mut entry = match faults.or("", || entry) {
        Ok(Some(entry)) => entry,
        Ok(None) => return Err("nothing can be read".to_owned()),
        Err(faulty) => {
            let faults = faulty.faults.into_iter();
            let told: Vec<String> = faults.map(|fault| told(&fault.message)).collect();
            return Err(told.join(" "));
        }
    };
    add_attributes(&mut entry, attributes)
        .map_err(|fault| format!("user {}: {fault}", entry.username))?;
    Ok(entry)
}

/// A row names the hash otherwise than the registry file.
fn told(message: &str) -> String {
    message.replace("`password`", "`password_hash`")
}

/// The tenant's own attributes stand among the claims, under names that no claim of the standards has.
fn add_attributes(entry: &mut UserEntry, attributes: Option<Value>) -> Result<(), String> {
    let attributes = match attributes {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::Object(attributes)) => attributes,
        Some(_) => return Err("`attributes` is an object of names and values.".to_owned()),
    };
    for (name, value) in attributes {
        if claims::names().any(|claim| claim == name) {
            return Err(format!(
                "the attribute {name} is a claim of its own. Take it out of `attributes`."
            ));
        }
        ClaimName::check(&name).map_err(|error| format!("the attribute {name}: {error}."))?;
        if value.to_string().len() > MAX_ATTRIBUTE {
            return Err(format!("the attribute {name} is longer than 4 KiB."));
        }
        if !value.is_null() {
            entry.claims.insert(name, value);
        }
    }
    Ok(())
}
