//! The protocol: OAuth 2.0 and OpenID Connect as pure values and functions.
//!
//! Nothing here knows AWS, Lambda or the environment. What must come from outside comes in as an argument
//! (time, randomness, settings) or through one of the few traits at the I/O seams.
//!
//! A request's way: [`endpoint`] parses the form ([`form`]), authenticates the client ([`client_auth`]), lets a
//! [`grant`] decide ([`authorization`]), and [`token::issue`] mints.

pub mod api;
pub mod audit;
pub mod authorization;
pub mod certificate;
pub mod claims;
pub mod client;
pub mod client_auth;
pub mod dialect;
pub mod directory;
pub mod endpoint;
pub mod error;
pub mod form;
pub mod grant;
pub mod grant_type;
pub mod hash;
pub mod http;
pub mod issuer;
pub mod json;
pub mod lockout;
pub mod login;
pub mod meter;
pub mod password;
pub mod password_policy;
pub mod policy;
pub mod random;
pub mod registration;
pub mod route;
pub mod scope;
pub mod secret_token;
pub mod segment;
pub mod settings;
pub mod sign_in;
pub mod store;
pub mod target;
pub mod tenant;
pub mod time;
pub mod token;
pub mod user;
