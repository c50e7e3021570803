//! template.yaml as the tests read it, and its policies as IAM does.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_smithy_runtime_api::box_error::BoxError;
use serde_json::{Value, json};

use crate::aws_call::{AwsCall, SIGNING_KEY};

/// The functions.
pub const FUNCTIONS: [&str; 7] = [
    "discovery",
    "introspect",
    "manage",
    "register",
    "revoke",
    "token",
    "userinfo",
];

/// A file of the repository.
///
/// # Panics
/// If it is not there.
pub fn read(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    fs::read_to_string(root.join(name)).unwrap()
}

/// The template, with `!Ref X` as `"X"` and `!GetAtt X.Y` as `"X.Y"`.
pub fn template() -> &'static Value {
    static TEMPLATE: LazyLock<Value> =
        LazyLock::new(|| serde_saphyr::from_str(&read("template.yaml")).unwrap());
    &TEMPLATE
}

/// What makes a key of KMS the stack's: a condition key, and the value that `!Ref` stands for.
pub const KEY_TAG: (&str, &str) = ("aws:ResourceTag/latchkey:signs-for", "AWS::StackName");

/// The name of a function's resource.
pub fn resource_name(function: &str) -> String {
    let (first, rest) = function.split_at(1);
    format!("{}{rest}Function", first.to_uppercase())
}

/// A statement of a policy, which allows.
#[derive(Debug, Clone)]
pub struct Statement {
    actions: Vec<String>,
    resource: String,
    /// Patterns of partition keys; any, where there are none.
    keys: Vec<String>,
}

impl Statement {
    fn read(statement: &Value) -> Self {
        assert_eq!(statement["Effect"], "Allow", "{statement}");
        let actions = texts(&statement["Action"]);
        let resource = statement["Resource"].as_str().unwrap_or_default();
        if resource.ends_with(":key/*") {
            // Not any key, but those that are the stack's.
            let ours = json!({"StringEquals": {KEY_TAG.0: KEY_TAG.1}});
            assert_eq!(statement["Condition"], ours, "{statement}");
            return Self {
                actions,
                resource: SIGNING_KEY.to_owned(),
                keys: Vec::new(),
            };
        }
        // `X.Arn`, and of an index `${X.Arn}/index/NAME`.
        let resource = resource.replace("${", "").replace(".Arn}", ".Arn");
        let resource = resource
            .contains(".Arn")
            .then(|| resource.replace(".Arn", ""));
        let condition = &statement["Condition"];
        let keys = texts(&condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]);
        // Nothing else is understood here, so nothing else may be there.
        assert_eq!(condition.is_null(), keys.is_empty(), "{statement}");
        Self {
            actions,
            resource: resource
                .unwrap_or_else(|| panic!("no resource of the template's: {statement}"))
                .to_owned(),
            keys,
        }
    }

    /// Whether it allows an action on these keys of a resource, all of them.
    fn allows(&self, action: &str, resource: &str, partitions: &BTreeSet<String>) -> bool {
        let matches = |partition: &String| {
            let mut patterns = self.keys.iter();
            patterns.any(|pattern| is_like(partition, pattern))
        };
        self.actions.iter().any(|allowed| allowed == action)
            && self.resource == resource
            && (self.keys.is_empty() || partitions.iter().all(matches))
    }

    /// `action on resource keys`, each one by itself.
    fn grants(&self) -> impl Iterator<Item = String> {
        let any = [String::new()];
        let keys = if self.keys.is_empty() {
            &any[..]
        } else {
            &self.keys
        };
        let grants = self.actions.iter().flat_map(|action| {
            keys.iter()
                .map(move |key| grant(action, &self.resource, key))
        });
        grants.collect::<Vec<_>>().into_iter()
    }
}

fn texts(value: &Value) -> Vec<String> {
    let values = value.as_array().cloned().unwrap_or_default();
    let texts = values.iter().map(|value| value.as_str().unwrap());
    texts.map(str::to_owned).collect()
}

/// `StringLike`, of which the template uses the star at the end.
fn is_like(text: &str, pattern: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => text.starts_with(beginning),
        None => text == pattern,
    }
}

fn grant(action: &str, resource: &str, keys: &str) -> String {
    format!("{action} on {resource} {keys}")
        .trim_end()
        .to_owned()
}

/// What the template allows a function.
pub fn policy(function: &str) -> Vec<Statement> {
    let properties = &template()["Resources"][resource_name(function)]["Properties"];
    let policies = properties["Policies"].as_array().unwrap().iter();
    let statements = policies.flat_map(|policy| policy["Statement"].as_array().unwrap());
    statements.map(Statement::read).collect()
}

/// The same, one grant by one: action, resource, and keys.
pub fn granted(function: &str) -> BTreeSet<String> {
    let statements = policy(function);
    statements.iter().flat_map(Statement::grants).collect()
}

/// What a call needs, in the words of [`granted`]. In a table whose keys begin with their kind, the kind counts.
pub fn needed(call: &AwsCall) -> BTreeSet<String> {
    let mut needed = BTreeSet::new();
    for ((action, resource), partitions) in &call.needs {
        if partitions.is_empty() {
            needed.insert(grant(action, resource, ""));
        }
        for partition in partitions {
            let kind = match partition.split_once('#') {
                // The only one of its kind, in a table whose other keys begin with a tenant.
                Some(("", _)) => partition.clone(),
                Some((kind, _)) => format!("{kind}#*"),
                None => String::new(),
            };
            needed.insert(grant(action, resource, &kind));
        }
    }
    needed
}

/// IAM in front of one function's clients: what its policy does not allow does not happen.
#[derive(Debug, Clone)]
pub struct Iam {
    function: &'static str,
    policy: Vec<Statement>,
}

impl Iam {
    /// For a function.
    pub fn of(function: &'static str) -> Self {
        Self {
            function,
            policy: policy(function),
        }
    }
}

impl Intercept for Iam {
    fn name(&self) -> &'static str {
        "Iam"
    }

    /// # Panics
    /// On a call that is not allowed: on AWS it would be an AccessDeniedException, here it must not go unnoticed.
    fn read_after_serialization(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let call = AwsCall::of(context.request());
        assert!(!call.needs.is_empty(), "a call about nothing: {call}");
        for ((action, resource), partitions) in &call.needs {
            let mut statements = self.policy.iter();
            let allowed = statements.any(|it| it.allows(action, resource, partitions));
            let function = self.function;
            assert!(
                allowed,
                "AccessDenied: template.yaml does not allow {function} {action} on {resource} {partitions:?}"
            );
        }
        Ok(())
    }
}
