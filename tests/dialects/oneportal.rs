//! onePortal: docs/dialects.md.

use latchkey_oauth::client::{Client, ClientSecretHash};
use latchkey_oauth::dialect::Dialect;
use latchkey_oauth::grant_type::GrantType;
use latchkey_oauth::tenant::{LifetimeOverrides, TenantSettings};
use latchkey_oauth::time::Seconds;
use latchkey_testkit::fixtures::{PASSWORD, SECRET, confidential, scope};
use latchkey_tests::answer::Answer;
use latchkey_tests::recorded::{Product, basic, encoded};
use latchkey_tests::world::World;
use latchkey_tests::{jwt, on_every_server};
use serde_json::json;

const PAGE: Product = Product("oneportal");
/// A secret that form encoding would change: the page's header has it as it is.
const ODD: &str = "a+b%2F/=";
const SERVER: (&str, &str) = ("oneportal-server", "id.example.com");

on_every_server!(
    a_user_signs_in_and_the_token_is_introspected,
    a_refresh_token_is_exchanged,
    a_client_like_another_standards,
    what_is_refused,
);

/// A tenant that serves such clients, and one of them.
async fn open(world: &World) -> String {
    let settings = TenantSettings {
        dialects: vec![Dialect::OnePortal],
        ..TenantSettings::default()
    };
    let client = Client {
        grant_types: vec![GrantType::Password, GrantType::RefreshToken],
        scope: scope("openid profile read"),
        default_scope: Some(scope("profile read")),
        // Such a client checks that it is meant.
        audience: vec!["service".to_owned()],
        lifetimes: LifetimeOverrides {
            access_token: Some(Seconds(604_799)),
            ..LifetimeOverrides::default()
        },
        client_secret_hashes: vec![ClientSecretHash::of(ODD), ClientSecretHash::of(SECRET)],
        ..confidential("service")
    };
    world.store.put_settings(&world.tenant, &settings).await;
    world.store.put_client(&world.tenant, &client).await;
    basic("service", ODD)
}

async fn token(world: &World, credentials: &str, password: &str) -> Answer {
    let request = PAGE.request(
        "token",
        &[
            SERVER,
            ("base64(client_id:client_secret)", credentials),
            ("username", "alice"),
            ("password", password),
        ],
    );
    world.send(request).await
}

async fn introspect(world: &World, credentials: &str, token: &str) -> Answer {
    let request = PAGE.request(
        "introspect",
        &[
            SERVER,
            ("base64(client_id:client_secret)", credentials),
            ("token", token),
        ],
    );
    world.send(request).await
}

fn password() -> String {
    encoded(PASSWORD)
}

async fn a_user_signs_in_and_the_token_is_introspected(world: World) {
    let credentials = open(&world).await;
    let issued = token(&world, &credentials, &password()).await.ok();
    PAGE.is_like("token", &issued, &["token_type", "expires_in"]);
    let access_token = issued.string("access_token");
    let (header, claims) = jwt::parts(&access_token);
    assert!(header["kid"].is_string());
    // No scope was asked for: the client's default.
    assert_eq!(claims["scope"], "profile read");
    assert_eq!(claims["aud"], "service");

    let told = introspect(&world, &credentials, &access_token).await.ok();
    PAGE.is_like("introspect", &told, &["active", "tokenType"]);
    let told = told.json();
    assert_eq!(told["clientId"], "service");
    assert_eq!(
        (&told["clientId"], &told["username"], &told["sub"]),
        (&told["client_id"], &json!("alice"), &claims["sub"])
    );
    assert_eq!(told["token_type"], "Bearer");
}

async fn a_refresh_token_is_exchanged(world: World) {
    let credentials = open(&world).await;
    let issued = token(&world, &credentials, &password()).await.ok();
    // Without `offline_access` there is one, and it is exchanged as anybody's is.
    let next = world
        .refresh_by("service", &issued.string("refresh_token"))
        .await
        .ok();
    let told = introspect(&world, &credentials, &next.string("access_token")).await;
    assert_eq!(told.ok().member("active"), true);
    let told = introspect(&world, &credentials, &next.string("refresh_token")).await;
    let told = told.ok();
    assert_eq!(told.member("clientId"), "service");
    assert!(told.member("tokenType").is_null(), "not an access token");
}

async fn a_client_like_another_standards(world: World) {
    let credentials = open(&world).await;
    let issued = token(&world, &credentials, &password()).await.ok();
    let told = world
        .introspect_by("service", &issued.string("access_token"))
        .await
        .ok();
    assert_eq!(told.member("client_id"), "service");
    assert!(told.member("clientId").is_null());
}

async fn what_is_refused(world: World) {
    let credentials = open(&world).await;
    let wrong = token(&world, &credentials, "wrong").await;
    let _ = wrong.refused(400, "invalid_grant");
    let stranger = basic("service", "wrong");
    let unknown = token(&world, &stranger, &password()).await;
    assert_eq!(
        unknown.header("www-authenticate").map(|it| &it[..5]),
        Some("Basic")
    );
    let _ = unknown.refused(401, "invalid_client");
    let told = introspect(&world, &credentials, "nonsense").await.ok();
    assert_eq!(told.json(), json!({"active": false}));
    let other = introspect(&world, &basic("web", SECRET), "nonsense").await;
    assert_eq!(other.ok().json(), json!({"active": false}));
}
