//! The tenant's own key ring. Keys are made in KMS; here their public halves are read from there, once.

use http::StatusCode;
use http::header::LOCATION;
use latchkey_oauth::audit::AuditEvent;
use latchkey_oauth::client::RegistryAdmin;
use latchkey_oauth::time::Timestamp;
use latchkey_oauth::token::jwk::{KeyRing, RingKey};
use latchkey_oauth::token::key_ring::{
    self, Added, Addition, KeyFault, KeyLookupError, KeyManagement, RingError,
};
use latchkey_oauth::user::UserAdmin;
use latchkey_registry::key as vocabulary;
use latchkey_registry::tree::Node;
use serde_json::{Value as Json, json};

use crate::ask::{Ask, path_of};
use crate::crud::Told;
use crate::endpoint::{Grants, ManageEndpoint};
use crate::kind;
use crate::once::{self, Key};
use crate::problem::{Refusal, already_there, invalid_field, not_found, refuse, stale};

/// What the list of them is called, in paths and answers.
const LIST: &str = "keys";

impl<R: RegistryAdmin, U: UserAdmin, G: Grants, K: KeyManagement> ManageEndpoint<R, U, G, K> {
    /// The ring as it is now, withdrawn keys included.
    async fn ring(&self, ask: &Ask<'_>) -> Result<KeyRing, Refusal> {
        let found = self.registry.read_tenant(ask.tenant_id()).await?;
        let found = found.ok_or_else(|| not_found("tenant"))?;
        Ok(found.value.keys)
    }

    /// All of them: a ring is bounded.
    pub(crate) async fn list_keys(&self, ask: &Ask<'_>) -> Result<Told, Refusal> {
        ask.no_parameters()?;
        let ring = self.ring(ask).await?;
        let keys = ring.keys.iter().map(|key| document(key, ask.now));
        Ok(Told::read(json!({LIST: keys.collect::<Vec<_>>()})))
    }

    /// One of them.
    pub(crate) async fn read_key(&self, ask: &Ask<'_>, kid: &str) -> Result<Told, Refusal> {
        ask.no_parameters()?;
        let ring = self.ring(ask).await?;
        let key = ring.keys.iter().find(|key| key.kid == kid);
        let key = key.ok_or_else(|| not_found("key"))?;
        let mut told = Told::read(document(key, ask.now));
        told.object = Some(key.kid.clone());
        Ok(told)
    }

    /// Adds a key that KMS knows and no other tenant has.
    pub(crate) async fn add_key(&self, ask: &Ask<'_>) -> Result<Told, Refusal> {
        ask.no_parameters()?;
        let mut once = once::read(&self.grants, ask).await?;
        if let Key::Used(location) = &once {
            return self.added_before(ask, location).await;
        }
        let node = Node::from(ask.json(None)?);
        let entry = kind::read(|faults| vocabulary::read(node, faults))?;
        let key = self.kms.key(&entry.kms_key_id).await;
        let key = key.map_err(|error| match error {
            // What KMS says in full is for the log: it may be a right that the function lacks.
            KeyLookupError::Refused(fault) => faulty(&fault).because(&fault),
            KeyLookupError::Failed(error) => Refusal::Protocol(error.into()),
        })?;
        let told = key_ring::ring_key(&key, entry.alg, ask.now, ask.now);
        let kid = told.map_err(|fault| faulty(&fault))?.kid;
        let wish = Addition {
            alg: entry.alg,
            signs_after: entry.signs_after,
            once: once.noting(path_of(LIST, &kid)),
        };
        let added = key_ring::add(&self.registry, ask.tenant_id(), &key, wish, ask.now).await;
        match added {
            Ok((Added::Added, key)) => Ok(made(ask, &key)),
            Ok((Added::AlreadyThere, _)) | Err(RingError::Contended) => {
                match once.used_meanwhile(&self.grants, ask).await? {
                    Some(location) => self.added_before(ask, &location).await,
                    None if added.is_ok() => Err(already_there("key")),
                    None => Err(stale()),
                }
            }
            Err(error) => Err(refusal(error)),
        }
    }

    async fn added_before(&self, ask: &Ask<'_>, location: &str) -> Result<Told, Refusal> {
        let ring = self.ring(ask).await?;
        let mut keys = ring.keys.iter();
        let key = keys.find(|key| path_of(LIST, &key.kid) == location);
        // A key stays in its ring.
        let key = key.ok_or_else(|| not_found("key"))?;
        Ok(made(ask, key).again())
    }

    /// Withdraws a key. It stays in the list, so that it does not come back.
    pub(crate) async fn withdraw_key(&self, ask: &Ask<'_>, kid: &str) -> Result<Told, Refusal> {
        ask.no_parameters()?;
        let withdrawn = key_ring::withdraw(&self.registry, ask.tenant_id(), kid, ask.now).await;
        let key = withdrawn.map_err(refusal)?;
        Ok(Told::done(AuditEvent::KeyWithdrawn, Some(key.kid)))
    }
}

fn made(ask: &Ask<'_>, key: &RingKey) -> Told {
    let mut told = Told::read(document(key, ask.now));
    told.status = StatusCode::CREATED;
    told.event = AuditEvent::KeyAdded;
    told.object = Some(key.kid.clone());
    let location = format!("{}{}", ask.base, path_of(LIST, &key.kid));
    told.with(LOCATION, location)
}

/// A key as it is told: not where it is in KMS, which names the account.
fn document(key: &RingKey, now: Timestamp) -> Json {
    json!({
        "kid": key.kid,
        "alg": key.alg,
        "published_from": key.published_from,
        "signs_from": key.signs_from,
        "signs_until": key.signs_until,
        "published_until": key.published_until,
        "published": key.is_published(now),
        "may_sign": key.may_sign(now),
    })
}

/// The field that is wrong.
fn faulty(fault: &KeyFault) -> Refusal {
    let pointer = match fault {
        KeyFault::WrongAlgorithm { .. } => "/alg",
        KeyFault::NotTold(_)
        | KeyFault::DoesNotSign
        | KeyFault::UnknownSpec(_)
        | KeyFault::Unreadable(_)
        | KeyFault::Withdrawn(_)
        | KeyFault::AnotherTenants(_)
        | KeyFault::RingFull => "/kms_key_id",
    };
    invalid_field(pointer, format!("{fault}."))
}

fn refusal(error: RingError) -> Refusal {
    match error {
        RingError::NoTenant => not_found("tenant"),
        RingError::NoKey => not_found("key"),
        RingError::LastKey => refuse(
            StatusCode::CONFLICT,
            "last_signing_key",
            "No other key of the tenant signs now. Add one first, with signs_after 0s.",
        ),
        RingError::Key(fault) => faulty(&fault),
        RingError::Contended => stale(),
        RingError::Store(error) => error.into(),
    }
}
