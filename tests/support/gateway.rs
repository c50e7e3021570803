//! The real binaries behind the local gateway that `cargo xtask test` starts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Request, Response};

use latchkey_oauth::route::resolve;
use serde_json::{Map, Value, json};

use crate::aws::setting;

/// Where the gateway is, and so the issuer.
pub fn url() -> String {
    setting("LATCHKEY_TEST_URL")
}

/// Hands a request to its function as API Gateway does at a domain with mutual TLS, which the local gateway has none of: an event
/// of payload format 2.0, with the certificate beside it.
pub async fn invoke(request: Request<Bytes>, certificate: &str) -> Response<Bytes> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let route = resolve(&path).expect("a path of ours");
    let headers: Map<String, Value> = parts
        .headers
        .iter()
        .map(|(name, value)| {
            let value = value.to_str().expect("a header in ASCII");
            (name.as_str().to_owned(), value.into())
        })
        .collect();
    let event = json!({
        "version": "2.0", "routeKey": format!("ANY {path}"), "rawPath": path,
        "rawQueryString": parts.uri.query().unwrap_or_default(),
        "headers": headers,
        "requestContext": {
            "accountId": "1", "apiId": "api", "stage": "$default", "requestId": "gateway", "routeKey": "",
            "time": "", "timeEpoch": 0,
            "http": {
                "method": parts.method.as_str(), "path": path, "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1", "userAgent": "test",
            },
            "authentication": {"clientCert": {
                "clientCertPem": certificate, "subjectDN": "not looked at", "issuerDN": "", "serialNumber": "1",
                "validity": {"notBefore": "", "notAfter": ""},
            }},
        },
        "body": STANDARD.encode(&body), "isBase64Encoded": true,
    });
    let function = route.endpoint.function();
    let invocation = Request::post(format!("/2015-03-31/functions/{function}/invocations"))
        .body(Bytes::from(event.to_string()))
        .expect("an invocation");
    let answered = send(invocation).await;
    let told: Value = serde_json::from_slice(answered.body()).expect("an answer in JSON");
    let mut response =
        Response::builder().status(told["statusCode"].as_u64().expect("a status") as u16);
    for set in ["headers", "multiValueHeaders"] {
        for (name, value) in told[set].as_object().into_iter().flatten() {
            let value = value.as_str().or_else(|| value[0].as_str());
            let known = response
                .headers_ref()
                .is_some_and(|it| it.contains_key(name));
            if !known {
                response = response.header(name, value.expect("a header"));
            }
        }
    }
    let body = told["body"].as_str().unwrap_or_default();
    // Of a media type that lambda_http knows no text by, as application/jwt.
    let body = match told["isBase64Encoded"].as_bool() {
        Some(true) => STANDARD.decode(body).expect("base64"),
        Some(false) | None => body.as_bytes().to_vec(),
    };
    response.body(Bytes::from(body)).expect("an answer")
}

/// Sends a request over HTTP.
pub async fn send(request: Request<Bytes>) -> Response<Bytes> {
    let (mut parts, body) = request.into_parts();
    parts.uri = format!("{}{}", url(), parts.uri).parse().expect("a URL");
    let sending = move || {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .max_redirects(0)
            .build()
            .into();
        let request = Request::from_parts(parts, body.to_vec());
        let (parts, mut body) = agent.run(request).expect("an answer").into_parts();
        let bytes = body.read_to_vec().expect("a body");
        Response::from_parts(parts, Bytes::from(bytes))
    };
    tokio::task::spawn_blocking(sending)
        .await
        .expect("a request that ends")
}
