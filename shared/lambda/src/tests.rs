//! Events as API Gateway sends them, and a service that fails in every way.

use latchkey_dialects::Dialects;
use latchkey_oauth::client::RegistryAdmin as _;
use latchkey_oauth::directory::Directory;
use latchkey_oauth::endpoint::Call;
use latchkey_oauth::issuer::BaseUrl;
use latchkey_oauth::route::Endpoint;
use latchkey_oauth::store::Expected;
use latchkey_oauth::tenant::{TenantId, TenantSettings};
use latchkey_oauth::time::Timestamp;
use latchkey_testkit::memory::MemoryStore;
use serde_json::{Value, json};

use super::*;

/// Echoes its body; panics or never answers when it is told to.
struct Echo(Directory<MemoryStore>);

impl Echo {
    async fn new() -> Self {
        let store = MemoryStore::default();
        let tenant = TenantId::default_tenant();
        let settings = TenantSettings::default();
        store
            .put_tenant(&tenant, &settings, Expected::Absent)
            .await
            .unwrap();
        let base = BaseUrl::parse("https://id.example.com").unwrap();
        Self(Directory::new(base, store))
    }
}

impl Service for Echo {
    type Registry = MemoryStore;

    fn directory(&self) -> &Directory<MemoryStore> {
        &self.0
    }

    fn serves(&self, endpoint: Endpoint) -> bool {
        endpoint == Endpoint::Token
    }

    async fn call(&self, call: Call<'_>) -> Result<Response<Bytes>, OAuthError> {
        assert_ne!(&call.body[..], b"panic", "a secret: hunter2");
        if &call.body[..] == b"hang" {
            std::future::pending::<()>().await;
        }
        Ok(Response::new(call.body))
    }
}

async fn function() -> Function<Echo, Dialects> {
    Function::new(Echo::new().await, Dialects, Watch::new(None))
}

/// An event of an HTTP API, payload format 2.0.
fn event(path: &str, body: &Value, base64: bool) -> lambda_http::Request {
    let event = json!({
        "version": "2.0",
        "routeKey": "ANY /token",
        "rawPath": path,
        "rawQueryString": "a=1",
        "headers": {"content-type": "text/plain", "x-forwarded-for": "203.0.113.9"},
        "requestContext": {
            "accountId": "1", "apiId": "api", "domainName": "id.example.com", "stage": "$default",
            "requestId": "gateway", "routeKey": "ANY /token", "time": "", "timeEpoch": 0,
            "http": {
                "method": "POST", "path": path, "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.44", "userAgent": "test"
            }
        },
        "body": body,
        "isBase64Encoded": base64
    });
    lambda_http::request::from_str(&event.to_string()).unwrap()
}

#[test]
fn an_event_arrives_as_the_client_sent_it() {
    let now = Timestamp::from_unix(7);
    let inbound = request::inbound(event("/acme/token", &json!("x=%C3%A4"), false), now);
    assert_eq!(inbound.request.uri().path(), "/acme/token");
    assert_eq!(inbound.request.uri().query(), Some("a=1"));
    assert_eq!(&inbound.request.body()[..], b"x=%C3%A4");
    assert_eq!(inbound.now, now);
    // The front's word, not the header's.
    assert_eq!(inbound.source.to_string(), "192.0.2.44");
    assert_eq!(inbound.host.as_deref(), Some("id.example.com"));

    let inbound = request::inbound(event("/token", &json!("eP8="), true), now);
    assert_eq!(&inbound.request.body()[..], b"x\xff");
    let inbound = request::inbound(event("/token", &Value::Null, false), now);
    assert!(inbound.request.body().is_empty());
}

#[tokio::test]
async fn a_path_that_a_uri_would_cut_off_leads_nowhere() {
    let function = function().await;
    for path in ["/token#/activate", "/token?/activate", "/token#"] {
        let answer = function.one(event(path, &json!("x"), false)).await;
        assert_eq!(answer.status(), 404, "{path}");
    }
    let answer = function.one(event("/token", &json!("x"), false)).await;
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn text_goes_out_as_text_and_nothing_as_nothing() {
    let echo = function().await;
    let answer = echo.one(event("/token", &json!("hello"), false)).await;
    assert_eq!(answer.body(), &Body::Text("hello".to_owned()));
    let answer = echo.one(event("/token", &Value::Null, false)).await;
    assert_eq!(answer.body(), &Body::Empty);
}

#[tokio::test]
async fn a_panic_is_a_500_and_the_function_lives_on() {
    let echo = function().await;
    let answer = echo.one(event("/token", &json!("panic"), false)).await;
    assert_eq!(answer.status(), 500);
    let Body::Text(text) = answer.body() else {
        panic!("{answer:?}");
    };
    let body: Value = serde_json::from_str(text).unwrap();
    assert_eq!(body["error"], "server_error");
    assert!(!text.contains("hunter2"), "{text}");
    let answer = echo.one(event("/token", &json!("hello"), false)).await;
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn what_another_function_serves_is_not_here() {
    let echo = function().await;
    for path in ["/introspect", "/", "/token/x", "/prod/token"] {
        let answer = echo.one(event(path, &json!("x"), false)).await;
        assert_eq!(answer.status(), 404, "{path}");
    }
}

#[tokio::test]
async fn the_log_tells_where_a_panic_was_and_not_what_it_said() {
    let function = function().await;
    panics::note_where();
    let inbound = request::inbound(
        event("/token", &json!("panic"), false),
        Timestamp::default(),
    );
    let mut log = RequestLog::default();
    let response = function.guarded(inbound, &mut log).await;
    assert_eq!(response.status(), 500);
    // A script that asked is told as well: the endpoint was known.
    assert!(
        response
            .headers()
            .contains_key("access-control-allow-origin")
    );
    assert_eq!(log.reason, Some("panic"));
    let fault = log.fault.unwrap();
    assert!(fault.contains("tests.rs:"), "{fault}");
    assert!(!fault.contains("hunter2"), "{fault}");
}

#[tokio::test]
async fn a_request_past_its_deadline_is_told_to_come_again() {
    let function = function().await;
    let context = |deadline| {
        let mut context = lambda_http::Context::default();
        context.deadline = deadline;
        context
    };
    // No time is left, so nothing is waited for.
    let now = SystemClock.now().as_unix() * 1_000;
    let request = event("/token", &json!("hang"), false).with_lambda_context(context(now - 1_000));
    let answer = function.one(request).await;
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["retry-after"], "1");
    let Body::Text(text) = answer.body() else {
        panic!("{answer:?}");
    };
    assert!(text.contains("temporarily_unavailable"), "{text}");
    assert_eq!(time_left(&context(0)), None, "a runtime that sets no end");
    assert_eq!(time_left(&context(600_000)), None, "cargo-lambda's 1970");
    let left = time_left(&context(now + 86_400_000)).unwrap();
    assert!(left > Duration::from_secs(86_000) && left < Duration::from_secs(86_401));
}

/// The clock of the runtime stands still and jumps, so nobody waits.
#[tokio::test(start_paused = true)]
async fn a_request_that_takes_too_long_is_told_so_before_the_deadline() {
    let function = function().await;
    let inbound = request::inbound(event("/token", &json!("hang"), false), Timestamp::default());
    let mut log = RequestLog::default();
    let begun = tokio::time::Instant::now();
    let limit = Some(Duration::from_secs(9));
    let response = function.within(limit, inbound, &mut log).await;
    assert_eq!(begun.elapsed().as_secs(), 9);
    assert_eq!(response.status(), 503);
    assert_eq!(log.reason, Some("deadline"));
    // What was known by then is told.
    assert_eq!(log.tenant.as_deref(), Some("default"));
}
