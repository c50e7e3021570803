//! `latchkey tenant`.

use latchkey_oauth::client::RegistryAdmin;
use latchkey_oauth::tenant::TenantId;
use latchkey_oauth::user::UserAdmin;
use serde::Serialize;

use super::Session;
use crate::arguments::TenantCommand;

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
        let TenantCommand::List = command;
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
