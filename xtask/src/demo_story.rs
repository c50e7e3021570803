//! The steps of the demonstration.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::demo_access::Access;
use crate::demo_checks::{Story, is_audience, text};
use crate::demo_http::{Answer, Call, Credentials};
use crate::demo_jwt::Jwt;

/// Paths of the endpoints, from the metadata.
#[derive(Debug)]
struct Endpoints {
    token: String,
    introspection: String,
    userinfo: String,
    revocation: String,
    keys: String,
}

#[derive(Debug)]
struct Tokens {
    access: String,
    refresh: Option<String>,
    id: Option<String>,
}

impl Story<'_> {
    pub fn whole(&mut self) -> Result<()> {
        let outcome = self.whole_steps();
        self.close();
        outcome
    }

    /// For a tenant after the `first` one.
    pub fn short(&mut self, first: &Access) -> Result<()> {
        let outcome = self.short_steps(first);
        self.close();
        outcome
    }

    fn whole_steps(&mut self) -> Result<()> {
        let endpoints = self.discovery(true)?;
        let tokens = self.login(&endpoints, "Login: a password for tokens")?;
        let subject = self.contents(&endpoints, &tokens)?;
        self.introspection_active(&endpoints, &tokens.access, &subject)?;
        if self.access.asks_for("openid") {
            self.userinfo(&endpoints, &tokens.access, &subject)?;
        }
        let Some(first) = &tokens.refresh else {
            self.revocation(&endpoints, &tokens.access)?;
            self.introspection_inactive(&endpoints, &tokens.access, "it was revoked")?;
            return self.service(&endpoints);
        };
        let fresh = self.refresh(
            &endpoints,
            first,
            "Refresh: new tokens without the password",
        )?;
        let second = fresh
            .refresh
            .as_ref()
            .context("the refresh gave no refresh token")?;
        self.revocation(&endpoints, second)?;
        let why = "its refresh token was revoked";
        self.introspection_inactive(&endpoints, &fresh.access, why)?;
        self.reuse(&endpoints)?;
        self.service(&endpoints)
    }

    fn short_steps(&mut self, first: &Access) -> Result<()> {
        let endpoints = self.discovery(false)?;
        let tokens = self.login(&endpoints, "Login: a password for tokens")?;
        let subject = self.contents(&endpoints, &tokens)?;
        self.introspection_active(&endpoints, &tokens.access, &subject)?;
        self.nothing_crosses(&endpoints, first)
    }

    fn discovery(&mut self, in_full: bool) -> Result<Endpoints> {
        self.begin("Discovery: what the server offers");
        let path = format!(
            "{}/.well-known/openid-configuration",
            self.access.tenant_path()
        );
        let call = Call::get(&path);
        let answer = if in_full {
            self.ask(&call)?
        } else {
            self.ask_again(&call)?
        };
        self.status(&answer, 200);
        let document = answer.json();
        self.member(&document, "issuer", &json!(self.issuer()));
        let endpoints = Endpoints {
            token: self.endpoint(&document, "token_endpoint")?,
            introspection: self.endpoint(&document, "introspection_endpoint")?,
            userinfo: self.endpoint(&document, "userinfo_endpoint")?,
            revocation: self.endpoint(&document, "revocation_endpoint")?,
            keys: self.endpoint(&document, "jwks_uri")?,
        };
        self.expect(true, "every endpoint is the issuer's");
        Ok(endpoints)
    }

    /// The path at which the endpoint is reached here, whatever stands before it elsewhere.
    fn endpoint(&self, document: &Value, name: &str) -> Result<String> {
        let url = text(document, name).with_context(|| format!("the metadata has no {name}"))?;
        if !url.starts_with(&format!("{}/", self.address())) {
            bail!("{name} is not the tenant's: {url}");
        }
        url.strip_prefix(self.base_issuer)
            .map(str::to_owned)
            .with_context(|| format!("{name} is elsewhere: {url}"))
    }

    fn login(&mut self, endpoints: &Endpoints, title: &str) -> Result<Tokens> {
        self.begin(title);
        let answer = self.ask(&password_login(&endpoints.token, self.access))?;
        self.tokens(&answer)
    }

    fn refresh(&mut self, endpoints: &Endpoints, token: &str, title: &str) -> Result<Tokens> {
        self.begin(title);
        let form = vec![
            ("grant_type", "refresh_token".to_owned()),
            ("refresh_token", token.to_owned()),
        ];
        let call = Call::as_client(&endpoints.token, &self.access.client, form);
        let answer = self.ask(&call)?;
        let tokens = self.tokens(&answer)?;
        let rotated = tokens.refresh.as_deref().is_some_and(|new| new != token);
        self.expect(rotated, "the refresh token was rotated");
        Ok(tokens)
    }

    fn tokens(&mut self, answer: &Answer) -> Result<Tokens> {
        self.status(answer, 200);
        let no_store = answer.header("cache-control") == Some("no-store");
        self.expect(no_store, "Cache-Control is no-store");
        let document = answer.json();
        self.member(&document, "token_type", &json!("Bearer"));
        let lives = document.get("expires_in").and_then(Value::as_u64) > Some(0);
        self.expect(lives, "expires_in is positive");
        let tokens = Tokens {
            access: text(&document, "access_token")
                .context("there is no access_token")?
                .to_owned(),
            refresh: text(&document, "refresh_token").map(str::to_owned),
            id: text(&document, "id_token").map(str::to_owned),
        };
        let refresh_as_granted = tokens.refresh.is_some() == self.access.refreshes;
        self.expect(
            refresh_as_granted,
            "a refresh token exactly if the client has that grant",
        );
        let id_as_asked = tokens.id.is_some() == self.access.asks_for("openid");
        self.expect(id_as_asked, "an ID token exactly if openid was asked for");
        Ok(tokens)
    }

    /// Decodes what was issued; the user's subject.
    fn contents(&mut self, endpoints: &Endpoints, tokens: &Tokens) -> Result<String> {
        self.begin("What the tokens say");
        let keys = self.http.send(&Call::get(&endpoints.keys))?.json();
        let mut subject = None;
        if let Some(access) = Jwt::read(&tokens.access) {
            self.jwt("access token", &keys, &access);
            self.member(&access.header, "typ", &json!("at+jwt"));
            let client_id = json!(self.access.client.client_id);
            self.member(&access.claims, "client_id", &client_id);
            subject = text(&access.claims, "sub").map(str::to_owned);
        }
        if let Some(id) = &tokens.id {
            let id = Jwt::read(id).context("the ID token is no JWT")?;
            self.jwt("ID token", &keys, &id);
            let ours = is_audience(&id.claims, &self.access.client.client_id);
            self.expect(ours, "the ID token's aud is the client");
            let same = subject.is_none() || subject.as_deref() == text(&id.claims, "sub");
            self.expect(same, "both tokens have the same sub");
            subject = text(&id.claims, "sub").map(str::to_owned);
        }
        Ok(subject.unwrap_or_default())
    }

    fn introspect(&mut self, endpoints: &Endpoints, token: &str) -> Result<Value> {
        let form = vec![("token", token.to_owned())];
        // The resource server that was shown the token, if the registry has one; else the client itself.
        let access = self.access;
        let asker = access.resource_server.as_ref().unwrap_or(&access.client);
        let call = Call::as_client(&endpoints.introspection, asker, form);
        let answer = self.ask(&call)?;
        self.status(&answer, 200);
        Ok(answer.json())
    }

    fn introspection_active(
        &mut self,
        endpoints: &Endpoints,
        token: &str,
        subject: &str,
    ) -> Result<()> {
        self.begin("Introspection: the token is active");
        let document = self.introspect(endpoints, token)?;
        self.member(&document, "active", &json!(true));
        self.member(&document, "client_id", &json!(self.access.client.client_id));
        self.member(&document, "iss", &json!(self.issuer()));
        if !subject.is_empty() {
            self.member(&document, "sub", &json!(subject));
        }
        Ok(())
    }

    fn introspection_inactive(
        &mut self,
        endpoints: &Endpoints,
        token: &str,
        why: &str,
    ) -> Result<()> {
        self.begin(&format!("Introspection: the access token is dead, {why}"));
        let document = self.introspect(endpoints, token)?;
        let exactly = document == json!({"active": false});
        self.expect(exactly, "it says {\"active\":false} and no more");
        Ok(())
    }

    fn userinfo(&mut self, endpoints: &Endpoints, token: &str, subject: &str) -> Result<()> {
        self.begin("UserInfo: who logged in");
        let mut call = Call::get(&endpoints.userinfo);
        call.credentials = Some(Credentials::Bearer(token.to_owned()));
        let answer = self.ask(&call)?;
        self.status(&answer, 200);
        let document = answer.json();
        self.member(&document, "sub", &json!(subject));
        if let Some(email) = self
            .access
            .email
            .as_deref()
            .filter(|_| self.access.asks_for("email"))
        {
            self.member(&document, "email", &json!(email));
        }
        Ok(())
    }

    fn revocation(&mut self, endpoints: &Endpoints, token: &str) -> Result<()> {
        self.begin("Revocation: log out");
        let form = vec![("token", token.to_owned())];
        let call = Call::as_client(&endpoints.revocation, &self.access.client, form);
        let answer = self.ask(&call)?;
        self.status(&answer, 200);
        self.expect(answer.text.is_empty(), "an empty answer");
        Ok(())
    }

    /// A stolen refresh token is worth nothing once its owner has used it, and ends what was made from it.
    fn reuse(&mut self, endpoints: &Endpoints) -> Result<()> {
        let tokens = self.login(endpoints, "A second login")?;
        let old = tokens.refresh.context("there is no refresh token")?;
        let next = self.refresh(endpoints, &old, "Its refresh token is used")?;
        let next = next.refresh.context("there is no refresh token")?;
        let title = match &self.access.retry_window {
            // Two steps on, the first one is beyond it.
            Some(window) => format!(
                "The next one is used in turn: for {window}, the client's refresh_token_retry_window, the last one used is still answered"
            ),
            None => "The next one is used in turn".to_owned(),
        };
        let fresh = self.refresh(endpoints, &next, &title)?;
        self.begin("The first one again, as a thief would: refused");
        let form = vec![
            ("grant_type", "refresh_token".to_owned()),
            ("refresh_token", old),
        ];
        let call = Call::as_client(&endpoints.token, &self.access.client, form);
        let answer = self.ask(&call)?;
        self.status(&answer, 400);
        self.member(&answer.json(), "error", &json!("invalid_grant"));
        let why = "its family ended with the reuse";
        self.introspection_inactive(endpoints, &fresh.access, why)
    }

    fn service(&mut self, endpoints: &Endpoints) -> Result<()> {
        let Some(service) = self.access.service.clone() else {
            return Ok(());
        };
        self.begin("A service gets a token for itself: client_credentials, no user");
        let form = vec![("grant_type", "client_credentials".to_owned())];
        let answer = self.ask(&Call::as_client(&endpoints.token, &service, form))?;
        self.status(&answer, 200);
        let document = answer.json();
        let alone = ["refresh_token", "id_token"].map(|name| document.get(name).is_none());
        self.expect(alone == [true; 2], "no refresh token and no ID token");
        let token = text(&document, "access_token").context("there is no access_token")?;
        if let Some(token) = Jwt::read(token) {
            let keys = self.http.send(&Call::get(&endpoints.keys))?.json();
            self.jwt("access token", &keys, &token);
            self.member(&token.claims, "client_id", &json!(service.client_id));
        }
        Ok(())
    }

    /// A token of another tenant's is nothing here.
    fn nothing_crosses(&mut self, endpoints: &Endpoints, first: &Access) -> Result<()> {
        self.begin(&format!(
            "Nothing crosses: a fresh token of tenant {} is nothing here",
            first.tenant
        ));
        let path = format!("{}/token", first.tenant_path());
        let answer = self.http.send(&password_login(&path, first))?;
        let document = answer.json();
        let token = text(&document, "access_token").context("the first tenant gave no token")?;
        let told = self.introspect(endpoints, token)?;
        let exactly = told == json!({"active": false});
        self.expect(exactly, "introspection says {\"active\":false} and no more");
        let mut call = Call::get(&endpoints.userinfo);
        call.credentials = Some(Credentials::Bearer(token.to_owned()));
        let answer = self.ask(&call)?;
        self.status(&answer, 401);
        let challenge = answer.header("www-authenticate").unwrap_or_default();
        self.expect(
            challenge.contains("invalid_token"),
            "the challenge says invalid_token",
        );
        Ok(())
    }
}

fn password_login(path: &str, access: &Access) -> Call {
    let mut form = vec![
        ("grant_type", "password".to_owned()),
        ("username", access.username.clone()),
        ("password", access.password.clone()),
    ];
    if !access.scope.is_empty() {
        form.push(("scope", access.scope.clone()));
    }
    Call::as_client(path, &access.client, form)
}
