//! The password grant: RFC 6749 section 4.3.

use latchkey_oauth::client::Client;
use latchkey_oauth::grant_type::GrantType;
use latchkey_oauth::password::StoredPassword;
use latchkey_oauth::store::Expected;
use latchkey_oauth::time::Seconds;
use latchkey_testkit::fixtures::{PASSWORD, SECRET, confidential, user, username};
use latchkey_tests::request::post;
use latchkey_tests::world::World;
use latchkey_tests::{jwt, on_every_server, where_time_can_be_moved};
use serde_json::{Value, json};

on_every_server!(
    a_login_answers_with_tokens,
    missing_scope_is_the_clients_default,
    without_openid_there_is_no_id_token,
    without_the_refresh_grant_there_is_no_refresh_token,
    user_names_have_one_form,
    imported_hashes_verify_and_are_rehashed,
    a_wrong_password_and_an_unknown_user_are_told_alike,
);
where_time_can_be_moved!(
    guessing_is_slowed_down_and_tells_nothing,
    a_lock_ends_by_itself,
    a_right_password_forgets_failures,
    guesses_from_elsewhere_lock_nobody_out,
    typing_errors_of_many_lock_nobody_out,
    a_source_is_slowed_down_across_users
);

async fn a_login_answers_with_tokens(world: World) {
    let answer = world.login("alice", "openid profile email read").await.ok();
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("pragma"), Some("no-cache"));
    assert_eq!(answer.string("token_type"), "Bearer");
    assert_eq!(answer.member("expires_in"), 900);
    assert_eq!(answer.string("scope"), "openid profile email read");

    let access_token = answer.string("access_token");
    let (header, claims) = jwt::parts(&access_token);
    assert_eq!(header["typ"], "at+jwt");
    assert_eq!(header["alg"], "RS256");
    assert_eq!(header["kid"], json!(world.keys.keys[0].kid));
    assert_eq!(claims["iss"], world.issuer());
    assert_eq!(claims["sub"], "subject-of-alice");
    assert_eq!(claims["aud"], world.issuer());
    assert_eq!(claims["client_id"], "web");
    assert_eq!(claims["scope"], "openid profile email read");
    assert_eq!(claims["amr"], json!(["pwd"]));
    assert_eq!(claims["auth_time"], claims["iat"]);
    assert_eq!(claims["nbf"], claims["iat"]);
    let lifetime = claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap();
    assert_eq!(lifetime, 900);
    assert!(claims["jti"].as_str().unwrap().len() >= 22);

    let (header, claims) = jwt::parts(&answer.string("id_token"));
    assert_eq!(header["typ"], "JWT");
    assert_eq!(claims["iss"], world.issuer());
    assert_eq!(claims["sub"], "subject-of-alice");
    assert_eq!(claims["aud"], "web");
    assert_eq!(claims["name"], "alice Example");
    assert_eq!(claims["preferred_username"], "alice");
    assert_eq!(claims["email"], "alice@example.com");
    assert_eq!(claims["email_verified"], true);
    // OIDC Core section 3.1.3.6, computed by the testkit's own hash of the whole token.
    let hash = latchkey_oauth::hash::sha256(access_token.as_bytes());
    let left = latchkey_tests::jwt::base64url(hash.as_bytes().split_at(16).0);
    assert_eq!(claims["at_hash"], json!(left));

    let introspected = world.introspect(&access_token).await.json();
    assert_eq!(introspected["active"], true);
    assert_eq!(introspected["username"], "alice");
    assert_eq!(introspected["token_type"], "Bearer");
    for name in [
        "iss",
        "sub",
        "aud",
        "client_id",
        "scope",
        "exp",
        "iat",
        "jti",
        "auth_time",
    ] {
        let claims = jwt::claims(&access_token);
        assert_eq!(introspected[name], claims[name], "{name}");
    }
}

async fn missing_scope_is_the_clients_default(world: World) {
    let form = [
        ("grant_type", "password"),
        ("username", "alice"),
        ("password", PASSWORD),
    ];
    let answer = world.send(post("/token", &form).basic("web", SECRET)).await;
    assert_eq!(answer.ok().string("scope"), "openid read");
    // RFC 6749 section 3.2: sent without a value is omitted.
    let form = [form[0], form[1], form[2], ("scope", "")];
    let answer = world.send(post("/token", &form).basic("web", SECRET)).await;
    assert_eq!(answer.ok().string("scope"), "openid read");
}

async fn without_openid_there_is_no_id_token(world: World) {
    let answer = world.login("alice", "read").await.ok();
    assert_eq!(answer.member("id_token"), Value::Null);
    assert_eq!(answer.string("scope"), "read");
}

async fn without_the_refresh_grant_there_is_no_refresh_token(world: World) {
    let client = Client {
        grant_types: vec![GrantType::Password],
        ..confidential("once")
    };
    world.store.put_client(&world.tenant, &client).await;
    let answer = world
        .login_by("once", "alice", PASSWORD, "openid")
        .await
        .ok();
    assert_eq!(answer.member("refresh_token"), Value::Null);
    let token = answer.string("access_token");
    assert_eq!(jwt::claims(&token)["family"], Value::Null);
    let told = world.introspect_by("once", &token).await;
    assert_eq!(told.member("active"), true);
}

async fn user_names_have_one_form(world: World) {
    let answer = world.login("ALICE", "openid").await.ok();
    let claims = jwt::claims(&answer.string("access_token"));
    assert_eq!(claims["sub"], "subject-of-alice");
}

/// Hashes of `correct horse battery staple`, made by other software: argon2-cffi, bcrypt and hashlib of Python.
const IMPORTED: [(&str, &str); 7] = [
    (
        "argon2i",
        "$argon2i$v=19$m=128,t=2,p=1$c2FsdHNhbHRzYWx0MTIzNA$CpPx8HMDwVaO/gfLM3++OVHP+JKrA/gKCplG+QgKqD8",
    ),
    (
        "argon2d",
        "$argon2d$v=19$m=128,t=2,p=1$c2FsdHNhbHRzYWx0MTIzNA$zfxbvHN9/1SPf5tqf6tOsGE8mxTETAQiwOQWKGW5NoM",
    ),
    (
        "argon2id",
        "$argon2id$v=19$m=128,t=2,p=1$c2FsdHNhbHRzYWx0MTIzNA$d6qP1qG/mcTBk4IiF694ad62YSsWTUwQDTqqfQCuSis",
    ),
    (
        "scrypt",
        "$scrypt$ln=10,r=8,p=1$c2l4dGVlbiBieXRlIHNsdA$1DuK7t0mGkvYvadig0p9VpOI+L6xz1bcO5P8nWLyjWA",
    ),
    (
        "pbkdf2-sha256",
        "$pbkdf2-sha256$i=1000,l=32$c2l4dGVlbiBieXRlIHNsdA$BaruwSbpHYJRQRMzlz9t09usJ2bfLKNK+A6dm04mJuk",
    ),
    (
        "pbkdf2-sha512",
        "$pbkdf2-sha512$i=1000,l=32$c2l4dGVlbiBieXRlIHNsdA$3QMwrxLg4/X2UcnWiHG3oGtaw1Sr4coKsAAOWMiR/64",
    ),
    (
        "bcrypt",
        "$2b$06$QBLvLwF33huyvkYukBQcw.t3EvNharnB5h81h/bZ26c7Odb8t9zra",
    ),
];

async fn imported_hashes_verify_and_are_rehashed(world: World) {
    for (name, hash) in IMPORTED {
        let mut moved_in = user(name);
        let stored = StoredPassword::parse(hash).unwrap();
        moved_in.credentials.password_hash = Some(stored.clone());
        world
            .store
            .put_user(&world.tenant, &moved_in, Expected::Absent)
            .await;

        let wrong = world
            .login_by("web", name, "incorrect horse", "openid")
            .await;
        let _ = wrong.refused(400, "invalid_grant");
        let _ = world.login(name, "openid").await.ok();
        let found = world
            .store
            .user(&world.tenant, &username(name))
            .await
            .unwrap();
        let rehashed = found.credentials.password_hash.unwrap();
        assert_ne!(rehashed, stored, "{name}");
        assert!(rehashed.expose().starts_with("$argon2id$v=19$"), "{name}");
        let _ = world.login(name, "openid").await.ok();
        let found = world
            .store
            .user(&world.tenant, &username(name))
            .await
            .unwrap();
        assert_eq!(found.credentials.password_hash, Some(rehashed), "{name}");
        assert_eq!(
            found.credentials.generation,
            moved_in.credentials.generation
        );
    }
}

async fn a_wrong_password_and_an_unknown_user_are_told_alike(world: World) {
    let mut bodies = Vec::new();
    for name in ["alice", "nobody", "bob"] {
        let answer = world.login_by("web", name, "wrong", "openid").await;
        bodies.push(answer.refused(400, "invalid_grant").text().to_owned());
    }
    // A disabled user with the right password is no exception.
    let answer = world.login("bob", "openid").await;
    bodies.push(answer.refused(400, "invalid_grant").text().to_owned());
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
}

async fn guessing_is_slowed_down_and_tells_nothing(world: World) {
    let mut bodies = Vec::new();
    for name in ["alice", "nobody", "bob"] {
        for _ in 0..6 {
            let answer = world.login_by("web", name, "wrong", "openid").await;
            bodies.push(answer.refused(400, "invalid_grant").text().to_owned());
        }
        let locked = world.login(name, "openid").await;
        assert_eq!(locked.reason(), Some("user_locked"));
        bodies.push(locked.refused(400, "invalid_grant").text().to_owned());
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    // Others are not concerned.
    let _ = world.login("carol", "openid").await.ok();
}

async fn a_lock_ends_by_itself(world: World) {
    for _ in 0..8 {
        let _ = world.login_by("web", "alice", "wrong", "openid").await;
        world.advance(Seconds(2));
    }
    let locked = world.login("alice", "openid").await;
    assert_eq!(locked.reason(), Some("user_locked"));
    world.advance(Seconds::minutes(15));
    let _ = world.login("alice", "openid").await.ok();
}

async fn a_right_password_forgets_failures(world: World) {
    for _ in 0..2 {
        for _ in 0..4 {
            let wrong = world.login_by("web", "alice", "wrong", "openid").await;
            assert_eq!(wrong.reason(), Some("wrong_password"));
        }
        let _ = world.login("alice", "openid").await.ok();
    }
}

async fn guesses_from_elsewhere_lock_nobody_out(world: World) {
    // Somebody guesses whenever the wait is over, for a day; alice signs in from home all the same.
    let elsewhere = world.from("198.51.100.7");
    for _ in 0..100 {
        let _ = elsewhere.login_by("web", "alice", "wrong", "read").await;
        world.advance(Seconds::minutes(15));
        let _ = world.login("alice", "read").await.ok();
    }
    // Many places share one counter of the user: each has its first guess, and the next waits with all the others.
    for number in 0..20 {
        let place = world.from(&format!("203.0.113.{number}"));
        let first = place.login_by("web", "carol", "wrong", "read").await;
        assert_eq!(first.reason(), Some("wrong_password"));
        let second = place.login_by("web", "carol", "wrong", "read").await;
        let waits = number > 2;
        assert_eq!(second.reason() == Some("user_locked"), waits, "{number}");
        assert_eq!(
            second.reason() == Some("wrong_password"),
            !waits,
            "{number}"
        );
    }
    let _ = world.login("carol", "read").await.ok();
}

async fn typing_errors_of_many_lock_nobody_out(world: World) {
    // One backend, two typing errors a minute, six right logins, for four hours.
    for minute in 0..240 {
        for error in 0..2 {
            let name = format!("typist-{}", (minute * 2 + error) % 60);
            let _ = world.login_by("web", &name, "wrong", "read").await;
        }
        let _ = world.login("alice", "read").await.ok();
        world.advance(Seconds(60));
    }
}

async fn a_source_is_slowed_down_across_users(world: World) {
    for number in 0..101 {
        let name = format!("guess-{number}");
        let wrong = world.login_by("web", &name, "wrong", "openid").await;
        assert_eq!(wrong.reason(), Some("unknown_user"));
    }
    let locked = world.login("alice", "openid").await;
    assert_eq!(locked.reason(), Some("source_locked"));
    world.advance(Seconds::minutes(5));
    let _ = world.login("alice", "openid").await.ok();
}
