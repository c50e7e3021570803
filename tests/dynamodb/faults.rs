//! A store or a signer that does not answer: 503 with Retry-After, and nothing lost.

use latchkey_testkit::fixtures::SECRET;
use latchkey_tests::aws::{dynamodb, kms, sdk};
use latchkey_tests::request::{get, post};
use latchkey_tests::world::World;

/// Where nobody listens.
const NOWHERE: &str = "http://127.0.0.1:1";

#[tokio::test]
async fn a_store_that_does_not_answer() {
    let world = World::on_dynamodb().await;
    let login = world.login("alice", "openid").await.ok();
    let dead = latchkey_dynamodb::client(&sdk().await, Some(NOWHERE));
    let broken = world.served_by(&dead, &kms().await);
    let (access, refresh) = (login.string("access_token"), login.string("refresh_token"));
    for ask in [
        post("/token", &[("grant_type", "client_credentials")]).basic("web", SECRET),
        post("/introspect", &[("token", &*access)]).basic("web", SECRET),
        post("/revoke", &[("token", &*refresh)]).basic("web", SECRET),
        get("/userinfo").bearer(&access),
        get("/jwks"),
    ] {
        let answer = broken.send(ask).await;
        let answer = answer.refused(503, "temporarily_unavailable");
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert_eq!(answer.reason(), Some("store_unavailable"));
    }
    // Nothing was lost: the tokens are as good as before.
    assert!(world.is_active(&access).await);
    let _ = world.refresh(&refresh).await.ok();
}

#[tokio::test]
async fn a_signer_that_does_not_answer_burns_no_token() {
    let world = World::on_dynamodb().await;
    let login = world.login("alice", "openid").await.ok();
    let dead = latchkey_kms::client(&sdk().await, Some(NOWHERE));
    let broken = world.served_by(&dynamodb().await, &dead);
    let refresh = login.string("refresh_token");
    for answer in [
        broken.refresh(&refresh).await,
        broken.login("alice", "openid").await,
    ] {
        let answer = answer.refused(503, "temporarily_unavailable");
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert_eq!(answer.reason(), Some("signer_unavailable"));
    }
    let _ = world.refresh(&refresh).await.ok();
}

#[tokio::test]
async fn a_signer_that_refuses_is_a_fault_of_ours_with_an_id() {
    let world = World::on_dynamodb().await;
    let mut ring = world.keys.clone();
    ring.keys[0].kms_key_id = "00000000-0000-0000-0000-000000000000".to_owned();
    world
        .store
        .put_keys(&world.tenant, &world.keys, &ring)
        .await;
    let answer = world
        .login("alice", "openid")
        .await
        .refused(500, "server_error");
    assert!(answer.string("error_description").contains("request-1"));
    assert_eq!(answer.reason(), Some("signer_failed"));
}

#[tokio::test]
async fn a_tenant_without_a_key_is_a_fault_of_ours() {
    let world = World::on_dynamodb().await;
    let none = latchkey_oauth::token::jwk::KeyRing::default();
    world
        .store
        .put_keys(&world.tenant, &world.keys, &none)
        .await;
    let answer = world
        .login("alice", "read")
        .await
        .refused(500, "server_error");
    assert_eq!(answer.reason(), Some("tenant_has_no_signing_key"));
    let set = world.send(get("/jwks")).await.ok();
    assert_eq!(set.text(), r#"{"keys":[]}"#);
}
