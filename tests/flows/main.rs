//! Flows as a client sees them, one file a feature.

mod apis;
mod bad_tokens;
mod client_credentials;
mod debug;
mod discovery;
mod manage;
mod moving_in;
mod mutual_tls;
mod opaque_tokens;
mod own_password;
mod password;
mod problems;
mod refresh_token;
mod registration;
mod revocation;
mod tenancy;
mod userinfo;
