//! The client credentials grant: RFC 6749 section 4.4, and the ways a client authenticates.

use latchkey_oauth::client::{Client, ClientSecretHash};
use latchkey_testkit::fixtures::{SECRET, confidential};
use latchkey_tests::request::post;
use latchkey_tests::world::World;
use latchkey_tests::{jwt, on_every_server};
use serde_json::{Value, json};

on_every_server!(
    a_client_acts_for_itself,
    a_resource_narrows_the_audience,
    parts_of_basic_are_form_decoded,
    a_client_may_name_itself_beside_basic,
    secrets_in_the_body,
    the_audience_may_introspect,
    a_new_secret_is_taken_at_once,
);

const GRANT: (&str, &str) = ("grant_type", "client_credentials");

async fn a_client_acts_for_itself(world: World) {
    let answer = world
        .send(post("/token", &[GRANT]).basic("service", SECRET))
        .await
        .ok();
    assert_eq!(answer.string("scope"), "read write");
    // RFC 6749 section 4.4.3: no refresh token; and there is nobody an ID token could be about.
    assert_eq!(answer.member("refresh_token"), Value::Null);
    assert_eq!(answer.member("id_token"), Value::Null);
    let token = answer.string("access_token");
    let claims = jwt::claims(&token);
    assert_eq!(claims["sub"], "service");
    assert_eq!(claims["client_id"], "service");
    assert_eq!(claims["aud"], json!(["https://api.example.com", "api"]));
    for name in ["auth_time", "amr", "acr", "family", "generation"] {
        assert_eq!(claims[name], Value::Null, "{name}");
    }
    let told = world.introspect_by("service", &token).await.json();
    assert_eq!(
        (&told["active"], &told["username"]),
        (&json!(true), &Value::Null)
    );
}

async fn a_resource_narrows_the_audience(world: World) {
    let form = [
        GRANT,
        ("resource", "https://api.example.com"),
        ("scope", "read"),
    ];
    let answer = world
        .send(post("/token", &form).basic("service", SECRET))
        .await
        .ok();
    let claims = jwt::claims(&answer.string("access_token"));
    assert_eq!(claims["aud"], "https://api.example.com");
    let form = [
        GRANT,
        ("resource", "api"),
        ("resource", "https://api.example.com"),
    ];
    let answer = world
        .send(post("/token", &form).basic("service", SECRET))
        .await
        .ok();
    let claims = jwt::claims(&answer.string("access_token"));
    assert_eq!(claims["aud"], json!(["api", "https://api.example.com"]));
}

async fn parts_of_basic_are_form_decoded(world: World) {
    let answer = world
        .send(post("/token", &[GRANT]).basic("odd:id +%", SECRET))
        .await
        .ok();
    let told = world
        .introspect_by("odd:id +%", &answer.string("access_token"))
        .await;
    assert_eq!(told.member("sub"), "odd:id +%");
    assert_eq!(
        jwt::claims(&answer.string("access_token"))["sub"],
        "odd:id +%"
    );
}

async fn a_client_may_name_itself_beside_basic(world: World) {
    let form = [GRANT, ("client_id", "service")];
    let _ = world
        .send(post("/token", &form).basic("service", SECRET))
        .await
        .ok();
}

async fn secrets_in_the_body(world: World) {
    let form = [GRANT, ("client_id", "post"), ("client_secret", SECRET)];
    let answer = world.send(post("/token", &form)).await.ok();
    assert_eq!(jwt::claims(&answer.string("access_token"))["sub"], "post");
}

async fn the_audience_may_introspect(world: World) {
    let answer = world
        .send(post("/token", &[GRANT]).basic("service", SECRET))
        .await
        .ok();
    let token = answer.string("access_token");
    assert_eq!(
        world.introspect_by("api", &token).await.member("active"),
        true
    );
    assert_eq!(
        world.introspect_by("other", &token).await.text(),
        r#"{"active":false}"#
    );
}

/// A function remembers a client for a minute, but refuses nobody by memory.
async fn a_new_secret_is_taken_at_once(world: World) {
    let token = async |secret| {
        let ask = post("/token", &[GRANT]).basic("web", secret);
        world.send(ask).await
    };
    let _ = token(SECRET).await.ok();
    let _ = token("new").await.refused(401, "invalid_client");
    let changed = Client {
        client_secret_hashes: vec![ClientSecretHash::of("new")],
        ..confidential("web")
    };
    world.store.put_client(&world.tenant, &changed).await;
    let _ = token("new").await.ok();
}
