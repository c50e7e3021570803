//! ActivID's story: a client's own token stands for the client.

use anyhow::{Context, Result};
use latchkey_oauth::dialect::Dialect;
use serde_json::{Value, json};

use super::member;
use crate::demo_access::{ClientLogin, Part};
use crate::demo_checks::{Story, is_audience};
use crate::demo_http::Call;
use crate::demo_jwt::Jwt;

const CLIENT_GRANT: &str = "urn:hid:oauth:grant-type:client-secret-pki";

impl Story<'_> {
    pub(super) fn activid(&mut self) -> Result<()> {
        let Some(client) = self.player(Part::Of(Dialect::ActivId))? else {
            return Ok(());
        };
        let own = self.own_token(client.login)?;
        let mut login = self.by_bearer("/authn/token", &own);
        login.form = Some(self.login_form());
        let told = self.told("ActivID: a password login with the client's token", &login)?;
        self.member(&told, "context", &level_of_assurance("1"));
        let token = member(&told, "access_token")?;
        let who = self.by_bearer("/authn/userinfo", &token);
        self.signed_userinfo(&who, client.login)?;

        let mut revoke = self.by_bearer("/authn/revoke", &own);
        let client_id = client.login.client_id.clone();
        revoke.form = Some(vec![("token", token), ("client_id", client_id)]);
        self.begin("ActivID: revocation with the client's token");
        let answer = self.ask(&revoke)?;
        self.status(&answer, 200);
        self.expect(answer.text.is_empty(), "an empty answer");
        self.is_refused(&who, "userinfo with the revoked token")
    }

    fn own_token(&mut self, client: &ClientLogin) -> Result<String> {
        let form = vec![("grant_type", CLIENT_GRANT.to_owned())];
        let ask = self.by_client("/authn/token", client, form);
        let title = "ActivID: the client's own token; a secret stands here for its certificate";
        let told = self.told(title, &ask)?;
        self.member(&told, "context", &level_of_assurance("2"));
        member(&told, "access_token")
    }

    fn signed_userinfo(&mut self, who: &Call, client: &ClientLogin) -> Result<()> {
        self.begin("ActivID: who signed in, signed");
        let answer = self.ask(who)?;
        self.status(&answer, 200);
        let kind = answer.header("content-type").unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default();
        self.expect(kind == "application/jwt", "Content-Type is application/jwt");
        let told = Jwt::read(&answer.text).context("UserInfo is no JWT")?;
        let keys = self.http.send(&Call::get(&self.path("/jwks")))?.json();
        self.signed("UserInfo", &keys, &told);
        let ours = is_audience(&told.claims, &client.client_id);
        self.expect(ours, format!("aud is {}", client.client_id));
        let name = json!(self.access.username);
        self.member(&told.claims, "preferred_username", &name);
        Ok(())
    }
}

fn level_of_assurance(level: &str) -> Value {
    json!({ "LEVEL_OF_ASSURANCE": level })
}
