//! APIs: resource servers with audiences, scopes, claims and lifetimes of their own.

use latchkey_oauth::api::{Api, ApiScope, AssignedApi, ResourceId};
use latchkey_oauth::claims::is_identity_scope;
use latchkey_oauth::scope::Scope;

use crate::claim_rule;
use crate::client::read_audience;
use crate::fault::{At, Faults, Place};
use crate::fields::Fields;
use crate::lifetimes::read_lifetimes_of_api;
use crate::token_format;
use crate::tree::{Node, Value};

/// The most scopes an API may have, and the most APIs a client.
const MOST: usize = 200;

/// An API as it is described.
#[derive(Debug, Clone)]
pub struct ApiEntry {
    /// The API.
    pub api: Api,
    /// Where its `resource` stands.
    pub at: Option<At>,
}

/// Reads a tenant's APIs.
pub fn read_all(nodes: Vec<Node>, place: &Place, faults: &Faults) -> Vec<ApiEntry> {
    let mut entries: Vec<ApiEntry> = Vec::new();
    for node in nodes {
        let Some(entry) = read(node, place, faults) else {
            continue;
        };
        let resource = &entry.api.resource;
        if entries.iter().any(|other| other.api.resource == *resource) {
            let message = format!("a second API {resource}. A `resource` is one API's only.");
            faults.at(entry.at.clone(), place, message);
        }
        entries.push(entry);
    }
    entries
}

/// Reads an API. `None` only if it has no `resource` to go by; all faults are told either way.
pub fn read(node: Node, place: &Place, faults: &Faults) -> Option<ApiEntry> {
    let mut fields = Fields::open(node, place.inside("an API"), faults)?;
    let resource_id = fields.parsed("resource", ResourceId::parse);
    let resource_id = fields.require("resource", resource_id);
    if let Some(resource) = &resource_id {
        fields.place = place.inside(&format!("API {resource}"));
    }
    let api = Api {
        // Without an identifier the rest is read for its faults alone.
        resource: resource_id
            .clone()
            .or_else(|| ResourceId::parse("urn:unnamed").ok())?,
        name: fields.text("name"),
        description: fields.text("description"),
        audience: read_audience(&mut fields),
        scopes: read_scopes(&mut fields),
        claims: claim_rule::read_all(&mut fields),
        access_token_format: token_format::read(&mut fields),
        lifetimes: read_lifetimes_of_api(&mut fields),
    };
    let at = fields.at("resource");
    fields.close();
    resource_id?;
    Some(ApiEntry { api, at })
}

/// `scopes: [orders:read, {value: orders:write, description: May change orders}]`.
fn read_scopes(fields: &mut Fields<'_>) -> Vec<ApiScope> {
    let nodes = fields.list("scopes").unwrap_or_default();
    if nodes.len() > MOST {
        fields.fault("scopes", format!("`scopes` lists more than {MOST}."));
    }
    let mut scopes: Vec<ApiScope> = Vec::new();
    for node in nodes {
        let at = node.at.clone();
        let Some(scope) = read_scope(node, fields) else {
            continue;
        };
        if scopes.iter().any(|other| other.value == scope.value) {
            let message = format!("`scopes` has {} twice. Take one out.", scope.value);
            fields.faults.at(at, &fields.place, message);
        }
        scopes.push(scope);
    }
    scopes
}

fn read_scope(node: Node, fields: &Fields<'_>) -> Option<ApiScope> {
    let at = node.at.clone();
    let value = match node.value {
        Value::Text(text) => scope_token(&text).map(|value| ApiScope {
            value,
            description: None,
        }),
        Value::Mapping(_) => {
            let mut inner = Fields::open(node, fields.place.inside("a scope"), fields.faults)?;
            let value = inner.parsed("value", scope_token);
            let value = inner.require("value", value);
            let description = inner.text("description");
            inner.close();
            return Some(ApiScope {
                value: value?,
                description,
            });
        }
        Value::Null | Value::Boolean(_) | Value::Number(_) | Value::List(_) => {
            Err("a scope is text, or `value` and `description`".to_owned())
        }
    };
    let fault = |error| {
        let message = format!("`scopes`: {error}.");
        fields.faults.at(at, &fields.place, message);
    };
    value.map_err(fault).ok()
}

/// One scope of an API. Those that ask for an ID token or for claims mean the issuer, never an API.
///
/// # Errors
/// What is wrong with it.
pub fn scope_token(text: &str) -> Result<String, String> {
    let token = one_token(text)?;
    if is_identity_scope(&token, &[]) {
        return Err(format!(
            "{token} is OpenID Connect's and means the same for every API; choose another name"
        ));
    }
    Ok(token)
}

/// One scope, and no more.
pub(crate) fn one_token(text: &str) -> Result<String, String> {
    let scope = Scope::parse(text).map_err(|error| error.to_string())?;
    let mut tokens = scope.tokens();
    match (tokens.next(), tokens.next()) {
        (Some(token), None) => Ok(token.to_owned()),
        _ => Err(format!(
            "{text} is more than one scope; list them one by one"
        )),
    }
}

/// One API's assignment to one client, as it is written by itself.
#[derive(Debug, Clone)]
pub struct Assignment {
    /// The client, if it is said again.
    pub client_id: Option<String>,
    /// The scopes of the API that the client may have. What is one of them, the API says.
    pub scope: Scope,
}

/// Reads an assignment.
pub fn read_assignment(node: Node, faults: &Faults) -> Option<Assignment> {
    let mut fields = Fields::open(node, Place::default().inside("an assignment"), faults)?;
    let client_id = fields.text("client_id");
    let scope = fields.parsed("scope", Scope::parse).unwrap_or_default();
    fields.close();
    Some(Assignment { client_id, scope })
}

/// Reads which APIs a client may have tokens for: `apis: [{resource: https://..., scope: orders:read}]`.
pub(crate) fn read_assigned(fields: &mut Fields<'_>) -> Vec<AssignedApi> {
    let nodes = fields.list("apis").unwrap_or_default();
    if nodes.len() > MOST {
        fields.fault("apis", format!("`apis` lists more than {MOST}."));
    }
    let mut apis: Vec<AssignedApi> = Vec::new();
    for node in nodes {
        let at = node.at.clone();
        let place = fields.place.inside("an API of it");
        let Some(mut inner) = Fields::open(node, place, fields.faults) else {
            continue;
        };
        let resource = inner.parsed("resource", ResourceId::parse);
        let resource = inner.require("resource", resource);
        let scope = inner.parsed("scope", Scope::parse).unwrap_or_default();
        for token in scope.tokens() {
            if let Err(error) = scope_token(token) {
                inner.fault("scope", format!("`scope`: {error}."));
            }
        }
        inner.close();
        let Some(resource) = resource else {
            continue;
        };
        if apis.iter().any(|other| other.resource == resource) {
            let message = format!("`apis` has {resource} twice. Take one out.");
            fields.faults.at(at, &fields.place, message);
        }
        apis.push(AssignedApi { resource, scope });
    }
    apis
}
