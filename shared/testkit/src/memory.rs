//! The repositories in memory: for speed, and held to the same contract as DynamoDB.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use latchkey_oauth::api::{Api, ResourceId};
use latchkey_oauth::client::{Client, ClientId, RegistryAdmin, RegistryRepository};
use latchkey_oauth::lockout::{Attempts, Backoff, Source};
use latchkey_oauth::password::StoredPassword;
use latchkey_oauth::store::StoreError;
use latchkey_oauth::tenant::{Tenant, TenantId, TenantSettings};
use latchkey_oauth::time::Timestamp;
use latchkey_oauth::token::family::{Family, NextToken};
use latchkey_oauth::token::jwk::KeyRing;
use latchkey_oauth::token::opaque::{OpaqueTokenHash, StoredAccessToken};
use latchkey_oauth::token::refresh_token::{FamilyId, RefreshToken, RefreshTokenHash};
use latchkey_oauth::token::repository::{
    RefreshTokenRepository, RevocationRepository, RotateError,
};
use latchkey_oauth::token::repository::{TokenKeys, TokenState, TokenStateRepository};
use latchkey_oauth::user::{
    Counter, Credentials, Generation, Login, LoginRepository, SubjectKey, SubjectState, User,
    UserAdmin, UserProfile, Username,
};

/// Everything a deployment keeps. Clones see the same.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore(Arc<Mutex<Tables>>);

#[derive(Debug, Default)]
struct Tables {
    settings: BTreeMap<TenantId, TenantSettings>,
    rings: BTreeMap<TenantId, KeyRing>,
    clients: BTreeMap<(TenantId, ClientId), Client>,
    apis: BTreeMap<(TenantId, ResourceId), Api>,
    logins: BTreeMap<(TenantId, Username), Credentials>,
    profiles: BTreeMap<(TenantId, String), UserProfile>,
    attempts: BTreeMap<(TenantId, String), Attempts>,
    states: BTreeMap<(TenantId, String), SubjectState>,
    families: BTreeMap<(TenantId, String), Family>,
    revoked: BTreeMap<(TenantId, String), Timestamp>,
    opaque: BTreeMap<(TenantId, String), StoredAccessToken>,
}

impl MemoryStore {
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap()
    }
}

fn by_subject(tenant: &TenantId, subject: SubjectKey) -> (TenantId, String) {
    (tenant.clone(), subject.to_string())
}

fn by_family(tenant: &TenantId, family: &FamilyId) -> (TenantId, String) {
    (tenant.clone(), family.to_string())
}

fn by_counter(tenant: &TenantId, counter: Counter<'_>) -> (TenantId, String) {
    let name = match counter {
        Counter::User(username) => format!("user#{username}"),
        Counter::UserAndSource(username, source) => format!("from#{source}#{username}"),
        Counter::Source(source) => format!("source#{source}"),
    };
    (tenant.clone(), name)
}

impl RegistryRepository for MemoryStore {
    async fn tenant(&self, tenant: &TenantId) -> Result<Option<Tenant>, StoreError> {
        let tables = self.tables();
        let settings = tables.settings.get(tenant).cloned();
        Ok(settings.map(|settings| Tenant {
            id: tenant.clone(),
            settings,
            keys: tables.rings.get(tenant).cloned().unwrap_or_default(),
        }))
    }

    async fn client(
        &self,
        tenant: &TenantId,
        client: &ClientId,
    ) -> Result<Option<Client>, StoreError> {
        let key = (tenant.clone(), client.clone());
        Ok(self.tables().clients.get(&key).cloned())
    }

    async fn api(
        &self,
        tenant: &TenantId,
        resource: &ResourceId,
    ) -> Result<Option<Api>, StoreError> {
        let key = (tenant.clone(), resource.clone());
        Ok(self.tables().apis.get(&key).cloned())
    }
}

impl RegistryAdmin for MemoryStore {
    async fn put_tenant(
        &self,
        tenant: &TenantId,
        settings: &TenantSettings,
    ) -> Result<(), StoreError> {
        self.tables()
            .settings
            .insert(tenant.clone(), settings.clone());
        Ok(())
    }

    async fn put_keys(
        &self,
        tenant: &TenantId,
        expected: &KeyRing,
        keys: &KeyRing,
    ) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        let ring = tables.rings.entry(tenant.clone()).or_default();
        let unchanged = ring == expected;
        if unchanged {
            *ring = keys.clone();
        }
        Ok(unchanged)
    }

    async fn put_client(&self, tenant: &TenantId, client: &Client) -> Result<(), StoreError> {
        let key = (tenant.clone(), client.client_id.clone());
        self.tables().clients.insert(key, client.clone());
        Ok(())
    }

    async fn delete_client(&self, tenant: &TenantId, client: &ClientId) -> Result<(), StoreError> {
        self.tables()
            .clients
            .remove(&(tenant.clone(), client.clone()));
        Ok(())
    }

    async fn put_api(&self, tenant: &TenantId, api: &Api) -> Result<(), StoreError> {
        let key = (tenant.clone(), api.resource.clone());
        self.tables().apis.insert(key, api.clone());
        Ok(())
    }

    async fn delete_api(&self, tenant: &TenantId, resource: &ResourceId) -> Result<(), StoreError> {
        let key = (tenant.clone(), resource.clone());
        self.tables().apis.remove(&key);
        Ok(())
    }

    async fn apis(&self, tenant: &TenantId) -> Result<Vec<Api>, StoreError> {
        let tables = self.tables();
        let apis = tables.apis.iter().filter(|((of, _), _)| of == tenant);
        Ok(apis.map(|(_, api)| api.clone()).collect())
    }

    async fn delete_tenant(&self, tenant: &TenantId) -> Result<(), StoreError> {
        let mut tables = self.tables();
        tables.settings.remove(tenant);
        tables.rings.remove(tenant);
        Ok(())
    }

    async fn tenants(&self) -> Result<Vec<Tenant>, StoreError> {
        let tables = self.tables();
        let tenants = tables.settings.iter().map(|(id, settings)| Tenant {
            id: id.clone(),
            settings: settings.clone(),
            keys: tables.rings.get(id).cloned().unwrap_or_default(),
        });
        Ok(tenants.collect())
    }

    async fn clients(&self, tenant: &TenantId) -> Result<Vec<Client>, StoreError> {
        let tables = self.tables();
        let clients = tables.clients.iter().filter(|((of, _), _)| of == tenant);
        Ok(clients.map(|(_, client)| client.clone()).collect())
    }
}

impl LoginRepository for MemoryStore {
    async fn find_login(
        &self,
        tenant: &TenantId,
        username: &Username,
        source: &Source,
    ) -> Result<Login, StoreError> {
        let tables = self.tables();
        let attempts = |counter| {
            let found = tables.attempts.get(&by_counter(tenant, counter));
            found.copied().unwrap_or_default()
        };
        let key = (tenant.clone(), username.clone());
        Ok(Login {
            credentials: tables.logins.get(&key).cloned(),
            by_user: attempts(Counter::User(username)),
            by_user_and_source: attempts(Counter::UserAndSource(username, source)),
            by_source: attempts(Counter::Source(source)),
        })
    }

    async fn recheck(
        &self,
        tenant: &TenantId,
        username: &Username,
        source: &Source,
        subject: SubjectKey,
    ) -> Result<(Login, Option<UserProfile>), StoreError> {
        let login = self.find_login(tenant, username, source).await?;
        let profile = self
            .tables()
            .profiles
            .get(&by_subject(tenant, subject))
            .cloned();
        Ok((login, profile))
    }

    async fn record_failure(
        &self,
        tenant: &TenantId,
        counter: Counter<'_>,
        _seen: &Attempts,
        policy: &Backoff,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tables = self.tables();
        let attempts = tables.attempts.entry(by_counter(tenant, counter));
        let attempts = attempts.or_default();
        let (before, first_failure) = if attempts.is_remembered(policy, now) {
            (attempts.failures, attempts.first_failure)
        } else {
            (0, now)
        };
        *attempts = Attempts {
            failures: before + 1,
            first_failure,
            last_failure: now,
        };
        Ok(())
    }

    async fn clear_failures(
        &self,
        tenant: &TenantId,
        username: &Username,
        source: &Source,
        seen: &Login,
    ) -> Result<(), StoreError> {
        let mut tables = self.tables();
        for (counter, seen) in [
            (Counter::User(username), &seen.by_user),
            (
                Counter::UserAndSource(username, source),
                &seen.by_user_and_source,
            ),
        ] {
            let key = by_counter(tenant, counter);
            let found = tables.attempts.get(&key);
            let same = |it: &Attempts| {
                it.failures <= seen.failures && it.first_failure == seen.first_failure
            };
            if found.is_some_and(same) {
                tables.attempts.remove(&key);
            }
        }
        Ok(())
    }

    async fn replace_hash(
        &self,
        tenant: &TenantId,
        username: &Username,
        old: &StoredPassword,
        new: &StoredPassword,
    ) -> Result<(), StoreError> {
        let mut tables = self.tables();
        let login = tables.logins.get_mut(&(tenant.clone(), username.clone()));
        if let Some(login) = login.filter(|login| login.password_hash.as_ref() == Some(old)) {
            login.password_hash = Some(new.clone());
        }
        Ok(())
    }
}

impl UserAdmin for MemoryStore {
    async fn user(
        &self,
        tenant: &TenantId,
        username: &Username,
    ) -> Result<Option<User>, StoreError> {
        let tables = self.tables();
        let login = tables.logins.get(&(tenant.clone(), username.clone()));
        Ok(login.map(|credentials| {
            let key = by_subject(tenant, SubjectKey::of(tenant, &credentials.subject));
            User {
                credentials: credentials.clone(),
                profile: tables.profiles.get(&key).cloned().unwrap(),
            }
        }))
    }

    async fn put_user(
        &self,
        tenant: &TenantId,
        user: &User,
        expected: Option<Generation>,
    ) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        let username = &user.profile.username;
        let login = (tenant.clone(), username.clone());
        let subject = by_subject(tenant, SubjectKey::of(tenant, &user.profile.subject));
        let found = tables.logins.get(&login).map(|login| login.generation);
        let taken = tables
            .profiles
            .get(&subject)
            .is_some_and(|profile| profile.username != *username);
        if found != expected || taken {
            return Ok(false);
        }
        tables.logins.insert(login, user.credentials.clone());
        tables
            .profiles
            .insert(subject.clone(), user.profile.clone());
        tables.states.insert(subject, user.state());
        Ok(true)
    }

    async fn delete_user(&self, tenant: &TenantId, user: &User) -> Result<(), StoreError> {
        let mut tables = self.tables();
        let subject = by_subject(tenant, SubjectKey::of(tenant, &user.profile.subject));
        tables
            .logins
            .remove(&(tenant.clone(), user.profile.username.clone()));
        tables.profiles.remove(&subject);
        tables.states.remove(&subject);
        Ok(())
    }

    async fn users(&self, tenant: &TenantId) -> Result<Vec<User>, StoreError> {
        let tables = self.tables();
        let logins = tables.logins.iter().filter(|((of, _), _)| of == tenant);
        let users = logins.map(|(_, credentials)| {
            let key = by_subject(tenant, SubjectKey::of(tenant, &credentials.subject));
            User {
                credentials: credentials.clone(),
                profile: tables.profiles.get(&key).cloned().unwrap(),
            }
        });
        Ok(users.collect())
    }
}

impl TokenStateRepository for MemoryStore {
    async fn token_state(
        &self,
        tenant: &TenantId,
        keys: &TokenKeys<'_>,
    ) -> Result<TokenState, StoreError> {
        let tables = self.tables();
        let subject = keys.subject.map(|subject| by_subject(tenant, subject));
        let family = keys.family.map(|family| by_family(tenant, family));
        let jti = keys.jti.map(|jti| (tenant.clone(), jti.to_owned()));
        let opaque = keys.opaque.map(|hash| (tenant.clone(), hash.to_string()));
        let profile = subject.as_ref().filter(|_| keys.profile);
        Ok(TokenState {
            opaque: opaque.and_then(|key| tables.opaque.get(&key).cloned()),
            revoked: jti.is_some_and(|jti| tables.revoked.contains_key(&jti)),
            family: family.and_then(|key| tables.families.get(&key).cloned()),
            profile: profile.and_then(|key| tables.profiles.get(key).cloned()),
            subject: subject.and_then(|key| tables.states.get(&key).cloned()),
        })
    }
}

impl RefreshTokenRepository for MemoryStore {
    async fn insert(&self, tenant: &TenantId, family: &Family) -> Result<(), StoreError> {
        let key = by_family(tenant, &family.id);
        self.tables().families.insert(key, family.clone());
        Ok(())
    }

    async fn insert_access_token(
        &self,
        tenant: &TenantId,
        hash: &OpaqueTokenHash,
        token: &StoredAccessToken,
    ) -> Result<(), StoreError> {
        let key = (tenant.clone(), hash.to_string());
        self.tables().opaque.insert(key, token.clone());
        Ok(())
    }

    async fn rotate(
        &self,
        tenant: &TenantId,
        family: &FamilyId,
        old: &RefreshTokenHash,
        next: &NextToken,
    ) -> Result<(), RotateError> {
        let mut tables = self.tables();
        let family = tables
            .families
            .get_mut(&by_family(tenant, family))
            .ok_or(RotateError::NotFound)?;
        if family.current != *old || family.revoked_at.is_some() {
            return Err(RotateError::AlreadyUsed(Box::new(family.clone())));
        }
        family.current = next.hash;
        family.previous = Some(next.previous.clone());
        family.token_expires_at = next.token_expires_at;
        family.keep_until = next.keep_until;
        Ok(())
    }

    async fn kill_family(
        &self,
        tenant: &TenantId,
        family: &FamilyId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if let Some(family) = self.tables().families.get_mut(&by_family(tenant, family)) {
            family.revoked_at.get_or_insert(now);
        }
        Ok(())
    }
}

impl RevocationRepository for MemoryStore {
    async fn revoke_access_token(
        &self,
        tenant: &TenantId,
        jti: &str,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let key = (tenant.clone(), jti.to_owned());
        self.tables().revoked.insert(key, until);
        Ok(())
    }

    async fn revoke_opaque(
        &self,
        tenant: &TenantId,
        hash: &OpaqueTokenHash,
        client: &ClientId,
    ) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        let key = (tenant.clone(), hash.to_string());
        let own = |it: &StoredAccessToken| it.client_id == *client;
        let found = tables.opaque.get(&key).is_some_and(own);
        if found {
            tables.opaque.remove(&key);
        }
        Ok(found)
    }

    async fn revoke_family(
        &self,
        tenant: &TenantId,
        token: &RefreshToken,
        client: &ClientId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        let family = tables.families.get_mut(&by_family(tenant, token.family()));
        let family = family.filter(|it| it.is_lineage_of(token) && it.client_id == *client);
        let found = family.is_some();
        if let Some(family) = family {
            family.revoked_at.get_or_insert(now);
        }
        Ok(found)
    }
}
