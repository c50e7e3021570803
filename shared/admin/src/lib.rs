//! The management API: tenants, APIs, clients, users, their grants and keys, as REST and JSON below `/admin/v1`.
//!
//! [`table`] lists every operation with its path, its method and the scope it needs. [`crud`] is what one does to each kind of
//! thing, and a kind is a file. What fields there are, the vocabulary says (`latchkey_registry`). Pure: a request in, an
//! answer out, over the traits of `latchkey_oauth`.

mod api_clients;
mod api_members;
mod ask;
mod client_admission;
mod crud;
mod endpoint;
mod kind;
mod once;
mod problem;
mod signing_keys;
pub mod table;
mod user_grants;
mod user_password;

pub use endpoint::ManageEndpoint;
pub use latchkey_oauth::segment;
