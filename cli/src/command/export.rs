//! `latchkey export` and `latchkey user export`.

use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::Context as _;
use latchkey_oauth::client::RegistryAdmin;
use latchkey_oauth::tenant::TenantId;
use latchkey_oauth::user::UserAdmin;
use serde_json::json;

use super::{Session, ensure_tenant};
use crate::arguments::{Export, UserExport};
use crate::export::registry_file::{self, Exported, UsersAre, users_file};
use crate::export::users;
use crate::output;
use crate::progress::Progress;

impl<R: RegistryAdmin, U: UserAdmin> Session<'_, R, U> {
    /// Exports a tenant's users.
    ///
    /// # Errors
    /// What went wrong.
    pub async fn export_users(&mut self, arguments: UserExport) -> anyhow::Result<()> {
        let tenant = arguments.of.tenant;
        ensure_tenant(self.registry, &tenant).await?;
        let Some(path) = arguments.output else {
            let mut progress = Progress::new(self.tools.clock, &mut *self.tell);
            let output = &mut self.output;
            users::each(self.users, &tenant, &mut progress, |user| {
                output.raw(&users::line(user)?)
            })
            .await?;
            progress.end();
            return Ok(());
        };
        let count = self.write_users(&tenant, &path).await?;
        let name = path.display();
        self.output.say(&format!(
            "Done: {count} users of tenant {tenant}, with their password hashes, are in {name}.\n"
        ))?;
        let document = json!({"tenant": tenant, "users": count, "file": path});
        Ok(self.output.document(&document)?)
    }

    /// Exports everything.
    ///
    /// # Errors
    /// What went wrong.
    pub async fn export(&mut self, arguments: Export) -> anyhow::Result<()> {
        let now = self.tools.clock.now();
        let tenants = self.everything(arguments.with_users).await?;
        let inside = arguments.with_users;
        let Some(path) = arguments.output else {
            let users_are = if inside {
                UsersAre::Inside
            } else {
                UsersAre::Elsewhere
            };
            let text = registry_file::write(&tenants, users_are, now)?;
            return Ok(self.output.raw(&text)?);
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let users_are = if inside {
            UsersAre::Inside
        } else {
            UsersAre::Beside(&name)
        };
        let text = registry_file::write(&tenants, users_are, now)?;
        let mut files = vec![path.display().to_string()];
        let written = || output::create_private(&path)?.write_all(text.as_bytes());
        written().with_context(|| format!("{} cannot be written", path.display()))?;
        for Exported { tenant, .. } in tenants.iter().filter(|_| !inside) {
            let beside = path.with_file_name(users_file(&name, &tenant.id));
            self.write_users(&tenant.id, &beside).await?;
            files.push(beside.display().to_string());
        }
        self.output.say(&format!(
            "Done: {} tenants are in {}. The first lines say how they go into another deployment, and what is not there.\n",
            tenants.len(),
            files.join(", ")
        ))?;
        let document = json!({"tenants": tenants.len(), "files": files});
        Ok(self.output.document(&document)?)
    }

    async fn everything(&mut self, with_users: bool) -> anyhow::Result<Vec<Exported>> {
        let mut tenants = Vec::new();
        for tenant in self.registry.tenants().await? {
            (self.tell)(&format!("reading tenant {}", tenant.id));
            tenants.push(Exported {
                apis: self.registry.apis(&tenant.id).await?,
                clients: self.registry.clients(&tenant.id).await?,
                users: if with_users {
                    self.users.users(&tenant.id).await?
                } else {
                    Vec::new()
                },
                tenant,
            });
        }
        (self.tell)("");
        Ok(tenants)
    }

    /// A tenant's users into a file. How many they are.
    async fn write_users(&mut self, tenant: &TenantId, path: &Path) -> anyhow::Result<u64> {
        let name = path.display();
        let unwritten = || format!("{name} cannot be written");
        let file = output::create_private(path).with_context(unwritten)?;
        let mut file = BufWriter::new(file);
        let mut progress = Progress::new(self.tools.clock, &mut *self.tell);
        let count = users::each(self.users, tenant, &mut progress, |user| {
            file.write_all(users::line(user)?.as_bytes())
        })
        .await
        .with_context(|| format!("{name} is not whole"))?;
        progress.end();
        file.flush().with_context(unwritten)?;
        Ok(count)
    }
}
