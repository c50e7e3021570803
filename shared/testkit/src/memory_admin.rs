//! The operator's side of the repositories in memory.

use std::collections::BTreeMap;

use latchkey_oauth::api::{Api, ResourceId};
use latchkey_oauth::client::{Client, ClientId, RegistryAdmin, RingWrite};
use latchkey_oauth::hash::Sha256Hash;
use latchkey_oauth::store::{
    Condition, Expected, Once, OnceNote, OnceRepository, Page, Part, StoreError, Version, Versioned,
};
use latchkey_oauth::tenant::{Tenant, TenantId, TenantSettings};
use latchkey_oauth::time::Timestamp;
use latchkey_oauth::token::family::Family;
use latchkey_oauth::token::jwk::KeyRing;
use latchkey_oauth::token::refresh_token::FamilyId;
use latchkey_oauth::token::repository::FamilyAdmin;
use latchkey_oauth::user::{SubjectKey, User, UserAdmin, Username};

use crate::memory::{MemoryStore, Tables, by_family, by_subject};

fn is_as<T>(expected: Expected, found: Option<&Versioned<T>>) -> bool {
    match expected {
        Expected::Any => true,
        Expected::Absent => found.is_none(),
        Expected::Version(version) => found.is_some_and(|found| found.version == version),
    }
}

impl Tables {
    /// The version of a write, and the note of the request that it is for; `None` if that is noted already.
    fn begin(&mut self, condition: Condition<'_>) -> Option<Version> {
        if let Some(once) = condition.once {
            let key = (once.tenant.clone(), once.key.to_string());
            let noted = self.once.get(&key);
            if noted.is_some_and(|note| once.now < note.until) {
                return None;
            }
            self.once.insert(key, once.note.clone());
        }
        self.versions += 1;
        Some(Version::from_number(self.versions))
    }

    fn tenant_of(&self, id: &TenantId) -> Option<Versioned<Tenant>> {
        let settings = self.settings.get(id)?;
        Some(Versioned {
            value: Tenant {
                id: id.clone(),
                settings: settings.value.clone(),
                keys: self.rings.get(id).cloned().unwrap_or_default(),
            },
            version: settings.version,
        })
    }

    fn user_of(&self, tenant: &TenantId, username: &Username) -> Option<Versioned<User>> {
        let login = self.logins.get(&(tenant.clone(), username.clone()))?;
        let key = by_subject(tenant, SubjectKey::of(tenant, &login.subject));
        Some(Versioned {
            value: User {
                credentials: login.value.clone(),
                profile: self.profiles.get(&key).cloned().unwrap(),
            },
            version: login.version,
        })
    }
}

/// The part of a list that is in the order of names.
fn page<T>(all: impl Iterator<Item = T>, name: impl Fn(&T) -> &str, part: Part<'_>) -> Page<T> {
    let mut items: Vec<T> = all
        .filter(|it| part.has(name(it)))
        .take(part.limit + 1)
        .collect();
    let more = items.len() > part.limit;
    items.truncate(part.limit);
    Page { items, more }
}

fn of_tenant<'a, K: Ord, T: Clone>(
    table: &'a BTreeMap<(TenantId, K), Versioned<T>>,
    tenant: &'a TenantId,
) -> impl Iterator<Item = Versioned<T>> + 'a {
    let found = table.iter().filter(move |((of, _), _)| of == tenant);
    found.map(|(_, it)| it.clone())
}

impl RegistryAdmin for MemoryStore {
    async fn read_tenant(
        &self,
        tenant: &TenantId,
    ) -> Result<Option<Versioned<Tenant>>, StoreError> {
        Ok(self.tables().tenant_of(tenant))
    }

    async fn read_client(
        &self,
        tenant: &TenantId,
        client: &ClientId,
    ) -> Result<Option<Versioned<Client>>, StoreError> {
        let key = (tenant.clone(), client.clone());
        Ok(self.tables().clients.get(&key).cloned())
    }

    async fn read_api(
        &self,
        tenant: &TenantId,
        resource: &ResourceId,
    ) -> Result<Option<Versioned<Api>>, StoreError> {
        let key = (tenant.clone(), resource.clone());
        Ok(self.tables().apis.get(&key).cloned())
    }

    async fn put_tenant<'a>(
        &self,
        tenant: &TenantId,
        settings: &TenantSettings,
        condition: impl Into<Condition<'a>> + Send,
    ) -> Result<Option<Version>, StoreError> {
        let condition = condition.into();
        let mut tables = self.tables();
        if !is_as(condition.expected, tables.settings.get(tenant)) {
            return Ok(None);
        }
        let domain = settings.domain.as_ref();
        let of = domain.and_then(|domain| tables.domain_of(domain));
        if of.is_some_and(|of| of != *tenant) {
            return Ok(None);
        }
        let Some(version) = tables.begin(condition) else {
            return Ok(None);
        };
        let value = settings.clone();
        tables
            .settings
            .insert(tenant.clone(), Versioned { value, version });
        Ok(Some(version))
    }

    async fn put_keys(
        &self,
        tenant: &TenantId,
        expected: &KeyRing,
        keys: &KeyRing,
        once: Option<&Once>,
    ) -> Result<RingWrite, StoreError> {
        let mut tables = self.tables();
        let known = |kid: &str| expected.keys.iter().any(|key| key.kid == kid);
        let new = || keys.keys.iter().filter(|key| !known(&key.kid));
        let kids = || new().map(|key| key.kid.clone());
        let is_anothers = |kid| {
            let owner = tables.key_owners.get(&kid);
            owner.is_some_and(|owner| owner != tenant)
        };
        if kids().any(is_anothers) {
            return Ok(RingWrite::AnotherTenants);
        }
        let found = tables.rings.get(tenant).cloned().unwrap_or_default();
        let condition = Condition {
            expected: Expected::Any,
            once,
        };
        if found != *expected || tables.begin(condition).is_none() {
            return Ok(RingWrite::Stale);
        }
        tables.rings.insert(tenant.clone(), keys.clone());
        let owned = kids().map(|kid| (kid, tenant.clone()));
        tables.key_owners.extend(owned);
        Ok(RingWrite::Written)
    }

    async fn put_client<'a>(
        &self,
        tenant: &TenantId,
        client: &Client,
        condition: impl Into<Condition<'a>> + Send,
    ) -> Result<Option<Version>, StoreError> {
        let condition = condition.into();
        let key = (tenant.clone(), client.client_id.clone());
        let mut tables = self.tables();
        if !is_as(condition.expected, tables.clients.get(&key)) {
            return Ok(None);
        }
        let Some(version) = tables.begin(condition) else {
            return Ok(None);
        };
        let value = client.clone();
        tables.clients.insert(key, Versioned { value, version });
        Ok(Some(version))
    }

    async fn delete_client(
        &self,
        tenant: &TenantId,
        client: &ClientId,
        expected: Expected,
    ) -> Result<bool, StoreError> {
        let key = (tenant.clone(), client.clone());
        let mut tables = self.tables();
        let found = is_as(expected, tables.clients.get(&key));
        if found {
            tables.clients.remove(&key);
        }
        Ok(found)
    }

    async fn put_api<'a>(
        &self,
        tenant: &TenantId,
        api: &Api,
        condition: impl Into<Condition<'a>> + Send,
    ) -> Result<Option<Version>, StoreError> {
        let condition = condition.into();
        let key = (tenant.clone(), api.resource.clone());
        let mut tables = self.tables();
        if !is_as(condition.expected, tables.apis.get(&key)) {
            return Ok(None);
        }
        let Some(version) = tables.begin(condition) else {
            return Ok(None);
        };
        let value = api.clone();
        tables.apis.insert(key, Versioned { value, version });
        Ok(Some(version))
    }

    async fn delete_api(
        &self,
        tenant: &TenantId,
        resource: &ResourceId,
        expected: Expected,
    ) -> Result<bool, StoreError> {
        let key = (tenant.clone(), resource.clone());
        let mut tables = self.tables();
        let found = is_as(expected, tables.apis.get(&key));
        if found {
            tables.apis.remove(&key);
        }
        Ok(found)
    }

    async fn delete_tenant(
        &self,
        tenant: &TenantId,
        expected: Expected,
    ) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        let found = is_as(expected, tables.settings.get(tenant));
        if found {
            tables.settings.remove(tenant);
            tables.rings.remove(tenant);
        }
        Ok(found)
    }

    async fn tenants_page(&self, part: Part<'_>) -> Result<Page<Versioned<Tenant>>, StoreError> {
        let tables = self.tables();
        let tenants = tables.settings.keys().filter_map(|id| tables.tenant_of(id));
        Ok(page(tenants, |it| it.id.as_str(), part))
    }

    async fn clients_page(
        &self,
        tenant: &TenantId,
        part: Part<'_>,
    ) -> Result<Page<Versioned<Client>>, StoreError> {
        let tables = self.tables();
        let clients = of_tenant(&tables.clients, tenant);
        Ok(page(clients, |it| it.client_id.as_str(), part))
    }

    async fn apis_page(
        &self,
        tenant: &TenantId,
        part: Part<'_>,
    ) -> Result<Page<Versioned<Api>>, StoreError> {
        let tables = self.tables();
        let apis = of_tenant(&tables.apis, tenant);
        Ok(page(apis, |it| it.resource.as_str(), part))
    }
}

impl UserAdmin for MemoryStore {
    async fn user(
        &self,
        tenant: &TenantId,
        username: &Username,
    ) -> Result<Option<Versioned<User>>, StoreError> {
        Ok(self.tables().user_of(tenant, username))
    }

    async fn put_user<'a>(
        &self,
        tenant: &TenantId,
        user: &User,
        condition: impl Into<Condition<'a>> + Send,
    ) -> Result<Option<Version>, StoreError> {
        let condition = condition.into();
        let mut tables = self.tables();
        let username = &user.profile.username;
        let login = (tenant.clone(), username.clone());
        let subject = by_subject(tenant, SubjectKey::of(tenant, &user.profile.subject));
        let taken = tables
            .profiles
            .get(&subject)
            .is_some_and(|profile| profile.username != *username);
        if taken || !is_as(condition.expected, tables.logins.get(&login)) {
            return Ok(None);
        }
        let Some(version) = tables.begin(condition) else {
            return Ok(None);
        };
        let value = user.credentials.clone();
        tables.logins.insert(login, Versioned { value, version });
        tables
            .profiles
            .insert(subject.clone(), user.profile.clone());
        tables.states.insert(subject, user.state());
        Ok(Some(version))
    }

    async fn delete_user(
        &self,
        tenant: &TenantId,
        user: &User,
        expected: Expected,
    ) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        let login = (tenant.clone(), user.profile.username.clone());
        if !is_as(expected, tables.logins.get(&login)) {
            return Ok(false);
        }
        let subject = by_subject(tenant, SubjectKey::of(tenant, &user.profile.subject));
        tables.logins.remove(&login);
        tables.profiles.remove(&subject);
        tables.states.remove(&subject);
        Ok(true)
    }

    async fn users_page(
        &self,
        tenant: &TenantId,
        part: Part<'_>,
    ) -> Result<Page<Versioned<User>>, StoreError> {
        let tables = self.tables();
        let names = tables.logins.keys().filter(|(of, _)| of == tenant);
        let users = names.filter_map(|(_, name)| tables.user_of(tenant, name));
        Ok(page(users, |it| it.profile.username.as_str(), part))
    }
}

impl FamilyAdmin for MemoryStore {
    async fn families_page(
        &self,
        tenant: &TenantId,
        subject: SubjectKey,
        part: Part<'_>,
        now: Timestamp,
    ) -> Result<Page<Family>, StoreError> {
        let tables = self.tables();
        let families = tables.families.iter().filter(|((of, _), family)| {
            of == tenant && family.id.subject() == subject && family.lives(now)
        });
        let mut numbered: Vec<(String, Family)> = families
            .map(|(_, family)| (family.id.number(), family.clone()))
            .collect();
        numbered.sort_by(|a, b| a.0.cmp(&b.0));
        let Page { items, more } = page(numbered.into_iter(), |(number, _)| number, part);
        let items = items.into_iter().map(|(_, family)| family).collect();
        Ok(Page { items, more })
    }

    async fn end_family(
        &self,
        tenant: &TenantId,
        family: &FamilyId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        let family = tables.families.get_mut(&by_family(tenant, family));
        let living = family.filter(|family| family.revoked_at.is_none());
        let found = living.is_some();
        if let Some(family) = living {
            family.revoked_at = Some(now);
        }
        Ok(found)
    }
}

impl OnceRepository for MemoryStore {
    async fn once(
        &self,
        tenant: &TenantId,
        key: &Sha256Hash,
        now: Timestamp,
    ) -> Result<Option<OnceNote>, StoreError> {
        let key = (tenant.clone(), key.to_string());
        let noted = self.tables().once.get(&key).cloned();
        Ok(noted.filter(|note| now < note.until))
    }
}
