//! A row's members as a user, by the rules of the registry file.

use latchkey_registry::UserEntry;
use latchkey_registry::fault::{Faults, Place};
use latchkey_registry::tree::Node;
use latchkey_registry::user;
use serde_json::{Value, json};

use super::formats::Members;

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
    let faults = Faults::default();
    // Without a door: a row refers to no file and no variable of ours.
    let entry = user::read(
        Node::from(Value::Object(members)),
        &Place::default(),
        None,
        &faults,
    );
    match faults.or("", || entry) {
        Ok(Some(entry)) => Ok(entry),
        // Whoever reads nothing has said why.
        Ok(None) => Err("nothing can be read.".to_owned()),
        Err(faulty) => {
            let faults = faulty.faults.into_iter();
            // A row names the hash otherwise than the registry file.
            let told = faults.map(|fault| {
                let message = fault.message.replace("`password`", "`password_hash`");
                message.replace(" password,", " password_hash,")
            });
            Err(told.collect::<Vec<_>>().join(" "))
        }
    }
}
