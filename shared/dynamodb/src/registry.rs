//! Tenants, clients and APIs.

use aws_sdk_dynamodb::Client as Dynamo;
use latchkey_oauth::api::{Api, ResourceId};
use latchkey_oauth::client::{Client, ClientId, RegistryRepository};
use latchkey_oauth::issuer::Domain;
use latchkey_oauth::store::StoreError;
use latchkey_oauth::tenant::{Tenant, TenantId, TenantSettings};
use latchkey_oauth::token::jwk::KeyRing;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::store_error;
use crate::item::{Wanted, batch_get, from_item};
use crate::keys;

/// The registry table.
#[derive(Debug, Clone)]
pub struct Registry {
    pub(crate) client: Dynamo,
    pub(crate) table: String,
    pub(crate) grants: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct KeysItem {
    pub keys: KeyRing,
}

/// Whose a domain or a signing key is.
#[derive(Serialize, Deserialize)]
pub(crate) struct OwnerItem {
    pub tenant_id: TenantId,
}

impl Registry {
    /// The registry in a table.
    pub const fn new(client: Dynamo, table: String) -> Self {
        Self {
            client,
            table,
            grants: None,
        }
    }

    /// The same with the grants table beside it, where requests that are carried out once are noted.
    #[must_use]
    pub fn noting_in(mut self, grants: String) -> Self {
        self.grants = Some(grants);
        self
    }

    async fn get<T: DeserializeOwned>(&self, key: keys::Key) -> Result<Option<T>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key))
            .send()
            .await
            .map_err(store_error)?;
        answer.item.map(from_item).transpose()
    }
}

impl RegistryRepository for Registry {
    async fn tenant(&self, tenant: &TenantId) -> Result<Option<Tenant>, StoreError> {
        let settings = keys::settings(tenant);
        let ring = keys::key_ring(tenant);
        let wanted = [settings.clone(), ring.clone()].map(|key| Wanted {
            table: &self.table,
            key,
        });
        // A remembered tenant may be a minute old anyway: an eventually consistent read costs half.
        let mut found = batch_get(&self.client, wanted, false).await?;
        let Some(settings) = found.take_value::<TenantSettings>(&settings)? else {
            return Ok(None);
        };
        let keys = found.take_value::<KeysItem>(&ring)?;
        Ok(Some(Tenant {
            id: tenant.clone(),
            settings,
            keys: keys.map(|item| item.keys).unwrap_or_default(),
        }))
    }

    async fn client(
        &self,
        tenant: &TenantId,
        client: &ClientId,
    ) -> Result<Option<Client>, StoreError> {
        self.get(keys::client(tenant, client)).await
    }

    async fn tenant_of_domain(&self, domain: &Domain) -> Result<Option<TenantId>, StoreError> {
        let found = self.get::<OwnerItem>(keys::domain(domain)).await?;
        Ok(found.map(|item| item.tenant_id))
    }

    async fn api(
        &self,
        tenant: &TenantId,
        resource: &ResourceId,
    ) -> Result<Option<Api>, StoreError> {
        self.get(keys::api(tenant, resource)).await
    }
}
