//! A login from its beginning to its end: a token is issued, checked, introspected, used and revoked.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use latchkey_oauth::time::Clock;
use latchkey_oauth::token::jwk::KeyRing;
use latchkey_oauth::token::verifier::{self, VerifiedToken};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use ureq::http::Method;

use super::manners::hint;
use super::metadata::Endpoints;
use super::probe::{Answer, Probe};
use super::report::Report;
use super::{Patient, Target};

/// What a login needs.
#[derive(Clone, Copy)]
pub struct Login<'a> {
    /// Who signs in.
    pub patient: &'a Patient,
    /// Where.
    pub target: &'a Target,
    /// At which endpoints.
    pub endpoints: &'a Endpoints,
    /// What its tokens are checked with.
    pub ring: &'a KeyRing,
    /// Who asks.
    pub probe: &'a Probe,
    /// When.
    pub clock: &'a dyn Clock,
}

impl std::fmt::Debug for Login<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").finish_non_exhaustive()
    }
}

/// What is said about a token that is no access token of ours.
const OF_ANOTHER_KIND: &str = "it is a token of another kind";

/// How a client is refused that is not who it says (RFC 6749 section 5.2).
const CLIENT_REFUSED: (u16, &str) = (401, "invalid_client");

impl Login<'_> {
    /// Looks at a login.
    pub fn examine(&self, report: &mut Report) {
        self.wrong_password(report);
        let Some(tokens) = self.login(report) else {
            for check in ["signature", "introspection", "claims", "revocation"] {
                report.not_looked(check, "there is no token");
            }
            return;
        };
        let text = |name: &str| tokens.get(name).and_then(Value::as_str);
        let access = text("access_token").unwrap_or_default();
        self.verify(access, text("id_token"), report);
        let subject = self.introspect(access, report);
        self.userinfo(access, &tokens, subject.as_deref(), report);
        self.revoke(access, text("refresh_token"), report);
    }

    fn post(&self, url: &str, form: &[(&str, &str)]) -> Result<Answer, String> {
        // RFC 6749 section 2.3.1: both parts are form-encoded first.
        let encoded = |text: &str| -> String {
            url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
        };
        let id = encoded(&self.patient.client_id);
        let secret = encoded(self.patient.client_secret.expose_secret());
        let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
        self.probe
            .send(Method::POST, url, &[("authorization", &basic)], form)
    }

    fn ask_for_token(&self, password: Option<&str>) -> Result<Answer, String> {
        let url = &self.endpoints.token;
        match &self.patient.user {
            None => self.post(url, &[("grant_type", "client_credentials")]),
            Some((name, right)) => self.post(
                url,
                &[
                    ("grant_type", "password"),
                    ("username", name),
                    (
                        "password",
                        password.unwrap_or_else(|| right.expose_secret()),
                    ),
                    ("scope", "openid"),
                ],
            ),
        }
    }

    /// One failure, before the login that forgets it again.
    fn wrong_password(&self, report: &mut Report) {
        if self.patient.user.is_none() {
            return report.not_looked("password", "no --username: the client signs in for itself");
        }
        let faults = match self.ask_for_token(Some("not the password, says the doctor")) {
            Err(error) => vec![error],
            Ok(answer) => match (answer.status, answer.error().as_str()) {
                (400, "invalid_grant") => Vec::new(),
                // No password was looked at.
                CLIENT_REFUSED => return report.not_looked("password", "the client is refused"),
                (status, error) => vec![format!(
                    "a wrong password gets {status} {error} and not 400 invalid_grant{}",
                    hint(status)
                )],
            },
        };
        report.add("password", "a wrong one is invalid_grant", faults);
    }

    fn login(&self, report: &mut Report) -> Option<Value> {
        let answer = match self.ask_for_token(None) {
            Ok(answer) => answer,
            Err(error) => {
                report.wrong("login", error);
                return None;
            }
        };
        let status = answer.status;
        let tokens = answer.json().filter(|_| status == 200);
        let Some(tokens) = tokens else {
            let error = answer.error();
            let hint = match (status, error.as_str()) {
                CLIENT_REFUSED => {
                    ": is it a client of this tenant, is its secret right, and its method client_secret_basic?"
                }
                _ => hint(status),
            };
            report.wrong("login", format!("refused by {status} {error}{hint}"));
            return None;
        };
        let mut faults = Vec::new();
        if tokens.get("access_token").and_then(Value::as_str).is_none() {
            faults.push("the answer has no `access_token`".to_owned());
        }
        let kind = tokens.get("token_type").and_then(Value::as_str);
        if kind.is_none_or(|kind| !kind.eq_ignore_ascii_case("bearer")) {
            faults.push("`token_type` is not Bearer".to_owned());
        }
        if tokens.get("expires_in").and_then(Value::as_u64).is_none() {
            faults.push("the answer has no `expires_in`".to_owned());
        }
        if answer.header("cache-control") != Some("no-store") {
            faults.push("tokens are answered without Cache-Control: no-store".to_owned());
        }
        let who = self.patient.user.as_ref().map(|(name, _)| name);
        let who = who.unwrap_or(&self.patient.client_id);
        report.add("login", format!("{who} gets a token"), faults);
        Some(tokens)
    }

    /// By the published keys, as a resource server does it.
    fn verify(&self, access: &str, id: Option<&str>, report: &mut Report) {
        let now = self.clock.now();
        let check = |token: &str, access: bool| {
            let verified = verifier::verify(token, self.ring, &self.target.issuer, now);
            match (verified, access) {
                (Ok(VerifiedToken::Access(_)), true) | (Ok(VerifiedToken::Id(_)), false) => None,
                (Ok(_), _) => Some(OF_ANOTHER_KIND.to_owned()),
                (Err(rejected), _) => Some(rejected.to_string()),
            }
        };
        let mut faults = Vec::new();
        // Three parts are a JWT's. An opaque token says nothing to anybody but introspection.
        let jwt = access.split('.').count() == 3 && access.starts_with("ey");
        if jwt && let Some(fault) = check(access, true) {
            faults.push(format!(
                "the access token does not hold under the JWK set: {fault}"
            ));
        }
        if let Some(fault) = id.and_then(|id| check(id, false)) {
            faults.push(format!(
                "the ID token does not hold under the JWK set: {fault}"
            ));
        }
        if self.patient.user.is_some() && id.is_none() {
            faults.push("there is no ID token: `openid` is not in the client's scope".to_owned());
        }
        match (jwt, id) {
            (false, None) if faults.is_empty() => {
                report.not_looked("signature", "the token is opaque");
            }
            _ => report.add("signature", "tokens hold under the JWK set", faults),
        }
    }

    /// Whom the token is about, if the client may know.
    fn introspect(&self, access: &str, report: &mut Report) -> Option<String> {
        let said = self.post(&self.endpoints.introspection, &[("token", access)]);
        let answer = match said {
            Ok(answer) if answer.status == 200 => answer.json().unwrap_or_default(),
            Ok(answer) => {
                let status = answer.status;
                let error = answer.error();
                report.wrong(
                    "introspection",
                    format!("refused by {status} {error}{}", hint(status)),
                );
                return None;
            }
            Err(error) => {
                report.wrong("introspection", error);
                return None;
            }
        };
        let subject = answer.get("sub").and_then(Value::as_str).map(str::to_owned);
        match answer.get("active").and_then(Value::as_bool) {
            Some(true) => report.add("introspection", "the token is active", Vec::new()),
            Some(false) => report.wrong(
                "introspection",
                "a token just issued is said to be inactive to the client that got it",
            ),
            None => report.wrong("introspection", "the answer has no `active`"),
        }
        subject
    }

    fn userinfo(&self, access: &str, tokens: &Value, subject: Option<&str>, report: &mut Report) {
        let scope = tokens
            .get("scope")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if self.patient.user.is_none() || !scope.split(' ').any(|it| it == "openid") {
            return report.not_looked("claims", "the token has no `openid`");
        }
        let bearer = format!("Bearer {access}");
        let headers = [("authorization", bearer.as_str())];
        let said = self
            .probe
            .send(Method::GET, &self.endpoints.userinfo, &headers, &[]);
        let mut faults = Vec::new();
        match said {
            Err(error) => faults.push(error),
            Ok(answer) => {
                let status = answer.status;
                let json = answer.json().unwrap_or_default();
                let said = json.get("sub").and_then(Value::as_str);
                if status != 200 {
                    let error = answer.error();
                    faults.push(format!("UserInfo answers {status} {error}{}", hint(status)));
                } else if said.is_none() {
                    faults.push("UserInfo tells no `sub`".to_owned());
                } else if subject.is_some() && said != subject {
                    faults.push("UserInfo and introspection tell two subjects".to_owned());
                }
            }
        }
        report.add("claims", "UserInfo tells whose token it is", faults);
    }

    /// What was issued for this look is taken back, and counts no more at once.
    fn revoke(&self, access: &str, refresh: Option<&str>, report: &mut Report) {
        let mut faults = Vec::new();
        for token in [Some(access), refresh].into_iter().flatten() {
            match self.post(&self.endpoints.revocation, &[("token", token)]) {
                Err(error) => faults.push(error),
                Ok(answer) if answer.status != 200 => faults.push(format!(
                    "revocation is answered by {} {}{}",
                    answer.status,
                    answer.error(),
                    hint(answer.status)
                )),
                Ok(_) => {}
            }
        }
        let said = self.post(&self.endpoints.introspection, &[("token", access)]);
        let active = said
            .ok()
            .and_then(|answer| answer.json()?.get("active")?.as_bool());
        if active == Some(true) {
            faults.push("the token is active though it was revoked".to_owned());
        }
        report.add(
            "revocation",
            "the tokens of this look count no more",
            faults,
        );
    }
}
