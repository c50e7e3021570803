//! Tenants, clients and APIs as a warm function remembers them: at most 60 s old.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use crate::api::{Api, ResourceId};
use crate::client::{Client, ClientId, RegistryRepository};
use crate::error::{ErrorCode, OAuthError};
use crate::issuer::{BaseUrl, Domain, Issuer};
use crate::tenant::{Tenant, TenantId};
use crate::time::{Seconds, Timestamp};

/// How old a remembered tenant, client or API may be.
const MAX_AGE: Seconds = Seconds(60);
/// How soon a key that nobody knows may have the key ring read again.
const MIN_AGE: Seconds = Seconds(10);
/// How many of each are remembered.
const MAX_ENTRIES: usize = 1_024;

/// The registry, remembered.
#[derive(Debug)]
pub struct Directory<R> {
    base: BaseUrl,
    registry: R,
    tenants: Remembered<TenantId, Tenant>,
    clients: Remembered<(TenantId, ClientId), Client>,
    apis: Remembered<(TenantId, ResourceId), Api>,
    domains: Remembered<Domain, Option<TenantId>>,
}

impl<R: RegistryRepository> Directory<R> {
    /// A directory that remembers nothing yet.
    pub fn new(base: BaseUrl, registry: R) -> Self {
        Self {
            base,
            registry,
            tenants: Remembered::default(),
            clients: Remembered::default(),
            apis: Remembered::default(),
            domains: Remembered::default(),
        }
    }

    /// The issuer of a tenant.
    pub fn issuer(&self, tenant: &Tenant) -> Issuer {
        self.base.issuer_of(tenant)
    }

    /// The tenant that is served at a host, if that is not the base URL's own; at most 60 s old. The front lets only hosts
    /// through that were set up there, so those without a tenant are remembered as well.
    ///
    /// # Errors
    /// `temporarily_unavailable` when the registry does not answer.
    pub async fn tenant_at(
        &self,
        host: &str,
        now: Timestamp,
    ) -> Result<Option<TenantId>, OAuthError> {
        if self.base.is_at(host) {
            return Ok(None);
        }
        let Ok(domain) = Domain::parse(host) else {
            return Ok(None);
        };
        if let Some(known) = self.domains.get(&domain, MAX_AGE, now) {
            return Ok((*known).clone());
        }
        let found = self.registry.tenant_of_domain(&domain).await?;
        Ok((*self.domains.put(domain, found, now)).clone())
    }

    /// A tenant, at most 60 s old.
    ///
    /// # Errors
    /// `NotFound` for no such tenant, `temporarily_unavailable` when the registry does not answer.
    pub async fn tenant(
        &self,
        tenant: &TenantId,
        now: Timestamp,
    ) -> Result<Arc<Tenant>, OAuthError> {
        self.tenant_at_most(tenant, MAX_AGE, now).await
    }

    /// A tenant, at most 10 s old: for a key identifier that the remembered key ring does not know.
    ///
    /// # Errors
    /// As for [`Directory::tenant`].
    pub async fn tenant_read_again(
        &self,
        tenant: &TenantId,
        now: Timestamp,
    ) -> Result<Arc<Tenant>, OAuthError> {
        self.tenant_at_most(tenant, MIN_AGE, now).await
    }

    async fn tenant_at_most(
        &self,
        tenant: &TenantId,
        age: Seconds,
        now: Timestamp,
    ) -> Result<Arc<Tenant>, OAuthError> {
        if let Some(known) = self.tenants.get(tenant, age, now) {
            return Ok(known);
        }
        let found = self.registry.tenant(tenant).await?;
        let found = found.ok_or(OAuthError::new(ErrorCode::NotFound, "unknown_tenant"))?;
        Ok(self.tenants.put(tenant.clone(), found, now))
    }

    /// A client that is served, at most 60 s old.
    ///
    /// # Errors
    /// `temporarily_unavailable` when the registry does not answer.
    pub async fn client(
        &self,
        tenant: &TenantId,
        client: &ClientId,
        now: Timestamp,
    ) -> Result<Option<Arc<Client>>, OAuthError> {
        match self.remembered_client(tenant, client, now) {
            Some(known) => Ok(served(known)),
            None => self.read_client(tenant, client, now).await,
        }
    }

    /// A client as it is remembered, served or not; `None` if it has to be read.
    pub fn remembered_client(
        &self,
        tenant: &TenantId,
        client: &ClientId,
        now: Timestamp,
    ) -> Option<Arc<Client>> {
        let key = (tenant.clone(), client.clone());
        self.clients.get(&key, MAX_AGE, now)
    }

    /// A client that is served, as it is now.
    ///
    /// # Errors
    /// `temporarily_unavailable` when the registry does not answer.
    pub async fn read_client(
        &self,
        tenant: &TenantId,
        client: &ClientId,
        now: Timestamp,
    ) -> Result<Option<Arc<Client>>, OAuthError> {
        // Who is not there is not remembered: made-up names must not push real clients out.
        let Some(found) = self.registry.client(tenant, client).await? else {
            return Ok(None);
        };
        let key = (tenant.clone(), client.clone());
        Ok(served(self.clients.put(key, found, now)))
    }

    /// An API, at most 60 s old. Only ask for one that is assigned to a client: who is not there is not remembered.
    ///
    /// # Errors
    /// `temporarily_unavailable` when the registry does not answer.
    pub async fn api(
        &self,
        tenant: &TenantId,
        resource: &ResourceId,
        now: Timestamp,
    ) -> Result<Option<Arc<Api>>, OAuthError> {
        let key = (tenant.clone(), resource.clone());
        if let Some(known) = self.apis.get(&key, MAX_AGE, now) {
            return Ok(Some(known));
        }
        let found = self.registry.api(tenant, resource).await?;
        Ok(found.map(|found| self.apis.put(key, found, now)))
    }
}

fn served(client: Arc<Client>) -> Option<Arc<Client>> {
    client.is_served().then_some(client)
}

#[derive(Debug)]
struct Remembered<K, V>(Mutex<HashMap<K, (Timestamp, Arc<V>)>>);

impl<K, V> Default for Remembered<K, V> {
    fn default() -> Self {
        Self(Mutex::new(HashMap::new()))
    }
}

impl<K: Eq + Hash, V> Remembered<K, V> {
    fn get(&self, key: &K, age: Seconds, now: Timestamp) -> Option<Arc<V>> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (read_at, value) = entries.get(key)?;
        // A clock set back must not keep an entry for ever.
        let fresh = *read_at <= now && now.since(*read_at) < age;
        fresh.then(|| Arc::clone(value))
    }

    fn put(&self, key: K, value: V, now: Timestamp) -> Arc<V> {
        let value = Arc::new(value);
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= MAX_ENTRIES && !entries.contains_key(&key) {
            entries.clear();
        }
        entries.insert(key, (now, Arc::clone(&value)));
        value
    }
}
