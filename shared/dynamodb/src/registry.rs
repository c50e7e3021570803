//! Tenants, clients and APIs.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::Client as Dynamo;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use latchkey_oauth::api::{Api, ResourceId};
use latchkey_oauth::client::{Client, ClientId, RegistryAdmin, RegistryRepository};
use latchkey_oauth::store::StoreError;
use latchkey_oauth::tenant::{Tenant, TenantId, TenantSettings};
use latchkey_oauth::token::jwk::KeyRing;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::store_error;
use crate::item::{Item, Wanted, attribute, batch_get, from_item, to_item};
use crate::keys;

/// The registry table.
#[derive(Debug, Clone)]
pub struct Registry {
    client: Dynamo,
    table: String,
}

#[derive(Serialize, Deserialize)]
struct KeysItem {
    keys: KeyRing,
}

impl Registry {
    /// The registry in a table.
    pub const fn new(client: Dynamo, table: String) -> Self {
        Self { client, table }
    }

    async fn put(&self, item: Item) -> Result<(), StoreError> {
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .send()
            .await
            .map_err(store_error)?;
        Ok(())
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

    /// Everything of a tenant whose `kind_id` begins with `prefix`.
    async fn all<T: DeserializeOwned>(
        &self,
        tenant: &TenantId,
        prefix: &str,
    ) -> Result<Vec<T>, StoreError> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("#tenant = :tenant AND begins_with(#kind_id, :prefix)")
            .expression_attribute_names("#tenant", keys::TENANT)
            .expression_attribute_names("#kind_id", keys::KIND_ID)
            .expression_attribute_values(":tenant", AttributeValue::S(tenant.to_string()))
            .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()))
            .into_paginator()
            .items()
            .send();
        let mut found = Vec::new();
        while let Some(item) = pages.next().await {
            found.push(from_item(item.map_err(store_error)?)?);
        }
        Ok(found)
    }

    async fn delete(&self, key: keys::Key) -> Result<(), StoreError> {
        self.client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key))
            .send()
            .await
            .map_err(store_error)?;
        Ok(())
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

    async fn api(
        &self,
        tenant: &TenantId,
        resource: &ResourceId,
    ) -> Result<Option<Api>, StoreError> {
        self.get(keys::api(tenant, resource)).await
    }
}

impl RegistryAdmin for Registry {
    async fn put_tenant(
        &self,
        tenant: &TenantId,
        settings: &TenantSettings,
    ) -> Result<(), StoreError> {
        self.put(to_item(settings, keys::settings(tenant))?).await
    }

    async fn put_keys(
        &self,
        tenant: &TenantId,
        expected: &KeyRing,
        keys: &KeyRing,
    ) -> Result<bool, StoreError> {
        let item = to_item(&KeysItem { keys: keys.clone() }, keys::key_ring(tenant))?;
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .expression_attribute_names("#keys", "keys");
        let put = if expected.keys.is_empty() {
            put.condition_expression("attribute_not_exists(#keys) OR #keys = :expected")
        } else {
            put.condition_expression("#keys = :expected")
        };
        let put = put.expression_attribute_values(":expected", attribute(expected)?);
        match put.send().await {
            Ok(_) => Ok(true),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(PutItemError::is_conditional_check_failed_exception) =>
            {
                Ok(false)
            }
            Err(error) => Err(store_error(error)),
        }
    }

    async fn put_client(&self, tenant: &TenantId, client: &Client) -> Result<(), StoreError> {
        self.put(to_item(client, keys::client(tenant, &client.client_id))?)
            .await
    }

    async fn delete_client(&self, tenant: &TenantId, client: &ClientId) -> Result<(), StoreError> {
        self.delete(keys::client(tenant, client)).await
    }

    async fn delete_tenant(&self, tenant: &TenantId) -> Result<(), StoreError> {
        self.delete(keys::settings(tenant)).await?;
        self.delete(keys::key_ring(tenant)).await
    }

    async fn tenants(&self) -> Result<Vec<Tenant>, StoreError> {
        let mut pages = self
            .client
            .scan()
            .table_name(&self.table)
            .consistent_read(true)
            .filter_expression("#kind IN (:settings, :keys)")
            .expression_attribute_names("#kind", keys::KIND_ID)
            .expression_attribute_values(":settings", AttributeValue::S(keys::SETTINGS.to_owned()))
            .expression_attribute_values(":keys", AttributeValue::S(keys::KEYS.to_owned()))
            .into_paginator()
            .items()
            .send();
        let mut settings = BTreeMap::new();
        let mut rings = HashMap::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(store_error)?;
            let id = text(&item, keys::TENANT)?;
            let id = TenantId::parse(id).map_err(StoreError::internal)?;
            if text(&item, keys::KIND_ID)? == keys::SETTINGS {
                settings.insert(id, from_item::<TenantSettings>(item)?);
            } else {
                rings.insert(id, from_item::<KeysItem>(item)?.keys);
            }
        }
        let tenants = settings.into_iter().map(|(id, settings)| Tenant {
            keys: rings.remove(&id).unwrap_or_default(),
            id,
            settings,
        });
        Ok(tenants.collect())
    }

    async fn clients(&self, tenant: &TenantId) -> Result<Vec<Client>, StoreError> {
        self.all(tenant, keys::CLIENT_PREFIX).await
    }

    async fn put_api(&self, tenant: &TenantId, api: &Api) -> Result<(), StoreError> {
        self.put(to_item(api, keys::api(tenant, &api.resource))?)
            .await
    }

    async fn delete_api(&self, tenant: &TenantId, resource: &ResourceId) -> Result<(), StoreError> {
        self.delete(keys::api(tenant, resource)).await
    }

    async fn apis(&self, tenant: &TenantId) -> Result<Vec<Api>, StoreError> {
        self.all(tenant, keys::API_PREFIX).await
    }
}

fn text<'a>(item: &'a Item, name: &str) -> Result<&'a str, StoreError> {
    match item.get(name) {
        Some(AttributeValue::S(text)) => Ok(text),
        _ => Err(StoreError::internal("an item without its key")),
    }
}
