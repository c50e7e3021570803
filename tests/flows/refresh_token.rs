//! The refresh token grant: RFC 6749 section 6, RFC 9700 section 4.14.2.

use futures_util::future::join_all;
use latchkey_oauth::client::Client;
use latchkey_oauth::time::Seconds;
use latchkey_testkit::contract::family_of;
use latchkey_testkit::fixtures::{SECRET, client_id, confidential, public, scope};
use latchkey_tests::request::post;
use latchkey_tests::world::World;
use latchkey_tests::{jwt, on_every_server, where_time_can_be_moved};
use serde_json::Value;

on_every_server!(
    a_refresh_rotates,
    reuse_kills_the_family_and_its_access_tokens,
    a_made_up_token_of_a_known_family_kills_nothing,
    scope_narrows_for_one_token_only,
    a_resource_narrows_on_refresh,
    a_scope_the_client_has_lost_is_not_granted_again,
    an_audience_the_client_has_lost_is_not_granted_again,
    a_public_client_refreshes_by_its_name,
    a_client_without_scope_has_tokens_without_scope,
    the_same_successor_again_within_the_retry_window,
    parallel_refreshes_with_a_window_make_one_successor,
);
where_time_can_be_moved!(
    a_token_expires_and_a_family_ends,
    the_retry_window_is_fixed_from_the_first_use
);

async fn a_refresh_rotates(world: World) {
    let login = world.login("alice", "openid email read").await.ok();
    let first = login.string("refresh_token");
    let answer = world.refresh(&first).await.ok();
    let second = answer.string("refresh_token");
    assert_ne!(first, second);
    assert_eq!(answer.string("scope"), "openid email read");
    let (old, new) = (
        jwt::claims(&login.string("access_token")),
        jwt::claims(&answer.string("access_token")),
    );
    for name in ["sub", "auth_time", "family", "client_id", "aud", "amr"] {
        assert_eq!(old[name], new[name], "{name}");
    }
    assert_ne!(old["jti"], new["jti"]);
    // OIDC Core section 12.2: the same iss, sub, aud and auth_time.
    let id_token = jwt::claims(&answer.string("id_token"));
    let before = jwt::claims(&login.string("id_token"));
    for name in ["iss", "sub", "aud", "auth_time", "email"] {
        assert_eq!(id_token[name], before[name], "{name}");
    }
    assert!(world.is_active(&second).await);
    assert!(!world.is_active(&first).await);
    let told = world.introspect(&second).await.json();
    assert_eq!(told["username"], "alice");
    assert_eq!(told["scope"], "openid email read");
    assert_eq!(told["token_type"], Value::Null);
    let _ = world.refresh(&second).await.ok();
}

async fn reuse_kills_the_family_and_its_access_tokens(world: World) {
    let login = world.login("alice", "openid").await.ok();
    let first = login.string("refresh_token");
    let answer = world.refresh(&first).await.ok();
    let access_token = answer.string("access_token");
    assert!(world.is_active(&access_token).await);

    let _ = world.refresh(&first).await.refused(400, "invalid_grant");
    let second = answer.string("refresh_token");
    let _ = world.refresh(&second).await.refused(400, "invalid_grant");
    assert!(!world.is_active(&second).await);
    for token in [
        &access_token,
        &login.string("access_token"),
        &login.string("id_token"),
    ] {
        assert!(!world.is_active(token).await);
    }
    // Another login is another family.
    let _ = world.login("alice", "openid").await.ok();
}

async fn a_made_up_token_of_a_known_family_kills_nothing(world: World) {
    // The family's address stands in every access token; its lineage does not.
    let login = world.login("alice", "openid").await.ok();
    let real = login.string("refresh_token");
    let random = latchkey_oauth::random::SystemRandom;
    let parsed = latchkey_oauth::token::refresh_token::RefreshToken::parse(&real).unwrap();
    let forged =
        latchkey_oauth::token::refresh_token::RefreshToken::begin(*parsed.family(), &random);
    let forged = forged.unwrap().expose();
    let forged = secrecy_text(&forged);
    let _ = world.refresh(forged).await.refused(400, "invalid_grant");
    let _ = world.revoke(forged).await;
    assert!(!world.is_active(forged).await);
    let _ = world.refresh(&real).await.ok();
}

fn secrecy_text(secret: &secrecy::SecretString) -> &str {
    secrecy::ExposeSecret::expose_secret(secret)
}

async fn scope_narrows_for_one_token_only(world: World) {
    let login = world.login("alice", "openid read write").await.ok();
    let token = login.string("refresh_token");
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &*token),
        ("scope", "read"),
    ];
    let narrowed = world
        .send(post("/token", &form).basic("web", SECRET))
        .await
        .ok();
    assert_eq!(narrowed.string("scope"), "read");
    assert_eq!(narrowed.member("id_token"), Value::Null);
    let wide = world.refresh(&narrowed.string("refresh_token")).await.ok();
    assert_eq!(wide.string("scope"), "openid read write");
    let token = wide.string("refresh_token");
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &*token),
        ("scope", "openid profile"),
    ];
    let wider = world.send(post("/token", &form).basic("web", SECRET)).await;
    let _ = wider.refused(400, "invalid_scope");
    // A refusal burns nothing.
    let _ = world.refresh(&token).await.ok();
}

async fn a_resource_narrows_on_refresh(world: World) {
    let client = Client {
        audience: vec![
            "https://a.example.com".to_owned(),
            "https://b.example.com".to_owned(),
        ],
        ..confidential("both")
    };
    world.store.put_client(&world.tenant, &client).await;
    let login = world
        .login_by(
            "both",
            "alice",
            latchkey_testkit::fixtures::PASSWORD,
            "read",
        )
        .await
        .ok();
    let token = login.string("refresh_token");
    let form = |resource| {
        [
            ("grant_type", "refresh_token"),
            ("refresh_token", &*token),
            ("resource", resource),
        ]
    };
    let foreign = post("/token", &form("https://c.example.com")).basic("both", SECRET);
    let _ = world.send(foreign).await.refused(400, "invalid_target");
    let own = post("/token", &form("https://b.example.com")).basic("both", SECRET);
    let answer = world.send(own).await.ok();
    let claims = jwt::claims(&answer.string("access_token"));
    assert_eq!(claims["aud"], "https://b.example.com");
}

async fn a_scope_the_client_has_lost_is_not_granted_again(world: World) {
    let client = Client {
        scope: scope("read write"),
        ..confidential("shrinking")
    };
    world.store.put_client(&world.tenant, &client).await;
    let (mut family, token) = family_of(&world.tenant, 77);
    family.client_id = client_id("shrinking");
    family.scope = scope("openid read admin");
    family.resources = vec![world.issuer()];
    freshen(&world, &mut family);
    world.store.put_family(&world.tenant, &family).await;
    let answer = world
        .refresh_by("shrinking", secrecy_text(&token.expose()))
        .await
        .ok();
    assert_eq!(answer.string("scope"), "read");
}

async fn an_audience_the_client_has_lost_is_not_granted_again(world: World) {
    let client = Client {
        audience: vec!["https://api.example.com".to_owned()],
        ..confidential("narrowed")
    };
    world.store.put_client(&world.tenant, &client).await;
    for (seed, audience, scope_of_family, expected) in [
        (
            88,
            vec!["https://api.example.com", "https://payroll.example.com"],
            "read",
            Ok(()),
        ),
        (
            89,
            vec!["https://payroll.example.com"],
            "read",
            Err("invalid_target"),
        ),
        (
            90,
            vec!["https://api.example.com"],
            "admin",
            Err("invalid_scope"),
        ),
    ] {
        let (mut family, token) = family_of(&world.tenant, seed);
        family.client_id = client_id("narrowed");
        family.scope = scope(scope_of_family);
        family.resources = audience.into_iter().map(str::to_owned).collect();
        freshen(&world, &mut family);
        world.store.put_family(&world.tenant, &family).await;
        let answer = world
            .refresh_by("narrowed", secrecy_text(&token.expose()))
            .await;
        match expected {
            Ok(()) => {
                let claims = jwt::claims(&answer.ok().string("access_token"));
                assert_eq!(claims["aud"], "https://api.example.com");
            }
            Err(error) => {
                let _ = answer.refused(400, error);
            }
        }
    }
}

/// A family of this world's issuer, that lives on a real clock as well as on a fixed one.
fn freshen(world: &World, family: &mut latchkey_oauth::token::family::Family) {
    family.issuer = world.issuer().into();
    let far = latchkey_oauth::time::Timestamp::from_unix(4_000_000_000);
    family.token_expires_at = far;
    family.family_expires_at = far;
    family.keep_until = far;
}

async fn a_client_without_scope_has_tokens_without_scope(world: World) {
    let client = Client {
        scope: latchkey_oauth::scope::Scope::default(),
        default_scope: None,
        ..confidential("plain")
    };
    world.store.put_client(&world.tenant, &client).await;
    let form = [
        ("grant_type", "password"),
        ("username", "alice"),
        ("password", latchkey_testkit::fixtures::PASSWORD),
    ];
    let login = world
        .send(post("/token", &form).basic("plain", SECRET))
        .await
        .ok();
    let next = world
        .refresh_by("plain", &login.string("refresh_token"))
        .await
        .ok();
    for answer in [login, next] {
        assert_eq!(answer.member("scope"), Value::Null);
        let token = answer.string("access_token");
        assert_eq!(jwt::claims(&token)["scope"], Value::Null);
        let told = world.introspect_by("plain", &token).await;
        assert_eq!(told.member("active"), true);
        assert_eq!(told.member("scope"), Value::Null);
    }
}

async fn a_public_client_refreshes_by_its_name(world: World) {
    let client = Client {
        scope: scope("openid read"),
        ..public("app")
    };
    world.store.put_client(&world.tenant, &client).await;
    let (mut family, token) = family_of(&world.tenant, 5);
    family.client_id = client_id("app");
    family.resources = vec![world.issuer()];
    freshen(&world, &mut family);
    world.store.put_family(&world.tenant, &family).await;
    let token = token.expose();
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", secrecy_text(&token)),
        ("client_id", "app"),
    ];
    let answer = world.send(post("/token", &form)).await.ok();
    let next = answer.string("refresh_token");
    let form = [("token", &*next), ("client_id", "app")];
    let _ = world.send(post("/revoke", &form)).await.ok();
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &*next),
        ("client_id", "app"),
    ];
    let _ = world
        .send(post("/token", &form))
        .await
        .refused(400, "invalid_grant");
}

async fn the_same_successor_again_within_the_retry_window(world: World) {
    let password = latchkey_testkit::fixtures::PASSWORD;
    let login = world
        .login_by("retry", "alice", password, "openid")
        .await
        .ok();
    let first = login.string("refresh_token");
    let second = world
        .refresh_by("retry", &first)
        .await
        .ok()
        .string("refresh_token");
    for _ in 0..3 {
        let again = world.refresh_by("retry", &first).await.ok();
        assert_eq!(again.string("refresh_token"), second);
        assert!(again.member("access_token").is_string());
    }
    // Once the successor is used, the first token is a used one for good.
    let third = world
        .refresh_by("retry", &second)
        .await
        .ok()
        .string("refresh_token");
    let _ = world
        .refresh_by("retry", &first)
        .await
        .refused(400, "invalid_grant");
    let _ = world
        .refresh_by("retry", &third)
        .await
        .refused(400, "invalid_grant");
}

async fn parallel_refreshes_with_a_window_make_one_successor(world: World) {
    let password = latchkey_testkit::fixtures::PASSWORD;
    let login = world
        .login_by("retry", "alice", password, "openid")
        .await
        .ok();
    let first = login.string("refresh_token");
    let answers = join_all((0..8).map(|_| world.refresh_by("retry", &first))).await;
    let mut successors: Vec<String> = answers
        .into_iter()
        .map(|answer| answer.ok().string("refresh_token"))
        .collect();
    successors.dedup();
    assert_eq!(successors.len(), 1);
    let _ = world.refresh_by("retry", &successors.remove(0)).await.ok();
}

async fn a_token_expires_and_a_family_ends(world: World) {
    let login = world.login("alice", "openid").await.ok();
    let token = login.string("refresh_token");
    world.advance(Seconds(30 * 86_400 - 1));
    let token = world.refresh(&token).await.ok().string("refresh_token");
    world.advance(Seconds::days(30));
    assert!(!world.is_active(&token).await);
    let expired = world.refresh(&token).await;
    assert_eq!(expired.reason(), Some("refresh_token_expired"));
    let _ = expired.refused(400, "invalid_grant");

    let login = world.login("alice", "openid").await.ok();
    let mut token = login.string("refresh_token");
    for _ in 0..3 {
        world.advance(Seconds::days(29));
        token = world.refresh(&token).await.ok().string("refresh_token");
    }
    world.advance(Seconds::days(3));
    let ended = world.refresh(&token).await;
    assert_eq!(ended.reason(), Some("refresh_token_expired"));
}

async fn the_retry_window_is_fixed_from_the_first_use(world: World) {
    let password = latchkey_testkit::fixtures::PASSWORD;
    let login = world
        .login_by("retry", "alice", password, "openid")
        .await
        .ok();
    let first = login.string("refresh_token");
    let _ = world.refresh_by("retry", &first).await.ok();
    for _ in 0..2 {
        world.advance(Seconds(29));
        let _ = world.refresh_by("retry", &first).await.ok();
    }
    world.advance(Seconds(2));
    let late = world.refresh_by("retry", &first).await;
    assert_eq!(late.reason(), Some("refresh_token_reused"));
}
