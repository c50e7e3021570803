//! OneLogin's story: an API is made, asked for, and deleted, all at that product's paths.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use latchkey_oauth::dialect::Dialect;
use latchkey_oauth::segment;
use serde_json::{Value, json};

use super::member;
use crate::demo_access::{ClientLogin, Part, Player};
use crate::demo_checks::{Story, has_audience, text};
use crate::demo_http::{Answer, Call, Credentials};
use crate::demo_jwt::Jwt;

const APIS: &str = "/api/2/api_authorizations";
/// The same in every run: for a minute the token function may remember the client and the API of the run before, and these
/// are then like those of this one.
const RESOURCE: &str = "https://example.com/demonstration";
const MINUTES: u64 = 10;
/// Together longer than a function remembers a client.
const TRIES: u32 = 14;
const PAUSE: Duration = Duration::from_secs(5);

impl Story<'_> {
    pub(super) fn onelogin(&mut self) -> Result<()> {
        let Some(manager) = self.player(Part::OneLoginManager)? else {
            return Ok(());
        };
        let Some(app) = self.player(Part::Of(Dialect::OneLogin))? else {
            return Ok(());
        };
        let token = self.token_for_apis(manager.login)?;
        self.list(&token, app.login)?;
        let api = self.new_api(&token)?;
        let used = self.api_in_use(&token, api, app);
        // Even if that ended early: the next run makes the same one.
        self.delete_api(&token, api, app.login)?;
        used?;
        self.revoke_token_for_apis(manager.login, &token)
    }

    fn token_for_apis(&mut self, manager: &ClientLogin) -> Result<String> {
        let grant = json!({"grant_type": "client_credentials"});
        let ask = self.by_header("/auth/oauth2/token", manager, grant);
        let told = self.told("OneLogin: a token for its APIs, in JSON", &ask)?;
        self.succeeded(&told);
        let token = told.pointer("/data/0/access_token").and_then(Value::as_str);
        let token = token.context("there is no data[0].access_token")?;
        Ok(token.to_owned())
    }

    fn list(&mut self, token: &str, app: &ClientLogin) -> Result<()> {
        let list = self.by_bearer(APIS, token);
        let told = self.told("OneLogin: its API authorizations", &list)?;
        let apis = told.as_array();
        self.expect(apis.is_some(), "a list");
        let left = apis.into_iter().flatten().find(|api| {
            let identifier = api.pointer("/configuration/resource_identifier");
            identifier == Some(&json!(RESOURCE))
        });
        let Some(left) = left.and_then(|api| api.get("id")?.as_u64()) else {
            return Ok(());
        };
        self.begin("OneLogin: the API of a run that ended early is deleted");
        let [of_app, of_api] = self.deletions(token, left, app);
        self.http.send(&of_app)?;
        let answer = self.ask(&of_api)?;
        self.is_gone(&answer, token, left)
    }

    fn new_api(&mut self, token: &str) -> Result<u64> {
        let new = json!({
            "name": "Demonstration",
            "description": "Made and deleted by the demonstration",
            "configuration": {
                "resource_identifier": RESOURCE,
                "audiencies": RESOURCE,
                "access_token_expiration_minutes": MINUTES,
            },
        });
        self.made("OneLogin: an API authorization is made", APIS, token, new)
    }

    fn api_in_use(&mut self, token: &str, api: u64, app: Player<'_>) -> Result<()> {
        let at = format!("{APIS}/{api}");
        let scope = json!({"value": "read:demonstration", "description": "Read what is shown"});
        let title = "OneLogin: the API's scope";
        let scope = self.made(title, &format!("{at}/scopes"), token, scope)?;
        let title = "OneLogin: a claim that the API's tokens have of the user";
        let claim = json!({"name": "name"});
        self.made(title, &format!("{at}/claims"), token, claim)?;

        self.begin("OneLogin: an application that may have tokens for the API");
        let app_id = app_id(&app.login.client_id);
        let body = json!({"app_id": app_id, "scopes": [scope]});
        let path = self.path(&format!("{at}/clients"));
        let answer = self.ask(&Call::manage(&path, token, body))?;
        self.status(&answer, 201);
        self.member(&answer.json(), "app_id", &app_id);
        self.member(&answer.json(), "api_auth_id", &json!(api));

        let issued = self.sign_in_for_api(app)?;
        let about = vec![("token", issued)];
        let about = self.by_client("/oidc/2/token/introspection", app.login, about);
        let told = self.told("OneLogin: introspection", &about)?;
        self.member(&told, "active", &json!(true));
        self.member(&told, "client_id", &json!(app.login.client_id));
        self.expect(has_audience(&told, RESOURCE), format!("aud has {RESOURCE}"));
        Ok(())
    }

    /// An access token for the API.
    fn sign_in_for_api(&mut self, app: Player<'_>) -> Result<String> {
        self.begin("OneLogin: a password login for the API");
        let mut form = self.login_form();
        form.push(("client_id", app.login.client_id.clone()));
        form.push(("resource", RESOURCE.to_owned()));
        form.push(("scope", "openid".to_owned()));
        let login = self.by_client("/oidc/2/token", app.login, form);
        let answer = self.ask_patiently(&login)?;
        self.status(&answer, 200);
        let told = answer.json();
        if !app.has_lifetime() {
            self.member(&told, "expires_in", &json!(MINUTES * 60));
        }
        let token = member(&told, "access_token")?;
        // The client's own setting may have it opaque.
        if let Some(jwt) = Jwt::read(&token) {
            let certs = self.path("/oidc/2/certs");
            let keys = self.http.send(&Call::get(&certs))?.json();
            self.jwt("access token", &keys, &jwt);
            self.expect(
                has_audience(&jwt.claims, RESOURCE),
                format!("aud has {RESOURCE}"),
            );
            if let Some(name) = &self.access.name {
                self.member(&jwt.claims, "name", &json!(name));
            }
        }
        Ok(token)
    }

    /// A client that has signed somebody in within this minute is remembered without its new API: it is asked again until
    /// it is read anew.
    fn ask_patiently(&self, call: &Call) -> Result<Answer> {
        let is_unknown = |answer: &Answer| text(&answer.json(), "error") == Some("invalid_target");
        let mut answer = self.ask(call)?;
        if is_unknown(&answer) {
            self.aside("The client is remembered as it was, for a minute at most: asking again until it is read anew.");
            for _ in 0..TRIES {
                thread::sleep(PAUSE);
                answer = self.http.send(call)?;
                if !is_unknown(&answer) {
                    break;
                }
            }
            self.show(&answer);
        }
        Ok(answer)
    }

    /// By number, so that an API is found again whatever it is called.
    fn deletions(&self, token: &str, api: u64, app: &ClientLogin) -> [Call; 2] {
        let at = format!("{APIS}/{api}");
        let of_app = format!("{at}/clients/{}", segment::of(&app.client_id));
        [of_app, at].map(|path| Call::delete(&self.path(&path), token))
    }

    fn delete_api(&mut self, token: &str, api: u64, app: &ClientLogin) -> Result<()> {
        self.begin("OneLogin: the API is taken from the application, and deleted");
        let [of_app, of_api] = self.deletions(token, api, app);
        let answer = self.ask(&of_app)?;
        self.status(&answer, 204);
        let answer = self.ask(&of_api)?;
        self.is_gone(&answer, token, api)
    }

    fn is_gone(&mut self, deleted: &Answer, token: &str, api: u64) -> Result<()> {
        self.status(deleted, 204);
        let read = self.by_bearer(&format!("{APIS}/{api}"), token);
        let status = self.http.send(&read)?.status;
        self.expect(status == 404, "reading it is 404 now");
        Ok(())
    }

    fn revoke_token_for_apis(&mut self, manager: &ClientLogin, token: &str) -> Result<()> {
        let which = json!({ "access_token": token });
        let revoke = self.by_header("/auth/oauth2/revoke", manager, which);
        let told = self.told("OneLogin: the token for its APIs is revoked", &revoke)?;
        self.succeeded(&told);
        self.begin("OneLogin: no list for the revoked token");
        let answer = self.ask(&self.by_bearer(APIS, token))?;
        self.status(&answer, 401);
        self.member(&answer.json(), "message", &json!("Unauthorized"));
        Ok(())
    }

    /// A step that makes something; its number.
    fn made(&mut self, title: &str, path: &str, token: &str, new: Value) -> Result<u64> {
        self.begin(title);
        let answer = self.ask(&Call::manage(&self.path(path), token, new))?;
        self.status(&answer, 201);
        let id = answer.json().get("id").and_then(Value::as_u64);
        self.expect(id.is_some(), "id is a number");
        id.context("nothing was made")
    }

    /// With both credentials by name, in a header of the product's own.
    fn by_header(&self, path: &str, client: &ClientLogin, json: Value) -> Call {
        Call {
            credentials: Some(Credentials::Named(client.clone())),
            json: Some(json),
            ..Call::get(&self.path(path))
        }
    }

    fn succeeded(&mut self, told: &Value) {
        let name = "status.type";
        let kind = json!({ name: told.pointer("/status/type") });
        self.member(&kind, name, &json!("success"));
    }
}

/// Digits alone are a number there.
fn app_id(client_id: &str) -> Value {
    let number = client_id.parse::<u64>().ok();
    let number = number.filter(|number| number.to_string() == client_id);
    number.map_or_else(|| client_id.into(), Value::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_is_a_number_if_it_is_called_by_one() {
        assert_eq!(app_id("909021"), json!(909_021));
        for text in ["shop", "007", "+1", "99999999999999999999"] {
            assert_eq!(app_id(text), json!(text));
        }
    }
}
