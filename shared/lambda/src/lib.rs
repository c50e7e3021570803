//! Between the Lambda runtime and an endpoint: bytes, the clock, one log line a request, and a panic made a 500.

mod log;
mod request;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::Response;
use lambda_http::{Body, service_fn};
use latchkey_oauth::endpoint::{Inbound, RequestLog, Service, answer};
use latchkey_oauth::error::{ErrorCode, OAuthError};
use latchkey_oauth::http::refusal;
use latchkey_oauth::settings::{self, Reader, SettingsError};
use latchkey_oauth::time::{Clock as _, SystemClock};

pub use lambda_http::Error;

/// Reads a function's settings from its environment.
///
/// # Errors
/// [`SettingsError`] listing every fault.
pub fn settings<T>(read: impl FnOnce(&mut Reader<'_>) -> Option<T>) -> Result<T, SettingsError> {
    settings::read(&environment, read)
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the door to the environment"
)]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Serves requests until the runtime ends the function.
///
/// # Errors
/// What the runtime says when it cannot go on.
pub async fn serve<S: Service + 'static>(service: S) -> Result<(), Error> {
    log::start();
    let service = Arc::new(service);
    lambda_http::run(service_fn(move |request: lambda_http::Request| {
        let service = Arc::clone(&service);
        async move { Ok::<_, Error>(one(&*service, request).await) }
    }))
    .await
}

async fn one<S: Service>(service: &S, request: lambda_http::Request) -> Response<Body> {
    let started = Instant::now();
    let inbound = request::inbound(request, SystemClock.now());
    let request_id = inbound.request_id.clone();
    let response = guarded(service, inbound).await;
    let spoken = response.extensions().get::<RequestLog>();
    let unspoken = RequestLog::default();
    log::line(
        spoken.unwrap_or(&unspoken),
        &request_id,
        response.status(),
        started.elapsed(),
    );
    response.map(into_body)
}

/// A panic is a fault of ours like any other: the client gets its 500, and the function lives on.
async fn guarded<S: Service>(service: &S, inbound: Inbound) -> Response<Bytes> {
    let request_id = inbound.request_id.clone();
    let answered = AssertUnwindSafe(answer(service, inbound)).catch_unwind();
    answered.await.unwrap_or_else(|_panic| {
        let error = OAuthError::new(ErrorCode::ServerError, "panic");
        let mut response = refusal(&error, &request_id);
        response.extensions_mut().insert(RequestLog {
            outcome: error.code().as_str(),
            reason: Some(error.reason()),
            ..RequestLog::default()
        });
        response
    })
}

/// Every answer of ours is text, so none goes out in base64.
fn into_body(bytes: Bytes) -> Body {
    if bytes.is_empty() {
        return Body::Empty;
    }
    match String::from_utf8(bytes.into()) {
        Ok(text) => Body::Text(text),
        Err(not_text) => Body::Binary(not_text.into_bytes()),
    }
}

#[cfg(test)]
mod tests;
