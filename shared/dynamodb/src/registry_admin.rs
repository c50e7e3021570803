//! Tenants, clients and APIs: the operator's side.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use latchkey_oauth::api::{Api, ResourceId};
use latchkey_oauth::client::{Client, ClientId, RegistryAdmin};
use latchkey_oauth::store::{Condition, Expected, Page, Part, StoreError, Version, Versioned};
use latchkey_oauth::tenant::{Tenant, TenantId, TenantSettings};
use latchkey_oauth::token::jwk::KeyRing;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::store_error;
use crate::item::{
    Found, Wanted, attribute, batch_get, from_item, from_versioned_item, text, to_item,
    to_versioned_item,
};
use crate::keys::{self, Key};
use crate::query::{Names, page};
use crate::registry::{KeysItem, Registry};
use crate::write::{Guard, delete_one, fresh_version, note, put_one, transact};

/// DynamoDB's limit of a batch is 100 keys, and a tenant has two.
const TENANTS_AT_A_TIME: usize = 50;

impl Registry {
    async fn write(
        &self,
        value: &impl Serialize,
        key: Key,
        condition: Condition<'_>,
    ) -> Result<Option<Version>, StoreError> {
        let version = fresh_version()?;
        let mut item = to_versioned_item(value, key.clone(), version)?;
        if key.get(keys::KIND_ID) == Some(&AttributeValue::S(keys::SETTINGS.to_owned())) {
            let tenant = AttributeValue::S(keys::AS_TENANT.to_owned());
            item.insert(keys::LISTED.to_owned(), tenant);
        }
        let expected = condition.expected;
        let written = match condition.once {
            None => put_one(&self.client, &self.table, &key, item, expected).await?,
            Some(once) => {
                let grants = self.grants.as_deref();
                let grants = grants.ok_or_else(|| StoreError::internal("nowhere to note it"))?;
                let writes = vec![
                    Guard::of(expected, &key).put(&self.table, item)?,
                    note(once, grants)?,
                ];
                transact(&self.client, writes).await?
            }
        };
        Ok(written.then_some(version))
    }

    async fn read<T: DeserializeOwned>(
        &self,
        key: Key,
    ) -> Result<Option<Versioned<T>>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key))
            .consistent_read(true)
            .send()
            .await
            .map_err(store_error)?;
        answer.item.map(from_versioned_item).transpose()
    }

    async fn page<T: DeserializeOwned>(
        &self,
        tenant: &TenantId,
        prefix: &str,
        part: Part<'_>,
    ) -> Result<Page<Versioned<T>>, StoreError> {
        let query = self.client.query().table_name(&self.table);
        let names = Names {
            partition: (keys::TENANT, tenant.as_str()),
            sort: (keys::KIND_ID, prefix),
        };
        let found = page(query.consistent_read(true), &names, part).await?;
        let items = found.items.into_iter().map(from_versioned_item);
        Ok(Page {
            items: items.collect::<Result<_, _>>()?,
            more: found.more,
        })
    }

    async fn read_tenants(
        &self,
        tenants: Vec<TenantId>,
    ) -> Result<Vec<Versioned<Tenant>>, StoreError> {
        let mut all = Vec::with_capacity(tenants.len());
        for some in tenants.chunks(TENANTS_AT_A_TIME) {
            let keys = some
                .iter()
                .flat_map(|id| [keys::settings(id), keys::key_ring(id)]);
            let wanted = keys.map(|key| Wanted {
                table: &self.table,
                key,
            });
            let mut found = batch_get(&self.client, wanted, true).await?;
            for id in some {
                all.extend(tenant_of(id, &mut found)?);
            }
        }
        Ok(all)
    }
}

fn tenant_of(id: &TenantId, found: &mut Found) -> Result<Option<Versioned<Tenant>>, StoreError> {
    let Some(settings) = found.take(&keys::settings(id)) else {
        return Ok(None);
    };
    let Versioned {
        value: settings,
        version,
    } = from_versioned_item::<TenantSettings>(settings)?;
    let ring = found.take(&keys::key_ring(id));
    let ring = ring.map(from_item::<KeysItem>).transpose()?;
    let value = Tenant {
        id: id.clone(),
        settings,
        keys: ring.map(|item| item.keys).unwrap_or_default(),
    };
    Ok(Some(Versioned { value, version }))
}

impl RegistryAdmin for Registry {
    async fn read_tenant(
        &self,
        tenant: &TenantId,
    ) -> Result<Option<Versioned<Tenant>>, StoreError> {
        Ok(self.read_tenants(vec![tenant.clone()]).await?.pop())
    }

    async fn read_client(
        &self,
        tenant: &TenantId,
        client: &ClientId,
    ) -> Result<Option<Versioned<Client>>, StoreError> {
        self.read(keys::client(tenant, client)).await
    }

    async fn read_api(
        &self,
        tenant: &TenantId,
        resource: &ResourceId,
    ) -> Result<Option<Versioned<Api>>, StoreError> {
        self.read(keys::api(tenant, resource)).await
    }

    async fn put_tenant<'a>(
        &self,
        tenant: &TenantId,
        settings: &TenantSettings,
        condition: impl Into<Condition<'a>> + Send,
    ) -> Result<Option<Version>, StoreError> {
        let key = keys::settings(tenant);
        self.write(settings, key, condition.into()).await
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

    async fn put_client<'a>(
        &self,
        tenant: &TenantId,
        client: &Client,
        condition: impl Into<Condition<'a>> + Send,
    ) -> Result<Option<Version>, StoreError> {
        let key = keys::client(tenant, &client.client_id);
        self.write(client, key, condition.into()).await
    }

    async fn delete_client(
        &self,
        tenant: &TenantId,
        client: &ClientId,
        expected: Expected,
    ) -> Result<bool, StoreError> {
        let key = keys::client(tenant, client);
        delete_one(&self.client, &self.table, key, expected).await
    }

    async fn put_api<'a>(
        &self,
        tenant: &TenantId,
        api: &Api,
        condition: impl Into<Condition<'a>> + Send,
    ) -> Result<Option<Version>, StoreError> {
        let key = keys::api(tenant, &api.resource);
        self.write(api, key, condition.into()).await
    }

    async fn delete_api(
        &self,
        tenant: &TenantId,
        resource: &ResourceId,
        expected: Expected,
    ) -> Result<bool, StoreError> {
        let key = keys::api(tenant, resource);
        delete_one(&self.client, &self.table, key, expected).await
    }

    async fn delete_tenant(
        &self,
        tenant: &TenantId,
        expected: Expected,
    ) -> Result<bool, StoreError> {
        let key = keys::settings(tenant);
        let writes = vec![
            Guard::of(expected, &key).delete(&self.table, key)?,
            Guard::default().delete(&self.table, keys::key_ring(tenant))?,
        ];
        transact(&self.client, writes).await
    }

    async fn tenants_page(&self, part: Part<'_>) -> Result<Page<Versioned<Tenant>>, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(keys::TENANTS);
        let names = Names {
            partition: (keys::LISTED, keys::AS_TENANT),
            sort: (keys::TENANT, ""),
        };
        let Page { items, more } = page(query, &names, part).await?;
        let ids = items.iter().map(|item| {
            let id = text(item, keys::TENANT)?;
            TenantId::parse(id).map_err(StoreError::internal)
        });
        let ids = ids.collect::<Result<_, _>>()?;
        Ok(Page {
            items: self.read_tenants(ids).await?,
            more,
        })
    }

    async fn clients_page(
        &self,
        tenant: &TenantId,
        part: Part<'_>,
    ) -> Result<Page<Versioned<Client>>, StoreError> {
        self.page(tenant, keys::CLIENT_PREFIX, part).await
    }

    async fn apis_page(
        &self,
        tenant: &TenantId,
        part: Part<'_>,
    ) -> Result<Page<Versioned<Api>>, StoreError> {
        self.page(tenant, keys::API_PREFIX, part).await
    }
}
