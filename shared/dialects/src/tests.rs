//! What each product says, and what is made of it: golden.

use bytes::Bytes;
use http::{Request, Response};
use latchkey_oauth::endpoint::translate::{Heard, Translate as _};
use latchkey_oauth::issuer::BaseUrl;
use latchkey_oauth::route::{Endpoint, FOREIGN, Foreign, resolve};
use latchkey_oauth::tenant::TenantId;
use latchkey_oauth::time::Timestamp;
use serde_json::Value;

use crate::{Asked, Dialects};

const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

/// A request put into the standard's words: its method, what of its head counts, and its body.
pub fn heard(method: &str, path: &str, authorization: &str, body: &str) -> (Asked, String) {
    let before_query = path.split('?').next().unwrap();
    let route = resolve(before_query).unwrap();
    let at: &'static Foreign = route.foreign.unwrap();
    let mut request = Request::builder().method(method).uri(path);
    if !authorization.is_empty() {
        request = request.header("authorization", authorization);
    }
    if !body.is_empty() {
        let kind = if body.starts_with('{') {
            "application/json"
        } else {
            "application/x-www-form-urlencoded"
        };
        request = request.header("content-type", kind);
    }
    let (mut parts, ()) = request.body(()).unwrap().into_parts();
    let mut body = Bytes::copy_from_slice(body.as_bytes());
    let mut below = route.below.to_owned();
    let base = BaseUrl::parse("https://id.example.com").unwrap();
    let asked = Dialects.request(Heard {
        at,
        issuer: &base.issuer(&TenantId::parse("acme").unwrap()),
        now: NOW,
        parts: &mut parts,
        body: &mut body,
        below: &mut below,
    });
    let asked = asked.unwrap();
    let query = parts.uri.query().map(|query| format!("?{query}"));
    let query = query.unwrap_or_default();
    let mut told = format!("{} {below}{query}\n", parts.method);
    for (name, value) in &parts.headers {
        told.push_str(&format!("{name}: {}\n", value.to_str().unwrap()));
    }
    told.push_str(std::str::from_utf8(&body).unwrap());
    (asked, told)
}

/// An answer put into the product's words.
pub fn told(asked: &Asked, status: u16, body: &Value) -> String {
    let response = Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(Bytes::from(body.to_string()))
        .unwrap();
    let response = Dialects.answer(asked, response);
    let body: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    let body = serde_json::to_string_pretty(&body).unwrap();
    format!("{}\n{body}", response.status().as_u16())
}

#[test]
fn what_is_no_form_is_left_as_it_is() {
    for row in FOREIGN.iter().filter(|row| row.methods.contains("POST")) {
        let (_, told) = heard("POST", row.path, "", "a=%zz");
        assert!(told.ends_with("a=%zz"), "{}: {told}", row.path);
    }
}

#[test]
fn refusals_are_the_standards_where_the_page_has_none() {
    let refusal = serde_json::json!({"error": "invalid_grant", "error_description": "No."});
    for path in [
        "/openid/token",
        "/openid/introspect",
        "/moas/rest/oauth/token",
        "/uas/oauth2/token",
        "/uas/oauth2/introspection",
    ] {
        let (asked, _) = heard("POST", path, "", "");
        let told = told(&asked, 400, &refusal);
        assert!(
            told.contains("\"error\": \"invalid_grant\""),
            "{path}: {told}"
        );
    }
}

/// The register function translates nothing.
#[test]
fn registration_is_at_no_products_path() {
    let registers = |endpoint| {
        matches!(
            endpoint,
            Endpoint::Registration | Endpoint::ClientConfiguration | Endpoint::Activation
        )
    };
    assert!(!FOREIGN.iter().any(|it| registers(it.endpoint)));
}
