//! The demonstration of a tenant that serves other products' clients: a password login as each product's page has it.

mod activid;
mod onelogin;

use anyhow::{Context, Result};
use latchkey_oauth::dialect::Dialect;
use serde_json::{Value, json};

use crate::demo_access::{ClientLogin, Part};
use crate::demo_checks::{Story, has_audience, text};
use crate::demo_http::{Call, Credentials};

type Form = Vec<(&'static str, String)>;

impl Story<'_> {
    /// For each product that the tenant serves: a login by a client of its, and what is done with the token. One that ends
    /// early does not end the others.
    pub fn dialects(&mut self) {
        for dialect in &self.access.dialects {
            let outcome = match dialect {
                Dialect::OnePortal => self.oneportal(),
                Dialect::ActivId => self.activid(),
                Dialect::MiniOrange => self.miniorange(),
                Dialect::Ubisecure => self.ubisecure(),
                Dialect::OneLogin => self.onelogin(),
            };
            self.close();
            if let Err(error) = outcome {
                self.ended(&error.context(dialect.as_str()));
            }
        }
    }

    fn oneportal(&mut self) -> Result<()> {
        let Some(client) = self.player(Part::Of(Dialect::OnePortal))? else {
            return Ok(());
        };
        let login = self.by_client("/openid/token?", client.login, self.login_form());
        let told = self.told("onePortal: a password login", &login)?;
        let token = member(&told, "access_token")?;
        self.member(&told, "token_type", &json!("Bearer"));
        let refreshes = told.get("refresh_token").is_some_and(Value::is_string);
        self.expect(
            refreshes == client.refreshes(),
            "a refresh token, which nobody asked for, exactly if the client has that grant",
        );
        let about = vec![
            ("token", token),
            ("token_type_hint", "access_token".to_owned()),
        ];
        let about = self.by_client("/openid/introspect", client.login, about);
        let told = self.told("onePortal: introspection", &about)?;
        self.member(&told, "active", &json!(true));
        self.member(&told, "clientId", &json!(client.login.client_id));
        self.member(&told, "tokenType", &json!("access_token"));
        Ok(())
    }

    fn miniorange(&mut self) -> Result<()> {
        let Some(client) = self.player(Part::Of(Dialect::MiniOrange))? else {
            return Ok(());
        };
        let ClientLogin {
            client_id,
            client_secret,
            ..
        } = client.login.clone();
        let mut form = self.login_form();
        form.push(("client_id", client_id));
        form.push(("client_secret", client_secret));
        form.push(("scope", "email/profile".to_owned()));
        let login = self.by_client("/moas/rest/oauth/token", client.login, form);
        let told = self.told(
            "miniOrange: a password login, with credentials in header and body",
            &login,
        )?;
        let token = member(&told, "access_token")?;
        self.member(&told, "token_type", &json!("bearer"));
        let who = self.by_bearer("/moas/rest/oauth/getuserinfo", &token);
        let told = self.told("miniOrange: who signed in", &who)?;
        self.member(&told, "username", &json!(self.access.username));
        self.member(&told, "email", &json!(self.access.email));
        let revoke = self.by_bearer("/moas/rest/oauth/revoke", &token);
        let told = self.told("miniOrange: revocation", &revoke)?;
        self.member(&told, "status", &json!("SUCCESS"));
        self.is_refused(&who, "getuserinfo with the revoked token")
    }

    fn ubisecure(&mut self) -> Result<()> {
        let Some(client) = self.player(Part::Of(Dialect::Ubisecure))? else {
            return Ok(());
        };
        let server = self.access.resource_server.as_ref();
        let server = server.context("the tenant has no client with `grant_types: []`")?;
        let mut form = self.login_form();
        form.push(("scope", format!("openid {}", server.client_id)));
        let login = self.by_client("/uas/oauth2/token", client.login, form);
        let told = self.told("Ubisecure: a password login for a resource server", &login)?;
        let identified = told.get("id_token").is_some_and(Value::is_string);
        self.expect(identified, "an ID token");
        let about = vec![("token", member(&told, "access_token")?)];
        let about = self.by_client("/uas/oauth2/introspection", server, about);
        let told = self.told("Ubisecure: introspection by the resource server", &about)?;
        self.member(&told, "active", &json!(true));
        self.member(&told, "azp", &json!(client.login.client_id));
        let meant = has_audience(&told, &server.client_id);
        self.expect(meant, format!("aud has {}", server.client_id));
        Ok(())
    }

    fn path(&self, path: &str) -> String {
        format!("{}{path}", self.access.tenant_path())
    }

    fn login_form(&self) -> Form {
        vec![
            ("grant_type", "password".to_owned()),
            ("username", self.access.username.clone()),
            ("password", self.access.password.clone()),
        ]
    }

    fn by_client(&self, path: &str, client: &ClientLogin, form: Form) -> Call {
        Call::as_client(&self.path(path), client, form)
    }

    fn by_bearer(&self, path: &str, token: &str) -> Call {
        Call {
            credentials: Some(Credentials::Bearer(token.to_owned())),
            ..Call::get(&self.path(path))
        }
    }

    /// A step whose answer is a document.
    fn told(&mut self, title: &str, call: &Call) -> Result<Value> {
        self.begin(title);
        let answer = self.ask(call)?;
        self.status(&answer, 200);
        Ok(answer.json())
    }
}

fn member(told: &Value, name: &str) -> Result<String> {
    let found = text(told, name).with_context(|| format!("there is no {name}"))?;
    Ok(found.to_owned())
}
