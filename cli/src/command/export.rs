//! `latchkey export` and `latchkey user export`.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::Context as _;
use latchkey_oauth::client::RegistryAdmin;
use latchkey_oauth::user::{User, UserAdmin};
use serde_json::json;

use super::{Session, ensure_tenant};
use crate::arguments::{Export, UserExport};
use crate::export::registry_file::{self, Exported, UsersAre, users_file};
use crate::export::users;
use crate::output;

impl<R: RegistryAdmin, U: UserAdmin> Session<'_, R, U> {
    /// Exports a tenant's users.
    ///
    /// # Errors
    /// What went wrong.
    pub async fn export_users(&mut self, arguments: UserExport) -> anyhow::Result<()> {
        let tenant = arguments.of.tenant;
        ensure_tenant(self.registry, &tenant).await?;
        (self.tell)(&format!("reading the users of tenant {tenant}"));
        let users = self.users.users(&tenant).await?;
        (self.tell)("");
        let Some(path) = arguments.output else {
            for user in &users {
                self.output.raw(&users::line(user)?)?;
            }
            return Ok(());
        };
        write_users(&path, &users)?;
        let (count, name) = (users.len(), path.display());
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
        let with_users = arguments.with_users || arguments.output.is_some();
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
        let Some(path) = arguments.output else {
            let users_are = if arguments.with_users {
                UsersAre::Inside
            } else {
                UsersAre::Elsewhere
            };
            return Ok(self
                .output
                .raw(&registry_file::write(&tenants, users_are)?)?);
        };
        let files = write_all(&path, &tenants, arguments.with_users)?;
        self.output.say(&format!(
            "Done: {} tenants are in {}. It says how they go into another deployment, and what is not in it.\n",
            tenants.len(),
            files.join(", ")
        ))?;
        let document = json!({"tenants": tenants.len(), "files": files});
        Ok(self.output.document(&document)?)
    }
}

/// Writes the registry file and, unless they are in it, a file a tenant with its users. Their names.
fn write_all(path: &Path, tenants: &[Exported], inside: bool) -> anyhow::Result<Vec<String>> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let users_are = if inside {
        UsersAre::Inside
    } else {
        UsersAre::Beside(&name)
    };
    let text = registry_file::write(tenants, users_are)?;
    let told = path.display().to_string();
    let written = || output::create_private(path)?.write_all(text.as_bytes());
    written().with_context(|| format!("{told} cannot be written"))?;
    let mut files = vec![told];
    for exported in tenants.iter().filter(|_| !inside) {
        let path = path.with_file_name(users_file(&name, &exported.tenant.id));
        write_users(&path, &exported.users)?;
        files.push(path.display().to_string());
    }
    Ok(files)
}

fn write_users(path: &Path, users: &[User]) -> anyhow::Result<()> {
    let write = |file: File| {
        let mut file = BufWriter::new(file);
        for user in users {
            file.write_all(users::line(user)?.as_bytes())?;
        }
        file.flush()
    };
    let written = output::create_private(path).and_then(write);
    written.with_context(|| format!("{} cannot be written", path.display()))
}
