//! What the SDK says, told apart by whether trying again may help.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use latchkey_oauth::store::StoreError;

/// Faults of the service that pass, though it answered.
const PASSING: [&str; 7] = [
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
    "InternalServerError",
    "ServiceUnavailable",
    "TransactionConflictException",
    "TransactionInProgressException",
];

/// A [`StoreError`] for a call that failed.
pub fn store_error<E>(error: SdkError<E>) -> StoreError
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let no_answer = matches!(
        error,
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_)
    );
    let answer = error.raw_response();
    let passing = no_answer
        || answer.is_some_and(|answer| answer.status().is_server_error())
        || error.code().is_some_and(|code| PASSING.contains(&code));
    if passing {
        StoreError::unavailable(error)
    } else {
        StoreError::internal(error)
    }
}
