//! Tenants: what an operator decides for one, and what belongs to it.

use latchkey_oauth::client::ClientId;
use latchkey_oauth::lockout::{Backoff, LockPolicy};
use latchkey_oauth::tenant::{RESERVED, TenantId, TenantSettings};
use latchkey_oauth::time::Seconds;
use url::Url;

use crate::client::{self, ClientEntry};
use crate::door::Door;
use crate::duration::Bounds;
use crate::fault::{Faults, Place};
use crate::fields::Fields;
use crate::lifetimes::read_lifetimes;
use crate::tree::Node;
use crate::user::{self, UserEntry};

/// A tenant as it is described.
#[derive(Debug)]
pub struct TenantEntry {
    /// Its name.
    pub tenant: TenantId,
    /// What its operator decided.
    pub settings: TenantSettings,
    /// Its clients; `None` if nothing is said about them.
    pub clients: Option<Vec<ClientEntry>>,
    /// Its users; `None` if nothing is said about them.
    pub users: Option<Vec<UserEntry>>,
}

/// Reads the tenants.
pub fn read_all(nodes: Vec<Node>, door: Door<'_>, faults: &Faults) -> Vec<TenantEntry> {
    let mut entries: Vec<TenantEntry> = Vec::new();
    for node in nodes {
        let at = node.at.clone();
        let Some(entry) = read(node, door, faults) else {
            continue;
        };
        let name = &entry.tenant;
        if entries.iter().any(|other| other.tenant == *name) {
            let message = format!("a second tenant {name}. Put what belongs to it in one place.");
            faults.at(at, &Place::default(), message);
        }
        entries.push(entry);
    }
    entries
}

/// Reads a tenant. `None` only if it has no name to go by; all faults are told either way.
fn read(node: Node, door: Door<'_>, faults: &Faults) -> Option<TenantEntry> {
    let mut fields = Fields::open(node, Place::default().inside("a tenant"), faults)?;
    let name = fields.parsed("tenant", tenant_id);
    let tenant = fields.require("tenant", name);
    if let Some(tenant) = &tenant {
        fields.place = Place::default().inside(&format!("tenant {tenant}"));
    }
    let settings = TenantSettings {
        name: fields.text("name"),
        lifetimes: read_lifetimes(&mut fields),
        lockout: read_lockout(&mut fields),
        ..TenantSettings::default()
    };
    let place = fields.place.clone();
    let clients = fields.list("clients");
    let clients = clients.map(|nodes| client::read_all(nodes, &place, door, faults));
    let users = fields.list("users");
    let users = users.map(|nodes| user::read_all(nodes, &place, door, faults));
    check_audiences(clients.as_deref().unwrap_or_default(), &place, faults);
    fields.close();
    Some(TenantEntry {
        // Without it the rest was read for its faults alone.
        tenant: tenant?,
        settings,
        clients,
        users,
    })
}

fn tenant_id(text: &str) -> Result<TenantId, String> {
    if RESERVED.contains(&text) {
        return Err(format!(
            "{text} is reserved for an endpoint of that name; choose another name"
        ));
    }
    TenantId::parse(text).map_err(|error| error.to_string())
}

fn read_lockout(fields: &mut Fields<'_>) -> LockPolicy {
    let default = LockPolicy::default();
    let place = fields.place.inside("lockout");
    let faults = fields.faults;
    let opened = fields
        .take("lockout")
        .and_then(|node| Fields::open(node, place, faults));
    let Some(mut inner) = opened else {
        return default;
    };
    let policy = LockPolicy {
        user: read_backoff(&mut inner, "user", default.user),
        source: read_backoff(&mut inner, "source", default.source),
    };
    inner.close();
    policy
}

fn read_backoff(fields: &mut Fields<'_>, name: &'static str, default: Backoff) -> Backoff {
    let place = fields.place.inside(name);
    let faults = fields.faults;
    let opened = fields
        .take(name)
        .and_then(|node| Fields::open(node, place, faults));
    let Some(mut inner) = opened else {
        return default;
    };
    let free = inner.number("free", 0, 10_000);
    let free = free.and_then(|free| u32::try_from(free).ok());
    // A lock that lasts longer than a day is the permanent lock that anyone could put on anyone.
    let longest = inner.duration("longest", Bounds::up_to(Seconds::hours(24)));
    let memory = inner.duration("memory", Bounds::up_to(Seconds::days(30)));
    let backoff = Backoff {
        free: free.unwrap_or(default.free),
        longest: longest.unwrap_or(default.longest),
        memory: memory.unwrap_or(default.memory),
    };
    if backoff.memory < backoff.longest {
        inner.fault(
            "memory",
            "`memory` is shorter than `longest`: failures would be forgotten during the wait. Lengthen `memory`.",
        );
    }
    inner.close();
    backoff
}

/// An audience that is no URI is meant to be a client of the tenant; a typing error would be found by nobody.
fn check_audiences(clients: &[ClientEntry], place: &Place, faults: &Faults) {
    let is_client = |name: &str| {
        let mut ids = clients.iter().map(|entry| &entry.client.client_id);
        ids.any(|id: &ClientId| id.as_str() == name)
    };
    for entry in clients {
        for audience in &entry.client.audience {
            if Url::parse(audience).is_err() && !is_client(audience) {
                let place = place.inside(&format!("client {}", entry.client.client_id));
                let message = format!(
                    "the audience {audience} is neither a URI nor a client of this tenant. Correct it, or add the client."
                );
                faults.at(entry.at.clone(), &place, message);
            }
        }
    }
}
