//! The vocabulary of the registry: every field of a tenant, an API, a client and a user, read and checked in one place for the
//! registry file (YAML), the management API (JSON) and client registration (RFC 7591).
//!
//! [`tree`] is what was written, each node with its place; [`fields`] takes fields out of it and gathers what is wrong; and
//! each thing that is described is a file here. Pure: it reads no YAML, and environment and files only through a [`door`].

pub mod api;
pub mod claim_rule;
pub mod claims;
pub mod client;
mod client_certificate;
pub mod description;
pub mod document;
pub mod door;
pub mod duration;
pub mod fault;
pub mod fields;
pub mod key;
pub mod lifetimes;
pub mod secret;
pub mod shape;
pub mod tenant;
pub mod token_format;
pub mod tree;
pub mod user;

pub use api::ApiEntry;
pub use client::{ClientEntry, ClientSecrets};
pub use key::KeyEntry;
pub use tenant::TenantEntry;
pub use user::{UserEntry, UserPassword};

#[cfg(test)]
mod tests;
