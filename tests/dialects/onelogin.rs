//! OneLogin: docs/dialects.md.

use http::Method;
use latchkey_oauth::client::{Client, ClientSecretHash};
use latchkey_oauth::dialect::Dialect;
use latchkey_oauth::grant_type::GrantType;
use latchkey_oauth::store::Expected;
use latchkey_oauth::tenant::TenantSettings;
use latchkey_testkit::fixtures::{PASSWORD, SECRET, confidential, scope, user};
use latchkey_tests::answer::Answer;
use latchkey_tests::recorded::{Product, basic};
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
    apis_are_listed_changed_and_deleted,
    scopes_are_listed_changed_and_deleted,
    claims_are_listed_changed_and_deleted,
    clients_are_listed_changed_and_deleted,
    what_management_refuses,
    what_the_provider_refuses,
    openid_connect_is_at_its_paths,
    the_standards_api_is_as_it_was,
);

/// A tenant that serves such clients: one that manages its APIs, and an application.
async fn open(world: &World) {
    let settings = TenantSettings {
        dialects: vec![Dialect::OneLogin],
        ..TenantSettings::default()
    };
    world.store.put_settings(&world.tenant, &settings).await;
    let operator = Client {
        client_secret_hashes: vec![ClientSecretHash::of(ODD)],
        grant_types: vec![GrantType::ClientCredentials],
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

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
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

/// A refusal of management's, as it is recorded.
fn is_refused(answer: &Answer, status: u16, name: &str) {
    assert_eq!(answer.status(), status, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    PAGE.is_like(name, answer, &["message", "statusCode", "name"]);
}

fn is_invalid(answer: &Answer, message: &str) {
    assert_eq!(answer.status(), 422, "{answer:?}");
    let told = json!({
        "message": format!("Validation failed: {message}"),
        "statusCode": 422, "name": "UnprocessableEntityError",
    });
    assert_eq!(answer.json(), told);
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
    assert_eq!(told.string("iss"), world.issuer());
}

async fn a_token_for_its_apis_is_told_in_an_envelope(world: World) {
    open(&world).await;
    let issued = token(&world, ODD).await.ok();
    let same = ["status", "data/0/token_type"];
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

async fn apis_are_listed_changed_and_deleted(world: World) {
    let script = Script::of(&world).await;
    let number = script.api().await;
    let one = format!("/{number}");
    let told = json!({
        "id": number, "name": "Test API", "description": "This is a test API",
        "configuration": {
            "resource_identifier": CONTACTS, "audiences": [CONTACTS],
            "access_token_expiration_minutes": 10, "refresh_token_expiration_minutes": 30,
        },
    });
    assert_eq!(script.get(&one).await.ok().json(), told);
    let listed = script.get("").await.ok().json();
    let listed = listed.as_array().unwrap();
    assert!(listed.contains(&told), "{listed:?}");
    // And the one of every world.
    assert_eq!(listed.len(), 2, "{listed:?}");

    let scopes = format!("{one}/scopes");
    let of_scope = id(
        &script
            .ask(Method::POST, &scopes, &json!({"value": "a"}))
            .await,
        201,
    );
    let change = json!({
        "name": "Another", "description": "",
        "configuration": {"audiences": [CONTACTS, "https://example.org"], "access_token_expiration_minutes": 90},
    });
    assert_eq!(
        id(&script.ask(Method::PUT, &one, &change).await, 200),
        number
    );
    let changed = json!({
        "id": number, "name": "Another",
        "configuration": {
            "resource_identifier": CONTACTS, "audiences": [CONTACTS, "https://example.org"],
            "access_token_expiration_minutes": 90, "refresh_token_expiration_minutes": 30,
        },
    });
    assert_eq!(script.get(&one).await.ok().json(), changed);
    // What the change did not know is as it was; and what was told may be sent back.
    assert_eq!(
        script.get(&scopes).await.ok().json(),
        json!([{"id": of_scope, "value": "a"}])
    );
    assert_eq!(
        id(&script.ask(Method::PUT, &one, &changed).await, 200),
        number
    );

    let gone = script.delete(&one).await;
    assert_eq!((gone.status(), gone.text()), (204, ""));
    is_refused(&script.get(&one).await, 404, "not-found");
    is_refused(&script.delete(&one).await, 404, "not-found");
    is_refused(
        &script.ask(Method::PUT, &one, &change).await,
        404,
        "not-found",
    );

    for part in 0..3 {
        let (identifier, audiences) = (format!("https://example.com/{part}"), format!("{part}"));
        let new = json!({"name": "A", "configuration": {
            "resource_identifier": identifier, "audiences": format!("https://{audiences}.example.com"),
        }});
        id(&script.ask(Method::POST, "", &new).await, 201);
    }
    let first = script.get("?limit=2").await.ok();
    let cursor = first.header("after-cursor").unwrap();
    assert_eq!(first.header("link"), None);
    let rest = script.get(&format!("?limit=2&cursor={cursor}")).await.ok();
    let length = |answer: &Answer| answer.json().as_array().unwrap().len();
    assert_eq!((length(&first), length(&rest)), (2, 2));
    assert_eq!(rest.header("after-cursor"), None);
}

async fn scopes_are_listed_changed_and_deleted(world: World) {
    let script = Script::of(&world).await;
    let number = script.api().await.to_string();
    let scopes = format!("/{number}/scopes");
    let of_it = [("authorization_id", &*number)];
    let custom = id(&script.recorded("scopes", &of_it).await, 201);
    is_refused(&script.recorded("scopes", &of_it).await, 422, "taken");
    let told = json!([{"id": custom, "value": "custom:scope", "description": "A custom scope"}]);
    assert_eq!(script.get(&scopes).await.ok().json(), told);

    let one = format!("{scopes}/{custom}");
    let change = json!({"value": "custom:scope", "description": "Another"});
    assert_eq!(
        id(&script.ask(Method::PUT, &one, &change).await, 200),
        custom
    );
    let change = json!({"description": "A third"});
    assert_eq!(
        id(&script.ask(Method::PUT, &one, &change).await, 200),
        custom
    );
    let told = json!([{"id": custom, "value": "custom:scope", "description": "A third"}]);
    assert_eq!(script.get(&scopes).await.ok().json(), told);
    let renamed = script.ask(Method::PUT, &one, &json!({"value": "x"})).await;
    is_invalid(&renamed, "Value is the one in the path, or left out");

    for (body, message) in [
        (json!({}), "Value can't be blank"),
        (json!({"value": ""}), "Value can't be blank"),
        (
            json!({"value": null, "description": "x"}),
            "Value can't be blank",
        ),
        (
            json!({"value": "x", "colour": "red"}),
            "Colour is not supported",
        ),
    ] {
        is_invalid(&script.ask(Method::POST, &scopes, &body).await, message);
    }
    assert_eq!(script.delete(&one).await.status(), 204);
    is_refused(&script.delete(&one).await, 404, "not-found");
    is_refused(
        &script.ask(Method::PUT, &one, &change).await,
        404,
        "not-found",
    );
    assert_eq!(script.get(&scopes).await.ok().json(), json!([]));
}

async fn claims_are_listed_changed_and_deleted(world: World) {
    let script = Script::of(&world).await;
    let number = script.api().await.to_string();
    let claims = format!("/{number}/claims");
    let of_it = [("authorization_id", &*number)];
    let address = id(&script.recorded("claims", &of_it).await, 201);
    let again = script.recorded("claims", &of_it).await;
    is_invalid(&again, "Name has already been taken");
    let new = json!({"name": "given", "user_attribute_mappings": "firstname"});
    let given = id(&script.ask(Method::POST, &claims, &new).await, 201);
    let told = |mapping: &str| {
        json!([
            {"id": address, "name": "email_address", "label": "email_address", "user_attribute_mappings": mapping},
            {"id": given, "name": "given", "label": "given", "user_attribute_mappings": "firstname"},
        ])
    };
    assert_eq!(script.get(&claims).await.ok().json(), told("email_address"));
    let one = format!("{claims}/{address}");
    let change = json!({"user_attribute_mappings": "email"});
    assert_eq!(
        id(&script.ask(Method::PUT, &one, &change).await, 200),
        address
    );
    assert_eq!(script.get(&claims).await.ok().json(), told("email"));

    let own = json!({"name": "sub"});
    let own = script.ask(Method::POST, &claims, &own).await;
    assert_eq!(own.status(), 422, "{own:?}");
    assert!(
        own.string("message")
            .starts_with("Validation failed: Name: "),
        "{own:?}"
    );
    let made = json!({"name": "x", "user_attribute_macros": "{firstname}"});
    let made = script.ask(Method::POST, &claims, &made).await;
    is_invalid(&made, "User attribute macros is not supported");
    assert_eq!(script.delete(&one).await.status(), 204);
    is_refused(&script.delete(&one).await, 404, "not-found");
}

async fn clients_are_listed_changed_and_deleted(world: World) {
    let script = Script::of(&world).await;
    let number = script.api().await;
    let mut scopes = Vec::new();
    for value in ["a", "b"] {
        let new = json!({"value": value, "description": "D"});
        let made = script
            .ask(Method::POST, &format!("/{number}/scopes"), &new)
            .await;
        scopes.push(id(&made, 201));
    }
    let clients = format!("/{number}/clients");
    assert_eq!(script.get(&clients).await.ok().json(), json!([]));
    let assign = |app: Value| {
        let new = json!({"app_id": app, "scopes": scopes});
        let (script, clients) = (&script, &clients);
        async move { script.ask(Method::POST, clients, &new).await }
    };
    let made = assign(json!(909_021)).await;
    let told = json!({"app_id": 909_021, "api_auth_id": number});
    assert_eq!((made.status(), made.json()), (201, told.clone()));
    is_invalid(&assign(json!(APP)).await, "App has already been taken");
    // A client that is called otherwise here is called so.
    let other = assign(json!("another app")).await;
    assert_eq!(other.member("app_id"), "another app");
    is_refused(&assign(json!(1)).await, 404, "not-found");

    let a = json!({"id": scopes[0], "value": "a", "description": "D"});
    let b = json!({"id": scopes[1], "value": "b", "description": "D"});
    let listed = json!([
        {"app_id": 909_021, "api_auth_id": number, "scopes": [a, b]},
        {"app_id": "another app", "api_auth_id": number, "scopes": [a, b]},
    ]);
    assert_eq!(script.get(&clients).await.ok().json(), listed);
    let one = format!("{clients}/{APP}");
    let change = json!({"scopes": [scopes[1]]});
    let changed = script.ask(Method::PUT, &one, &change).await.ok();
    assert_eq!(changed.json(), told);
    assert_eq!(
        script.get(&clients).await.ok().json()[0]["scopes"],
        json!([b])
    );

    for scopes in [json!([]), json!(null)] {
        let body = json!({"app_id": 909_021, "scopes": scopes});
        let message = "Scopes can't be blank";
        is_invalid(&script.ask(Method::POST, &clients, &body).await, message);
        is_invalid(
            &script
                .ask(Method::PUT, &one, &json!({"scopes": scopes}))
                .await,
            message,
        );
    }
    let unknown = script.ask(Method::PUT, &one, &json!({"scopes": [1]})).await;
    assert_eq!(unknown.status(), 422, "{unknown:?}");
    let nobody = script
        .ask(Method::POST, &clients, &json!({"scopes": scopes}))
        .await;
    is_invalid(&nobody, "App can't be blank");

    assert_eq!(script.delete(&one).await.status(), 204);
    is_refused(&script.delete(&one).await, 404, "not-found");
    is_refused(
        &script.ask(Method::PUT, &one, &change).await,
        404,
        "not-found",
    );
}

async fn what_management_refuses(world: World) {
    let script = Script::of(&world).await;
    let number = script.api().await;
    for path in ["", "/1", &format!("/{number}/scopes")] {
        let path = format!("{APIS}{path}");
        let bare = world.send(get(&path)).await;
        assert_eq!(bare.header("www-authenticate"), Some("Bearer"));
        is_refused(&bare, 401, "unauthorized");
        let wrong = world.send(get(&path).bearer("nonsense")).await;
        is_refused(&wrong, 401, "unauthorized");
    }
    let neighbour = Script::of(&world.neighbour().await).await;
    let crossed = get(APIS).bearer(&neighbour.token);
    is_refused(&world.send(crossed).await, 401, "unauthorized");
    let resource = latchkey_admin::segment::of(CONTACTS);
    for path in [
        "/1",
        "/x",
        &format!("/{resource}"),
        "/1/scopes",
        "/1/nothing",
        "/1/scopes/2/3",
    ] {
        is_refused(&script.get(path).await, 404, "not-found");
    }

    let create = async |body: Value| script.ask(Method::POST, "", &body).await;
    is_refused(&create(json!({"name": "A"})).await, 422, "blank");
    is_refused(&create(json!({"configuration": {}})).await, 422, "blank");
    let taken = script.recorded("create", &[]).await;
    is_invalid(&taken, "Resource identifier has already been taken");
    let new = |more: (&str, Value)| {
        let mut new = json!({"configuration": {"resource_identifier": "https://new.example.com", "audiences": ["https://a"]}});
        new["configuration"][more.0] = more.1;
        new
    };
    let zero = create(new(("access_token_expiration_minutes", json!(0)))).await;
    let message = "Access token expiration minutes is at least 1s and at most 30d";
    is_invalid(&zero, message);
    let bad = create(new(("resource_identifier", json!("contacts")))).await;
    assert!(
        bad.string("message")
            .starts_with("Validation failed: Resource identifier: "),
        "{bad:?}"
    );
    for (name, value) in [
        ("access_token_expiration_minutes", json!("ten")),
        ("access_token_expiration_minutes", json!(-1)),
        ("audiences", json!({})),
        ("audiences", json!([1])),
        ("resource_identifier", json!(1)),
    ] {
        let refused = create(new((name, value))).await;
        assert_eq!(refused.status(), 400, "{refused:?}");
        assert_eq!(refused.string("name"), "BadRequestError");
        assert_eq!(refused.string("field"), format!("configuration.{name}"));
    }
    for body in ["", "{", "[]", "1"] {
        for path in [
            "",
            &format!("/{number}/scopes"),
            &format!("/{number}/clients"),
        ] {
            let ask = Ask::new(Method::POST, &format!("{APIS}{path}"))
                .bearer(&script.token)
                .header("content-type", "application/json");
            let refused = world.send(ask.body(body)).await;
            assert_eq!(refused.status(), 400, "{path} {body}: {refused:?}");
            assert_eq!(refused.string("name"), "BadRequestError");
        }
    }
    // A page by number is not told as if it were the last.
    let page = script.get("?page=2").await;
    assert_eq!(
        (page.status(), &*page.string("name")),
        (400, "BadRequestError")
    );
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
}

async fn openid_connect_is_at_its_paths(world: World) {
    open(&world).await;
    let told = get("/oidc/2/.well-known/openid-configuration");
    let told = world.send(told).await.ok();
    let issuer = world.issuer();
    for (member, path) in [
        ("token_endpoint", "/oidc/2/token"),
        ("introspection_endpoint", "/oidc/2/token/introspection"),
        ("revocation_endpoint", "/oidc/2/token/revocation"),
        ("userinfo_endpoint", "/oidc/2/me"),
        ("jwks_uri", "/oidc/2/certs"),
    ] {
        assert_eq!(told.string(member), format!("{issuer}{path}"));
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
        ("scope", "openid profile"),
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
