//! `latchkey tenant`.

use anyhow::bail;
use latchkey_oauth::client::RegistryAdmin;
use latchkey_oauth::store::Expected;
use latchkey_oauth::tenant::{TenantId, TenantSettings};
use latchkey_oauth::user::UserAdmin;
use serde::Serialize;
use serde_json::json;

use super::Session;
use crate::arguments::{Deletion, OneTenant, TenantAdd, TenantCommand};
use crate::plan::{self, Action, Change, Verb, diff};
use crate::snapshot::StoredTenant;

#[derive(Serialize)]
struct Row {
    tenant: TenantId,
    name: Option<String>,
    clients: usize,
    keys: usize,
}

impl<R: RegistryAdmin, U: UserAdmin> Session<'_, R, U> {
    /// Does what the subcommand says.
    ///
    /// # Errors
    /// What went wrong.
    pub async fn tenant(&mut self, command: TenantCommand) -> anyhow::Result<()> {
        match command {
            TenantCommand::List => self.list_tenants().await,
            TenantCommand::Add(arguments) => self.add_tenant(arguments).await,
            TenantCommand::Delete(Deletion { one, yes }) => self.delete_tenant(one, yes).await,
        }
    }

    async fn add_tenant(&mut self, arguments: TenantAdd) -> anyhow::Result<()> {
        let tenant = arguments.one.tenant;
        if self.registry.tenant(&tenant).await?.is_some() {
            bail!("there is a tenant {tenant} already");
        }
        let settings = TenantSettings {
            name: arguments.name,
            ..TenantSettings::default()
        };
        let fields = diff::created(&settings, Some(&TenantSettings::default()));
        self.make_one(Change {
            tenant: tenant.clone(),
            verb: Verb::Create,
            fields,
            action: Action::PutTenant {
                settings,
                expected: Expected::Absent,
            },
        })
        .await?;
        Ok(self.output.say(&format!(
            "It has no key to sign with yet: latchkey keys add KMS_KEY_ID --tenant {tenant}\n"
        ))?)
    }

    /// In two steps: what it takes away is told, and only then somebody says yes.
    async fn delete_tenant(&mut self, one: OneTenant, yes: bool) -> anyhow::Result<()> {
        let tenant = one.tenant;
        let Some(found) = self.registry.read_tenant(&tenant).await? else {
            bail!("there is no tenant {tenant}. `latchkey tenant list` tells which there are");
        };
        let stored = StoredTenant {
            apis: self.registry.apis(&tenant).await?,
            clients: self.registry.clients(&tenant).await?,
            users: self.users.users(&tenant).await?,
            tenant: found,
        };
        let keys = match stored.tenant.keys.keys.len() {
            0 => String::new(),
            count => format!(
                ", keys in its ring {count} (they stay in KMS, no other tenant's, and can be deleted there)"
            ),
        };
        let what = format!(
            "This deletes tenant {tenant} and all that belongs to it: clients {}, APIs {}, users {}{keys}. Every token of it ends.",
            stored.clients.len(),
            stored.apis.len(),
            stored.users.len(),
        );
        if yes {
            // Otherwise the question says it, or the refusal.
            self.output.say(&format!("{what}\n"))?;
        }
        self.ensure_confirmed(&what, yes)?;
        let changes = plan::deleted_tenant(&stored);
        let document = json!({"tenant": tenant});
        self.make(changes, &format!("- tenant {tenant}\n"), document)
            .await
    }

    async fn list_tenants(&mut self) -> anyhow::Result<()> {
        let now = self.tools.clock.now();
        let mut rows = Vec::new();
        for tenant in self.registry.tenants().await? {
            rows.push(Row {
                clients: self.registry.clients(&tenant.id).await?.len(),
                keys: tenant.keys.published(now).count(),
                tenant: tenant.value.id,
                name: tenant.value.settings.name,
            });
        }
        self.output
            .rows(&rows, ["TENANT", "NAME", "CLIENTS", "KEYS"], |row| {
                [
                    row.tenant.to_string(),
                    row.name.clone().unwrap_or_default(),
                    row.clients.to_string(),
                    row.keys.to_string(),
                ]
            })?;
        if rows.is_empty() {
            self.output.say(
                "There is no tenant yet: latchkey apply examples/registry.yaml makes some.\n",
            )?;
        }
        Ok(())
    }
}
