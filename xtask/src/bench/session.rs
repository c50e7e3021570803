//! One user of one client, whose requests are really answered: each answer is checked, none is taken for granted.

use anyhow::{Result, bail};
use serde_json::Value;

use super::event::Request;
use super::function::{Answer, Function};
use super::kind::Kind;
use super::names::{CLIENT, PASSWORD, SECRET, USER};

#[derive(Debug)]
pub struct Session {
    username: String,
    access_token: String,
    /// Another access token, to be revoked.
    revocable: String,
    refresh_token: String,
}

impl Session {
    /// Signs in through the token function.
    pub fn begin(token: &mut Function) -> Result<Self> {
        Self::begin_as(token, USER)
    }

    pub fn begin_as(token: &mut Function, username: &str) -> Result<Self> {
        let mut session = Self {
            username: username.to_owned(),
            access_token: String::new(),
            revocable: String::new(),
            refresh_token: String::new(),
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
        match kind {
            Kind::Bare => Request::get("/"),
            Kind::OpenidConfiguration => Request::get("/.well-known/openid-configuration"),
            Kind::Jwks => Request::get("/jwks"),
            Kind::ClientCredentials => grant("client_credentials", &[("scope", "read")]),
            Kind::Password => self.login("read"),
            Kind::PasswordOpenid => self.login("openid profile email"),
            Kind::RefreshToken => grant("refresh_token", &[("refresh_token", &self.refresh_token)]),
            Kind::Introspect => as_client("/introspect", &[("token", &self.access_token)]),
            Kind::UserInfo => Request::get("/userinfo").bearer(&self.access_token),
            Kind::Revoke => as_client("/revoke", &[("token", &self.revocable)]),
        }
        .event()
    }

    fn login(&self, scope: &str) -> Request {
        let form = [
            ("username", self.username.as_str()),
            ("password", PASSWORD),
            ("scope", scope),
        ];
        grant("password", &form)
    }

    /// Whether the request was truly answered, and what the next one needs of it.
    pub fn take(&mut self, kind: Kind, answer: &Answer) -> Result<()> {
        answer.expect(200)?;
        let proof = match kind {
            // RFC 7009 section 2.2: 200 says nothing. `revocation_holds` does.
            Kind::Bare | Kind::Revoke => return Ok(()),
            Kind::OpenidConfiguration => "token_endpoint",
            Kind::Jwks => "keys",
            Kind::ClientCredentials | Kind::Password => "access_token",
            Kind::PasswordOpenid => "id_token",
            Kind::RefreshToken => {
                self.refresh_token = answer.member("refresh_token")?;
                "id_token"
            }
            Kind::Introspect => "scope",
            Kind::UserInfo => "email",
        };
        if answer.json().get(proof).is_none() {
            bail!("an answer without {proof}: {}", answer.body);
        }
        Ok(())
    }

    /// Whether the token to be revoked is active.
    pub fn is_revocable_active(&self, introspect: &mut Function) -> Result<bool> {
        let answer =
            introspect.invoke(as_client("/introspect", &[("token", &self.revocable)]).event())?;
        answer.expect(200)?;
        Ok(answer.json().get("active") == Some(&Value::Bool(true)))
    }
}

pub fn grant(grant_type: &str, more: &[(&'static str, &str)]) -> Request {
    let mut form = vec![("grant_type", grant_type)];
    form.extend_from_slice(more);
    as_client("/token", &form)
}

pub fn as_client(path: &'static str, form: &[(&'static str, &str)]) -> Request {
    let form = form
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()));
    Request::post(path, form.collect()).basic(CLIENT, SECRET)
}
