//! What must change for the store to equal the file: pure, so that a dry run is the same plan, not executed.

pub mod client;
pub mod diff;
pub mod user;

use std::collections::BTreeSet;

use latchkey_oauth::api::{Api, ResourceId};
use latchkey_oauth::client::{Client, ClientId};
use latchkey_oauth::password::{Password, PasswordHashing, StoredPassword};
use latchkey_oauth::store::{Expected, Version, Versioned};
use latchkey_oauth::tenant::{Lifetimes, TenantId, TenantSettings};
use latchkey_oauth::user::{Subject, User, Username};
use latchkey_registry::fault::{Faults, FaultyFile, Place};
use latchkey_registry::{TenantEntry, UserPassword, duration};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::progress::Progress;
use crate::registry_file::RegistryFile;
use crate::snapshot::{Snapshot, StoredTenant};
use diff::Field;

/// What is done to something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// It was not there.
    Create,
    /// It was there, and otherwise.
    Change,
    /// It is not in the file.
    Delete,
}

/// One change to the store.
#[derive(Debug)]
pub struct Change {
    /// Whose tenant.
    pub tenant: TenantId,
    /// What is done.
    pub verb: Verb,
    /// The fields that differ. Never a secret.
    pub fields: Vec<Field>,
    /// How.
    pub action: Action,
}

/// How a change is made.
#[derive(Debug)]
pub enum Action {
    /// Writes a tenant's settings.
    PutTenant {
        /// As they are to be.
        settings: TenantSettings,
        /// As the store was when it was read.
        expected: Expected,
    },
    /// Writes an API.
    PutApi {
        /// As it is to be.
        api: Api,
        /// As the store was when it was read.
        expected: Expected,
    },
    /// Writes a client.
    PutClient {
        /// As it is to be, but for the secret.
        client: Box<Client>,
        /// A secret to come.
        secret: Option<SecretToCome>,
        /// As the store was when it was read.
        expected: Expected,
    },
    /// Makes a user.
    CreateUser(NewUser),
    /// Changes a user.
    UpdateUser {
        /// As it was read.
        stored: Versioned<User>,
        /// Claims as they are to be.
        claims: Map<String, Value>,
        /// Whether it is shut out.
        disabled: bool,
        /// The new password.
        password: Option<NewPassword>,
    },
    /// Deletes an API.
    DeleteApi(ResourceId, Version),
    /// Deletes a client.
    DeleteClient(ClientId, Version),
    /// Deletes a user.
    DeleteUser(Versioned<User>),
    /// Deletes a tenant, its key ring included.
    DeleteTenant(Version),
}

/// A user to be made.
#[derive(Debug)]
pub struct NewUser {
    /// What they sign in with.
    pub username: Username,
    /// Their subject, or a fresh one.
    pub subject: Option<Subject>,
    /// Their claims.
    pub claims: Map<String, Value>,
    /// Whether they are shut out from the start.
    pub disabled: bool,
    /// Their password.
    pub password: Option<NewPassword>,
}

/// A client's secret that is not known yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretToCome {
    /// To be asked for.
    Prompt,
    /// To be made up.
    Generate,
}

/// A password to be set.
#[derive(Debug)]
pub enum NewPassword {
    /// This one, to be hashed.
    Plain(Password),
    /// The one with this hash.
    Hash(StoredPassword),
    /// To be asked for.
    Prompt,
    /// To be made up.
    Generate,
}

impl From<UserPassword> for NewPassword {
    fn from(password: UserPassword) -> Self {
        match password {
            UserPassword::Plain(plain) => Self::Plain(plain),
            UserPassword::Hash(hash) => Self::Hash(hash),
            UserPassword::Prompt => Self::Prompt,
            UserPassword::Generate => Self::Generate,
        }
    }
}

impl Change {
    /// Whether a user's tokens end with it.
    pub fn ends_tokens(&self) -> bool {
        match &self.action {
            Action::UpdateUser {
                stored,
                disabled,
                password,
                ..
            } => password.is_some() || (*disabled && !stored.credentials.disabled),
            Action::PutTenant { .. }
            | Action::PutApi { .. }
            | Action::DeleteApi(..)
            | Action::PutClient { .. }
            | Action::CreateUser(_)
            | Action::DeleteClient(..)
            | Action::DeleteUser(_)
            | Action::DeleteTenant(_) => false,
        }
    }

    /// The secret that somebody will be asked for, if there is one.
    pub fn asks_for(&self) -> Option<String> {
        let (_, id) = self.subject();
        match &self.action {
            Action::PutClient {
                secret: Some(SecretToCome::Prompt),
                ..
            } => Some(format!("secret of client {id}")),
            Action::CreateUser(NewUser {
                password: Some(NewPassword::Prompt),
                ..
            })
            | Action::UpdateUser {
                password: Some(NewPassword::Prompt),
                ..
            } => Some(format!("password of user {id}")),
            Action::PutTenant { .. }
            | Action::PutApi { .. }
            | Action::DeleteApi(..)
            | Action::PutClient { .. }
            | Action::CreateUser(_)
            | Action::UpdateUser { .. }
            | Action::DeleteClient(..)
            | Action::DeleteUser(_)
            | Action::DeleteTenant(_) => None,
        }
    }

    /// `client demo-web`, as the plan shows it.
    pub fn subject(&self) -> (&'static str, &str) {
        match &self.action {
            Action::PutTenant { .. } | Action::DeleteTenant(_) => ("tenant", self.tenant.as_str()),
            Action::PutApi { api, .. } => ("api", api.resource.as_str()),
            Action::DeleteApi(resource, _) => ("api", resource.as_str()),
            Action::PutClient { client, .. } => ("client", client.client_id.as_str()),
            Action::DeleteClient(id, _) => ("client", id.as_str()),
            Action::CreateUser(user) => ("user", user.username.as_str()),
            Action::UpdateUser { stored, .. } => ("user", stored.profile.username.as_str()),
            Action::DeleteUser(user) => ("user", user.profile.username.as_str()),
        }
    }
}

/// Everything that is to change.
#[derive(Debug, Default)]
pub struct Plan {
    /// To be made, in this order.
    pub changes: Vec<Change>,
    /// Deletions that nobody asked for.
    pub left: Vec<Change>,
    /// What an operator should know besides.
    pub notes: Vec<String>,
}

/// Compares the file with the store. Deletions are part of the plan only with `prune`.
///
/// # Errors
/// [`FaultyFile`] where the file contradicts what the store may never change.
pub fn make(
    file: &RegistryFile,
    store: &Snapshot,
    prune: bool,
    hashing: &PasswordHashing,
    progress: &mut Progress<'_>,
) -> Result<Plan, FaultyFile> {
    let faults = Faults::default();
    let mut plan = Plan::default();
    let mut deletions = Vec::new();
    for entry in &file.tenants {
        let stored = store.tenant(&entry.tenant);
        plan.changes.extend(tenant(entry, stored));
        plan.changes.extend(apis(entry, stored));
        plan.changes.extend(client::all(entry, stored));
        user::all(entry, stored, hashing, progress, &faults, &mut plan);
        deletions.extend(deleted_of(entry, stored));
        if stored.is_none_or(|stored| stored.tenant.keys.keys.is_empty()) {
            plan.notes.push(format!(
                "tenant {0} has no signing key yet: `latchkey keys add KMS_KEY_ID --tenant {0}` gives it one",
                entry.tenant
            ));
        }
    }
    let named: BTreeSet<_> = file.tenants.iter().map(|entry| &entry.tenant).collect();
    for stored in &store.tenants {
        if !named.contains(&stored.tenant.id) {
            deletions.extend(deleted_tenant(stored));
        }
    }
    if prune {
        plan.changes.extend(deletions);
    } else {
        plan.left = deletions;
    }
    faults.or(&file.name, || plan)
}

fn tenant(entry: &TenantEntry, stored: Option<&StoredTenant>) -> Option<Change> {
    let old = stored.map(|stored| &stored.tenant.settings);
    let (verb, mut fields) = diff::compare(old, &entry.settings)?;
    if verb == Verb::Create {
        fields = diff::created(&entry.settings, Some(&TenantSettings::default()));
    }
    diff::tell_instead(&mut fields, default_lifetime);
    Some(Change {
        tenant: entry.tenant.clone(),
        verb,
        fields,
        action: Action::PutTenant {
            settings: entry.settings.clone(),
            expected: expected(stored.map(|stored| &stored.tenant)),
        },
    })
}

/// What must change about a tenant's APIs.
fn apis(entry: &TenantEntry, stored: Option<&StoredTenant>) -> Vec<Change> {
    let entries = entry.apis.as_deref().unwrap_or_default();
    let stored = stored.map(|stored| stored.apis.as_slice());
    let changes = entries.iter().filter_map(|described| {
        let api = &described.api;
        let mut known = stored.unwrap_or_default().iter();
        let old = known.find(|old| old.resource == api.resource);
        let (verb, mut fields) = diff::compare(old.map(|old| &old.value), api)?;
        diff::tell_instead(&mut fields, |name| {
            name.ends_with("_lifetime")
                .then(|| "the tenant's".to_owned())
        });
        Some(Change {
            tenant: entry.tenant.clone(),
            verb,
            fields,
            action: Action::PutApi {
                api: api.clone(),
                expected: old.map_or(Expected::Absent, |old| Expected::Version(old.version)),
            },
        })
    });
    changes.collect()
}

fn default_lifetime(name: &str) -> Option<String> {
    let Lifetimes {
        access_token,
        id_token,
        refresh_token,
        refresh_token_family,
    } = Lifetimes::DEFAULT;
    let span = match name {
        "access_token_lifetime" => access_token,
        "client_credentials_access_token_lifetime" => {
            return Some("as access_token_lifetime".to_owned());
        }
        "id_token_lifetime" => id_token,
        "refresh_token_lifetime" => refresh_token,
        "refresh_token_family_lifetime" => refresh_token_family,
        _ => return None,
    };
    Some(format!("{} (the default)", duration::show(span)))
}

/// What the file no longer names. Of APIs, clients or users it says nothing about, none.
fn deleted_of(entry: &TenantEntry, stored: Option<&StoredTenant>) -> Vec<Change> {
    let Some(stored) = stored else {
        return Vec::new();
    };
    let clients: Option<BTreeSet<_>> = entry.clients.as_ref().map(|entries| {
        entries
            .iter()
            .map(|entry| &entry.client.client_id)
            .collect()
    });
    let users: Option<BTreeSet<_>> = entry
        .users
        .as_ref()
        .map(|entries| entries.iter().map(|entry| &entry.username).collect());
    let apis: Option<BTreeSet<_>> = entry
        .apis
        .as_ref()
        .map(|entries| entries.iter().map(|entry| &entry.api.resource).collect());
    let mut deletions = Vec::new();
    for api in &stored.apis {
        if apis
            .as_ref()
            .is_some_and(|named| !named.contains(&api.resource))
        {
            let action = Action::DeleteApi(api.resource.clone(), api.version);
            deletions.push(deletion(stored, action));
        }
    }
    for client in &stored.clients {
        if clients
            .as_ref()
            .is_some_and(|named| !named.contains(&client.client_id))
        {
            deletions.push(deletion(
                stored,
                Action::DeleteClient(client.client_id.clone(), client.version),
            ));
        }
    }
    for user in &stored.users {
        if users
            .as_ref()
            .is_some_and(|named| !named.contains(&user.profile.username))
        {
            deletions.push(deletion(stored, Action::DeleteUser(user.clone())));
        }
    }
    deletions
}

/// A tenant goes with all that belongs to it, itself last.
pub(crate) fn deleted_tenant(stored: &StoredTenant) -> Vec<Change> {
    let clients = stored
        .clients
        .iter()
        .map(|client| Action::DeleteClient(client.client_id.clone(), client.version));
    let users = stored
        .users
        .iter()
        .map(|user| Action::DeleteUser(user.clone()));
    let apis = stored
        .apis
        .iter()
        .map(|api| Action::DeleteApi(api.resource.clone(), api.version));
    let all = clients.chain(apis).chain(users);
    let actions = all.chain([Action::DeleteTenant(stored.tenant.version)]);
    actions.map(|action| deletion(stored, action)).collect()
}

fn deletion(stored: &StoredTenant, action: Action) -> Change {
    Change {
        tenant: stored.tenant.id.clone(),
        verb: Verb::Delete,
        fields: Vec::new(),
        action,
    }
}

/// What a write expects to find of what was read.
fn expected<T>(stored: Option<&Versioned<T>>) -> Expected {
    stored.map_or(Expected::Absent, |stored| Expected::Version(stored.version))
}

/// Whom a fault found while planning is about.
fn place(tenant: &TenantId) -> Place {
    Place::default().inside(&format!("tenant {tenant}"))
}
