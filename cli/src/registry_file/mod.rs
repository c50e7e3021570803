//! The registry file: YAML text into typed tenants, clients and users, or every fault in it with its place.
//!
//! [`tree`] reads the YAML, [`fields`] takes fields out of it and gathers what is wrong, and each thing that
//! a file describes is a file here.

pub(crate) mod claims;
pub(crate) mod client;
pub mod duration;
pub mod fault;
pub(crate) mod fields;
mod lifetimes;
pub(crate) mod secret;
pub(crate) mod tenant;
pub(crate) mod tree;
pub(crate) mod user;

use crate::surroundings::Surroundings;

pub use client::{ClientEntry, ClientSecrets};
use fault::{Faults, FaultyFile, Place};
use fields::Fields;
pub use tenant::TenantEntry;
pub use user::{UserEntry, UserPassword};

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
    let tenants = match tree::parse(text) {
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
    let at = node.at;
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
        Some(nodes) => tenant::read_all(nodes, surroundings, faults),
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
