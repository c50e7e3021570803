//! API authorizations: what is below `/api/2/api_authorizations`.

use http::Method;
use latchkey_tests::answer::Answer;
use latchkey_tests::on_every_server;
use latchkey_tests::request::{Ask, get};
use latchkey_tests::world::World;
use serde_json::{Value, json};

use super::{APIS, APP, CONTACTS, PAGE, Script, id};

on_every_server!(
    apis_are_listed_changed_and_deleted,
    scopes_are_listed_changed_and_deleted,
    claims_are_listed_changed_and_deleted,
    clients_are_listed_changed_and_deleted,
    what_management_refuses,
);

/// A refusal of management's, as it is recorded.
fn is_refused(answer: &Answer, status: u16, name: &str) {
    assert_eq!(answer.status(), status, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    PAGE.is_like(name, answer, &["message", "statusCode", "name"]);
}

fn is_invalid(answer: &Answer, message: &str) {
    assert_eq!(answer.status(), 422, "{answer:?}");
    let told = json!({
        "message": format!("Validation failed: {message}"),
        "statusCode": 422, "name": "UnprocessableEntityError",
    });
    assert_eq!(answer.json(), told);
}

async fn apis_are_listed_changed_and_deleted(world: World) {
    let script = Script::of(&world).await;
    let number = script.api().await;
    let one = format!("/{number}");
    let told = json!({
        "id": number, "name": "Test API", "description": "This is a test API",
        "configuration": {
            "resource_identifier": CONTACTS, "audiences": [CONTACTS],
            "access_token_expiration_minutes": 10, "refresh_token_expiration_minutes": 30,
        },
    });
    assert_eq!(script.get(&one).await.ok().json(), told);
    let listed = script.get("").await.ok().json();
    let listed = listed.as_array().unwrap();
    assert!(listed.contains(&told), "{listed:?}");
    // And the one of every world.
    assert_eq!(listed.len(), 2, "{listed:?}");

    let scopes = format!("{one}/scopes");
    let of_scope = id(
        &script
            .ask(Method::POST, &scopes, &json!({"value": "a"}))
            .await,
        201,
    );
    let change = json!({
        "name": "Another", "description": "",
        "configuration": {"audiences": [CONTACTS, "https://example.org"], "access_token_expiration_minutes": 90},
    });
    assert_eq!(
        id(&script.ask(Method::PUT, &one, &change).await, 200),
        number
    );
    let changed = json!({
        "id": number, "name": "Another",
        "configuration": {
            "resource_identifier": CONTACTS, "audiences": [CONTACTS, "https://example.org"],
            "access_token_expiration_minutes": 90, "refresh_token_expiration_minutes": 30,
        },
    });
    assert_eq!(script.get(&one).await.ok().json(), changed);
    // What the change did not know is as it was; and what was told may be sent back.
    assert_eq!(
        script.get(&scopes).await.ok().json(),
        json!([{"id": of_scope, "value": "a"}])
    );
    assert_eq!(
        id(&script.ask(Method::PUT, &one, &changed).await, 200),
        number
    );

    let gone = script.delete(&one).await;
    assert_eq!((gone.status(), gone.text()), (204, ""));
    is_refused(&script.get(&one).await, 404, "not-found");
    is_refused(&script.delete(&one).await, 404, "not-found");
    is_refused(
        &script.ask(Method::PUT, &one, &change).await,
        404,
        "not-found",
    );

    for part in 0..3 {
        let (identifier, audiences) = (format!("https://example.com/{part}"), format!("{part}"));
        let new = json!({"name": "A", "configuration": {
            "resource_identifier": identifier, "audiences": format!("https://{audiences}.example.com"),
        }});
        id(&script.ask(Method::POST, "", &new).await, 201);
    }
    let first = script.get("?limit=2").await.ok();
    let cursor = first.header("after-cursor").unwrap();
    assert_eq!(first.header("link"), None);
    let rest = script.get(&format!("?limit=2&cursor={cursor}")).await.ok();
    let length = |answer: &Answer| answer.json().as_array().unwrap().len();
    assert_eq!((length(&first), length(&rest)), (2, 2));
    assert_eq!(rest.header("after-cursor"), None);
}

async fn scopes_are_listed_changed_and_deleted(world: World) {
    let script = Script::of(&world).await;
    let number = script.api().await.to_string();
    let scopes = format!("/{number}/scopes");
    let of_it = [("authorization_id", &*number)];
    let custom = id(&script.recorded("scopes", &of_it).await, 201);
    is_refused(&script.recorded("scopes", &of_it).await, 422, "taken");
    let told = json!([{"id": custom, "value": "custom:scope", "description": "A custom scope"}]);
    assert_eq!(script.get(&scopes).await.ok().json(), told);

    let one = format!("{scopes}/{custom}");
    let change = json!({"value": "custom:scope", "description": "Another"});
    assert_eq!(
        id(&script.ask(Method::PUT, &one, &change).await, 200),
        custom
    );
    let change = json!({"description": "A third"});
    assert_eq!(
        id(&script.ask(Method::PUT, &one, &change).await, 200),
        custom
    );
    let told = json!([{"id": custom, "value": "custom:scope", "description": "A third"}]);
    assert_eq!(script.get(&scopes).await.ok().json(), told);
    // By another name it has another number.
    let renamed = script.ask(Method::PUT, &one, &json!({"value": "x"})).await;
    let renamed = id(&renamed, 200);
    let back = format!("{scopes}/{renamed}");
    let change = json!({"value": "custom:scope", "description": "A third"});
    assert_eq!(
        id(&script.ask(Method::PUT, &back, &change).await, 200),
        custom
    );
    id(
        &script
            .ask(Method::POST, &scopes, &json!({"value": "y"}))
            .await,
        201,
    );
    let taken = script.ask(Method::PUT, &one, &json!({"value": "y"})).await;
    is_invalid(&taken, "Value has already been taken");
    let y = latchkey_oauth::hash::number("y");
    assert_eq!(script.delete(&format!("{scopes}/{y}")).await.status(), 204);

    for (body, message) in [
        (json!({}), "Value can't be blank"),
        (json!({"value": ""}), "Value can't be blank"),
        (
            json!({"value": null, "description": "x"}),
            "Value can't be blank",
        ),
        (
            json!({"value": "x", "colour": "red"}),
            "Colour is not supported",
        ),
    ] {
        is_invalid(&script.ask(Method::POST, &scopes, &body).await, message);
    }
    assert_eq!(script.delete(&one).await.status(), 204);
    is_refused(&script.delete(&one).await, 404, "not-found");
    is_refused(
        &script.ask(Method::PUT, &one, &change).await,
        404,
        "not-found",
    );
    assert_eq!(script.get(&scopes).await.ok().json(), json!([]));
}

async fn claims_are_listed_changed_and_deleted(world: World) {
    let script = Script::of(&world).await;
    let number = script.api().await.to_string();
    let claims = format!("/{number}/claims");
    let of_it = [("authorization_id", &*number)];
    let address = id(&script.recorded("claims", &of_it).await, 201);
    let again = script.recorded("claims", &of_it).await;
    is_invalid(&again, "Name has already been taken");
    let new = json!({"name": "given", "user_attribute_mappings": "firstname"});
    let given = id(&script.ask(Method::POST, &claims, &new).await, 201);
    let told = |mapping: &str| {
        json!([
            {"id": address, "name": "email_address", "label": "email_address", "user_attribute_mappings": mapping},
            {"id": given, "name": "given", "label": "given", "user_attribute_mappings": "firstname"},
        ])
    };
    assert_eq!(script.get(&claims).await.ok().json(), told("email_address"));
    let one = format!("{claims}/{address}");
    let change = json!({"user_attribute_mappings": "email"});
    assert_eq!(
        id(&script.ask(Method::PUT, &one, &change).await, 200),
        address
    );
    assert_eq!(script.get(&claims).await.ok().json(), told("email"));

    let own = json!({"name": "sub"});
    let own = script.ask(Method::POST, &claims, &own).await;
    assert_eq!(own.status(), 422, "{own:?}");
    assert!(
        own.string("message")
            .starts_with("Validation failed: Name: "),
        "{own:?}"
    );
    let made = json!({"name": "x", "user_attribute_macros": "{firstname}"});
    let made = script.ask(Method::POST, &claims, &made).await;
    is_invalid(&made, "User attribute macros is not supported");
    assert_eq!(script.delete(&one).await.status(), 204);
    is_refused(&script.delete(&one).await, 404, "not-found");
}

async fn clients_are_listed_changed_and_deleted(world: World) {
    let script = Script::of(&world).await;
    let number = script.api().await;
    let mut scopes = Vec::new();
    for value in ["a", "b"] {
        let new = json!({"value": value, "description": "D"});
        let made = script
            .ask(Method::POST, &format!("/{number}/scopes"), &new)
            .await;
        scopes.push(id(&made, 201));
    }
    let clients = format!("/{number}/clients");
    assert_eq!(script.get(&clients).await.ok().json(), json!([]));
    let assign = |app: Value| {
        let new = json!({"app_id": app, "scopes": scopes});
        let (script, clients) = (&script, &clients);
        async move { script.ask(Method::POST, clients, &new).await }
    };
    let made = assign(json!(909_021)).await;
    let told = json!({"app_id": 909_021, "api_auth_id": number});
    assert_eq!((made.status(), made.json()), (201, told.clone()));
    is_invalid(&assign(json!(APP)).await, "App has already been taken");
    // A client that is called otherwise here is called so.
    let other = assign(json!("another app")).await;
    assert_eq!(other.member("app_id"), "another app");
    is_refused(&assign(json!(1)).await, 404, "not-found");

    let a = json!({"id": scopes[0], "value": "a", "description": "D"});
    let b = json!({"id": scopes[1], "value": "b", "description": "D"});
    let listed = json!([
        {"app_id": 909_021, "api_auth_id": number, "scopes": [a, b]},
        {"app_id": "another app", "api_auth_id": number, "scopes": [a, b]},
    ]);
    assert_eq!(script.get(&clients).await.ok().json(), listed);
    let one = format!("{clients}/{APP}");
    let change = json!({"scopes": [scopes[1]]});
    let changed = script.ask(Method::PUT, &one, &change).await.ok();
    assert_eq!(changed.json(), told);
    assert_eq!(
        script.get(&clients).await.ok().json()[0]["scopes"],
        json!([b])
    );

    for scopes in [json!([]), json!(null)] {
        let body = json!({"app_id": 909_021, "scopes": scopes});
        let message = "Scopes can't be blank";
        is_invalid(&script.ask(Method::POST, &clients, &body).await, message);
        is_invalid(
            &script
                .ask(Method::PUT, &one, &json!({"scopes": scopes}))
                .await,
            message,
        );
    }
    let unknown = script.ask(Method::PUT, &one, &json!({"scopes": [1]})).await;
    is_invalid(
        &unknown,
        "Scopes 1 does not belong to the specified ApiAuthorizationApp",
    );
    let nobody = script
        .ask(Method::POST, &clients, &json!({"scopes": scopes}))
        .await;
    is_invalid(&nobody, "App can't be blank");

    assert_eq!(script.delete(&one).await.status(), 204);
    is_refused(&script.delete(&one).await, 404, "not-found");
    is_refused(
        &script.ask(Method::PUT, &one, &change).await,
        404,
        "not-found",
    );
}

async fn what_management_refuses(world: World) {
    let script = Script::of(&world).await;
    let number = script.api().await;
    for path in ["", "/1", &format!("/{number}/scopes")] {
        let path = format!("{APIS}{path}");
        let bare = world.send(get(&path)).await;
        assert_eq!(bare.header("www-authenticate"), Some("Bearer"));
        is_refused(&bare, 401, "unauthorized");
        let wrong = world.send(get(&path).bearer("nonsense")).await;
        is_refused(&wrong, 401, "unauthorized");
    }
    let neighbour = Script::of(&world.neighbour().await).await;
    let crossed = get(APIS).bearer(&neighbour.token);
    is_refused(&world.send(crossed).await, 401, "unauthorized");
    let resource = latchkey_admin::segment::of(CONTACTS);
    for path in [
        "/1",
        "/x",
        &format!("/{resource}"),
        "/1/scopes",
        "/1/nothing",
        "/1/scopes/2/3",
    ] {
        is_refused(&script.get(path).await, 404, "not-found");
    }

    let create = async |body: Value| script.ask(Method::POST, "", &body).await;
    is_refused(&create(json!({"name": "A"})).await, 422, "blank");
    is_refused(&create(json!({"configuration": {}})).await, 422, "blank");
    let nobody = json!({"configuration": {"resource_identifier": "https://new.example.com"}});
    is_invalid(&create(nobody).await, "Audiences can't be blank");
    let taken = script.recorded("create", &[]).await;
    is_invalid(&taken, "Resource identifier has already been taken");
    let new = |more: (&str, Value)| {
        let mut new = json!({"configuration": {"resource_identifier": "https://new.example.com", "audiences": ["https://a"]}});
        new["configuration"][more.0] = more.1;
        new
    };
    let zero = create(new(("access_token_expiration_minutes", json!(0)))).await;
    let message = "Access token expiration minutes is at least 1s and at most 30d";
    is_invalid(&zero, message);
    let bad = create(new(("resource_identifier", json!("contacts")))).await;
    assert!(
        bad.string("message")
            .starts_with("Validation failed: Resource identifier: "),
        "{bad:?}"
    );
    for (name, value) in [
        ("access_token_expiration_minutes", json!("ten")),
        ("access_token_expiration_minutes", json!(-1)),
        ("audiences", json!({})),
        ("audiences", json!([1])),
        ("resource_identifier", json!(1)),
    ] {
        let refused = create(new((name, value))).await;
        assert_eq!(refused.status(), 400, "{refused:?}");
        assert_eq!(refused.string("name"), "BadRequestError");
        assert_eq!(refused.string("field"), format!("configuration.{name}"));
    }
    for body in ["", "{", "[]", "1"] {
        for path in [
            "",
            &format!("/{number}/scopes"),
            &format!("/{number}/clients"),
        ] {
            let ask = Ask::new(Method::POST, &format!("{APIS}{path}"))
                .bearer(&script.token)
                .header("content-type", "application/json");
            let refused = world.send(ask.body(body)).await;
            assert_eq!(refused.status(), 400, "{path} {body}: {refused:?}");
            assert_eq!(refused.string("name"), "BadRequestError");
        }
    }
    // A page by number is not told as if it were the last.
    let page = script.get("?page=2").await;
    assert_eq!(
        (page.status(), &*page.string("name")),
        (400, "BadRequestError")
    );
}
