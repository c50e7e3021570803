//! The deployed API from outside: requests through its routes, and what the functions write about them.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::tally::Checks;
use crate::demo_access::Access;
use crate::demo_http::{Call, Credentials, Http};
use crate::registry::{Generated, Operator};

/// One request to each function, before anything is remembered by it.
pub fn of_every_function(access: &Access) -> Vec<(&'static str, Call)> {
    let service = access.service.as_ref().unwrap_or(&access.client);
    let asker = access.resource_server.as_ref().unwrap_or(&access.client);
    let some_token = || vec![("token", "no-token-of-ours".to_owned())];
    let mut userinfo = Call::get("/userinfo");
    userinfo.credentials = Some(Credentials::Bearer("no-token-of-ours".to_owned()));
    let grant = vec![("grant_type", "client_credentials".to_owned())];
    vec![
        ("discovery", Call::get("/.well-known/openid-configuration")),
        ("token", Call::as_client("/token", service, grant)),
        (
            "introspect",
            Call::as_client("/introspect", asker, some_token()),
        ),
        (
            "revoke",
            Call::as_client("/revoke", &access.client, some_token()),
        ),
        ("userinfo", userinfo),
        ("register", Call::get("/register/nobody")),
        ("manage", Call::get("/admin/v1/clients")),
    ]
}

/// Has each function answer something, for the log of those that the demonstration does not reach.
pub fn reach_every_function(http: &Http, access: &Access) -> Result<()> {
    for (_, call) in of_every_function(access) {
        http.send(&call)?;
    }
    Ok(())
}

/// Without its policy a function may read nothing, and says no more than that.
pub fn refused(checks: &mut Checks, http: &Http, access: &Access) -> Result<()> {
    for (function, call) in of_every_function(access) {
        let answer = http.send(&call)?;
        let error = answer.json();
        let error = error.get("error").and_then(Value::as_str);
        checks.expect(
            answer.status == 500 && error == Some("server_error"),
            format!(
                "{function} without its policy answers 500 server_error (it was {} {})",
                answer.status,
                error.unwrap_or_default()
            ),
        );
    }
    Ok(())
}

/// A token for the management API, of a client that the operator makes.
pub fn manager(operator: &Operator<'_>, http: &Http, issuer: &str, scope: &str) -> Result<String> {
    let audience = format!("{issuer}/admin/v1");
    let generated = operator.add_client("deploy-operator", &audience, scope)?;
    let secret = generated.into_iter().find_map(|it| match it {
        Generated::Client { client_secret, .. } => Some(client_secret),
        Generated::User { .. } => None,
    });
    let mut call = Call::get("/token");
    call.form = Some(vec![
        ("grant_type", "client_credentials".to_owned()),
        ("client_id", "deploy-operator".to_owned()),
        ("client_secret", secret.context("no secret was made up")?),
    ]);
    let answer = http.send(&call)?.json();
    let token = answer.get("access_token").and_then(Value::as_str);
    Ok(token.context("no token for the management API")?.to_owned())
}

/// Adds a key to the default tenant's ring, where it never comes to signing.
pub fn adds_key(
    checks: &mut Checks,
    http: &Http,
    token: &str,
    key: &str,
    status: u16,
) -> Result<()> {
    let body = json!({"kms_key_id": key, "signs_after": "30d"});
    let answer = http.send(&Call::manage("/admin/v1/keys", token, body))?;
    checks.expect(
        answer.status == status,
        format!(
            "adding a key is answered by {status} (it was {} {})",
            answer.status, answer.text
        ),
    );
    Ok(())
}

/// Each function's log group has its requests, with metrics in this namespace or with none.
pub fn logged(checks: &mut Checks, logs: &Value, namespace: Option<&str>) -> Result<()> {
    for (group, lines) in logs.as_object().context("the log groups")? {
        let lines = lines.as_array().map(Vec::as_slice).unwrap_or_default();
        let requests: Vec<Value> = lines
            .iter()
            .filter_map(|line| serde_json::from_str(line.as_str()?).ok())
            .filter(|line: &Value| line.get("endpoint").is_some())
            .collect();
        checks.expect(!requests.is_empty(), format!("{group} has its requests"));
        let found: BTreeSet<String> = requests.iter().flat_map(namespaces).collect();
        let wanted: BTreeSet<String> = namespace.into_iter().map(str::to_owned).collect();
        checks.expect(
            found == wanted,
            format!("{group} has metrics of {wanted:?} (it was {found:?})"),
        );
    }
    Ok(())
}

/// Every metric of ours that an alarm watches is one that the functions write.
pub fn watched(checks: &mut Checks, logs: &Value, resources: &Value) -> Result<()> {
    let lines = logs.as_object().context("the log groups")?.values();
    let written: BTreeSet<String> = lines
        .filter_map(Value::as_array)
        .flatten()
        .filter_map(|line| serde_json::from_str(line.as_str()?).ok())
        .flat_map(|line: Value| names(&line))
        .collect();
    for (alarm, resource) in resources.as_object().context("the resources")? {
        if resource.get("Type") != Some(&Value::from("AWS::CloudWatch::Alarm")) {
            continue;
        }
        let metric = resource.pointer("/Properties/MetricName");
        let metric = metric.and_then(Value::as_str).unwrap_or_default();
        checks.expect(
            written.contains(metric),
            format!("{alarm} watches a metric that is written ({metric:?})"),
        );
    }
    Ok(())
}

/// CloudWatch's embedded format: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>
fn directives(line: &Value) -> impl Iterator<Item = &Value> {
    let directives = line.pointer("/_aws/CloudWatchMetrics");
    directives.and_then(Value::as_array).into_iter().flatten()
}

fn namespaces(line: &Value) -> BTreeSet<String> {
    directives(line)
        .filter_map(|it| Some(it.get("Namespace")?.as_str()?.to_owned()))
        .collect()
}

fn names(line: &Value) -> BTreeSet<String> {
    directives(line)
        .filter_map(|it| it.get("Metrics")?.as_array())
        .flatten()
        .filter_map(|it| Some(it.get("Name")?.as_str()?.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logs(namespace: &str) -> Value {
        let line = json!({"endpoint": "/token", "_aws": {"CloudWatchMetrics": [
            {"Namespace": namespace, "Metrics": [{"Name": "faults"}]},
        ]}});
        json!({"/aws/lambda/s/token": ["START", line.to_string()]})
    }

    fn judged(logs: &Value, namespace: Option<&str>) -> (usize, usize) {
        let mut checks = Checks::default();
        logged(&mut checks, logs, namespace).unwrap();
        (checks.passed, checks.failed.len())
    }

    #[test]
    fn metrics_are_there_exactly_when_wanted() {
        assert_eq!(judged(&logs("Latchkey/s"), Some("Latchkey/s")), (2, 0));
        assert_eq!(judged(&logs("Latchkey/t"), Some("Latchkey/s")), (1, 1));
        assert_eq!(judged(&logs("Latchkey/s"), None), (1, 1));
        let silent = json!({"/g": [json!({"endpoint": "/token"}).to_string()]});
        assert_eq!(judged(&silent, None), (2, 0));
        assert_eq!(judged(&silent, Some("Latchkey/s")), (1, 1));
        assert_eq!(judged(&json!({"/g": ["START"]}), None), (1, 1));
    }

    #[test]
    fn an_alarm_on_nothing_is_found() {
        let alarm = |metric: &str| json!({"A": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"MetricName": metric}}});
        let mut checks = Checks::default();
        watched(&mut checks, &logs("n"), &alarm("faults")).unwrap();
        watched(&mut checks, &logs("n"), &alarm("typo")).unwrap();
        assert_eq!((checks.passed, checks.failed.len()), (1, 1));
    }
}
