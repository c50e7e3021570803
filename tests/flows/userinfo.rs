//! UserInfo: OIDC Core section 5.3, RFC 6750.

use latchkey_oauth::client::Client;
use latchkey_testkit::fixtures::{PASSWORD, SECRET, confidential};
use latchkey_tests::request::{get, post};
use latchkey_tests::world::World;
use latchkey_tests::{jwt, on_every_server};
use serde_json::json;

on_every_server!(
    claims_by_scope,
    in_the_header_or_in_a_form,
    an_id_token_is_no_bearer_token,
    a_client_alone_has_no_userinfo,
    a_token_for_another_resource_is_none_for_userinfo,
    cross_origin,
);

async fn claims_by_scope(world: World) {
    for (scope, expected) in [
        ("openid", json!({"sub": "subject-of-alice"})),
        (
            "openid email",
            json!({"sub": "subject-of-alice", "email": "alice@example.com", "email_verified": true}),
        ),
        (
            "openid profile",
            json!({"sub": "subject-of-alice", "name": "alice Example", "preferred_username": "alice"}),
        ),
    ] {
        let login = world.login("alice", scope).await.ok();
        let ask = get("/userinfo").bearer(&login.string("access_token"));
        let answer = world.send(ask).await.ok();
        assert_eq!(answer.json(), expected, "{scope}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

async fn in_the_header_or_in_a_form(world: World) {
    let login = world.login("alice", "openid").await.ok();
    let token = login.string("access_token");
    let header = get("/userinfo").header("authorization", &format!("bEaReR {token}"));
    let _ = world.send(header).await.ok();
    let posted = post("/userinfo", &[]).bearer(&token);
    let _ = world.send(posted).await.ok();
    let form = post("/userinfo", &[("access_token", &*token)]);
    let _ = world.send(form.clone()).await.ok();
    let both = form.bearer(&token);
    let refused = world.send(both).await.refused(400, "invalid_request");
    assert!(
        refused
            .header("www-authenticate")
            .unwrap()
            .starts_with("Bearer")
    );
    let query = get(&format!("/userinfo?access_token={token}"));
    let _ = world.send(query).await.refused(400, "invalid_request");
}

async fn an_id_token_is_no_bearer_token(world: World) {
    let login = world.login("alice", "openid").await.ok();
    for name in ["id_token", "refresh_token"] {
        let ask = get("/userinfo").bearer(&login.string(name));
        let refused = world.send(ask).await.refused(401, "invalid_token");
        let challenge = refused.header("www-authenticate").unwrap();
        assert_eq!(challenge, r#"Bearer error="invalid_token""#);
    }
}

async fn a_client_alone_has_no_userinfo(world: World) {
    // A client may have openid in its scope; where there is no user, it is not granted.
    let form = [("grant_type", "client_credentials"), ("scope", "openid")];
    let answer = world.send(post("/token", &form).basic("web", SECRET)).await;
    let _ = answer.refused(400, "invalid_scope");
    let answer = world
        .send(post("/token", &form[..1]).basic("web", SECRET))
        .await
        .ok();
    assert_eq!(answer.string("scope"), "read");
    let ask = get("/userinfo").bearer(&answer.string("access_token"));
    let _ = world.send(ask).await.refused(403, "insufficient_scope");
}

async fn a_token_for_another_resource_is_none_for_userinfo(world: World) {
    let api = "https://api.example.com";
    let client = Client {
        audience: vec![api.to_owned()],
        ..confidential("shop")
    };
    world.store.put_client(&world.tenant, &client).await;
    let form = [
        ("grant_type", "password"),
        ("username", "alice"),
        ("password", PASSWORD),
        ("scope", "openid email"),
    ];
    let ask = post("/token", &form).basic("shop", SECRET);
    let token = world.send(ask).await.ok().string("access_token");
    assert_eq!(jwt::claims(&token)["aud"], json!([api, world.issuer()]));
    let _ = world.send(get("/userinfo").bearer(&token)).await.ok();

    let narrow = [form[0], form[1], form[2], form[3], ("resource", api)];
    let ask = post("/token", &narrow).basic("shop", SECRET);
    let token = world.send(ask).await.ok().string("access_token");
    assert_eq!(jwt::claims(&token)["aud"], api);
    let answer = world.send(get("/userinfo").bearer(&token)).await;
    let _ = answer.refused(401, "invalid_token");
}

async fn cross_origin(world: World) {
    let preflight = latchkey_tests::request::Ask::new(http::Method::OPTIONS, "/userinfo")
        .header("origin", "https://app.example.com")
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", "authorization");
    let answer = world.send(preflight).await;
    assert_eq!(answer.status(), 204);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(
        answer.header("access-control-allow-methods"),
        Some("GET, HEAD, POST")
    );
    let allowed = answer.header("access-control-allow-headers").unwrap();
    assert!(allowed.to_lowercase().contains("authorization"));
    let refused = world.send(get("/userinfo")).await;
    assert_eq!(refused.header("access-control-allow-origin"), Some("*"));
}
