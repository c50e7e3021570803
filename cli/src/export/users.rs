//! Users as JSON Lines, under the names of the registry file.

use std::io;

use latchkey_oauth::claims;
use latchkey_oauth::store::Part;
use latchkey_oauth::tenant::TenantId;
use latchkey_oauth::user::{User, UserAdmin};
use serde_json::{Map, Value};

use super::tree::{Members, Node};
use crate::progress::Progress;

/// How many are read at a time: never all of them are in memory.
const AT_A_TIME: usize = 1_000;

/// Hands every user of a tenant to `take`, by name. One who was written a moment ago may be missing.
///
/// # Errors
/// A store that does not answer, and what `take` says.
pub async fn each<U: UserAdmin>(
    users: &U,
    tenant: &TenantId,
    progress: &mut Progress<'_>,
    mut take: impl FnMut(&User) -> io::Result<()>,
) -> anyhow::Result<u64> {
    let mut after: Option<String> = None;
    let mut count = 0;
    loop {
        let part = Part {
            prefix: "",
            after: after.as_deref(),
            limit: AT_A_TIME,
        };
        let page = users.users_page(tenant, part).await?;
        for user in &page.items {
            take(user)?;
            count += 1;
        }
        progress.say(|| format!("{count} users of tenant {tenant}"));
        let last = page.items.last();
        after = last.map(|user| user.profile.username.to_string());
        if !page.more {
            return Ok(count);
        }
    }
}

/// A user on a line.
pub fn line(user: &User) -> serde_json::Result<String> {
    let mut members = named(user);
    let hash = user.credentials.password_hash.as_ref();
    members.add("password_hash", hash);
    add_claims(user, &mut members);
    let mut line = serde_json::to_string(&members)?;
    line.push('\n');
    Ok(line)
}

/// A user within a registry file.
pub fn entry(user: &User) -> Members {
    let mut members = named(user);
    if let Some(hash) = &user.credentials.password_hash {
        let mut secret = Members::default();
        secret.add("hash", hash);
        members.always("password", secret.into());
    }
    add_claims(user, &mut members);
    members
}

fn named(user: &User) -> Members {
    let mut members = Members::default();
    members.add("username", &user.profile.username);
    members.add("sub", &user.profile.subject);
    members.add("disabled", user.credentials.disabled);
    members
}

/// Claims as the standards name them, and below `attributes` the tenant's own.
fn add_claims(user: &User, members: &mut Members) {
    let stored = &user.profile.claims;
    for name in claims::names() {
        if let Some(value) = stored.get(name).filter(|value| !value.is_null()) {
            members.always(name, Node::Plain(value.clone()));
        }
    }
    let own = stored.iter();
    let own = own.filter(|(name, _)| !claims::names().any(|claim| claim == name.as_str()));
    let own: Map<String, Value> = own.map(|(name, it)| (name.clone(), it.clone())).collect();
    members.add("attributes", own);
}
