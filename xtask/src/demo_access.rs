//! Whom the demonstration logs in: for each tenant of the registry file a client that may use the password grant and the
//! first user, if their secrets are known here; and which client plays which part in a product's story.

mod part;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use latchkey_oauth::dialect::Dialect;
use serde::Deserialize;
use serde::de::IgnoredAny;

use self::part::{Candidate, choose};
pub use self::part::{Missing, Part, Player};
use crate::registry::{Applied, Generated};
use crate::workspace;

const DEFAULT_TENANT: &str = "default";
const WANTED_SCOPE: [&str; 3] = ["openid", "profile", "email"];

/// How a client says who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientLogin {
    pub client_id: String,
    pub client_secret: String,
    /// client_secret_post rather than client_secret_basic.
    pub secret_in_form: bool,
}

#[derive(Debug)]
pub struct Access {
    pub tenant: String,
    /// Products whose clients it serves.
    pub dialects: Vec<Dialect>,
    /// What its issuer has behind its URL.
    pub issuer_path: String,
    /// Who signs the user in; in a tenant that serves products' clients the first product's.
    pub client: ClientLogin,
    pub candidates: Vec<Candidate>,
    /// One that gets no tokens, and whom the client's tokens are for.
    pub resource_server: Option<ClientLogin>,
    /// One that acts for itself.
    pub service: Option<ClientLogin>,
    pub refreshes: bool,
    /// As the registry file has it, where it has one.
    pub retry_window: Option<String>,
    pub scope: String,
    pub username: String,
    pub password: String,
    pub email: Option<String>,
    pub name: Option<String>,
}

impl Access {
    /// Who plays a part.
    ///
    /// # Errors
    /// What is missing.
    pub fn player(&self, part: Part) -> Result<Player<'_>, Missing> {
        choose(&self.candidates, part)
    }

    /// What the tenant adds to the deployment's base URL.
    pub fn tenant_path(&self) -> String {
        if self.tenant == DEFAULT_TENANT {
            String::new()
        } else {
            format!("/{}", self.tenant)
        }
    }

    pub fn asks_for(&self, scope: &str) -> bool {
        self.scope.split(' ').any(|token| token == scope)
    }
}

#[derive(Debug, Deserialize)]
struct Registry {
    tenants: Vec<Tenant>,
}

#[derive(Debug, Deserialize)]
struct Tenant {
    tenant: String,
    #[serde(default)]
    dialects: Vec<Dialect>,
    #[serde(default)]
    issuer_path: String,
    #[serde(default)]
    client_ids_as_scopes: bool,
    #[serde(default)]
    clients: Vec<Client>,
    #[serde(default)]
    users: Vec<User>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Client {
    client_id: String,
    client_secret: Option<Secret>,
    token_endpoint_auth_method: Option<String>,
    #[serde(default)]
    grant_types: Vec<String>,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    audience: Vec<String>,
    #[serde(default)]
    apis: Vec<IgnoredAny>,
    #[serde(default)]
    authentication_by_access_token: bool,
    userinfo_signed_response_alg: Option<String>,
    access_token_lifetime: Option<String>,
    refresh_token_retry_window: Option<String>,
}

#[derive(Debug, Deserialize)]
struct User {
    username: String,
    password: Option<Secret>,
    email: Option<String>,
    name: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Secret {
    Plain(String),
    Elsewhere {
        env: Option<String>,
        file: Option<String>,
    },
}

pub fn read(path: &Path, applied: &Applied) -> Result<Vec<Access>> {
    Ok(tenants(path, applied)?.0)
}

/// The tenants that the demonstration leaves out, and why.
pub fn passed_over(path: &Path, applied: &Applied) -> Result<Vec<String>> {
    Ok(tenants(path, applied)?.1)
}

fn tenants(path: &Path, applied: &Applied) -> Result<(Vec<Access>, Vec<String>)> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    parse(&text, path, applied).with_context(|| path.display().to_string())
}

fn parse(text: &str, path: &Path, applied: &Applied) -> Result<(Vec<Access>, Vec<String>)> {
    let registry: Registry = serde_saphyr::from_str(text)?;
    let (mut accesses, mut passed_over) = (Vec::new(), Vec::new());
    for tenant in &registry.tenants {
        match tenant.access(path, applied) {
            Ok(access) => accesses.push(access),
            Err(why) => {
                let tenant = &tenant.tenant;
                passed_over.push(format!("tenant {tenant} is passed over: {why}"));
            }
        }
    }
    accesses.sort_by_key(|access| access.tenant != DEFAULT_TENANT);
    Ok((accesses, passed_over))
}

impl Tenant {
    /// # Errors
    /// Why nobody can be logged in.
    fn access(&self, path: &Path, applied: &Applied) -> Result<Access, String> {
        let candidates = self.candidates(path, applied);
        let mut dialects = self.dialects.iter();
        let of_product = dialects.find_map(|it| choose(&candidates, Part::Of(*it)).ok());
        let lead = match of_product {
            Some(lead) => lead,
            None => choose(&candidates, Part::Standard).map_err(|missing| missing.to_string())?,
        };
        let client = lead.client;
        let (user, password) = self
            .user(path, applied)
            .ok_or("it has no user whose password is known here")?;
        let known = |wanted: &dyn Fn(&Client) -> bool| {
            let mut fit = candidates.iter().filter(|it| wanted(&it.client));
            fit.find_map(|it| it.login.clone())
        };
        Ok(Access {
            tenant: self.tenant.clone(),
            dialects: self.dialects.clone(),
            issuer_path: self.issuer_path.clone(),
            resource_server: known(&|other| {
                let meant = self.client_ids_as_scopes || client.audience.contains(&other.client_id);
                other.grant_types.is_empty() && meant
            }),
            service: known(&|client| client.has("client_credentials")),
            client: lead.login.clone(),
            refreshes: client.has("refresh_token"),
            retry_window: client.refresh_token_retry_window.clone(),
            scope: client.scope(),
            username: user.username.clone(),
            password,
            email: user.email.clone(),
            name: user.name.clone(),
            candidates,
        })
    }

    /// The first whose password is known.
    fn user(&self, path: &Path, applied: &Applied) -> Option<(&User, String)> {
        self.users.iter().find_map(|user| {
            let known = user
                .password
                .as_ref()
                .and_then(|password| password.value(path))
                .or_else(|| generated_password(&applied.generated, &self.tenant, &user.username))?;
            Some((user, known))
        })
    }

    fn candidates(&self, path: &Path, applied: &Applied) -> Vec<Candidate> {
        let clients = self.clients.iter().map(|client| Candidate {
            client: client.clone(),
            login: self.login(client, path, applied),
        });
        clients.collect()
    }

    /// What a client proves itself with, if that is a secret that is known here.
    fn login(&self, client: &Client, path: &Path, applied: &Applied) -> Option<ClientLogin> {
        let secret_in_form = match client.method() {
            "client_secret_basic" => false,
            "client_secret_post" => true,
            _ => return None,
        };
        let generated = || generated_secret(&applied.generated, &self.tenant, &client.client_id);
        Some(ClientLogin {
            client_id: client.client_id.clone(),
            client_secret: client.secret(path).or_else(generated)?,
            secret_in_form,
        })
    }
}

impl Player<'_> {
    pub fn refreshes(&self) -> bool {
        self.client.has("refresh_token")
    }

    /// Whether it says itself how long its tokens live, before any API does.
    pub fn has_lifetime(&self) -> bool {
        self.client.access_token_lifetime.is_some()
    }
}

impl Client {
    fn method(&self) -> &str {
        self.token_endpoint_auth_method
            .as_deref()
            .unwrap_or("client_secret_basic")
    }

    fn has(&self, grant: &str) -> bool {
        self.grant_types.iter().any(|allowed| allowed == grant)
    }

    fn secret(&self, path: &Path) -> Option<String> {
        self.client_secret.as_ref()?.value(path)
    }

    fn may_ask_for(&self, scope: &str) -> bool {
        self.scope.split_whitespace().any(|token| token == scope)
    }

    /// What the client may ask for of what the demonstration would like to show.
    fn scope(&self) -> String {
        let mut scope = WANTED_SCOPE.to_vec();
        scope.retain(|wanted| self.may_ask_for(wanted));
        scope.join(" ")
    }

    /// Why the demonstration cannot be this client.
    fn why_unknown(&self) -> String {
        let id = &self.client_id;
        match self.method() {
            "client_secret_basic" | "client_secret_post" => {
                format!("the secret of client {id} is not known here")
            }
            method => format!(
                "client {id} authenticates by {method}, and the demonstration by secrets alone"
            ),
        }
    }
}

impl Secret {
    fn value(&self, registry: &Path) -> Option<String> {
        match self {
            Self::Plain(value) => Some(value.clone()),
            Self::Elsewhere {
                env: Some(name), ..
            } => workspace::variable(name),
            Self::Elsewhere {
                file: Some(file), ..
            } => {
                let text = fs::read_to_string(registry.with_file_name(file)).ok()?;
                Some(text.trim_end_matches(['\r', '\n']).to_owned())
            }
            // A hash tells nothing, and what is generated is told by `apply`.
            Self::Elsewhere {
                env: None,
                file: None,
            } => None,
        }
    }
}

fn generated_secret(generated: &[Generated], of: &str, id: &str) -> Option<String> {
    generated.iter().find_map(|one| match one {
        Generated::Client {
            tenant,
            client_id,
            client_secret,
        } if tenant == of && client_id == id => Some(client_secret.clone()),
        Generated::Client { .. } | Generated::User { .. } => None,
    })
}

fn generated_password(generated: &[Generated], of: &str, name: &str) -> Option<String> {
    generated.iter().find_map(|one| match one {
        Generated::User {
            tenant,
            username,
            password,
        } if tenant == of && username == name => Some(password.clone()),
        Generated::Client { .. } | Generated::User { .. } => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
tenants:
  - tenant: acme
    clients:
      - client_id: made
        client_secret: { generate: true }
        token_endpoint_auth_method: client_secret_post
        grant_types: [password]
    users:
      - { username: bob, password: { hash: "$argon2id$" } }
      - { username: eve, password: { generate: true } }
  - tenant: default
    access_token_lifetime: 15m
    clients:
      - { client_id: service, client_secret: x, grant_types: [client_credentials] }
      - client_id: web
        client_secret: plain
        grant_types: [password, refresh_token]
        scope: openid email orders
        audience: [https://api.example.com, api]
      - { client_id: other, client_secret: other-secret, grant_types: [] }
      - { client_id: api, client_secret: api-secret, grant_types: [] }
    users:
      - { username: alice, password: "it's", email: a@example.org }
"#;

    fn applied() -> Applied {
        Applied {
            generated: vec![
                Generated::Client {
                    tenant: "acme".to_owned(),
                    client_id: "made".to_owned(),
                    client_secret: "s".to_owned(),
                },
                Generated::User {
                    tenant: "acme".to_owned(),
                    username: "eve".to_owned(),
                    password: "p".to_owned(),
                },
            ],
        }
    }

    #[test]
    fn the_default_tenant_comes_first_and_known_secrets_are_taken() {
        let (accesses, passed_over) = read(TEXT, &applied());
        assert!(passed_over.is_empty(), "{passed_over:?}");
        let [first, second] = accesses.as_slice() else {
            panic!("{accesses:?}");
        };
        assert_eq!(
            (first.client.client_id.as_str(), first.scope.as_str()),
            ("web", "openid email")
        );
        assert!(first.refreshes && !first.client.secret_in_form);
        let named = |login: &Option<ClientLogin>| Some(login.as_ref()?.client_id.clone());
        assert_eq!(named(&first.service).as_deref(), Some("service"));
        assert_eq!(named(&first.resource_server).as_deref(), Some("api"));
        assert_eq!(second.username, "eve", "bob's password is known to nobody");
        assert!(second.client.secret_in_form && !second.refreshes);
        assert_eq!(second.tenant_path(), "/acme");
    }

    #[test]
    fn what_is_not_known_is_passed_over() {
        let (accesses, passed_over) = read(TEXT, &Applied::default());
        assert_eq!(accesses.len(), 1);
        let why = "tenant acme is passed over: the secret of client made is not known here";
        assert_eq!(passed_over, [why]);
    }

    const PORTAL: &str = "
      - { client_id: portal, client_secret: x, grant_types: [password, refresh_token], scope: openid }";
    const HOLDER: &str = "
      - client_id: holder
        client_secret: x
        grant_types: [client_credentials, password]
        scope: openid who
        authentication_by_access_token: true
        userinfo_signed_response_alg: RS256";
    const NIGHTLY: &str = "
      - { client_id: nightly, client_secret: x, grant_types: [client_credentials], scope: orders }";
    const APP: &str = "
      - client_id: app
        client_secret: x
        grant_types: [password]
        scope: openid
        access_token_lifetime: 5m
        apis: [{ resource: https://example.com/contacts, scope: read }]";
    const MANAGER: &str = "
      - { client_id: manager, client_secret: x, grant_types: [client_credentials], scope: manage:apis:read manage:apis:write }";
    const ORANGE: &str = "
      - { client_id: orange, client_secret: x, grant_types: [password], scope: openid profile email }";
    const BY_CERTIFICATE: &str = "
      - { client_id: tls, token_endpoint_auth_method: tls_client_auth, grant_types: [password], scope: openid,
          tls_client_auth_subject_dn: CN=tls }";

    fn read(text: &str, applied: &Applied) -> (Vec<Access>, Vec<String>) {
        let path = Path::new("registry.yaml");
        parse(text, path, applied).unwrap()
    }

    /// A tenant with two dialects, and these clients.
    fn tenant(clients: &[&str]) -> (Vec<Access>, Vec<String>) {
        let head = "tenants:\n  - tenant: two\n    dialects: [activid, onelogin]\n    clients:";
        let users = "\n    users:\n      - { username: alice, password: x }\n";
        read(
            &format!("{head}{}{users}", clients.concat()),
            &Applied::default(),
        )
    }

    fn players(access: &Access, parts: &[Part]) -> Vec<String> {
        let ids = parts.iter().map(|part| match access.player(*part) {
            Ok(player) => player.login.client_id.clone(),
            Err(missing) => missing.to_string(),
        });
        ids.collect()
    }

    #[test]
    fn each_part_has_its_client_wherever_that_stands() {
        let parts = [
            Part::Of(Dialect::ActivId),
            Part::Of(Dialect::OneLogin),
            Part::OneLoginManager,
            Part::Of(Dialect::OnePortal),
            Part::Of(Dialect::MiniOrange),
        ];
        let mut clients = [NIGHTLY, HOLDER, APP, MANAGER, PORTAL, ORANGE];
        for _ in 0..2 {
            let (accesses, passed_over) = tenant(&clients);
            assert!(passed_over.is_empty(), "{passed_over:?}");
            let [access] = accesses.as_slice() else {
                panic!("{accesses:?}");
            };
            let wanted = ["holder", "app", "manager", "portal", "orange"];
            assert_eq!(players(access, &parts), wanted);
            // The first product's signs in by hand as well.
            assert_eq!(access.client.client_id, "holder");
            let app = access.player(Part::Of(Dialect::OneLogin)).unwrap();
            assert!(app.has_lifetime() && !app.refreshes());
            clients.reverse();
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let (accesses, _) = tenant(&[PORTAL, NIGHTLY]);
        let parts = [
            Part::Of(Dialect::ActivId),
            Part::OneLoginManager,
            // Without an API of its own the other will do: it gets one.
            Part::Of(Dialect::OneLogin),
        ];
        let wanted = [
            "the tenant has no client with authentication_by_access_token",
            "the tenant has no client with manage:apis:write in its scope",
            "portal",
        ];
        assert_eq!(players(&accesses[0], &parts), wanted);
    }

    #[test]
    fn who_has_certificates_alone_is_passed_over() {
        let (accesses, passed_over) = tenant(&[BY_CERTIFICATE]);
        assert!(accesses.is_empty(), "{accesses:?}");
        let why =
            "client tls authenticates by tls_client_auth, and the demonstration by secrets alone";
        assert_eq!(passed_over, [format!("tenant two is passed over: {why}")]);
        // Beside another it is that other's turn.
        let (accesses, _) = tenant(&[BY_CERTIFICATE, PORTAL]);
        assert_eq!(accesses[0].client.client_id, "portal");
    }
}
