//! Routes, template, local router and metadata agree; and tables, keys and policies are tight.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use latchkey_oauth::route::Endpoint;
use latchkey_tests::template::{FUNCTIONS, KEY_TAG, granted, read, resource_name, template};
use serde_json::{Value, json};

fn resources<'a>(template: &'a Value, kind: &str) -> BTreeMap<&'a str, &'a Value> {
    let all = template["Resources"].as_object().unwrap();
    let found = all.iter().filter(|(_, resource)| resource["Type"] == kind);
    found
        .map(|(name, it)| (name.as_str(), &it["Properties"]))
        .collect()
}

/// Path pattern to function, as the code has it.
fn expected() -> BTreeMap<String, String> {
    let mut routes = BTreeMap::new();
    for endpoint in Endpoint::ALL {
        for pattern in endpoint.patterns() {
            routes.insert(pattern, endpoint.function().to_owned());
        }
    }
    routes
}

#[test]
fn the_template_routes_what_the_code_serves() {
    let template = template();
    let integrations = resources(template, "AWS::ApiGatewayV2::Integration");
    let mut routes = BTreeMap::new();
    for (name, route) in resources(template, "AWS::ApiGatewayV2::Route") {
        let key = route["RouteKey"].as_str().unwrap();
        let path = key
            .strip_prefix("ANY ")
            .unwrap_or_else(|| panic!("{name}: {key}"));
        let target = route["Target"].as_str().unwrap();
        let target = target.strip_prefix("integrations/${").unwrap();
        let target = target.strip_suffix('}').unwrap();
        let uri = integrations[target]["IntegrationUri"].as_str().unwrap();
        let function = uri.strip_suffix("Function.Arn").unwrap().to_lowercase();
        assert!(
            routes.insert(path.to_owned(), function).is_none(),
            "{path} twice"
        );
    }
    assert_eq!(routes, expected());
}

#[test]
fn the_local_router_routes_what_the_code_serves() {
    let manifest = read("Cargo.toml");
    let (_, router) = manifest
        .split_once("[workspace.metadata.lambda.watch.router]\n")
        .unwrap();
    let table = router.split("\n[").next().unwrap();
    let mut routes = BTreeMap::new();
    for line in table.lines().filter(|line| line.starts_with('"')) {
        let (path, function) = line.split_once(" = ").unwrap();
        let unquote = |text: &str| text.trim().trim_matches('"').to_owned();
        // What API Gateway calls `{below+}`, cargo-lambda calls `{*below}`.
        let path = unquote(path).replace("{*below}", "{below+}");
        routes.insert(path, unquote(function));
    }
    assert_eq!(routes, expected());
}

#[test]
fn every_endpoint_has_a_function_of_its_name() {
    let template = template();
    let functions = resources(template, "AWS::Serverless::Function");
    let names: BTreeSet<&str> = functions.keys().copied().collect();
    let wanted: Vec<String> = FUNCTIONS.iter().map(|it| resource_name(it)).collect();
    assert_eq!(names, wanted.iter().map(String::as_str).collect());
    for function in FUNCTIONS {
        let resource = &template["Resources"][resource_name(function)];
        assert_eq!(resource["Metadata"]["BuildMethod"], "rust-cargolambda");
        assert_eq!(resource["Metadata"]["BuildProperties"]["Binary"], function);
        let code = resource["Properties"]["CodeUri"].as_str().unwrap();
        assert_eq!(code, format!("functions/{function}"));
    }
    assert_eq!(
        template["Globals"]["Function"]["Runtime"],
        "provided.al2023"
    );
}

#[test]
fn a_policy_names_its_actions_and_the_kinds_of_keys() {
    for function in FUNCTIONS {
        for grant in granted(function) {
            let (action, rest) = grant.split_once(" on ").unwrap();
            assert!(!action.contains('*'), "{function}: {grant}");
            // Where keys begin with their kind, so that a new kind is nobody's until a policy says so.
            // An index lists names by tenant.
            let by_kind = rest.starts_with("UsersTable ") || rest.starts_with("GrantsTable ");
            assert_eq!(by_kind, rest.ends_with("#*"), "{function}: {grant}");
        }
    }
}

#[test]
fn the_environment_is_what_the_settings_read() {
    use latchkey_oauth::settings as name;
    let template = template();
    let common = &template["Globals"]["Function"]["Environment"]["Variables"];
    let variables = |function: &str| -> BTreeSet<String> {
        let own = &template["Resources"][resource_name(function)]["Properties"];
        let own = own["Environment"]["Variables"]
            .as_object()
            .cloned()
            .unwrap_or_default();
        own.keys()
            .chain(common.as_object().unwrap().keys())
            .cloned()
            .collect()
    };
    let grants = [name::GRANTS_TABLE];
    let with_users = [name::GRANTS_TABLE, name::USERS_TABLE];
    let token = [
        name::GRANTS_TABLE,
        name::USERS_TABLE,
        name::ARGON2_MEMORY_KIB,
        name::ARGON2_ITERATIONS,
        name::ARGON2_PARALLELISM,
    ];
    let wanted: [(&str, &[&str]); 7] = [
        ("discovery", &[]),
        ("introspect", &grants),
        ("manage", &token),
        ("register", &grants),
        ("revoke", &grants),
        ("token", &token),
        ("userinfo", &with_users),
    ];
    for (function, own) in wanted {
        let all = own
            .iter()
            .chain(&[name::ISSUER, name::REGISTRY_TABLE, name::METRICS_NAMESPACE]);
        let all: BTreeSet<String> = all.map(|it| (*it).to_owned()).collect();
        assert_eq!(variables(function), all, "{function}");
    }
}

#[test]
fn tables_are_kept_safe() {
    let template = template();
    let tables = resources(template, "AWS::DynamoDB::Table");
    assert_eq!(
        tables.keys().copied().collect::<Vec<_>>(),
        ["GrantsTable", "RegistryTable", "UsersTable"]
    );
    for (name, table) in tables {
        assert_eq!(table["BillingMode"], "PAY_PER_REQUEST", "{name}");
        assert_eq!(table["SSESpecification"]["SSEEnabled"], true, "{name}");
        let recovery = &table["PointInTimeRecoverySpecification"];
        assert_eq!(recovery["PointInTimeRecoveryEnabled"], true, "{name}");
        let resource = &template["Resources"][name];
        assert_eq!(resource["DeletionPolicy"], "Retain", "{name}");
        let expires = &table["TimeToLiveSpecification"];
        if name == "RegistryTable" {
            assert!(expires.is_null());
        } else {
            assert_eq!(
                expires["AttributeName"],
                latchkey_dynamodb::keys::EXPIRES_AT
            );
            assert_eq!(expires["Enabled"], true);
        }
        let keys = table["KeySchema"].as_array().unwrap();
        let keys: Vec<&str> = keys
            .iter()
            .filter_map(|key| key["AttributeName"].as_str())
            .collect();
        use latchkey_dynamodb::keys::{KIND_ID, PK, SK, TENANT};
        let wanted = match name {
            "RegistryTable" => vec![TENANT, KIND_ID],
            "UsersTable" => vec![PK],
            _ => vec![PK, SK],
        };
        assert_eq!(keys, wanted, "{name}");
        use latchkey_dynamodb::keys::{BY_TENANT, LISTED, TENANTS, USERNAME};
        let wanted = match name {
            "RegistryTable" => json!([[TENANTS, LISTED, TENANT]]),
            "UsersTable" => json!([[BY_TENANT, TENANT, USERNAME]]),
            _ => json!([]),
        };
        let indexes = table["GlobalSecondaryIndexes"].as_array();
        let indexes = indexes.into_iter().flatten().map(|index| {
            // Names alone: what they are of is read where it is kept, and a copy would be another place for secrets.
            assert_eq!(index["Projection"]["ProjectionType"], "KEYS_ONLY", "{name}");
            let schema = &index["KeySchema"];
            json!([
                index["IndexName"],
                schema[0]["AttributeName"],
                schema[1]["AttributeName"]
            ])
        });
        assert_eq!(indexes.collect::<Value>(), wanted, "{name}");
    }
    let keys = resources(template, "AWS::KMS::Key");
    assert_eq!(keys.len(), 1);
    for (name, key) in keys {
        assert_eq!(key["KeySpec"], "RSA_2048");
        assert_eq!(key["KeyUsage"], "SIGN_VERIFY");
        // By what the policies go that allow to sign with it, and the commands that make others.
        let (name_of_tag, stack) = (KEY_TAG.0.split_once('/').unwrap().1, KEY_TAG.1);
        let tag = json!({"Key": name_of_tag, "Value": stack});
        assert!(key["Tags"].as_array().unwrap().contains(&tag), "{key}");
        for document in ["docs/operations.md", "README.md"] {
            let command = format!("--tags TagKey={name_of_tag},TagValue=");
            assert!(read(document).contains(&command), "{document}");
        }
        assert_eq!(template["Resources"][name]["DeletionPolicy"], "Retain");
    }
}

/// `[namespace, name, dimension, value, ...]` of every line in the dashboard.
fn dashboard_metrics(template: &Value) -> Vec<Vec<String>> {
    let dashboards = resources(template, "AWS::CloudWatch::Dashboard");
    let (_, dashboard) = dashboards.first_key_value().unwrap();
    let body: Value = serde_json::from_str(dashboard["DashboardBody"].as_str().unwrap()).unwrap();
    let widgets = body["widgets"].as_array().unwrap();
    let metrics = widgets
        .iter()
        .flat_map(|widget| widget["properties"]["metrics"].as_array().unwrap());
    metrics
        .map(|metric| {
            let words = metric.as_array().unwrap().iter();
            words
                .map(|word| word.as_str().unwrap().to_owned())
                .collect()
        })
        .collect()
}

/// A refresh that is cut off between writing and answering would cost a client without a retry window its family.
#[test]
fn a_refresh_at_its_slowest_is_answered_in_time() {
    // Cold, with openid: tenant, client, family, two signatures, the write, and one more read should its answer be lost.
    let calls = 7;
    let answering = Duration::from_millis(500);
    let timeout = &template()["Resources"]["TokenFunction"]["Properties"]["Timeout"];
    let timeout = Duration::from_secs(timeout.as_u64().unwrap());
    assert!(latchkey_aws::CALL * calls + answering <= timeout);
    // API Gateway waits no longer.
    assert!(timeout < Duration::from_secs(30));
}

#[test]
fn what_is_watched_is_measured_and_explained() {
    let template = template();
    let operations = read("docs/operations.md");
    let log_line = read("docs/log-line.md");
    let namespace = "Latchkey/${AWS::StackName}";
    let variables = &template["Globals"]["Function"]["Environment"]["Variables"];
    assert!(
        variables["LATCHKEY_METRICS_NAMESPACE"]
            .to_string()
            .contains(namespace)
    );

    let alarms = resources(template, "AWS::CloudWatch::Alarm");
    assert!(alarms.len() >= 10, "{}", alarms.len());
    for (name, alarm) in &alarms {
        let short = name.strip_suffix("Alarm").unwrap();
        assert!(operations.contains(&format!("| `{short}` |")), "{name}");
        assert_eq!(
            template["Resources"][name]["Condition"], "Monitored",
            "{name}"
        );
        assert_eq!(alarm["TreatMissingData"], "notBreaching", "{name}");
        if let Some(metric) = alarm["MetricName"].as_str() {
            assert_eq!(alarm["Namespace"], namespace, "{name}");
            assert!(
                log_line.contains(&format!("`{metric}`")),
                "{name}: {metric}"
            );
        } else {
            // One of Lambda's own, of every function.
            let parts = alarm["Metrics"].as_array().unwrap();
            assert_eq!(parts.len(), FUNCTIONS.len() + 1, "{name}");
        }
    }

    let paths: BTreeSet<&str> = Endpoint::ALL.iter().map(|it| it.path()).collect();
    let mut endpoints = BTreeSet::new();
    let lines = dashboard_metrics(template);
    for line in &lines {
        assert_eq!(line[0], namespace);
        assert!(log_line.contains(&format!("`{}`", line[1])), "{line:?}");
        if line.get(2).is_some_and(|it| it == "endpoint") {
            endpoints.insert(line[3].as_str());
        }
    }
    assert_eq!(endpoints, paths);
}
