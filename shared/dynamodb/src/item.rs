//! Items from values and back, and reads of several items in one call.

use std::collections::HashMap;
use std::future::Future;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use latchkey_oauth::store::{StoreError, Version, Versioned};
use latchkey_oauth::time::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_dynamo::aws_sdk_dynamodb_1 as serde_item;

use crate::error::store_error;
use crate::keys::{EXPIRES_AT, KIND_ID, Key, LISTED, PK, SK, TENANT, VERSION};

/// An item as DynamoDB has it.
pub type Item = HashMap<String, AttributeValue>;

/// How often what DynamoDB leaves unprocessed is asked for again.
const MAX_ROUNDS: usize = 3;

/// A value's attributes, with a key.
pub fn to_item(value: &impl Serialize, key: Key) -> Result<Item, StoreError> {
    let mut item: Item = serde_item::to_item(value).map_err(StoreError::internal)?;
    item.extend(key);
    Ok(item)
}

/// The same with the moment from which DynamoDB may delete it.
pub fn to_expiring_item(
    value: &impl Serialize,
    key: Key,
    expires_at: Timestamp,
) -> Result<Item, StoreError> {
    let mut item = to_item(value, key)?;
    item.insert(EXPIRES_AT.to_owned(), number(expires_at.as_unix()));
    Ok(item)
}

/// A value from an item. What is only for the table is left out.
pub fn from_item<T: DeserializeOwned>(mut item: Item) -> Result<T, StoreError> {
    for name in [PK, SK, TENANT, KIND_ID, EXPIRES_AT, VERSION, LISTED] {
        item.remove(name);
    }
    serde_item::from_item(item).map_err(StoreError::internal)
}

/// A value's attributes with a key and a version.
pub fn to_versioned_item(
    value: &impl Serialize,
    key: Key,
    version: Version,
) -> Result<Item, StoreError> {
    let mut item = to_item(value, key)?;
    item.insert(VERSION.to_owned(), number(version.number()));
    Ok(item)
}

/// A value with its version from an item.
pub fn from_versioned_item<T: DeserializeOwned>(item: Item) -> Result<Versioned<T>, StoreError> {
    let version = version(&item)?;
    let value = from_item(item)?;
    Ok(Versioned { value, version })
}

/// The version of an item; one that was written before there were versions has none.
pub fn version(item: &Item) -> Result<Version, StoreError> {
    match item.get(VERSION) {
        None => Ok(Version::NONE),
        Some(AttributeValue::N(number)) => number
            .parse()
            .map(Version::from_number)
            .map_err(StoreError::internal),
        Some(_) => Err(StoreError::internal("a version that is no number")),
    }
}

/// A key's text.
pub fn text<'a>(item: &'a Item, name: &str) -> Result<&'a str, StoreError> {
    match item.get(name) {
        Some(AttributeValue::S(text)) => Ok(text),
        _ => Err(StoreError::internal("an item without its key")),
    }
}

/// One attribute from a value.
pub fn attribute(value: &impl Serialize) -> Result<AttributeValue, StoreError> {
    serde_item::to_attribute_value(value).map_err(StoreError::internal)
}

/// A number.
pub fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// One item to read, and of which table.
pub struct Wanted<'a> {
    pub table: &'a str,
    pub key: Key,
}

/// What was found, by key.
#[derive(Default)]
pub struct Found(Vec<Item>);

impl Found {
    /// Takes the item of a key out.
    pub fn take(&mut self, key: &Key) -> Option<Item> {
        let position = self.0.iter().position(|item| {
            key.iter()
                .all(|(name, value)| item.get(name) == Some(value))
        })?;
        Some(self.0.swap_remove(position))
    }

    /// Takes the value of a key out.
    pub fn take_value<T: DeserializeOwned>(&mut self, key: &Key) -> Result<Option<T>, StoreError> {
        self.take(key).map(from_item).transpose()
    }
}

/// Reads items of one or more tables in one call.
pub async fn batch_get(
    client: &Client,
    wanted: impl IntoIterator<Item = Wanted<'_>>,
    consistent: bool,
) -> Result<Found, StoreError> {
    let mut keys: HashMap<String, Vec<Key>> = HashMap::new();
    for Wanted { table, key } in wanted {
        keys.entry(table.to_owned()).or_default().push(key);
    }
    let mut request = HashMap::with_capacity(keys.len());
    for (table, keys) in keys {
        let keys = KeysAndAttributes::builder()
            .set_keys(Some(keys))
            .consistent_read(consistent)
            .build()
            .map_err(StoreError::internal)?;
        request.insert(table, keys);
    }
    rounds(request, |request| async {
        client
            .batch_get_item()
            .set_request_items(Some(request))
            .send()
            .await
            .map_err(store_error)
    })
    .await
}

async fn rounds<F>(
    mut request: HashMap<String, KeysAndAttributes>,
    mut ask: impl FnMut(HashMap<String, KeysAndAttributes>) -> F,
) -> Result<Found, StoreError>
where
    F: Future<
        Output = Result<
            aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemOutput,
            StoreError,
        >,
    >,
{
    let mut found = Found::default();
    for _ in 0..MAX_ROUNDS {
        let answer = ask(request).await?;
        for items in answer.responses.unwrap_or_default().into_values() {
            found.0.extend(items);
        }
        request = answer.unprocessed_keys.unwrap_or_default();
        if request.is_empty() {
            return Ok(found);
        }
    }
    // An item that was not read is not an item that is not there.
    Err(StoreError::unavailable(
        "DynamoDB left keys of a batch unprocessed",
    ))
}
