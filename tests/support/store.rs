//! The operator's side of a world: what a test may change behind the server's back.

use latchkey_dynamodb::{Grants, Registry, Users};
use latchkey_oauth::api::Api;
use latchkey_oauth::client::{
    Client, ClientId, RegistryAdmin as _, RegistryRepository as _, RingWrite,
};
use latchkey_oauth::registration::{InitialAccess, RegistrationRepository as _};
use latchkey_oauth::secret_token::TokenHash;
use latchkey_oauth::store::Expected;
use latchkey_oauth::tenant::{TenantId, TenantSettings};
use latchkey_oauth::time::Timestamp;
use latchkey_oauth::token::family::Family;
use latchkey_oauth::token::jwk::KeyRing;
use latchkey_oauth::token::key_ring;
use latchkey_oauth::token::repository::RefreshTokenRepository as _;
use latchkey_oauth::user::{User, UserAdmin as _, Username};
use latchkey_testkit::memory::MemoryStore;

use crate::aws;

/// Where a world's tenant is kept.
#[derive(Debug, Clone)]
pub enum Store {
    /// In this process.
    Memory(MemoryStore),
    /// In DynamoDB Local.
    DynamoDb(Box<Tables>),
}

/// The three tables.
#[derive(Debug, Clone)]
pub struct Tables {
    /// Tenants and clients.
    pub registry: Registry,
    /// Users.
    pub users: Users,
    /// Families and revocations.
    pub grants: Grants,
}

impl Tables {
    /// The tables that `cargo xtask test` made, by a client of ours.
    pub fn by(client: &latchkey_dynamodb::Client) -> Self {
        let [registry, users, grants] = [
            "LATCHKEY_REGISTRY_TABLE",
            "LATCHKEY_USERS_TABLE",
            "LATCHKEY_GRANTS_TABLE",
        ]
        .map(aws::setting);
        Self {
            registry: Registry::new(client.clone(), registry).noting_in(grants.clone()),
            users: Users::new(client.clone(), users.clone(), grants.clone()),
            grants: Grants::new(client.clone(), grants).with_profiles(users),
        }
    }
}

/// Calls the same method of whichever store it is.
macro_rules! either {
    ($store:expr, $part:ident, $it:ident => $call:expr) => {
        match $store {
            Store::Memory($it) => $call.await.unwrap(),
            Store::DynamoDb(tables) => {
                let $it = &tables.$part;
                $call.await.unwrap()
            }
        }
    };
}

impl Store {
    /// Writes a tenant and its keys.
    pub async fn put_tenant(&self, tenant: &TenantId, settings: &TenantSettings, keys: &KeyRing) {
        let _ = either!(self, registry, it => it.put_tenant(tenant, settings, Expected::Any));
        self.put_keys(tenant, &KeyRing::default(), keys).await;
    }

    /// Replaces a key ring.
    pub async fn put_keys(&self, tenant: &TenantId, expected: &KeyRing, keys: &KeyRing) {
        let put = either!(self, registry, it => it.put_keys(tenant, expected, keys, None));
        assert_eq!(put, RingWrite::Written);
    }

    /// Publishes a key's certificate.
    pub async fn certify(&self, tenant: &TenantId, kid: &str, certificate: &[u8], now: Timestamp) {
        either!(self, registry, it => key_ring::certify(it, tenant, kid, certificate, now));
    }

    /// Reads a key ring.
    pub async fn keys(&self, tenant: &TenantId) -> KeyRing {
        let found = either!(self, registry, it => it.read_tenant(tenant));
        found.map(|it| it.value.keys).unwrap_or_default()
    }

    /// Writes a client.
    pub async fn put_client(&self, tenant: &TenantId, client: &Client) {
        let _ = either!(self, registry, it => it.put_client(tenant, client, Expected::Any));
    }

    /// Reads a client.
    pub async fn client(&self, tenant: &TenantId, client: &ClientId) -> Option<Client> {
        either!(self, registry, it => it.client(tenant, client))
    }

    /// Writes an initial access token.
    pub async fn put_initial_access(
        &self,
        tenant: &TenantId,
        hash: &TokenHash,
        token: &InitialAccess,
    ) {
        either!(self, registry, it => it.put_initial_access(tenant, hash, token));
    }

    /// Writes an API.
    pub async fn put_api(&self, tenant: &TenantId, api: &Api) {
        let _ = either!(self, registry, it => it.put_api(tenant, api, Expected::Any));
    }

    /// Deletes an API.
    pub async fn delete_api(&self, tenant: &TenantId, api: &Api) {
        let _ = either!(self, registry, it => it.delete_api(tenant, &api.resource, Expected::Any));
    }

    /// Replaces a tenant's settings.
    pub async fn put_settings(&self, tenant: &TenantId, settings: &TenantSettings) {
        let _ = either!(self, registry, it => it.put_tenant(tenant, settings, Expected::Any));
    }

    /// Writes a user.
    pub async fn put_user(&self, tenant: &TenantId, user: &User, expected: Expected) {
        let written = either!(self, users, it => it.put_user(tenant, user, expected));
        assert!(written.is_some());
    }

    /// Reads a user.
    pub async fn user(&self, tenant: &TenantId, username: &Username) -> Option<User> {
        let found = either!(self, users, it => it.user(tenant, username));
        found.map(|found| found.value)
    }

    /// Deletes a user.
    pub async fn delete_user(&self, tenant: &TenantId, user: &User) {
        either!(self, users, it => it.delete_user(tenant, user, Expected::Any));
    }

    /// Writes a family.
    pub async fn put_family(&self, tenant: &TenantId, family: &Family) {
        either!(self, grants, it => it.insert(tenant, family));
    }
}
