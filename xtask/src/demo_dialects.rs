//! The demonstration of a tenant that serves another product's clients: a password login as that product's page has it.

use anyhow::{Context, Result, bail};
use latchkey_oauth::dialect::Dialect;
use serde_json::{Value, json};

use crate::demo_access::ClientLogin;
use crate::demo_checks::{Story, text};
use crate::demo_http::{Call, Credentials};
use crate::demo_jwt::Jwt;

type Form = Vec<(&'static str, String)>;

impl Story<'_> {
    /// For each product that the tenant serves: a login by a client of its, and what is done with the token.
    pub fn dialects(&mut self) -> Result<()> {
        let dialects = &self.access.dialects;
        let outcome = dialects.iter().try_for_each(|dialect| match dialect {
            Dialect::OnePortal => self.oneportal(),
            Dialect::ActivId => self.activid(),
            Dialect::MiniOrange => self.miniorange(),
            Dialect::Ubisecure => self.ubisecure(),
            Dialect::OneLogin => self.onelogin(),
        });
        self.close();
        outcome
    }

    fn oneportal(&mut self) -> Result<()> {
        let client = self.access.client.clone();
        let login = self.by_basic("/openid/token?", &client, self.login_form());
        let told = self.told("onePortal: a password login", &login)?;
        let token = member(&told, "access_token")?;
        self.member(&told, "token_type", &json!("Bearer"));
        let refreshes = told.get("refresh_token").is_some_and(Value::is_string);
        self.expect(refreshes, "a refresh token that nobody asked for");
        let about = vec![
            ("token", token),
            ("token_type_hint", "access_token".to_owned()),
        ];
        let about = self.by_basic("/openid/introspect", &client, about);
        let told = self.told("onePortal: introspection", &about)?;
        self.member(&told, "active", &json!(true));
        self.member(&told, "clientId", &json!(client.client_id));
        self.member(&told, "tokenType", &json!("access_token"));
        Ok(())
    }

    fn miniorange(&mut self) -> Result<()> {
        let client = self.access.client.clone();
        let mut form = self.login_form();
        form.push(("client_id", client.client_id.clone()));
        form.push(("client_secret", client.client_secret.clone()));
        form.push(("scope", "email/profile".to_owned()));
        let login = self.by_basic("/moas/rest/oauth/token", &client, form);
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
        Ok(())
    }

    fn activid(&mut self) -> Result<()> {
        let client = self.access.client.clone();
        let name = "urn:hid:oauth:grant-type:client-secret-pki".to_owned();
        let form = vec![("grant_type", name)];
        let login = self.by_basic("/authn/token", &client, form);
        let told = self.told("ActivID: the client's own token", &login)?;
        let level = |level: &str| json!({ "LEVEL_OF_ASSURANCE": level });
        self.member(&told, "context", &level("2"));
        let own = member(&told, "access_token")?;
        let mut login = self.by_bearer("/authn/token", &own);
        login.form = Some(self.login_form());
        let told = self.told("ActivID: a password login with the client's token", &login)?;
        self.member(&told, "context", &level("1"));
        let token = member(&told, "access_token")?;
        self.begin("ActivID: who signed in, signed");
        let who = self.by_bearer("/authn/userinfo", &token);
        let answer = self.ask(&who)?;
        self.status(&answer, 200);
        let told = Jwt::read(&answer.text).context("UserInfo is no JWT")?;
        let name = json!(self.access.username);
        self.member(&told.claims, "preferred_username", &name);
        let mut revoke = self.by_bearer("/authn/revoke", &own);
        revoke.form = Some(vec![("token", token), ("client_id", client.client_id)]);
        self.begin("ActivID: revocation with the client's token");
        let answer = self.ask(&revoke)?;
        self.status(&answer, 200);
        self.expect(answer.text.is_empty(), "an empty answer");
        Ok(())
    }

    fn ubisecure(&mut self) -> Result<()> {
        let client = self.access.client.clone();
        let server = self.access.resource_server.clone();
        let server = server.context("the tenant has no client without a grant")?;
        let mut form = self.login_form();
        form.push(("scope", format!("openid {}", server.client_id)));
        let login = self.by_basic("/uas/oauth2/token", &client, form);
        let told = self.told("Ubisecure: a password login for a resource server", &login)?;
        let identified = told.get("id_token").is_some_and(Value::is_string);
        self.expect(identified, "an ID token");
        let about = vec![("token", member(&told, "access_token")?)];
        let about = self.by_basic("/uas/oauth2/introspection", &server, about);
        let told = self.told("Ubisecure: introspection by the resource server", &about)?;
        self.member(&told, "active", &json!(true));
        self.member(&told, "azp", &json!(client.client_id));
        let audience = told.get("aud").and_then(Value::as_array);
        let meant = audience.is_some_and(|aud| aud.contains(&json!(server.client_id)));
        self.expect(meant, format!("aud has {}", server.client_id));
        Ok(())
    }

    fn onelogin(&mut self) -> Result<()> {
        let manager = self.access.service.clone();
        let manager = manager.context("the tenant has no client that manages its APIs")?;
        let token = Call {
            credentials: Some(Credentials::Named(manager)),
            json: Some(json!({"grant_type": "client_credentials"})),
            ..Call::get(&self.path("/auth/oauth2/token"))
        };
        let told = self.told("OneLogin: a token for its APIs, in JSON", &token)?;
        let token = told.pointer("/data/0/access_token").and_then(Value::as_str);
        let token = token
            .context("there is no data[0].access_token")?
            .to_owned();
        let list = self.by_bearer("/api/2/api_authorizations", &token);
        let told = self.told("OneLogin: API authorizations", &list)?;
        let resource = told.pointer("/0/configuration/resource_identifier");
        let Some(resource) = resource.and_then(Value::as_str).map(str::to_owned) else {
            bail!("there is no API");
        };
        let client = self.access.client.clone();
        let mut form = self.login_form();
        form.push(("client_id", client.client_id.clone()));
        form.push(("resource", resource.clone()));
        form.push(("scope", "openid".to_owned()));
        let login = self.by_basic("/oidc/2/token", &client, form);
        let told = self.told("OneLogin: a password login for an API", &login)?;
        let token = member(&told, "access_token")?;
        let claims = Jwt::read(&token).context("the access token is no JWT")?;
        let audience = claims.claims.get("aud").map(Value::to_string);
        let meant = audience.is_some_and(|aud| aud.contains(&resource));
        self.expect(meant, format!("aud has {resource}"));
        let about = self.by_basic(
            "/oidc/2/token/introspection",
            &client,
            vec![("token", token)],
        );
        let told = self.told("OneLogin: introspection", &about)?;
        self.member(&told, "active", &json!(true));
        self.member(&told, "client_id", &json!(client.client_id));
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

    fn by_basic(&self, path: &str, client: &ClientLogin, form: Form) -> Call {
        Call {
            credentials: Some(Credentials::Basic {
                client_id: client.client_id.clone(),
                secret: client.client_secret.clone(),
            }),
            form: Some(form),
            ..Call::get(&self.path(path))
        }
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
