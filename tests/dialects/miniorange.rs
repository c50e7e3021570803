//! miniOrange: docs/dialects.md.

use latchkey_oauth::api::{ClaimName, ClaimRule, ClaimSource};
use latchkey_oauth::claims::ClaimScope;
use latchkey_oauth::client::{Client, ClientId};
use latchkey_oauth::dialect::Dialect;
use latchkey_oauth::grant_type::GrantType;
use latchkey_oauth::issuer::IssuerPath;
use latchkey_oauth::store::Expected;
use latchkey_oauth::tenant::{LifetimeOverrides, TenantSettings};
use latchkey_oauth::time::Seconds;
use latchkey_testkit::fixtures::{PASSWORD, confidential, scope, user};
use latchkey_tests::answer::Answer;
use latchkey_tests::recorded::{Product, basic, encoded};
use latchkey_tests::request::{Ask, get, post};
use latchkey_tests::world::World;
use latchkey_tests::{jwt, on_every_server};
use serde_json::json;

const PAGE: Product = Product("miniorange");
const CREDENTIALS: &str = "base64_encode(client_id + ':' + client_secret)";
const ID: &str = "Anzjx4Sf3aVe6gg";
/// One that form encoding would change.
const SECRET: &str = "s3cret+%/=";

/// What the page knows of a person.
const NAMES: [(&str, &str); 4] = [
    ("firstname", "Alice"),
    ("lastname", "Example"),
    ("username", "alice"),
    ("email", "alice@example.com"),
];

on_every_server!(
    a_user_signs_in_with_credentials_twice_over,
    scopes_stand_between_slashes,
    a_client_acts_for_itself_and_refreshes,
    a_refresh_token_is_exchanged,
    a_persons_names_are_told,
    access_and_id_tokens_are_introspected,
    a_token_is_revoked_by_who_holds_it,
    metadata_names_its_paths,
    what_waits_for_interactive_sign_in,
    what_is_refused,
    the_standards_rules_hold_where_the_page_does_not_ask_otherwise,
);

fn claim(name: &str, attribute: &str) -> ClaimRule {
    ClaimRule {
        name: ClaimName::parse(name).unwrap(),
        from: ClaimSource::Attribute(attribute.to_owned()),
    }
}

/// A tenant that serves such clients, and one of them.
async fn open(world: &World) {
    let settings = TenantSettings {
        dialects: vec![Dialect::MiniOrange],
        issuer_path: Some(IssuerPath::parse("/moas").unwrap()),
        // The page's `profile` has the address as well, and ID tokens have its names.
        claim_scopes: vec![ClaimScope {
            scope: "profile".to_owned(),
            claims: vec![
                claim("email", "email"),
                claim("firstname", "given_name"),
                claim("lastname", "family_name"),
            ],
        }],
        userinfo_without_openid: true,
        revocation_by_bearer: true,
        ..TenantSettings::default()
    };
    let client = Client {
        client_secret_hashes: vec![latchkey_oauth::client::ClientSecretHash::of(SECRET)],
        grant_types: vec![
            GrantType::Password,
            GrantType::ClientCredentials,
            GrantType::RefreshToken,
        ],
        scope: scope("openid profile email"),
        default_scope: Some(scope("email")),
        client_credentials_refresh_token: true,
        lifetimes: LifetimeOverrides {
            access_token: Some(Seconds::hours(1)),
            ..LifetimeOverrides::default()
        },
        ..confidential(ID)
    };
    world.store.put_settings(&world.tenant, &settings).await;
    world.store.put_client(&world.tenant, &client).await;
    let mut alice = user("alice");
    for (name, value) in [("given_name", "Alice"), ("family_name", "Example")] {
        alice.profile.claims.insert(name.to_owned(), value.into());
    }
    let put = world.store.put_user(&world.tenant, &alice, Expected::Any);
    put.await;
}

fn request(name: &str, more: &[(&str, &str)]) -> Ask {
    let (credentials, secret) = (basic(ID, SECRET), encoded(SECRET));
    let mut values = vec![(CREDENTIALS, &*credentials)];
    if name != "refresh_token" {
        values.extend([("client_id", ID), ("client_secret", &*secret)]);
    }
    values.extend_from_slice(more);
    PAGE.request(name, &values)
}

async fn login(world: &World, scope: &str) -> Answer {
    let password = encoded(PASSWORD);
    let more = [
        ("username", "alice"),
        ("password", &*password),
        ("scope", scope),
    ];
    world.send(request("password", &more)).await
}

async fn introspect(world: &World, token: &str) -> Answer {
    world.send(request("introspect", &[("token", token)])).await
}

async fn by_token(world: &World, name: &str, token: &str) -> Answer {
    world
        .send(PAGE.request(name, &[("access-token", token)]))
        .await
}

async fn a_user_signs_in_with_credentials_twice_over(world: World) {
    open(&world).await;
    let issued = login(&world, "openid/profile").await.ok();
    PAGE.is_like("token", &issued, &["token_type", "expires_in"]);
    assert!(issued.member("refresh_token").is_string());
    let (_, claims) = jwt::parts(&issued.string("id_token"));
    for name in ["aud", "exp", "iat", "at_hash"] {
        assert!(claims.get(name).is_some(), "{name}");
    }
    assert_eq!(claims["iss"], format!("{}/moas", world.issuer()));
    // `username` is what introspection says: an ID token has it as the standard does.
    for (name, value) in NAMES {
        let name = name.replace("username", "preferred_username");
        assert_eq!(claims[&name], value, "{name}");
    }
}

async fn scopes_stand_between_slashes(world: World) {
    open(&world).await;
    for (said, granted) in [
        ("email/profile", "email profile"),
        ("email/%20profile/%20openid", "email profile openid"),
        ("email+profile", "email profile"),
        ("", "email"),
    ] {
        let issued = login(&world, said).await.ok();
        assert_eq!(issued.string("scope"), granted, "{said}");
    }
    let wide = login(&world, "email/admin").await;
    let _ = wide.refused(400, "invalid_scope");
}

async fn a_client_acts_for_itself_and_refreshes(world: World) {
    open(&world).await;
    let issued = world.send(request("client_credentials", &[])).await.ok();
    PAGE.is_like("token", &issued, &["token_type", "expires_in"]);
    let refresh = issued.string("refresh_token");
    let next = request("refresh_token", &[("refresh-token", &refresh)]);
    let next = world.send(next).await.ok();
    PAGE.is_like("token", &next, &["token_type", "expires_in"]);
    let (_, claims) = jwt::parts(&next.string("access_token"));
    assert_eq!(
        (&claims["sub"], &claims["client_id"]),
        (&json!(ID), &json!(ID))
    );
    let told = introspect(&world, &next.string("access_token")).await.ok();
    assert_eq!(told.member("active"), true);
    // A client speaks for nobody whose claims could be told.
    let nobody = by_token(&world, "getuserinfo", &next.string("access_token")).await;
    let _ = nobody.refused(403, "insufficient_scope");
    let again = request("refresh_token", &[("refresh-token", &refresh)]);
    let _ = world.send(again).await.refused(400, "invalid_grant");
    // They end with what let the client have them.
    let issued = world.send(request("client_credentials", &[])).await.ok();
    let id = ClientId::parse(ID).unwrap();
    let mut client = world.store.client(&world.tenant, &id).await.unwrap();
    client.client_credentials_refresh_token = false;
    world.store.put_client(&world.tenant, &client).await;
    if !world.remembers() {
        world.advance(Seconds::minutes(2));
        let refresh = issued.string("refresh_token");
        let ended = request("refresh_token", &[("refresh-token", &refresh)]);
        let _ = world.send(ended).await.refused(400, "invalid_grant");
    }
}

async fn a_refresh_token_is_exchanged(world: World) {
    open(&world).await;
    let issued = login(&world, "openid/profile").await.ok();
    let refresh = issued.string("refresh_token");
    let next = request("refresh_token", &[("refresh-token", &refresh)]);
    let next = world.send(next).await.ok();
    PAGE.is_like("token", &next, &["token_type", "expires_in"]);
    assert!(next.member("id_token").is_string());
}

async fn a_persons_names_are_told(world: World) {
    open(&world).await;
    // Without `openid`: the page's access token is good for this by itself.
    let issued = login(&world, "profile").await.ok();
    let token = issued.string("access_token");
    for name in ["getuserinfo", "getuserinfo-below-api"] {
        let told = by_token(&world, name, &token).await.ok();
        for (member, value) in NAMES {
            assert_eq!(told.string(member), value, "{name}");
        }
    }
    let only = login(&world, "email").await.ok();
    let told = by_token(&world, "getuserinfo", &only.string("access_token")).await;
    let told = told.ok().json();
    assert_eq!(
        told,
        json!({"sub": "subject-of-alice", "email": "alice@example.com", "email_verified": true})
    );
}

async fn access_and_id_tokens_are_introspected(world: World) {
    open(&world).await;
    let issued = login(&world, "openid/profile").await.ok();
    for name in ["access_token", "id_token"] {
        let told = introspect(&world, &issued.string(name)).await.ok();
        assert_eq!(told.member("active"), true, "{name}");
        assert_eq!(told.string("client_id"), ID);
        assert_eq!(told.string("username"), "alice");
        assert!(told.member("exp").is_u64());
    }
    let told = introspect(&world, "nonsense").await.ok();
    assert_eq!(told.json(), json!({"active": false}));
}

async fn a_token_is_revoked_by_who_holds_it(world: World) {
    open(&world).await;
    let issued = login(&world, "openid").await.ok();
    let token = issued.string("access_token");
    let revoked = by_token(&world, "revoke", &token).await;
    PAGE.is_like("revoke", &revoked, &["message", "status"]);
    assert_eq!(revoked.status(), 200);
    // Said again.
    let again = by_token(&world, "revoke", &token).await;
    PAGE.is_like("revoke", &again, &["message", "status"]);
    let told = introspect(&world, &token).await.ok();
    assert_eq!(told.json(), json!({"active": false}));
    let gone = by_token(&world, "getuserinfo", &token).await;
    let _ = gone.refused(401, "invalid_token");
    for bad in ["nonsense", &issued.string("refresh_token"), "lka.x"] {
        let failed = by_token(&world, "revoke", bad).await;
        PAGE.is_like("revoke-failed", &failed, &["message", "status"]);
    }
    let nothing = world.send(get("/moas/rest/oauth/revoke")).await;
    PAGE.is_like("revoke-failed", &nothing, &["message", "status"]);
    // The refresh token was not its holder's to end.
    let refresh = issued.string("refresh_token");
    let next = request("refresh_token", &[("refresh-token", &refresh)]);
    let _ = world.send(next).await.ok();
}

async fn metadata_names_its_paths(world: World) {
    open(&world).await;
    let told = world
        .send(PAGE.request("openid-configuration", &[]))
        .await
        .ok();
    let issuer = world.issuer();
    assert_eq!(told.string("issuer"), format!("{issuer}/moas"));
    for (member, path) in [
        ("token_endpoint", "/moas/rest/oauth/token"),
        ("userinfo_endpoint", "/moas/rest/oauth/getuserinfo"),
        ("introspection_endpoint", "/moas/rest/oauth/introspect"),
        ("revocation_endpoint", "/revoke"),
        ("jwks_uri", "/jwks"),
    ] {
        assert_eq!(told.string(member), format!("{issuer}{path}"));
    }
}

/// Recorded for the day when they are served (docs/dialects.md, "Not yet").
async fn what_waits_for_interactive_sign_in(world: World) {
    open(&world).await;
    let uri = encoded("https://app.example.com/callback");
    let authorize = [
        ("client_id", ID),
        ("redirect_uri", &*uri),
        ("scope", "openid"),
        ("state", "s"),
        ("nonce", "n"),
    ];
    let asked = world.send(PAGE.request("authorize", &authorize)).await;
    assert_eq!(asked.status(), 404, "{asked:?}");
    let asked = request(
        "authorization_code",
        &[("code", "c"), ("redirect_url", &*uri)],
    );
    let _ = world
        .send(asked)
        .await
        .refused(400, "unsupported_grant_type");
    let asked = [("post_logout_redirect_uri", &*uri)];
    let asked = world.send(PAGE.request("logout", &asked)).await;
    assert_eq!(asked.status(), 404, "{asked:?}");
}

async fn what_is_refused(world: World) {
    open(&world).await;
    let password = encoded("wrong");
    let more = [
        ("username", "alice"),
        ("password", &*password),
        ("scope", "openid"),
    ];
    let wrong = world.send(request("password", &more)).await;
    let _ = wrong.refused(400, "invalid_grant");
    // Twice, but not the same: two ways of authentication.
    let (credentials, other) = (basic(ID, SECRET), encoded("another"));
    let values = [
        (CREDENTIALS, &*credentials),
        ("client_id", ID),
        ("client_secret", &*other),
    ];
    let two = world
        .send(PAGE.request("client_credentials", &values))
        .await;
    let _ = two.refused(400, "invalid_request");
    // Twice the same, and wrong.
    let (credentials, other) = (basic(ID, "another"), encoded("another"));
    let values = [
        (CREDENTIALS, &*credentials),
        ("client_id", ID),
        ("client_secret", &*other),
    ];
    let wrong = world
        .send(PAGE.request("client_credentials", &values))
        .await;
    let _ = wrong.refused(401, "invalid_client");
}

async fn the_standards_rules_hold_where_the_page_does_not_ask_otherwise(world: World) {
    open(&world).await;
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", ID),
        ("client_secret", SECRET),
    ];
    // At the standard's path two ways are two ways.
    let twice = post("/token", &form).basic(ID, SECRET);
    let _ = world.send(twice).await.refused(400, "invalid_request");
    let spelt = [
        ("grant_type", "password"),
        ("username", "alice"),
        ("password", PASSWORD),
        ("scope", "email/profile"),
    ];
    let spelt = world.send(post("/token", &spelt).basic(ID, SECRET)).await;
    let _ = spelt.refused(400, "invalid_scope");
    // Who holds a token ends that one, and says so by holding it.
    let issued = login(&world, "openid").await.ok();
    let other = login(&world, "openid").await.ok();
    let token = issued.string("access_token");
    let ask = post("/revoke", &[("token", &token)]).bearer(&other.string("access_token"));
    let _ = world.send(ask).await.refused(401, "invalid_client");
    assert_eq!(introspect(&world, &token).await.ok().member("active"), true);
}
