//! The three tables. Keys are made in [`keys`], items are read and written in [`item`], and each repository is a file.
//!
//! On the way of a request there are reads by key and single conditional writes, nothing else.

mod error;
pub mod keys;
mod registration;

mod item;
mod query;
mod write;

pub mod grants;
mod grants_admin;
pub mod registry;
mod registry_admin;
pub mod users;
mod users_admin;

pub use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Builder;
use latchkey_aws::{Metered, SdkConfig};
use latchkey_oauth::meter::{Backend, Meter};

pub use grants::Grants;
pub use registry::Registry;
pub use users::Users;

/// How a client is set up: as `sdk` says, at `endpoint` if there is one.
pub fn config(sdk: &SdkConfig, endpoint: Option<&str>) -> Builder {
    let mut builder = Builder::from(sdk);
    builder.set_endpoint_url(endpoint.map(str::to_owned));
    builder
}

/// A client for the tables.
pub fn client(sdk: &SdkConfig, endpoint: Option<&str>) -> Client {
    Client::from_conf(config(sdk, endpoint).build())
}

/// The same, whose calls are noted in `meter`.
pub fn metered(sdk: &SdkConfig, endpoint: Option<&str>, meter: &Meter) -> Client {
    let metered = Metered::new(Backend::DynamoDb, meter.clone());
    Client::from_conf(config(sdk, endpoint).interceptor(metered).build())
}
