//! Events as API Gateway sends them, and a service that fails in every way.

use latchkey_oauth::client::RegistryAdmin as _;
use latchkey_oauth::directory::Directory;
use latchkey_oauth::endpoint::Call;
use latchkey_oauth::route::Endpoint;
use latchkey_oauth::tenant::{BaseUrl, TenantId, TenantSettings};
use latchkey_oauth::time::Timestamp;
use latchkey_testkit::memory::MemoryStore;
use serde_json::{Value, json};

use super::*;

/// Echoes its body; panics when it is told to.
struct Echo(Directory<MemoryStore>);

impl Echo {
    async fn new() -> Self {
        let store = MemoryStore::default();
        let tenant = TenantId::default_tenant();
        let settings = TenantSettings::default();
        store.put_tenant(&tenant, &settings).await.unwrap();
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
        Ok(Response::new(call.body))
    }
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

    let inbound = request::inbound(event("/token", &json!("eP8="), true), now);
    assert_eq!(&inbound.request.body()[..], b"x\xff");
    let inbound = request::inbound(event("/token", &Value::Null, false), now);
    assert!(inbound.request.body().is_empty());
}

#[tokio::test]
async fn text_goes_out_as_text_and_nothing_as_nothing() {
    let echo = Echo::new().await;
    let answer = one(&echo, event("/token", &json!("hello"), false)).await;
    assert_eq!(answer.body(), &Body::Text("hello".to_owned()));
    let answer = one(&echo, event("/token", &Value::Null, false)).await;
    assert_eq!(answer.body(), &Body::Empty);
}

#[tokio::test]
async fn a_panic_is_a_500_and_the_function_lives_on() {
    let echo = Echo::new().await;
    let answer = one(&echo, event("/token", &json!("panic"), false)).await;
    assert_eq!(answer.status(), 500);
    let Body::Text(text) = answer.body() else {
        panic!("{answer:?}");
    };
    let body: Value = serde_json::from_str(text).unwrap();
    assert_eq!(body["error"], "server_error");
    assert!(!text.contains("hunter2"), "{text}");
    let answer = one(&echo, event("/token", &json!("hello"), false)).await;
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn what_another_function_serves_is_not_here() {
    let echo = Echo::new().await;
    for path in ["/introspect", "/", "/token/x", "/prod/token"] {
        let answer = one(&echo, event(path, &json!("x"), false)).await;
        assert_eq!(answer.status(), 404, "{path}");
    }
}
