//! What the SDK says, told apart by whether trying again may help.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use latchkey_oauth::store::StoreError;

/// A [`StoreError`] for a call that failed.
pub fn store_error<E>(error: SdkError<E>) -> StoreError
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    if latchkey_aws::may_pass(&error) {
        StoreError::unavailable(error)
    } else {
        StoreError::internal(error)
    }
}
