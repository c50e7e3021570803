//! Whom the demonstration logs in: for each tenant of the registry file the first client that may use the password
//! grant and the first user, if their secrets are known here.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use latchkey_oauth::dialect::Dialect;
use serde::Deserialize;

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

#[derive(Debug, PartialEq, Eq)]
pub struct Access {
    pub tenant: String,
    /// Products whose clients it serves.
    pub dialects: Vec<Dialect>,
    /// What its issuer has behind its URL.
    pub issuer_path: String,
    pub client: ClientLogin,
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
}

impl Access {
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

#[derive(Debug, Deserialize)]
struct Client {
    client_id: String,
    client_secret: Option<Secret>,
    token_endpoint_auth_method: Option<String>,
    #[serde(default)]
    grant_types: Vec<String>,
    scope: Option<String>,
    #[serde(default)]
    audience: Vec<String>,
    refresh_token_retry_window: Option<String>,
}

#[derive(Debug, Deserialize)]
struct User {
    username: String,
    password: Option<Secret>,
    email: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Secret {
    Plain(String),
    Elsewhere {
        env: Option<String>,
        file: Option<String>,
    },
}

pub fn read(path: &Path, applied: &Applied) -> Result<Vec<Access>> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    parse(&text, path, applied).with_context(|| path.display().to_string())
}

fn parse(text: &str, path: &Path, applied: &Applied) -> Result<Vec<Access>> {
    let registry: Registry = serde_saphyr::from_str(text)?;
    let mut accesses: Vec<Access> = registry
        .tenants
        .iter()
        .filter_map(|tenant| tenant.access(path, applied))
        .collect();
    accesses.sort_by_key(|access| access.tenant != DEFAULT_TENANT);
    Ok(accesses)
}

impl Tenant {
    fn access(&self, path: &Path, applied: &Applied) -> Option<Access> {
        let (client, login) = self
            .logins(path, applied)
            .find(|(client, _)| client.has("password"))?;
        let (user, password) = self.users.iter().find_map(|user| {
            let known = user
                .password
                .as_ref()
                .and_then(|password| password.value(path))
                .or_else(|| generated_password(&applied.generated, &self.tenant, &user.username))?;
            Some((user, known))
        })?;
        Some(Access {
            tenant: self.tenant.clone(),
            dialects: self.dialects.clone(),
            issuer_path: self.issuer_path.clone(),
            resource_server: self
                .logins(path, applied)
                .find(|(other, _)| {
                    let meant =
                        self.client_ids_as_scopes || client.audience.contains(&other.client_id);
                    other.grant_types.is_empty() && meant
                })
                .map(|(_, login)| login),
            service: self
                .logins(path, applied)
                .find(|(client, _)| client.has("client_credentials"))
                .map(|(_, login)| login),
            client: login,
            refreshes: client.has("refresh_token"),
            retry_window: client.refresh_token_retry_window.clone(),
            scope: client.scope(),
            username: user.username.clone(),
            password,
            email: user.email.clone(),
        })
    }
}

impl Tenant {
    /// The confidential clients whose secrets are known.
    fn logins(
        &self,
        path: &Path,
        applied: &Applied,
    ) -> impl Iterator<Item = (&Client, ClientLogin)> {
        self.clients.iter().filter_map(move |client| {
            let secret_in_form = match client.method() {
                "client_secret_basic" => false,
                "client_secret_post" => true,
                _ => return None,
            };
            let client_secret = client.secret(path).or_else(|| {
                generated_secret(&applied.generated, &self.tenant, &client.client_id)
            })?;
            let login = ClientLogin {
                client_id: client.client_id.clone(),
                client_secret,
                secret_in_form,
            };
            Some((client, login))
        })
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

    /// What the client may ask for of what the demonstration would like to show.
    fn scope(&self) -> String {
        let Some(allowed) = &self.scope else {
            return WANTED_SCOPE.join(" ");
        };
        let scope: Vec<&str> = WANTED_SCOPE
            .into_iter()
            .filter(|wanted| allowed.split_whitespace().any(|token| token == *wanted))
            .collect();
        scope.join(" ")
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
        let accesses = parse(TEXT, Path::new("registry.yaml"), &applied()).unwrap();
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
        let accesses = parse(TEXT, Path::new("registry.yaml"), &Applied::default()).unwrap();
        assert_eq!(accesses.len(), 1);
    }
}
