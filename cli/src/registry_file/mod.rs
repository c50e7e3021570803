//! The registry file: YAML text into typed tenants, clients and users, or every fault in it with its place.
//!
//! [`yaml`] reads the text; what the fields are is the vocabulary's, `latchkey_registry`.

mod yaml;

use latchkey_registry::TenantEntry;
use latchkey_registry::door::Surroundings;
use latchkey_registry::fault::{Faults, FaultyFile, Place};
use latchkey_registry::fields::Fields;
use latchkey_registry::{tenant, tree};

/// A registry file, read and found consistent. Its secrets are read too, and are never told by `Debug`.
#[derive(Debug)]
pub struct RegistryFile {
    /// What it is called in messages.
    pub name: String,
    /// The tenants, in the order of the file.
    pub tenants: Vec<TenantEntry>,
}

/// Reads a registry file; `name` is what its faults are reported under.
///
/// # Errors
/// [`FaultyFile`] with every fault found.
pub fn parse(
    name: &str,
    text: &str,
    surroundings: &dyn Surroundings,
) -> Result<RegistryFile, FaultyFile> {
    let faults = Faults::default();
    let tenants = match yaml::parse(text) {
        Ok(node) => read(node, surroundings, &faults),
        Err(fault) => {
            faults.push(fault);
            Vec::new()
        }
    };
    faults.or(name, || RegistryFile {
        name: name.to_owned(),
        tenants,
    })
}

fn read(node: tree::Node, surroundings: &dyn Surroundings, faults: &Faults) -> Vec<TenantEntry> {
    let at = node.at.clone();
    let Some(mut fields) = Fields::open(node, Place::default(), faults) else {
        return Vec::new();
    };
    let nodes = fields.list("tenants");
    fields.close();
    match nodes {
        Some(nodes) if nodes.is_empty() => {
            // With --prune it would mean: delete everything. Nobody who wants that writes it this way.
            faults.at(
                at,
                &Place::default(),
                "`tenants` lists no tenant. Name at least one.",
            );
            Vec::new()
        }
        Some(nodes) => tenant::read_all(nodes, Some(surroundings), faults),
        None => {
            if faults.is_empty() {
                faults.at(
                    at,
                    &Place::default(),
                    "there are no `tenants`. A registry file begins with `tenants:` and a list; docs/registry-file.md describes it.",
                );
            }
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests;
