//! JSON, as the management API and registration write it. YAML's tests are with its reader, in the command.

use latchkey_oauth::time::Seconds;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::document;
use crate::fault::{At, Faults, Place};
use crate::tree::Node;
use crate::{ApiEntry, ClientEntry, ClientSecrets, UserEntry, api, client, tenant, user};

fn told_of<T>(read: impl FnOnce(&Faults) -> Option<T>) -> Result<T, Vec<(String, String)>> {
    let faults = Faults::default();
    let value = read(&faults);
    let faulty = match faults.or("", || value) {
        Ok(value) => return Ok(value.unwrap()),
        Err(faulty) => faulty,
    };
    let faults = faulty.faults.into_iter().map(|fault| match fault.at {
        Some(At::Pointer(at)) => (at.pointer, fault.message),
        at @ (Some(At::Line(_)) | None) => panic!("{at:?}: {}", fault.message),
    });
    Err(faults.collect())
}

fn read_client(json: Json) -> Result<ClientEntry, Vec<(String, String)>> {
    told_of(|faults| client::read(Node::from(json), &Place::default(), None, faults))
}

fn read_user(json: Json) -> Result<UserEntry, Vec<(String, String)>> {
    told_of(|faults| user::read(Node::from(json), &Place::default(), None, faults))
}

fn read_api(json: Json) -> Result<ApiEntry, Vec<(String, String)>> {
    told_of(|faults| api::read(Node::from(json), &Place::default(), faults))
}

fn read_tenant(json: Json) -> Result<crate::TenantEntry, Vec<(String, String)>> {
    told_of(|faults| tenant::read_all(vec![Node::from(json)], None, faults).pop())
}

#[test]
fn an_api() {
    let entry = read_api(json!({
        "resource": "https://orders.example.com",
        "audience": ["https://orders.example.com", "orders-api"],
        "scopes": ["orders:read", {"value": "orders:write", "description": "May change orders."}],
        "claims": [
            {"name": "email_address", "attribute": "email"}, {"name": "tier", "constant": {"a": [1]}},
            {"name": "groups"}, {"name": "login", "attribute": "username"}
        ],
        "access_token_lifetime": "10m",
        "access_token_format": "opaque",
    }));
    let api = serde_json::to_value(entry.unwrap().api).unwrap();
    let expected = json!({
        "resource": "https://orders.example.com",
        "audience": ["https://orders.example.com", "orders-api"],
        "scopes": [{"value": "orders:read"}, {"value": "orders:write", "description": "May change orders."}],
        "claims": [
            {"name": "email_address", "attribute": "email"}, {"name": "tier", "constant": {"a": [1]}},
            {"name": "groups", "attribute": "groups"}, {"name": "login", "attribute": "username"}
        ],
        "access_token_format": "opaque",
        "lifetimes": {"access_token": 600},
    });
    assert_eq!(api, expected);
}

#[test]
fn faults_of_an_api_point_at_their_members() {
    let faults = read_api(json!({
        "resource": "orders",
        "scopes": ["openid", "a b", 1, {"description": "x"}, "twice", "twice"],
        "claims": [
            {"name": "sub", "constant": 1}, {"name": "a", "attribute": "iss"}, {"constant": 1},
            {"name": "b", "constant": 1, "attribute": "email"}, {"name": "c", "constant": "x".repeat(1_100)},
            {"name": "d"}, {"name": "d"}, {"nam": "e", "name": "e"}
        ],
        "access_token_format": "jws",
        "access_token_lifetime": 5,
        "id_token_lifetime": "5m",
    }));
    let pointers: Vec<String> = faults.unwrap_err().into_iter().map(|(at, _)| at).collect();
    let expected = [
        "/access_token_format",
        "/access_token_lifetime",
        "/claims/0/name",
        "/claims/1/attribute",
        "/claims/2/name",
        "/claims/3/constant",
        "/claims/4/constant",
        "/claims/6",
        "/claims/7/nam",
        "/id_token_lifetime",
        "/resource",
        "/scopes/0",
        "/scopes/1",
        "/scopes/2",
        "/scopes/3/value",
        "/scopes/5",
    ];
    assert_eq!(pointers, expected);
}

#[test]
fn what_does_not_fit_together_in_a_tenant() {
    let tenant = |apis: Json, client: Json, users: Json| {
        read_tenant(json!({
            "tenant": "acme", "apis": apis, "clients": [client], "users": users,
            "password_policy": {"min_length": 12},
        }))
    };
    let api = || json!([{"resource": "https://a", "scopes": ["a:read"]}]);
    let client = |more: Json| {
        let mut client = json!({"client_id": "c", "client_secret": {"generate": true}, "grant_types": ["password"]});
        client
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        client
    };
    let assigned =
        |resource: &str, scope: &str| json!({"apis": [{"resource": resource, "scope": scope}]});
    assert!(tenant(api(), client(assigned("https://a", "a:read")), json!([])).is_ok());
    let mut by_default = assigned("https://a", "a:read");
    by_default["default_scope"] = json!("a:read");
    assert!(tenant(api(), client(by_default), json!([])).is_ok());
    for (apis, client, users, part) in [
        (
            api(),
            client(assigned("https://b", "a:read")),
            json!([]),
            "there is no API https://b",
        ),
        (
            api(),
            client(assigned("https://a", "a:write")),
            json!([]),
            "has no scope a:write",
        ),
        (
            api(),
            client(assigned("https://a", "openid")),
            json!([]),
            "OpenID Connect's",
        ),
        (
            api(),
            client(json!({"default_scope": "a:read"})),
            json!([]),
            "is not within `scope`",
        ),
        (
            json!([{"resource": "https://a", "audience": ["nobody"]}]),
            client(json!({})),
            json!([]),
            "neither a URI nor a client",
        ),
        (
            json!([{"resource": "https://a"}, {"resource": "https://a"}]),
            client(json!({})),
            json!([]),
            "a second API",
        ),
        (
            api(),
            client(json!({})),
            json!([{"username": "alice", "password": "only eleven"}]),
            "at least 12 characters",
        ),
        (
            api(),
            client(json!({})),
            json!([{"username": "alice", "attributes": {"email": "a@b"}}]),
            "a claim of its own",
        ),
        (
            api(),
            client(json!({})),
            json!([{"username": "alice", "attributes": {"sub": 1}}]),
            "is no name for one",
        ),
    ] {
        let faults = tenant(apis, client, users).unwrap_err();
        assert!(
            faults.iter().any(|(_, message)| message.contains(part)),
            "{part}: {faults:?}"
        );
    }
}

#[test]
fn attributes_of_a_tenants_own() {
    let entry = read_user(json!({
        "username": "alice", "email": "a@example.com",
        "attributes": {"department": "sales", "limits": {"day": 5}, "gone": null},
    }));
    let claims = Json::from(entry.unwrap().claims);
    assert_eq!(
        claims,
        json!({"email": "a@example.com", "department": "sales", "limits": {"day": 5}})
    );
}

#[test]
fn a_client_is_the_same_in_json() {
    let entry = read_client(json!({
        "client_id": "shop",
        "client_secret": {"generate": true},
        "grant_types": ["password", "refresh_token"],
        "scope": "openid a",
        "access_token_lifetime": "7d",
        "client_name": null,
    }));
    let entry = entry.unwrap();
    assert_eq!(entry.client.lifetimes.access_token, Some(Seconds::days(7)));
    assert_eq!(entry.secrets, ClientSecrets::Generate);
    assert_eq!(entry.client.client_name, None);
}

#[test]
fn each_fault_points_at_its_member() {
    let faults = read_client(json!({
        "client_name": 1,
        "client_secret": "a secret of sixteen and more",
        "grant_types": ["password", "passwrod"],
        "scope": "a  b",
        "audience": ["https://a.example/#x"],
        "scopes/~": "a",
    }));
    let pointers: Vec<String> = faults.unwrap_err().into_iter().map(|(at, _)| at).collect();
    let expected = [
        "/audience/0",
        "/client_id",
        "/client_name",
        "/grant_types/1",
        "/scope",
        "/scopes~1~0",
    ];
    assert_eq!(pointers, expected);
    let faults =
        read_user(json!({"username": "u", "address": {"country": 1}, "email_verified": true}));
    let pointers: Vec<String> = faults.unwrap_err().into_iter().map(|(at, _)| at).collect();
    assert_eq!(pointers, ["/address/country", "/email_verified"]);
}

#[test]
fn nothing_is_told_of_yaml() {
    let client = |name: &str, value: Json| {
        let mut client =
            json!({"client_id": "a", "grant_types": [], "client_secret": {"generate": true}});
        client[name] = value;
        read_client(client).unwrap_err().remove(0)
    };
    for (name, value) in [
        ("client_name", json!(1)),
        ("client_name", json!({})),
        ("client_secret", json!(true)),
        ("client_secret", json!(["a", "b", "c"])),
        ("disabled", json!("yes")),
        ("audience", json!("x")),
    ] {
        let (_, message) = client(name, value);
        assert!(
            !message.contains("YAML") && !message.contains("mapping"),
            "{message}"
        );
    }
    let faults = read_client(json!([])).unwrap_err();
    assert_eq!(
        faults,
        [(
            String::new(),
            "a client: an object is expected here, but there is a list.".to_owned()
        )]
    );
}

#[test]
fn nobody_reads_the_servers_variables_and_files() {
    for form in ["env", "file", "prompt"] {
        let value = if form == "prompt" {
            json!(true)
        } else {
            json!("/proc/self/environ")
        };
        let secret = json!({form: value});
        let (pointer, message) = read_user(json!({"username": "u", "password": secret}))
            .unwrap_err()
            .remove(0);
        assert_eq!(pointer, format!("/password/{form}"));
        assert_eq!(
            message,
            format!(
                "user u: unknown form `{form}`. `password` is one of text, {{\"generate\": true}} or {{\"hash\": \"...\"}}."
            )
        );
    }
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        ".{0,20}".prop_map(Json::from),
    ];
    let names = prop_oneof![
        Just("client_id".to_owned()),
        Just("username".to_owned()),
        Just("client_secret".to_owned()),
        Just("password".to_owned()),
        Just("address".to_owned()),
        ".{0,8}",
    ];
    leaf.prop_recursive(4, 32, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            proptest::collection::btree_map(names.clone(), inner, 0..6)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    /// Whatever comes, each fault's pointer leads to what is there, or to a member that is missing of what is there.
    #[test]
    fn pointers_lead_somewhere(json in any_json()) {
        for read in [read_client(json.clone()).err(), read_user(json.clone()).err()] {
            for (pointer, _) in read.into_iter().flatten() {
                let parent = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
                prop_assert!(json.pointer(&pointer).is_some() || json.pointer(parent).is_some(), "{pointer}");
            }
        }
    }
}

/// Who writes back what was told changes nothing.
#[test]
fn what_is_told_is_read_as_it_was() {
    use latchkey_oauth::api::{ApiScope, ClaimName, ClaimRule, ClaimSource};
    use latchkey_oauth::grant_type::GrantType;
    use latchkey_oauth::lockout::LockPolicy;
    use latchkey_oauth::registration::RegistrationPolicy;
    use latchkey_oauth::tenant::{LifetimeOverrides, TenantSettings};
    use latchkey_testkit::fixtures;

    let rules = vec![
        ClaimRule {
            name: ClaimName::parse("tier").unwrap(),
            from: ClaimSource::Constant(json!({"longest": 7, "scope": "", "lifetimes": {"a": 1}})),
        },
        // Neither is a constant that says nothing the attribute of that name.
        ClaimRule {
            name: ClaimName::parse("roles").unwrap(),
            from: ClaimSource::Constant(json!("")),
        },
        ClaimRule {
            name: ClaimName::parse("mail").unwrap(),
            from: ClaimSource::Attribute("email".to_owned()),
        },
    ];
    let lifetimes = LifetimeOverrides {
        access_token: Some(Seconds(90)),
        client_credentials_access_token: Some(Seconds(80)),
        refresh_token: Some(Seconds::days(2)),
        ..LifetimeOverrides::default()
    };

    let mut shop = fixtures::confidential("shop");
    shop.claims = rules.clone();
    shop.lifetimes = lifetimes;
    shop.refresh_token_retry_window = Seconds(60);
    shop.apis = vec![
        fixtures::assigned("https://a.example", "read"),
        fixtures::assigned("https://b.example", "read"),
    ];
    if let Some(other) = shop.apis.last_mut() {
        other.scope = latchkey_oauth::scope::Scope::default();
    }
    shop.redirect_uris = vec!["https://shop.example/back".to_owned()];
    shop.description.client_uri = Some("https://shop.example/".to_owned());
    shop.description.contacts = vec!["ops@shop.example".to_owned()];
    let mut told = document::client(&shop);
    assert!(!told.contains_key("client_secret_hashes"), "{told:?}");
    told.insert("client_secret".to_owned(), json!({"generate": true}));
    let mut read = read_client(told.into()).unwrap().client;
    read.client_secret_hashes = shop.client_secret_hashes.clone();
    assert_eq!(read, shop);

    let mut api = fixtures::api("https://orders.example.com");
    api.claims = rules.clone();
    api.lifetimes = lifetimes;
    api.scopes.push(ApiScope {
        value: "x".to_owned(),
        description: Some("X".to_owned()),
    });
    let node = Node::from(Json::from(document::api(&api)));
    let read = told_of(|faults| crate::api::read(node, &Place::default(), faults));
    assert_eq!(read.unwrap().api, api);

    let mut settings = TenantSettings {
        name: Some("Acme".to_owned()),
        lifetimes,
        claims: rules,
        lockout: LockPolicy::default(),
        ..TenantSettings::default()
    };
    settings.lockout.user.longest = Seconds(77);
    settings.registration = Some(RegistrationPolicy {
        open: true,
        grant_types: vec![GrantType::ClientCredentials],
        apis: shop.apis.clone(),
        ..RegistrationPolicy::default()
    });
    let id = fixtures::tenant("acme");
    let node = Node::from(Json::from(document::tenant(&id, &settings)));
    let read = told_of(|faults| crate::tenant::read(node, None, faults)).unwrap();
    assert_eq!((read.tenant, read.settings), (id, settings));

    let mut alice = fixtures::user("alice");
    let own = [
        ("department", json!("sales")),
        ("address", json!({"country": "AT"})),
    ];
    alice
        .profile
        .claims
        .extend(own.map(|(name, value)| (name.to_owned(), value)));
    let told = document::user(&alice);
    assert_eq!(told["attributes"], json!({"department": "sales"}));
    let read = read_user(told.into()).unwrap();
    assert_eq!(read.claims, alice.profile.claims);
    assert_eq!(
        (read.disabled, read.password.is_none()),
        (Some(false), true)
    );
}

/// The readers tell what they read, in its place, and a described field is one that is read.
#[test]
fn what_is_asked_for_is_told() {
    use crate::shape::{Shape, of};

    let asked = of(|node, faults| client::read(node, &Place::default(), None, faults));
    let shape = |pointer: &str| {
        let mut found = asked.iter().filter(|it| it.pointer == pointer);
        found.next().map(|it| it.shape)
    };
    assert_eq!(shape("/client_id"), Some(Shape::Text));
    assert_eq!(shape("/client_secret"), Some(Shape::Secret));
    assert_eq!(shape("/grant_types"), Some(Shape::Texts));
    assert_eq!(shape("/apis/0/resource"), Some(Shape::Text));
    assert_eq!(shape("/disabled"), Some(Shape::Boolean));
    assert!(
        asked
            .iter()
            .any(|it| it.pointer == "/client_id" && it.shape == Shape::Required)
    );
    let asked = of(|node, faults| crate::tenant::read(node, None, faults));
    let free = asked.iter().find(|it| it.pointer == "/lockout/user/free");
    let bounds = Shape::Number {
        least: 0,
        most: 10_000,
    };
    assert_eq!(free.map(|it| it.shape), Some(bounds));
    let asked = of(|node, faults| user::read(node, &Place::default(), None, faults));
    for (name, _) in crate::claims::CLAIMS {
        let pointer = format!("/{name}");
        assert!(asked.iter().any(|it| it.pointer == pointer), "{name}");
    }
}
