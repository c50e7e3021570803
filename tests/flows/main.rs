//! Flows as a client sees them, one file a feature.

mod apis;
mod bad_tokens;
mod client_credentials;
mod debug;
mod discovery;
mod manage;
mod manage_users;
mod opaque_tokens;
mod password;
mod problems;
mod refresh_token;
mod revocation;
mod tenancy;
mod userinfo;
