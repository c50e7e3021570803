//! Opaque access tokens: they say nothing, and count and end as any other.

use latchkey_oauth::api::Api;
use latchkey_oauth::client::Client;
use latchkey_oauth::store::Expected;
use latchkey_oauth::time::Seconds;
use latchkey_oauth::token::opaque::AccessTokenFormat;
use latchkey_testkit::fixtures::{PASSWORD, SECRET, confidential, username};
use latchkey_tests::on_every_server;
use latchkey_tests::request::{get, post};
use latchkey_tests::world::{ORDERS, World, orders_api};
use serde_json::json;

on_every_server!(
    introspection_tells_what_a_jwt_would_say,
    userinfo_takes_it,
    it_ends_with_whatever_ends_a_jwt,
    only_its_client_revokes_it,
    it_ends_by_itself,
    no_other_text_is_one,
    an_api_decides_where_the_client_does_not,
);

async fn token(world: &World, scope: &str) -> String {
    let login = world
        .login_by("opaque", "alice", PASSWORD, scope)
        .await
        .ok();
    let token = login.string("access_token");
    assert!(token.starts_with("lka."), "{token}");
    token
}

async fn introspection_tells_what_a_jwt_would_say(world: World) {
    let opaque = token(&world, "openid read").await;
    let told = world.introspect_by("opaque", &opaque).await.json();
    let jwt = world
        .login("alice", "openid read")
        .await
        .ok()
        .string("access_token");
    let of_a_jwt = world.introspect_by("web", &jwt).await.json();
    let names =
        |it: &serde_json::Value| it.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&told), names(&of_a_jwt));
    for name in [
        "active",
        "scope",
        "username",
        "token_type",
        "sub",
        "aud",
        "iss",
        "amr",
    ] {
        assert_eq!(told[name], of_a_jwt[name], "{name}");
    }
    assert_eq!(told["client_id"], "opaque");
    assert_eq!(told["exp"], json!(told["iat"].as_u64().unwrap() + 900));
    // Nobody else is told anything.
    let told = world.introspect_by("other", &opaque).await;
    assert_eq!(told.text(), r#"{"active":false}"#);

    // A client acting for itself.
    let form = [("grant_type", "client_credentials")];
    let answer = world
        .send(post("/token", &form).basic("opaque", SECRET))
        .await
        .ok();
    let told = world
        .introspect_by("opaque", &answer.string("access_token"))
        .await
        .json();
    assert_eq!(
        (&told["active"], &told["sub"]),
        (&json!(true), &json!("opaque"))
    );
}

async fn userinfo_takes_it(world: World) {
    let opaque = token(&world, "openid email").await;
    let told = world.send(get("/userinfo").bearer(&opaque)).await.ok();
    assert_eq!(told.string("email"), "alice@example.com");
    let opaque = token(&world, "read").await;
    let refused = world.send(get("/userinfo").bearer(&opaque)).await;
    let _ = refused.refused(403, "insufficient_scope");
}

async fn it_ends_with_whatever_ends_a_jwt(world: World) {
    let ended = async |token: &str| {
        assert!(!world.is_active_for("opaque", token).await);
        let refused = world.send(get("/userinfo").bearer(token)).await;
        let _ = refused.refused(401, "invalid_token");
    };
    // Its family: revoked by the refresh token, or killed by a token used twice.
    let login = async || {
        world
            .login_by("opaque", "alice", PASSWORD, "openid")
            .await
            .ok()
    };
    let first = login().await;
    let form = [("token", &*first.string("refresh_token"))];
    let _ = world
        .send(post("/revoke", &form).basic("opaque", SECRET))
        .await
        .ok();
    ended(&first.string("access_token")).await;
    let first = login().await;
    let used = first.string("refresh_token");
    let next = world.refresh_by("opaque", &used).await.ok();
    let _ = world
        .refresh_by("opaque", &used)
        .await
        .refused(400, "invalid_grant");
    ended(&first.string("access_token")).await;
    ended(&next.string("access_token")).await;
    // Its user.
    let last = login().await;
    let mut alice = world
        .store
        .user(&world.tenant, &username("alice"))
        .await
        .unwrap();
    alice.credentials.generation = latchkey_testkit::fixtures::generation(7);
    world
        .store
        .put_user(&world.tenant, &alice, Expected::Any)
        .await;
    ended(&last.string("access_token")).await;
}

async fn only_its_client_revokes_it(world: World) {
    let opaque = token(&world, "openid").await;
    let revoke = async |client: &str| {
        let ask = post("/revoke", &[("token", &*opaque)]).basic(client, SECRET);
        let _ = world.send(ask).await.ok();
    };
    revoke("web").await;
    assert!(world.is_active_for("opaque", &opaque).await);
    revoke("opaque").await;
    assert!(!world.is_active_for("opaque", &opaque).await);
    let refused = world.send(get("/userinfo").bearer(&opaque)).await;
    let _ = refused.refused(401, "invalid_token");
    revoke("opaque").await;
}

async fn it_ends_by_itself(world: World) {
    if world.remembers() {
        return;
    }
    let opaque = token(&world, "openid").await;
    world.advance(Seconds(899));
    assert!(world.is_active_for("opaque", &opaque).await);
    world.advance(Seconds(1));
    assert!(!world.is_active_for("opaque", &opaque).await);
}

async fn no_other_text_is_one(world: World) {
    let opaque = token(&world, "openid").await;
    let neighbour = world.neighbour().await;
    assert!(!neighbour.is_active_for("opaque", &opaque).await);
    let (front, secrets) = opaque.rsplit_once('.').unwrap();
    let other = token(&world, "openid").await;
    let (_, others) = other.rsplit_once('.').unwrap();
    for text in [
        format!("{front}.{others}"),
        format!("{front}.{secrets}="),
        format!("{front}.{}", &secrets[1..]),
        format!("{front}."),
        opaque.replacen("lka", "lkr", 1),
        opaque.to_uppercase(),
        format!("{opaque}."),
    ] {
        assert!(!world.is_active_for("opaque", &text).await, "{text}");
    }
    assert!(world.is_active_for("opaque", &opaque).await);
}

async fn an_api_decides_where_the_client_does_not(world: World) {
    let api = Api {
        access_token_format: Some(AccessTokenFormat::Opaque),
        ..orders_api()
    };
    let world = world.neighbour().await;
    world.store.put_api(&world.tenant, &api).await;
    let ask = async |client: &str| {
        let form = [
            ("grant_type", "password"),
            ("username", "alice"),
            ("password", PASSWORD),
            ("resource", ORDERS),
        ];
        let answer = world
            .send(post("/token", &form).basic(client, SECRET))
            .await
            .ok();
        answer.string("access_token")
    };
    let token = ask("orders").await;
    assert!(token.starts_with("lka."));
    let told = world.introspect_by("api", &token).await.json();
    assert_eq!(
        (&told["tier"], &told["email_address"]),
        (&json!("gold"), &json!("alice@example.com"))
    );
    let client = Client {
        client_id: confidential("signed").client_id,
        access_token_format: Some(AccessTokenFormat::Jwt),
        ..latchkey_tests::world::orders_client()
    };
    world.store.put_client(&world.tenant, &client).await;
    assert_eq!(ask("signed").await.matches('.').count(), 2);
    assert!(!ask("signed").await.starts_with("lka."));
}
