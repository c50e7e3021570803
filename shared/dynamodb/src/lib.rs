//! The three tables. Keys are made in [`keys`], items are read and written in [`item`], and each repository is a file.
//!
//! On the way of a request there are reads by key and single conditional writes, nothing else.

mod error;
pub mod keys;

mod item;

pub mod grants;
pub mod registry;
pub mod users;

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
pub use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Builder;

pub use grants::Grants;
pub use registry::Registry;
pub use users::Users;

/// One attempt of a call: DynamoDB answers in milliseconds or not at all.
const ATTEMPT: Duration = Duration::from_millis(1_500);
/// A whole call with its retries, well inside a function's deadline.
const CALL: Duration = Duration::from_secs(4);
/// The first attempt and two more.
const ATTEMPTS: u32 = 3;

/// How every client is set up: bounded retries and time-outs, so that a store that does not answer
/// becomes a 503 and not a function that is killed.
pub fn config(sdk: &SdkConfig, endpoint: Option<&str>) -> Builder {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(CALL)
        .build();
    let mut builder = aws_sdk_dynamodb::config::Builder::from(sdk)
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(ATTEMPTS)
                .with_initial_backoff(Duration::from_millis(50)),
        )
        .timeout_config(timeouts);
    builder.set_endpoint_url(endpoint.map(str::to_owned));
    builder
}

/// A client for the tables.
pub fn client(sdk: &SdkConfig, endpoint: Option<&str>) -> Client {
    Client::from_conf(config(sdk, endpoint).build())
}
