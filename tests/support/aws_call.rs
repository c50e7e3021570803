//! One call of AWS, read from the request that goes over the wire: what budget, faults and policies speak about.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::config_bag::{Storable, StoreReplace};
use latchkey_dynamodb::keys::{KIND_ID, PK, SK, TENANT};
use serde_json::Value;

use crate::aws::setting;

/// The tables, by the setting that names each and the name it has in the template.
const TABLES: [(&str, &str); 3] = [
    ("LATCHKEY_REGISTRY_TABLE", "RegistryTable"),
    ("LATCHKEY_USERS_TABLE", "UsersTable"),
    ("LATCHKEY_GRANTS_TABLE", "GrantsTable"),
];

/// What every signature is made with. Which key it is belongs to a tenant; a policy speaks of all that are the stack's.
pub const SIGNING_KEY: &str = "SigningKey";

/// A call: an operation, and the keys it names in each table.
#[derive(Debug, Clone)]
pub struct AwsCall {
    /// `dynamodb` or `kms`.
    pub service: &'static str,
    /// As AWS names it: `GetItem`.
    pub operation: String,
    /// What a policy has to allow: partition keys, by action and resource. Of a transaction each write is one by itself.
    pub needs: BTreeMap<(String, String), BTreeSet<String>>,
    /// How many items it reads at least, and what reading one costs in request units.
    pub reads: (usize, f64),
    /// What it writes, in request units of small items: a write is one, in a transaction two.
    pub write_units: f64,
    kinds: BTreeSet<String>,
}

impl AwsCall {
    /// Reads a request of the SDK's.
    pub fn of(request: &HttpRequest) -> Self {
        let target = request.headers().get("x-amz-target").expect("an operation");
        let (service, operation) = target.split_once('.').expect("a service's operation");
        let body = request.body().bytes().expect("a body in memory");
        let body: Value = serde_json::from_slice(body).expect("JSON");
        let mut call = Self {
            service: if service == "TrentService" {
                "kms"
            } else {
                "dynamodb"
            },
            operation: operation.to_owned(),
            needs: BTreeMap::new(),
            reads: (0, 0.0),
            write_units: match operation {
                "PutItem" | "UpdateItem" | "DeleteItem" => 1.0,
                _ => 0.0,
            },
            kinds: BTreeSet::new(),
        };
        if call.service == "kms" {
            let action = format!("kms:{operation}");
            let need = (action, SIGNING_KEY.to_owned());
            call.needs.insert(need, BTreeSet::new());
        }
        let action = call.operation.clone();
        if let Some(table) = body["TableName"].as_str() {
            for place in ["Key", "Item"] {
                call.names(&action, table, &body[place]);
            }
            if call.operation == "Query" {
                call.queries(table, &body);
            }
            if call.operation == "GetItem" {
                call.reads = (1, units(&body));
            }
        }
        for (table, wanted) in body["RequestItems"].as_object().into_iter().flatten() {
            for key in wanted["Keys"].as_array().into_iter().flatten() {
                call.names(&action, table, key);
                call.reads = (call.reads.0 + 1, units(wanted));
            }
        }
        for write in body["TransactItems"].as_array().into_iter().flatten() {
            call.write_units += 2.0;
            for (kind, place) in [("Put", "Item"), ("Delete", "Key"), ("Update", "Key")] {
                let write = &write[kind];
                let table = write["TableName"].as_str().unwrap_or_default();
                call.names(&format!("{kind}Item"), table, &write[place]);
            }
        }
        call
    }

    /// One partition of a table, or of an index.
    fn queries(&mut self, table: &str, body: &Value) {
        let partition = body["ExpressionAttributeValues"][":partition"]["S"].as_str();
        let partition = partition.expect("a partition").to_owned();
        let table = logical(table);
        let index = body["IndexName"].as_str();
        let resource = index.map_or(table.to_owned(), |index| format!("{table}/index/{index}"));
        self.kinds.insert(match index {
            Some(index) => index.to_owned(),
            None => partition.split('#').next().unwrap_or_default().to_owned(),
        });
        let need = ("dynamodb:Query".to_owned(), resource);
        self.needs.entry(need).or_default().insert(partition);
    }

    fn names(&mut self, action: &str, table: &str, item: &Value) {
        if item.is_null() {
            return;
        }
        let text = |name: &str| item[name]["S"].as_str().unwrap_or_default();
        // A profile has both, for its index.
        let partition = match text(PK) {
            "" => text(TENANT),
            partition => partition,
        };
        let need = (format!("dynamodb:{action}"), logical(table).to_owned());
        let partitions = self.needs.entry(need).or_default();
        partitions.insert(partition.to_owned());
        let mut parts = partition.split('#');
        let first = |text: &str| text.split('#').next().unwrap_or_default().to_owned();
        self.kinds.insert(match parts.next() {
            Some("attempts") => format!("attempts by {}", parts.nth(1).unwrap_or_default()),
            Some("subject") => first(text(SK)),
            // Whose something is, by any name.
            Some("") => partition.to_owned(),
            _ if !text(KIND_ID).is_empty() => first(text(KIND_ID)),
            kind => kind.unwrap_or_default().to_owned(),
        });
    }
}

/// An interceptor carries the call from its request to its answer.
impl Storable for AwsCall {
    type Storer = StoreReplace<Self>;
}

impl fmt::Display for AwsCall {
    /// The operation and the kinds of items it is about, the same for every tenant and user.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.operation)?;
        if !self.kinds.is_empty() {
            let kinds: Vec<&str> = self.kinds.iter().map(String::as_str).collect();
            write!(f, " ({})", kinds.join(", "))?;
        }
        Ok(())
    }
}

/// What an item up to 4 KB costs: half as much where it may be a moment old.
fn units(read: &Value) -> f64 {
    match read["ConsistentRead"].as_bool() {
        Some(true) => 1.0,
        _ => 0.5,
    }
}

fn logical(table: &str) -> &'static str {
    let named = TABLES.iter().find(|(name, _)| setting(name) == table);
    named
        .unwrap_or_else(|| panic!("{table} is no table of ours"))
        .1
}
