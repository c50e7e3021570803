//! Users set a password of their own: with the one they have, or with a reset token.

use http::Method;
use latchkey_oauth::client::Client;
use latchkey_oauth::grant_type::GrantType;
use latchkey_oauth::password_policy::PasswordPolicy;
use latchkey_oauth::tenant::TenantSettings;
use latchkey_oauth::time::Seconds;
use latchkey_testkit::fixtures::{PASSWORD, SECRET, confidential, public};
use latchkey_tests::answer::Answer;
use latchkey_tests::kinds::NEW_PASSWORD;
use latchkey_tests::manage::Manager;
use latchkey_tests::request::post;
use latchkey_tests::world::World;
use latchkey_tests::{on_every_server, where_time_can_be_moved};
use serde_json::{Value, json};

use crate::problems::{problem, refused_fields};

on_every_server!(
    a_change_ends_the_users_tokens_at_once,
    a_reset_token_counts_once,
    a_newer_reset_token_takes_the_place_of_the_older,
    whatever_sets_a_password_ends_a_reset_token,
    a_new_password_is_what_the_tenant_asks,
    one_proof_and_no_other,
    only_who_may_sign_users_in_may_ask,
    a_public_client_may_not,
    a_reset_token_is_made_once_for_a_key,
    what_a_reset_token_may_be,
);
where_time_can_be_moved!(
    guessing_here_is_guessing_there,
    a_reset_token_has_its_time,
    who_has_a_reset_token_is_not_kept_waiting,
);

async fn set(world: &World, form: &[(&str, &str)]) -> Answer {
    let form = [&[("username", "alice")], form].concat();
    world
        .send(post("/password", &form).basic("web", SECRET))
        .await
}

async fn change(world: &World, old: &str, new: &str) -> Answer {
    set(world, &[("password", old), ("new_password", new)]).await
}

async fn reset(world: &World, token: &str) -> Answer {
    set(
        world,
        &[("reset_token", token), ("new_password", NEW_PASSWORD)],
    )
    .await
}

async fn reset_token(manager: &Manager) -> String {
    let made = manager
        .post("/users/alice/reset-tokens", &json!({"lifetime": "10m"}))
        .await;
    assert_eq!(made.status(), 201, "{made:?}");
    assert_eq!(made.string("username"), "alice");
    made.string("reset_token")
}

async fn signs_in(world: &World, password: &str) {
    let _ = world.login_by("web", "alice", password, "read").await.ok();
}

async fn does_not_sign_in(world: &World, password: &str) {
    let login = world.login_by("web", "alice", password, "read").await;
    let _ = login.refused(400, "invalid_grant");
}

async fn a_change_ends_the_users_tokens_at_once(world: World) {
    let login = world.login("alice", "openid").await.ok();
    let changed = change(&world, PASSWORD, NEW_PASSWORD).await;
    assert_eq!((changed.status(), changed.text()), (204, ""));
    assert_eq!(changed.header("cache-control"), Some("no-store"));
    assert!(!world.is_active(&login.string("access_token")).await);
    let refreshed = world.refresh(&login.string("refresh_token")).await;
    let _ = refreshed.refused(400, "invalid_grant");
    does_not_sign_in(&world, PASSWORD).await;
    let again = world
        .login_by("web", "alice", NEW_PASSWORD, "openid")
        .await
        .ok();
    assert!(world.is_active(&again.string("access_token")).await);
    // The one that was is not one to change with.
    let late = change(&world, PASSWORD, "a third battery staple").await;
    let _ = late.refused(400, "invalid_grant");
}

async fn a_reset_token_counts_once(world: World) {
    let manager = Manager::of(&world).await;
    let login = world.login("alice", "openid").await.ok();
    let token = reset_token(&manager).await;
    // Until it is used, all stays as it is.
    assert!(world.is_active(&login.string("access_token")).await);
    signs_in(&world, PASSWORD).await;
    for wrong in [
        "x",
        "lkp.x",
        &format!("{token}A"),
        &token.replace("lkp", "lkc"),
    ] {
        let refused = reset(&world, wrong).await;
        let _ = refused.refused(400, "invalid_grant");
    }
    let form = [
        ("username", "bob"),
        ("reset_token", &*token),
        ("new_password", NEW_PASSWORD),
    ];
    for username in ["bob", "nobody"] {
        let mut form = form;
        form[0].1 = username;
        let ask = post("/password", &form).basic("web", SECRET);
        let _ = world.send(ask).await.refused(400, "invalid_grant");
    }
    let elsewhere = world.neighbour().await;
    let _ = reset(&elsewhere, &token)
        .await
        .refused(400, "invalid_grant");

    let done = reset(&world, &token).await;
    assert_eq!((done.status(), done.text()), (204, ""));
    assert!(!world.is_active(&login.string("access_token")).await);
    let refreshed = world.refresh(&login.string("refresh_token")).await;
    let _ = refreshed.refused(400, "invalid_grant");
    does_not_sign_in(&world, PASSWORD).await;
    signs_in(&world, NEW_PASSWORD).await;
    let again = reset(&world, &token).await;
    let _ = again.refused(400, "invalid_grant");
}

async fn a_newer_reset_token_takes_the_place_of_the_older(world: World) {
    let manager = Manager::of(&world).await;
    let (older, newer) = (reset_token(&manager).await, reset_token(&manager).await);
    let _ = reset(&world, &older).await.refused(400, "invalid_grant");
    assert_eq!(reset(&world, &newer).await.status(), 204);
}

async fn whatever_sets_a_password_ends_a_reset_token(world: World) {
    let manager = Manager::of(&world).await;
    let token = reset_token(&manager).await;
    assert_eq!(
        change(&world, PASSWORD, "a third battery staple")
            .await
            .status(),
        204
    );
    let _ = reset(&world, &token).await.refused(400, "invalid_grant");

    let token = reset_token(&manager).await;
    let body = json!({"password": PASSWORD});
    let put = manager.ask(Method::PUT, "/users/alice/password", Some(&body));
    assert_eq!(manager.send(put).await.status(), 204);
    let _ = reset(&world, &token).await.refused(400, "invalid_grant");

    let token = reset_token(&manager).await;
    let patch = manager.over(Method::PATCH, "/users/alice", Some(&body));
    let _ = patch.await.ok();
    let _ = reset(&world, &token).await.refused(400, "invalid_grant");

    // Shutting a user out ends it too; claims are another matter.
    let token = reset_token(&manager).await;
    for disabled in [true, false] {
        patched(&manager, &json!({"disabled": disabled})).await;
        let _ = reset(&world, &token).await.refused(400, "invalid_grant");
    }
    let token = reset_token(&manager).await;
    patched(&manager, &json!({"nickname": "Al"})).await;
    assert_eq!(reset(&world, &token).await.status(), 204);
}

async fn patched(manager: &Manager, body: &Value) {
    let patch = manager.over(Method::PATCH, "/users/alice", Some(body));
    let _ = patch.await.ok();
}

async fn a_new_password_is_what_the_tenant_asks(world: World) {
    let settings = TenantSettings {
        password_policy: PasswordPolicy {
            min_length: 12,
            min_character_kinds: 2,
        },
        ..TenantSettings::default()
    };
    world.store.put_settings(&world.tenant, &settings).await;
    for (new, said) in [
        ("short", "at least 12 characters"),
        ("onlylowercaseletters", "at least 2 of these"),
        ("Alice Alice Alice", "not the user name"),
        (PASSWORD, "the one that it is to replace"),
    ] {
        let refused = change(&world, PASSWORD, new).await;
        let refused = refused.refused(400, "weak_password");
        let text = refused.string("error_description");
        assert!(text.contains(said), "{text}");
    }
    signs_in(&world, PASSWORD).await;
    // A password that is not taken has used nothing up.
    let manager = Manager::of(&world).await;
    let token = reset_token(&manager).await;
    let form = [("reset_token", &*token), ("new_password", "short")];
    let _ = set(&world, &form).await.refused(400, "weak_password");
    assert_eq!(reset(&world, &token).await.status(), 204);
}

async fn one_proof_and_no_other(world: World) {
    let new = ("new_password", NEW_PASSWORD);
    let long = "x".repeat(1_025);
    for form in [
        vec![new],
        vec![new, ("password", PASSWORD), ("reset_token", "lkp.x")],
        vec![("password", PASSWORD)],
        vec![("password", PASSWORD), ("new_password", &*long)],
        vec![("password", &*long), new],
        vec![("password", PASSWORD), new, new],
    ] {
        let _ = set(&world, &form).await.refused(400, "invalid_request");
    }
    let no_name = [("password", PASSWORD), new];
    let ask = post("/password", &no_name).basic("web", SECRET);
    let _ = world.send(ask).await.refused(400, "invalid_request");
    for secret in ["new_password=x", "reset_token=x"] {
        let form = [("username", "alice"), ("password", PASSWORD), new];
        let path = format!("/password?{secret}");
        let ask = post(&path, &form).basic("web", SECRET);
        let _ = world.send(ask).await.refused(400, "invalid_request");
    }
    signs_in(&world, PASSWORD).await;
}

async fn only_who_may_sign_users_in_may_ask(world: World) {
    let form = [
        ("username", "alice"),
        ("password", PASSWORD),
        ("new_password", NEW_PASSWORD),
    ];
    let _ = world
        .send(post("/password", &form))
        .await
        .refused(401, "invalid_client");
    let wrong = post("/password", &form).basic("web", "wrong");
    let _ = world.send(wrong).await.refused(401, "invalid_client");
    let service = Client {
        grant_types: vec![GrantType::ClientCredentials],
        ..confidential("service")
    };
    world.store.put_client(&world.tenant, &service).await;
    let ask = post("/password", &form).basic("service", SECRET);
    let _ = world.send(ask).await.refused(400, "unauthorized_client");
    signs_in(&world, PASSWORD).await;
}

async fn a_public_client_may_not(world: World) {
    // However it came to the grant: whoever knows its name could guess at passwords in it.
    let app = Client {
        grant_types: vec![GrantType::Password],
        ..public("app")
    };
    world.store.put_client(&world.tenant, &app).await;
    let form = [
        ("client_id", "app"),
        ("username", "alice"),
        ("password", PASSWORD),
        ("new_password", NEW_PASSWORD),
    ];
    let ask = post("/password", &form).header("origin", "https://app.example.com");
    let answer = world.send(ask).await;
    assert_eq!(answer.header("access-control-allow-origin"), None);
    let _ = answer.refused(400, "unauthorized_client");
    signs_in(&world, PASSWORD).await;
}

async fn a_reset_token_is_made_once_for_a_key(world: World) {
    let manager = Manager::of(&world).await;
    let make = manager
        .ask(Method::POST, "/users/alice/reset-tokens", None)
        .header("idempotency-key", "0123456789abcdef");
    let first = manager.send(make.clone()).await;
    assert_eq!(first.status(), 201);
    let again = manager.send(make).await;
    assert_eq!(again.status(), 201);
    assert_eq!(again.member("reset_token"), Value::Null);
    let token = first.string("reset_token");
    assert_eq!(reset(&world, &token).await.status(), 204);
}

async fn what_a_reset_token_may_be(world: World) {
    let manager = Manager::of(&world).await;
    let path = "/users/alice/reset-tokens";
    for body in [
        json!({"lifetime": "59s"}),
        json!({"lifetime": "8d"}),
        json!({"lifetime": 60}),
    ] {
        let refused = refused_fields(manager.post(path, &body).await);
        assert_eq!(refused, ["/lifetime"]);
    }
    let odd = manager.post(path, &json!({"lifetimes": "1h"})).await;
    assert_eq!(refused_fields(odd), ["/lifetimes"]);
    let nobody = manager.post("/users/nobody/reset-tokens", &json!({})).await;
    let _ = problem(nobody, 404, "not_found");
    let reader = Manager::with(&world, "manage:users:read").await;
    assert_eq!(reader.post(path, &json!({})).await.status(), 403);
    // Nor is it told where users are told.
    let _ = reset_token(&manager).await;
    let told = manager.get("/users/alice").await;
    assert!(!told.text().contains("reset"), "{told:?}");
}

async fn guessing_here_is_guessing_there(world: World) {
    let wrong = async || change(&world, "wrong", NEW_PASSWORD).await;
    for _ in 0..6 {
        let refused = wrong().await.refused(400, "invalid_grant");
        assert_eq!(refused.reason(), Some("wrong_password"));
    }
    let locked = change(&world, PASSWORD, NEW_PASSWORD).await;
    let locked = locked.refused(400, "invalid_grant");
    assert_eq!(locked.reason(), Some("user_locked"));
    does_not_sign_in(&world, PASSWORD).await;
    world.advance(Seconds(2));
    // Right, and the failures are forgotten.
    assert_eq!(change(&world, PASSWORD, NEW_PASSWORD).await.status(), 204);
    let refused = wrong().await.refused(400, "invalid_grant");
    assert_eq!(refused.reason(), Some("wrong_password"));
    signs_in(&world, NEW_PASSWORD).await;
}

async fn a_reset_token_has_its_time(world: World) {
    let manager = Manager::of(&world).await;
    let token = reset_token(&manager).await;
    world.advance(Seconds(600));
    let _ = reset(&world, &token).await.refused(400, "invalid_grant");
    let manager = Manager::of(&world).await;
    let token = reset_token(&manager).await;
    world.advance(Seconds(599));
    assert_eq!(reset(&world, &token).await.status(), 204);
}

async fn who_has_a_reset_token_is_not_kept_waiting(world: World) {
    let manager = Manager::of(&world).await;
    for _ in 0..12 {
        does_not_sign_in(&world, "wrong").await;
        world.advance(Seconds(60));
    }
    does_not_sign_in(&world, "wrong").await;
    does_not_sign_in(&world, PASSWORD).await;
    let manager = Manager::of(&manager.world).await;
    let token = reset_token(&manager).await;
    assert_eq!(reset(&world, &token).await.status(), 204);
    signs_in(&world, NEW_PASSWORD).await;
}
