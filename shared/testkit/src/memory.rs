//! The repositories in memory: for speed, and held to the same contract as DynamoDB.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use latchkey_oauth::api::{Api, ResourceId};
use latchkey_oauth::client::{Client, ClientId, RegistryRepository};
use latchkey_oauth::issuer::Domain;
use latchkey_oauth::lockout::{Attempts, Backoff, Source};
use latchkey_oauth::login::{Counter, Login, LoginRepository};
use latchkey_oauth::password::StoredPassword;
use latchkey_oauth::registration::{InitialAccess, RegistrationRepository};
use latchkey_oauth::secret_token::TokenHash;
use latchkey_oauth::store::{OnceNote, StoreError, Version, Versioned};
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
use latchkey_oauth::user::{Credentials, SubjectKey, SubjectState, UserProfile, Username};

/// Everything a deployment keeps. Clones see the same.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore(Arc<Mutex<Tables>>);

#[derive(Debug, Default)]
pub(crate) struct Tables {
    pub settings: BTreeMap<TenantId, Versioned<TenantSettings>>,
    pub rings: BTreeMap<TenantId, KeyRing>,
    /// Whose a signing key is, by its `kid`; for good.
    pub key_owners: BTreeMap<String, TenantId>,
    pub clients: BTreeMap<(TenantId, ClientId), Versioned<Client>>,
    pub apis: BTreeMap<(TenantId, ResourceId), Versioned<Api>>,
    pub logins: BTreeMap<(TenantId, Username), Versioned<Credentials>>,
    pub profiles: BTreeMap<(TenantId, String), UserProfile>,
    pub attempts: BTreeMap<(TenantId, String), Attempts>,
    pub states: BTreeMap<(TenantId, String), SubjectState>,
    pub families: BTreeMap<(TenantId, String), Family>,
    pub revoked: BTreeMap<(TenantId, String), Timestamp>,
    pub opaque: BTreeMap<(TenantId, String), StoredAccessToken>,
    pub initial: BTreeMap<(TenantId, String), InitialAccess>,
    pub once: BTreeMap<(TenantId, String), OnceNote>,
    pub versions: u64,
}

impl Tables {
    pub(crate) fn domain_of(&self, domain: &Domain) -> Option<TenantId> {
        let mut tenants = self.settings.iter();
        tenants
            .find(|(_, settings)| settings.domain.as_ref() == Some(domain))
            .map(|(id, _)| id.clone())
    }
}

impl MemoryStore {
    pub(crate) fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap()
    }
}

pub(crate) fn by_subject(tenant: &TenantId, subject: SubjectKey) -> (TenantId, String) {
    (tenant.clone(), subject.to_string())
}

pub(crate) fn by_family(tenant: &TenantId, family: &FamilyId) -> (TenantId, String) {
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
        let settings = tables.settings.get(tenant).map(|it| it.value.clone());
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
        Ok(self.tables().clients.get(&key).map(|it| it.value.clone()))
    }

    async fn tenant_of_domain(&self, domain: &Domain) -> Result<Option<TenantId>, StoreError> {
        Ok(self.tables().domain_of(domain))
    }

    async fn api(
        &self,
        tenant: &TenantId,
        resource: &ResourceId,
    ) -> Result<Option<Api>, StoreError> {
        let key = (tenant.clone(), resource.clone());
        Ok(self.tables().apis.get(&key).map(|it| it.value.clone()))
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
            credentials: tables.logins.get(&key).map(|it| it.value.clone()),
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

    async fn set_password(
        &self,
        tenant: &TenantId,
        username: &Username,
        seen: &Credentials,
        new: &Credentials,
    ) -> Result<bool, StoreError> {
        let tables = &mut *self.tables();
        let login = tables.logins.get_mut(&(tenant.clone(), username.clone()));
        let as_seen = |it: &Credentials| it.generation == seen.generation && it.reset == seen.reset;
        let Some(login) = login.filter(|login| as_seen(login)) else {
            return Ok(false);
        };
        tables.versions += 1;
        login.version = Version::from_number(tables.versions);
        login.value.password_hash.clone_from(&new.password_hash);
        login.value.own_password = new.own_password;
        login.value.generation = new.generation;
        login.value.reset = None;
        let subject = by_subject(tenant, SubjectKey::of(tenant, &seen.subject));
        tables.states.insert(subject, new.state(username));
        Ok(true)
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
            login.value.password_hash = Some(new.clone());
        }
        Ok(())
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
        let tables = &mut *self.tables();
        tables.families.entry(key).or_insert_with(|| family.clone());
        Ok(())
    }

    async fn insert_access_token(
        &self,
        tenant: &TenantId,
        hash: &OpaqueTokenHash,
        token: &StoredAccessToken,
    ) -> Result<(), StoreError> {
        let key = (tenant.clone(), hash.to_string());
        let tables = &mut *self.tables();
        tables.opaque.entry(key).or_insert_with(|| token.clone());
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
        client: Option<&ClientId>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        let token = tables.opaque.get_mut(&(tenant.clone(), hash.to_string()));
        let token = token.filter(|it| client.is_none_or(|client| it.client_id == *client));
        let found = token.is_some();
        if let Some(token) = token {
            token.revoked_at.get_or_insert(now);
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

impl RegistrationRepository for MemoryStore {
    async fn put_initial_access(
        &self,
        tenant: &TenantId,
        hash: &TokenHash,
        token: &InitialAccess,
    ) -> Result<(), StoreError> {
        let key = (tenant.clone(), hash.to_string());
        self.tables().initial.insert(key, token.clone());
        Ok(())
    }

    async fn initial_access(
        &self,
        tenant: &TenantId,
        hash: &TokenHash,
    ) -> Result<Option<InitialAccess>, StoreError> {
        let key = (tenant.clone(), hash.to_string());
        Ok(self.tables().initial.get(&key).cloned())
    }

    async fn register(
        &self,
        tenant: &TenantId,
        client: &Client,
        initial: Option<&TokenHash>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let tables = &mut *self.tables();
        let key = (tenant.clone(), client.client_id.clone());
        if tables.clients.contains_key(&key) {
            return Ok(false);
        }
        if let Some(hash) = initial {
            let token = tables.initial.get_mut(&(tenant.clone(), hash.to_string()));
            let Some(token) = token.filter(|it| it.counts(now)) else {
                return Ok(false);
            };
            token.uses_left -= 1;
        }
        tables.versions += 1;
        let registered = Versioned {
            value: client.clone(),
            version: Version::from_number(tables.versions),
        };
        tables.clients.insert(key, registered);
        Ok(true)
    }
}
