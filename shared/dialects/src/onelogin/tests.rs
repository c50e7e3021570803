//! Golden.

use proptest::prelude::*;
use serde_json::json;

use crate::tests::{heard, told};

const TOKEN: &str = "/auth/oauth2/token";
const APIS: &str = "/api/2/api_authorizations";

#[test]
fn a_token_for_its_apis() {
    let body = r#"{"grant_type": "client_credentials"}"#;
    let (asked, request) = heard("POST", TOKEN, "client_id:a+b, client_secret:x:y%2F,z", body);
    insta::assert_snapshot!(request);
    let issued =
        json!({"access_token": "x", "token_type": "Bearer", "expires_in": 900, "scope": "s"});
    insta::assert_snapshot!(told(&asked, 200, &issued));
    for (status, error) in [(401, "invalid_client"), (400, "unsupported_grant_type")] {
        let refused = json!({"error": error, "error_description": "No."});
        insta::assert_snapshot!(told(&asked, status, &refused));
    }
    let (asked, request) = heard("POST", "/auth/oauth2/v2/token", "Basic aWQ6YStiJTJG", body);
    insta::assert_snapshot!(request);
    insta::assert_snapshot!(told(&asked, 200, &issued));
}

#[test]
fn a_token_for_its_apis_is_revoked() {
    let body = r#"{"access_token": "a+b/c"}"#;
    let header = "client_id:id, client_secret:x";
    let (asked, request) = heard("POST", "/auth/oauth2/revoke", header, body);
    assert!(request.ends_with("\ntoken=a%2Bb%2Fc"), "{request}");
    insta::assert_snapshot!(told(&asked, 200, &json!(null)));
    let refused = json!({"error": "invalid_client", "error_description": "No."});
    insta::assert_snapshot!(told(&asked, 401, &refused));
}

#[test]
fn credentials_in_the_body_are_one_way_of_the_same() {
    let form = "grant_type=client_credentials&client_id=id&client_secret=a%2Bb%252F";
    let json =
        r#"{"grant_type": "client_credentials", "client_id": "id", "client_secret": "a+b%2F"}"#;
    for body in [form, json] {
        let (_, request) = heard("POST", "/auth/oauth2/v2/token", "", body);
        assert!(
            request.contains("authorization: Basic aWQ6YSUyQmIlMjUyRg==\n"),
            "{request}"
        );
        assert!(
            request.ends_with("\ngrant_type=client_credentials"),
            "{request}"
        );
        // Twice is once too often, as ever.
        let (_, request) = heard("POST", TOKEN, "client_id:id, client_secret:x", body);
        assert!(request.contains("client_secret=a%2Bb%252F"), "{request}");
    }
}

#[test]
fn what_is_no_token_request_is_left_to_be_refused() {
    for header in [
        "client_id:a",
        "client_id:a, secret:b",
        "Bearer x",
        "client_secret:b, client_id:a",
    ] {
        let (_, request) = heard("POST", TOKEN, header, "");
        assert!(
            request.contains(&format!("authorization: {header}\n")),
            "{request}"
        );
    }
    for body in [
        r#"{"grant_type": {}}"#,
        r#"{"grant_type": ["a"]}"#,
        r#"{"x": 1, "x": 1}"#,
        "{",
    ] {
        let (_, request) = heard("POST", TOKEN, "", body);
        assert!(
            request.contains("application/json") && request.ends_with(body),
            "{request}"
        );
    }
    let (_, request) = heard(
        "POST",
        TOKEN,
        "",
        r#"{"grant_type": "a", "x": null, "n": 1}"#,
    );
    assert!(request.ends_with("\ngrant_type=a&n=1"), "{request}");
}

#[test]
fn what_older_libraries_say() {
    let (_, request) = heard("GET", APIS, "bearer:a.b.c", "");
    assert!(
        request.contains("authorization: Bearer a.b.c\n"),
        "{request}"
    );
    let (_, request) = heard("GET", &format!("{APIS}/7/clients?Cursor=x&limit=3"), "", "");
    assert!(request.contains("cursor=x&limit=3"), "{request}");
    // What they were told they send back.
    let told =
        r#"{"id": 9, "auth_server_id": 7, "api_auth_id": 7, "value": "a", "description": "b"}"#;
    let (_, request) = heard("POST", &format!("{APIS}/7/scopes"), "", told);
    assert!(
        request.ends_with(r#"{"description":"b","value":"a"}"#),
        "{request}"
    );
}

#[test]
fn requests_for_management() {
    let mut all = String::new();
    let whole = json!({
        "name": "Test API", "description": "", "configuration": {
            "resource_identifier": "https://example.com/contacts", "audiencies": "https://example.com/contacts",
            "access_token_expiration_minutes": 10, "refresh_token_expiration_minutes": "30",
        },
    });
    let some = json!({"id": 1, "description": null, "configuration": {"audiences": ["a", "b"]}});
    let of_claim =
        json!({"label": "city", "user_attribute_mappings": "firstname", "skip_if_blank": false});
    for (method, path, body) in [
        ("GET", "", None),
        ("HEAD", "?limit=7&cursor=x&page=1", None),
        ("GET", "?limit=700&page=2", None),
        ("POST", "", Some(whole)),
        ("GET", "/7", None),
        ("PUT", "/7", Some(some)),
        ("DELETE", "/7", None),
        ("GET", "/7/scopes?limit=5", None),
        (
            "POST",
            "/7/scopes",
            Some(json!({"value": "custom:scope", "description": "A custom scope"})),
        ),
        ("PUT", "/7/scopes/8", Some(json!({"description": "B"}))),
        ("DELETE", "/7/scopes/8", None),
        ("POST", "/7/claims", Some(json!({"name": "email_address"}))),
        ("PUT", "/7/claims/9", Some(of_claim)),
        (
            "POST",
            "/7/claims",
            Some(
                json!({"name": "number", "user_attribute_mappings": "custom_attribute_employee_id"}),
            ),
        ),
        ("GET", "/7/clients", None),
        (
            "POST",
            "/7/clients",
            Some(json!({"app_id": 909_021, "scopes": [8, "x"]})),
        ),
        (
            "POST",
            "/7/clients",
            Some(json!({"app_id": "a/b", "scopes": [8]})),
        ),
        ("PUT", "/7/clients/a", Some(json!({"scopes": [8]}))),
        ("DELETE", "/7/clients/a", None),
    ] {
        let body = body.map(|it| it.to_string()).unwrap_or_default();
        let (_, request) = heard(method, &format!("{APIS}{path}"), "", &body);
        all.push_str(&format!("> {method} {path} {body}\n{request}\n\n"));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn paths_that_lead_nowhere() {
    for (method, path) in [
        ("GET", "/~aHR0cHM6Ly9h"),
        ("GET", "/x"),
        ("PATCH", "/7"),
        ("GET", "/7/nothing"),
        ("GET", "/7/scopes/8/9"),
        ("DELETE", "/7/scopes/read"),
        ("DELETE", "/7/scopes/"),
        ("GET", "/7/"),
    ] {
        let (asked, request) = heard(method, &format!("{APIS}{path}"), "", "");
        assert_eq!(request, format!("{method} \n"), "{path}");
        let refusal = told(
            &asked,
            404,
            &json!({"error": "not_found", "detail": "There is no such path."}),
        );
        assert!(refusal.contains("NotFoundError"), "{refusal}");
    }
}

#[test]
fn answers_of_management() {
    let mut all = String::new();
    let api = json!({
        "resource": "https://a", "name": "A", "description": "B", "audience": ["https://a", "https://b"],
        "access_token_lifetime": "1h30m", "refresh_token_lifetime": "1d", "scopes": [{"value": "read"}],
    });
    let scope = json!({"value": "read", "description": "C"});
    let claim = json!({"name": "given", "attribute": "given_name"});
    let client =
        json!({"client_id": "909021", "client_name": "D", "scope": "read", "scopes": [scope]});
    let named = json!({"client_id": "shop", "scope": "", "scopes": []});
    for (method, path, status, answer) in [
        ("POST", "", 201, api.clone()),
        ("PUT", "/7", 200, api.clone()),
        ("GET", "/7", 200, api.clone()),
        (
            "GET",
            "",
            200,
            json!({"apis": [api, {"resource": "https://c"}], "next_cursor": "x"}),
        ),
        ("POST", "/7/scopes", 201, scope.clone()),
        ("GET", "/7/scopes", 200, json!({"scopes": [scope]})),
        ("POST", "/7/claims", 201, claim.clone()),
        (
            "GET",
            "/7/claims",
            200,
            json!({"claims": [claim, {"name": "tier", "constant": 1}]}),
        ),
        ("POST", "/7/clients", 201, client.clone()),
        ("PUT", "/7/clients/shop", 200, named.clone()),
        (
            "GET",
            "/7/clients",
            200,
            json!({"clients": [client, named]}),
        ),
    ] {
        let (asked, _) = heard(method, &format!("{APIS}{path}"), "", "{}");
        let told = told(&asked, status, &answer);
        all.push_str(&format!("> {method} {path}\n{told}\n\n"));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn refusals_of_management() {
    let mut all = String::new();
    let invalid = |pointer: &str, detail: &str| json!({"error": "invalid_fields", "detail": "D.", "errors": [{"pointer": pointer, "detail": detail}]});
    let missing = invalid("/resource", "`resource` is missing. Add it.");
    let unknown = invalid("/", "unknown field ``.");
    let taken = json!({"error": "already_exists", "detail": "There is such."});
    let stale =
        json!({"error": "stale", "detail": "Somebody has changed it since: read it again."});
    let detail = |text: &str| json!({"error": "x", "detail": text});
    for (method, path, body, status, problem) in [
        ("GET", "", "", 401, detail("No.")),
        ("GET", "", "", 403, detail("These are not yours.")),
        (
            "GET",
            "?x=1",
            "",
            400,
            detail("There is a parameter that nobody knows here."),
        ),
        ("GET", "", "", 503, detail("Try again.")),
        ("POST", "", "{}", 422, missing),
        ("POST", "", r#"{"configuration": 1}"#, 422, unknown.clone()),
        (
            "POST",
            "",
            r#"{"configuration": {"access_token_expiration_minutes": true}}"#,
            422,
            unknown.clone(),
        ),
        ("POST", "", "{}", 409, taken.clone()),
        ("PUT", "/7", "{", 422, unknown.clone()),
        (
            "PUT",
            "/7",
            "{}",
            422,
            invalid(
                "/access_token_lifetime",
                "`access_token_lifetime` is at least 1s and at most 30d.",
            ),
        ),
        ("PUT", "/7", "{}", 412, stale),
        ("POST", "/7/scopes", "{}", 409, taken.clone()),
        (
            "POST",
            "/7/scopes",
            "{}",
            422,
            invalid("/value", "`value` is missing. Add it."),
        ),
        (
            "POST",
            "/7/scopes",
            r#"{"value": "a"}"#,
            422,
            invalid("", "`scopes` lists more than 200."),
        ),
        (
            "POST",
            "/7/claims",
            r#"{"name": "a", "user_attribute_macros": "x"}"#,
            422,
            unknown,
        ),
        ("POST", "/7/claims", "{}", 409, taken),
        (
            "POST",
            "/7/clients",
            r#"{"app_id": 1, "scopes": []}"#,
            422,
            invalid("/scope", "`scope` is empty."),
        ),
        (
            "POST",
            "/7/clients",
            r#"{"app_id": 1, "scopes": "read"}"#,
            422,
            invalid("/scope", "`scope` is text, not a list."),
        ),
        (
            "POST",
            "",
            r#"{"configuration": {"resource_identifier": "https://a"}}"#,
            422,
            invalid("/", "unknown field ``."),
        ),
        (
            "PUT",
            "/7/clients/1",
            r#"{"scopes": [51]}"#,
            422,
            invalid("/scope", "the API https://a has no scope 51."),
        ),
        (
            "POST",
            "/7/clients",
            r#"{"scopes": [1]}"#,
            404,
            detail("No."),
        ),
        ("POST", "/7/clients", "x", 404, detail("No.")),
        (
            "POST",
            "/7/clients",
            r#"{"app_id": 1, "scopes": [1]}"#,
            412,
            json!({"error": "already_assigned", "detail": "It is."}),
        ),
        (
            "PUT",
            "/7/clients/1",
            r#"{"scopes": [1]}"#,
            412,
            json!({"error": "not_assigned", "detail": "It is not."}),
        ),
    ] {
        let (asked, _) = heard(method, &format!("{APIS}{path}"), "", body);
        let told = told(&asked, status, &problem);
        all.push_str(&format!(
            "> {method} {path} {body}\n{status} {problem}\n{told}\n\n"
        ));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn openid_connect_at_its_paths() {
    let form = "grant_type=password&client_id=id&resource=r&scope=openid";
    let (_, request) = heard("POST", "/oidc/2/token", "Basic aWQ6YStiJTJG", form);
    insta::assert_snapshot!(request);
    for (said, meant) in [
        ("openid+offline_access+a", "scope=openid+a"),
        ("offline_access", "grant_type=password"),
        ("my_offline_access", "scope=my_offline_access"),
    ] {
        let form = format!("grant_type=password&scope={said}");
        let (_, request) = heard("POST", "/oidc/2/token", "", &form);
        assert!(request.ends_with(meant), "{request}");
    }
    let (asked, _) = heard("POST", "/oidc/2/token/introspection", "", "token=x");
    let active = json!({"active": true, "token_type": "Bearer", "client_id": "id"});
    insta::assert_snapshot!(told(&asked, 200, &active));
    let (asked, _) = heard("GET", "/oidc/2/.well-known/openid-configuration", "", "");
    let metadata = json!({
        "issuer": "i", "token_endpoint": "t", "jwks_uri": "j", "revocation_endpoint": "r",
        "introspection_endpoint": "n", "userinfo_endpoint": "u",
    });
    insta::assert_snapshot!(told(&asked, 200, &metadata));
}

proptest! {
    /// Whatever is sent, it is translated without a panic, and to a path of the APIs' or to none.
    #[test]
    fn whatever_is_sent(
        method in "GET|HEAD|POST|PUT|PATCH|DELETE",
        path in "(/[0-9a-z~.%-]{0,4}|/scopes|/claims|/clients|/7){0,4}(\\?(limit|page|cursor|x)=[0-9a-z]{0,3})?",
        body in r#"\{("(name|label|value|configuration|app_id|scopes|id)": ?(null|1|-1|"[a-z ]{0,3}"|\[1\]|\{"audiencies": [0-9]\})){0,1}\}|.{0,20}"#,
        status in prop_oneof![Just(200_u16), Just(201), Just(400), Just(404), Just(409), Just(412), Just(422), Just(503)],
        answer in r#"\{"(apis|errors|detail|resource|error)": (null|1|"x"|\[\{\}\]|\["x"\])\}"#,
    ) {
        let path = format!("{APIS}{path}");
        let before_query = path.split('?').next().unwrap_or_default();
        if latchkey_oauth::route::resolve(before_query).is_some_and(|it| it.foreign.is_some()) {
            let (asked, request) = heard(&method, &path, "", &body);
            let (_, below) = request.split_once(' ').unwrap();
            prop_assert!(below.starts_with("apis") || below.starts_with(['\n', '?']), "{}", request);
            told(&asked, status, &serde_json::from_str(&answer).unwrap());
        }
    }
}
