//! Clients of the local DynamoDB and KMS, with credentials that mean nothing anywhere else.

use std::future::Future;

use anyhow::Result;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};

pub const REGION: &str = "us-east-1";
/// DynamoDB Local takes letters and digits only.
pub const ACCESS_KEY: &str = "local";

pub fn dynamodb(endpoint: &str) -> aws_sdk_dynamodb::Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(credentials())
        .endpoint_url(endpoint)
        .build();
    aws_sdk_dynamodb::Client::from_conf(config)
}

pub fn kms(endpoint: &str) -> aws_sdk_kms::Client {
    let config = aws_sdk_kms::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(credentials())
        .endpoint_url(endpoint)
        .build();
    aws_sdk_kms::Client::from_conf(config)
}

fn credentials() -> Credentials {
    Credentials::new(ACCESS_KEY, ACCESS_KEY, None, None, "local stack")
}

/// Waits for a call to AWS; the tasks themselves are not asynchronous.
pub fn wait_for<T>(call: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(call)
}
