//! Between the Lambda runtime and an endpoint: bytes, the clock, the deadline, one log line a request, and a panic made a
//! 500.

mod log;
mod metrics;
mod panics;
mod request;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{Method, Response};
use lambda_http::{Body, RequestExt as _, service_fn};
use latchkey_oauth::endpoint::translate::Translate;
use latchkey_oauth::endpoint::{Inbound, RequestLog, Service, answer, refuse};
use latchkey_oauth::error::{ErrorCode, OAuthError};
use latchkey_oauth::meter::Meter;
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

/// What is left of a function's time when a request is given up: enough to say so.
const MARGIN: Duration = Duration::from_millis(500);

/// As long as Lambda lets a function run.
const LONGEST_RUN: Duration = Duration::from_secs(15 * 60);

/// What a function watches of its requests.
#[derive(Debug)]
pub struct Watch {
    /// What they ask of other services.
    pub meter: Meter,
    /// The namespace of their metrics; without one there are none.
    pub metrics_namespace: Option<String>,
}

impl Watch {
    /// A watch that has seen nothing yet.
    pub fn new(metrics_namespace: Option<String>) -> Self {
        Self {
            meter: Meter::default(),
            metrics_namespace,
        }
    }
}

/// Serves requests until the runtime ends the function.
///
/// # Errors
/// What the runtime says when it cannot go on.
pub async fn serve<S, T>(service: S, translate: T, watch: Watch) -> Result<(), Error>
where
    S: Service + 'static,
    T: Translate + 'static,
{
    panics::note_where();
    let function = Arc::new(Function::new(service, translate, watch));
    lambda_http::run(service_fn(move |request: lambda_http::Request| {
        let function = Arc::clone(&function);
        async move { Ok::<_, Error>(function.one(request).await) }
    }))
    .await
}

struct Function<S, T> {
    service: S,
    translate: T,
    watch: Watch,
    cold: AtomicBool,
}

impl<S: Service, T: Translate> Function<S, T> {
    const fn new(service: S, translate: T, watch: Watch) -> Self {
        Self {
            service,
            translate,
            watch,
            cold: AtomicBool::new(true),
        }
    }

    async fn one(&self, request: lambda_http::Request) -> Response<Body> {
        let started = Instant::now();
        let context = request.lambda_context_ref().cloned();
        let inbound = request::inbound(request, SystemClock.now());
        let request_id = inbound.request_id.clone();
        let source = inbound.source.to_string();
        let now = inbound.now;
        let mut log = RequestLog::default();
        let limit = context.as_ref().and_then(time_left);
        let response = self.within(limit, inbound, &mut log).await;
        let told = log::Request {
            request_id: &request_id,
            trace: context.as_ref().and_then(|it| it.xray_trace_id.as_deref()),
            source: &source,
            now,
            cold: self.cold.swap(false, Ordering::Relaxed),
            status: response.status(),
            took: started.elapsed(),
            calls: &self.watch.meter.take(),
        };
        log::write(&log, &told, self.watch.metrics_namespace.as_deref());
        response.map(into_body)
    }

    /// The answer, or a 503 while there is time to give one: past its deadline a function is killed, and the client
    /// would learn nothing.
    async fn within(
        &self,
        limit: Option<Duration>,
        inbound: Inbound,
        log: &mut RequestLog,
    ) -> Response<Bytes> {
        let request_id = inbound.request_id.clone();
        let method = inbound.request.method().clone();
        let answered = self.guarded(inbound, log);
        match limit {
            None => answered.await,
            Some(limit) => match tokio::time::timeout(limit, answered).await {
                Ok(response) => response,
                Err(_elapsed) => {
                    let error = OAuthError::new(ErrorCode::TemporarilyUnavailable, "deadline");
                    refuse(&error, &method, &request_id, log)
                }
            },
        }
    }

    /// A panic is a fault of ours like any other: the client gets its 500, and the function lives on.
    async fn guarded(&self, inbound: Inbound, log: &mut RequestLog) -> Response<Bytes> {
        let request_id = inbound.request_id.clone();
        let method = inbound.request.method().clone();
        let answered =
            AssertUnwindSafe(answer(&self.service, &self.translate, inbound, log)).catch_unwind();
        match answered.await {
            Ok(response) => response,
            Err(_whatever_it_said) => panicked(&method, &request_id, log),
        }
    }
}

fn panicked(method: &Method, request_id: &str, log: &mut RequestLog) -> Response<Bytes> {
    let error = OAuthError::new(ErrorCode::ServerError, "panic");
    let error = match panics::take_where() {
        Some(place) => error.because(place),
        None => error,
    };
    refuse(&error, method, request_id, log)
}

/// How long a request may take; `None` where the runtime sets no end. cargo-lambda's emulator tells the same moment of 1970
/// for each request, which is none; Lambda's are never older than a function may run.
fn time_left(context: &lambda_http::Context) -> Option<Duration> {
    let deadline = context.deadline();
    if SystemClock.until(deadline + LONGEST_RUN).is_zero() {
        return None;
    }
    Some(SystemClock.until(deadline).saturating_sub(MARGIN))
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
