//! Revocation (RFC 7009), and everything else that ends a token before its time.

use latchkey_oauth::client::Client;
use latchkey_oauth::store::Expected;
use latchkey_oauth::time::Seconds;
use latchkey_oauth::user::User;
use latchkey_testkit::fixtures::{SECRET, confidential, generation, hash_of, user};
use latchkey_tests::request::{get, post};
use latchkey_tests::world::World;
use latchkey_tests::{on_every_server, where_time_can_be_moved};

on_every_server!(
    an_access_token_is_revoked_alone,
    a_refresh_token_takes_its_family_with_it,
    what_is_not_the_clients_is_left_alone,
    what_is_no_token_is_no_error,
    a_hint_is_only_a_hint,
    a_disabled_user_ends_at_once,
    a_new_password_ends_tokens_at_once,
    a_deleted_user_ends_at_once,
);
where_time_can_be_moved!(
    a_disabled_client_ends_within_a_minute,
    tokens_expire_by_themselves
);

async fn an_access_token_is_revoked_alone(world: World) {
    let login = world.login("alice", "openid").await.ok();
    let token = login.string("access_token");
    let answer = world.revoke(&token).await;
    assert_eq!(answer.text(), "");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(!world.is_active(&token).await);
    let asked = world.send(get("/userinfo").bearer(&token)).await;
    let _ = asked.refused(401, "invalid_token");
    // RFC 7009 section 2.1: whether the refresh token goes too is the server's choice; here it stays.
    let next = world.refresh(&login.string("refresh_token")).await.ok();
    assert!(world.is_active(&next.string("access_token")).await);
    let _ = world.revoke(&token).await;
}

async fn a_refresh_token_takes_its_family_with_it(world: World) {
    let login = world.login("alice", "openid").await.ok();
    let next = world.refresh(&login.string("refresh_token")).await.ok();
    // Even an old one of the family: its client says that it wants it gone.
    let _ = world.revoke(&login.string("refresh_token")).await;
    for answer in [&login, &next] {
        for name in ["access_token", "id_token", "refresh_token"] {
            assert!(!world.is_active(&answer.string(name)).await, "{name}");
        }
    }
    let dead = world.refresh(&next.string("refresh_token")).await;
    let _ = dead.refused(400, "invalid_grant");
}

async fn what_is_not_the_clients_is_left_alone(world: World) {
    let login = world.login("alice", "openid").await.ok();
    for name in ["access_token", "refresh_token", "id_token"] {
        let token = login.string(name);
        let ask = post("/revoke", &[("token", &*token)]).basic("other", SECRET);
        let _ = world.send(ask).await.ok();
        assert!(world.is_active(&token).await, "{name}");
    }
    let stolen = world
        .refresh_by("other", &login.string("refresh_token"))
        .await;
    let _ = stolen.refused(400, "invalid_grant");
    let _ = world.refresh(&login.string("refresh_token")).await.ok();
}

async fn what_is_no_token_is_no_error(world: World) {
    for token in ["x", "lkr.a.b", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "ä"] {
        assert_eq!(world.revoke(token).await.text(), "");
        assert!(!world.is_active(token).await);
    }
}

async fn a_hint_is_only_a_hint(world: World) {
    let login = world.login("alice", "openid").await.ok();
    let token = login.string("refresh_token");
    let form = [("token", &*token), ("token_type_hint", "access_token")];
    let told = world
        .send(post("/introspect", &form).basic("web", SECRET))
        .await
        .ok();
    assert_eq!(told.member("active"), true);
    let form = [("token", &*token), ("token_type_hint", "pigeon")];
    let _ = world
        .send(post("/revoke", &form).basic("web", SECRET))
        .await
        .ok();
    assert!(!world.is_active(&token).await);
}

/// Logs alice in, lets `change` happen to her, and sees every token of hers ended.
async fn ended_by(world: &World, change: impl AsyncFnOnce(User)) {
    let login = world.login("alice", "openid").await.ok();
    change(user("alice")).await;
    for name in ["access_token", "refresh_token", "id_token"] {
        assert!(!world.is_active(&login.string(name)).await, "{name}");
    }
    let asked = get("/userinfo").bearer(&login.string("access_token"));
    let _ = world.send(asked).await.refused(401, "invalid_token");
    let dead = world.refresh(&login.string("refresh_token")).await;
    let _ = dead.refused(400, "invalid_grant");
}

async fn put(world: &World, mut alice: User) {
    alice.credentials.generation = generation(1);
    world
        .store
        .put_user(&world.tenant, &alice, Expected::Any)
        .await;
}

async fn a_disabled_user_ends_at_once(world: World) {
    ended_by(&world, async |mut alice: User| {
        alice.credentials.disabled = true;
        put(&world, alice).await;
    })
    .await;
    let _ = world
        .login("alice", "openid")
        .await
        .refused(400, "invalid_grant");
    // Being let in again does not bring old tokens back.
    let mut alice = user("alice");
    alice.credentials.generation = generation(2);
    world
        .store
        .put_user(&world.tenant, &alice, Expected::Any)
        .await;
    let _ = world.login("alice", "openid").await.ok();
}

async fn a_new_password_ends_tokens_at_once(world: World) {
    ended_by(&world, async |mut alice: User| {
        alice.credentials.password_hash = Some(hash_of("another"));
        put(&world, alice).await;
    })
    .await;
    let login = world
        .login_by("web", "alice", "another", "openid")
        .await
        .ok();
    assert!(world.is_active(&login.string("access_token")).await);
}

async fn a_deleted_user_ends_at_once(world: World) {
    ended_by(&world, async |alice: User| {
        world.store.delete_user(&world.tenant, &alice).await;
    })
    .await;
    // The same subject made again is not the one the old tokens speak for.
    let mut again = user("alice");
    again.credentials.generation = generation(1);
    world
        .store
        .put_user(&world.tenant, &again, Expected::Absent)
        .await;
    let login = world.login("alice", "openid").await.ok();
    assert!(world.is_active(&login.string("access_token")).await);
}

async fn a_disabled_client_ends_within_a_minute(world: World) {
    let login = world.login("alice", "openid").await.ok();
    let token = login.string("access_token");
    let ask = |world: &World| {
        let world = world.clone();
        let token = token.clone();
        async move { world.introspect_by("other", &token).await }
    };
    let _ = ask(&world).await;
    let disabled = Client {
        disabled: true,
        ..confidential("web")
    };
    world.store.put_client(&world.tenant, &disabled).await;
    world.advance(Seconds(60));
    let asked = world.send(get("/userinfo").bearer(&token)).await;
    let _ = asked.refused(401, "invalid_token");
    let form = [("token", &*token)];
    let caller = world
        .send(post("/introspect", &form).basic("web", SECRET))
        .await;
    let _ = caller.refused(401, "invalid_client");
    let _ = world
        .login("alice", "openid")
        .await
        .refused(401, "invalid_client");
}

async fn tokens_expire_by_themselves(world: World) {
    let login = world.login("alice", "openid").await.ok();
    let (access, id) = (login.string("access_token"), login.string("id_token"));
    world.advance(Seconds(899));
    assert!(world.is_active(&access).await && world.is_active(&id).await);
    world.advance(Seconds(1));
    assert!(!world.is_active(&access).await && !world.is_active(&id).await);
    let asked = world.send(get("/userinfo").bearer(&access)).await;
    let _ = asked.refused(401, "invalid_token");
}
