//! `latchkey api`.

use anyhow::bail;
use latchkey_oauth::api::{Api, AssignedApi};
use latchkey_oauth::client::{Client, RegistryAdmin};
use latchkey_oauth::scope::Scope;
use latchkey_oauth::store::{Expected, Versioned};
use latchkey_oauth::user::UserAdmin;
use latchkey_registry::api as vocabulary;
use latchkey_registry::fault::Place;
use latchkey_registry::tree::Node;
use serde::Serialize;

use super::{Session, ensure_tenant, read};
use crate::arguments::{
    ApiAdd, ApiAssign, ApiCommand, ApiUnassign, Deletion, OfTenant, OneApi, OneClient,
};
use crate::plan::{self, Action, Change, Verb};

#[derive(Serialize)]
struct Row<'a> {
    resource: &'a str,
    name: Option<&'a str>,
    audience: Vec<String>,
    scopes: Vec<&'a str>,
    claims: Vec<&'a str>,
    clients: Vec<&'a str>,
}

impl<R: RegistryAdmin, U: UserAdmin> Session<'_, R, U> {
    /// Does what the subcommand says.
    ///
    /// # Errors
    /// What went wrong.
    pub async fn api(&mut self, command: ApiCommand) -> anyhow::Result<()> {
        match command {
            ApiCommand::List(of) => self.list_apis(&of).await,
            ApiCommand::Add(arguments) => self.add_api(&arguments).await,
            ApiCommand::Assign(arguments) => self.assign(&arguments).await,
            ApiCommand::Unassign(arguments) => self.unassign(arguments).await,
            ApiCommand::Delete(Deletion { one, yes }) => self.delete_api(one, yes).await,
        }
    }

    async fn list_apis(&mut self, of: &OfTenant) -> anyhow::Result<()> {
        ensure_tenant(self.registry, &of.tenant).await?;
        let apis = self.registry.apis(&of.tenant).await?;
        let clients = self.registry.clients(&of.tenant).await?;
        let rows: Vec<Row<'_>> = apis.iter().map(|api| row(api, &clients)).collect();
        let header = [
            "RESOURCE", "NAME", "AUDIENCE", "SCOPES", "CLAIMS", "CLIENTS",
        ];
        self.output.rows(&rows, header, |row| {
            [
                row.resource.to_owned(),
                row.name.unwrap_or_default().to_owned(),
                row.audience.join(" "),
                row.scopes.join(" "),
                row.claims.join(" "),
                row.clients.join(" "),
            ]
        })?;
        Ok(())
    }

    async fn find_api(&self, one: &OneApi) -> anyhow::Result<Versioned<Api>> {
        let tenant = &one.of.tenant;
        match self.registry.read_api(tenant, &one.resource).await? {
            Some(api) => Ok(api),
            None => bail!(
                "tenant {tenant} has no API {}. `latchkey api list --tenant {tenant}` tells which it has",
                one.resource
            ),
        }
    }

    async fn add_api(&mut self, arguments: &ApiAdd) -> anyhow::Result<()> {
        let OneApi { resource, of } = &arguments.api;
        ensure_tenant(self.registry, &of.tenant).await?;
        if self.registry.api(&of.tenant, resource).await?.is_some() {
            bail!(
                "tenant {} has an API {resource} already. Change it in the registry file and apply that",
                of.tenant
            );
        }
        let entry = read(|faults| vocabulary::read(node(arguments), &Place::default(), faults))?;
        let (verb, fields) = (Verb::Create, plan::diff::created(&entry.api, None));
        self.make_one(Change {
            tenant: of.tenant.clone(),
            verb,
            fields,
            action: Action::PutApi {
                api: entry.api,
                expected: Expected::Absent,
            },
        })
        .await
    }

    async fn delete_api(&mut self, one: OneApi, yes: bool) -> anyhow::Result<()> {
        let api = self.find_api(&one).await?;
        let clients = self.registry.clients(&one.of.tenant).await?;
        let assigned = row(&api, &clients).clients.len();
        let what = format!(
            "This deletes API {} of tenant {}; {assigned} clients get no tokens for it any more.",
            one.resource, one.of.tenant
        );
        self.ensure_confirmed(&what, yes)?;
        self.make_one(Change {
            tenant: one.of.tenant,
            verb: Verb::Delete,
            fields: Vec::new(),
            action: Action::DeleteApi(one.resource, api.version),
        })
        .await
    }

    async fn assign(&mut self, arguments: &ApiAssign) -> anyhow::Result<()> {
        let ApiUnassign {
            resource,
            client_id,
            of,
        } = &arguments.pair;
        let of = || OfTenant {
            tenant: of.tenant.clone(),
        };
        let one = OneApi {
            resource: resource.clone(),
            of: of(),
        };
        let api = self.find_api(&one).await?;
        let scope = match arguments.scope.as_str() {
            "" => Scope::default(),
            text => Scope::parse(text)?,
        };
        if let Some(unknown) = scope.tokens().find(|token| !api.has_scope(token)) {
            bail!("the API {resource} has no scope {unknown}");
        }
        let client = OneClient {
            client_id: client_id.clone(),
            of: of(),
        };
        self.change_client(client, "has that already", |client| {
            client.apis.retain(|it| it.resource != *resource);
            client.apis.push(AssignedApi {
                resource: resource.clone(),
                scope: scope.clone(),
            });
        })
        .await
    }

    async fn unassign(&mut self, arguments: ApiUnassign) -> anyhow::Result<()> {
        let ApiUnassign {
            resource,
            client_id,
            of,
        } = arguments;
        self.change_client(OneClient { client_id, of }, "does not have it", |client| {
            client.apis.retain(|it| it.resource != resource);
        })
        .await
    }
}

fn row<'a>(api: &'a Api, clients: &'a [Versioned<Client>]) -> Row<'a> {
    let assigned = clients
        .iter()
        .filter(|it| it.api(api.resource.as_str()).is_some());
    Row {
        resource: api.resource.as_str(),
        name: api.name.as_deref(),
        audience: api.audience(),
        scopes: api.scopes.iter().map(|it| it.value.as_str()).collect(),
        claims: api.claims.iter().map(|it| it.name.as_str()).collect(),
        clients: assigned.map(|it| it.client_id.as_str()).collect(),
    }
}

/// The API as the registry file would have it.
fn node(arguments: &ApiAdd) -> Node {
    let pair = |text: &str, first: &str, second: &str| {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let mut entries = vec![(first.to_owned(), Node::text(name))];
        entries.extend(value.map(|value| (second.to_owned(), Node::text(value))));
        Node::mapping(entries)
    };
    let scopes = arguments.scopes.iter();
    let scopes: Vec<Node> = scopes.map(|it| pair(it, "value", "description")).collect();
    let claims = arguments
        .claims
        .iter()
        .map(|it| pair(it, "name", "attribute"));
    let constants = arguments.constants.iter().map(|(name, value)| {
        Node::mapping([
            ("name".to_owned(), Node::text(name)),
            ("constant".to_owned(), Node::text(value)),
        ])
    });
    let optional = [
        ("name", &arguments.name),
        ("description", &arguments.description),
        ("access_token_lifetime", &arguments.access_token_lifetime),
        ("refresh_token_lifetime", &arguments.refresh_token_lifetime),
    ];
    let mut entries = vec![
        (
            "resource".to_owned(),
            Node::text(arguments.api.resource.as_str()),
        ),
        ("audience".to_owned(), Node::texts(&arguments.audience)),
        ("scopes".to_owned(), Node::list(scopes)),
        ("claims".to_owned(), Node::list(claims.chain(constants))),
    ];
    entries.extend(optional.into_iter().filter_map(|(name, value)| {
        let value = value.as_deref()?;
        Some((name.to_owned(), Node::text(value)))
    }));
    Node::mapping(entries)
}
