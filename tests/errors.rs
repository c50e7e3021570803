//! The error table, one test a row: what a client is told, whichever way the server runs.

use latchkey_testkit::fixtures::{PASSWORD, SECRET};
use latchkey_tests::answer::Answer;
use latchkey_tests::on_every_server;
use latchkey_tests::request::{Ask, get, post};
use latchkey_tests::world::World;

const FORM: &str = "application/x-www-form-urlencoded";
const GRANT: (&str, &str) = ("grant_type", "client_credentials");

/// A token request by client `web` with these parameters.
async fn ask(world: &World, form: &[(&str, &str)]) -> Answer {
    world.send(post("/token", form).basic("web", SECRET)).await
}

/// A token request by client `web` with this body.
async fn raw(world: &World, body: impl Into<Vec<u8>>) -> Answer {
    let ask = post("/token", &[]).basic("web", SECRET).body(body);
    world.send(ask).await
}

fn password_form<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut form = vec![
        ("grant_type", "password"),
        ("username", "alice"),
        ("password", PASSWORD),
    ];
    form.extend_from_slice(more);
    form
}

// --- 400 invalid_request ---------------------------------------------------------------------------------------

async fn a_missing_grant_type(world: World) {
    let _ = ask(&world, &[]).await.refused(400, "invalid_request");
}

async fn an_empty_grant_type(world: World) {
    let _ = ask(&world, &[("grant_type", "")])
        .await
        .refused(400, "invalid_request");
}

async fn a_missing_parameter_of_a_grant(world: World) {
    for form in [
        vec![("grant_type", "password"), ("username", "alice")],
        vec![("grant_type", "password"), ("password", "x")],
        vec![
            ("grant_type", "password"),
            ("username", ""),
            ("password", "x"),
        ],
        vec![("grant_type", "refresh_token")],
    ] {
        let _ = ask(&world, &form).await.refused(400, "invalid_request");
    }
}

async fn a_missing_token(world: World) {
    for path in ["/introspect", "/revoke"] {
        for form in [vec![], vec![("token", "")]] {
            let ask = post(path, &form).basic("web", SECRET);
            let _ = world.send(ask).await.refused(400, "invalid_request");
        }
    }
}

async fn a_repeated_parameter(world: World) {
    for form in [
        password_form(&[("scope", "read"), ("scope", "read")]),
        password_form(&[("grant_type", "password")]),
        password_form(&[("client_id", "web"), ("client_id", "web")]),
        password_form(&[("unknown", "1"), ("unknown", "2")]),
    ] {
        let _ = ask(&world, &form).await.refused(400, "invalid_request");
    }
}

async fn a_body_that_is_no_form(world: World) {
    let json = post("/token", &[])
        .replace_header("content-type", "application/json")
        .basic("web", SECRET)
        .body(r#"{"grant_type":"client_credentials"}"#);
    let _ = world.send(json).await.refused(400, "invalid_request");
    let untyped = Ask::new(http::Method::POST, "/token")
        .basic("web", SECRET)
        .body("grant_type=client_credentials");
    let _ = world.send(untyped).await.refused(400, "invalid_request");
}

async fn a_form_with_a_charset_is_a_form(world: World) {
    let ask = post("/token", &[GRANT])
        .replace_header("content-type", &format!("{FORM}; charset=UTF-8"))
        .basic("web", SECRET);
    let _ = world.send(ask).await.ok();
}

async fn a_body_over_64_kib(world: World) {
    let mut body = b"grant_type=client_credentials&x=".to_vec();
    body.resize(64 * 1_024 + 1, b'x');
    let _ = raw(&world, body.clone())
        .await
        .refused(400, "invalid_request");
    body.truncate(64 * 1_024);
    let _ = raw(&world, body).await.ok();
}

async fn a_body_that_is_not_utf8(world: World) {
    for body in [
        &b"grant_type=client_credentials&x=%ff"[..],
        &b"grant_type=client_credentials&x=\xff\xfe"[..],
    ] {
        let _ = raw(&world, body).await.refused(400, "invalid_request");
    }
}

async fn a_nul(world: World) {
    let form = password_form(&[("scope", "read\0")]);
    let _ = ask(&world, &form).await.refused(400, "invalid_request");
}

async fn a_broken_percent_encoding(world: World) {
    let body = "grant_type=client_credentials&x=%4";
    let _ = raw(&world, body).await.refused(400, "invalid_request");
}

async fn a_user_name_or_password_out_of_bounds(world: World) {
    let long = "x".repeat(1_025);
    for form in [
        [
            ("grant_type", "password"),
            ("username", &*long),
            ("password", "x"),
        ],
        [
            ("grant_type", "password"),
            ("username", "alice"),
            ("password", &*long),
        ],
        [
            ("grant_type", "password"),
            ("username", "a\nb"),
            ("password", "x"),
        ],
    ] {
        let _ = ask(&world, &form).await.refused(400, "invalid_request");
    }
}

async fn secrets_in_the_query(world: World) {
    for query in [
        "client_secret=x",
        "password=x",
        "refresh_token=x",
        "access_token=x",
        "token=x",
    ] {
        for path in ["/token", "/introspect", "/revoke"] {
            let ask = post(&format!("{path}?{query}"), &[GRANT]).basic("web", SECRET);
            let _ = world.send(ask).await.refused(400, "invalid_request");
        }
    }
}

async fn an_empty_query_is_no_query(world: World) {
    let _ = world
        .send(post("/token?", &[GRANT]).basic("web", SECRET))
        .await
        .ok();
}

async fn two_ways_of_client_authentication(world: World) {
    let both = [GRANT, ("client_id", "web"), ("client_secret", SECRET)];
    let _ = ask(&world, &both).await.refused(400, "invalid_request");
    let assertion = [GRANT, ("client_assertion", "x")];
    let _ = ask(&world, &assertion)
        .await
        .refused(400, "invalid_request");
}

async fn two_client_ids(world: World) {
    let form = [GRANT, ("client_id", "other")];
    let _ = ask(&world, &form).await.refused(400, "invalid_request");
}

// --- 401 invalid_client ----------------------------------------------------------------------------------------

/// RFC 6749 section 5.2: who used the header is told its scheme.
fn challenged(answer: Answer) {
    let answer = answer.refused(401, "invalid_client");
    let challenge = answer.header("www-authenticate").unwrap();
    assert!(challenge.starts_with("Basic realm="), "{challenge}");
}

fn unchallenged(answer: Answer) {
    let answer = answer.refused(401, "invalid_client");
    assert_eq!(answer.header("www-authenticate"), None);
}

async fn no_client_authentication(world: World) {
    for path in ["/token", "/introspect", "/revoke"] {
        unchallenged(world.send(post(path, &[GRANT, ("token", "x")])).await);
    }
}

async fn malformed_basic(world: World) {
    for value in ["Basic", "Basic !", "Basic d2Vi", "Digest x", "x"] {
        let ask = post("/token", &[GRANT]).header("authorization", value);
        challenged(world.send(ask).await);
    }
    // By a scheme that some clients may use, and told that one.
    let ask = post("/token", &[GRANT]).header("authorization", "Bearer x");
    let refused = world.send(ask).await.refused(401, "invalid_client");
    let challenge = refused.header("www-authenticate").unwrap();
    assert!(challenge.starts_with("Bearer"), "{challenge}");
}

async fn a_wrong_secret(world: World) {
    for path in ["/token", "/introspect", "/revoke"] {
        let ask = post(path, &[GRANT, ("token", "x")]).basic("web", "wrong");
        challenged(world.send(ask).await);
    }
    let form = [GRANT, ("client_id", "post"), ("client_secret", "wrong")];
    unchallenged(world.send(post("/token", &form)).await);
}

async fn an_unknown_client(world: World) {
    challenged(
        world
            .send(post("/token", &[GRANT]).basic("nobody", SECRET))
            .await,
    );
    let form = [GRANT, ("client_id", "nobody"), ("client_secret", SECRET)];
    unchallenged(world.send(post("/token", &form)).await);
    let form = [GRANT, ("client_id", "nobody")];
    unchallenged(world.send(post("/token", &form)).await);
}

async fn a_disabled_client(world: World) {
    challenged(
        world
            .send(post("/token", &[GRANT]).basic("disabled", SECRET))
            .await,
    );
}

async fn a_method_that_is_not_the_clients(world: World) {
    challenged(
        world
            .send(post("/token", &[GRANT]).basic("post", SECRET))
            .await,
    );
    let form = [GRANT, ("client_id", "web"), ("client_secret", SECRET)];
    unchallenged(world.send(post("/token", &form)).await);
    // A confidential client cannot pass for a public one, nor the other way round.
    unchallenged(
        world
            .send(post("/token", &[GRANT, ("client_id", "web")]))
            .await,
    );
    challenged(
        world
            .send(post("/token", &[GRANT]).basic("public", SECRET))
            .await,
    );
}

async fn an_assertion_that_nobody_may_use(world: World) {
    let form = [GRANT, ("client_id", "web"), ("client_assertion", "a.b.c")];
    unchallenged(world.send(post("/token", &form)).await);
}

async fn a_public_client_introspects(world: World) {
    let form = [("token", "x"), ("client_id", "public")];
    unchallenged(world.send(post("/introspect", &form)).await);
}

// --- 400, about the grant --------------------------------------------------------------------------------------

async fn an_unknown_grant_type(world: World) {
    for name in ["authorization_code", "PASSWORD", "urn:x", "implicit"] {
        let answer = ask(&world, &[("grant_type", name)]).await;
        let _ = answer.refused(400, "unsupported_grant_type");
    }
}

async fn a_grant_that_is_not_the_clients(world: World) {
    let form = password_form(&[]);
    let answer = world
        .send(post("/token", &form).basic("service", SECRET))
        .await;
    let _ = answer.refused(400, "unauthorized_client");
    let answer = world
        .send(post("/token", &[GRANT]).basic("api", SECRET))
        .await;
    let _ = answer.refused(400, "unauthorized_client");
}

async fn a_public_client_and_a_password(world: World) {
    let form = password_form(&[("client_id", "public")]);
    let answer = world.send(post("/token", &form)).await;
    let _ = answer.refused(400, "unauthorized_client");
    let answer = world
        .send(post("/token", &[GRANT, ("client_id", "public")]))
        .await;
    let _ = answer.refused(400, "unauthorized_client");
}

async fn a_wrong_password(world: World) {
    let answer = world.login_by("web", "alice", "wrong", "read").await;
    let _ = answer.refused(400, "invalid_grant");
}

async fn an_unknown_user(world: World) {
    let answer = world.login_by("web", "nobody", PASSWORD, "read").await;
    let _ = answer.refused(400, "invalid_grant");
}

async fn a_disabled_user(world: World) {
    let answer = world.login_by("web", "bob", PASSWORD, "read").await;
    let _ = answer.refused(400, "invalid_grant");
}

async fn a_bad_refresh_token(world: World) {
    for token in ["x", "lkr.", "lkr..", "lkr.AAAA.AAAA", "\u{e4}", "a.b.c"] {
        let _ = world.refresh(token).await.refused(400, "invalid_grant");
    }
}

async fn a_foreign_refresh_token(world: World) {
    let login = world.login("alice", "read").await.ok();
    let answer = world
        .refresh_by("other", &login.string("refresh_token"))
        .await;
    let _ = answer.refused(400, "invalid_grant");
}

async fn a_used_refresh_token(world: World) {
    let login = world.login("alice", "read").await.ok();
    let token = login.string("refresh_token");
    let _ = world.refresh(&token).await.ok();
    let _ = world.refresh(&token).await.refused(400, "invalid_grant");
}

async fn an_access_token_as_a_refresh_token(world: World) {
    let login = world.login("alice", "read").await.ok();
    let answer = world.refresh(&login.string("access_token")).await;
    let _ = answer.refused(400, "invalid_grant");
}

async fn a_scope_that_is_malformed(world: World) {
    for scope in [
        " ",
        "read ",
        " read",
        "read  write",
        "r\"ead",
        "r\\ead",
        "l\u{e4}sen",
    ] {
        let answer = world.login("alice", scope).await;
        let _ = answer.refused(400, "invalid_scope");
    }
}

async fn a_scope_that_is_too_wide(world: World) {
    for scope in ["admin", "read admin", "READ"] {
        let _ = world
            .login("alice", scope)
            .await
            .refused(400, "invalid_scope");
        let form = [GRANT, ("scope", scope)];
        let _ = ask(&world, &form).await.refused(400, "invalid_scope");
    }
    let long = "a".repeat(3_000);
    let _ = world
        .login("alice", &long)
        .await
        .refused(400, "invalid_scope");
}

async fn a_resource_that_is_not_the_clients(world: World) {
    for resource in [
        "https://other.example.com",
        "not a url",
        "https://api.example.com#x",
    ] {
        let form = [GRANT, ("resource", resource)];
        let answer = world
            .send(post("/token", &form).basic("service", SECRET))
            .await;
        let _ = answer.refused(400, "invalid_target");
    }
}

// --- bearer tokens ---------------------------------------------------------------------------------------------

async fn a_missing_bearer_token(world: World) {
    for ask in [
        get("/userinfo"),
        post("/userinfo", &[]),
        get("/userinfo").header("authorization", "Basic eDp5"),
    ] {
        let answer = world.send(ask).await;
        assert_eq!(answer.status(), 401);
        // RFC 6750 section 3.1: no error code for who gave no token.
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        assert_eq!(answer.text(), "");
    }
}

async fn a_bad_bearer_token(world: World) {
    for token in ["x", "a.b.c", "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.e30."] {
        let answer = world.send(get("/userinfo").bearer(token)).await;
        let answer = answer.refused(401, "invalid_token");
        let challenge = answer.header("www-authenticate");
        assert_eq!(challenge, Some("Bearer error=\"invalid_token\""));
    }
}

async fn a_bearer_token_without_openid(world: World) {
    let login = world.login("alice", "read").await.ok();
    let ask = get("/userinfo").bearer(&login.string("access_token"));
    let answer = world.send(ask).await.refused(403, "insufficient_scope");
    let challenge = answer.header("www-authenticate").unwrap();
    assert_eq!(
        challenge,
        "Bearer error=\"insufficient_scope\", scope=\"openid\""
    );
}

// --- methods and paths -----------------------------------------------------------------------------------------

async fn a_wrong_method(world: World) {
    for (path, method, allowed) in [
        ("/token", "GET", "POST, OPTIONS"),
        ("/token", "PUT", "POST, OPTIONS"),
        ("/introspect", "GET", "POST"),
        ("/introspect", "OPTIONS", "POST"),
        ("/revoke", "GET", "POST, OPTIONS"),
        ("/userinfo", "DELETE", "GET, HEAD, POST, OPTIONS"),
        ("/jwks", "POST", "GET, HEAD, OPTIONS"),
        (
            "/.well-known/openid-configuration",
            "POST",
            "GET, HEAD, OPTIONS",
        ),
    ] {
        let answer = world.send(Ask::new(method.parse().unwrap(), path)).await;
        assert_eq!(answer.status(), 405, "{method} {path}: {answer:?}");
        assert_eq!(answer.header("allow"), Some(allowed), "{method} {path}");
    }
}

async fn an_unknown_path(world: World) {
    for path in ["/nothing", "/token/x", "/.well-known/nothing"] {
        assert_eq!(world.send(get(path)).await.status(), 404, "{path}");
    }
}

async fn refusals_are_readable_across_origins(world: World) {
    for path in ["/token", "/revoke"] {
        let answer = world.send(post(path, &[])).await;
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    }
    let answer = world.send(post("/introspect", &[])).await;
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

on_every_server!(
    a_missing_grant_type,
    an_empty_grant_type,
    a_missing_parameter_of_a_grant,
    a_missing_token,
    a_repeated_parameter,
    a_body_that_is_no_form,
    a_form_with_a_charset_is_a_form,
    a_body_over_64_kib,
    a_body_that_is_not_utf8,
    a_nul,
    a_broken_percent_encoding,
    a_user_name_or_password_out_of_bounds,
    secrets_in_the_query,
    an_empty_query_is_no_query,
    two_ways_of_client_authentication,
    two_client_ids,
    no_client_authentication,
    malformed_basic,
    a_wrong_secret,
    an_unknown_client,
    a_disabled_client,
    a_method_that_is_not_the_clients,
    an_assertion_that_nobody_may_use,
    a_public_client_introspects,
    an_unknown_grant_type,
    a_grant_that_is_not_the_clients,
    a_public_client_and_a_password,
    a_wrong_password,
    an_unknown_user,
    a_disabled_user,
    a_bad_refresh_token,
    a_foreign_refresh_token,
    a_used_refresh_token,
    an_access_token_as_a_refresh_token,
    a_scope_that_is_malformed,
    a_scope_that_is_too_wide,
    a_resource_that_is_not_the_clients,
    a_missing_bearer_token,
    a_bad_bearer_token,
    a_bearer_token_without_openid,
    a_wrong_method,
    an_unknown_path,
    refusals_are_readable_across_origins,
);
