//! One JSON line a request. Its fields are listed here and nowhere else; secrets have none.

use std::time::Duration;

use http::StatusCode;
use latchkey_oauth::endpoint::RequestLog;
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{Layer as _, fmt, registry};

/// Only our own lines: what libraries say of requests could hold anything.
const TARGET: &str = "latchkey";

/// Sends log lines to standard output, where CloudWatch takes them from.
pub fn start() {
    let only_ours = Targets::new().with_target(TARGET, Level::INFO);
    let layer = fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false)
        .with_filter(only_ours);
    // A second start in one process (tests) keeps the first.
    let _ = tracing::subscriber::set_global_default(registry().with(layer));
}

/// The line of a request.
pub fn line(log: &RequestLog, request_id: &str, status: StatusCode, took: Duration) {
    let status = status.as_u16();
    let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let endpoint = log.endpoint.map(|endpoint| endpoint.path());
    macro_rules! line {
        ($level:expr) => {
            tracing::event!(
                target: TARGET,
                $level,
                request_id,
                endpoint,
                tenant = log.tenant,
                client_id = log.client_id,
                grant_type = log.grant_type,
                status,
                outcome = log.outcome,
                reason = log.reason,
                fault = log.fault,
                milliseconds,
                "request"
            )
        };
    }
    // A level must be known when the line is compiled.
    if status >= 500 {
        line!(Level::ERROR);
    } else {
        line!(Level::INFO);
    }
}
