//! What is deployed, held against template.yaml property by property.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use super::resolve::{Resolver, same};
use super::tally::Checks;

const FUNCTION: &str = "AWS::Serverless::Function";

/// What cannot be seen here, by type and property. Each has its row in docs/operations.md ("As deployed").
const NOT_SHOWN: [(&str, &str, &str); 5] = [
    (
        "AWS::ApiGatewayV2::Stage",
        "RouteSettings",
        "MiniStack drops it, and throttles nothing",
    ),
    (
        "AWS::DynamoDB::Table",
        "TimeToLiveSpecification",
        "MiniStack drops it",
    ),
    (
        "AWS::DynamoDB::Table",
        "PointInTimeRecoverySpecification",
        "MiniStack drops it",
    ),
    (
        "AWS::DynamoDB::Table",
        "SSESpecification",
        "MiniStack drops it",
    ),
    (
        "AWS::KMS::Key",
        "PendingWindowInDays",
        "no call tells it before the key's deletion",
    ),
];

/// Every property that template.yaml writes, every resource and no more, and what it prints at the end.
pub fn as_written(
    checks: &mut Checks,
    resolver: &Resolver<'_>,
    description: &Value,
    left_out: &[&str],
) -> Result<()> {
    let resources = members(resolver.template, "Resources")?;
    let mut wanted = BTreeSet::new();
    for (name, resource) in resources {
        if left_out.contains(&name.as_str()) || !resolver.wanted(resource)? {
            continue;
        }
        wanted.insert(name.clone());
        if resource.get("Type") == Some(&Value::from(FUNCTION)) {
            wanted.insert(format!("{name}Role"));
        }
        let properties = resolver.properties(resource).context(name.clone())?;
        let deployed = resolver.deployed.get(name).unwrap_or(&Value::Null);
        hold(checks, name, resource, &properties, deployed);
    }
    let found: BTreeSet<String> = members(description, "Resources")?.keys().cloned().collect();
    checks.expect(
        wanted == found,
        format!(
            "resources, template.yaml and deployed differ in {:?}",
            wanted.symmetric_difference(&found).collect::<Vec<_>>()
        ),
    );
    for (name, output) in members(resolver.template, "Outputs")? {
        let value = resolver.value(output.get("Value").unwrap_or(&Value::Null))?;
        checks.equal(
            &format!("output {name}"),
            &value,
            of(description, &["Outputs", name]),
        );
    }
    for (name, value) in &resolver.parameters {
        let given = of(description, &["Parameters", name]);
        checks.equal(&format!("parameter {name}"), &json!(value), given);
    }
    callable(checks, resolver.deployed)?;
    of_the_account(checks, resolver, description, &wanted)
}

fn hold(
    checks: &mut Checks,
    name: &str,
    resource: &Value,
    properties: &Map<String, Value>,
    deployed: &Value,
) {
    let kind = resource
        .get("Type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    for (property, wanted) in properties {
        let what = format!("{name}.{property}");
        let found = of(deployed, &["Properties", property]);
        let gap = NOT_SHOWN
            .iter()
            .find(|(of, name, _)| *of == kind && name == property);
        match gap {
            // That it is the right binary is shown by its answers.
            _ if property == "CodeUri" => {}
            Some((_, _, why)) if !same(wanted, found) => {
                checks.not_shown.insert(format!("{what}: {why}"));
            }
            // A list that is too long is one nobody believes.
            Some(_) => checks.expect(false, format!("{what} is shown now: off the list with it")),
            None => checks.equal(&what, wanted, found),
        }
    }
    if kind == FUNCTION {
        beside_the_policies(checks, name, deployed);
    }
    if kind == "AWS::KMS::Key" {
        let enabled = of(deployed, &["Properties", "Enabled"]);
        checks.equal(&format!("{name} is enabled"), &json!(true), enabled);
    }
}

/// A role has what SAM gives every function (its log, traces), Lambda alone may take it.
fn beside_the_policies(checks: &mut Checks, name: &str, deployed: &Value) {
    checks.equal(
        &format!("{name}'s managed policies"),
        &json!(["AWSLambdaBasicExecutionRole", "AWSXrayWriteOnlyAccess"]),
        of(deployed, &["Properties", "ManagedPolicies"]),
    );
    let trusted = deployed.pointer("/Properties/Trust/Statement");
    checks.equal(
        &format!("who may take {name}'s role"),
        &json!([{
            "Action": ["sts:AssumeRole"],
            "Effect": "Allow",
            "Principal": {"Service": ["lambda.amazonaws.com"]},
        }]),
        trusted.unwrap_or(&Value::Null),
    );
}

/// No route, alarm or dashboard that template.yaml does not write.
fn of_the_account(
    checks: &mut Checks,
    resolver: &Resolver<'_>,
    description: &Value,
    wanted: &BTreeSet<String>,
) -> Result<()> {
    for (list, kind, property) in [
        ("Routes", "AWS::ApiGatewayV2::Route", "RouteKey"),
        ("Alarms", "AWS::CloudWatch::Alarm", "AlarmName"),
        ("Dashboards", "AWS::CloudWatch::Dashboard", "DashboardName"),
    ] {
        let mut written = BTreeSet::new();
        for (name, resource) in members(resolver.template, "Resources")? {
            if resource.get("Type") == Some(&Value::from(kind)) && wanted.contains(name) {
                let value = resolver.properties(resource)?.remove(property);
                written.extend(value.as_ref().and_then(Value::as_str).map(str::to_owned));
            }
        }
        let found = of(description, &[list]).as_array();
        let found: BTreeSet<String> = found
            .into_iter()
            .flatten()
            .filter_map(|it| it.as_str().map(str::to_owned))
            .collect();
        checks.expect(
            written == found,
            format!("{list}: template.yaml says {written:?}, there are {found:?}"),
        );
    }
    Ok(())
}

/// The API may call the function behind each integration; MiniStack would not ask.
fn callable(checks: &mut Checks, deployed: &Value) -> Result<()> {
    let resources = deployed.as_object().context("the resources")?;
    let of_kind = |kind: &'static str| {
        resources
            .iter()
            .filter(move |(_, it)| it.get("Type") == Some(&Value::from(kind)))
    };
    let api = of_kind("AWS::ApiGatewayV2::Api").find_map(|(_, it)| it.get("PhysicalId")?.as_str());
    let source = format!(":{}/*", api.context("there is no API")?);
    let allowed: BTreeSet<&str> = of_kind("AWS::Lambda::Permission")
        .map(|(_, permission)| of(permission, &["Properties"]))
        .filter(|it| of(it, &["Principal"]) == "apigateway.amazonaws.com")
        .filter(|it| of(it, &["Action"]) == "lambda:InvokeFunction")
        .filter(|it| {
            let of_permission = of(it, &["SourceArn"]).as_str();
            of_permission.is_some_and(|it| it.ends_with(&source))
        })
        .filter_map(|it| of(it, &["FunctionName"]).as_str())
        .collect();
    for (name, integration) in of_kind("AWS::ApiGatewayV2::Integration") {
        let uri = of(integration, &["Properties", "IntegrationUri"]).as_str();
        let function = uri.and_then(|it| it.rsplit(':').next()).unwrap_or_default();
        checks.expect(
            allowed.contains(function),
            format!("the API may call the function of {name}"),
        );
    }
    Ok(())
}

/// What deleting the stack leaves: what template.yaml says to keep, and nothing else.
pub fn what_is_left(checks: &mut Checks, template: &Value, left: &Value) -> Result<()> {
    for (name, is_left) in left.as_object().context("what is left")? {
        let policy = of(template, &["Resources", name, "DeletionPolicy"]);
        let kept = policy == &json!("Retain");
        let what = if kept { "stays" } else { "goes" };
        checks.expect(is_left == &json!(kept), format!("{name} {what}"));
    }
    Ok(())
}

pub fn members<'v>(value: &'v Value, name: &str) -> Result<&'v Map<String, Value>> {
    let found = value.get(name).and_then(Value::as_object);
    found.with_context(|| format!("there are no {name}"))
}

fn of<'v>(value: &'v Value, path: &[&str]) -> &'v Value {
    path.iter()
        .try_fold(value, |value, name| value.get(name))
        .unwrap_or(&Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template() -> Value {
        json!({
            "Parameters": {"Alarmed": {"Default": "off"}},
            "Conditions": {"On": {"Fn::Equals": [{"Ref": "Alarmed"}, "on"]}},
            "Globals": {"Function": {"Timeout": 10}},
            "Resources": {
                "F": {"Type": FUNCTION, "Properties": {"CodeUri": "functions/f", "Policies": [{"Statement": ["a"]}]}},
                "T": {
                    "Type": "AWS::DynamoDB::Table",
                    "DeletionPolicy": "Retain",
                    "Properties": {"BillingMode": "PAY_PER_REQUEST", "TimeToLiveSpecification": {"Enabled": true}},
                },
                "R": {"Type": "AWS::ApiGatewayV2::Route", "Properties": {"RouteKey": "ANY /r"}},
                "Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {}},
                "I": {"Type": "AWS::ApiGatewayV2::Integration", "Properties": {}},
                "P": {"Type": "AWS::Lambda::Permission", "Properties": {}},
                "A": {"Type": "AWS::CloudWatch::Alarm", "Condition": "On", "Properties": {"AlarmName": "a"}},
            },
            "Outputs": {"Table": {"Value": {"Ref": "T"}}},
        })
    }

    fn description() -> Value {
        let trust = json!({"Statement": [{
            "Action": ["sts:AssumeRole"],
            "Effect": "Allow",
            "Principal": {"Service": ["lambda.amazonaws.com"]},
        }]});
        json!({
            "Parameters": {"Alarmed": "off"},
            "Outputs": {"Table": "t-1"},
            "Routes": ["ANY /r"],
            "Alarms": [],
            "Dashboards": [],
            "Resources": {
                "F": {"PhysicalId": "f-1", "Properties": {
                    "Timeout": 10,
                    "Policies": [{"Statement": ["a"]}],
                    "ManagedPolicies": ["AWSLambdaBasicExecutionRole", "AWSXrayWriteOnlyAccess"],
                    "Trust": trust,
                }},
                "FRole": {"PhysicalId": "r-1", "Properties": {}},
                "T": {"PhysicalId": "t-1", "Properties": {
                    "BillingMode": "PAY_PER_REQUEST",
                    "TimeToLiveSpecification": {"Enabled": false},
                }},
                "R": {"PhysicalId": "x", "Properties": {"RouteKey": "ANY /r"}},
                "Api": {"Type": "AWS::ApiGatewayV2::Api", "PhysicalId": "api"},
                "I": {"Type": "AWS::ApiGatewayV2::Integration", "Properties": {"IntegrationUri": "arn:x:f-1"}},
                "P": {"Type": "AWS::Lambda::Permission", "Properties": {
                    "FunctionName": "f-1",
                    "Action": "lambda:InvokeFunction",
                    "Principal": "apigateway.amazonaws.com",
                    "SourceArn": "arn:x:api/*",
                }},
            },
        })
    }

    fn checked(description: &Value) -> Checks {
        let template = template();
        let resources = &description["Resources"];
        let resolver = Resolver::new(&template, &[], "s", resources);
        let mut checks = Checks::default();
        as_written(&mut checks, &resolver, description, &[]).unwrap();
        checks
    }

    #[test]
    fn what_is_as_written_passes() {
        let checks = checked(&description());
        assert_eq!(checks.failed, Vec::<String>::new());
        assert_eq!(checks.passed, 13);
        assert_eq!(checks.not_shown.len(), 1);
    }

    #[test]
    fn each_deviation_fails_and_is_named() {
        for (path, value, named) in [
            ("/Resources/F/Properties/Timeout", json!(3), "F.Timeout"),
            (
                "/Resources/F/Properties/Policies",
                json!([{"Statement": ["a", "b"]}]),
                "F.Policies",
            ),
            (
                "/Resources/F/Properties/ManagedPolicies",
                json!(["AdministratorAccess"]),
                "F's managed policies",
            ),
            (
                "/Resources/T/Properties/TimeToLiveSpecification",
                json!({"Enabled": true}),
                "off the list",
            ),
            (
                "/Resources/R/Properties/RouteKey",
                json!("ANY /"),
                "R.RouteKey",
            ),
            ("/Resources/FRole", Value::Null, ""),
            ("/Outputs/Table", json!("t-2"), "output Table"),
            ("/Parameters/Alarmed", json!("on"), "parameter Alarmed"),
            ("/Routes", json!(["ANY /r", "ANY /s"]), "Routes"),
            (
                "/Resources/P/Properties/SourceArn",
                json!("arn:x:other/*"),
                "function of I",
            ),
            (
                "/Resources/P/Properties/FunctionName",
                json!("g-1"),
                "function of I",
            ),
            ("/Alarms", json!(["a"]), "Alarms"),
        ] {
            let mut description = description();
            *description.pointer_mut(path).unwrap() = value;
            if named.is_empty() {
                description["Resources"]
                    .as_object_mut()
                    .unwrap()
                    .remove("FRole");
            }
            let failed = checked(&description).failed;
            assert_eq!(failed.len(), 1, "{path}: {failed:?}");
            assert!(failed[0].contains(named), "{path}: {failed:?}");
        }
    }

    #[test]
    fn what_is_kept_stays_and_the_rest_goes() {
        let judged = |left: Value| {
            let mut checks = Checks::default();
            what_is_left(&mut checks, &template(), &left).unwrap();
            (checks.passed, checks.failed)
        };
        assert_eq!(
            judged(json!({"T": true, "R": false, "FRole": false})),
            (3, vec![])
        );
        let failed = vec!["R goes".to_owned(), "T stays".to_owned()];
        assert_eq!(judged(json!({"T": false, "R": true})), (0, failed));
    }
}
