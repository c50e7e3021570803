//! Ubisecure: docs/dialects.md.

use http::Method;
use latchkey_oauth::api::{ClaimName, ClaimRule, ClaimSource};
use latchkey_oauth::client::Client;
use latchkey_oauth::dialect::Dialect;
use latchkey_oauth::grant_type::GrantType;
use latchkey_oauth::issuer::IssuerPath;
use latchkey_oauth::registration::RegistrationPolicy;
use latchkey_oauth::scope::Scope;
use latchkey_oauth::tenant::TenantSettings;
use latchkey_testkit::fixtures::{PASSWORD, SECRET, confidential, scope};
use latchkey_tests::answer::Answer;
use latchkey_tests::on_every_server;
use latchkey_tests::recorded::{Product, basic, encoded};
use latchkey_tests::request::{Ask, get};
use latchkey_tests::world::World;
use serde_json::json;

const PAGE: Product = Product("ubisecure");
const CREDENTIALS: &str = "base64(client_id:client_secret)";

on_every_server!(
    openid_gives_an_id_token,
    a_resource_server_is_named_by_its_client_id,
    a_server_that_is_not_meant_learns_nothing,
    a_resource_server_registers_itself_and_is_named,
    metadata_and_keys_at_their_places,
    what_is_refused,
);

fn settings() -> TenantSettings {
    TenantSettings {
        dialects: vec![Dialect::Ubisecure],
        issuer_path: Some(IssuerPath::parse("/uas").unwrap()),
        client_ids_as_scopes: true,
        claims: vec![ClaimRule {
            name: ClaimName::parse("email").unwrap(),
            from: ClaimSource::Attribute("email".to_owned()),
        }],
        ..TenantSettings::default()
    }
}

/// A tenant that serves such clients: an application, and two resource servers.
async fn open(world: &World) {
    world.store.put_settings(&world.tenant, &settings()).await;
    let application = Client {
        grant_types: vec![GrantType::Password, GrantType::RefreshToken],
        scope: scope("openid"),
        ..confidential("application")
    };
    let server = |id: &str| Client {
        grant_types: Vec::new(),
        scope: Scope::default(),
        ..confidential(id)
    };
    for client in [application, server("1762414374"), server("another")] {
        world.store.put_client(&world.tenant, &client).await;
    }
}

async fn token(world: &World, name: &str, more: &[(&str, &str)]) -> Answer {
    let password = encoded(PASSWORD);
    let credentials = basic("application", SECRET);
    let own = [
        (CREDENTIALS, credentials.as_str()),
        ("username", "alice"),
        ("password", &*password),
    ];
    world
        .send(PAGE.request(name, &[&own[..], more].concat()))
        .await
}

async fn introspect(world: &World, name: &str, client: &str, token: &str) -> Answer {
    let credentials = basic(client, SECRET);
    let values = [(CREDENTIALS, credentials.as_str()), ("token", token)];
    world.send(PAGE.request(name, &values)).await
}

async fn openid_gives_an_id_token(world: World) {
    open(&world).await;
    let issued = token(&world, "token", &[]).await.ok();
    assert_eq!(issued.string("token_type"), "Bearer");
    assert!(issued.member("id_token").is_string());
    // The client that asks may use the token itself.
    let access_token = issued.string("access_token");
    let told = introspect(&world, "introspection", "application", &access_token).await;
    assert_eq!(told.ok().member("active"), true);
    let told = get("/uas/oauth2/userinfo").bearer(&access_token);
    assert_eq!(
        world.send(told).await.ok().string("sub"),
        "subject-of-alice"
    );
}

async fn a_resource_server_is_named_by_its_client_id(world: World) {
    open(&world).await;
    let named = [("resource", "1762414374")];
    let issued = token(&world, "token-for-a-resource", &named).await.ok();
    let access_token = issued.string("access_token");
    for name in ["introspection", "tokeninfo"] {
        let told = introspect(&world, name, "1762414374", &access_token).await;
        let told = told.ok();
        let reason = told.reason();
        let told = told.json();
        assert_eq!(told["active"], true, "{name}: {reason:?} {told}");
        let aud = told["aud"].as_array().expect("a list");
        for meant in ["1762414374", "application"] {
            assert!(aud.contains(&json!(meant)), "{name}: {told}");
        }
        assert_eq!(told["token_type"], "access_token");
        assert_eq!(told["azp"], "application");
        assert_eq!(told["iss"], format!("{}/uas", world.issuer()));
        assert_eq!(told["email"], "alice@example.com");
        assert_eq!(told["amr"], json!(["pwd"]));
        let left = told["expires_in"].as_u64().expect("a number");
        assert!((890..=900).contains(&left), "{told}");
        assert!(told["iat"].is_u64() && told["auth_time"].is_u64());
    }
}

async fn a_server_that_is_not_meant_learns_nothing(world: World) {
    open(&world).await;
    let named = [("resource", "1762414374")];
    let issued = token(&world, "token-for-a-resource", &named).await.ok();
    let access_token = issued.string("access_token");
    for name in ["introspection", "tokeninfo"] {
        let told = introspect(&world, name, "another", &access_token).await;
        assert_eq!(told.ok().json(), json!({"active": false}));
    }
    // Nor is there a resource server that is no client.
    let nobody = [("resource", "nobody")];
    let other = token(&world, "token-for-a-resource", &nobody).await;
    let _ = other.refused(400, "invalid_scope");
}

/// RFC 7591, at our path: the page names none. Several may be named, the client itself among them.
async fn a_resource_server_registers_itself_and_is_named(world: World) {
    open(&world).await;
    let settings = TenantSettings {
        registration: Some(RegistrationPolicy {
            open: true,
            ..RegistrationPolicy::default()
        }),
        ..settings()
    };
    world.store.put_settings(&world.tenant, &settings).await;
    let ask = Ask::new(Method::POST, "/register").header("content-type", "application/json");
    let document = json!({"client_name": "Orders", "grant_types": []});
    let registered = world.send(ask.body(document.to_string())).await;
    assert_eq!(registered.status(), 201, "{registered:?}");
    let (id, secret) = (
        registered.string("client_id"),
        registered.string("client_secret"),
    );
    let named = format!("{id} 1762414374 application");
    let named = [("resource", &*encoded(&named))];
    let issued = token(&world, "token-for-a-resource", &named).await.ok();
    let credentials = basic(&id, &secret);
    let about = [
        (CREDENTIALS, credentials.as_str()),
        ("token", &issued.string("access_token")),
    ];
    let told = world.send(PAGE.request("introspection", &about)).await.ok();
    let told = told.json();
    assert_eq!(told["active"], true, "{told}");
    let aud = told["aud"].as_array().expect("a list");
    for meant in [id.as_str(), "1762414374", "application"] {
        assert!(aud.contains(&json!(meant)), "{told}");
    }
}

async fn metadata_and_keys_at_their_places(world: World) {
    open(&world).await;
    for path in [
        "/uas/.well-known/openid-configuration",
        "/uas/.well-known/oauth-authorization-server",
    ] {
        let told = world.send(get(path)).await.ok();
        let address = world.issuer();
        for (member, path) in [
            ("token_endpoint", "/uas/oauth2/token"),
            ("introspection_endpoint", "/uas/oauth2/introspection"),
            ("userinfo_endpoint", "/uas/oauth2/userinfo"),
            ("jwks_uri", "/uas/oauth2/metadata.jwks"),
            ("revocation_endpoint", "/revoke"),
        ] {
            assert_eq!(told.string(member), format!("{address}{path}"));
        }
        assert_eq!(told.string("issuer"), format!("{address}/uas"));
    }
    let keys = world.send(get("/uas/oauth2/metadata.jwks")).await.ok();
    assert_eq!(keys.json(), world.send(get("/jwks")).await.ok().json());
}

async fn what_is_refused(world: World) {
    open(&world).await;
    let credentials = basic("application", SECRET);
    let wrong = [
        (CREDENTIALS, credentials.as_str()),
        ("username", "alice"),
        ("password", "wrong"),
    ];
    let _ = world
        .send(PAGE.request("token", &wrong))
        .await
        .refused(400, "invalid_grant");
    let stranger = basic("application", "wrong");
    let stranger = [(CREDENTIALS, stranger.as_str()), wrong[1], wrong[2]];
    let _ = world
        .send(PAGE.request("token", &stranger))
        .await
        .refused(401, "invalid_client");
    let nobody = introspect(&world, "tokeninfo", "nobody", "x").await;
    let _ = nobody.refused(401, "invalid_client");
    let nonsense = introspect(&world, "tokeninfo", "another", "x").await;
    assert_eq!(nonsense.ok().json(), json!({"active": false}));
}
