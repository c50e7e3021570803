//! Users as JSON Lines, under the names of the registry file.

use latchkey_oauth::claims;
use latchkey_oauth::user::User;
use serde_json::{Map, Value};

use super::tree::{Members, Node};

/// A user on a line.
pub fn line(user: &User) -> serde_json::Result<String> {
    let mut members = named(user);
    let hash = user.credentials.password_hash.as_ref();
    members.add("password_hash", hash);
    add_claims(user, &mut members);
    let mut line = serde_json::to_string(&members)?;
    line.push('\n');
    Ok(line)
}

/// A user within a registry file.
pub fn entry(user: &User) -> Members {
    let mut members = named(user);
    if let Some(hash) = &user.credentials.password_hash {
        let mut secret = Members::default();
        secret.add("hash", hash);
        members.always("password", secret.into());
    }
    add_claims(user, &mut members);
    members
}

fn named(user: &User) -> Members {
    let mut members = Members::default();
    members.add("username", &user.profile.username);
    members.add("sub", &user.profile.subject);
    members.add("disabled", user.credentials.disabled);
    members
}

/// Claims as the standards name them, and below `attributes` the tenant's own.
fn add_claims(user: &User, members: &mut Members) {
    let stored = &user.profile.claims;
    for name in claims::names() {
        if let Some(value) = stored.get(name).filter(|value| !value.is_null()) {
            members.always(name, Node::Plain(value.clone()));
        }
    }
    let own = stored.iter();
    let own = own.filter(|(name, _)| !claims::names().any(|claim| claim == name.as_str()));
    let own: Map<String, Value> = own.map(|(name, it)| (name.clone(), it.clone())).collect();
    members.add("attributes", own);
}
