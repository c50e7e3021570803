//! The management API: who may do what, and what a token must be for it.

use http::Method;
use latchkey_oauth::client::Client;
use latchkey_oauth::tenant::TenantSettings;
use latchkey_testkit::fixtures::{PASSWORD, SECRET, confidential};
use latchkey_tests::manage::{Manager, every_scope, walk};
use latchkey_tests::request::{get, post};
use latchkey_tests::world::World;
use latchkey_tests::{on_every_server, where_time_can_be_moved};
use serde_json::json;

use crate::problems::problem;

on_every_server!(
    every_operation_is_carried_out,
    a_token_must_be_the_tenants_for_this_and_with_the_scope,
    a_token_that_ended_is_none,
    nobody_gives_more_than_they_have,
    a_scope_is_nothing_one_is_called,
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
