//! Users: what they sign in with and their claims.

use std::collections::BTreeMap;

use latchkey_oauth::password::{Password, StoredPassword};
use latchkey_oauth::time::Seconds;
use latchkey_oauth::user::{Subject, Username};
use serde_json::{Map, Value};

use crate::claims;
use crate::door::Door;
use crate::duration::Bounds;
use crate::fault::{At, Faults, Place};
use crate::fields::Fields;
use crate::secret::{self, Context, Secret};
use crate::tree::Node;

/// How long a reset token may count.
pub const RESET_LIFETIME: Bounds = Bounds {
    least: Seconds::minutes(1),
    most: Seconds::days(7),
};

/// A user as one is described.
#[derive(Debug, Clone)]
pub struct UserEntry {
    /// What they sign in with.
    pub username: Username,
    /// Their subject; where nothing is said, the store's or a new one.
    pub subject: Option<Subject>,
    /// Their password; where nothing is said, the store's.
    pub password: Option<UserPassword>,
    /// Whether they are shut out; where nothing is said, the store decides.
    pub disabled: Option<bool>,
    /// Their claims.
    pub claims: Map<String, Value>,
    /// Where their `username` stands.
    pub at: Option<At>,
}

/// What is said of a user's password.
#[derive(Debug, Clone)]
pub enum UserPassword {
    /// This one.
    Plain(Password),
    /// The one with this hash.
    Hash(StoredPassword),
    /// To be asked for where the store has none.
    Prompt,
    /// To be made up where the store has none.
    Generate,
}

/// Reads a tenant's users.
pub fn read_all(
    nodes: Vec<Node>,
    place: &Place,
    door: Door<'_>,
    faults: &Faults,
) -> Vec<UserEntry> {
    let mut names: BTreeMap<Username, ()> = BTreeMap::new();
    let mut subjects: BTreeMap<Subject, Username> = BTreeMap::new();
    let mut entries = Vec::new();
    for node in nodes {
        let Some(entry) = read(node, place, door, faults) else {
            continue;
        };
        let name = &entry.username;
        if names.insert(name.clone(), ()).is_some() {
            let message =
                format!("a second user {name} (names differing in case are one). Take one out.");
            faults.at(entry.at.clone(), place, message);
        } else if let Some(subject) = &entry.subject
            && let Some(other) = subjects.insert(subject.clone(), name.clone())
        {
            let message = format!(
                "users {other} and {name} have the same `sub`. A subject is one user's only (OIDC Core section 2)."
            );
            faults.at(entry.at.clone(), place, message);
        }
        entries.push(entry);
    }
    entries
}

/// Reads a user. `None` only if there is no `username` to go by; all faults are told either way.
pub fn read(node: Node, place: &Place, door: Door<'_>, faults: &Faults) -> Option<UserEntry> {
    let mut fields = Fields::open(node, place.inside("a user"), faults)?;
    let name = fields.parsed("username", Username::parse);
    let username = fields.require("username", name);
    if let Some(username) = &username {
        fields.place = place.inside(&format!("user {username}"));
    }
    let subject = fields.parsed("sub", Subject::parse);
    let node = fields.secret("password");
    let password = node.and_then(|node| password(node, &fields.place, door, faults));
    let disabled = fields.boolean("disabled");
    let claims = claims::read(&mut fields);
    let at = fields.at("username");
    fields.close();
    Some(UserEntry {
        // Without it the rest was read for its faults alone.
        username: username?,
        subject,
        password,
        disabled,
        claims,
        at,
    })
}

/// Reads a password.
pub fn password(
    node: Node,
    place: &Place,
    door: Door<'_>,
    faults: &Faults,
) -> Option<UserPassword> {
    let context = Context {
        door,
        place,
        faults,
        name: "password",
    };
    let at = node.at.clone();
    let password = match context.find(node)? {
        Secret::Plain(text) => secret::password(&text).map(UserPassword::Plain),
        Secret::Hash(text) => secret::password_hash(&text).map(UserPassword::Hash),
        Secret::Prompt => Ok(UserPassword::Prompt),
        Secret::Generate => Ok(UserPassword::Generate),
    };
    password
        .map_err(|message| context.refuse::<()>(at, format!("`password`: {message}.")))
        .ok()
}
