//! Clients that register themselves: RFC 7591, RFC 7592, and activation.

use http::Method;
use latchkey_oauth::certificate::CertificateName;
use latchkey_oauth::client::ClientAuthMethod;
use latchkey_oauth::grant_type::GrantType;
use latchkey_oauth::random::SystemRandom;
use latchkey_oauth::registration::{
    Activation, ActivationPolicy, InitialAccess, RegistrationPolicy,
};
use latchkey_oauth::secret_token::{Purpose, SecretToken};
use latchkey_oauth::tenant::TenantSettings;
use latchkey_oauth::time::{Seconds, Timestamp};
use latchkey_testkit::fixtures::{assigned, client_id, scope};
use latchkey_tests::answer::Answer;
use latchkey_tests::manage::Manager;
use latchkey_tests::on_every_server;
use latchkey_tests::request::{Ask, get, post};
use latchkey_tests::world::{ORDERS, World};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

on_every_server!(
    off_unless_the_tenant_has_it,
    anybody_where_it_is_open,
    an_initial_access_token_where_it_is_not,
    what_is_refused,
    a_registration_is_read_changed_and_deleted,
    nobody_elses_token_opens_a_registration,
    a_client_waits_until_it_is_let_in,
    an_operator_lets_it_in,
    a_code_lets_in_once,
    what_an_operator_gave_stays,
);

fn policy() -> RegistrationPolicy {
    RegistrationPolicy {
        open: true,
        grant_types: vec![GrantType::ClientCredentials, GrantType::RefreshToken],
        scope: scope("read write"),
        apis: vec![assigned(ORDERS, "orders:read")],
        activation: ActivationPolicy::None,
    }
}

async fn with(world: &World, policy: RegistrationPolicy) -> World {
    let world = world.neighbour().await;
    let settings = TenantSettings {
        registration: Some(policy),
        ..TenantSettings::default()
    };
    world.store.put_settings(&world.tenant, &settings).await;
    world
}

fn send_json(method: Method, path: &str, document: &Value) -> Ask {
    Ask::new(method, path)
        .header("content-type", "application/json")
        .body(document.to_string())
}

async fn register(world: &World, document: &Value) -> Answer {
    world
        .send(send_json(Method::POST, "/register", document))
        .await
}

fn of_the_service() -> Value {
    json!({"grant_types": ["client_credentials"], "client_name": "Nightly", "contacts": ["ops@example.com"]})
}

/// A token of the client's own, or the refusal.
async fn token(world: &World, client: &Value) -> Answer {
    let (id, secret) = (
        client["client_id"].as_str().unwrap(),
        client["client_secret"].as_str().unwrap(),
    );
    let form = [("grant_type", "client_credentials")];
    world.send(post("/token", &form).basic(id, secret)).await
}

fn below(client: &Value) -> String {
    format!("/register/{}", client["client_id"].as_str().unwrap())
}

fn access(client: &Value) -> &str {
    client["registration_access_token"].as_str().unwrap()
}

async fn off_unless_the_tenant_has_it(world: World) {
    let answer = register(&world, &of_the_service()).await;
    let _ = answer.refused(404, "invalid_request");
    let metadata = world
        .send(get("/.well-known/openid-configuration"))
        .await
        .ok();
    assert_eq!(metadata.member("registration_endpoint"), Value::Null);
    let world = with(&world, policy()).await;
    let metadata = world
        .send(get("/.well-known/openid-configuration"))
        .await
        .ok();
    assert_eq!(
        metadata.string("registration_endpoint"),
        format!("{}/register", world.issuer())
    );
}

async fn anybody_where_it_is_open(world: World) {
    let world = with(&world, policy()).await;
    let answer = register(&world, &of_the_service()).await;
    assert_eq!(answer.status(), 201, "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let client = answer.json();
    assert_eq!(client["client_secret_expires_at"], 0);
    assert!(client["client_id_issued_at"].is_u64());
    assert_eq!(
        client["registration_client_uri"],
        format!("{}{}", world.issuer(), below(&client))
    );
    for (member, value) in [
        ("token_endpoint_auth_method", json!("client_secret_basic")),
        ("grant_types", json!(["client_credentials"])),
        ("response_types", json!([])),
        ("client_name", json!("Nightly")),
        ("contacts", json!(["ops@example.com"])),
        ("scope", json!("read write")),
        ("activation", Value::Null),
    ] {
        assert_eq!(client[member], value, "{member}");
    }
    let issued = token(&world, &client).await.ok();
    assert_eq!(issued.string("scope"), "read write");
    // The APIs that the tenant gives each of them.
    let form = [("grant_type", "client_credentials"), ("resource", ORDERS)];
    let (id, secret) = (
        client["client_id"].as_str().unwrap(),
        client["client_secret"].as_str().unwrap(),
    );
    let issued = world
        .send(post("/token", &form).basic(id, secret))
        .await
        .ok();
    assert_eq!(issued.string("scope"), "orders:read");
    // Two of them are two.
    let other = register(&world, &of_the_service()).await.json();
    assert_ne!(other["client_id"], client["client_id"]);
    assert_ne!(other["client_secret"], client["client_secret"]);
    // A public client has no secret.
    let public = json!({"grant_types": ["refresh_token"], "token_endpoint_auth_method": "none"});
    let public = register(&world, &public).await.json();
    assert_eq!(
        (
            &public["client_secret"],
            &public["client_secret_expires_at"]
        ),
        (&Value::Null, &Value::Null)
    );
}

async fn an_initial_access_token_where_it_is_not(world: World) {
    let closed = RegistrationPolicy {
        open: false,
        ..policy()
    };
    let world = with(&world, closed).await;
    let answer = register(&world, &of_the_service()).await;
    assert_eq!(
        (answer.status(), answer.header("www-authenticate")),
        (401, Some("Bearer"))
    );
    let initial = SecretToken::new(Purpose::InitialAccess, &SystemRandom).unwrap();
    let text = initial.expose();
    let by = async |text: &str, document: &Value| {
        let ask = send_json(Method::POST, "/register", document).bearer(text);
        world.send(ask).await
    };
    // Who has no token of ours learns nothing of what a registration may be.
    let bad = json!({"grant_types": ["password"]});
    for document in [of_the_service(), bad.clone()] {
        let refused = by(text.expose_secret(), &document).await;
        let _ = refused.refused(401, "invalid_token");
    }
    let _ = by("lki.x", &of_the_service())
        .await
        .refused(401, "invalid_token");
    let kept = InitialAccess {
        uses_left: 1,
        until: Timestamp::from_unix(4_000_000_000),
    };
    world
        .store
        .put_initial_access(&world.tenant, &initial.hash(), &kept)
        .await;
    // What is refused costs nothing of it.
    let _ = by(text.expose_secret(), &bad)
        .await
        .refused(400, "invalid_client_metadata");
    assert_eq!(
        by(text.expose_secret(), &of_the_service()).await.status(),
        201
    );
    let _ = by(text.expose_secret(), &of_the_service())
        .await
        .refused(401, "invalid_token");
    let past = InitialAccess {
        uses_left: 9,
        until: Timestamp::from_unix(1),
    };
    world
        .store
        .put_initial_access(&world.tenant, &initial.hash(), &past)
        .await;
    let _ = by(text.expose_secret(), &of_the_service())
        .await
        .refused(401, "invalid_token");
}

async fn what_is_refused(world: World) {
    let world = with(&world, policy()).await;
    for (document, error) in [
        (json!({}), "invalid_client_metadata"),
        (
            json!({"grant_types": ["authorization_code"]}),
            "invalid_client_metadata",
        ),
        (
            json!({"grant_types": ["password"]}),
            "invalid_client_metadata",
        ),
        (
            json!({"grant_types": ["client_credentials"], "scope": "read admin"}),
            "invalid_client_metadata",
        ),
        (
            json!({"grant_types": ["client_credentials"], "token_endpoint_auth_method": "none"}),
            "invalid_client_metadata",
        ),
        (
            json!({
                "grant_types": ["refresh_token"], "token_endpoint_auth_method": "none",
                "tls_client_certificate_bound_access_tokens": true,
            }),
            "invalid_client_metadata",
        ),
        (
            json!({"grant_types": ["refresh_token"], "redirect_uris": ["http://example.com"]}),
            "invalid_redirect_uri",
        ),
        (
            json!({"grant_types": [], "software_statement": "eyJ"}),
            "unapproved_software_statement",
        ),
    ] {
        let _ = register(&world, &document).await.refused(400, error);
    }
    let ask = || send_json(Method::POST, "/register", &of_the_service());
    for ask in [
        ask().replace_header("content-type", "application/x-www-form-urlencoded"),
        ask().body("[]"),
        ask().body("{"),
        ask().body(r#"{"grant_types": ["password"], "grant_types": []}"#),
        ask().body(format!("{{\"client_name\": \"{}\"}}", "a".repeat(70_000))),
    ] {
        let _ = world.send(ask).await.refused(400, "invalid_request");
    }
    let answer = world
        .send(get("/register"))
        .await
        .refused(405, "invalid_request");
    assert_eq!(answer.header("allow"), Some("POST"));
}

async fn a_registration_is_read_changed_and_deleted(world: World) {
    let world = with(&world, policy()).await;
    let client = register(&world, &of_the_service()).await.json();
    let path = below(&client);
    let own = |ask: Ask| ask.bearer(access(&client));
    let read = world.send(own(get(&path))).await.ok().json();
    // RFC 7592 section 3: the same, but for the secret, which is not kept.
    assert_eq!(
        read["registration_access_token"],
        client["registration_access_token"]
    );
    assert_eq!(read["client_secret"], Value::Null);
    assert_eq!(read["client_name"], "Nightly");

    let put = async |document: &Value| {
        world
            .send(own(send_json(Method::PUT, &path, document)))
            .await
    };
    let id = &client["client_id"];
    for document in [
        json!({"grant_types": ["client_credentials"]}),
        json!({"client_id": "another", "grant_types": ["client_credentials"]}),
        json!({"client_id": id, "grant_types": ["client_credentials"], "client_secret": "chosen by the client"}),
        json!({"client_id": id, "grant_types": ["client_credentials"], "registration_access_token": access(&client)}),
        json!({"client_id": id, "grant_types": ["client_credentials"], "client_id_issued_at": 1}),
        json!({"client_id": id, "grant_types": ["password"]}),
    ] {
        let _ = put(&document).await.refused(400, "invalid_client_metadata");
    }
    let changed = json!({
        "client_id": id, "client_secret": client["client_secret"], "grant_types": ["client_credentials"], "scope": "read",
    });
    let told = put(&changed).await.ok().json();
    // RFC 7592 section 2.2: what is not said is no longer so.
    assert_eq!(
        (&told["client_name"], &told["scope"]),
        (&Value::Null, &json!("read"))
    );
    let read = world.send(own(get(&path))).await.ok().json();
    assert_eq!(
        (&read["client_name"], &read["scope"]),
        (&Value::Null, &json!("read"))
    );
    // What it has given up it cannot take again: it may have been narrowed by somebody else.
    let wider =
        json!({"client_id": id, "grant_types": ["client_credentials"], "scope": client["scope"]});
    assert_ne!(client["scope"], "read");
    let _ = put(&wider).await.refused(400, "invalid_client_metadata");
    if !world.remembers() {
        world.advance(Seconds(60));
    }
    let _ = token(&world, &client).await.ok();

    let gone = world.send(own(Ask::new(Method::DELETE, &path))).await;
    assert_eq!((gone.status(), gone.text()), (204, ""));
    let _ = world
        .send(own(get(&path)))
        .await
        .refused(401, "invalid_token");
    if !world.remembers() {
        world.advance(Seconds(60));
        let _ = token(&world, &client).await.refused(401, "invalid_client");
    }
}

async fn nobody_elses_token_opens_a_registration(world: World) {
    let world = with(&world, policy()).await;
    let client = register(&world, &of_the_service()).await.json();
    let other = register(&world, &of_the_service()).await.json();
    let neighbour = with(&world, policy()).await;
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let ask = || {
            send_json(
                method.clone(),
                &below(&client),
                &json!({"client_id": client["client_id"], "grant_types": []}),
            )
        };
        let missing = world.send(ask()).await;
        assert_eq!(
            (missing.status(), missing.header("www-authenticate")),
            (401, Some("Bearer"))
        );
        for token in [
            access(&other),
            "lkg.x",
            "x",
            client["client_secret"].as_str().unwrap(),
        ] {
            let _ = world
                .send(ask().bearer(token))
                .await
                .refused(401, "invalid_token");
        }
        let _ = neighbour
            .send(ask().bearer(access(&client)))
            .await
            .refused(401, "invalid_token");
        // One that did not register itself has none.
        let web = send_json(method.clone(), "/register/web", &json!({})).bearer(access(&client));
        let _ = world.send(web).await.refused(401, "invalid_token");
    }
    for path in [
        "/register/nobody",
        "/register/%23",
        "/register/%ff",
        "/register/a%2Fb",
    ] {
        let _ = world
            .send(get(path).bearer(access(&client)))
            .await
            .refused(401, "invalid_token");
    }
    let in_query = format!("{}?access_token={}", below(&client), access(&client));
    let _ = world
        .send(get(&in_query))
        .await
        .refused(400, "invalid_request");
    assert_eq!(
        world
            .send(get(&below(&client)).bearer(access(&client)))
            .await
            .status(),
        200
    );
}

async fn waiting(world: &World) -> (World, Value) {
    let required = RegistrationPolicy {
        activation: ActivationPolicy::Required,
        ..policy()
    };
    let world = with(world, required).await;
    let client = register(&world, &of_the_service()).await.json();
    assert_eq!(client["activation"], "required");
    (world, client)
}

async fn set_activation(world: &World, client: &Value, activation: Activation) {
    let id = client_id(client["client_id"].as_str().unwrap());
    let mut stored = world.store.client(&world.tenant, &id).await.unwrap();
    stored.registration.as_mut().unwrap().activation = activation;
    world.store.put_client(&world.tenant, &stored).await;
}

async fn a_client_waits_until_it_is_let_in(world: World) {
    let (world, client) = waiting(&world).await;
    // Until then it gets nothing, and looks like nobody.
    let _ = token(&world, &client).await.refused(401, "invalid_client");
    let (id, secret) = (
        client["client_id"].as_str().unwrap(),
        client["client_secret"].as_str().unwrap(),
    );
    let ask = post("/introspect", &[("token", "x")]).basic(id, secret);
    let _ = world.send(ask).await.refused(401, "invalid_client");
    // But it may look after its registration.
    let read = world
        .send(get(&below(&client)).bearer(access(&client)))
        .await
        .ok();
    assert_eq!(read.string("activation"), "required");
    set_activation(&world, &client, Activation::Done).await;
    let _ = token(&world, &client).await.ok();
    let read = world
        .send(get(&below(&client)).bearer(access(&client)))
        .await
        .ok();
    assert_eq!(read.member("activation"), Value::Null);
}

async fn an_operator_lets_it_in(world: World) {
    let (world, client) = waiting(&world).await;
    let id = client["client_id"].as_str().unwrap();
    let path = format!("/clients/{id}/activation");
    let let_in = async |manager: &Manager| {
        let ask = manager.ask(Method::PUT, &path, None);
        manager.send(ask).await
    };
    let reader = Manager::with(&world, "manage:clients:read").await;
    assert_eq!(let_in(&reader).await.status(), 403);
    let _ = token(&world, &client).await.refused(401, "invalid_client");
    let operator = Manager::of(&world).await;
    for _ in 0..2 {
        assert_eq!(let_in(&operator).await.status(), 204);
        let _ = token(&world, &client).await.ok();
    }
    let nobody = operator.ask(Method::PUT, "/clients/nobody/activation", None);
    assert_eq!(operator.send(nobody).await.status(), 404);
}

async fn a_code_lets_in_once(world: World) {
    let (world, client) = waiting(&world).await;
    let code = SecretToken::new(Purpose::Activation, &SystemRandom).unwrap();
    let text = code.expose();
    let give = async |bearer: &str, code: &str| {
        let document = json!({"client_id": client["client_id"], "activation_code": code});
        world
            .send(send_json(Method::POST, "/activate", &document).bearer(bearer))
            .await
    };
    let (own, right) = (access(&client), text.expose_secret());
    // There is no code yet.
    let _ = give(own, right).await.refused(400, "invalid_grant");
    let until = |seconds| Activation::Code {
        hash: code.hash(),
        until: Timestamp::from_unix(seconds),
    };
    set_activation(&world, &client, until(1)).await;
    let _ = give(own, right).await.refused(400, "invalid_grant");
    set_activation(&world, &client, until(4_000_000_000)).await;
    let _ = token(&world, &client).await.refused(401, "invalid_client");
    let other = SecretToken::new(Purpose::Activation, &SystemRandom)
        .unwrap()
        .expose();
    for wrong in [other.expose_secret(), "", "lkc.x"] {
        let _ = give(own, wrong).await.refused(400, "invalid_grant");
    }
    let missing = json!({"client_id": client["client_id"]});
    let ask = send_json(Method::POST, "/activate", &missing).bearer(own);
    let _ = world.send(ask).await.refused(400, "invalid_request");
    // The code alone is not enough: it takes the client's own token.
    let _ = give(right, right).await.refused(401, "invalid_token");
    let told = give(own, right).await.ok();
    assert_eq!(told.member("activation"), Value::Null);
    let _ = token(&world, &client).await.ok();
    // The code is gone with that; asked again, as after a lost answer, the client is told the same.
    let told = give(own, "lkc.x").await.ok();
    assert_eq!(told.member("activation"), Value::Null);
    let id = client_id(client["client_id"].as_str().unwrap());
    let stored = world.store.client(&world.tenant, &id).await.unwrap();
    assert_eq!(stored.registration.unwrap().activation, Activation::Done);
}

async fn what_an_operator_gave_stays(world: World) {
    let world = with(&world, policy()).await;
    let client = register(&world, &of_the_service()).await.json();
    let id = client_id(client["client_id"].as_str().unwrap());
    let mut stored = world.store.client(&world.tenant, &id).await.unwrap();
    stored.grant_types = vec![GrantType::ClientCredentials, GrantType::RefreshToken];
    stored.lifetimes.access_token = Some(Seconds(77));
    stored.client_credentials_refresh_token = true;
    stored.tls_client_certificate_bound_access_tokens = true;
    stored.audience = vec!["https://theirs.example.com".to_owned()];
    stored.scope = scope("read audit");
    world.store.put_client(&world.tenant, &stored).await;
    let document = json!({"client_id": client["client_id"], "grant_types": ["client_credentials", "refresh_token"]});
    let put = |document: &Value| {
        send_json(Method::PUT, &below(&client), document).bearer(access(&client))
    };
    let told = world.send(put(&document)).await.ok();
    // RFC 8705 section 3.4: what it is not asked about, it is told.
    assert_eq!(
        told.member("tls_client_certificate_bound_access_tokens"),
        true
    );
    let after = world.store.client(&world.tenant, &id).await.unwrap();
    assert_eq!(
        (after.lifetimes, after.audience.clone(), after.scope.clone()),
        (stored.lifetimes, stored.audience, stored.scope)
    );
    assert!(after.client_credentials_refresh_token);
    assert!(after.tls_client_certificate_bound_access_tokens);
    // Nor is it a public one with that.
    let public = json!({
        "client_id": client["client_id"], "grant_types": ["refresh_token"], "token_endpoint_auth_method": "none",
    });
    let refused = world.send(put(&public)).await;
    let _ = refused.refused(400, "invalid_client_metadata");
    // What belongs to a grant goes with it.
    let document = json!({"client_id": client["client_id"], "grant_types": ["client_credentials"]});
    let _ = world.send(put(&document)).await.ok();
    let after = world.store.client(&world.tenant, &id).await.unwrap();
    assert!(!after.client_credentials_refresh_token);
    // How it authenticates as well, once that is no secret.
    let mut by_certificate = after;
    by_certificate.token_endpoint_auth_method = ClientAuthMethod::TlsClientAuth;
    by_certificate.tls_client_auth = Some(CertificateName::SanDns("a.example.com".to_owned()));
    by_certificate.client_secret_hashes = Vec::new();
    world.store.put_client(&world.tenant, &by_certificate).await;
    for method in [
        None,
        Some("client_secret_basic"),
        Some("tls_client_auth"),
        Some("none"),
    ] {
        let mut document = document.clone();
        document["token_endpoint_auth_method"] = json!(method);
        let told = world.send(put(&document)).await.ok().json();
        assert_eq!(
            told["token_endpoint_auth_method"], "tls_client_auth",
            "{told}"
        );
        assert_eq!(told.get("client_secret"), None);
    }
    // And whom an operator shuts out cannot come back by itself.
    let mut shut_out = world.store.client(&world.tenant, &id).await.unwrap();
    shut_out.disabled = true;
    world.store.put_client(&world.tenant, &shut_out).await;
    let _ = world
        .send(put(&document))
        .await
        .refused(401, "invalid_token");
}
