//! Clients: file against store.

use latchkey_oauth::client::Client;
use latchkey_oauth::store::Versioned;
use latchkey_oauth::tenant::TenantId;
use latchkey_registry::{ClientEntry, ClientSecrets, TenantEntry};

use super::diff::{self, Field};
use super::{Action, Change, SecretToCome};
use crate::snapshot::StoredTenant;

/// What must change about a tenant's clients.
pub fn all(entry: &TenantEntry, stored: Option<&StoredTenant>) -> Vec<Change> {
    let entries = entry.clients.as_deref().unwrap_or_default();
    let changes = entries.iter().filter_map(|client| {
        let id = &client.client.client_id;
        let old = stored.and_then(|stored| stored.clients.iter().find(|old| old.client_id == *id));
        one(&entry.tenant, client, old)
    });
    changes.collect()
}

/// What must change about one client.
pub fn one(
    tenant: &TenantId,
    entry: &ClientEntry,
    old: Option<&Versioned<Client>>,
) -> Option<Change> {
    let mut client = entry.client.clone();
    // Silence never lets a client in that somebody has shut out.
    client.disabled = entry
        .disabled
        .unwrap_or_else(|| old.is_some_and(|old| old.disabled));
    // What a client registered with is its own: a file that is silent about it does not take it away.
    if client.registration.is_none() {
        client.registration = old.and_then(|old| old.registration.clone());
    }
    let kept = old
        .map(|old| old.client_secret_hashes.clone())
        .unwrap_or_default();
    let mut secret = None;
    client.client_secret_hashes = match &entry.secrets {
        ClientSecrets::None => Vec::new(),
        ClientSecrets::Known(hashes) => hashes.clone(),
        ClientSecrets::Prompt | ClientSecrets::Generate if !kept.is_empty() => kept,
        ClientSecrets::Prompt => {
            secret = Some(SecretToCome::Prompt);
            Vec::new()
        }
        ClientSecrets::Generate => {
            secret = Some(SecretToCome::Generate);
            Vec::new()
        }
    };
    let (verb, mut fields) = match diff::compare(old.map(|old| &old.value), &client) {
        Some(difference) => difference,
        None if secret.is_some() => (super::Verb::Change, Vec::new()),
        None => return None,
    };
    diff::tell_instead(&mut fields, |name| {
        name.ends_with("_lifetime")
            .then(|| "the tenant's".to_owned())
    });
    if secret.is_some() {
        fields.push(Field::untold("client_secret"));
    }
    Some(Change {
        tenant: tenant.clone(),
        verb,
        fields,
        action: Action::PutClient {
            client: Box::new(client),
            secret,
            expected: super::expected(old),
        },
    })
}
