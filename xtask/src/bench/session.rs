//! One user of one client, and who else asks, whose requests are really answered: each answer is checked, none is taken for
//! granted.

use anyhow::{Result, bail, ensure};
use serde_json::{Value, json};

use super::event::Request;
use super::function::{Answer, Function, Place};
use super::kind::Kind;
use super::names::{
    API, API_CLIENT, CHANGING_USER, CLIENT, OPAQUE_CLIENT, OPERATOR, OTHER_PASSWORD, PASSWORD,
    RESOURCE_SERVER, SECRET, USER,
};

const EVERY_CLAIM: &str = "openid profile email";
const MANAGED: &str = "/admin/v1/{below+}";
/// Of one page of the list.
const USERS_LISTED: usize = 20;

#[derive(Debug, Default)]
pub struct Session {
    username: String,
    access_token: String,
    /// Another access token, to be revoked.
    revocable: String,
    refresh_token: String,
    /// Empty where only `begin_as` was.
    others: Others,
}

/// Who asks besides that user and that client.
#[derive(Debug, Default)]
struct Others {
    api_token: String,
    opaque_token: String,
    operator_token: String,
    /// The client that registered itself last, and its registration access token.
    registered: (String, String),
    /// Whether the changing user has the other password by now.
    is_changed: bool,
}

impl Session {
    /// Signs in, registers a client, and gets a token for whoever else asks.
    pub fn begin(place: &Place) -> Result<Self> {
        let mut token = Function::start(place, "token")?;
        let mut session = Self::begin_as(&mut token, USER)?;
        let mut access_token = |request: Request| -> Result<String> {
            let answer = token.invoke(request.event())?;
            answer.expect(200)?;
            answer.member("access_token")
        };
        let at_api = login(USER, &[("resource", API), ("scope", "orders:read")]);
        session.others.api_token = access_token(at_api.basic(API_CLIENT, SECRET))?;
        let opaque = login(USER, &[("scope", EVERY_CLAIM)]);
        session.others.opaque_token = access_token(opaque.basic(OPAQUE_CLIENT, SECRET))?;
        let operator = grant("client_credentials", &[]);
        session.others.operator_token = access_token(operator.basic(OPERATOR, SECRET))?;

        let mut register = Function::start(place, "register")?;
        let answer = register.invoke(session.event(Kind::Register))?;
        session.take(Kind::Register, &answer)?;
        Ok(session)
    }

    /// Signs a user in through the token function, and nothing else.
    pub fn begin_as(token: &mut Function, username: &str) -> Result<Self> {
        let mut session = Self {
            username: username.to_owned(),
            ..Self::default()
        };
        let login = |token: &mut Function| -> Result<Answer> {
            let answer = token.invoke(session.event(Kind::PasswordOpenid))?;
            answer.expect(200)?;
            Ok(answer)
        };
        let (first, second) = (login(token)?, login(token)?);
        session.access_token = first.member("access_token")?;
        session.revocable = second.member("access_token")?;
        session.refresh_token = first.member("refresh_token")?;
        Ok(session)
    }

    pub fn access_token(&self) -> &str {
        &self.access_token
    }

    pub fn event(&self, kind: Kind) -> String {
        let others = &self.others;
        match kind {
            Kind::Bare => Request::get("/"),
            Kind::OpenidConfiguration => Request::get("/.well-known/openid-configuration"),
            Kind::Jwks => Request::get("/jwks"),
            Kind::ClientCredentials => grant("client_credentials", &[("scope", "read")]),
            Kind::ClientCredentialsApi => {
                let form = [("resource", API), ("scope", "orders:read")];
                grant("client_credentials", &form).basic(API_CLIENT, SECRET)
            }
            Kind::Password => login(&self.username, &[("scope", "read")]),
            Kind::PasswordOpenid => login(&self.username, &[("scope", EVERY_CLAIM)]),
            Kind::RefreshToken => grant("refresh_token", &[("refresh_token", &self.refresh_token)]),
            Kind::ChangePassword => others.change_of_password(),
            Kind::Introspect => introspection(&self.access_token),
            Kind::IntrospectApi => introspection(&others.api_token).basic(RESOURCE_SERVER, SECRET),
            Kind::IntrospectOpaque => {
                introspection(&others.opaque_token).basic(OPAQUE_CLIENT, SECRET)
            }
            Kind::UserInfo => Request::get("/userinfo").bearer(&self.access_token),
            Kind::Revoke => as_client("/revoke", &[("token", &self.revocable)]),
            Kind::Register => Request::post_json("/register", metadata()),
            Kind::ReadRegistration => {
                let (client_id, token) = &others.registered;
                Request::get("/register/{client_id}")
                    .parameter(client_id)
                    .bearer(token)
            }
            Kind::ReadClient => Request::get(MANAGED)
                .parameter(&format!("clients/{CLIENT}"))
                .bearer(&others.operator_token),
            Kind::ListUsers => Request::get(MANAGED)
                .parameter("users")
                .query("limit=20")
                .bearer(&others.operator_token),
        }
        .event()
    }

    /// Whether the request was truly answered, and what the next one needs of it.
    pub fn take(&mut self, kind: Kind, answer: &Answer) -> Result<()> {
        answer.expect(kind.status())?;
        let proofs: &[&str] = match kind {
            // RFC 7009 section 2.2: 200 says nothing. `revocation_holds` does.
            Kind::Bare | Kind::Revoke => &[],
            Kind::OpenidConfiguration => &["token_endpoint"],
            Kind::Jwks => &["keys"],
            Kind::ClientCredentials | Kind::ClientCredentialsApi | Kind::Password => {
                &["access_token"]
            }
            Kind::PasswordOpenid => &["id_token"],
            Kind::RefreshToken => {
                self.refresh_token = answer.member("refresh_token")?;
                &["id_token"]
            }
            // The next one proves it: it takes the new password for the old.
            Kind::ChangePassword => {
                self.others.is_changed = !self.others.is_changed;
                &[]
            }
            Kind::Introspect | Kind::IntrospectOpaque => &["scope"],
            Kind::IntrospectApi => &["email_address", "tier"],
            Kind::UserInfo => &["email"],
            Kind::Register => {
                let token = answer.member("registration_access_token")?;
                self.others.registered = (answer.member("client_id")?, token);
                &["client_secret"]
            }
            Kind::ReadRegistration => &["registration_client_uri"],
            Kind::ReadClient => &["client_id", "grant_types"],
            Kind::ListUsers => {
                listed(answer)?;
                &["next_cursor"]
            }
        };
        let told = answer.json();
        if let Some(missing) = proofs.iter().find(|proof| told.get(**proof).is_none()) {
            bail!("an answer without {missing}: {}", answer.body);
        }
        Ok(())
    }

    /// Whether the token to be revoked is active.
    pub fn is_revocable_active(&self, introspect: &mut Function) -> Result<bool> {
        let answer = introspect.invoke(introspection(&self.revocable).event())?;
        answer.expect(200)?;
        Ok(answer.json().get("active") == Some(&Value::Bool(true)))
    }
}

impl Others {
    fn change_of_password(&self) -> Request {
        let (old, new) = if self.is_changed {
            (OTHER_PASSWORD, PASSWORD)
        } else {
            (PASSWORD, OTHER_PASSWORD)
        };
        let form = [
            ("username", CHANGING_USER),
            ("password", old),
            ("new_password", new),
        ];
        as_client("/password", &form)
    }
}

pub fn grant(grant_type: &str, more: &[(&'static str, &str)]) -> Request {
    let mut form = vec![("grant_type", grant_type)];
    form.extend_from_slice(more);
    as_client("/token", &form)
}

pub fn as_client(route: &'static str, form: &[(&'static str, &str)]) -> Request {
    let form = form
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()));
    Request::post(route, form.collect()).basic(CLIENT, SECRET)
}

fn login(username: &str, more: &[(&'static str, &str)]) -> Request {
    let mut form = vec![("username", username), ("password", PASSWORD)];
    form.extend_from_slice(more);
    grant("password", &form)
}

fn introspection(token: &str) -> Request {
    as_client("/introspect", &[("token", token)])
}

fn metadata() -> Value {
    json!({
        "client_name": "Nightly export",
        "grant_types": ["client_credentials"],
        "scope": "read",
        "contacts": ["ops@example.com"],
        "software_version": "1.4.2"
    })
}

fn listed(answer: &Answer) -> Result<()> {
    let told = answer.json();
    let users = told.get("users").and_then(Value::as_array);
    let count = users.map_or(0, Vec::len);
    ensure!(
        count == USERS_LISTED,
        "{count} users were told: {}",
        answer.body
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &Value) -> Answer {
        Answer {
            status,
            body: body.to_string(),
            wall: 1,
        }
    }

    #[test]
    fn what_proves_nothing_is_no_answer() {
        let mut session = Session::default();
        let mut take = |kind, status, body: &Value| session.take(kind, &answer(status, body));
        let claims = json!({"active": true, "tier": "gold", "email_address": "erika@example.com"});
        take(Kind::IntrospectApi, 200, &claims).unwrap();
        let inactive = json!({"active": false});
        for kind in [
            Kind::Introspect,
            Kind::IntrospectApi,
            Kind::IntrospectOpaque,
        ] {
            take(kind, 200, &inactive).unwrap_err();
        }
        take(Kind::IntrospectApi, 200, &json!({"tier": "gold"})).unwrap_err();
        let page = |users: usize| json!({"users": vec![json!({}); users], "next_cursor": "a"});
        take(Kind::ListUsers, 200, &page(20)).unwrap();
        take(Kind::ListUsers, 200, &page(19)).unwrap_err();
        take(Kind::Register, 200, &json!({})).unwrap_err();
    }

    #[test]
    fn the_next_request_follows_from_the_last_answer() {
        let mut session = Session::default();
        let registered = json!({
            "client_id": "made-up", "client_secret": "s", "registration_access_token": "the-token"
        });
        let registered = answer(201, &registered);
        session.take(Kind::Register, &registered).unwrap();
        let read = session.event(Kind::ReadRegistration);
        assert!(read.contains("/register/made-up"), "{read}");
        assert!(read.contains("Bearer the-token"), "{read}");

        let first = session.event(Kind::ChangePassword);
        let refused = answer(400, &json!({}));
        session.take(Kind::ChangePassword, &refused).unwrap_err();
        assert_eq!(session.event(Kind::ChangePassword), first);
        let changed = answer(204, &Value::Null);
        session.take(Kind::ChangePassword, &changed).unwrap();
        assert_ne!(session.event(Kind::ChangePassword), first);
        session.take(Kind::ChangePassword, &changed).unwrap();
        assert_eq!(session.event(Kind::ChangePassword), first);
    }
}
