//! How endpoints answer what is not asked rightly: from pages of other origins, by a wrong method, for nothing that is there.

use ureq::http::Method;

use super::Target;
use super::metadata::Endpoints;
use super::probe::Probe;
use super::report::Report;

/// A page that may ask from anywhere.
const ORIGIN: (&str, &str) = ("origin", "https://doctor.example");

/// Looks at them.
pub fn examine(target: &Target, endpoints: &Endpoints, probe: &Probe, report: &mut Report) {
    cors(endpoints, probe, report);
    methods(endpoints, probe, report);
    unknown_path(target, probe, report);
    unknown_client(endpoints, probe, report);
    no_token(endpoints, probe, report);
}

/// A browser asks before it lets a script ask, with what the request will have.
fn cors(endpoints: &Endpoints, probe: &Probe, report: &mut Report) {
    let mut faults = Vec::new();
    for (url, method) in [
        (&endpoints.token, "POST"),
        (&endpoints.revocation, "POST"),
        (&endpoints.userinfo, "GET"),
        (&endpoints.jwks, "GET"),
    ] {
        let headers = [
            ORIGIN,
            ("access-control-request-method", method),
            ("access-control-request-headers", "authorization"),
        ];
        let answer = match probe.send(Method::OPTIONS, url, &headers, &[]) {
            Ok(answer) => answer,
            Err(error) => {
                faults.push(format!("OPTIONS {url}: {error}"));
                continue;
            }
        };
        let allows = |name: &str, wanted: &str| {
            let allowed = answer.header(name).unwrap_or_default();
            allowed
                .split(',')
                .any(|it| it.trim().eq_ignore_ascii_case(wanted) || it.trim() == "*")
        };
        if !(200..300).contains(&answer.status) {
            faults.push(format!(
                "OPTIONS {url} is answered by {}: no page may ask it",
                answer.status
            ));
        } else if !allows("access-control-allow-origin", ORIGIN.1) {
            faults.push(format!("{url} is closed to pages of other origins"));
        } else if !allows("access-control-allow-methods", method) {
            faults.push(format!("{url} lets no page use {method}"));
        } else if !allows("access-control-allow-headers", "authorization") {
            faults.push(format!("{url} lets no page send Authorization"));
        }
    }
    report.add("cors", "pages of any origin may ask", faults);
}

fn methods(endpoints: &Endpoints, probe: &Probe, report: &mut Report) {
    let mut faults = Vec::new();
    for (method, url, right) in [
        (Method::GET, &endpoints.token, "POST"),
        (Method::GET, &endpoints.introspection, "POST"),
        (Method::GET, &endpoints.revocation, "POST"),
        (Method::PUT, &endpoints.userinfo, "GET"),
        (Method::DELETE, &endpoints.jwks, "GET"),
    ] {
        match probe.send(method.clone(), url, &[], &[]) {
            Err(error) => faults.push(format!("{method} {url}: {error}")),
            Ok(answer) if answer.status != 405 => faults.push(format!(
                "{method} {url} is answered by {} and not 405",
                answer.status
            )),
            Ok(answer) => {
                let allowed = answer.header("allow").unwrap_or_default();
                if !allowed.split(',').any(|it| it.trim() == right) {
                    faults.push(format!(
                        "{method} {url}: the header Allow does not name {right}"
                    ));
                }
            }
        }
    }
    report.add("methods", "a wrong one is a 405", faults);
}

fn unknown_path(target: &Target, probe: &Probe, report: &mut Report) {
    let url = format!("{}/no/such/path", target.issuer);
    let faults = match probe.get(&url) {
        Ok(answer) if answer.status == 404 => Vec::new(),
        Ok(answer) => vec![format!(
            "{url} is answered by {} and not 404: something else answers there too",
            answer.status
        )],
        Err(error) => vec![format!("{url}: {error}")],
    };
    report.add("paths", "an unknown one is a 404", faults);
}

/// RFC 6749 section 5.2, and that the function may read the registry at all.
fn unknown_client(endpoints: &Endpoints, probe: &Probe, report: &mut Report) {
    let url = &endpoints.token;
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "latchkey-doctor"),
        ("client_secret", "there is no such client"),
    ];
    let mut faults = Vec::new();
    match probe.send(Method::POST, url, &[], &form) {
        Err(error) => faults.push(format!("POST {url}: {error}")),
        Ok(answer) => {
            let error = answer.error();
            if (answer.status, error.as_str()) != (401, "invalid_client") {
                faults.push(format!(
                    "a client that is not there gets {} {error} and not 401 invalid_client{}",
                    answer.status,
                    hint(answer.status)
                ));
            }
            if answer.header("cache-control") != Some("no-store") {
                faults.push(format!("{url} is answered without Cache-Control: no-store"));
            }
        }
    }
    report.add(
        "clients",
        "who is not there is refused, and nobody keeps the answer",
        faults,
    );
}

/// RFC 6750 section 3.
fn no_token(endpoints: &Endpoints, probe: &Probe, report: &mut Report) {
    let url = &endpoints.userinfo;
    let mut faults = Vec::new();
    for (headers, what) in [
        (&[][..], "no token"),
        (
            &[("authorization", "Bearer none.of.ours")][..],
            "a token of nobody's",
        ),
    ] {
        match probe.send(Method::GET, url, headers, &[]) {
            Err(error) => faults.push(format!("GET {url}: {error}")),
            Ok(answer) => {
                let challenge = answer.header("www-authenticate").unwrap_or_default();
                if answer.status != 401 || !challenge.starts_with("Bearer") {
                    faults.push(format!(
                        "{url} answers {} to {what} and not 401 with a Bearer challenge{}",
                        answer.status,
                        hint(answer.status)
                    ));
                }
            }
        }
    }
    report.add("userinfo", "tells nothing without a token", faults);
}

/// Where to look for the reason.
pub fn hint(status: u16) -> &'static str {
    match status {
        500 => ": its log line has the reason (store_failed is a policy or a table)",
        503 => ": DynamoDB or KMS does not answer it",
        _ => "",
    }
}
