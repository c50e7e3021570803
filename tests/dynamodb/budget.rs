//! The budget of AWS calls, warm and cold: what each kind of request costs.

use latchkey_oauth::time::Seconds;
use latchkey_testkit::fixtures::{PASSWORD, SECRET};
use latchkey_tests::counted;
use latchkey_tests::request::{get, post};

const CLIENT_CREDENTIALS: [(&str, &str); 1] = [("grant_type", "client_credentials")];

#[tokio::test]
async fn a_warm_request_stays_within_its_budget() {
    let (world, calls) = counted::world().await;
    // The first request of each function reads the tenant and the client; these are the warm ones.
    let ask = post("/token", &CLIENT_CREDENTIALS).basic("web", SECRET);
    let _ = world.send(ask.clone()).await.ok();
    let client = world.send(ask.clone()).await.ok().string("access_token");
    let _ = world.introspect(&client).await;
    let _ = world.revoke("x").await;
    let login = world.login("alice", "openid").await.ok();
    let _ = world
        .send(get("/userinfo").bearer(&login.string("access_token")))
        .await
        .ok();
    let _ = world.send(get("/jwks")).await.ok();
    calls.take();

    let _ = world.send(ask).await.ok();
    assert_eq!(calls.take(), "Sign: 1", "client_credentials");

    let _ = world.login("alice", "read").await.ok();
    assert_eq!(
        calls.take(),
        "BatchGetItem: 2, PutItem: 1, Sign: 1",
        "password"
    );
    let login = world.login("alice", "openid profile").await.ok();
    assert_eq!(
        calls.take(),
        "BatchGetItem: 2, PutItem: 1, Sign: 2",
        "password with openid"
    );
    let _ = world.login_by("web", "carol", "wrong", "read").await;
    assert_eq!(
        calls.take(),
        "BatchGetItem: 1, UpdateItem: 3",
        "a wrong password counts for the user, the source, and both"
    );
    let _ = world.login_by("web", "nobody", PASSWORD, "read").await;
    assert_eq!(
        calls.take(),
        "BatchGetItem: 1, UpdateItem: 3",
        "an unknown user costs what a known one does"
    );
    let _ = world.login("carol", "read").await.ok();
    assert_eq!(
        calls.take(),
        "BatchGetItem: 2, DeleteItem: 2, PutItem: 1, Sign: 1",
        "after failures from here, the user's counters are forgotten"
    );

    let refreshed = world.refresh(&login.string("refresh_token")).await.ok();
    assert_eq!(
        calls.take(),
        "BatchGetItem: 1, Sign: 2, UpdateItem: 1",
        "refresh_token with openid"
    );
    for name in ["access_token", "id_token", "refresh_token"] {
        assert!(world.is_active(&refreshed.string(name)).await);
        assert_eq!(calls.take(), "BatchGetItem: 1", "introspect {name}");
    }
    let bearer = get("/userinfo").bearer(&refreshed.string("access_token"));
    let _ = world.send(bearer).await.ok();
    assert_eq!(calls.take(), "BatchGetItem: 1", "userinfo");
    let _ = world.revoke(&refreshed.string("access_token")).await;
    assert_eq!(calls.take(), "PutItem: 1", "revoke an access token");
    let _ = world.revoke(&refreshed.string("refresh_token")).await;
    assert_eq!(calls.take(), "UpdateItem: 1", "revoke a refresh token");
    for path in ["/jwks", "/.well-known/openid-configuration"] {
        let _ = world.send(get(path)).await.ok();
        assert_eq!(calls.take(), "", "{path}");
    }
}

#[tokio::test]
async fn what_is_malformed_costs_nothing() {
    let (world, calls) = counted::world().await;
    let _ = world.login("alice", "openid").await.ok();
    let _ = world.introspect("x").await;
    calls.take();
    let _ = world.refresh("lkr.x.y").await.refused(400, "invalid_grant");
    let _ = world
        .login("alice", "admin")
        .await
        .refused(400, "invalid_scope");
    let _ = world.introspect("lkr.x.y").await;
    let _ = world.introspect("not a token").await;
    let _ = world.send(post("/nowhere", &[])).await;
    assert_eq!(calls.take(), "");
}

#[tokio::test]
async fn a_cold_request_reads_tenant_and_client_and_a_warm_one_after_a_minute_again() {
    let (world, calls) = counted::world().await;
    let ask = post("/token", &CLIENT_CREDENTIALS).basic("web", SECRET);
    for _ in 0..2 {
        let _ = world.send(ask.clone()).await.ok();
        assert_eq!(calls.take(), "BatchGetItem: 1, GetItem: 1, Sign: 1");
        world.advance(Seconds(59));
        let _ = world.send(ask.clone()).await.ok();
        assert_eq!(calls.take(), "Sign: 1");
        world.advance(Seconds(1));
    }
}

#[tokio::test]
async fn an_unknown_key_has_the_ring_read_again_at_most_once_in_ten_seconds() {
    let (world, calls) = counted::world().await;
    let neighbour = world.neighbour().await;
    let stranger = latchkey_testkit::signer::LocalSigner::generate().ring_key();
    let mut other_ring = neighbour.keys.clone();
    other_ring.keys[0] = stranger;
    let login = world.login("alice", "openid").await.ok();
    let token = login.string("access_token");
    world
        .store
        .put_keys(&world.tenant, &world.keys, &other_ring)
        .await;
    // The ring that this function remembers is read now, without the token's key.
    assert!(!world.is_active(&token).await);
    calls.take();
    for _ in 0..3 {
        assert!(!world.is_active(&token).await);
        assert_eq!(calls.take(), "");
    }
    world
        .store
        .put_keys(&world.tenant, &other_ring, &world.keys)
        .await;
    calls.take();
    world.advance(Seconds(10));
    assert!(world.is_active(&token).await);
    assert_eq!(calls.take(), "BatchGetItem: 2");
}
