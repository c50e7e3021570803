//! `latchkey client`.

use std::path::Path;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use latchkey_oauth::client::{Client, ClientAuthMethod, ClientId, RegistryAdmin};
use latchkey_oauth::registration::RegistrationRepository;
use latchkey_oauth::store::{Expected, Versioned};
use latchkey_oauth::tenant::TenantId;
use latchkey_oauth::user::UserAdmin;
use latchkey_registry::door::Surroundings;
use latchkey_registry::fault::Place;
use latchkey_registry::tree::Node;
use latchkey_registry::{ClientSecrets, client as registry_client};
use serde::Serialize;
use x509_cert::Certificate;
use x509_cert::der::Document;
use x509_cert::der::pem::PemLabel as _;

use super::{Session, ensure_tenant, read};
use crate::arguments::{ClientAdd, ClientCommand, ClientSecret, Deletion, OfTenant, OneClient};
use crate::plan::diff::Field;
use crate::plan::{self, Action, Change, SecretToCome, Verb};

#[derive(Serialize)]
struct Row<'a> {
    client_id: &'a ClientId,
    client_name: Option<&'a str>,
    token_endpoint_auth_method: &'static str,
    grant_types: Vec<&'static str>,
    scope: String,
    secrets: usize,
    disabled: bool,
}

impl<'a> From<&'a Client> for Row<'a> {
    fn from(client: &'a Client) -> Self {
        Self {
            client_id: &client.client_id,
            client_name: client.client_name.as_deref(),
            token_endpoint_auth_method: client.token_endpoint_auth_method.as_str(),
            grant_types: client
                .grant_types
                .iter()
                .map(|grant| grant.as_str())
                .collect(),
            scope: client.scope.to_string(),
            secrets: client.client_secret_hashes.len(),
            disabled: client.disabled,
        }
    }
}

impl<R: RegistryAdmin + RegistrationRepository, U: UserAdmin> Session<'_, R, U> {
    /// Does what the subcommand says.
    ///
    /// # Errors
    /// What went wrong.
    pub async fn client(&mut self, command: ClientCommand) -> anyhow::Result<()> {
        match command {
            ClientCommand::List(of) => self.list_clients(&of).await,
            ClientCommand::Add(arguments) => self.add_client(&arguments).await,
            ClientCommand::Secret(arguments) => self.client_secret(&arguments).await,
            ClientCommand::Activate(one) => self.activate(one).await,
            ClientCommand::ActivationCode(arguments) => self.activation_code(arguments).await,
            ClientCommand::RegistrationToken(arguments) => self.registration_token(arguments).await,
            ClientCommand::Disable(one) => self.set_client_disabled(one, true).await,
            ClientCommand::Enable(one) => self.set_client_disabled(one, false).await,
            ClientCommand::Delete(Deletion { one, yes }) => {
                let client = self.find_client(&one).await?;
                let what = format!(
                    "This deletes client {} of tenant {}.",
                    client.client_id, one.of.tenant
                );
                self.ensure_confirmed(&what, yes)?;
                let action = Action::DeleteClient(client.value.client_id, client.version);
                self.make_one(change(one.of.tenant, Verb::Delete, Vec::new(), action))
                    .await
            }
        }
    }
}

impl<R: RegistryAdmin, U: UserAdmin> Session<'_, R, U> {
    async fn list_clients(&mut self, of: &OfTenant) -> anyhow::Result<()> {
        ensure_tenant(self.registry, &of.tenant).await?;
        let clients = self.registry.clients(&of.tenant).await?;
        let rows: Vec<Row<'_>> = clients
            .iter()
            .map(|client| Row::from(&client.value))
            .collect();
        let header = [
            "CLIENT_ID",
            "NAME",
            "AUTHENTICATES",
            "GRANTS",
            "SCOPE",
            "STATE",
        ];
        self.output.rows(&rows, header, |row| {
            let state = if row.disabled { "disabled" } else { "enabled" };
            [
                row.client_id.to_string(),
                row.client_name.unwrap_or_default().to_owned(),
                row.token_endpoint_auth_method.to_owned(),
                row.grant_types.join(","),
                row.scope.clone(),
                state.to_owned(),
            ]
        })?;
        Ok(())
    }

    pub(super) async fn find_client(&self, one: &OneClient) -> anyhow::Result<Versioned<Client>> {
        let tenant = &one.of.tenant;
        match self.registry.read_client(tenant, &one.client_id).await? {
            Some(client) => Ok(client),
            None => bail!(
                "tenant {tenant} has no client {}. `latchkey client list --tenant {tenant}` tells which it has",
                one.client_id
            ),
        }
    }

    async fn add_client(&mut self, arguments: &ClientAdd) -> anyhow::Result<()> {
        let OneClient { client_id, of } = &arguments.client;
        ensure_tenant(self.registry, &of.tenant).await?;
        if self.registry.client(&of.tenant, client_id).await?.is_some() {
            bail!(
                "tenant {} has a client {client_id} already. Change it in the registry file and apply that",
                of.tenant
            );
        }
        let certificates = arguments.certificates.iter();
        let keys = certificates.map(|path| key_of(self.surroundings, path));
        let node = node(arguments, keys.collect::<anyhow::Result<_>>()?);
        let entry = read(|faults| {
            let surroundings = Some(self.surroundings);
            registry_client::read(node, &Place::default(), surroundings, faults)
        })?;
        match plan::client::one(&of.tenant, &entry, None) {
            Some(change) => self.make_one(change).await,
            None => Ok(()),
        }
    }

    async fn client_secret(&mut self, arguments: &ClientSecret) -> anyhow::Result<()> {
        let Versioned {
            value: mut client,
            version,
        } = self.find_client(&arguments.client).await?;
        let method = client.token_endpoint_auth_method;
        if !method.uses_secret() {
            bail!(
                "{} has no use for a secret: its method is {}",
                client.client_id,
                method.as_str()
            );
        }
        let newest = client.client_secret_hashes.first().cloned();
        let mut secret = None;
        client.client_secret_hashes = newest.into_iter().collect();
        if !arguments.drop_old {
            if !arguments.keep_old {
                client.client_secret_hashes.clear();
            }
            let node = arguments.secret.node_or("generate");
            let place = Place::default();
            let new = read(|faults| {
                registry_client::secrets(node, &place, Some(self.surroundings), faults)
            })?;
            match new {
                ClientSecrets::Known(hashes) => {
                    client.client_secret_hashes.splice(0..0, hashes);
                }
                ClientSecrets::Prompt => secret = Some(SecretToCome::Prompt),
                ClientSecrets::Generate | ClientSecrets::None => {
                    secret = Some(SecretToCome::Generate)
                }
            }
        }
        let fields = vec![Field::untold("client_secret")];
        let action = Action::PutClient {
            client: Box::new(client),
            secret,
            expected: Expected::Version(version),
        };
        self.make_one(change(
            arguments.client.of.tenant.clone(),
            Verb::Change,
            fields,
            action,
        ))
        .await
    }

    async fn set_client_disabled(&mut self, one: OneClient, disabled: bool) -> anyhow::Result<()> {
        let state = if disabled {
            "is disabled already"
        } else {
            "is enabled already"
        };
        self.change_client(one, state, |client| client.disabled = disabled)
            .await
    }

    /// Changes a client, or says that it `is_so` already.
    pub(super) async fn change_client(
        &mut self,
        one: OneClient,
        is_so: &str,
        alter: impl Fn(&mut Client),
    ) -> anyhow::Result<()> {
        let old = self.find_client(&one).await?;
        let mut client = old.value.clone();
        alter(&mut client);
        let Some((verb, fields)) = plan::diff::compare(Some(&old.value), &client) else {
            return self.nothing_to_do(&format!("Client {} {is_so}.", one.client_id));
        };
        let action = Action::PutClient {
            client: Box::new(client),
            secret: None,
            expected: Expected::Version(old.version),
        };
        self.make_one(change(one.of.tenant, verb, fields, action))
            .await
    }
}

fn change(tenant: TenantId, verb: Verb, fields: Vec<Field>, action: Action) -> Change {
    Change {
        tenant,
        verb,
        fields,
        action,
    }
}

/// A client's certificate out of its file, as a key of its `jwks` (RFC 8705 section 2.2.2).
fn key_of(surroundings: &dyn Surroundings, path: &Path) -> anyhow::Result<Node> {
    let of_path = || format!("the certificate {}", path.display());
    let text = surroundings.read(path).with_context(of_path)?;
    let (label, der) = Document::from_pem(text.trim()).with_context(of_path)?;
    Certificate::validate_pem_label(label).with_context(of_path)?;
    let chain = Node::texts([STANDARD.encode(der.as_bytes())]);
    Ok(Node::mapping([("x5c".to_owned(), chain)]))
}

/// The client as the registry file would have it.
fn node(arguments: &ClientAdd, keys: Vec<Node>) -> Node {
    let optional = [
        ("client_name", &arguments.name),
        ("token_endpoint_auth_method", &arguments.auth_method),
        ("scope", &arguments.scope),
        ("default_scope", &arguments.default_scope),
        ("access_token_lifetime", &arguments.access_token_lifetime),
        (
            "tls_client_auth_subject_dn",
            &arguments.tls_client_auth_subject_dn,
        ),
    ];
    let mut entries = vec![
        (
            "client_id".to_owned(),
            Node::text(arguments.client.client_id.as_str()),
        ),
        (
            "grant_types".to_owned(),
            Node::texts(&arguments.grant_types),
        ),
        ("audience".to_owned(), Node::texts(&arguments.audience)),
    ];
    let given = optional.into_iter().filter_map(|(name, value)| {
        let value = value.as_deref()?;
        Some((name.to_owned(), Node::text(value)))
    });
    entries.extend(given);
    if !keys.is_empty() {
        let jwks = Node::mapping([("keys".to_owned(), Node::list(keys))]);
        entries.push(("jwks".to_owned(), jwks));
    }
    let method = arguments.auth_method.as_deref();
    let method = method.and_then(|it| registry_client::auth_method(it).ok());
    let has_secret = method.is_none_or(ClientAuthMethod::uses_secret);
    let secret = match arguments.secret.node() {
        None if !has_secret => None,
        given => Some(given.unwrap_or_else(|| arguments.secret.node_or("generate"))),
    };
    entries.extend(secret.map(|node| ("client_secret".to_owned(), node)));
    Node::mapping(entries)
}
