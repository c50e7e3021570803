//! What every client of AWS has in common: bounded retries and time-outs, and which faults pass.

use std::time::Duration;

use aws_config::BehaviorVersion;
pub use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// Reaching the service at all.
const CONNECT: Duration = Duration::from_secs(1);
/// One attempt of a call: DynamoDB and KMS answer in milliseconds or not at all.
const ATTEMPT: Duration = Duration::from_millis(1_500);
/// A whole call with its retries, well inside a function's deadline.
const CALL: Duration = Duration::from_secs(4);
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

/// Region and credentials as AWS tools find them, with bounds: a service that does not answer becomes a 503,
/// and not a function that is killed.
pub async fn load() -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(CALL)
        .build();
    let retries = RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_initial_backoff(BACKOFF);
    aws_config::defaults(BehaviorVersion::latest())
        .timeout_config(timeouts)
        .retry_config(retries)
        .load()
        .await
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
