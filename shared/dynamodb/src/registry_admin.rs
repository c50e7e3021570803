//! Tenants, clients and APIs: the operator's side.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use latchkey_oauth::api::{Api, ResourceId};
use latchkey_oauth::client::{Client, ClientId, RegistryAdmin, RingWrite};
use latchkey_oauth::issuer::Domain;
use latchkey_oauth::store::{
    Condition, Expected, Once, Page, Part, StoreError, Version, Versioned,
};
use latchkey_oauth::tenant::{Tenant, TenantId, TenantSettings};
use latchkey_oauth::token::jwk::KeyRing;
use serde::de::DeserializeOwned;

use crate::error::store_error;
use crate::item::{
    Found, Item, Wanted, attribute, batch_get, from_item, from_versioned_item, text, to_item,
    to_versioned_item, version,
};
use crate::keys::{self, Key};
use crate::query::{Names, page};
use crate::registry::{KeysItem, OwnerItem, Registry};
use crate::write::{Guard, delete_one, fresh_version, note, put_one, transact, transact_or_tell};

/// DynamoDB's limit of a batch is 100 keys, and a tenant has two.
const TENANTS_AT_A_TIME: usize = 50;

impl Registry {
    /// Writes an item; with others beside it, all of them or none.
    async fn write(
        &self,
        key: Key,
        item: Item,
        condition: Condition<'_>,
        mut beside: Vec<TransactWriteItem>,
    ) -> Result<Option<Version>, StoreError> {
        let version = version(&item)?;
        let expected = condition.expected;
        if let Some(once) = condition.once {
            beside.push(self.note(once)?);
        }
        let written = if beside.is_empty() {
            put_one(&self.client, &self.table, &key, item, expected).await?
        } else {
            beside.push(Guard::of(expected, &key).put(&self.table, item)?);
            transact(&self.client, beside).await?
        };
        Ok(written.then_some(version))
    }

    /// What makes a domain a tenant's, and the one before nobody's.
    fn domain_writes(
        &self,
        tenant: &TenantId,
        before: Option<&Domain>,
        after: Option<&Domain>,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let mut writes = Vec::new();
        if before == after {
            return Ok(writes);
        }
        if let Some(domain) = after {
            writes.push(self.claim(tenant, keys::domain(domain))?);
        }
        if let Some(domain) = before {
            writes.push(no_others(tenant).delete(&self.table, keys::domain(domain))?);
        }
        Ok(writes)
    }

    /// Makes something a tenant's that is nobody's yet, or leaves it its own.
    fn claim(&self, tenant: &TenantId, key: Key) -> Result<TransactWriteItem, StoreError> {
        let of = OwnerItem {
            tenant_id: tenant.clone(),
        };
        no_others(tenant).put(&self.table, to_item(&of, key)?)
    }

    /// The note of a request that is carried out once.
    fn note(&self, once: &Once) -> Result<TransactWriteItem, StoreError> {
        let grants = self.grants.as_deref();
        let grants = grants.ok_or_else(|| StoreError::internal("nowhere to note it"))?;
        note(once, grants)
    }

    async fn domain_of(&self, tenant: &TenantId) -> Result<Option<Domain>, StoreError> {
        let settings = self.read::<TenantSettings>(keys::settings(tenant)).await?;
        Ok(settings.and_then(|settings| settings.value.domain))
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

/// That something is not another tenant's.
fn no_others(tenant: &TenantId) -> Guard {
    let tenant = AttributeValue::S(tenant.to_string());
    let condition = "attribute_not_exists(tenant_id) OR tenant_id = :tenant";
    Guard::default().and(condition, (":tenant", tenant))
}

/// That a key ring is as expected.
fn ring_is(expected: &KeyRing) -> Result<Guard, StoreError> {
    let condition = if expected.keys.is_empty() {
        "attribute_not_exists(#keys) OR #keys = :expected"
    } else {
        "#keys = :expected"
    };
    let guard = Guard::default().and(condition, (":expected", attribute(expected)?));
    Ok(guard.naming("#keys", "keys"))
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
        let mut item = to_versioned_item(settings, key.clone(), fresh_version()?)?;
        let listed = AttributeValue::S(keys::AS_TENANT.to_owned());
        item.insert(keys::LISTED.to_owned(), listed);
        let before = self.domain_of(tenant).await?;
        let beside = self.domain_writes(tenant, before.as_ref(), settings.domain.as_ref())?;
        self.write(key, item, condition.into(), beside).await
    }

    async fn put_keys(
        &self,
        tenant: &TenantId,
        expected: &KeyRing,
        keys: &KeyRing,
        once: Option<&Once>,
    ) -> Result<RingWrite, StoreError> {
        let item = to_item(&KeysItem { keys: keys.clone() }, keys::key_ring(tenant))?;
        // What is in the ring is this tenant's already.
        let known = |kid: &str| expected.keys.iter().any(|key| key.kid == kid);
        let claims = keys.keys.iter().filter(|key| !known(&key.kid));
        let claims = claims.map(|key| self.claim(tenant, keys::signing_key(&key.kid)));
        let mut writes = claims.collect::<Result<Vec<_>, _>>()?;
        let claims = writes.len();
        writes.push(ring_is(expected)?.put(&self.table, item)?);
        if let Some(once) = once {
            writes.push(self.note(once)?);
        }
        Ok(match transact_or_tell(&self.client, writes).await? {
            None => RingWrite::Written,
            Some(refused) if refused < claims => RingWrite::AnotherTenants,
            Some(_) => RingWrite::Stale,
        })
    }

    async fn put_client<'a>(
        &self,
        tenant: &TenantId,
        client: &Client,
        condition: impl Into<Condition<'a>> + Send,
    ) -> Result<Option<Version>, StoreError> {
        let key = keys::client(tenant, &client.client_id);
        let item = to_versioned_item(client, key.clone(), fresh_version()?)?;
        self.write(key, item, condition.into(), Vec::new()).await
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
        let item = to_versioned_item(api, key.clone(), fresh_version()?)?;
        self.write(key, item, condition.into(), Vec::new()).await
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
        let domain = self.domain_of(tenant).await?;
        let mut writes = self.domain_writes(tenant, domain.as_ref(), None)?;
        writes.push(Guard::of(expected, &key).delete(&self.table, key)?);
        writes.push(Guard::default().delete(&self.table, keys::key_ring(tenant))?);
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
