//! The real binaries behind the local gateway that `cargo xtask test` starts.

use bytes::Bytes;
use http::{Request, Response};

use crate::aws::setting;

/// Where the gateway is, and so the issuer.
pub fn url() -> String {
    setting("LATCHKEY_TEST_URL")
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
