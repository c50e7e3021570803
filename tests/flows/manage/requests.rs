//! The management API: updates, repeated requests, lists in parts and what is refused, whatever it is about.

use http::Method;
use latchkey_tests::manage::Manager;
use latchkey_tests::on_every_server;
use latchkey_tests::request::{Ask, get, post};
use latchkey_tests::world::World;
use serde_json::{Value, json};

use crate::problems::{problem, refused_fields};

on_every_server!(
    an_update_is_never_lost,
    a_request_is_carried_out_once,
    lists_are_told_in_parts,
    faults_point_at_their_fields,
    what_is_malformed_is_refused,
);

async fn an_update_is_never_lost(world: World) {
    let manager = Manager::of(&world).await;
    let path = "/clients/web";
    let seen = manager.tag(path).await;
    let patch = |name: &str| {
        let body = json!({"client_name": name});
        manager.ask(Method::PATCH, path, Some(&body))
    };
    let _ = problem(manager.send(patch("a")).await, 428, "precondition_required");
    let changed = manager
        .send(patch("a").header("if-match", &seen))
        .await
        .ok();
    let stale = manager.send(patch("b").header("if-match", &seen)).await;
    let _ = problem(stale, 412, "stale");
    let weak = format!("W/{}", changed.header("etag").unwrap());
    let _ = problem(
        manager.send(patch("b").header("if-match", &weak)).await,
        412,
        "stale",
    );
    let several = format!("\"x\", {}", changed.header("etag").unwrap());
    let _ = manager
        .send(patch("c").header("if-match", &several))
        .await
        .ok();
    let any = manager.send(patch("d").header("if-match", "*")).await.ok();
    let tag = any.header("etag").unwrap().to_owned();
    for method in [Method::PUT, Method::DELETE] {
        let body = json!({"grant_types": []});
        let ask = manager.ask(method, path, Some(&body));
        let _ = problem(
            manager.send(ask.clone()).await,
            428,
            "precondition_required",
        );
        let _ = problem(
            manager.send(ask.header("if-match", &seen)).await,
            412,
            "stale",
        );
    }
    let read = manager
        .ask(Method::GET, path, None)
        .header("if-none-match", &tag);
    let read = manager.send(read).await;
    assert_eq!((read.status(), read.text()), (304, ""));
    assert_eq!(read.header("etag"), Some(tag.as_str()));
    let head = manager
        .send(manager.ask(Method::HEAD, path, None))
        .await
        .ok();
    assert_eq!((head.text(), head.header("etag")), ("", Some(tag.as_str())));
}

async fn a_request_is_carried_out_once(world: World) {
    let manager = Manager::of(&world).await;
    let body = json!({"client_id": "shop", "grant_types": [], "scope": "a"});
    let key = "8e03978e-40d5-43dd-bc93-6894a57f9324";
    let ask = |body: &Value, key: &str| {
        manager
            .ask(Method::POST, "/clients", Some(body))
            .header("idempotency-key", key)
    };
    let first = manager.send(ask(&body, key)).await;
    assert_eq!(first.status(), 201);
    let quoted = format!("\"{key}\"");
    for again in [key, &quoted] {
        let repeated = manager.send(ask(&body, again)).await;
        assert_eq!(repeated.status(), 201, "{repeated:?}");
        assert_eq!(repeated.header("location"), first.header("location"));
        assert_eq!(repeated.header("etag"), first.header("etag"));
        assert_eq!(repeated.header("idempotent-replayed"), Some("true"));
        // All but the secret, which is shown once.
        let mut expected = first.json();
        expected.as_object_mut().unwrap().remove("client_secret");
        assert_eq!(repeated.json(), expected);
    }
    let other = json!({"client_id": "shop2", "grant_types": []});
    let _ = problem(
        manager.send(ask(&other, key)).await,
        422,
        "idempotency_key_reused",
    );
    let _ = problem(manager.get("/clients/shop2").await, 404, "not_found");
    // The same key of another caller is another key.
    let colleague = Manager::of(&world).await;
    let ask_too = colleague.ask(Method::POST, "/clients", Some(&other));
    let answer = colleague.send(ask_too.header("idempotency-key", key)).await;
    assert_eq!(answer.status(), 201);
    // Without one, or with a fresh one, the same again is a conflict.
    let fresh = "11111111-40d5-43dd-bc93-6894a57f9324";
    let _ = problem(manager.send(ask(&body, fresh)).await, 409, "already_exists");
    let _ = problem(manager.post("/clients", &body).await, 409, "already_exists");
    for bad in ["short", "", &"x".repeat(256)] {
        let _ = problem(manager.send(ask(&other, bad)).await, 400, "invalid_request");
    }
    let _ = manager.over(Method::DELETE, "/clients/shop", None).await;
    let _ = problem(manager.send(ask(&body, key)).await, 409, "made_and_gone");

    // What a request named may be gone by the time it is repeated.
    let api = json!({"resource": "urn:gone", "scopes": ["a"]});
    assert_eq!(manager.post("/apis", &api).await.status(), 201);
    let body = json!({
        "client_id": "named", "grant_types": [], "apis": [{"resource": "urn:gone", "scope": "a"}],
    });
    let named = "33333333-40d5-43dd-bc93-6894a57f9324";
    assert_eq!(manager.send(ask(&body, named)).await.status(), 201);
    let none = json!({"apis": null});
    let _ = manager
        .over(Method::PATCH, "/clients/named", Some(&none))
        .await
        .ok();
    let gone = manager.over(Method::DELETE, "/apis/urn:gone", None).await;
    assert_eq!(gone.status(), 204, "{gone:?}");
    let again = manager.send(ask(&body, named)).await;
    assert_eq!(
        (again.status(), again.header("idempotent-replayed")),
        (201, Some("true"))
    );

    let rotate = manager.ask(Method::POST, "/clients/web/secrets", None);
    let rotate = rotate.header("idempotency-key", "22222222-40d5-43dd-bc93-6894a57f9324");
    let secret = manager.send(rotate.clone()).await.string("client_secret");
    let again = manager.send(rotate).await;
    assert_eq!(
        (again.status(), again.member("client_secret")),
        (201, Value::Null)
    );
    let ask = post("/token", &[("grant_type", "client_credentials")]);
    let _ = world.send(ask.basic("web", &secret)).await.ok();
}

async fn lists_are_told_in_parts(world: World) {
    let manager = Manager::of(&world).await;
    let whole = manager.get("/clients?limit=100").await.ok();
    let whole = whole.json()["clients"].as_array().unwrap().clone();
    assert!(whole.len() > 5);
    let (mut path, mut parts) = ("/clients?limit=3".to_owned(), Vec::new());
    loop {
        let part = manager.get(&path).await.ok();
        let items = part.json()["clients"].as_array().unwrap().clone();
        assert!(items.len() <= 3);
        parts.extend(items);
        let Some(link) = part.header("link") else {
            assert!(part.member("next_cursor").is_null());
            break;
        };
        let cursor = part.string("next_cursor");
        let next = format!(
            "{}/admin/v1/clients?limit=3&cursor={cursor}",
            world.issuer()
        );
        assert_eq!(link, format!("<{next}>; rel=\"next\""));
        path = format!("/clients?limit=3&cursor={cursor}");
    }
    assert_eq!(parts, whole);
    let some = manager.get("/clients?prefix=o").await.ok();
    let some = some.json()["clients"].as_array().unwrap().clone();
    assert!(!some.is_empty());
    assert!(
        some.iter()
            .all(|it| it["client_id"].as_str().unwrap().starts_with('o'))
    );
    // A cursor that somebody makes up is a place in this tenant's list, or none.
    for (forged, status) in [
        ("bm90aGluZw", 200), // "nothing"
        ("eno", 200),        // "zz"
        ("AAAA", 400),
        ("!", 400),
        ("_w", 400),
        ("", 400),
    ] {
        let path = format!("/clients?cursor={forged}");
        assert_eq!(
            manager.get(&path).await.status(),
            if forged.is_empty() { 200 } else { status },
            "{forged}"
        );
    }
    for bad in [
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=1&limit=2",
        "limit=x",
        "limit=0003",
        "offset=1",
        "prefix=%00",
    ] {
        let answer = manager.get(&format!("/clients?{bad}")).await;
        let _ = problem(answer, 400, "invalid_request");
    }
}

async fn faults_point_at_their_fields(world: World) {
    let manager = Manager::of(&world).await;
    let body = json!({
        "client_id": "sh#op", "grant_types": ["passwrod"], "scopes": "a",
        "access_token_lifetime": 5, "apis": [{"resource": "orders"}],
    });
    let refused = manager.post("/clients", &body).await;
    let pointers = refused_fields(refused);
    assert_eq!(
        pointers,
        [
            "/access_token_lifetime",
            "/apis/0/resource",
            "/client_id",
            "/grant_types/0",
            "/scopes"
        ]
    );
    for (body, pointer) in [
        (json!({"client_id": "shop"}), "/grant_types"),
        (
            json!({"client_id": "shop", "grant_types": [], "client_secret": {"env": "AWS_SECRET_ACCESS_KEY"}}),
            "/client_secret/env",
        ),
        (
            json!({"client_id": "shop", "grant_types": [], "client_secret": {"file": "/proc/self/environ"}}),
            "/client_secret/file",
        ),
        (
            json!({"client_id": "shop", "grant_types": [], "audience": ["nobody"]}),
            "/audience/0",
        ),
        (
            json!({"client_id": "shop", "grant_types": [], "apis": [{"resource": "https://no.example"}]}),
            "/apis/0/resource",
        ),
    ] {
        assert_eq!(
            refused_fields(manager.post("/clients", &body).await),
            [pointer]
        );
    }
    let renamed = manager
        .over(
            Method::PATCH,
            "/clients/web",
            Some(&json!({"client_id": "bew"})),
        )
        .await;
    assert_eq!(refused_fields(renamed), ["/client_id"]);
    let untold = manager
        .over(
            Method::PATCH,
            "/clients/web",
            Some(&json!({"scope": 1, "x/y~": 1})),
        )
        .await;
    assert_eq!(refused_fields(untold), ["/scope", "/x~1y~0"]);
}

async fn what_is_malformed_is_refused(world: World) {
    let manager = Manager::of(&world).await;
    let send = async |body: &str, kind: &str| {
        let ask = Ask::new(Method::POST, "/admin/v1/clients").bearer(&manager.token);
        manager
            .send(ask.header("content-type", kind).body(body))
            .await
    };
    for body in [
        "",
        "{",
        "{\"client_id\": \"a\"",
        "[]",
        "1",
        "null",
        "\"x\"",
        "\u{feff}{}",
        r#"{"client_id": "a", "scope": "read", "scope": "write"}"#,
    ] {
        let _ = problem(send(body, "application/json").await, 400, "invalid_request");
    }
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/merge-patch+json",
        "application/jsonx",
    ] {
        let _ = problem(send("{}", kind).await, 415, "unsupported_media_type");
    }
    let told = send(
        "{\"client_secret\": \"hunter2-hunter2-hunter2\" x}",
        "application/json",
    )
    .await;
    assert!(
        !problem(told, 400, "invalid_request")
            .text()
            .contains("hunter2")
    );
    let deep = "[".repeat(10_000);
    let _ = problem(
        send(&deep, "application/json").await,
        400,
        "invalid_request",
    );
    let huge = format!("{{\"client_name\": \"{}\"}}", "x".repeat(64 * 1_024));
    let _ = problem(send(&huge, "application/json").await, 413, "too_large");

    for path in [
        "/nothing",
        "/clients/web/nothing",
        "/clients/a%2Fb",
        "/clients/web%00",
        "/clients/~",
        "/clients/~d2Vi",
        "/tenants",
        "/clients/",
    ] {
        let answer = manager.get(path).await;
        let _ = problem(answer, 404, "not_found");
    }
    for path in [
        "/admin/v1",
        "/admin/v1clients",
        "/admin/v2/clients",
        "=/default/admin/v1/clients",
    ] {
        let answer = world.send(get(path).bearer(&manager.token)).await;
        assert_eq!(answer.status(), 404, "{path}");
    }
    let answer = manager
        .send(manager.ask(Method::DELETE, "/clients", None))
        .await;
    let answer = problem(answer, 405, "method_not_allowed");
    assert_eq!(answer.header("allow"), Some("GET, HEAD, POST"));
    let options = manager
        .send(manager.ask(Method::OPTIONS, "/clients", None))
        .await;
    assert_eq!(options.status(), 405);
    assert_eq!(options.header("access-control-allow-origin"), None);
    let public = world.send(get("/admin/v1/openapi.json")).await.ok();
    assert!(
        public
            .member("openapi")
            .as_str()
            .unwrap()
            .starts_with("3.1")
    );
}
