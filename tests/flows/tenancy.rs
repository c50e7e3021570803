//! Tenants: a token, client, user or key of one is nothing in another. These tests try to cross.

use latchkey_oauth::client::Client;
use latchkey_oauth::issuer::Domain;
use latchkey_oauth::store::Expected;
use latchkey_oauth::tenant::TenantSettings;
use latchkey_testkit::fixtures::{PASSWORD, SECRET, confidential, user};
use latchkey_tests::request::{get, post};
use latchkey_tests::world::World;
use latchkey_tests::{jwt, on_every_server};
use serde_json::json;

on_every_server!(
    tokens_do_not_cross,
    clients_do_not_cross,
    users_do_not_cross,
    locks_do_not_cross,
    revocations_do_not_cross,
    a_tenant_that_is_not_there_is_nowhere,
    a_domain_of_its_own,
);

async fn tokens_do_not_cross(world: World) {
    // The neighbour has clients, users and subjects of the same names.
    let neighbour = world.neighbour().await;
    let login = world.login("alice", "openid").await.ok();
    for name in ["access_token", "id_token", "refresh_token"] {
        let token = login.string(name);
        assert!(world.is_active(&token).await, "{name}");
        assert!(!neighbour.is_active(&token).await, "{name}");
    }
    let ask = get("/userinfo").bearer(&login.string("access_token"));
    let _ = neighbour.send(ask).await.refused(401, "invalid_token");
    let stolen = neighbour.refresh(&login.string("refresh_token")).await;
    let _ = stolen.refused(400, "invalid_grant");
    // And the attempt has not hurt it.
    let _ = world.refresh(&login.string("refresh_token")).await.ok();
}

async fn clients_do_not_cross(world: World) {
    let neighbour = world.neighbour().await;
    world
        .store
        .put_client(&world.tenant, &confidential("only-here"))
        .await;
    let other = Client {
        client_secret_hashes: vec![latchkey_oauth::client::ClientSecretHash::of("another one")],
        ..confidential("other-secret")
    };
    neighbour.store.put_client(&neighbour.tenant, &other).await;
    let form = [("grant_type", "client_credentials"), ("scope", "read")];
    let here = world
        .send(post("/token", &form).basic("only-here", SECRET))
        .await;
    let _ = here.ok();
    for id in ["only-here", "other-secret"] {
        let there = neighbour
            .send(post("/token", &form).basic(id, SECRET))
            .await;
        let _ = there.refused(401, "invalid_client");
    }
}

async fn users_do_not_cross(world: World) {
    let neighbour = world.neighbour().await;
    world
        .store
        .put_user(&world.tenant, &user("dave"), Expected::Absent)
        .await;
    let _ = world.login("dave", "openid").await.ok();
    let there = neighbour.login("dave", "openid").await;
    let _ = there.refused(400, "invalid_grant");
}

async fn locks_do_not_cross(world: World) {
    let neighbour = world.neighbour().await;
    for _ in 0..7 {
        let wrong = world.login_by("web", "alice", "wrong", "openid").await;
        let _ = wrong.refused(400, "invalid_grant");
    }
    let _ = neighbour
        .login_by("web", "alice", PASSWORD, "openid")
        .await
        .ok();
}

async fn revocations_do_not_cross(world: World) {
    let neighbour = world.neighbour().await;
    let login = world.login("alice", "openid").await.ok();
    for name in ["access_token", "refresh_token"] {
        let _ = neighbour.revoke(&login.string(name)).await;
        assert!(world.is_active(&login.string(name)).await, "{name}");
    }
}

async fn a_tenant_that_is_not_there_is_nowhere(world: World) {
    for path in [
        "=/no-such-tenant/jwks",
        "=/no-such-tenant/.well-known/openid-configuration",
        "=/.well-known/oauth-authorization-server/no-such-tenant",
        "=/no-such-tenant/userinfo",
    ] {
        assert_eq!(world.send(get(path)).await.status(), 404, "{path}");
    }
    let form = [("grant_type", "client_credentials")];
    let ask = post("=/no-such-tenant/token", &form).basic("web", SECRET);
    assert_eq!(world.send(ask).await.status(), 404);
    // The default tenant has one address only.
    assert_eq!(world.send(get("=/default/jwks")).await.status(), 404);
}

/// A tenant with a domain is served there, at its root, and nowhere else; its issuer says so.
async fn a_domain_of_its_own(world: World) {
    if world.remembers() {
        // The local gateway has one host.
        return;
    }
    let neighbour = world.neighbour().await;
    let name = format!("{}.example", world.tenant);
    let settings = TenantSettings {
        domain: Some(Domain::parse(&name).unwrap()),
        ..TenantSettings::default()
    };
    world.store.put_settings(&world.tenant, &settings).await;
    let issuer = format!("https://{name}");
    let at_home = world.at_host(&name);
    let form = [
        ("grant_type", "password"),
        ("username", "alice"),
        ("password", PASSWORD),
        ("scope", "openid"),
    ];
    let login = || post("=/token", &form).basic("web", SECRET);
    let answer = at_home.send(login()).await.ok();
    let claims = jwt::claims(&answer.string("access_token"));
    assert_eq!(
        (&claims["iss"], &claims["aud"]),
        (&json!(issuer), &json!(issuer))
    );
    for path in [
        "=/.well-known/openid-configuration",
        "=/.well-known/oauth-authorization-server",
    ] {
        let metadata = at_home.send(get(path)).await.ok();
        assert_eq!(metadata.string("issuer"), issuer);
        assert_eq!(metadata.string("token_endpoint"), format!("{issuer}/token"));
    }
    let ask = get("=/userinfo").bearer(&answer.string("access_token"));
    let _ = at_home.send(ask).await.ok();

    // Not below the base URL, whatever host it is asked at; not below its own domain; and no other tenant at it.
    let jwks = || get("/jwks");
    let _ = world.send(jwks()).await.refused(404, "invalid_request");
    let _ = world
        .at_host("elsewhere.example")
        .send(jwks())
        .await
        .refused(404, "invalid_request");
    let _ = at_home.send(jwks()).await.refused(404, "invalid_request");
    let _ = neighbour
        .at_host(&name)
        .send(jwks())
        .await
        .refused(404, "invalid_request");
    let _ = neighbour.send(jwks()).await.ok();
    // At a host without a tenant, and at the base URL's own, everybody else is as ever.
    for host in ["elsewhere.example", "id.example.com", "127.0.0.1", ""] {
        let _ = neighbour.at_host(host).send(jwks()).await.ok();
    }
    // A token of before, or of the neighbour, is another issuer's.
    let token = neighbour
        .login("alice", "openid")
        .await
        .ok()
        .string("access_token");
    let ask = get("=/userinfo").bearer(&token);
    let _ = at_home.send(ask).await.refused(401, "invalid_token");
}
