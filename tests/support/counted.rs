//! Counts AWS calls by name, so that a budget can be a test.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::interceptors::BeforeSerializationInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::Metadata;

use crate::aws::{sdk, setting};
use crate::world::World;

/// How often each operation was called. Clones count together.
#[derive(Debug, Clone, Default)]
pub struct Calls(Arc<Mutex<BTreeMap<String, usize>>>);

impl Intercept for Calls {
    fn name(&self) -> &'static str {
        "Calls"
    }

    fn read_before_serialization(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = config.load::<Metadata>().expect("an operation");
        let mut calls = self.0.lock().unwrap();
        *calls.entry(operation.name().to_owned()).or_default() += 1;
        Ok(())
    }
}

impl Calls {
    /// What was called since the last time, as `name: count` in the order of names.
    pub fn take(&self) -> String {
        let calls = std::mem::take(&mut *self.0.lock().unwrap());
        let named = calls.iter().map(|(name, count)| format!("{name}: {count}"));
        named.collect::<Vec<_>>().join(", ")
    }
}

/// A world whose functions count their calls.
pub async fn world() -> (World, Calls) {
    let calls = Calls::default();
    let sdk = sdk().await;
    let dynamodb = setting("LATCHKEY_DYNAMODB_ENDPOINT");
    let dynamodb = latchkey_dynamodb::config(&sdk, Some(&dynamodb)).interceptor(calls.clone());
    let kms = setting("LATCHKEY_KMS_ENDPOINT");
    let kms = latchkey_kms::config(&sdk, Some(&kms)).interceptor(calls.clone());
    let world = World::on_tables(
        &aws_sdk_dynamodb::Client::from_conf(dynamodb.build()),
        &aws_sdk_kms::Client::from_conf(kms.build()),
    )
    .await;
    calls.take();
    (world, calls)
}
