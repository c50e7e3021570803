//! The management API: clients, APIs and a tenant's domain, from their making to their end.

use http::Method;
use latchkey_tests::manage::Manager;
use latchkey_tests::on_every_server;
use latchkey_tests::request::post;
use latchkey_tests::world::{World, fresh_tenant};
use serde_json::{Value, json};

use crate::problems::{problem, refused_fields};

on_every_server!(
    a_client_from_its_making_to_its_end,
    a_secret_is_shown_once,
    an_api_is_written_and_used,
    a_domain_is_one_tenants,
);

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
