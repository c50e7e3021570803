//! What CloudWatch counts, in its embedded metric format: the line of a request says which of its members are metrics.
//! Few dimensions, each with few values: CloudWatch charges for every combination.

use http::StatusCode;
use latchkey_oauth::audit::AuditEvent;
use latchkey_oauth::endpoint::RequestLog;
use latchkey_oauth::error::ErrorCode;
use latchkey_oauth::grant_type::GrantType;
use latchkey_oauth::time::Timestamp;
use serde::Serialize;

/// Members of the line that are there for the metrics alone.
#[derive(Debug, Serialize)]
pub struct Measures {
    /// Answered 500: something of ours.
    faults: u8,
    /// Answered 503: a store or signer that did not answer.
    unavailable: u8,
    /// A refresh token was used twice.
    reuse_detected: u8,
    /// An attempt to sign in that was not looked at.
    locked: u8,
    /// A client did not prove who it is.
    clients_refused: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    logins: Option<u8>,
    /// How a login ended: dimension of `logins`.
    #[serde(skip_serializing_if = "Option::is_none")]
    login: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<u8>,
}

impl Measures {
    /// What a request counts for.
    pub fn of(log: &RequestLog, status: StatusCode) -> Self {
        let is = |event| u8::from(log.event == Some(event));
        let login = login_outcome(log);
        Self {
            faults: u8::from(status == StatusCode::INTERNAL_SERVER_ERROR),
            unavailable: u8::from(status == StatusCode::SERVICE_UNAVAILABLE),
            reuse_detected: is(AuditEvent::RefreshTokenReused),
            locked: is(AuditEvent::LoginLocked),
            clients_refused: is(AuditEvent::ClientRefused),
            logins: login.map(|_| 1),
            login,
            tokens: issued(log).then_some(1),
        }
    }
}

/// The grant with which users sign in.
const PASSWORD: Option<&str> = Some(GrantType::Password.as_str());

/// Nobody knows whether the password was right.
const UNDECIDED: [&str; 2] = [
    ErrorCode::TemporarilyUnavailable.as_str(),
    ErrorCode::ServerError.as_str(),
];

/// How a request to sign in ended; `None` for any other request.
fn login_outcome(log: &RequestLog) -> Option<&'static str> {
    // Whoever changes a password signs in for it, whichever way it ends.
    match log.event {
        Some(AuditEvent::LoginSucceeded | AuditEvent::PasswordChanged) => Some("succeeded"),
        Some(AuditEvent::LoginRefused) => Some("refused"),
        Some(AuditEvent::LoginLocked) => Some("locked"),
        // No attempt to sign in.
        Some(
            AuditEvent::ClientRefused
            | AuditEvent::GrantRefused
            | AuditEvent::ClientTokenIssued
            | AuditEvent::TokenRefreshed
            | AuditEvent::RefreshRefused
            | AuditEvent::RefreshTokenReused
            | AuditEvent::TokenRevoked
            | AuditEvent::BearerRefused
            | AuditEvent::ClaimsTold
            | AuditEvent::TokenActive
            | AuditEvent::TokenInactive
            | AuditEvent::ClientRegistered
            | AuditEvent::ClientChanged
            | AuditEvent::ClientActivated
            | AuditEvent::RegistryTold
            | AuditEvent::TenantWritten
            | AuditEvent::TenantDeleted
            | AuditEvent::ClientWritten
            | AuditEvent::ClientDeleted
            | AuditEvent::ClientSecretReplaced
            | AuditEvent::ApiWritten
            | AuditEvent::ApiDeleted
            | AuditEvent::UserWritten
            | AuditEvent::UserDeleted
            | AuditEvent::PasswordSet
            | AuditEvent::PasswordReset
            | AuditEvent::PasswordRefused
            | AuditEvent::ResetTokenMade
            | AuditEvent::GrantsEnded
            | AuditEvent::KeyAdded
            | AuditEvent::KeyWithdrawn,
        ) => None,
        None => log
            .error
            .filter(|error| log.grant_type == PASSWORD && UNDECIDED.contains(error))
            .map(|_| "undecided"),
    }
}

/// Whether tokens were issued: the successes of the three grants.
fn issued(log: &RequestLog) -> bool {
    log.error.is_none() && log.grant_type.is_some() && log.event.is_some()
}

/// The member `_aws`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Embedded<'a> {
    timestamp: u64,
    cloud_watch_metrics: Vec<Directive<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive<'a> {
    namespace: &'a str,
    dimensions: [&'static [&'static str]; 1],
    metrics: &'static [Metric],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metric {
    name: &'static str,
    unit: &'static str,
}

const fn count(name: &'static str) -> Metric {
    Metric {
        name,
        unit: "Count",
    }
}

const fn time(name: &'static str) -> Metric {
    Metric {
        name,
        unit: "Milliseconds",
    }
}

/// Of the whole deployment.
const OVERALL: [Metric; 6] = [
    count("faults"),
    count("unavailable"),
    count("reuse_detected"),
    count("locked"),
    count("clients_refused"),
    count("retries"),
];
const BY_ENDPOINT: [Metric; 1] = [time("milliseconds")];
const BY_OUTCOME: [Metric; 1] = [count("logins")];
const BY_GRANT: [Metric; 1] = [count("tokens")];
const DYNAMODB: [Metric; 1] = [time("dynamodb_milliseconds")];
const KMS: [Metric; 1] = [time("kms_milliseconds")];

impl<'a> Embedded<'a> {
    /// The directives for a request: a metric that it says nothing of is not named. `called` tells whether a service was.
    pub fn of(log: &RequestLog, namespace: &'a str, now: Timestamp, called: Called) -> Self {
        let directive = |dimensions: &'static [&'static str], metrics| Directive {
            namespace,
            dimensions: [dimensions],
            metrics,
        };
        let mut directives = vec![directive(&[], &OVERALL[..])];
        let mut add = |wanted: bool, dimensions, metrics| {
            if wanted {
                directives.push(directive(dimensions, metrics));
            }
        };
        add(log.endpoint.is_some(), &["endpoint"], &BY_ENDPOINT[..]);
        add(login_outcome(log).is_some(), &["login"], &BY_OUTCOME[..]);
        add(issued(log), &["grant_type"], &BY_GRANT[..]);
        add(called.dynamodb, &[], &DYNAMODB[..]);
        add(called.kms, &[], &KMS[..]);
        Self {
            timestamp: now.as_unix().saturating_mul(1_000),
            cloud_watch_metrics: directives,
        }
    }
}

/// Which services a request asked.
#[derive(Debug, Clone, Copy)]
pub struct Called {
    /// DynamoDB.
    pub dynamodb: bool,
    /// KMS.
    pub kms: bool,
}
