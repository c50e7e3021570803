//! What the store holds, read once before a plan is made.

use latchkey_oauth::api::Api;
use latchkey_oauth::client::{Client, RegistryAdmin};
use latchkey_oauth::store::{StoreError, Versioned};
use latchkey_oauth::tenant::{Tenant, TenantId};
use latchkey_oauth::user::{User, UserAdmin};

use crate::registry_file::RegistryFile;

/// The store as it was read.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// Every tenant.
    pub tenants: Vec<StoredTenant>,
}

/// A tenant with what belongs to it, so far as the plan needs it.
#[derive(Debug)]
pub struct StoredTenant {
    /// The tenant.
    pub tenant: Versioned<Tenant>,
    /// Its APIs.
    pub apis: Vec<Versioned<Api>>,
    /// Its clients.
    pub clients: Vec<Versioned<Client>>,
    /// Its users.
    pub users: Vec<Versioned<User>>,
}

impl Snapshot {
    /// Reads what comparing with `file` takes: APIs, clients and users that the file says nothing about are
    /// not read.
    ///
    /// # Errors
    /// [`StoreError`] if the store does not answer.
    pub async fn read<R: RegistryAdmin, U: UserAdmin>(
        file: &RegistryFile,
        registry: &R,
        users: &U,
    ) -> Result<Self, StoreError> {
        let mut tenants = Vec::new();
        for tenant in registry.tenants().await? {
            let entry = file.tenants.iter().find(|entry| entry.tenant == tenant.id);
            let apis = if entry.is_none_or(|entry| entry.apis.is_some()) {
                registry.apis(&tenant.id).await?
            } else {
                Vec::new()
            };
            let clients = if entry.is_none_or(|entry| entry.clients.is_some()) {
                registry.clients(&tenant.id).await?
            } else {
                Vec::new()
            };
            let users = if entry.is_none_or(|entry| entry.users.is_some()) {
                users.users(&tenant.id).await?
            } else {
                Vec::new()
            };
            tenants.push(StoredTenant {
                tenant,
                apis,
                clients,
                users,
            });
        }
        Ok(Self { tenants })
    }

    /// A tenant of this name.
    pub fn tenant(&self, id: &TenantId) -> Option<&StoredTenant> {
        self.tenants.iter().find(|stored| stored.tenant.id == *id)
    }
}
