//! Whom the demonstration logs in: for each tenant of the registry file the first client that may use the password
//! grant and the first user, if their secrets are known here.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::registry::{Applied, Generated};
use crate::workspace;

const DEFAULT_TENANT: &str = "default";
const WANTED_SCOPE: [&str; 3] = ["openid", "profile", "email"];

#[derive(Debug, PartialEq, Eq)]
pub struct Access {
    pub tenant: String,
    pub client_id: String,
    pub client_secret: String,
    /// client_secret_post rather than client_secret_basic.
    pub secret_in_form: bool,
    pub refreshes: bool,
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
        let (client, client_secret) = self.clients.iter().find_map(|client| {
            let known = client.secret(path).or_else(|| {
                generated_secret(&applied.generated, &self.tenant, &client.client_id)
            })?;
            client.takes_passwords().then_some((client, known))
        })?;
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
            client_id: client.client_id.clone(),
            client_secret,
            secret_in_form: client.method() == "client_secret_post",
            refreshes: client
                .grant_types
                .iter()
                .any(|grant| grant == "refresh_token"),
            scope: client.scope(),
            username: user.username.clone(),
            password,
            email: user.email.clone(),
        })
    }
}

impl Client {
    fn method(&self) -> &str {
        self.token_endpoint_auth_method
            .as_deref()
            .unwrap_or("client_secret_basic")
    }

    fn takes_passwords(&self) -> bool {
        matches!(self.method(), "client_secret_basic" | "client_secret_post")
            && self.grant_types.iter().any(|grant| grant == "password")
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

/// For `. FILE` in a shell: the first tenant's plainly, the others' with their tenant's name.
pub fn shell_variables(issuer: &str, accesses: &[Access]) -> String {
    let mut text = String::new();
    for (index, access) in accesses.iter().enumerate() {
        let prefix = if index == 0 {
            "LATCHKEY".to_owned()
        } else {
            let name = access
                .tenant
                .replace(|c: char| !c.is_ascii_alphanumeric(), "_");
            format!("LATCHKEY_{}", name.to_ascii_uppercase())
        };
        let issuer = format!("{issuer}{}", access.tenant_path());
        for (name, value) in [
            ("ISSUER", issuer.as_str()),
            ("CLIENT_ID", &access.client_id),
            ("CLIENT_SECRET", &access.client_secret),
            ("USERNAME", &access.username),
            ("PASSWORD", &access.password),
        ] {
            let _ = writeln!(text, "{prefix}_{name}='{}'", value.replace('\'', "'\\''"));
        }
    }
    if text.is_empty() {
        let _ = writeln!(text, "LATCHKEY_ISSUER='{issuer}'");
    }
    text
}

/// To be pasted in order: each line uses what those before it found out.
pub fn curl_lines(url: &str, access: &Access) -> Vec<String> {
    let base = format!("{url}{}", access.tenant_path());
    let client = if access.secret_in_form {
        "-d \"client_id=$LATCHKEY_CLIENT_ID\" --data-urlencode \"client_secret=$LATCHKEY_CLIENT_SECRET\""
    } else {
        "-u \"$LATCHKEY_CLIENT_ID:$LATCHKEY_CLIENT_SECRET\""
    };
    let mut lines = vec![
        ". .latchkey/client.env".to_owned(),
        format!(
            "ANSWER=$(curl -s {client} -d grant_type=password --data-urlencode \"username=$LATCHKEY_USERNAME\" \
             --data-urlencode \"password=$LATCHKEY_PASSWORD\" -d \"scope={}\" {base}/token); echo \"$ANSWER\"",
            access.scope
        ),
        r#"TOKEN=$(echo "$ANSWER" | sed 's/.*"access_token":"\([^"]*\)".*/\1/')"#.to_owned(),
        format!("curl -s {client} -d \"token=$TOKEN\" {base}/introspect"),
    ];
    if access.asks_for("openid") {
        lines.push(format!(
            "curl -s -H \"Authorization: Bearer $TOKEN\" {base}/userinfo"
        ));
    }
    lines
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
            (first.client_id.as_str(), first.scope.as_str()),
            ("web", "openid email")
        );
        assert!(first.refreshes && !first.secret_in_form);
        assert_eq!(second.username, "eve", "bob's password is known to nobody");
        assert!(second.secret_in_form && !second.refreshes);
        assert_eq!(second.tenant_path(), "/acme");
    }

    #[test]
    fn what_is_not_known_is_passed_over() {
        let accesses = parse(TEXT, Path::new("registry.yaml"), &Applied::default()).unwrap();
        assert_eq!(accesses.len(), 1);
    }

    #[test]
    fn shell_variables_are_quoted() {
        let accesses = parse(TEXT, Path::new("registry.yaml"), &applied()).unwrap();
        let text = shell_variables("http://127.0.0.1:9000", &accesses);
        assert!(text.contains("LATCHKEY_PASSWORD='it'\\''s'\n"), "{text}");
        assert!(text.contains("LATCHKEY_ACME_ISSUER='http://127.0.0.1:9000/acme'\n"));
    }
}
