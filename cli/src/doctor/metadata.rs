//! Both metadata documents, and what the first answer tells besides: TLS and the clock.

use std::time::UNIX_EPOCH;

use latchkey_oauth::issuer::Issuer;
use latchkey_oauth::time::{Clock, Seconds, Timestamp};
use serde_json::Value;

use super::Target;
use super::probe::{Answer, Probe};
use super::report::Report;

const OPENID: &str = "openid-configuration";
const OAUTH: &str = "oauth-authorization-server";

/// Members that are URLs of the deployment's own.
const URLS: [&str; 5] = [
    "token_endpoint",
    "introspection_endpoint",
    "userinfo_endpoint",
    "revocation_endpoint",
    "jwks_uri",
];
/// Members that are lists of something (RFC 8414 section 2, OIDC Discovery section 3).
const LISTS: [&str; 5] = [
    "scopes_supported",
    "grant_types_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
    "token_endpoint_auth_methods_supported",
];

/// How far two clocks may be apart: a token's `iat` and `exp` are checked with a few seconds' leeway.
const CLOCK_SKEW: Seconds = Seconds(10);

/// Where a deployment says its endpoints are.
#[derive(Debug, Default)]
pub struct Endpoints {
    /// Tokens.
    pub token: String,
    /// Introspection.
    pub introspection: String,
    /// Claims.
    pub userinfo: String,
    /// Revocation.
    pub revocation: String,
    /// Keys.
    pub jwks: String,
}

impl Endpoints {
    /// The endpoints of a metadata document; what it does not say is empty, and told of elsewhere.
    pub fn of(document: &Value) -> Self {
        let url = |name| {
            document
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        Self {
            token: url("token_endpoint"),
            introspection: url("introspection_endpoint"),
            userinfo: url("userinfo_endpoint"),
            revocation: url("revocation_endpoint"),
            jwks: url("jwks_uri"),
        }
    }
}

/// Looks at the documents. `None`, and one fault, where there is nothing to go on with.
pub fn examine(
    target: &Target,
    probe: &Probe,
    clock: &dyn Clock,
    report: &mut Report,
) -> Option<Value> {
    let issuer = target.issuer.as_str();
    let (answer, document) = match probe.document(&target.appended(OPENID)) {
        Ok(found) => found,
        Err(fault) => {
            report.wrong("reach", fault);
            return None;
        }
    };
    report.add("reach", format!("{issuer} answers"), Vec::new());
    if issuer.starts_with("https://") {
        report.add("tls", "the certificate holds", Vec::new());
    } else {
        report.not_looked("tls", "plain http, which a loopback host may have");
    }
    self::clock(&answer, clock.now(), report);
    let mut faults = faults(&document, &target.issuer);
    // An issuer with a product's path has its metadata below that, and nowhere else.
    let (mut others, complete) = if target.has_path() {
        (Vec::new(), "complete, where the issuer has them")
    } else {
        let others = [
            target.inserted(OAUTH),
            target.appended(OAUTH),
            target.inserted(OPENID),
        ];
        (others.to_vec(), "complete, and the same at every place")
    };
    others.retain(|url| *url != target.appended(OPENID));
    others.dedup();
    for url in others {
        match probe.document(&url) {
            Err(fault) => faults.push(fault),
            Ok((_, other)) if other != document => faults.push(format!(
                "{url} says otherwise than {}",
                target.appended(OPENID)
            )),
            Ok(_) => {}
        }
    }
    report.add("metadata", complete, faults);
    Some(document)
}

fn faults(document: &Value, issuer: &Issuer) -> Vec<String> {
    let mut faults = Vec::new();
    let (issuer, address) = (issuer.as_str(), issuer.address());
    let text = |name: &str| document.get(name).and_then(Value::as_str);
    match text("issuer") {
        Some(said) if said == issuer => {}
        Some(said) => faults.push(format!(
            "`issuer` is {said} and not {issuer}, to the letter: every client refuses it (LATCHKEY_ISSUER)"
        )),
        None => faults.push("`issuer` is missing".to_owned()),
    }
    for name in URLS {
        match text(name) {
            None => faults.push(format!("`{name}` is missing")),
            Some(url) if !below(url, address) => {
                faults.push(format!("`{name}` is {url}, which is not below {address}"));
            }
            Some(_) => {}
        }
    }
    // Of those that a tenant need not have.
    if let Some(url) = text("registration_endpoint").filter(|url| !below(url, address)) {
        faults.push(format!(
            "`registration_endpoint` is {url}, which is not below {address}"
        ));
    }
    for name in LISTS {
        let list = document.get(name).and_then(Value::as_array);
        if list.is_none_or(Vec::is_empty) {
            faults.push(format!("`{name}` lists nothing"));
        }
    }
    faults
}

fn below(url: &str, address: &str) -> bool {
    let path = url.strip_prefix(address);
    path.is_some_and(|path| path.starts_with('/'))
}

/// Tokens that are not valid yet, or no longer, are what clocks apart end in.
fn clock(answer: &Answer, now: Timestamp, report: &mut Report) {
    let date = answer
        .header("date")
        .and_then(|date| httpdate::parse_http_date(date).ok());
    let date = date.and_then(|date| date.duration_since(UNIX_EPOCH).ok());
    let Some(theirs) = date.map(|since| Timestamp::from_unix(since.as_secs())) else {
        return report.wrong("clock", "no Date header to compare clocks by");
    };
    let (apart, which) = if theirs < now {
        (now.since(theirs), "behind")
    } else {
        (theirs.since(now), "ahead of")
    };
    let faults = if apart > CLOCK_SKEW {
        vec![format!(
            "the server's clock is {} s {which} this machine's: one of the two is wrong",
            apart.0
        )]
    } else {
        Vec::new()
    };
    report.add(
        "clock",
        format!("{} s apart from this machine's", apart.0),
        faults,
    );
}
