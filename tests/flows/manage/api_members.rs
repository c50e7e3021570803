//! The management API: an API's scopes, claims and clients, one by one.

use http::Method;
use latchkey_admin::segment;
use latchkey_oauth::api::{ApiScope, ResourceId};
use latchkey_oauth::hash::number;
use latchkey_testkit::fixtures::{SECRET, api, assigned, confidential};
use latchkey_tests::answer::Answer;
use latchkey_tests::manage::Manager;
use latchkey_tests::on_every_server;
use latchkey_tests::request::post;
use latchkey_tests::world::World;
use serde_json::{Value, json};

use crate::problems::{problem, refused_fields};

on_every_server!(
    a_scope_from_its_making_to_its_end,
    a_claim_from_its_making_to_its_end,
    a_write_may_say_what_it_is_meant_for,
    writes_side_by_side_are_all_there,
    a_member_is_added_once,
    faults_point_into_what_was_sent,
    things_have_numbers,
    an_api_is_assigned_and_taken_away,
    an_assignment_is_made_or_changed_as_it_is_meant,
    clients_of_an_api_are_told_in_parts,
    nobody_assigns_more_than_they_have,
    each_needs_its_scope,
);

const RESOURCE: &str = "https://stock.example.com";

/// A manager of a world with an API that has the scopes `read` and `write`.
async fn with_api(world: &World) -> (Manager, String) {
    let manager = Manager::of(world).await;
    let made = json!({"resource": RESOURCE, "scopes": ["read", {"value": "write", "description": "May write."}]});
    let made = manager.post("/apis", &made).await;
    assert_eq!(made.status(), 201, "{made:?}");
    (manager, format!("/apis/{}", segment::of(RESOURCE)))
}

async fn put(manager: &Manager, path: &str, body: &Value) -> Answer {
    let ask = manager.ask(Method::PUT, path, Some(body));
    manager.send(ask).await
}

async fn delete(manager: &Manager, path: &str) -> Answer {
    manager.send(manager.ask(Method::DELETE, path, None)).await
}

async fn a_scope_from_its_making_to_its_end(world: World) {
    let (manager, path) = with_api(&world).await;
    let scopes = format!("{path}/scopes");
    let told = manager.get(&scopes).await.ok();
    let write = json!({"value": "write", "description": "May write."});
    assert_eq!(told.json(), json!({"scopes": [{"value": "read"}, write]}));
    assert_eq!(told.header("etag"), Some(&*manager.tag(&path).await));

    let new = json!({"value": "https://stock.example.com/all", "description": null});
    let made = manager.post(&scopes, &new).await;
    assert_eq!(made.status(), 201, "{made:?}");
    assert_eq!(made.json(), json!({"value": new["value"]}));
    assert_eq!(made.header("etag"), Some(&*manager.tag(&path).await));
    let one = format!("{scopes}/{}", segment::of(new["value"].as_str().unwrap()));
    let location = format!("{}/admin/v1{one}", world.issuer());
    assert_eq!(made.header("location"), Some(&*location));
    let again = manager.post(&scopes, &new).await;
    let _ = problem(again, 409, "already_exists");

    let told = put(&manager, &one, &json!({"description": "All of it."})).await;
    let described = json!({"value": new["value"], "description": "All of it."});
    assert_eq!(told.ok().json(), described);
    assert_eq!(put(&manager, &one, &described).await.ok().json(), described);
    // Called otherwise it is another one, in its place; but none that is there already.
    let taken = put(&manager, &one, &json!({"value": "read"})).await;
    let _ = problem(taken, 409, "already_exists");
    let renamed = put(&manager, &one, &json!({"value": "all"})).await.ok();
    assert_eq!(renamed.json(), json!({"value": "all"}));
    let _ = problem(put(&manager, &one, &described).await, 404, "not_found");
    let all = format!("{scopes}/all");
    let _ = put(&manager, &all, &described).await.ok();
    let read = manager.get(&path).await.ok();
    assert_eq!(
        read.member("scopes"),
        json!([{"value": "read"}, write, described])
    );

    let gone = delete(&manager, &one).await;
    assert_eq!((gone.status(), gone.text()), (204, ""));
    let _ = problem(delete(&manager, &one).await, 404, "not_found");
    let _ = problem(put(&manager, &one, &described).await, 404, "not_found");
    let nowhere = "/apis/~aHR0cHM6Ly9ub3doZXJlLmV4YW1wbGU/scopes";
    let _ = problem(manager.get(nowhere).await, 404, "not_found");
    let _ = problem(manager.post(nowhere, &new).await, 404, "not_found");
    let told = manager.get(&scopes).await.ok();
    assert_eq!(told.json(), json!({"scopes": [{"value": "read"}, write]}));
}

async fn a_claim_from_its_making_to_its_end(world: World) {
    let (manager, path) = with_api(&world).await;
    let claims = format!("{path}/claims");
    assert_eq!(
        manager.get(&claims).await.ok().json(),
        json!({"claims": []})
    );
    for (new, told) in [
        (
            json!({"name": "groups"}),
            json!({"name": "groups", "attribute": "groups"}),
        ),
        (
            json!({"name": "tier", "constant": {"a": [1]}}),
            json!({"name": "tier", "constant": {"a": [1]}}),
        ),
    ] {
        let made = manager.post(&claims, &new).await;
        assert_eq!((made.status(), made.json()), (201, told));
    }
    let one = format!("{claims}/tier");
    let told = put(&manager, &one, &json!({"attribute": "email"}))
        .await
        .ok();
    assert_eq!(told.json(), json!({"name": "tier", "attribute": "email"}));
    assert_eq!(
        delete(&manager, &format!("{claims}/groups")).await.status(),
        204
    );
    let read = manager.get(&path).await.ok();
    assert_eq!(
        read.member("claims"),
        json!([{"name": "tier", "attribute": "email"}])
    );
    let own = manager.post(&claims, &json!({"name": "sub"})).await;
    assert_eq!(refused_fields(own), ["/name"]);
}

async fn a_write_may_say_what_it_is_meant_for(world: World) {
    let (manager, path) = with_api(&world).await;
    let seen = manager.tag(&path).await;
    let add = |value: &str, tag: &str| {
        let body = json!({"value": value});
        let ask = manager.ask(Method::POST, &format!("{path}/scopes"), Some(&body));
        ask.header("if-match", tag)
    };
    let made = manager.send(add("one", &seen)).await;
    assert_eq!(made.status(), 201, "{made:?}");
    let _ = problem(manager.send(add("two", &seen)).await, 412, "stale");
    let tag = made.header("etag").unwrap();
    assert_eq!(manager.send(add("two", tag)).await.status(), 201);
    assert_eq!(manager.send(add("three", "*")).await.status(), 201);
    let gone = manager
        .ask(Method::DELETE, &format!("{path}/scopes/one"), None)
        .header("if-match", &seen);
    let _ = problem(manager.send(gone).await, 412, "stale");
}

async fn writes_side_by_side_are_all_there(world: World) {
    let (manager, path) = with_api(&world).await;
    let scopes = format!("{path}/scopes");
    let [one, other] = ["one", "other"].map(|value| json!({"value": value}));
    let (one, other) =
        futures_util::join!(manager.post(&scopes, &one), manager.post(&scopes, &other));
    assert_eq!(
        (one.status(), other.status()),
        (201, 201),
        "{one:?} {other:?}"
    );
    let told = manager.get(&scopes).await.ok().json();
    assert_eq!(told["scopes"].as_array().unwrap().len(), 4, "{told}");
}

async fn a_member_is_added_once(world: World) {
    let (manager, path) = with_api(&world).await;
    let ask = |value: &str| {
        let body = json!({"value": value});
        manager
            .ask(Method::POST, &format!("{path}/scopes"), Some(&body))
            .header("idempotency-key", "8e03978e-40d5-43dd-bc93-6894a57f9324")
    };
    let made = manager.send(ask("new")).await;
    assert_eq!(
        (made.status(), made.header("idempotent-replayed")),
        (201, None)
    );
    let again = manager.send(ask("new")).await;
    assert_eq!(
        (again.status(), again.json()),
        (201, made.json()),
        "{again:?}"
    );
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.header("location"), made.header("location"));
    let _ = problem(
        manager.send(ask("else")).await,
        422,
        "idempotency_key_reused",
    );
    assert_eq!(
        delete(&manager, &format!("{path}/scopes/new"))
            .await
            .status(),
        204
    );
    let _ = problem(manager.send(ask("new")).await, 409, "made_and_gone");
}

async fn faults_point_into_what_was_sent(world: World) {
    let (manager, path) = with_api(&world).await;
    let (scopes, claims) = (format!("{path}/scopes"), format!("{path}/claims"));
    for (path, body, fields) in [
        (&scopes, json!({}), vec!["/value"]),
        (&scopes, json!({"value": "a b"}), vec!["/value"]),
        (&scopes, json!({"value": 1}), vec!["/value"]),
        (&scopes, json!({"value": "openid"}), vec!["/value"]),
        (
            &scopes,
            json!({"value": "x", "description": "", "colour": "red"}),
            vec!["/colour", "/description"],
        ),
        (&claims, json!({"attribute": "email"}), vec!["/name"]),
        (
            &claims,
            json!({"name": "x", "attribute": "email", "constant": 1}),
            vec!["/constant"],
        ),
    ] {
        let refused = refused_fields(manager.post(path, &body).await);
        assert_eq!(refused, fields, "{body}");
    }
    for body in [json!([]), json!("read"), json!(null)] {
        let refused = manager.post(&scopes, &body).await;
        let _ = problem(refused, 400, "invalid_request");
    }
    // One too many: it is the list that is wrong.
    let mut full = api(RESOURCE);
    full.scopes = (0..200)
        .map(|number| ApiScope {
            value: format!("s{number}"),
            description: None,
        })
        .collect();
    world.store.put_api(&world.tenant, &full).await;
    let refused = manager.post(&scopes, &json!({"value": "x"})).await;
    assert_eq!(refused_fields(refused), [""]);
}

async fn things_have_numbers(world: World) {
    let (manager, path) = with_api(&world).await;
    let id = ResourceId::parse(RESOURCE).unwrap().number();
    assert!((1..=0x7fff_ffff).contains(&id));
    assert_eq!(id, number(RESOURCE));
    let by_number = format!("/apis/{id}");
    let read = manager.get(&by_number).await.ok();
    assert_eq!(read.json(), manager.get(&path).await.ok().json());
    let patch = json!({"description": "Stock."});
    let patched = manager.over(Method::PATCH, &by_number, Some(&patch)).await;
    assert_eq!(patched.ok().string("description"), "Stock.");
    for nobody in [id - 1, 0] {
        let _ = problem(
            manager.get(&format!("/apis/{nobody}")).await,
            404,
            "not_found",
        );
    }
    let _ = problem(manager.get(&format!("/apis/0{id}")).await, 404, "not_found");

    let of_write = number("write");
    let one = format!("{by_number}/scopes/{of_write}");
    let told = put(&manager, &one, &json!({"description": "A"})).await.ok();
    assert_eq!(told.json(), json!({"value": "write", "description": "A"}));
    // A scope that is called so is meant before one whose number it is.
    let called = json!({"value": of_write.to_string()});
    let scopes = format!("{by_number}/scopes");
    assert_eq!(manager.post(&scopes, &called).await.status(), 201);
    let told = put(&manager, &one, &json!({"description": "B"})).await.ok();
    assert_eq!(told.member("value"), called["value"]);
    assert_eq!(delete(&manager, &one).await.status(), 204);
    assert_eq!(delete(&manager, &one).await.status(), 204);
    assert_eq!(
        manager.get(&scopes).await.ok().json(),
        json!({"scopes": [{"value": "read"}]})
    );

    // To be told apart from, and found among, many.
    for number in 0..101 {
        let other = api(&format!("https://{number}.example.com"));
        world.store.put_api(&world.tenant, &other).await;
    }
    let _ = manager.get(&by_number).await.ok();
    assert_eq!(
        manager
            .over(Method::DELETE, &by_number, None)
            .await
            .status(),
        204
    );
    let _ = problem(manager.get(&path).await, 404, "not_found");
}

async fn an_api_is_assigned_and_taken_away(world: World) {
    let (manager, path) = with_api(&world).await;
    world
        .store
        .put_client(&world.tenant, &confidential("shop"))
        .await;
    let (clients, one) = (format!("{path}/clients"), format!("{path}/clients/shop"));
    assert_eq!(
        manager.get(&clients).await.ok().json(),
        json!({"clients": []})
    );
    let made = put(&manager, &one, &json!({"scope": "write"})).await;
    let told = json!({
        "client_id": "shop", "scope": "write",
        "scopes": [{"value": "write", "description": "May write."}],
    });
    assert_eq!((made.status(), made.json()), (201, told.clone()));
    assert_eq!(
        made.header("etag"),
        Some(&*manager.tag("/clients/shop").await)
    );
    assert_eq!(
        manager.get(&clients).await.ok().json(),
        json!({"clients": [told]})
    );

    let body = json!({"scope": format!("{} write", number("read")), "client_id": "shop"});
    let changed = put(&manager, &one, &body).await.ok();
    assert_eq!(changed.string("scope"), "read write");
    let read = manager.get("/clients/shop").await.ok();
    assert_eq!(
        read.member("apis"),
        json!([{"resource": RESOURCE, "scope": "read write"}])
    );
    let form = [
        ("grant_type", "client_credentials"),
        ("resource", RESOURCE),
        ("scope", "read"),
    ];
    let token = world
        .send(post("/token", &form).basic("shop", SECRET))
        .await;
    assert_eq!(token.ok().string("scope"), "read");

    for (body, fields) in [
        (json!({"scope": "read other"}), ["/scope"]),
        (json!({"scope": "1"}), ["/scope"]),
        (json!({"scope": ""}), ["/scope"]),
        (json!({"scope": ["read"]}), ["/scope"]),
        (json!({"scopes": "read"}), ["/scopes"]),
        (json!({"client_id": "web", "scope": "read"}), ["/client_id"]),
    ] {
        let refused = put(&manager, &one, &body).await;
        assert_eq!(refused_fields(refused), fields, "{body}");
    }
    let nobody = put(
        &manager,
        &format!("{clients}/nobody"),
        &json!({"scope": "read"}),
    )
    .await;
    let _ = problem(nobody, 404, "not_found");
    // Without a scope it may have tokens for the API, and nothing of it.
    assert_eq!(
        put(&manager, &one, &json!({})).await.ok().string("scope"),
        ""
    );

    assert_eq!(delete(&manager, &one).await.status(), 204);
    let _ = problem(delete(&manager, &one).await, 404, "not_found");
    assert!(
        manager
            .get("/clients/shop")
            .await
            .ok()
            .member("apis")
            .is_null()
    );
    // Its secret is what it was.
    let form = [("grant_type", "client_credentials")];
    let _ = world
        .send(post("/token", &form).basic("shop", SECRET))
        .await
        .ok();
}

async fn an_assignment_is_made_or_changed_as_it_is_meant(world: World) {
    let (manager, path) = with_api(&world).await;
    let one = format!("{path}/clients/web");
    let body = json!({"scope": "read"});
    let ask = |header: &str, value: &str| {
        let ask = manager.ask(Method::PUT, &one, Some(&body));
        manager.send(ask.header(header, value))
    };
    let _ = problem(ask("if-match", "*").await, 412, "not_assigned");
    let made = ask("if-none-match", "*").await;
    assert_eq!(made.status(), 201, "{made:?}");
    let _ = problem(ask("if-none-match", "*").await, 412, "already_assigned");
    let _ = ask("if-match", "*").await.ok();
    let tag = made.header("etag").unwrap();
    let _ = problem(ask("if-match", tag).await, 412, "stale");
    let tag = manager.tag("/clients/web").await;
    let _ = ask("if-match", &tag).await.ok();
}

async fn clients_of_an_api_are_told_in_parts(world: World) {
    let (manager, path) = with_api(&world).await;
    for number in 100..210 {
        let mut client = confidential(&format!("c{number}"));
        if number % 2 == 0 {
            client.apis = vec![assigned(RESOURCE, "read")];
        }
        world.store.put_client(&world.tenant, &client).await;
    }
    let mut path = format!("{path}/clients?limit=30&prefix=c");
    let mut told = Vec::new();
    let mut parts = 0;
    loop {
        let part = manager.get(&path).await.ok();
        let body = part.json();
        parts += 1;
        let clients = body["clients"].as_array().unwrap();
        told.extend(
            clients
                .iter()
                .map(|it| it["client_id"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = body["next_cursor"].as_str() else {
            break;
        };
        let link = part.header("link").unwrap();
        path = link[link.find("/apis/").unwrap()..link.find('>').unwrap()].to_owned();
        assert!(path.ends_with(&format!("cursor={cursor}")), "{link}");
    }
    let wanted: Vec<String> = (100..210).step_by(2).map(|it| format!("c{it}")).collect();
    assert_eq!((told, parts), (wanted, 2));
}

async fn nobody_assigns_more_than_they_have(world: World) {
    let (boss, path) = with_api(&world).await;
    let clerk = Manager::with(&world, "manage:clients:read manage:clients:write").await;
    let one = format!("{path}/clients/{}", boss.client.client_id);
    let refused = put(&clerk, &one, &json!({"scope": "read"})).await;
    let _ = problem(refused, 403, "more_than_your_own");
    let made = put(&boss, &one, &json!({"scope": "read"})).await;
    assert_eq!(made.status(), 201);
    let _ = problem(delete(&clerk, &one).await, 403, "more_than_your_own");
    // Nor by a scope of an API that is called like one of management.
    let scopes = json!({"value": "manage:users:write"});
    assert_eq!(
        boss.post(&format!("{path}/scopes"), &scopes).await.status(),
        201
    );
    let own = format!("{path}/clients/web");
    for wish in [
        "manage:users:write".to_owned(),
        number("manage:users:write").to_string(),
    ] {
        let refused = put(&clerk, &own, &json!({"scope": wish})).await;
        let _ = problem(refused, 403, "more_than_your_own");
    }
}

async fn each_needs_its_scope(world: World) {
    let (_, path) = with_api(&world).await;
    world
        .store
        .put_client(&world.tenant, &confidential("shop"))
        .await;
    let apis = Manager::with(&world, "manage:apis:read manage:apis:write").await;
    let one = format!("{path}/clients/shop");
    let refused = apis.get(&format!("{path}/clients")).await;
    let _ = problem(refused, 403, "insufficient_scope");
    let refused = put(&apis, &one, &json!({"scope": "read"})).await;
    let _ = problem(refused, 403, "insufficient_scope");
    let _ = problem(delete(&apis, &one).await, 403, "insufficient_scope");
    let clients = Manager::with(&world, "manage:clients:read manage:clients:write").await;
    for list in ["scopes", "claims"] {
        let path = format!("{path}/{list}");
        let refused = clients.post(&path, &json!({"value": "x"})).await;
        let _ = problem(refused, 403, "insufficient_scope");
        let refused = clients.get(&path).await;
        let _ = problem(refused, 403, "insufficient_scope");
    }
    let readers = Manager::with(&world, "manage:apis:read manage:clients:read").await;
    let refused = readers
        .post(&format!("{path}/scopes"), &json!({"value": "x"}))
        .await;
    let _ = problem(refused, 403, "insufficient_scope");
    let refused = put(&readers, &one, &json!({"scope": "read"})).await;
    let _ = problem(refused, 403, "insufficient_scope");
    assert_eq!(
        put(&clients, &one, &json!({"scope": "read"}))
            .await
            .status(),
        201
    );
}
