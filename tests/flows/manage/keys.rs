//! The management API: the tenant's own signing keys, each of which is no other tenant's.

use http::Method;
use latchkey_oauth::time::Seconds;
use latchkey_tests::answer::Answer;
use latchkey_tests::jwt;
use latchkey_tests::manage::Manager;
use latchkey_tests::request::get;
use latchkey_tests::world::World;
use latchkey_tests::{on_every_server, where_time_can_be_moved};
use serde_json::{Value, json};

use crate::problems::{problem, refused_fields};

on_every_server!(
    a_key_from_its_addition_to_its_end,
    a_key_is_one_tenants,
    what_cannot_be_added_is_told_by_its_field,
    an_addition_is_carried_out_once,
    reading_is_not_writing,
);

where_time_can_be_moved!(a_key_signs_after_its_time, the_first_key_signs_at_once);

async fn kids(world: &World) -> Vec<String> {
    let set = world.send(get("/jwks")).await.ok().json();
    let keys = set["keys"].as_array().unwrap().iter();
    keys.map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect()
}

async fn withdraw(manager: &Manager, kid: &str) -> Answer {
    let ask = manager.ask(Method::DELETE, &format!("/keys/{kid}"), None);
    manager.send(ask).await
}

async fn listed(manager: &Manager) -> Vec<String> {
    let told = manager.get("/keys").await.ok().json();
    let keys = told["keys"].as_array().unwrap().iter();
    keys.map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect()
}

async fn a_key_from_its_addition_to_its_end(world: World) {
    let manager = Manager::of(&world).await;
    let (old, new) = (world.keys.keys[0].clone(), world.new_key().await);
    let body = json!({"kms_key_id": new.kms_key_id, "alg": "RS256"});
    let made = manager.post("/keys", &body).await;
    assert_eq!(made.status(), 201, "{made:?}");
    assert_eq!(made.string("kid"), new.kid);
    assert_eq!(
        (made.member("published"), made.member("may_sign")),
        (json!(true), json!(false))
    );
    assert!(!made.text().contains(&new.kms_key_id));
    let path = format!("/keys/{}", new.kid);
    let at = made.header("location").unwrap();
    assert_eq!(at, format!("{}/admin/v1{path}", world.issuer()));
    assert_eq!(manager.get(&path).await.ok().json(), made.json());
    assert_eq!(listed(&manager).await, [&*old.kid, &*new.kid]);

    // Before it has signed anything: the old one goes on as if it had never been there.
    assert_eq!(withdraw(&manager, &new.kid).await.status(), 204);
    assert_eq!(withdraw(&manager, &new.kid).await.status(), 204);
    let told = manager.get(&path).await.ok();
    assert_eq!(told.member("published"), false);
    let left = manager.get(&format!("/keys/{}", old.kid)).await.ok();
    assert_eq!(left.member("signs_until"), Value::Null);
    let last = withdraw(&manager, &old.kid).await;
    let _ = problem(last, 409, "last_signing_key");
    let again = manager.post("/keys", &body).await;
    assert_eq!(refused_fields(again), ["/kms_key_id"]);
    let _ = problem(withdraw(&manager, "nobody").await, 404, "not_found");
    let nobody = manager.get("/keys/nobody").await;
    let _ = problem(nobody, 404, "not_found");
}

async fn a_key_is_one_tenants(world: World) {
    let here = Manager::of(&world).await;
    let there = Manager::of(&world.neighbour().await).await;
    let key = world.new_key().await;
    let body = json!({"kms_key_id": key.kms_key_id});
    for taken in [&there.world.keys.keys[0], &world.keys.keys[0]] {
        let body = json!({"kms_key_id": taken.kms_key_id});
        let both = [
            here.post("/keys", &body).await,
            there.post("/keys", &body).await,
        ];
        let [status, other] = both.each_ref().map(Answer::status);
        assert_eq!((status.min(other), status.max(other)), (409, 422));
    }
    let made = here.post("/keys", &body).await;
    assert_eq!(made.status(), 201, "{made:?}");
    // Not while it is here, and not after.
    for _ in 0..2 {
        let refused = there.post("/keys", &body).await;
        assert!(
            refused.text().contains("is another tenant's"),
            "{refused:?}"
        );
        assert_eq!(refused_fields(refused), ["/kms_key_id"]);
        assert_eq!(withdraw(&here, &key.kid).await.status(), 204);
    }
    let own = &there.world.keys.keys[0].kid;
    assert_eq!(listed(&there).await, [own.as_str()]);
}

async fn what_cannot_be_added_is_told_by_its_field(world: World) {
    let manager = Manager::of(&world).await;
    let key = world.new_key().await;
    let with = |name: &str, value: Value| {
        let mut body = json!({"kms_key_id": key.kms_key_id});
        body[name] = value;
        body
    };
    let unknown = "00000000-0000-0000-0000-000000000000";
    for (body, pointer) in [
        (json!({}), "/kms_key_id"),
        (with("kms_key_id", json!(unknown)), "/kms_key_id"),
        (with("kms_key_id", json!("two words")), "/kms_key_id"),
        (with("kms_key_id", json!("")), "/kms_key_id"),
        (
            with("kms_key_id", json!("alias/stack/signing-1")),
            "/kms_key_id",
        ),
        (with("alg", json!("ES256")), "/alg"),
        (with("alg", json!("none")), "/alg"),
        (with("signs_after", json!("31d")), "/signs_after"),
        (with("signs_after", json!(60)), "/signs_after"),
        (with("kid", json!(key.kid)), "/kid"),
    ] {
        let refused = manager.post("/keys", &body).await;
        assert_eq!(refused_fields(refused), [pointer], "{body}");
    }
    assert_eq!(listed(&manager).await, [&*world.keys.keys[0].kid]);
}

async fn an_addition_is_carried_out_once(world: World) {
    let manager = Manager::of(&world).await;
    let key = world.new_key().await;
    let body = json!({"kms_key_id": key.kms_key_id});
    let once = |body: &Value| {
        let ask = manager.ask(Method::POST, "/keys", Some(body));
        ask.header("idempotency-key", &format!("once-{}", key.kid))
    };
    let first = manager.send(once(&body)).await;
    assert_eq!(first.status(), 201, "{first:?}");
    let second = manager.send(once(&body)).await;
    assert_eq!(second.status(), 201, "{second:?}");
    assert_eq!(second.header("idempotent-replayed"), Some("true"));
    assert_eq!(second.json(), first.json());
    let other = json!({"kms_key_id": key.kms_key_id, "signs_after": "0s"});
    let other = manager.send(once(&other)).await;
    let _ = problem(other, 422, "idempotency_key_reused");
    // Whoever means it anew is told that it is there.
    let again = manager.post("/keys", &body).await;
    let _ = problem(again, 409, "already_exists");
    assert_eq!(listed(&manager).await.len(), 2);
}

async fn reading_is_not_writing(world: World) {
    let reader = Manager::with(&world, "manage:keys:read").await;
    let writer = Manager::with(&world, "manage:keys:write").await;
    let key = world.new_key().await;
    let body = json!({"kms_key_id": key.kms_key_id});
    for refused in [
        reader.post("/keys", &body).await,
        withdraw(&reader, &world.keys.keys[0].kid).await,
        writer.get("/keys").await,
    ] {
        let _ = problem(refused, 403, "insufficient_scope");
    }
    assert_eq!(writer.post("/keys", &body).await.status(), 201);
}

async fn a_key_signs_after_its_time(world: World) {
    let manager = Manager::of(&world).await;
    let (old, new) = (world.keys.keys[0].clone(), world.new_key().await);
    let body = json!({"kms_key_id": new.kms_key_id, "signs_after": "30m"});
    assert_eq!(manager.post("/keys", &body).await.status(), 201);
    // Functions remember a ring for a minute.
    world.advance(Seconds::minutes(1));
    assert_eq!(kids(&world).await, [&*old.kid, &*new.kid]);
    let token = async || {
        world
            .login("alice", "openid")
            .await
            .ok()
            .string("access_token")
    };
    let kid = |token: &str| jwt::parts(token).0["kid"].clone();
    world.advance(Seconds::minutes(28));
    let before = token().await;
    assert_eq!(kid(&before), *old.kid);
    world.advance(Seconds::minutes(1));
    let after = token().await;
    assert_eq!(kid(&after), *new.kid);
    for token in [&before, &after] {
        assert!(world.is_active(token).await);
    }
    // By a token of the new key: the one of the old ends with it.
    let manager = Manager::of(&world).await;
    assert_eq!(withdraw(&manager, &old.kid).await.status(), 204);
    world.advance(Seconds::minutes(1));
    assert_eq!(kids(&world).await, [&*new.kid]);
    assert!(!world.is_active(&before).await);
    assert!(world.is_active(&after).await);
    assert_eq!(kid(&token().await), *new.kid);
}

/// Where no key signs any more, nobody could wait for the next.
async fn the_first_key_signs_at_once(world: World) {
    let manager = Manager::of(&world).await;
    let mut ring = world.keys.clone();
    ring.keys[0].signs_until = Some(ring.keys[0].signs_from);
    let store = &world.store;
    store.put_keys(&world.tenant, &world.keys, &ring).await;
    let key = world.new_key().await;
    let body = json!({"kms_key_id": key.kms_key_id});
    let made = manager.post("/keys", &body).await;
    assert_eq!((made.status(), made.member("may_sign")), (201, json!(true)));
}
