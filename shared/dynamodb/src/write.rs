//! Conditional writes: what a version must be, and what is noted with a write.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};
use latchkey_oauth::random::SystemRandom;
use latchkey_oauth::store::{Expected, Once, StoreError, Version};

use crate::error::store_error;
use crate::item::{Item, number, to_expiring_item};
use crate::keys::{self, EXPIRES_AT, Key, VERSION};

/// A condition as DynamoDB takes it.
#[derive(Default)]
pub struct Guard {
    expression: Option<String>,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Guard {
    /// That an item is as expected.
    pub fn of(expected: Expected, key: &Key) -> Self {
        let any_part = key.keys().next().cloned().unwrap_or_default();
        let key_name = ("#key".to_owned(), any_part);
        let version_name = ("#version".to_owned(), VERSION.to_owned());
        match expected {
            Expected::Any => Self::default(),
            Expected::Absent => Self {
                expression: Some("attribute_not_exists(#key)".to_owned()),
                names: HashMap::from([key_name]),
                values: HashMap::new(),
            },
            Expected::Version(Version::NONE) => Self {
                expression: Some(
                    "attribute_exists(#key) AND attribute_not_exists(#version)".to_owned(),
                ),
                names: HashMap::from([key_name, version_name]),
                values: HashMap::new(),
            },
            Expected::Version(version) => Self {
                expression: Some("#version = :expected".to_owned()),
                names: HashMap::from([version_name]),
                values: HashMap::from([(":expected".to_owned(), number(version.number()))]),
            },
        }
    }

    /// The same for a write that must meet this one as well.
    #[must_use]
    pub fn and(mut self, expression: &str, value: (&str, AttributeValue)) -> Self {
        self.expression = Some(match self.expression {
            Some(own) => format!("({own}) AND ({expression})"),
            None => expression.to_owned(),
        });
        self.values.insert(value.0.to_owned(), value.1);
        self
    }

    /// The same with a name that its expression stands for: some are words of DynamoDB's.
    #[must_use]
    pub fn naming(mut self, placeholder: &str, name: &str) -> Self {
        self.names.insert(placeholder.to_owned(), name.to_owned());
        self
    }

    fn names(&self) -> Option<HashMap<String, String>> {
        (!self.names.is_empty()).then(|| self.names.clone())
    }

    fn values(&self) -> Option<HashMap<String, AttributeValue>> {
        (!self.values.is_empty()).then(|| self.values.clone())
    }

    /// A put in a transaction.
    pub fn put(self, table: &str, item: Item) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(table)
            .set_item(Some(item))
            .set_expression_attribute_names(self.names())
            .set_expression_attribute_values(self.values())
            .set_condition_expression(self.expression)
            .build()
            .map_err(StoreError::internal)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// A deletion in a transaction.
    pub fn delete(self, table: &str, key: Key) -> Result<TransactWriteItem, StoreError> {
        let delete = Delete::builder()
            .table_name(table)
            .set_key(Some(key))
            .set_expression_attribute_names(self.names())
            .set_expression_attribute_values(self.values())
            .set_condition_expression(self.expression)
            .build()
            .map_err(StoreError::internal)?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }
}

/// A version that nothing has yet.
pub fn fresh_version() -> Result<Version, StoreError> {
    Version::fresh(&SystemRandom).map_err(StoreError::internal)
}

/// Notes a request that is carried out once; the transaction fails where it is noted already.
pub fn note(once: &Once, table: &str) -> Result<TransactWriteItem, StoreError> {
    let key = keys::once(&once.tenant, &once.key);
    let item = to_expiring_item(&once.note, key, once.note.until)?;
    // What the time-to-live has not yet taken away counts no more.
    let guard = Guard::default().and(
        "attribute_not_exists(pk) OR #expires <= :now",
        (":now", number(once.now.as_unix())),
    );
    guard.naming("#expires", EXPIRES_AT).put(table, item)
}

/// Writes one item by itself; whether it was as expected.
pub async fn put_one(
    client: &Client,
    table: &str,
    key: &Key,
    item: Item,
    expected: Expected,
) -> Result<bool, StoreError> {
    let guard = Guard::of(expected, key);
    let ours = item.get(VERSION).cloned();
    let put = client
        .put_item()
        .table_name(table)
        .set_item(Some(item))
        .set_expression_attribute_names(guard.names())
        .set_expression_attribute_values(guard.values())
        .set_condition_expression(guard.expression)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    let Err(error) = put.send().await else {
        return Ok(true);
    };
    match error.as_service_error() {
        // The version is of this write alone: its first attempt was done, and the answer was lost.
        Some(PutItemError::ConditionalCheckFailedException(failed)) => {
            let found = failed.item().and_then(|item| item.get(VERSION));
            Ok(found.is_some() && found == ours.as_ref())
        }
        _ => Err(store_error(error)),
    }
}

/// Deletes one item by itself; whether it was as expected.
pub async fn delete_one(
    client: &Client,
    table: &str,
    key: Key,
    expected: Expected,
) -> Result<bool, StoreError> {
    let guard = Guard::of(expected, &key);
    let delete = client
        .delete_item()
        .table_name(table)
        .set_key(Some(key))
        .set_expression_attribute_names(guard.names())
        .set_expression_attribute_values(guard.values())
        .set_condition_expression(guard.expression);
    match delete.send().await {
        Ok(_) => Ok(true),
        Err(error) if is_refused(&error) => Ok(false),
        Err(error) => Err(store_error(error)),
    }
}

fn is_refused(error: &SdkError<DeleteItemError>) -> bool {
    error
        .as_service_error()
        .is_some_and(DeleteItemError::is_conditional_check_failed_exception)
}

/// All of the writes or none; `false` when a condition does not hold.
pub async fn transact(client: &Client, writes: Vec<TransactWriteItem>) -> Result<bool, StoreError> {
    Ok(transact_or_tell(client, writes).await?.is_none())
}

/// All of the writes or none; the first whose condition does not hold.
pub async fn transact_or_tell(
    client: &Client,
    writes: Vec<TransactWriteItem>,
) -> Result<Option<usize>, StoreError> {
    let written = client
        .transact_write_items()
        .set_transact_items(Some(writes))
        .send()
        .await;
    match written {
        Ok(_) => Ok(None),
        Err(error) => not_written(error).map(Some),
    }
}

fn not_written(error: SdkError<TransactWriteItemsError>) -> Result<usize, StoreError> {
    if let Some(refused) = cancelled_by(&error, &[CONDITION]) {
        Ok(refused)
    } else if cancelled_by(&error, &PASSING).is_some() {
        Err(StoreError::unavailable(error))
    } else {
        Err(store_error(error))
    }
}

/// Why a transaction is cancelled: a condition does not hold.
const CONDITION: &str = "ConditionalCheckFailed";
/// The same where trying again may help.
const PASSING: [&str; 3] = [
    "TransactionConflict",
    "ThrottlingError",
    "ProvisionedThroughputExceeded",
];

/// The first write that cancelled a transaction for one of these reasons.
fn cancelled_by(error: &SdkError<TransactWriteItemsError>, why: &[&str]) -> Option<usize> {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
        error.as_service_error()
    else {
        return None;
    };
    let mut reasons = cancelled.cancellation_reasons().iter();
    reasons.position(|reason| reason.code().is_some_and(|code| why.contains(&code)))
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::config::http::HttpResponse;
    use aws_sdk_dynamodb::types::CancellationReason;
    use aws_sdk_dynamodb::types::error::TransactionCanceledException;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    /// What DynamoDB Local never answers: it has one transaction after the other.
    fn cancelled(codes: &[&str]) -> Result<usize, StoreError> {
        let reasons = codes
            .iter()
            .map(|code| CancellationReason::builder().code(*code).build());
        let exception = TransactionCanceledException::builder()
            .set_cancellation_reasons(Some(reasons.collect()))
            .build();
        let response = HttpResponse::new(400.try_into().unwrap(), SdkBody::empty());
        let error = TransactWriteItemsError::TransactionCanceledException(exception);
        not_written(SdkError::service_error(error, response))
    }

    #[test]
    fn a_transaction_that_met_another_may_be_tried_again() {
        assert_eq!(cancelled(&["None", CONDITION]).unwrap(), 1);
        // Whatever else: it would meet the condition again.
        assert_eq!(cancelled(&["TransactionConflict", CONDITION]).unwrap(), 1);
        assert_eq!(cancelled(&[CONDITION, CONDITION]).unwrap(), 0);
        for code in PASSING {
            let error = cancelled(&["None", code, "None"]).unwrap_err();
            assert!(matches!(error, StoreError::Unavailable(_)), "{code}");
        }
        let error = cancelled(&["ValidationError"]).unwrap_err();
        assert!(matches!(error, StoreError::Internal(_)));
    }
}
