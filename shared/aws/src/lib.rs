//! What every client of AWS has in common: bounded retries and time-outs, which faults pass, and a meter.

mod https;
mod metered;

use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::Region;
pub use aws_config::SdkConfig;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

pub use metered::Metered;

/// Reaching the service at all.
const CONNECT: Duration = Duration::from_secs(1);
/// One attempt of a call: DynamoDB and KMS answer in milliseconds or not at all.
const ATTEMPT: Duration = Duration::from_millis(1_500);
/// A whole call with its retries. All of a refresh's together are inside the token function's time (tests/template.rs).
pub const CALL: Duration = Duration::from_secs(4);
/// The first attempt and two more.
const ATTEMPTS: u32 = 3;
/// The wait before the second attempt, at most; it doubles.
const BACKOFF: Duration = Duration::from_millis(50);

/// Faults that pass, though the service answered.
const PASSING: [&str; 11] = [
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
    "InternalServerError",
    "ServiceUnavailable",
    "TransactionConflictException",
    "TransactionInProgressException",
    "LimitExceededException",
    "DependencyTimeoutException",
    "KMSInternalException",
    "KeyUnavailableException",
];

/// Region and credentials as AWS tools find them (environment, profile, SSO, instance): for whoever works at a shell.
pub async fn load() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .timeout_config(timeouts())
        .retry_config(retries())
        .load()
        .await
}

/// Credentials as Lambda gives them, in the environment: nothing else is looked for, linked or waited for.
pub fn for_lambda(region: String) -> SdkConfig {
    let credentials = EnvironmentVariableCredentialsProvider::new();
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(https::client(&region))
        .region(Region::new(region))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .timeout_config(timeouts())
        .retry_config(retries())
        .build()
}

/// A service that does not answer becomes a 503, and not a function that is killed.
fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(CALL)
        .build()
}

fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_initial_backoff(BACKOFF)
}

/// Whether the same call may succeed in a moment: no answer, a throttle, a fault of the service's own.
pub fn may_pass<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    let no_answer = matches!(
        error,
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_)
    );
    let answer = error.raw_response();
    no_answer
        || answer.is_some_and(|answer| answer.status().is_server_error())
        || error.code().is_some_and(|code| PASSING.contains(&code))
}
