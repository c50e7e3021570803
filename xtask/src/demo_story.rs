//! The steps of the demonstration.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::demo_access::Access;
use crate::demo_http::{Answer, Call, Credentials, Http, decode_jwt};
use crate::demo_show as show;

#[derive(Debug)]
pub struct Story<'a> {
    http: &'a Http,
    access: &'a Access,
    /// Of the deployment; the tenant's adds its path.
    base_issuer: &'a str,
    step: String,
    number: usize,
    good: Vec<String>,
    bad: Vec<String>,
    pub faults: Vec<String>,
}

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

impl<'a> Story<'a> {
    pub fn new(http: &'a Http, base_issuer: &'a str, access: &'a Access) -> Self {
        Self {
            http,
            access,
            base_issuer,
            step: String::new(),
            number: 0,
            good: Vec::new(),
            bad: Vec::new(),
            faults: Vec::new(),
        }
    }

    pub fn whole(&mut self) -> Result<()> {
        let outcome = self.whole_steps();
        self.close();
        outcome
    }

    pub fn short(&mut self) -> Result<()> {
        let outcome = self.short_steps();
        self.close();
        outcome
    }

    fn whole_steps(&mut self) -> Result<()> {
        let endpoints = self.discovery()?;
        let tokens = self.login(&endpoints, "Login: a password for tokens")?;
        let subject = self.contents(&endpoints, &tokens)?;
        self.introspection_active(&endpoints, &tokens.access, &subject)?;
        if self.access.asks_for("openid") {
            self.userinfo(&endpoints, &tokens.access, &subject)?;
        }
        let Some(first) = &tokens.refresh else {
            self.revocation(&endpoints, &tokens.access)?;
            return self.introspection_inactive(&endpoints, &tokens.access, "it was revoked");
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
        self.reuse(&endpoints)
    }

    fn short_steps(&mut self) -> Result<()> {
        let endpoints = self.discovery()?;
        let tokens = self.login(&endpoints, "Login: a password for tokens")?;
        let subject = self.contents(&endpoints, &tokens)?;
        self.introspection_active(&endpoints, &tokens.access, &subject)
    }

    fn issuer(&self) -> String {
        format!("{}{}", self.base_issuer, self.access.tenant_path())
    }

    fn discovery(&mut self) -> Result<Endpoints> {
        self.begin("Discovery: what the server offers");
        let path = format!(
            "{}/.well-known/openid-configuration",
            self.access.tenant_path()
        );
        let answer = self.ask(&Call::get(&path))?;
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
        if !url.starts_with(&format!("{}/", self.issuer())) {
            bail!("{name} is not the issuer's: {url}");
        }
        url.strip_prefix(self.base_issuer)
            .map(str::to_owned)
            .with_context(|| format!("{name} is elsewhere: {url}"))
    }

    fn login(&mut self, endpoints: &Endpoints, title: &str) -> Result<Tokens> {
        self.begin(title);
        let mut form = vec![
            ("grant_type", "password".to_owned()),
            ("username", self.access.username.clone()),
            ("password", self.access.password.clone()),
        ];
        if !self.access.scope.is_empty() {
            form.push(("scope", self.access.scope.clone()));
        }
        let call = Call::as_client(&endpoints.token, self.access, form);
        let answer = self.ask(&call)?;
        self.tokens(&answer)
    }

    fn refresh(&mut self, endpoints: &Endpoints, token: &str, title: &str) -> Result<Tokens> {
        self.begin(title);
        let form = vec![
            ("grant_type", "refresh_token".to_owned()),
            ("refresh_token", token.to_owned()),
        ];
        let call = Call::as_client(&endpoints.token, self.access, form);
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
        let access = decode_jwt(&tokens.access);
        let id = tokens
            .id
            .as_deref()
            .map(|token| decode_jwt(token).context("the ID token is no JWT"));
        let mut subject = None;
        if let Some((header, claims)) = &access {
            show::part("access token, header", header);
            show::part("access token, claims", claims);
            self.member(header, "typ", &json!("at+jwt"));
            self.jwt("access token", &keys, header, claims);
            self.member(claims, "client_id", &json!(self.access.client_id));
            subject = text(claims, "sub").map(str::to_owned);
        }
        if let Some(id) = id {
            let (header, claims) = id?;
            show::part("ID token, header", &header);
            show::part("ID token, claims", &claims);
            self.jwt("ID token", &keys, &header, &claims);
            let ours = is_audience(&claims, &self.access.client_id);
            self.expect(ours, "the ID token's aud is the client");
            let same = subject.is_none() || subject.as_deref() == text(&claims, "sub");
            self.expect(same, "both tokens have the same sub");
            subject = text(&claims, "sub").map(str::to_owned);
        }
        Ok(subject.unwrap_or_default())
    }

    fn jwt(&mut self, which: &str, keys: &Value, header: &Value, claims: &Value) {
        let kid = text(header, "kid");
        let published = keys
            .get("keys")
            .and_then(Value::as_array)
            .is_some_and(|keys| kid.is_some() && keys.iter().any(|key| text(key, "kid") == kid));
        self.expect(published, format!("{which}: its key is published"));
        self.member(claims, "iss", &json!(self.issuer()));
        let missing: Vec<&str> = ["sub", "aud", "exp", "iat"]
            .into_iter()
            .filter(|name| claims.get(name).is_none())
            .collect();
        if missing.is_empty() {
            self.expect(true, "sub, aud, exp and iat are there");
        } else {
            self.expect(false, format!("{} should be there", missing.join(", ")));
        }
    }

    fn introspect(&mut self, endpoints: &Endpoints, token: &str) -> Result<Value> {
        let form = vec![("token", token.to_owned())];
        let call = Call::as_client(&endpoints.introspection, self.access, form);
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
        self.member(&document, "client_id", &json!(self.access.client_id));
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
        let call = Call::as_client(&endpoints.revocation, self.access, form);
        let answer = self.ask(&call)?;
        self.status(&answer, 200);
        Ok(())
    }

    /// A stolen refresh token is worth nothing once its owner has used it, and ends what was made from it.
    fn reuse(&mut self, endpoints: &Endpoints) -> Result<()> {
        let tokens = self.login(endpoints, "A second login")?;
        let old = tokens.refresh.context("there is no refresh token")?;
        // Two steps on, since a client with a retry window may repeat the last one.
        let next = self.refresh(endpoints, &old, "Its refresh token is used")?;
        let next = next.refresh.context("there is no refresh token")?;
        let fresh = self.refresh(endpoints, &next, "The next one is used in turn")?;
        self.begin("The first one again, as a thief would: refused");
        let form = vec![
            ("grant_type", "refresh_token".to_owned()),
            ("refresh_token", old),
        ];
        let call = Call::as_client(&endpoints.token, self.access, form);
        let answer = self.ask(&call)?;
        self.status(&answer, 400);
        self.member(&answer.json(), "error", &json!("invalid_grant"));
        let why = "its family ended with the reuse";
        self.introspection_inactive(endpoints, &fresh.access, why)
    }

    fn begin(&mut self, title: &str) {
        self.close();
        self.number += 1;
        self.step = title.to_owned();
        let tenant = &self.access.tenant;
        show::heading(&format!("{}. {title} (tenant {tenant})", self.number));
    }

    /// Tells how the step went.
    fn close(&mut self) {
        if self.good.is_empty() && self.bad.is_empty() {
            return;
        }
        show::checks(&self.good, &self.bad);
        for fault in self.bad.drain(..) {
            let tenant = &self.access.tenant;
            self.faults.push(format!(
                "tenant {tenant}, step {} ({}): {fault}",
                self.number, self.step
            ));
        }
        self.good.clear();
    }

    fn ask(&self, call: &Call) -> Result<Answer> {
        show::request(self.http, call);
        let answer = self.http.send(call)?;
        show::answer(&answer);
        Ok(answer)
    }

    fn expect(&mut self, good: bool, what: impl Into<String>) {
        if good {
            self.good.push(what.into());
        } else {
            self.bad.push(what.into());
        }
    }

    fn status(&mut self, answer: &Answer, wanted: u16) {
        if answer.status == wanted {
            self.expect(true, format!("status {wanted}"));
        } else {
            self.expect(false, format!("status {wanted} (it was {})", answer.status));
        }
    }

    fn member(&mut self, document: &Value, name: &str, wanted: &Value) {
        let found = document.get(name).unwrap_or(&Value::Null);
        if found == wanted {
            self.expect(true, format!("{name} is {wanted}"));
        } else {
            self.expect(false, format!("{name} is {wanted} (it was {found})"));
        }
    }
}

fn text<'v>(document: &'v Value, name: &str) -> Option<&'v str> {
    document.get(name).and_then(Value::as_str)
}

/// One audience may be written plainly or as a list.
fn is_audience(claims: &Value, client_id: &str) -> bool {
    let audience = claims.get("aud");
    audience == Some(&json!(client_id)) || audience == Some(&json!([client_id]))
}
