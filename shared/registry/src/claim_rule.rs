//! What access tokens say besides: the same fields for a tenant, an API and a client.

use latchkey_oauth::api::{ClaimName, ClaimRule, ClaimSource};
use serde_json::Value as Json;

use crate::fields::Fields;
use crate::tree::{Node, Value};

/// The most rules one of them may have.
const MOST: usize = 50;
/// The longest constant, as JSON, in bytes: every token carries it.
const MAX_CONSTANT: usize = 1_024;

/// Reads `claims: [{name: tier, constant: gold}, {name: mail, attribute: email}, groups]`.
pub fn read_all(fields: &mut Fields<'_>) -> Vec<ClaimRule> {
    let nodes = fields.list("claims").unwrap_or_default();
    if nodes.len() > MOST {
        fields.fault("claims", format!("`claims` lists more than {MOST}."));
    }
    let mut rules: Vec<ClaimRule> = Vec::new();
    for node in nodes {
        let at = node.at.clone();
        let Some(rule) = read(node, fields) else {
            continue;
        };
        if rules.iter().any(|other| other.name == rule.name) {
            let message = format!("`claims` has {} twice. Take one out.", rule.name);
            fields.faults.at(at, &fields.place, message);
        }
        rules.push(rule);
    }
    rules
}

/// Reads one rule. Without a source the claim is the user's attribute of the same name, and then the name says it all.
fn read(node: Node, fields: &Fields<'_>) -> Option<ClaimRule> {
    if let Value::Text(text) = &node.value {
        return match ClaimName::parse(text) {
            Ok(name) => Some(ClaimRule {
                from: ClaimSource::Attribute(name.to_string()),
                name,
            }),
            Err(error) => {
                let message = format!("{text}: {error}.");
                fields.faults.at(node.at, &fields.place, message);
                None
            }
        };
    }
    let mut inner = Fields::open(node, fields.place.inside("a claim"), fields.faults)?;
    let name = inner.parsed("name", ClaimName::parse);
    let name = inner.require("name", name);
    let attribute = inner.parsed("attribute", attribute);
    let constant = inner.json("constant", MAX_CONSTANT);
    let both = inner.has("attribute") && inner.has("constant");
    if both {
        inner.fault(
            "constant",
            "a claim has an `attribute` or a `constant`. Take one out.",
        );
    }
    inner.close();
    let name = name?;
    let from = match (constant, attribute) {
        (Some(constant), _) => ClaimSource::Constant(constant),
        (None, Some(attribute)) => ClaimSource::Attribute(attribute),
        (None, None) => ClaimSource::Attribute(name.to_string()),
    };
    Some(ClaimRule { name, from })
}

/// An attribute of a user: a claim of OIDC Core, `groups`, `roles`, `username`, or one of the tenant's own.
fn attribute(text: &str) -> Result<String, String> {
    if text == "username" || ClaimName::check(text).is_ok() {
        Ok(text.to_owned())
    } else {
        Err("an attribute is named like a claim, and none of the protocol's own".to_owned())
    }
}

/// A value of a tenant's own choice, bounded.
pub(crate) fn bounded(value: Json, most: usize) -> Result<Json, String> {
    if value.to_string().len() > most {
        Err(format!("is longer than {most} bytes as JSON."))
    } else {
        Ok(value)
    }
}
