//! APIs: `resource` and scopes of their own, audiences, claims and lifetimes (RFC 8707, RFC 9068 sections 3 and 5).

use latchkey_oauth::api::{Api, ApiScope, ClaimName, ClaimRule, ClaimSource};
use latchkey_oauth::claims::ClaimScope;
use latchkey_oauth::client::Client;
use latchkey_oauth::scope::Scope;
use latchkey_oauth::store::Expected;
use latchkey_oauth::tenant::TenantSettings;
use latchkey_oauth::time::Seconds;
use latchkey_testkit::fixtures::{PASSWORD, SECRET, api, assigned, confidential, scope, username};
use latchkey_tests::answer::Answer;
use latchkey_tests::request::{get, post};
use latchkey_tests::world::{ORDERS, World, orders_api, orders_client};
use latchkey_tests::{jwt, on_every_server};
use serde_json::{Value, json};

on_every_server!(
    a_resource_gives_its_audience_claims_and_lifetimes,
    every_grant_takes_a_resource,
    a_scope_tells_its_api,
    what_is_not_assigned_is_not_given,
    a_scope_counts_only_where_it_means_the_same,
    several_resources_at_once,
    a_refresh_narrows_and_never_widens,
    what_an_api_loses_is_not_granted_again,
    whom_the_audience_names_may_introspect,
    a_client_of_one_api_alone_means_it,
    client_before_api_before_tenant,
    a_token_never_says_two_things,
    scopes_and_claims_of_the_tenants_own,
    a_client_may_be_a_resource_server,
);

const STOCK: &str = "urn:example:stock";

async fn ask(world: &World, client: &str, grant: &str, more: &[(&str, &str)]) -> Answer {
    let mut form = vec![("grant_type", grant)];
    if grant == "password" {
        form.extend([("username", "alice"), ("password", PASSWORD)]);
    }
    form.extend(more);
    world
        .send(post("/token", &form).basic(client, SECRET))
        .await
}

async fn login(world: &World, client: &str, more: &[(&str, &str)]) -> Answer {
    ask(world, client, "password", more).await
}

fn claims(answer: &Answer) -> Value {
    jwt::claims(&answer.string("access_token"))
}

fn rule(name: &str, value: impl Into<Value>) -> ClaimRule {
    ClaimRule {
        name: ClaimName::parse(name).unwrap(),
        from: ClaimSource::Constant(value.into()),
    }
}

/// A second API: it knows `read`, which the client has for itself, and `orders:read`, which the first API has too.
async fn put_stock(world: &World) {
    let stock = Api {
        scopes: ["read", "orders:read", "stock:count"]
            .map(|value| ApiScope {
                value: value.to_owned(),
                description: None,
            })
            .to_vec(),
        ..api(STOCK)
    };
    world.store.put_api(&world.tenant, &stock).await;
}

/// A client that both are assigned to.
async fn put_both(world: &World, id: &str, of_stock: &str) {
    put_stock(world).await;
    let client = Client {
        default_scope: None,
        apis: vec![
            assigned(ORDERS, "orders:read orders:write"),
            assigned(STOCK, of_stock),
        ],
        ..Client {
            client_id: confidential(id).client_id,
            ..orders_client()
        }
    };
    world.store.put_client(&world.tenant, &client).await;
}

async fn a_resource_gives_its_audience_claims_and_lifetimes(world: World) {
    let form = [("resource", ORDERS), ("scope", "openid orders:read")];
    let answer = login(&world, "orders", &form).await.ok();
    assert_eq!(answer.member("expires_in"), 300);
    assert_eq!(answer.string("scope"), "openid orders:read");
    let claims = claims(&answer);
    assert_eq!(claims["aud"], json!([ORDERS, "api"]));
    assert_eq!(claims["scope"], "openid orders:read");
    assert_eq!(claims["email_address"], "alice@example.com");
    assert_eq!(claims["tier"], "gold");
    assert_eq!(claims["exp"], json!(claims["iat"].as_u64().unwrap() + 300));
    // An ID token is the client's and tells nothing of the API.
    let id = jwt::claims(&answer.string("id_token"));
    assert_eq!((&id["aud"], &id["tier"]), (&json!("orders"), &Value::Null));
    // RFC 9068 section 4: what is for the API is not for UserInfo.
    let asked = get("/userinfo").bearer(&answer.string("access_token"));
    let _ = world.send(asked).await.refused(401, "invalid_token");
}

async fn every_grant_takes_a_resource(world: World) {
    let form = [("resource", ORDERS)];
    let own = ask(&world, "orders", "client_credentials", &form)
        .await
        .ok();
    assert_eq!(own.string("scope"), "orders:read");
    let told = claims(&own);
    assert_eq!(told["aud"], json!([ORDERS, "api"]));
    // There is no user whose address it could be.
    assert_eq!(
        (&told["tier"], &told["email_address"]),
        (&json!("gold"), &Value::Null)
    );

    let first = login(&world, "orders", &form).await.ok();
    let token = first.string("refresh_token");
    let form = [("refresh_token", &*token), ("resource", ORDERS)];
    let next = ask(&world, "orders", "refresh_token", &form).await.ok();
    assert_eq!(next.member("expires_in"), 300);
    let told = claims(&next);
    assert_eq!(told["aud"], json!([ORDERS, "api"]));
    assert_eq!(told["email_address"], "alice@example.com");
}

async fn a_scope_tells_its_api(world: World) {
    let answer = login(&world, "orders", &[("scope", "orders:write")])
        .await
        .ok();
    assert_eq!(claims(&answer)["aud"], json!([ORDERS, "api"]));
    assert_eq!(answer.member("expires_in"), 300);
    // With openid the issuer is meant as well, for UserInfo.
    let answer = login(&world, "orders", &[("scope", "openid orders:write")])
        .await
        .ok();
    assert_eq!(
        claims(&answer)["aud"],
        json!([ORDERS, "api", world.issuer()])
    );
    let asked = get("/userinfo").bearer(&answer.string("access_token"));
    assert_eq!(
        world.send(asked).await.ok().string("sub"),
        "subject-of-alice"
    );
    // Its default scope is of the API, so that is what it means by nothing.
    let answer = login(&world, "orders", &[]).await.ok();
    assert_eq!(claims(&answer)["aud"], json!([ORDERS, "api"]));
    // And what it has for itself is for the issuer, as without any API.
    let answer = login(&world, "orders", &[("scope", "read")]).await.ok();
    assert_eq!(claims(&answer)["aud"], json!(world.issuer()));
    assert_eq!(answer.member("expires_in"), 900);
}

async fn what_is_not_assigned_is_not_given(world: World) {
    put_stock(&world).await;
    let refused = async |client: &str, more: &[(&str, &str)], error: &str| {
        for grant in ["password", "client_credentials"] {
            let _ = ask(&world, client, grant, more).await.refused(400, error);
        }
    };
    // Unknown and unassigned look the same.
    refused("orders", &[("resource", STOCK)], "invalid_target").await;
    refused(
        "orders",
        &[("resource", "https://nowhere.example.com")],
        "invalid_target",
    )
    .await;
    refused("web", &[("resource", ORDERS)], "invalid_target").await;
    let two = [("resource", ORDERS), ("resource", STOCK)];
    refused("orders", &two, "invalid_target").await;
    // To the letter (RFC 8707 section 2).
    refused(
        "orders",
        &[("resource", "https://orders.example.com/")],
        "invalid_target",
    )
    .await;
    refused(
        "orders",
        &[("resource", "HTTPS://orders.example.com")],
        "invalid_target",
    )
    .await;
    // A scope that the API has and the client has not.
    let admin = [("resource", ORDERS), ("scope", "orders:admin")];
    refused("orders", &admin, "invalid_scope").await;
    refused("orders", &[("scope", "orders:admin")], "invalid_scope").await;
    refused("web", &[("scope", "orders:read")], "invalid_scope").await;
    // And the neighbour's API is nobody's here.
    let neighbour = world.neighbour().await;
    let other = api("https://other.example.com");
    neighbour.store.put_api(&neighbour.tenant, &other).await;
    refused(
        "orders",
        &[("resource", "https://other.example.com")],
        "invalid_target",
    )
    .await;
}

async fn a_scope_counts_only_where_it_means_the_same(world: World) {
    put_both(&world, "both", "stock:count").await;
    // `read` is the client's own; at an API that knows another `read` it would open what was never granted.
    for form in [
        [("resource", STOCK), ("scope", "read")],
        [("resource", ORDERS), ("scope", "read")],
        // Of one API at the other.
        [("resource", STOCK), ("scope", "orders:read")],
        [("resource", ORDERS), ("scope", "stock:count")],
    ] {
        let _ = login(&world, "both", &form)
            .await
            .refused(400, "invalid_scope");
    }
    // For both at once, `orders:read` would count at the one where it was not granted.
    let form = [
        ("resource", ORDERS),
        ("resource", STOCK),
        ("scope", "orders:read"),
    ];
    let _ = login(&world, "both", &form)
        .await
        .refused(400, "invalid_scope");
    // RFC 9068 section 3: scopes that tell different resources.
    for text in ["orders:write stock:count", "read orders:write"] {
        let _ = login(&world, "both", &[("scope", text)])
            .await
            .refused(400, "invalid_scope");
    }
    // And one that two tell: name the resource.
    put_both(&world, "ambiguous", "orders:read").await;
    let form = [("scope", "orders:read")];
    let _ = login(&world, "ambiguous", &form)
        .await
        .refused(400, "invalid_scope");
    let form = [("scope", "orders:read"), ("resource", STOCK)];
    let answer = login(&world, "ambiguous", &form).await.ok();
    assert_eq!(claims(&answer)["aud"], STOCK);
}

async fn several_resources_at_once(world: World) {
    put_both(&world, "both", "stock:count").await;
    let form = [
        ("resource", STOCK),
        ("resource", ORDERS),
        ("resource", STOCK),
    ];
    let answer = login(&world, "both", &form).await.ok();
    // What counts at both or is known to one alone.
    assert_eq!(answer.string("scope"), "stock:count orders:write");
    assert_eq!(claims(&answer)["aud"], json!([STOCK, ORDERS, "api"]));
    assert_eq!(answer.member("expires_in"), 300);
    let form = [
        ("resource", ORDERS),
        ("resource", &*world.issuer()),
        ("scope", "openid orders:read"),
    ];
    let answer = login(&world, "both", &form).await.ok();
    let asked = get("/userinfo").bearer(&answer.string("access_token"));
    let _ = world.send(asked).await.ok();
}

async fn a_refresh_narrows_and_never_widens(world: World) {
    put_both(&world, "both", "stock:count").await;
    let form = [
        ("resource", ORDERS),
        ("resource", STOCK),
        ("scope", "openid orders:write stock:count"),
    ];
    let first = login(&world, "both", &form).await.ok();
    let again = async |token: &str, more: &[(&str, &str)]| {
        let mut form = vec![("refresh_token", token)];
        form.extend(more);
        ask(&world, "both", "refresh_token", &form).await
    };
    // All of it.
    let next = again(&first.string("refresh_token"), &[]).await.ok();
    assert_eq!(claims(&next)["aud"], json!([ORDERS, "api", STOCK]));
    // One of them, and of the scope what counts there.
    let next = again(&next.string("refresh_token"), &[("resource", STOCK)])
        .await
        .ok();
    assert_eq!(claims(&next)["aud"], STOCK);
    assert_eq!(next.string("scope"), "openid stock:count");
    // That was for the access token alone (RFC 8707 section 2.2): the grant is as wide as ever.
    let next = again(&next.string("refresh_token"), &[("resource", ORDERS)])
        .await
        .ok();
    assert_eq!(next.string("scope"), "openid orders:write");
    let token = next.string("refresh_token");
    for (more, error) in [
        (
            vec![("resource", STOCK), ("scope", "orders:write")],
            "invalid_scope",
        ),
        (
            vec![("resource", ORDERS), ("scope", "orders:read")],
            "invalid_scope",
        ),
        (
            vec![("resource", "https://nowhere.example.com")],
            "invalid_target",
        ),
        // Not granted, though the client could have had it.
        (vec![("resource", &*world.issuer())], "invalid_target"),
    ] {
        let _ = again(&token, &more).await.refused(400, error);
    }
    let _ = again(&token, &[]).await.ok();
}

async fn what_an_api_loses_is_not_granted_again(world: World) {
    // Each time for a client of its own, which no function remembers.
    let granted = async |id: &str, client: Client| {
        let before = Client {
            client_id: confidential(id).client_id,
            ..client
        };
        world.store.put_client(&world.tenant, &before).await;
        let form = [("resource", ORDERS), ("scope", "orders:read orders:write")];
        let login = login(&world, id, &form).await.ok();
        (before, login.string("refresh_token"))
    };
    let (mut client, token) = granted("narrowed", orders_client()).await;
    client.apis = vec![assigned(ORDERS, "orders:write")];
    world.store.put_client(&world.tenant, &client).await;
    forget(&world);
    let answer = world.refresh_by("narrowed", &token).await;
    if world.remembers() {
        let _ = answer.ok();
    } else {
        assert_eq!(answer.ok().string("scope"), "orders:write");
    }

    let (mut client, token) = granted("unassigned", orders_client()).await;
    client.apis = Vec::new();
    world.store.put_client(&world.tenant, &client).await;
    forget(&world);
    if !world.remembers() {
        let refused = world.refresh_by("unassigned", &token).await;
        let _ = refused.refused(400, "invalid_target");
    }

    let (_, token) = granted("orphan", orders_client()).await;
    world.store.delete_api(&world.tenant, &orders_api()).await;
    forget(&world);
    if !world.remembers() {
        let refused = world.refresh_by("orphan", &token).await;
        let _ = refused.refused(400, "invalid_target");
        let form = [("resource", ORDERS)];
        let _ = login(&world, "orphan", &form)
            .await
            .refused(400, "invalid_target");
        let form = [("scope", "orders:read")];
        let _ = login(&world, "orphan", &form)
            .await
            .refused(400, "invalid_scope");
    }
}

/// What a function remembers for a minute is read anew.
fn forget(world: &World) {
    if !world.remembers() {
        world.advance(Seconds(60));
    }
}

async fn whom_the_audience_names_may_introspect(world: World) {
    let token = login(&world, "orders", &[])
        .await
        .ok()
        .string("access_token");
    for (client, active) in [
        ("orders", true),
        ("api", true),
        ("other", false),
        ("web", false),
    ] {
        let told = world.introspect_by(client, &token).await;
        assert_eq!(told.member("active"), active, "{client}");
        if !active {
            assert_eq!(told.text(), r#"{"active":false}"#);
        }
    }
    let told = world.introspect_by("api", &token).await.json();
    assert_eq!(told["aud"], json!([ORDERS, "api"]));
    assert_eq!(told["scope"], "orders:read");
    // RFC 7662 section 2.2: "service-specific response names" beside the standard ones.
    assert_eq!(
        (&told["tier"], &told["email_address"]),
        (&json!("gold"), &json!("alice@example.com"))
    );
}

async fn a_client_of_one_api_alone_means_it(world: World) {
    let client = Client {
        scope: Scope::default(),
        default_scope: None,
        apis: vec![assigned(ORDERS, "orders:read orders:write")],
        ..confidential("single")
    };
    world.store.put_client(&world.tenant, &client).await;
    let answer = login(&world, "single", &[]).await.ok();
    assert_eq!(answer.string("scope"), "orders:read orders:write");
    assert_eq!(claims(&answer)["aud"], json!([ORDERS, "api"]));
}

async fn client_before_api_before_tenant(world: World) {
    let settings = TenantSettings {
        claims: vec![rule("tier", "of the tenant"), rule("region", "eu")],
        default_scope: Some(scope("openid read")),
        ..TenantSettings::default()
    };
    world.store.put_settings(&world.tenant, &settings).await;
    let mut client = Client {
        client_id: confidential("precise").client_id,
        claims: vec![rule("tier", "of the client")],
        ..orders_client()
    };
    client.lifetimes.access_token = Some(Seconds(77));
    let silent = Client {
        default_scope: None,
        ..confidential("silent")
    };
    for client in [&client, &silent] {
        world.store.put_client(&world.tenant, client).await;
    }
    let table = [
        ("precise", Some(ORDERS), "of the client", 77),
        ("orders", Some(ORDERS), "gold", 300),
        ("silent", None, "of the tenant", 900),
    ];
    for (client, resource, tier, seconds) in table {
        let form: Vec<_> = resource.map(|it| ("resource", it)).into_iter().collect();
        let answer = login(&world, client, &form).await.ok();
        let told = claims(&answer);
        assert_eq!(
            (&told["tier"], &told["region"]),
            (&json!(tier), &json!("eu")),
            "{client}"
        );
        assert_eq!(answer.member("expires_in"), seconds, "{client}");
    }
    let answer = login(&world, "silent", &[]).await.ok();
    assert_eq!(answer.string("scope"), "openid read");
}

/// No rule can have a name that a token has by itself.
async fn a_token_never_says_two_things(world: World) {
    let form = [("scope", "openid orders:read")];
    let answer = login(&world, "orders", &form).await.ok();
    for name in ["access_token", "id_token"] {
        let token = jwt::claims(&answer.string(name));
        for claim in token.as_object().unwrap().keys() {
            let made = ["email_address", "tier"].contains(&claim.as_str());
            assert_eq!(ClaimName::parse(claim).is_ok(), made, "{claim}");
        }
    }
    let told = world
        .introspect_by("orders", &answer.string("access_token"))
        .await
        .json();
    for name in told.as_object().unwrap().keys() {
        let made = ["email_address", "tier"].contains(&name.as_str());
        assert_eq!(ClaimName::parse(name).is_ok(), made, "{name}");
    }
}

async fn scopes_and_claims_of_the_tenants_own(world: World) {
    let settings = TenantSettings {
        claim_scopes: vec![ClaimScope {
            scope: "employment".to_owned(),
            claims: ["department", "cost_center"]
                .map(|name| ClaimRule {
                    name: ClaimName::parse(name).unwrap(),
                    from: ClaimSource::Attribute(name.to_owned()),
                })
                .to_vec(),
        }],
        ..TenantSettings::default()
    };
    world.store.put_settings(&world.tenant, &settings).await;
    let mut alice = world
        .store
        .user(&world.tenant, &username("alice"))
        .await
        .unwrap();
    alice
        .profile
        .claims
        .insert("department".to_owned(), json!("sales"));
    world
        .store
        .put_user(&world.tenant, &alice, Expected::Any)
        .await;
    let client = Client {
        scope: scope("openid employment"),
        default_scope: None,
        ..confidential("hr")
    };
    world.store.put_client(&world.tenant, &client).await;

    let answer = login(&world, "hr", &[]).await.ok();
    assert_eq!(
        jwt::claims(&answer.string("id_token"))["department"],
        "sales"
    );
    let asked = get("/userinfo").bearer(&answer.string("access_token"));
    let told = world.send(asked).await.ok().json();
    assert_eq!(
        told,
        json!({"sub": "subject-of-alice", "department": "sales"})
    );
    let metadata = world
        .send(get("/.well-known/openid-configuration"))
        .await
        .ok()
        .json();
    for (member, name) in [
        ("scopes_supported", "employment"),
        ("claims_supported", "cost_center"),
    ] {
        assert!(
            metadata[member].as_array().unwrap().contains(&json!(name)),
            "{member}"
        );
    }
}

async fn a_client_may_be_a_resource_server(world: World) {
    // Off unless the tenant says so.
    let _ = login(&world, "web", &[("scope", "openid api")])
        .await
        .refused(400, "invalid_scope");

    let settings = TenantSettings {
        client_ids_as_scopes: true,
        ..TenantSettings::default()
    };
    let world = world.neighbour().await;
    world.store.put_settings(&world.tenant, &settings).await;
    let answer = login(&world, "web", &[("scope", "openid api")]).await.ok();
    assert_eq!(answer.string("scope"), "openid api");
    let told = claims(&answer);
    // The client that asks is in it too.
    assert_eq!(told["aud"], json!(["api", world.issuer(), "web"]));
    let token = answer.string("access_token");
    for (client, active) in [("web", true), ("api", true), ("other", false)] {
        assert_eq!(
            world.introspect_by(client, &token).await.member("active"),
            active,
            "{client}"
        );
    }
    // A refresh keeps it, and narrows it as any other.
    let next = world.refresh(&answer.string("refresh_token")).await.ok();
    assert_eq!(claims(&next)["aud"], json!(["api", world.issuer(), "web"]));
    let token = next.string("refresh_token");
    let form = [("refresh_token", &*token), ("scope", "openid")];
    let next = ask(&world, "web", "refresh_token", &form).await.ok();
    assert_eq!(next.string("scope"), "openid");

    // What the server would take for its own is not granted beside its name, but another's name is.
    let _ = login(&world, "web", &[("scope", "openid api read")])
        .await
        .refused(400, "invalid_scope");
    let two = login(&world, "web", &[("scope", "api other")]).await.ok();
    assert_eq!(claims(&two)["aud"], json!(["api", "other", "web"]));
    // A client with an audience of its own names one by its scope all the same.
    let audience = vec!["https://own.example.com".to_owned()];
    let with_audience = Client {
        audience,
        ..confidential("with-audience")
    };
    world.store.put_client(&world.tenant, &with_audience).await;
    let answer = login(&world, "with-audience", &[("scope", "api")]).await;
    assert_eq!(claims(&answer.ok())["aud"], json!(["api", "with-audience"]));

    // Whom nobody knows, and who is shut out.
    for name in ["nobody", "disabled"] {
        let form = [("scope", name)];
        let _ = login(&world, "web", &form)
            .await
            .refused(400, "invalid_scope");
    }
    // Without any of it the client is in the audience all the same.
    let answer = login(&world, "web", &[("scope", "read")]).await.ok();
    assert_eq!(claims(&answer)["aud"], json!([world.issuer(), "web"]));
}
