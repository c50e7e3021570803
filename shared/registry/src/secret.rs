//! The forms a secret may have: where it is, rather than what it is.

use std::fmt;
use std::path::Path;

use latchkey_oauth::client::ClientSecretHash;
use latchkey_oauth::hash::Sha256Hash;
use latchkey_oauth::password::{Password, StoredPassword};
use secrecy::{ExposeSecret as _, SecretString};

use crate::door::{Door, Surroundings};
use crate::fault::{At, Faults, Place};
use crate::tree::{Entry, Node, Value};

/// The least characters of a client secret that a person chose.
pub const MIN_CLIENT_SECRET: usize = 16;
/// The most, as the token endpoint takes it.
pub const MAX_CLIENT_SECRET: usize = 1_024;

/// The forms where somebody with variables, files and a terminal asks.
const FORMS: &str = "{env: NAME}, {file: PATH}, {prompt: true}, {generate: true}, {hash: \"...\"} or, for a demonstration, plain text";
/// The forms for whom there is none of these.
const FORMS_WITHOUT_DOOR: &str = "text, {\"generate\": true} or {\"hash\": \"...\"}";

/// A secret, found.
pub enum Secret {
    /// Its text.
    Plain(SecretString),
    /// Its hash, not yet read.
    Hash(String),
    /// To be asked for where the store has none.
    Prompt,
    /// To be made up where the store has none.
    Generate,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a secret")
    }
}

/// What is needed to find secrets and to say what is wrong with them.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Variables and files, where there are any.
    pub door: Door<'a>,
    /// Whose secret it is.
    pub place: &'a Place,
    /// Where faults go.
    pub faults: &'a Faults,
    /// The field.
    pub name: &'a str,
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("place", &self.place)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Context<'_> {
    /// Finds the secret that `node` stands for.
    pub fn find(&self, node: Node) -> Option<Secret> {
        let at = node.at;
        match node.value {
            Value::Text(text) => Some(Secret::Plain(SecretString::from(text))),
            Value::Mapping(entries) => match <[Entry; 1]>::try_from(entries) {
                Ok([entry]) => self.elsewhere(entry),
                Err(_) => self.refuse(at, self.forms()),
            },
            Value::Number(_) | Value::Boolean(_) if At::is_yaml(at.as_ref()) => self.refuse(
                at,
                format!(
                    "`{}` is text, and YAML reads this as something else. Put it in quotes.",
                    self.name
                ),
            ),
            Value::Null | Value::Number(_) | Value::Boolean(_) | Value::List(_) => {
                self.refuse(at, self.forms())
            }
        }
    }

    /// Says what is wrong with the secret.
    pub fn refuse<T>(&self, at: Option<At>, message: String) -> Option<T> {
        self.faults.at(at, self.place, message);
        None
    }

    fn forms(&self) -> String {
        let forms = match self.door {
            Some(_) => FORMS,
            None => FORMS_WITHOUT_DOOR,
        };
        format!("`{}` is one of {forms}.", self.name)
    }

    fn elsewhere(&self, entry: Entry) -> Option<Secret> {
        let at = entry.at;
        match (entry.name.as_str(), entry.node.value, self.door) {
            ("hash", Value::Text(hash), _) => Some(Secret::Hash(hash)),
            ("generate", Value::Boolean(true), _) => Some(Secret::Generate),
            ("env", Value::Text(name), Some(door)) => self.variable(at, &name, door),
            ("file", Value::Text(path), Some(door)) => self.file(at, &path, door),
            ("prompt", Value::Boolean(true), Some(_)) => Some(Secret::Prompt),
            ("hash" | "generate", _, _) | ("env" | "file" | "prompt", _, Some(_)) => {
                self.refuse(at, self.forms())
            }
            (unknown, _, _) => {
                self.refuse(at, format!("unknown form `{unknown}`. {}", self.forms()))
            }
        }
    }

    fn variable(&self, at: Option<At>, name: &str, door: &dyn Surroundings) -> Option<Secret> {
        match door.variable(name) {
            Some(text) if !text.is_empty() => Some(Secret::Plain(SecretString::from(text))),
            Some(_) | None => self.refuse(
                at,
                format!("the environment variable {name} is not set. Set it, then run the command again."),
            ),
        }
    }

    fn file(&self, at: Option<At>, path: &str, door: &dyn Surroundings) -> Option<Secret> {
        match door.read(Path::new(path)) {
            Ok(mut text) => {
                // Editors and `echo` end a file with a line break that is no part of the secret.
                text.truncate(text.trim_end_matches(['\r', '\n']).len());
                Some(Secret::Plain(SecretString::from(text)))
            }
            Err(error) => {
                let start = if at.is_some() && Path::new(path).is_relative() {
                    " A relative path starts at the registry file."
                } else {
                    ""
                };
                let message = format!("the file {path} cannot be read: {error}.{start}");
                self.refuse(at, message)
            }
        }
    }
}

/// A client secret a person chose: RFC 6749 appendix A.2, and not so short that SHA-256 would not protect it.
///
/// # Errors
/// What is wrong with it.
pub fn client_secret(secret: &SecretString) -> Result<ClientSecretHash, String> {
    let text = secret.expose_secret();
    if !text.bytes().all(|byte| matches!(byte, 0x20..=0x7e)) {
        Err("a client secret is printable ASCII".to_owned())
    } else if (MIN_CLIENT_SECRET..=MAX_CLIENT_SECRET).contains(&text.len()) {
        Ok(ClientSecretHash::of(text))
    } else {
        Err(format!(
            "a client secret has {MIN_CLIENT_SECRET} to {MAX_CLIENT_SECRET} characters; {{generate: true}} makes a good one"
        ))
    }
}

/// A client secret's hash as it is written: `sha256:` and base64url.
///
/// # Errors
/// What it must look like.
pub fn client_secret_hash(text: &str) -> Result<ClientSecretHash, String> {
    let encoded = text.strip_prefix("sha256:");
    encoded
        .and_then(Sha256Hash::from_base64url)
        .map(ClientSecretHash::from_hash)
        .ok_or_else(|| {
            "the hash of a client secret is `sha256:` and the 43 base64url characters of its SHA-256".to_owned()
        })
}

/// A password.
///
/// # Errors
/// What is wrong with it.
pub fn password(secret: &SecretString) -> Result<Password, String> {
    Password::parse(secret.expose_secret()).map_err(|error| error.to_string())
}

/// A password's hash.
///
/// # Errors
/// What it must look like.
pub fn password_hash(text: &str) -> Result<StoredPassword, String> {
    StoredPassword::parse(text).map_err(|error| error.to_string())
}
