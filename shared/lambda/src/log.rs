//! One JSON line a request: for people, for auditors (`event`), and for CloudWatch, which takes its metrics from it.
//! Its members are listed here and nowhere else (docs/log-line.md); secrets have none.

use std::io::Write as _;
use std::time::Duration;

use http::StatusCode;
use latchkey_oauth::audit::AuditEvent;
use latchkey_oauth::endpoint::RequestLog;
use latchkey_oauth::meter::{Backend, BackendCall};
use latchkey_oauth::time::Timestamp;
use serde::Serialize;

use crate::metrics::{Called, Embedded, Measures};

/// What the line tells besides what the endpoint noted.
#[derive(Debug)]
pub struct Request<'a> {
    /// What finds the line.
    pub request_id: &'a str,
    /// X-Ray's header, as Lambda hands it on.
    pub trace: Option<&'a str>,
    /// Where it came from, as the counters of failures see it.
    pub source: &'a str,
    /// When it came.
    pub now: Timestamp,
    /// Whether it is the first of this environment.
    pub cold: bool,
    /// What it was answered with.
    pub status: StatusCode,
    /// How long that took.
    pub took: Duration,
    /// What it asked of other services.
    pub calls: &'a [BackendCall],
}

#[derive(Debug, Serialize)]
struct Line<'a> {
    timestamp: String,
    level: &'static str,
    message: &'static str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grant_type: Option<&'static str>,
    status: u16,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<AuditEvent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<&'a str>,
    source: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<&'a str>,
    cold: bool,
    milliseconds: f64,
    calls: usize,
    retries: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dynamodb_milliseconds: Vec<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    kms_milliseconds: Vec<f64>,
    #[serde(flatten)]
    measures: Option<Measures>,
    #[serde(rename = "_aws", skip_serializing_if = "Option::is_none")]
    embedded: Option<Embedded<'a>>,
}

/// Writes the line of a request to standard output, where CloudWatch takes it from; with its metrics, if they go to a
/// namespace.
pub fn write(log: &RequestLog, request: &Request<'_>, namespace: Option<&str>) {
    let mut text = line(log, request, namespace);
    text.push(b'\n');
    // In one piece: what else writes to standard output must not come between. A closed pipe is not worth dying for.
    let _ = std::io::stdout().lock().write_all(&text);
}

fn line(log: &RequestLog, request: &Request<'_>, namespace: Option<&str>) -> Vec<u8> {
    let status = request.status.as_u16();
    let dynamodb_milliseconds = latencies(request.calls, Backend::DynamoDb);
    let kms_milliseconds = latencies(request.calls, Backend::Kms);
    let called = Called {
        dynamodb: !dynamodb_milliseconds.is_empty(),
        kms: !kms_milliseconds.is_empty(),
    };
    let line = Line {
        // As Lambda wants it of a line whose level it may filter by.
        timestamp: request.now.rfc3339(),
        level: if status >= 500 { "ERROR" } else { "INFO" },
        message: "request",
        request_id: request.request_id,
        trace_id: request.trace.and_then(root),
        endpoint: log.endpoint.map(|endpoint| endpoint.path()),
        tenant: log.tenant.as_deref(),
        client_id: log.client_id.as_deref(),
        grant_type: log.grant_type,
        status,
        outcome: log.error.unwrap_or("ok"),
        reason: log.reason,
        event: log.event,
        sub: log.subject.as_deref(),
        object: log.object.as_deref(),
        source: request.source,
        fault: log.fault.as_deref(),
        cold: request.cold,
        milliseconds: milliseconds(request.took),
        calls: request.calls.len(),
        retries: request
            .calls
            .iter()
            .map(|it| it.attempts.saturating_sub(1))
            .sum(),
        dynamodb_milliseconds,
        kms_milliseconds,
        measures: namespace.map(|_| Measures::of(log, request.status)),
        embedded: namespace.map(|namespace| Embedded::of(log, namespace, request.now, called)),
    };
    // Strings and numbers always serialise.
    serde_json::to_vec(&line).unwrap_or_default()
}

/// `Root` of X-Ray's header: what X-Ray calls the trace.
fn root(trace: &str) -> Option<&str> {
    trace
        .split(';')
        .find_map(|part| part.trim().strip_prefix("Root="))
}

fn latencies(calls: &[BackendCall], backend: Backend) -> Vec<f64> {
    let of_backend = calls.iter().filter(|call| call.backend == backend);
    of_backend.map(|call| milliseconds(call.took)).collect()
}

/// To the microsecond.
fn milliseconds(took: Duration) -> f64 {
    let micros = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
    f64::from(micros) / 1_000.0
}

#[cfg(test)]
mod tests {
    use latchkey_oauth::route::Endpoint;
    use serde_json::{Value, json};

    use super::*;

    const CALLS: [BackendCall; 3] = [
        BackendCall {
            backend: Backend::DynamoDb,
            attempts: 1,
            took: Duration::from_micros(3_250),
        },
        BackendCall {
            backend: Backend::Kms,
            attempts: 3,
            took: Duration::from_millis(120),
        },
        BackendCall {
            backend: Backend::DynamoDb,
            attempts: 1,
            took: Duration::from_millis(2),
        },
    ];

    fn request(status: u16) -> Request<'static> {
        Request {
            request_id: "8f",
            trace: Some(
                "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1",
            ),
            source: "192.0.2.7",
            now: Timestamp::from_unix(1_800_000_000),
            cold: true,
            status: StatusCode::from_u16(status).unwrap(),
            took: Duration::from_micros(141_500),
            calls: &CALLS,
        }
    }

    fn written(log: &RequestLog, status: u16, namespace: Option<&str>) -> Value {
        serde_json::from_slice(&line(log, &request(status), namespace)).unwrap()
    }

    fn login() -> RequestLog {
        RequestLog {
            endpoint: Some(Endpoint::Token),
            tenant: Some("acme".to_owned()),
            client_id: Some("web".to_owned()),
            grant_type: Some("password"),
            subject: Some("s-1".to_owned()),
            event: Some(AuditEvent::LoginSucceeded),
            ..RequestLog::default()
        }
    }

    #[test]
    fn everything_is_told_once() {
        assert_eq!(
            written(&login(), 200, None),
            json!({
                "timestamp": "2027-01-15T08:00:00Z", "level": "INFO", "message": "request", "request_id": "8f",
                "trace_id": "1-5bef4de7-ad49b0e87f6ef6c87fc2e700", "endpoint": "/token", "tenant": "acme",
                "client_id": "web", "grant_type": "password", "status": 200, "outcome": "ok",
                "event": "login_succeeded", "sub": "s-1", "source": "192.0.2.7", "cold": true,
                "milliseconds": 141.5, "calls": 3, "retries": 2,
                "dynamodb_milliseconds": [3.25, 2.0], "kms_milliseconds": [120.0],
            })
        );
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let log = RequestLog {
            error: Some("server_error"),
            reason: Some("panic"),
            ..RequestLog::default()
        };
        let line = written(&log, 500, None);
        assert_eq!(line["level"], "ERROR");
        assert_eq!(
            (&line["outcome"], &line["reason"]),
            (&json!("server_error"), &json!("panic"))
        );
        for name in [
            "tenant",
            "client_id",
            "grant_type",
            "sub",
            "object",
            "event",
            "endpoint",
            "fault",
            "_aws",
        ] {
            assert!(line.get(name).is_none(), "{name}");
        }
    }

    /// CloudWatch's embedded metric format: each metric and each dimension it names is a member of the line.
    #[test]
    fn metrics_name_members_of_the_line() {
        for event in AuditEvent::ALL.map(Some).into_iter().chain([None]) {
            let log = RequestLog { event, ..login() };
            for status in [200, 400, 500, 503] {
                let line = written(&log, status, Some("Latchkey/prod"));
                assert_eq!(line["_aws"]["Timestamp"], 1_800_000_000_000_u64);
                let directives = line["_aws"]["CloudWatchMetrics"].as_array().unwrap();
                assert!(!directives.is_empty());
                for directive in directives {
                    assert_eq!(directive["Namespace"], "Latchkey/prod");
                    for metric in directive["Metrics"].as_array().unwrap() {
                        let value = &line[metric["Name"].as_str().unwrap()];
                        let numbers = |it: &Value| {
                            it.as_array()
                                .is_some_and(|all| all.iter().all(Value::is_number))
                        };
                        assert!(value.is_number() || numbers(value), "{metric}: {value}");
                    }
                    for set in directive["Dimensions"].as_array().unwrap() {
                        for dimension in set.as_array().unwrap() {
                            assert!(line[dimension.as_str().unwrap()].is_string(), "{dimension}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn guesses_count_wherever_they_are_made() {
        for (event, outcome) in [
            (AuditEvent::LoginRefused, "refused"),
            (AuditEvent::LoginLocked, "locked"),
            (AuditEvent::PasswordChanged, "succeeded"),
        ] {
            let log = RequestLog {
                endpoint: Some(Endpoint::Password),
                grant_type: None,
                event: Some(event),
                ..login()
            };
            let line = written(&log, 400, Some("x"));
            assert_eq!(
                (&line["logins"], &line["login"]),
                (&json!(1), &json!(outcome))
            );
        }
    }

    /// docs/log-line.md is what operators write their filters by.
    #[test]
    fn the_documentation_names_every_member_event_and_metric() {
        let document = include_str!("../../../docs/log-line.md");
        let named = |name: &str| document.contains(&format!("`{name}`"));
        let mut log = login();
        log.reason = Some("x");
        log.fault = Some("x".to_owned());
        log.object = Some("x".to_owned());
        let line = written(&log, 200, Some("x"));
        for member in line.as_object().unwrap().keys() {
            assert!(named(member), "{member}");
        }
        for event in AuditEvent::ALL {
            let name = serde_json::to_value(event).unwrap();
            assert!(named(name.as_str().unwrap()), "{name}");
        }
    }
}
