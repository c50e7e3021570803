//! The management API: users, their passwords and what they granted, and tenants.

use http::Method;
use latchkey_testkit::fixtures::PASSWORD;
use latchkey_tests::manage::Manager;
use latchkey_tests::on_every_server;
use latchkey_tests::request::get;
use latchkey_tests::world::{World, fresh_tenant};
use serde_json::{Value, json};

use crate::problems::{problem, refused_fields};

on_every_server!(
    a_user_from_their_making_to_their_end,
    a_password_that_is_set_ends_tokens,
    who_is_shut_out_is_out_at_once,
    a_grant_is_seen_and_ended,
    users_are_told_in_parts,
    a_tenant_changes_its_own_settings,
    tenants_are_managed_at_the_default_tenant_alone,
    a_tenant_is_deleted_in_two_steps,
    keys_are_told_without_where_they_are,
);

async fn a_user_from_their_making_to_their_end(world: World) {
    let manager = Manager::of(&world).await;
    let body = json!({
        "username": "Dave", "password": PASSWORD, "name": "Dave D", "email": "d@example.com",
        "attributes": {"department": "sales"},
    });
    let made = manager.post("/users", &body).await;
    assert_eq!(made.status(), 201, "{made:?}");
    assert!(!made.text().contains("password") && !made.text().contains(PASSWORD));
    assert_eq!(made.string("username"), "dave");
    let sub = made.string("sub");
    let login = world.login("dave", "openid email").await.ok();
    let told = get("/userinfo").bearer(&login.string("access_token"));
    let told = world.send(told).await.ok();
    assert_eq!(
        (told.string("sub"), told.string("email")),
        (sub.clone(), "d@example.com".to_owned())
    );

    let patch = json!({"email": "dd@example.com", "attributes": {"department": null, "level": 3}});
    let patched = manager
        .over(Method::PATCH, "/users/dave", Some(&patch))
        .await
        .ok();
    assert_eq!(patched.member("attributes"), json!({"level": 3}));
    // A change of claims ends nothing.
    assert!(world.is_active(&login.string("access_token")).await);
    let _ = world.login("dave", "openid").await.ok();
    let put = json!({"username": "dave", "nickname": "D"});
    let put = manager
        .over(Method::PUT, "/users/dave", Some(&put))
        .await
        .ok();
    assert_eq!(
        (put.member("email"), put.string("sub")),
        (Value::Null, sub.clone())
    );
    let other = manager
        .over(Method::PATCH, "/users/dave", Some(&json!({"sub": "other"})))
        .await;
    assert_eq!(refused_fields(other), ["/sub"]);
    let again = json!({"username": "DAVE"});
    let _ = problem(manager.post("/users", &again).await, 409, "already_exists");
    // Nor is a client called like a user, or the other way round.
    let client = json!({"client_id": sub, "grant_types": ["client_credentials"]});
    let called = manager.post("/clients", &client).await;
    assert_eq!(refused_fields(called), ["/client_id"]);
    let called = json!({"username": "impostor", "sub": "web"});
    let called = manager.post("/users", &called).await;
    assert_eq!(refused_fields(called), ["/sub"]);
    let impostor = json!({"username": "impostor", "sub": sub});
    let _ = problem(
        manager.post("/users", &impostor).await,
        409,
        "already_exists",
    );

    let gone = manager.over(Method::DELETE, "/users/dave", None).await;
    assert_eq!(gone.status(), 204);
    assert!(!world.is_active(&login.string("access_token")).await);
    let _ = problem(manager.get("/users/dave").await, 404, "not_found");
    for (body, pointers) in [
        (
            json!({"username": "x", "password": "short"}),
            vec!["/password"],
        ),
        (
            json!({"username": "x", "email_verified": true, "adress": {}}),
            vec!["/adress", "/email_verified"],
        ),
        (json!({}), vec!["/username"]),
        (
            json!({"username": "x", "password": {"prompt": true}}),
            vec!["/password/prompt"],
        ),
    ] {
        assert_eq!(
            refused_fields(manager.post("/users", &body).await),
            pointers
        );
    }
    // A name that no path can hold as it is.
    let odd = json!({"username": "jos\u{e9} / %2F"});
    let made = manager.post("/users", &odd).await;
    assert_eq!(made.status(), 201);
    let segment = latchkey_admin::segment::of("jos\u{e9} / %2f");
    assert!(
        made.header("location")
            .unwrap()
            .ends_with(&format!("/users/{segment}"))
    );
    let _ = manager.get(&format!("/users/{segment}")).await.ok();
}

async fn a_password_that_is_set_ends_tokens(world: World) {
    let manager = Manager::of(&world).await;
    let login = world.login("alice", "openid").await.ok();
    let set = async |body: Value| {
        let ask = manager.ask(Method::PUT, "/users/alice/password", Some(&body));
        manager.send(ask).await
    };
    let done = set(json!({"password": "a new one, and long"})).await;
    assert_eq!((done.status(), done.text()), (204, ""));
    assert!(!world.is_active(&login.string("access_token")).await);
    let _ = world
        .refresh(&login.string("refresh_token"))
        .await
        .refused(400, "invalid_grant");
    let _ = world
        .login("alice", "openid")
        .await
        .refused(400, "invalid_grant");
    let _ = world
        .login_by("web", "alice", "a new one, and long", "openid")
        .await
        .ok();
    let made = set(json!({"password": {"generate": true}})).await.ok();
    let made = made.string("password");
    let _ = world.login_by("web", "alice", &made, "openid").await.ok();
    for body in [
        json!({}),
        json!({"password": "alice"}),
        json!({"password": "x"}),
        json!({"password": null}),
    ] {
        assert_eq!(refused_fields(set(body).await), ["/password"]);
    }
    assert_eq!(
        refused_fields(set(json!({"password": PASSWORD, "x": 1})).await),
        ["/x"]
    );
    let nobody = manager.ask(
        Method::PUT,
        "/users/nobody/password",
        Some(&json!({"password": PASSWORD})),
    );
    let _ = problem(manager.send(nobody).await, 404, "not_found");
}

async fn who_is_shut_out_is_out_at_once(world: World) {
    let manager = Manager::of(&world).await;
    let login = world.login("alice", "openid").await.ok();
    let disabled = json!({"disabled": true});
    let _ = manager
        .over(Method::PATCH, "/users/alice", Some(&disabled))
        .await
        .ok();
    assert!(!world.is_active(&login.string("access_token")).await);
    let _ = world
        .login("alice", "openid")
        .await
        .refused(400, "invalid_grant");
    let enabled = json!({"disabled": false});
    let _ = manager
        .over(Method::PATCH, "/users/alice", Some(&enabled))
        .await
        .ok();
    assert!(!world.is_active(&login.string("access_token")).await);
    let _ = world.login("alice", "openid").await.ok();
}

async fn a_grant_is_seen_and_ended(world: World) {
    let manager = Manager::of(&world).await;
    let first = world.login("alice", "openid").await.ok();
    let second = world.login("alice", "openid").await.ok();
    let other = world.login("carol", "openid").await.ok();
    let grants = async |path: &str| manager.get(path).await.ok().json()["grants"].clone();
    let list = grants("/users/alice/grants").await;
    let list = list.as_array().unwrap();
    assert_eq!(list.len(), 2);
    assert_eq!(list[0]["client_id"], "web");
    assert!(list[0]["scope"].as_str().unwrap().contains("openid"));
    let text = manager.get("/users/alice/grants").await.text().to_owned();
    for hidden in ["current", "lineage", "previous", "generation"] {
        assert!(!text.contains(hidden), "{hidden}");
    }
    let page = manager.get("/users/alice/grants?limit=1").await.ok();
    let next = format!(
        "/users/alice/grants?limit=1&cursor={}",
        page.string("next_cursor")
    );
    let rest = grants(&next).await;
    assert_eq!([&page.json()["grants"][0], &rest[0]], [&list[0], &list[1]]);

    let id = list[0]["grant_id"].as_str().unwrap();
    let end = async |path: String| {
        let ask = manager.ask(Method::DELETE, &path, None);
        manager.send(ask).await
    };
    // Of another user there is no such grant.
    let crossed = end(format!("/users/carol/grants/{id}")).await;
    let _ = problem(crossed, 404, "not_found");
    assert_eq!(end(format!("/users/alice/grants/{id}")).await.status(), 204);
    let _ = problem(
        end(format!("/users/alice/grants/{id}")).await,
        404,
        "not_found",
    );
    let _ = problem(
        end("/users/alice/grants/x".to_owned()).await,
        404,
        "not_found",
    );
    let mut alive = Vec::new();
    for login in [&first, &second] {
        let access = world.is_active(&login.string("access_token")).await;
        let refresh = world.is_active(&login.string("refresh_token")).await;
        assert_eq!(access, refresh);
        alive.push(access);
    }
    alive.sort();
    assert_eq!(alive, [false, true]);
    assert_eq!(end("/users/alice/grants".to_owned()).await.status(), 204);
    for login in [&first, &second] {
        assert!(!world.is_active(&login.string("access_token")).await);
    }
    assert_eq!(grants("/users/alice/grants").await, json!([]));
    assert!(world.is_active(&other.string("access_token")).await);
    let _ = world.login("alice", "openid").await.ok();
    let _ = problem(manager.get("/users/nobody/grants").await, 404, "not_found");
}

async fn users_are_told_in_parts(world: World) {
    let manager = Manager::of(&world).await;
    let names = async |path: &str| {
        let answer = manager.get(path).await.ok();
        let users = answer.json()["users"].as_array().unwrap().clone();
        let names = users
            .iter()
            .map(|user| user["username"].as_str().unwrap().to_owned());
        (names.collect::<Vec<_>>(), answer.member("next_cursor"))
    };
    assert_eq!(
        names("/users").await,
        (
            vec!["alice".into(), "bob".into(), "carol".into()],
            Value::Null
        )
    );
    let (first, next) = names("/users?limit=2").await;
    assert_eq!(first, ["alice", "bob"]);
    let (rest, end) = names(&format!("/users?limit=2&cursor={}", next.as_str().unwrap())).await;
    assert_eq!((rest, end), (vec!["carol".to_owned()], Value::Null));
    assert_eq!(names("/users?prefix=b").await.0, ["bob"]);
    let told = manager.get("/users").await;
    assert!(!told.text().contains("argon2") && !told.text().contains("hash"));
    // Another tenant's users are never among them, whatever is asked for.
    let neighbour = world.neighbour().await;
    let theirs = Manager::of(&neighbour).await;
    let _ = theirs.post("/users", &json!({"username": "zoe"})).await;
    assert_eq!(names("/users?limit=100").await.0.len(), 3);
}

async fn a_tenant_changes_its_own_settings(world: World) {
    let manager = Manager::of(&world).await;
    let read = manager.get("/tenant").await.ok();
    assert_eq!(read.string("tenant"), world.tenant.as_str());
    let patch = json!({"name": "Here", "password_policy": {"min_length": 12}});
    let patched = manager
        .over(Method::PATCH, "/tenant", Some(&patch))
        .await
        .ok();
    assert_eq!(patched.string("name"), "Here");
    let put = manager
        .over(Method::PUT, "/tenant", Some(&patched.json()))
        .await
        .ok();
    assert_eq!(put.json(), patched.json());
    for (body, pointer) in [
        (json!({"users": []}), "/users"),
        (json!({"clients": [{"client_id": "a"}]}), "/clients"),
        (json!({"tenant": "other"}), "/tenant"),
        // No key of the tenant's signs with that: from then on nobody would get a token.
        (json!({"signing_algorithm": "EdDSA"}), "/signing_algorithm"),
        (
            json!({"lockout": {"user": {"free": -1}}}),
            "/lockout/user/free",
        ),
    ] {
        let refused = manager.over(Method::PATCH, "/tenant", Some(&body)).await;
        assert_eq!(refused_fields(refused), [pointer]);
    }
}

async fn tenants_are_managed_at_the_default_tenant_alone(world: World) {
    let manager = Manager::of(&world).await;
    let _ = problem(manager.get("/tenants").await, 404, "not_found");
    let body = json!({"tenant": fresh_tenant()});
    let _ = problem(manager.post("/tenants", &body).await, 404, "not_found");
    let boss = Manager::of(&world.default_tenant().await).await;
    let path = format!("/tenants/{}", world.tenant);
    let _ = boss.get(&path).await.ok();
    let listed = boss
        .get(&format!("/tenants?prefix={}", world.tenant))
        .await
        .ok();
    assert_eq!(listed.json()["tenants"][0]["tenant"], world.tenant.as_str());
    for name in ["token", "admin", "UPPER", "a/b", "a#b", ""] {
        let refused = boss.post("/tenants", &json!({"tenant": name})).await;
        assert_eq!(refused_fields(refused), ["/tenant"], "{name}");
    }
    // And not by a token of another tenant, even one with every scope.
    let crossed = get("=/admin/v1/tenants").bearer(&manager.token);
    let _ = problem(world.send(crossed).await, 401, "invalid_token");
}

async fn a_tenant_is_deleted_in_two_steps(world: World) {
    let boss = Manager::of(&world.default_tenant().await).await;
    let doomed = world.neighbour().await;
    let login = doomed.login("alice", "openid").await.ok();
    let path = format!("/tenants/{}", doomed.tenant);
    let delete = async |code: &str| {
        let tag = boss.tag(&path).await;
        let path = format!("{path}{code}");
        let ask = boss
            .ask(Method::DELETE, &path, None)
            .header("if-match", &tag);
        boss.send(ask).await
    };
    let told = problem(delete("").await, 409, "confirmation_required");
    let counts = told.member("takes_away");
    assert_eq!((&counts["users"], &counts["keys"]), (&json!(3), &json!(1)));
    assert!(counts["clients"].as_u64().unwrap() > 5, "{counts}");
    let code = told.string("confirmation");
    let _ = problem(
        delete("?confirmation=made-up").await,
        409,
        "confirmation_required",
    );
    // What was seen is no longer what would go.
    let there = Manager::of(&doomed).await;
    let _ = there
        .over(Method::PATCH, "/users/alice", Some(&json!({"name": "A"})))
        .await
        .ok();
    let code = format!("?confirmation={code}");
    let again = problem(delete(&code).await, 409, "confirmation_required");
    assert!(doomed.is_active(&login.string("access_token")).await);
    let code = format!("?confirmation={}", again.string("confirmation"));
    assert_eq!(delete(&code).await.status(), 204);
    let _ = problem(boss.get(&path).await, 404, "not_found");
    assert!(
        doomed
            .store
            .user(
                &doomed.tenant,
                &latchkey_testkit::fixtures::username("alice")
            )
            .await
            .is_none()
    );
    let tag = boss.tag("/tenants/default").await;
    let own = boss
        .ask(Method::DELETE, "/tenants/default", None)
        .header("if-match", &tag);
    let _ = problem(boss.send(own).await, 409, "default_tenant");
}

async fn keys_are_told_without_where_they_are(world: World) {
    let manager = Manager::of(&world).await;
    let told = manager.get("/keys").await.ok();
    let keys = told.json()["keys"].as_array().unwrap().clone();
    assert_eq!(keys.len(), 1);
    assert_eq!(keys[0]["kid"], world.keys.keys[0].kid.as_str());
    assert_eq!(
        (&keys[0]["may_sign"], &keys[0]["published"]),
        (&json!(true), &json!(true))
    );
    assert!(!told.text().contains(&world.keys.keys[0].kms_key_id));
}
