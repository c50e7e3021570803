//! Users: file against store.

use std::collections::BTreeMap;

use latchkey_oauth::password::{PasswordHashing, StoredPassword, Verdict};
use latchkey_oauth::store::Versioned;
use latchkey_oauth::tenant::TenantId;
use latchkey_oauth::user::{Subject, User, Username};
use latchkey_registry::fault::Faults;
use latchkey_registry::{TenantEntry, UserEntry, UserPassword};

use super::diff::{self, Field};
use super::{Action, Change, NewPassword, NewUser, Plan, Verb};
use crate::progress::Progress;
use crate::snapshot::StoredTenant;

/// What must change about a tenant's users.
pub fn all(
    entry: &TenantEntry,
    stored: Option<&StoredTenant>,
    hashing: &PasswordHashing,
    progress: &mut Progress<'_>,
    faults: &Faults,
    plan: &mut Plan,
) {
    let entries = entry.users.as_deref().unwrap_or_default();
    let users = stored
        .map(|stored| stored.users.as_slice())
        .unwrap_or_default();
    let by_name: BTreeMap<&Username, &Versioned<User>> = users
        .iter()
        .map(|user| (&user.profile.username, user))
        .collect();
    let by_subject: BTreeMap<&Subject, &Username> = users
        .iter()
        .map(|user| (&user.profile.subject, &user.profile.username))
        .collect();
    let mut newer_hashes: u32 = 0;
    let mut own_passwords = 0_u32;
    progress.begin("users compared", entries.len());
    for user in entries {
        let old = by_name.get(&user.username).copied();
        if let Some(fault) = subject_fault(user, old, &by_subject) {
            faults.at(user.at.clone(), &super::place(&entry.tenant), fault);
            continue;
        }
        let password = password(user, old, hashing);
        newer_hashes += u32::from(matches!(password, Wanted::NewerHash));
        own_passwords += u32::from(matches!(password, Wanted::Own));
        plan.changes.extend(one(&entry.tenant, user, old, password));
        progress.step();
    }
    progress.end();
    if own_passwords > 0 {
        plan.notes.push(format!(
            "tenant {}: {own_passwords} of the users whose password is given have chosen one of their own since; it stays. `latchkey user password` sets another password",
            entry.tenant
        ));
    }
    if newer_hashes > 0 {
        plan.notes.push(format!(
            "tenant {}: {newer_hashes} of the users whose password is given as {{hash}} have a newer hash, made when they signed in; it stays. `latchkey user password` sets another password",
            entry.tenant
        ));
    }
}

/// What must change about one user who is there.
pub fn change(
    tenant: &TenantId,
    entry: &UserEntry,
    old: &Versioned<User>,
    hashing: &PasswordHashing,
) -> Option<Change> {
    one(
        tenant,
        entry,
        Some(old),
        password(entry, Some(old), hashing),
    )
}

/// A subject is never changed and never given to another (OIDC Core section 2).
fn subject_fault(
    user: &UserEntry,
    old: Option<&Versioned<User>>,
    by_subject: &BTreeMap<&Subject, &Username>,
) -> Option<String> {
    let wanted = user.subject.as_ref()?;
    let name = &user.username;
    match old {
        Some(old) if old.profile.subject != *wanted => Some(format!(
            "user {name} has the `sub` {}, and a subject never changes. Take `sub` out, or delete the user first to make another person of that name.",
            old.profile.subject
        )),
        Some(_) => None,
        None => by_subject.get(wanted).map(|other| format!(
            "user {name} cannot have the `sub` {wanted}: it is {other}'s. If {name} is the new name of {other}, delete {other} first."
        )),
    }
}

/// What is to become of a password.
enum Wanted {
    /// It stays.
    Same,
    /// It stays, as a better hash of what may be the same password.
    NewerHash,
    /// It stays, as the user chose it.
    Own,
    /// It is set.
    New(NewPassword),
}

fn password(user: &UserEntry, old: Option<&Versioned<User>>, hashing: &PasswordHashing) -> Wanted {
    let stored = old.and_then(|old| old.credentials.password_hash.as_ref());
    let own = old.is_some_and(|old| old.credentials.own_password);
    match (&user.password, stored) {
        (Some(UserPassword::Plain(_) | UserPassword::Hash(_)), Some(_)) if own => Wanted::Own,
        (None, _) | (Some(UserPassword::Prompt | UserPassword::Generate), Some(_)) => Wanted::Same,
        (Some(UserPassword::Prompt), None) => Wanted::New(NewPassword::Prompt),
        (Some(UserPassword::Generate), None) => Wanted::New(NewPassword::Generate),
        (Some(UserPassword::Plain(plain)), stored) => {
            let same =
                stored.is_some_and(|stored| hashing.verify(plain, Some(stored)) != Verdict::Wrong);
            if same {
                Wanted::Same
            } else {
                Wanted::New(NewPassword::Plain(plain.clone()))
            }
        }
        (Some(UserPassword::Hash(hash)), Some(stored)) if hash == stored => Wanted::Same,
        (Some(UserPassword::Hash(hash)), Some(stored)) if rehashed(hash, stored, hashing) => {
            Wanted::NewerHash
        }
        (Some(UserPassword::Hash(hash)), _) => Wanted::New(NewPassword::Hash(hash.clone())),
    }
}

/// Whether `stored` may be what a login made of `imported`: a sign-in replaces a hash of an older make by one of
/// today's. To write the old one again would end the user's tokens at every run.
fn rehashed(imported: &StoredPassword, stored: &StoredPassword, hashing: &PasswordHashing) -> bool {
    !hashing.is_current(imported) && hashing.is_current(stored)
}

fn one(
    tenant: &TenantId,
    user: &UserEntry,
    old: Option<&Versioned<User>>,
    wanted: Wanted,
) -> Option<Change> {
    let password = match wanted {
        Wanted::New(password) => Some(password),
        Wanted::Same | Wanted::NewerHash | Wanted::Own => None,
    };
    let mut fields = Vec::new();
    if password.is_some() {
        fields.push(Field::untold("password"));
    }
    // Silence never lets a user in whom somebody has shut out.
    let was_disabled = old.is_some_and(|old| old.credentials.disabled);
    let disabled = user.disabled.unwrap_or(was_disabled);
    if disabled != was_disabled {
        fields.push(Field {
            name: "disabled".to_owned(),
            old: old.map(|_| was_disabled.to_string()),
            new: Some(disabled.to_string()),
        });
    }
    let Some(old) = old else {
        let none = serde_json::Map::new();
        fields.extend(diff::claims(&none, &user.claims));
        return Some(Change {
            tenant: tenant.clone(),
            verb: Verb::Create,
            fields,
            action: Action::CreateUser(NewUser {
                username: user.username.clone(),
                subject: user.subject.clone(),
                claims: user.claims.clone(),
                disabled,
                password,
            }),
        });
    };
    fields.extend(diff::claims(&old.profile.claims, &user.claims));
    if fields.is_empty() {
        return None;
    }
    Some(Change {
        tenant: tenant.clone(),
        verb: Verb::Change,
        fields,
        action: Action::UpdateUser {
            stored: old.clone(),
            claims: user.claims.clone(),
            disabled,
            password,
        },
    })
}
