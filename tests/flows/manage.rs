//! The management API: who may do what, what is told, and what happens to a client's or an API's description.

use http::Method;
use latchkey_oauth::client::Client;
use latchkey_oauth::tenant::TenantSettings;
use latchkey_testkit::fixtures::{PASSWORD, SECRET, confidential};
use latchkey_tests::manage::{Manager, every_scope, walk};
use latchkey_tests::request::{Ask, get, post};
use latchkey_tests::world::{World, fresh_tenant};
use latchkey_tests::{on_every_server, where_time_can_be_moved};
use serde_json::{Value, json};

use crate::problems::{problem, refused_fields};

on_every_server!(
    every_operation_is_carried_out,
    a_token_must_be_the_tenants_for_this_and_with_the_scope,
    a_token_that_ended_is_none,
    a_client_from_its_making_to_its_end,
    nobody_gives_more_than_they_have,
    a_scope_is_nothing_one_is_called,
    a_domain_is_one_tenants,
    a_secret_is_shown_once,
    an_update_is_never_lost,
    a_request_is_carried_out_once,
    lists_are_told_in_parts,
    faults_point_at_their_fields,
    what_is_malformed_is_refused,
    an_api_is_written_and_used,
);
where_time_can_be_moved!(two_tokens_are_one_too_many);

async fn every_operation_is_carried_out(world: World) {
    walk(&Manager::of(&world.default_tenant().await).await).await;
}

async fn a_token_must_be_the_tenants_for_this_and_with_the_scope(world: World) {
    let manager = Manager::with(&world, "manage:clients:read").await;
    let _ = manager.get("/clients").await.ok();
    let bare = world.send(get("/admin/v1/clients")).await;
    assert_eq!(bare.status(), 401);
    assert_eq!(bare.header("www-authenticate"), Some("Bearer"));
    assert_eq!(
        bare.header("content-type"),
        Some("application/problem+json")
    );
    assert!(bare.member("error").is_null());

    let other = manager.get("/users").await;
    let other = problem(other, 403, "insufficient_scope");
    let challenge = r#"Bearer error="insufficient_scope", scope="manage:users:read""#;
    assert_eq!(other.header("www-authenticate"), Some(challenge));
    let write = manager.post("/clients", &json!({})).await;
    let _ = problem(write, 403, "insufficient_scope");

    // Of the next tenant, for another resource, of another kind.
    let neighbour = Manager::of(&world.neighbour().await).await;
    let crossed = get("/admin/v1/clients").bearer(&neighbour.token);
    let _ = problem(world.send(crossed).await, 401, "invalid_token");
    let everything = Client {
        scope: latchkey_testkit::fixtures::scope(&format!("openid {}", every_scope())),
        default_scope: None,
        ..confidential("everything")
    };
    world.store.put_client(&world.tenant, &everything).await;
    let scope = "openid manage:clients:read";
    let login = world.login_by("everything", "alice", PASSWORD, scope).await;
    let login = login.ok();
    for name in ["access_token", "id_token", "refresh_token"] {
        let ask = get("/admin/v1/clients").bearer(&login.string(name));
        let refused = problem(world.send(ask).await, 401, "invalid_token");
        let challenge = r#"Bearer error="invalid_token""#;
        assert_eq!(
            refused.header("www-authenticate"),
            Some(challenge),
            "{name}"
        );
    }
    let query = get(&format!("/admin/v1/clients?access_token={}", manager.token));
    assert_eq!(world.send(query).await.status(), 401);
}

/// The local front hands one of two headers on, API Gateway both as one.
async fn two_tokens_are_one_too_many(world: World) {
    let manager = Manager::with(&world, "manage:clients:read").await;
    let ask = get("/admin/v1/clients").bearer(&manager.token);
    let twice = world.send(ask.bearer(&manager.token)).await;
    let _ = problem(twice, 400, "invalid_request");
}

async fn a_token_that_ended_is_none(world: World) {
    let manager = Manager::of(&world).await;
    let id = manager.client.client_id.as_str();
    let form = [("token", manager.token.as_str())];
    let revoke = post("/revoke", &form).basic(id, SECRET);
    let _ = world.send(revoke).await.ok();
    let _ = problem(manager.get("/clients").await, 401, "invalid_token");
}

async fn a_client_from_its_making_to_its_end(world: World) {
    let manager = Manager::of(&world).await;
    let body = json!({
        "client_id": "shop", "grant_types": ["client_credentials"], "scope": "a b",
        "access_token_lifetime": "7m", "client_name": "Shop",
    });
    let made = manager.post("/clients", &body).await;
    assert_eq!(made.status(), 201, "{made:?}");
    let location = format!("{}/admin/v1/clients/shop", world.issuer());
    assert_eq!(made.header("location"), Some(location.as_str()));
    assert_eq!(made.header("cache-control"), Some("no-store"));
    let secret = made.string("client_secret");
    let token = |secret: String, scope: &'static str| {
        let form = [("grant_type", "client_credentials"), ("scope", scope)];
        post("/token", &form).basic("shop", &secret)
    };
    let answer = world.send(token(secret.clone(), "a")).await.ok();
    assert_eq!(answer.member("expires_in"), 420);

    let read = manager.get("/clients/shop").await.ok();
    assert_eq!(read.header("etag"), made.header("etag"));
    let mut expected = body.clone();
    expected["token_endpoint_auth_method"] = json!("client_secret_basic");
    expected["disabled"] = json!(false);
    expected["refresh_token_retry_window"] = json!("0s");
    assert_eq!(read.json(), expected);
    // Who writes back what was told changes nothing, the secret among it.
    let again = manager
        .over(Method::PUT, "/clients/shop", Some(&read.json()))
        .await;
    let again = again.ok();
    assert_eq!(again.json(), expected);
    assert_ne!(again.header("etag"), read.header("etag"));
    let _ = world.send(token(secret.clone(), "a")).await.ok();

    let patch = json!({"client_name": null, "scope": "a"});
    let patched = manager
        .over(Method::PATCH, "/clients/shop", Some(&patch))
        .await;
    let patched = patched.ok();
    assert_eq!(
        (patched.member("scope"), patched.member("client_name")),
        (json!("a"), Value::Null)
    );

    let deleted = manager.over(Method::DELETE, "/clients/shop", None).await;
    assert_eq!((deleted.status(), deleted.text()), (204, ""));
    let _ = problem(manager.get("/clients/shop").await, 404, "not_found");
    let _ = problem(
        manager
            .post("/clients", &json!({"client_id": "web", "grant_types": []}))
            .await,
        409,
        "already_exists",
    );
}

async fn nobody_gives_more_than_they_have(world: World) {
    let clerk = Manager::with(&world, "manage:clients:read manage:clients:write").await;
    let boss = Manager::of(&world).await;
    let id = boss.client.client_id.to_string();
    let make = json!({
        "client_id": "puppet", "grant_types": ["client_credentials"],
        "scope": "manage:users:write", "audience": [format!("{}/admin/v1", world.issuer())],
    });
    let _ = problem(
        clerk.post("/clients", &make).await,
        403,
        "more_than_your_own",
    );
    let path = format!("/clients/{id}");
    // Neither by its secret, nor by its fields, nor by taking the scopes away first.
    let rotate = clerk.ask(Method::POST, &format!("{path}/secrets"), None);
    let _ = problem(clerk.send(rotate).await, 403, "more_than_your_own");
    for body in [
        json!({"client_name": "x"}),
        json!({"scope": "a"}),
        json!({"disabled": true}),
    ] {
        let patched = clerk.over(Method::PATCH, &path, Some(&body)).await;
        let _ = problem(patched, 403, "more_than_your_own");
    }
    let deleted = clerk.over(Method::DELETE, &path, None).await;
    let _ = problem(deleted, 403, "more_than_your_own");
    let own = json!({"client_id": "junior", "grant_types": [], "scope": "manage:clients:read"});
    assert_eq!(clerk.post("/clients", &own).await.status(), 201);
    let grown = json!({"scope": "manage:clients:read manage:tenant:write"});
    let grown = clerk
        .over(Method::PATCH, "/clients/junior", Some(&grown))
        .await;
    let _ = problem(grown, 403, "more_than_your_own");
    assert_eq!(
        boss.over(Method::PATCH, &path, Some(&json!({"client_name": "x"})))
            .await
            .status(),
        200
    );
}

async fn a_scope_is_nothing_one_is_called(world: World) {
    let world = world.neighbour().await;
    let settings = TenantSettings {
        client_ids_as_scopes: true,
        ..TenantSettings::default()
    };
    world.store.put_settings(&world.tenant, &settings).await;
    let clerk = Manager::with(&world, "manage:clients:write").await;
    let base = format!("{}/admin/v1", world.issuer());
    let mut secret = String::new();
    for id in ["manage:tenant:write", "plain", &base] {
        let client = json!({"client_id": id, "grant_types": ["client_credentials"]});
        let made = clerk.post("/clients", &client).await;
        assert_eq!(made.status(), 201, "{made:?}");
        secret = made.string("client_secret");
    }
    let ask = |scope: &str| {
        let form = [("grant_type", "client_credentials"), ("scope", scope)];
        world.send(post("/token", &form).basic(&base, &secret))
    };
    let _ = ask("plain").await.ok();
    let _ = ask("manage:tenant:write")
        .await
        .refused(400, "invalid_scope");
}

async fn a_domain_is_one_tenants(world: World) {
    let boss = Manager::of(&world.default_tenant().await).await;
    let [one, other] = [fresh_tenant(), fresh_tenant()].map(|it| it.to_string());
    let domain = format!("{one}.example.com");
    for tenant in [&one, &other] {
        let made = boss.post("/tenants", &json!({"tenant": tenant})).await;
        assert_eq!(made.status(), 201, "{made:?}");
    }
    let give = async |tenant: &str, domain: &str| {
        let body = json!({"domain": domain});
        let path = format!("/tenants/{tenant}");
        boss.over(Method::PATCH, &path, Some(&body)).await
    };
    let _ = give(&one, &domain).await.ok();
    let _ = give(&one, &domain).await.ok();
    assert_eq!(refused_fields(give(&other, &domain).await), ["/domain"]);
}

async fn a_secret_is_shown_once(world: World) {
    let manager = Manager::of(&world).await;
    let body = json!({"client_id": "shop", "grant_types": ["client_credentials"], "scope": "a"});
    let first = manager
        .post("/clients", &body)
        .await
        .string("client_secret");
    for path in ["/clients/shop", "/clients?prefix=shop"] {
        let told = manager.get(path).await.ok();
        assert!(
            !told.text().contains("secret\":") && !told.text().contains(&first),
            "{told:?}"
        );
        assert!(!told.text().contains("hash"), "{told:?}");
    }
    let works = async |secret: &str| {
        let ask = post("/token", &[("grant_type", "client_credentials")]);
        world.send(ask.basic("shop", secret)).await.status() == 200
    };
    let rotate = async || {
        let ask = manager.ask(Method::POST, "/clients/shop/secrets", None);
        let answer = manager.send(ask).await;
        assert_eq!(answer.status(), 201, "{answer:?}");
        answer.string("client_secret")
    };
    let second = rotate().await;
    // A function remembers a client for a minute: which secret it knows is seen of one that has not been asked.
    let fresh = json!({"client_id": "fresh", "grant_types": ["client_credentials"], "scope": "a"});
    assert_ne!(first, second);
    let made = manager.post("/clients", &fresh).await;
    let old = made.string("client_secret");
    let ask = manager.ask(Method::POST, "/clients/fresh/secrets", None);
    let new = manager.send(ask).await.string("client_secret");
    for secret in [&old, &new] {
        let ask = post("/token", &[("grant_type", "client_credentials")]);
        let _ = world.send(ask.basic("fresh", secret)).await.ok();
    }
    assert!(works(&second).await && works(&first).await);
    let public = json!({"client_id": "app", "grant_types": ["refresh_token"], "token_endpoint_auth_method": "none"});
    assert_eq!(manager.post("/clients", &public).await.status(), 201);
    let ask = manager.ask(Method::POST, "/clients/app/secrets", None);
    let _ = problem(manager.send(ask).await, 409, "public_client");
    // A secret of somebody's choice is taken, and not told.
    let chosen = json!({"client_id": "chosen", "grant_types": [], "client_secret": "a secret that a person chose"});
    let made = manager.post("/clients", &chosen).await;
    assert_eq!(
        (made.status(), made.member("client_secret")),
        (201, Value::Null)
    );
}

async fn an_update_is_never_lost(world: World) {
    let manager = Manager::of(&world).await;
    let path = "/clients/web";
    let seen = manager.tag(path).await;
    let patch = |name: &str| {
        let body = json!({"client_name": name});
        manager.ask(Method::PATCH, path, Some(&body))
    };
    let _ = problem(manager.send(patch("a")).await, 428, "precondition_required");
    let changed = manager
        .send(patch("a").header("if-match", &seen))
        .await
        .ok();
    let stale = manager.send(patch("b").header("if-match", &seen)).await;
    let _ = problem(stale, 412, "stale");
    let weak = format!("W/{}", changed.header("etag").unwrap());
    let _ = problem(
        manager.send(patch("b").header("if-match", &weak)).await,
        412,
        "stale",
    );
    let several = format!("\"x\", {}", changed.header("etag").unwrap());
    let _ = manager
        .send(patch("c").header("if-match", &several))
        .await
        .ok();
    let any = manager.send(patch("d").header("if-match", "*")).await.ok();
    let tag = any.header("etag").unwrap().to_owned();
    for method in [Method::PUT, Method::DELETE] {
        let body = json!({"grant_types": []});
        let ask = manager.ask(method, path, Some(&body));
        let _ = problem(
            manager.send(ask.clone()).await,
            428,
            "precondition_required",
        );
        let _ = problem(
            manager.send(ask.header("if-match", &seen)).await,
            412,
            "stale",
        );
    }
    let read = manager
        .ask(Method::GET, path, None)
        .header("if-none-match", &tag);
    let read = manager.send(read).await;
    assert_eq!((read.status(), read.text()), (304, ""));
    assert_eq!(read.header("etag"), Some(tag.as_str()));
    let head = manager
        .send(manager.ask(Method::HEAD, path, None))
        .await
        .ok();
    assert_eq!((head.text(), head.header("etag")), ("", Some(tag.as_str())));
}

async fn a_request_is_carried_out_once(world: World) {
    let manager = Manager::of(&world).await;
    let body = json!({"client_id": "shop", "grant_types": [], "scope": "a"});
    let key = "8e03978e-40d5-43dd-bc93-6894a57f9324";
    let ask = |body: &Value, key: &str| {
        manager
            .ask(Method::POST, "/clients", Some(body))
            .header("idempotency-key", key)
    };
    let first = manager.send(ask(&body, key)).await;
    assert_eq!(first.status(), 201);
    let quoted = format!("\"{key}\"");
    for again in [key, &quoted] {
        let repeated = manager.send(ask(&body, again)).await;
        assert_eq!(repeated.status(), 201, "{repeated:?}");
        assert_eq!(repeated.header("location"), first.header("location"));
        assert_eq!(repeated.header("etag"), first.header("etag"));
        assert_eq!(repeated.header("idempotent-replayed"), Some("true"));
        // All but the secret, which is shown once.
        let mut expected = first.json();
        expected.as_object_mut().unwrap().remove("client_secret");
        assert_eq!(repeated.json(), expected);
    }
    let other = json!({"client_id": "shop2", "grant_types": []});
    let _ = problem(
        manager.send(ask(&other, key)).await,
        422,
        "idempotency_key_reused",
    );
    let _ = problem(manager.get("/clients/shop2").await, 404, "not_found");
    // The same key of another caller is another key.
    let colleague = Manager::of(&world).await;
    let ask_too = colleague.ask(Method::POST, "/clients", Some(&other));
    let answer = colleague.send(ask_too.header("idempotency-key", key)).await;
    assert_eq!(answer.status(), 201);
    // Without one, or with a fresh one, the same again is a conflict.
    let fresh = "11111111-40d5-43dd-bc93-6894a57f9324";
    let _ = problem(manager.send(ask(&body, fresh)).await, 409, "already_exists");
    let _ = problem(manager.post("/clients", &body).await, 409, "already_exists");
    for bad in ["short", "", &"x".repeat(256)] {
        let _ = problem(manager.send(ask(&other, bad)).await, 400, "invalid_request");
    }
    let _ = manager.over(Method::DELETE, "/clients/shop", None).await;
    let _ = problem(manager.send(ask(&body, key)).await, 409, "made_and_gone");

    // What a request named may be gone by the time it is repeated.
    let api = json!({"resource": "urn:gone", "scopes": ["a"]});
    assert_eq!(manager.post("/apis", &api).await.status(), 201);
    let body = json!({
        "client_id": "named", "grant_types": [], "apis": [{"resource": "urn:gone", "scope": "a"}],
    });
    let named = "33333333-40d5-43dd-bc93-6894a57f9324";
    assert_eq!(manager.send(ask(&body, named)).await.status(), 201);
    let none = json!({"apis": null});
    let _ = manager
        .over(Method::PATCH, "/clients/named", Some(&none))
        .await
        .ok();
    let gone = manager.over(Method::DELETE, "/apis/urn:gone", None).await;
    assert_eq!(gone.status(), 204, "{gone:?}");
    let again = manager.send(ask(&body, named)).await;
    assert_eq!(
        (again.status(), again.header("idempotent-replayed")),
        (201, Some("true"))
    );

    let rotate = manager.ask(Method::POST, "/clients/web/secrets", None);
    let rotate = rotate.header("idempotency-key", "22222222-40d5-43dd-bc93-6894a57f9324");
    let secret = manager.send(rotate.clone()).await.string("client_secret");
    let again = manager.send(rotate).await;
    assert_eq!(
        (again.status(), again.member("client_secret")),
        (201, Value::Null)
    );
    let ask = post("/token", &[("grant_type", "client_credentials")]);
    let _ = world.send(ask.basic("web", &secret)).await.ok();
}

async fn lists_are_told_in_parts(world: World) {
    let manager = Manager::of(&world).await;
    let whole = manager.get("/clients?limit=100").await.ok();
    let whole = whole.json()["clients"].as_array().unwrap().clone();
    assert!(whole.len() > 5);
    let (mut path, mut parts) = ("/clients?limit=3".to_owned(), Vec::new());
    loop {
        let part = manager.get(&path).await.ok();
        let items = part.json()["clients"].as_array().unwrap().clone();
        assert!(items.len() <= 3);
        parts.extend(items);
        let Some(link) = part.header("link") else {
            assert!(part.member("next_cursor").is_null());
            break;
        };
        let cursor = part.string("next_cursor");
        let next = format!(
            "{}/admin/v1/clients?limit=3&cursor={cursor}",
            world.issuer()
        );
        assert_eq!(link, format!("<{next}>; rel=\"next\""));
        path = format!("/clients?limit=3&cursor={cursor}");
    }
    assert_eq!(parts, whole);
    let some = manager.get("/clients?prefix=o").await.ok();
    let some = some.json()["clients"].as_array().unwrap().clone();
    assert!(!some.is_empty());
    assert!(
        some.iter()
            .all(|it| it["client_id"].as_str().unwrap().starts_with('o'))
    );
    // A cursor that somebody makes up is a place in this tenant's list, or none.
    for (forged, status) in [
        ("bm90aGluZw", 200), // "nothing"
        ("eno", 200),        // "zz"
        ("AAAA", 400),
        ("!", 400),
        ("_w", 400),
        ("", 400),
    ] {
        let path = format!("/clients?cursor={forged}");
        assert_eq!(
            manager.get(&path).await.status(),
            if forged.is_empty() { 200 } else { status },
            "{forged}"
        );
    }
    for bad in [
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=1&limit=2",
        "limit=x",
        "limit=0003",
        "offset=1",
        "prefix=%00",
    ] {
        let answer = manager.get(&format!("/clients?{bad}")).await;
        let _ = problem(answer, 400, "invalid_request");
    }
}

async fn faults_point_at_their_fields(world: World) {
    let manager = Manager::of(&world).await;
    let body = json!({
        "client_id": "sh#op", "grant_types": ["passwrod"], "scopes": "a",
        "access_token_lifetime": 5, "apis": [{"resource": "orders"}],
    });
    let refused = manager.post("/clients", &body).await;
    let pointers = refused_fields(refused);
    assert_eq!(
        pointers,
        [
            "/access_token_lifetime",
            "/apis/0/resource",
            "/client_id",
            "/grant_types/0",
            "/scopes"
        ]
    );
    for (body, pointer) in [
        (json!({"client_id": "shop"}), "/grant_types"),
        (
            json!({"client_id": "shop", "grant_types": [], "client_secret": {"env": "AWS_SECRET_ACCESS_KEY"}}),
            "/client_secret/env",
        ),
        (
            json!({"client_id": "shop", "grant_types": [], "client_secret": {"file": "/proc/self/environ"}}),
            "/client_secret/file",
        ),
        (
            json!({"client_id": "shop", "grant_types": [], "audience": ["nobody"]}),
            "/audience/0",
        ),
        (
            json!({"client_id": "shop", "grant_types": [], "apis": [{"resource": "https://no.example"}]}),
            "/apis/0/resource",
        ),
    ] {
        assert_eq!(
            refused_fields(manager.post("/clients", &body).await),
            [pointer]
        );
    }
    let renamed = manager
        .over(
            Method::PATCH,
            "/clients/web",
            Some(&json!({"client_id": "bew"})),
        )
        .await;
    assert_eq!(refused_fields(renamed), ["/client_id"]);
    let untold = manager
        .over(
            Method::PATCH,
            "/clients/web",
            Some(&json!({"scope": 1, "x/y~": 1})),
        )
        .await;
    assert_eq!(refused_fields(untold), ["/scope", "/x~1y~0"]);
}

async fn what_is_malformed_is_refused(world: World) {
    let manager = Manager::of(&world).await;
    let send = async |body: &str, kind: &str| {
        let ask = Ask::new(Method::POST, "/admin/v1/clients").bearer(&manager.token);
        manager
            .send(ask.header("content-type", kind).body(body))
            .await
    };
    for body in [
        "",
        "{",
        "{\"client_id\": \"a\"",
        "[]",
        "1",
        "null",
        "\"x\"",
        "\u{feff}{}",
    ] {
        let _ = problem(send(body, "application/json").await, 400, "invalid_request");
    }
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/merge-patch+json",
        "application/jsonx",
    ] {
        let _ = problem(send("{}", kind).await, 415, "unsupported_media_type");
    }
    let told = send(
        "{\"client_secret\": \"hunter2-hunter2-hunter2\" x}",
        "application/json",
    )
    .await;
    assert!(
        !problem(told, 400, "invalid_request")
            .text()
            .contains("hunter2")
    );
    let deep = "[".repeat(10_000);
    let _ = problem(
        send(&deep, "application/json").await,
        400,
        "invalid_request",
    );
    let huge = format!("{{\"client_name\": \"{}\"}}", "x".repeat(64 * 1_024));
    let _ = problem(send(&huge, "application/json").await, 413, "too_large");

    for path in [
        "/nothing",
        "/clients/web/nothing",
        "/clients/a%2Fb",
        "/clients/web%00",
        "/clients/~",
        "/clients/~d2Vi",
        "/tenants",
        "/clients/",
    ] {
        let answer = manager.get(path).await;
        let _ = problem(answer, 404, "not_found");
    }
    for path in [
        "/admin/v1",
        "/admin/v1clients",
        "/admin/v2/clients",
        "=/default/admin/v1/clients",
    ] {
        let answer = world.send(get(path).bearer(&manager.token)).await;
        assert_eq!(answer.status(), 404, "{path}");
    }
    let answer = manager
        .send(manager.ask(Method::DELETE, "/clients", None))
        .await;
    let answer = problem(answer, 405, "method_not_allowed");
    assert_eq!(answer.header("allow"), Some("GET, HEAD, POST"));
    let options = manager
        .send(manager.ask(Method::OPTIONS, "/clients", None))
        .await;
    assert_eq!(options.status(), 405);
    assert_eq!(options.header("access-control-allow-origin"), None);
    let public = world.send(get("/admin/v1/openapi.json")).await.ok();
    assert!(
        public
            .member("openapi")
            .as_str()
            .unwrap()
            .starts_with("3.1")
    );
}

async fn an_api_is_written_and_used(world: World) {
    let manager = Manager::of(&world).await;
    let resource = "https://orders.example.org/v1";
    let api = json!({
        "resource": resource, "name": "Orders",
        "scopes": ["orders:read", {"value": "orders:write", "description": "Change"}],
        "claims": [{"name": "tier", "constant": "gold"}],
        "access_token_lifetime": "3m",
    });
    let made = manager.post("/apis", &api).await;
    assert_eq!(made.status(), 201, "{made:?}");
    let segment = latchkey_admin::segment::of(resource);
    let location = format!("{}/admin/v1/apis/{segment}", world.issuer());
    assert_eq!(made.header("location"), Some(location.as_str()));
    let client = json!({
        "client_id": "shop", "grant_types": ["client_credentials"],
        "apis": [{"resource": resource, "scope": "orders:read"}],
    });
    let secret = manager
        .post("/clients", &client)
        .await
        .string("client_secret");
    let form = [("grant_type", "client_credentials"), ("resource", resource)];
    let token = world
        .send(post("/token", &form).basic("shop", &secret))
        .await
        .ok();
    assert_eq!(token.member("expires_in"), 180);
    let claims = latchkey_tests::jwt::claims(&token.string("access_token"));
    assert_eq!(
        (&claims["tier"], &claims["aud"]),
        (&json!("gold"), &json!(resource))
    );
    let wrong = json!({"apis": [{"resource": resource, "scope": "orders:read orders:delete"}]});
    let wrong = manager
        .over(Method::PATCH, "/clients/shop", Some(&wrong))
        .await;
    assert_eq!(refused_fields(wrong), ["/apis/0/scope"]);
    let path = format!("/apis/{segment}");
    let told = manager.get(&path).await.ok().json();
    assert_eq!(told["claims"], api["claims"]);
    let put = manager.over(Method::PUT, &path, Some(&told)).await.ok();
    assert_eq!(put.json(), told);
}
