//! The operator's command. Also a library, so that others can read a registry file.
//!
//! [`registry_file`] reads the file, [`snapshot`] the store, [`plan`] compares the two without touching either,
//! and [`apply`] makes the changes. A [`command`] is one subcommand of [`arguments`].

pub mod apply;
pub mod arguments;
pub mod certificate;
pub mod command;
pub mod connection;
pub mod doctor;
pub mod export;
pub mod import;
pub mod output;
pub mod plan;
pub mod progress;
pub mod registry_file;
pub mod snapshot;
pub mod surroundings;
