//! The formats users come in. Each is a translation, one row at a time, into the members of the registry file: what is
//! right and what is wrong is said there, once for all of them.

mod auth0;
mod cognito;
mod csv;
mod json;
mod keycloak;

use std::io::BufRead;
use std::ops::ControlFlow;

use clap::ValueEnum;
use latchkey_oauth::claims;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Comma-separated values under a header of the registry file's names.
    Csv,
    /// A JSON object a line with the registry file's names, as `latchkey user export` writes it.
    Jsonl,
    /// Keycloak's realm export.
    Keycloak,
    /// Auth0's export of users, of their hashes, or its bulk import file.
    Auth0,
    /// CSV under Amazon Cognito's import header.
    Cognito,
}

/// A user's members, named as the registry file names them.
pub type Members = Map<String, Value>;

/// What one row of a file says.
#[derive(Debug, PartialEq)]
pub struct Row {
    /// The line on which it begins, counted from one.
    pub line: u64,
    /// Who it is.
    pub user: Result<Members, NoUser>,
}

/// Why a row is nobody.
#[derive(Debug, PartialEq, Eq)]
pub enum NoUser {
    /// It was never meant to be a user here.
    Other,
    /// It cannot be read.
    Bad(String),
}

impl NoUser {
    fn bad(reason: impl Into<String>) -> Self {
        Self::Bad(reason.into())
    }
}

/// Takes rows, and says whether it wants more.
pub type Take<'a> = dyn FnMut(Row) -> ControlFlow<()> + 'a;

/// Hands every row to `take`, one after another: a file is never in memory whole.
///
/// # Errors
/// A file that ends early, cannot be read, or is not of this format. A single bad row is no error.
pub fn read(format: Format, input: &mut dyn BufRead, take: &mut Take<'_>) -> anyhow::Result<()> {
    match format {
        Format::Csv => csv::read(input, csv::Column::of_ours, take),
        Format::Cognito => csv::read(input, cognito::column, take),
        Format::Jsonl => json::lines(input, Ok, take),
        Format::Auth0 => json::lines_or_list(input, auth0::user, take),
        Format::Keycloak => json::list_in(input, "users", keycloak::user, take),
    }
}

/// Sets a member, if there is something to say.
fn set(members: &mut Members, name: &str, value: Option<Value>) {
    let says = |value: &Value| {
        let empty_list = value.as_array().is_some_and(Vec::is_empty);
        !value.is_null() && value.as_str() != Some("") && !empty_list
    };
    if let Some(value) = value.filter(says) {
        members.insert(name.to_owned(), value);
    }
}

/// Claims that decide what somebody may do, or that somebody has checked: they come from where the other product keeps them,
/// and never from attributes, which people may often write themselves.
const NOT_FROM_ATTRIBUTES: [&str; 6] = [
    "groups",
    "roles",
    "email",
    "email_verified",
    "phone_number_verified",
    "preferred_username",
];

/// Adds what another product has as an attribute: as a standard claim, or as an attribute of the tenant's own. What is there
/// already stays.
fn add_attribute(members: &mut Members, name: &str, value: Value) {
    if NOT_FROM_ATTRIBUTES.contains(&name) {
        return;
    }
    if !claims::names().any(|claim| claim == name) {
        set_attribute(members, name, value);
    } else if !members.contains_key(name) {
        set(members, name, Some(value));
    }
}

/// Adds an attribute of the tenant's own.
fn set_attribute(members: &mut Members, name: &str, value: Value) {
    let own = members
        .entry("attributes")
        .or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(own) = own
        && !own.contains_key(name)
    {
        set(own, name, Some(value));
    }
}

#[cfg(test)]
mod tests;
