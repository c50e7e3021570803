//! OneLogin: docs/dialects.md.

mod management;

use http::Method;
use latchkey_oauth::client::{Client, ClientSecretHash};
use latchkey_oauth::dialect::Dialect;
use latchkey_oauth::grant_type::GrantType;
use latchkey_oauth::issuer::IssuerPath;
use latchkey_oauth::store::Expected;
use latchkey_oauth::tenant::{LifetimeOverrides, TenantSettings};
use latchkey_oauth::time::Seconds;
use latchkey_testkit::fixtures::{PASSWORD, SECRET, confidential, scope, user};
use latchkey_tests::answer::Answer;
use latchkey_tests::recorded::{Product, basic, encoded};
use latchkey_tests::request::{Ask, get, post};
use latchkey_tests::world::{ORDERS, World};
use latchkey_tests::{jwt, on_every_server};
use serde_json::{Value, json};

const PAGE: Product = Product("onelogin");
const CREDENTIALS: &str = "base64 encoded \"client_id:client_secret\"";
const OPERATOR: &str = "api-credentials";
/// One that form encoding would change.
const ODD: &str = "s3cret+%/=:, and more";
const APP: &str = "909021";
const CONTACTS: &str = "https://example.com/contacts";
const APIS: &str = "/api/2/api_authorizations";

on_every_server!(
    the_page_from_its_top_to_its_bottom,
    a_token_for_its_apis_is_told_in_an_envelope,
    a_token_for_its_apis_is_revoked,
    what_the_provider_refuses,
    openid_connect_is_at_its_paths,
    the_standards_api_is_as_it_was,
);

/// A tenant that serves such clients: one that manages its APIs, and an application.
async fn open(world: &World) {
    let settings = TenantSettings {
        dialects: vec![Dialect::OneLogin],
        issuer_path: Some(IssuerPath::parse("/oidc/2").unwrap()),
        ..TenantSettings::default()
    };
    world.store.put_settings(&world.tenant, &settings).await;
    let operator = Client {
        client_secret_hashes: vec![ClientSecretHash::of(ODD)],
        // Its own libraries look for a refresh token, and for a day's work.
        grant_types: vec![GrantType::ClientCredentials, GrantType::RefreshToken],
        client_credentials_refresh_token: true,
        lifetimes: LifetimeOverrides {
            client_credentials_access_token: Some(Seconds::hours(10)),
            ..LifetimeOverrides::default()
        },
        audience: vec![format!("{}/admin/v1", world.issuer())],
        scope: scope("manage:apis:read manage:apis:write manage:clients:read manage:clients:write"),
        default_scope: None,
        ..confidential(OPERATOR)
    };
    let app = |id: &str| Client {
        client_secret_hashes: vec![ClientSecretHash::of(ODD)],
        grant_types: vec![GrantType::Password, GrantType::RefreshToken],
        scope: scope("openid profile"),
        default_scope: None,
        ..confidential(id)
    };
    for client in [operator, app(APP), app("another app")] {
        world.store.put_client(&world.tenant, &client).await;
    }
    let mut alice = user("alice");
    let (name, value) = ("email_address", "alice@example.org");
    alice.profile.claims.insert(name.to_owned(), value.into());
    let put = world.store.put_user(&world.tenant, &alice, Expected::Any);
    put.await;
}

/// A token for the APIs, as the page's script asks for it.
async fn token(world: &World, secret: &str) -> Answer {
    let values = [("client_id", OPERATOR), ("client_secret", secret)];
    world.send(PAGE.request("token", &values)).await
}

/// Whoever manages APIs in the product's words.
struct Script {
    world: World,
    token: String,
}

impl Script {
    async fn of(world: &World) -> Self {
        open(world).await;
        let told = token(world, ODD).await.ok().json();
        Self {
            world: world.clone(),
            token: told["data"][0]["access_token"].as_str().unwrap().to_owned(),
        }
    }

    async fn recorded(&self, name: &str, values: &[(&str, &str)]) -> Answer {
        let own = [("access_token", self.token.as_str())];
        let values = [&own[..], values].concat();
        self.world.send(PAGE.request(name, &values)).await
    }

    async fn ask(&self, method: Method, path: &str, body: &Value) -> Answer {
        let ask = Ask::new(method, &format!("{APIS}{path}")).bearer(&self.token);
        let ask = ask.header("content-type", "application/json");
        self.world.send(ask.body(body.to_string())).await
    }

    async fn get(&self, path: &str) -> Answer {
        let ask = get(&format!("{APIS}{path}")).bearer(&self.token);
        self.world.send(ask).await
    }

    async fn delete(&self, path: &str) -> Answer {
        let ask = Ask::new(Method::DELETE, &format!("{APIS}{path}")).bearer(&self.token);
        self.world.send(ask).await
    }

    /// The page's API, and its number.
    async fn api(&self) -> u64 {
        id(&self.recorded("create", &[]).await, 201)
    }
}

/// The number of what was written.
fn id(answer: &Answer, status: u16) -> u64 {
    assert_eq!(answer.status(), status, "{answer:?}");
    PAGE.is_like("create", answer, &[]);
    let id = answer.member("id").as_u64().unwrap();
    // What a typed client keeps it in.
    assert!(i32::try_from(id).is_ok_and(|id| id > 0), "{id}");
    id
}

async fn login(world: &World, app: &str, resource: &str) -> Answer {
    let (credentials, password) = (basic(app, ODD), encoded(PASSWORD));
    let (client_id, resource) = (encoded(app), encoded(resource));
    let values = [
        (CREDENTIALS, &*credentials),
        ("username", "alice"),
        ("password", &*password),
        ("client_id", &*client_id),
        ("resource", &*resource),
    ];
    world.send(PAGE.request("password", &values)).await
}

async fn introspect(world: &World, app: &str, token: &str) -> Answer {
    let credentials = basic(app, ODD);
    let values = [(CREDENTIALS, &*credentials), ("token", token)];
    world.send(PAGE.request("introspection", &values)).await
}

async fn the_page_from_its_top_to_its_bottom(world: World) {
    let script = Script::of(&world).await;
    let created = script.recorded("create", &[]).await;
    let authorization_id = id(&created, 201).to_string();
    // Where it is, is said in the standard's words elsewhere.
    assert_eq!(created.header("location"), None);
    let of_it = [("authorization_id", &*authorization_id)];
    id(&script.recorded("claims", &of_it).await, 201);
    let scope_id = id(&script.recorded("scopes", &of_it).await, 201).to_string();
    let assigned = script
        .recorded(
            "clients",
            &[of_it[0], ("app_id", APP), ("scope_id", &scope_id)],
        )
        .await;
    assert_eq!(assigned.status(), 201, "{assigned:?}");
    PAGE.is_like("clients", &assigned, &["app_id"]);
    assert_eq!(assigned.member("api_auth_id").to_string(), authorization_id);

    let issued = login(&world, APP, CONTACTS).await.ok();
    assert_eq!(issued.member("expires_in"), 600);
    assert!(issued.member("id_token").is_string());
    let token = issued.string("access_token");
    let claims = jwt::claims(&token);
    assert_eq!(claims["aud"], CONTACTS);
    assert_eq!(claims["email_address"], "alice@example.org");
    let told = introspect(&world, APP, &token).await.ok();
    PAGE.is_like("introspection", &told, &["active", "token_type"]);
    assert_eq!(told.string("client_id"), APP);
    assert_eq!(told.string("iss"), format!("{}/oidc/2", world.issuer()));
}

async fn a_token_for_its_apis_is_told_in_an_envelope(world: World) {
    open(&world).await;
    let issued = token(&world, ODD).await.ok();
    let same = ["status", "data/0/token_type", "data/0/expires_in"];
    PAGE.is_like("token", &issued, &same);
    assert_eq!(issued.header("cache-control"), Some("no-store"));

    let body = r#"{"grant_type": "client_credentials"}"#;
    let with_basic = |path: &str| {
        let header = format!("Basic {}", basic(OPERATOR, ODD));
        let ask = Ask::new(Method::POST, path).header("authorization", &header);
        ask.header("content-type", "application/json").body(body)
    };
    let issued = world.send(with_basic("/auth/oauth2/token")).await.ok();
    PAGE.is_like("token", &issued, &same);
    let issued = world.send(with_basic("/auth/oauth2/v2/token")).await.ok();
    assert_eq!(issued.string("token_type"), "bearer");
    assert!(issued.string("created_at").ends_with('Z'));
    let _ = issued.string("access_token");

    let refused = |answer: Answer, status: u16, kind: &str| {
        assert_eq!(answer.status(), status, "{answer:?}");
        let told = answer.json();
        assert_eq!(
            (
                &told["status"]["error"],
                &told["status"]["code"],
                &told["status"]["type"]
            ),
            (&json!(true), &json!(status), &json!(kind))
        );
        assert!(told["status"]["message"].is_string());
    };
    refused(token(&world, "wrong").await, 401, "Unauthorized");
    for body in [
        r#"{"grant_type": "password"}"#,
        r#"{"grant_type": 1}"#,
        r#"{"grant_type": []}"#,
        r#"{"grant_type": "client_credentials", "grant_type": "client_credentials"}"#,
        "{}",
        "{",
        "",
    ] {
        let ask = with_basic("/auth/oauth2/token").body(body);
        refused(world.send(ask).await, 400, "bad request");
    }
    let nobody = Ask::new(Method::POST, "/auth/oauth2/token")
        .header("content-type", "application/json")
        .header("authorization", "client_id:x")
        .body(body);
    let nobody = world.send(nobody).await;
    assert!([400, 401].contains(&nobody.status()), "{nobody:?}");
    assert_eq!(nobody.json()["status"]["error"], true);
}

async fn a_token_for_its_apis_is_revoked(world: World) {
    open(&world).await;
    let revoke = async |client_id: &str, body: Value| {
        let header = format!("client_id:{client_id}, client_secret:{ODD}");
        let ask = Ask::new(Method::POST, "/auth/oauth2/revoke").header("authorization", &header);
        let ask = ask.header("content-type", "application/json");
        world.send(ask.body(body.to_string())).await
    };
    let issued = token(&world, ODD).await.ok().json();
    let access = issued["data"][0]["access_token"].as_str().unwrap();
    let active = async || {
        let told = introspect(&world, OPERATOR, access).await.ok().json();
        told["active"] == true
    };
    let success =
        json!({"status": {"error": false, "code": 200, "type": "success", "message": "Success"}});
    // RFC 7009 section 2.1: nobody revokes what is another client's, and nobody is told.
    let by_another = revoke("another app", json!({"access_token": access})).await;
    assert_eq!(by_another.ok().json(), success);
    assert!(active().await);
    for (client_id, body, status) in [
        (OPERATOR, json!({}), 400),
        ("nobody", json!({"access_token": access}), 401),
    ] {
        let refused = revoke(client_id, body).await;
        assert_eq!(refused.status(), status, "{refused:?}");
        assert_eq!(refused.json()["status"]["code"], status);
    }
    assert!(active().await);
    let revoked = revoke(OPERATOR, json!({"access_token": access})).await;
    assert_eq!(revoked.ok().json(), success);
    assert!(!active().await);
}

async fn what_the_provider_refuses(world: World) {
    open(&world).await;
    for resource in ["https://nobody.example.com", ORDERS] {
        let refused = login(&world, APP, resource).await;
        let _ = refused.refused(400, "invalid_target");
    }
    let told = introspect(&world, APP, "nonsense").await.ok();
    assert_eq!(told.json(), json!({"active": false}));
    let nobody = introspect(&world, "nobody", "x").await;
    let _ = nobody.refused(401, "invalid_client");
    for (secret, password, status, error) in [
        (ODD, "wrong", 400, "invalid_grant"),
        ("wrong", PASSWORD, 401, "invalid_client"),
    ] {
        let form = [
            ("grant_type", "password"),
            ("username", "alice"),
            ("password", password),
        ];
        let header = format!("Basic {}", basic(APP, secret));
        let ask = post("/oidc/2/token", &form).header("authorization", &header);
        let _ = world.send(ask).await.refused(status, error);
    }
    // A library that encodes both parts (RFC 6749 section 2.3.1) is understood as well.
    let encoded = format!("Basic {}", basic(APP, &encoded(ODD).replace('+', "%20")));
    let form = [("token", "nonsense")];
    let ask = post("/oidc/2/token/introspection", &form).header("authorization", &encoded);
    assert_eq!(world.send(ask).await.ok().json(), json!({"active": false}));
}

async fn openid_connect_is_at_its_paths(world: World) {
    open(&world).await;
    let told = get("/oidc/2/.well-known/openid-configuration");
    let told = world.send(told).await.ok();
    let address = world.issuer();
    assert_eq!(told.string("issuer"), format!("{address}/oidc/2"));
    for (member, path) in [
        ("token_endpoint", "/oidc/2/token"),
        ("introspection_endpoint", "/oidc/2/token/introspection"),
        ("revocation_endpoint", "/oidc/2/token/revocation"),
        ("userinfo_endpoint", "/oidc/2/me"),
        ("jwks_uri", "/oidc/2/certs"),
    ] {
        assert_eq!(told.string(member), format!("{address}{path}"));
    }
    let keys = world.send(get("/oidc/2/certs")).await.ok();
    assert_eq!(keys.json(), world.send(get("/jwks")).await.ok().json());

    let header = format!("Basic {}", basic(APP, ODD));
    let send = |path: &'static str, form: Vec<(&'static str, &str)>| {
        let ask = post(path, &form).header("authorization", &header);
        world.send(ask)
    };
    let form = vec![
        ("grant_type", "password"),
        ("username", "alice"),
        ("password", PASSWORD),
        ("scope", "openid profile offline_access"),
    ];
    let issued = send("/oidc/2/token", form).await.ok();
    let (access, refresh) = (
        issued.string("access_token"),
        issued.string("refresh_token"),
    );
    let me = world.send(get("/oidc/2/me").bearer(&access)).await.ok();
    assert_eq!(me.string("sub"), "subject-of-alice");
    // With a refresh token its whole family ends.
    let _ = send("/oidc/2/token/revocation", vec![("token", &refresh)])
        .await
        .ok();
    let again = vec![("grant_type", "refresh_token"), ("refresh_token", &refresh)];
    let again = send("/oidc/2/token", again).await;
    let _ = again.refused(400, "invalid_grant");
    let told = introspect(&world, APP, &access).await.ok();
    assert_eq!(told.json(), json!({"active": false}));
}

/// Whoever speaks the standard's management API sees what the script made, and is answered in its own words.
async fn the_standards_api_is_as_it_was(world: World) {
    let script = Script::of(&world).await;
    let number = script.api().await;
    let read = get(&format!("/admin/v1/apis/{number}")).bearer(&script.token);
    let read = world.send(read).await.ok().json();
    assert_eq!(
        read,
        json!({
            "resource": CONTACTS, "name": "Test API", "description": "This is a test API", "audience": [CONTACTS],
            "access_token_lifetime": "10m", "refresh_token_lifetime": "30m",
        })
    );
    let refused = world.send(get("/admin/v1/apis")).await;
    assert_eq!(
        refused.header("content-type"),
        Some("application/problem+json")
    );
    let odd = Ask::new(Method::POST, "/token")
        .header(
            "authorization",
            &format!("client_id:{OPERATOR}, client_secret:{SECRET}"),
        )
        .header("content-type", "application/json")
        .body(r#"{"grant_type": "client_credentials"}"#);
    let refused = world.send(odd).await;
    assert!([400, 401].contains(&refused.status()), "{refused:?}");
    assert!(refused.member("error").is_string());
}
