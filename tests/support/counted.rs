//! Notes every call of AWS and what it consumed, so that a budget can be a test.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::interceptors::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
    BeforeTransmitInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_types::body::SdkBody;
use serde_json::{Map, Value, json};

use crate::aws::{sdk, setting};
use crate::aws_call::AwsCall;
use crate::world::World;

/// The operations that read, and those that write.
const READS: [&str; 2] = ["GetItem", "BatchGetItem"];
const WRITES: [&str; 4] = ["PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"];

/// Those of KMS.
const KMS: [&str; 2] = ["Sign", "GetPublicKey"];

/// Every call since the last time. Clones count together.
#[derive(Debug, Clone, Default)]
pub struct Ledger(Arc<Mutex<Entries>>);

/// Calls in their order, and what DynamoDB says they consumed.
#[derive(Debug, Clone, Default)]
pub struct Entries {
    /// The calls.
    pub calls: Vec<AwsCall>,
    /// Request units of reads: as DynamoDB Local tells, and of absent items as AWS charges.
    pub read_units: f64,
    /// Request units of writes.
    pub write_units: f64,
}

impl Entries {
    /// How many calls read, write, and ask KMS.
    pub fn counts(&self) -> [usize; 3] {
        let among = |names: &[&str]| {
            let found = self.calls.iter();
            found
                .filter(|call| names.contains(&&*call.operation))
                .count()
        };
        let counts = [among(&READS), among(&WRITES), among(&KMS)];
        let counted: usize = counts.iter().sum();
        assert_eq!(
            counted,
            self.calls.len(),
            "neither reads nor writes nor asks KMS: {self:?}"
        );
        counts
    }

    /// What was called, as `name: count` in the order of names.
    pub fn names(&self) -> String {
        let mut names: BTreeMap<&str, usize> = BTreeMap::new();
        for call in &self.calls {
            *names.entry(&call.operation).or_default() += 1;
        }
        let mut text = String::new();
        for (name, count) in names {
            let comma = if text.is_empty() { "" } else { ", " };
            let _ = write!(text, "{comma}{name}: {count}");
        }
        text
    }
}

impl Intercept for Ledger {
    fn name(&self) -> &'static str {
        "Ledger"
    }

    fn read_after_serialization(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let call = AwsCall::of(context.request());
        config.interceptor_state().store_put(call.clone());
        self.0.lock().unwrap().calls.push(call);
        Ok(())
    }

    /// Has DynamoDB tell what a call consumed; not signed yet, so the request may still change.
    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        if AwsCall::of(request).service == "dynamodb" {
            let body = request.body().bytes().ok_or("a body in memory")?;
            let mut body: Map<String, Value> = serde_json::from_slice(body)?;
            body.insert("ReturnConsumedCapacity".to_owned(), json!("TOTAL"));
            let body = serde_json::to_vec(&body)?;
            let length = body.len().to_string();
            request.headers_mut().insert("content-length", length);
            *request.body_mut() = SdkBody::from(body);
        }
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context
            .response()
            .body()
            .bytes()
            .ok_or("an answer in memory")?;
        let answer: Value = serde_json::from_slice(body).unwrap_or_default();
        let consumed = match &answer["ConsumedCapacity"] {
            Value::Array(tables) => tables.clone(),
            one => vec![one.clone()],
        };
        let units: f64 = consumed
            .iter()
            .filter_map(|table| table["CapacityUnits"].as_f64())
            .sum();
        let call = config.load::<AwsCall>().ok_or("a call")?;
        let mut entries = self.0.lock().unwrap();
        // Where DynamoDB Local tells less than AWS charges, it is made up for.
        match &*call.operation {
            "BatchGetItem" => {
                // An item that is not there, as a small one.
                let (asked, each) = call.reads;
                let absent = (found(&answer)..asked).map(|_| each);
                entries.read_units += units + absent.sum::<f64>();
            }
            operation if READS.contains(&operation) => entries.read_units += units,
            // Two units for each small item, and not for each table.
            "TransactWriteItems" => entries.write_units += units.max(call.write_units),
            _ => entries.write_units += units,
        }
        Ok(())
    }
}

/// How many items an answer has.
fn found(answer: &Value) -> usize {
    let tables = answer["Responses"].as_object().into_iter().flatten();
    let items = tables.filter_map(|(_, items)| items.as_array());
    items.map(Vec::len).sum()
}

impl Ledger {
    /// What happened since the last time.
    pub fn take(&self) -> Entries {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// A world whose functions count their calls.
pub async fn world() -> (World, Ledger) {
    let ledger = Ledger::default();
    let (dynamodb, kms) = clients(&ledger).await;
    let world = World::on_tables(&dynamodb, &kms).await;
    ledger.take();
    (world, ledger)
}

/// Clients of AWS that count their calls.
pub async fn clients(ledger: &Ledger) -> (aws_sdk_dynamodb::Client, aws_sdk_kms::Client) {
    let sdk = sdk().await;
    let dynamodb = setting("LATCHKEY_DYNAMODB_ENDPOINT");
    let dynamodb = latchkey_dynamodb::config(&sdk, Some(&dynamodb)).interceptor(ledger.clone());
    let kms = setting("LATCHKEY_KMS_ENDPOINT");
    let kms = latchkey_kms::config(&sdk, Some(&kms)).interceptor(ledger.clone());
    (
        aws_sdk_dynamodb::Client::from_conf(dynamodb.build()),
        aws_sdk_kms::Client::from_conf(kms.build()),
    )
}
