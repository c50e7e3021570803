//! What is done to a tenant's key ring: a key is added, certified, withdrawn. A key's public half is read where it is kept, once,
//! here, and never by a request for a token.

use std::future::Future;

use super::algorithm::Algorithm;
use super::jwk::{KeyRing, PublicKey, RingKey, publish, publish_certificate};
use super::jws::SignError;
use crate::client::{RegistryAdmin, RingWrite};
use crate::store::{Once, StoreError};
use crate::tenant::{Tenant, TenantId};
use crate::time::{Seconds, Timestamp};

/// How long a new key is only published before it signs: API Gateway's JWT authorizer keeps a JWK set for two hours,
/// and a token signed by a key it has not seen is refused.
pub const PUBLISHED_BEFORE_SIGNING: Seconds = Seconds::hours(3);

/// The most keys of a ring, withdrawn ones included: it is read whole by every function that starts, and written in one
/// transaction of DynamoDB, which takes 100 items. An item takes 400 kB; a key of 4,096 bits with its certificate is 4 kB.
pub const MOST_KEYS: usize = 50;

/// How a key is made that the deployment may sign with: its policies go by the tag (template.yaml).
const MAKE_ONE: &str = "aws kms create-key --key-usage SIGN_VERIFY --key-spec RSA_2048 --tags TagKey=latchkey:signs-for,TagValue=STACK_NAME";

/// How often a ring is read again after somebody else has written it meanwhile.
const ATTEMPTS: usize = 3;

/// A key that signs, as KMS tells of it.
#[derive(Debug, Clone)]
pub struct KmsKey {
    /// Its ARN, whatever name it was asked for by: an alias may point elsewhere tomorrow.
    pub id: String,
    /// Its `KeySpec`.
    pub spec: String,
    /// Its public half.
    pub public: PublicKey,
}

/// Who tells public keys.
pub trait KeyManagement: Send + Sync {
    /// A key that signs.
    fn key(&self, id: &str) -> impl Future<Output = Result<KmsKey, KeyLookupError>> + Send;
}

/// A key that was not told.
#[derive(Debug, thiserror::Error)]
pub enum KeyLookupError {
    /// For a reason of the key's own.
    #[error(transparent)]
    Refused(#[from] KeyFault),
    /// Whoever has the keys did not answer, or not as it should.
    #[error(transparent)]
    Failed(#[from] SignError),
}

/// A key that cannot be added.
#[derive(Debug, thiserror::Error)]
pub enum KeyFault {
    /// There is no such key, or it may not be looked at now.
    #[error(
        "KMS does not tell its public key. It must be an asymmetric key of this account and Region, enabled, and its tag latchkey:signs-for must name this deployment's stack"
    )]
    NotTold(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// An encryption or MAC key.
    #[error("its usage is not SIGN_VERIFY. Make one that signs: {MAKE_ONE}")]
    DoesNotSign,
    /// A curve that no JWS algorithm here goes with.
    #[error(
        "a key of spec {0} cannot sign tokens here. Take RSA_2048, RSA_3072, RSA_4096, ECC_NIST_P256, ECC_NIST_P384 or ECC_NIST_EDWARDS25519"
    )]
    UnknownSpec(String),
    /// Not what KMS promises.
    #[error("KMS answered a public key of spec {0} that cannot be read")]
    Unreadable(String),
    /// An algorithm of another kind of key.
    #[error("a key of spec {spec} cannot sign with {alg}. Leave `alg` out: {default} goes with it")]
    WrongAlgorithm {
        /// The key's.
        spec: String,
        /// Asked for.
        alg: &'static str,
        /// Would do.
        default: &'static str,
    },
    /// Tokens it signed are refused already.
    #[error("the key {0} has been withdrawn, and a withdrawn key stays so. Make another in KMS")]
    Withdrawn(String),
    /// In the ring of another tenant, or once in it.
    #[error(
        "the key {0} is another tenant's, for good: each tenant signs with keys of its own. Make one: {MAKE_ONE}"
    )]
    AnotherTenants(String),
    /// Too many.
    #[error("the ring has {MOST_KEYS} keys, withdrawn ones included, and takes no more")]
    RingFull,
}

/// A ring that was not changed.
#[derive(Debug, thiserror::Error)]
pub enum RingError {
    /// Nobody's ring.
    #[error("there is no such tenant")]
    NoTenant,
    /// Not in the ring.
    #[error("the tenant has no such key")]
    NoKey,
    /// The tenant could sign no more.
    #[error("no other key of the tenant signs now")]
    LastKey,
    /// For a reason of the key's own.
    #[error(transparent)]
    Key(#[from] KeyFault),
    /// Others keep changing it, or the request was carried out before.
    #[error("somebody else has changed the key ring meanwhile")]
    Contended,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The algorithms a key may sign with, the default first. RS256 before PS256: OIDC demands it of everybody.
fn algorithms(key: &PublicKey) -> &'static [Algorithm] {
    match key {
        PublicKey::Rsa { .. } => &[Algorithm::RS256, Algorithm::PS256],
        PublicKey::Ec { x, .. } if x.len() == 32 => &[Algorithm::ES256],
        PublicKey::Ec { .. } => &[Algorithm::ES384],
        PublicKey::Ed25519 { .. } => &[Algorithm::EdDSA],
    }
}

/// A key of a ring, from what KMS says.
///
/// # Errors
/// [`KeyFault`] for a key that cannot sign tokens so.
pub fn ring_key(
    key: &KmsKey,
    alg: Option<Algorithm>,
    now: Timestamp,
    signs_from: Timestamp,
) -> Result<RingKey, KeyFault> {
    let unreadable = || KeyFault::Unreadable(key.spec.clone());
    let able = algorithms(&key.public);
    let default = able.first().copied().ok_or_else(unreadable)?;
    let alg = alg.unwrap_or(default);
    if !able.contains(&alg) {
        return Err(KeyFault::WrongAlgorithm {
            spec: key.spec.clone(),
            alg: alg.as_str(),
            default: default.as_str(),
        });
    }
    let jwk = publish(&key.public, alg).ok_or_else(unreadable)?;
    Ok(RingKey {
        kid: jwk.common.key_id.clone().ok_or_else(unreadable)?,
        alg,
        kms_key_id: key.id.clone(),
        jwk,
        published_from: now,
        signs_from,
        signs_until: None,
        published_until: None,
        verifying: Default::default(),
    })
}

/// How an addition ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Added {
    /// It is in the ring now.
    Added,
    /// It was already.
    AlreadyThere,
}

/// What is asked of a key that is added.
#[derive(Debug, Clone, Copy, Default)]
pub struct Addition<'a> {
    /// What it signs with; left out, what goes with it.
    pub alg: Option<Algorithm>,
    /// How long it is only published; left out, the first key signs at once and any other after
    /// [`PUBLISHED_BEFORE_SIGNING`].
    pub signs_after: Option<Seconds>,
    /// The request it is for, if that is to be carried out once.
    pub once: Option<&'a Once>,
}

/// Adds a key to a tenant's ring. From when it signs the others of its algorithm sign no more, but stay published.
///
/// # Errors
/// [`RingError`].
pub async fn add<R: RegistryAdmin>(
    registry: &R,
    tenant: &TenantId,
    key: &KmsKey,
    wish: Addition<'_>,
    now: Timestamp,
) -> Result<(Added, RingKey), RingError> {
    for _ in 0..ATTEMPTS {
        let Tenant { settings, keys, .. } = read(registry, tenant).await?;
        let first = keys.signing_key(settings.signing_algorithm, now).is_none();
        let default = if first {
            Seconds(0)
        } else {
            PUBLISHED_BEFORE_SIGNING
        };
        let signs_from = now.plus(wish.signs_after.unwrap_or(default));
        let new = ring_key(key, wish.alg, now, signs_from)?;
        if let Some(known) = keys.keys.iter().find(|known| known.kid == new.kid) {
            if known.published_until.is_some() {
                return Err(KeyFault::Withdrawn(new.kid).into());
            }
            return Ok((Added::AlreadyThere, known.clone()));
        }
        if keys.keys.len() >= MOST_KEYS {
            return Err(KeyFault::RingFull.into());
        }
        let ring = with(&keys, new.clone());
        match registry.put_keys(tenant, &keys, &ring, wish.once).await? {
            RingWrite::Written => return Ok((Added::Added, new)),
            RingWrite::AnotherTenants => return Err(KeyFault::AnotherTenants(new.kid).into()),
            RingWrite::Stale => {}
        }
    }
    Err(RingError::Contended)
}

fn with(ring: &KeyRing, new: RingKey) -> KeyRing {
    let mut keys = ring.keys.clone();
    for key in keys.iter_mut().filter(|key| key.alg == new.alg) {
        let until = key.signs_until.unwrap_or(new.signs_from);
        key.signs_until = Some(until.min(new.signs_from));
    }
    keys.push(new);
    KeyRing { keys }
}

/// Takes a key out of the JWK set at once: every token it has signed is refused from then on, as far as verifiers
/// ask again. For a key that others may have.
///
/// # Errors
/// [`RingError`].
pub async fn withdraw<R: RegistryAdmin>(
    registry: &R,
    tenant: &TenantId,
    kid: &str,
    now: Timestamp,
) -> Result<RingKey, RingError> {
    for _ in 0..ATTEMPTS {
        let Tenant { settings, keys, .. } = read(registry, tenant).await?;
        let (changed, withdrawn) = without(&keys, kid, settings.signing_algorithm, now)?;
        if changed == keys {
            return Ok(withdrawn);
        }
        match registry.put_keys(tenant, &keys, &changed, None).await? {
            RingWrite::Written => return Ok(withdrawn),
            // Nothing new is in the ring, so nothing of it can be refused.
            RingWrite::AnotherTenants | RingWrite::Stale => {}
        }
    }
    Err(RingError::Contended)
}

/// A ring without a key, and that key; the same where it was withdrawn before.
fn without(
    ring: &KeyRing,
    kid: &str,
    chosen: Option<Algorithm>,
    now: Timestamp,
) -> Result<(KeyRing, RingKey), RingError> {
    let mut changed = ring.clone();
    let key = changed.keys.iter_mut().find(|key| key.kid == kid);
    let key = key.ok_or(RingError::NoKey)?;
    if key.published_until.is_some_and(|until| until <= now) {
        let withdrawn = key.clone();
        return Ok((changed, withdrawn));
    }
    key.published_until = Some(now);
    let withdrawn = key.clone();
    hand_over(&mut changed, withdrawn.alg, now);
    if changed.signing_key(chosen, now).is_none() {
        return Err(RingError::LastKey);
    }
    Ok((changed, withdrawn))
}

/// Has the keys that still sign go on until the next that is left: one that will never take over ends nobody's time.
fn hand_over(ring: &mut KeyRing, alg: Algorithm, now: Timestamp) {
    let mut next: Option<Timestamp> = None;
    let left = ring.keys.iter_mut().rev();
    for key in left.filter(|key| key.alg == alg && key.published_until.is_none()) {
        if key.signs_until.is_none_or(|until| until > now) {
            key.signs_until = next;
        }
        let from = key.signs_from;
        if key.signs_until.is_none_or(|until| until > from.max(now)) {
            next = Some(next.map_or(from, |next| next.min(from)));
        }
    }
}

/// A key that a certificate is made for.
///
/// # Errors
/// [`RingError::NoKey`], and [`KeyFault::Withdrawn`] for one that nobody is to trust any more.
pub fn certifiable<'a>(
    ring: &'a KeyRing,
    kid: &str,
    now: Timestamp,
) -> Result<&'a RingKey, RingError> {
    let key = ring.keys.iter().find(|key| key.kid == kid);
    let key = key.ok_or(RingError::NoKey)?;
    if key.published_until.is_some_and(|until| until <= now) {
        return Err(KeyFault::Withdrawn(kid.to_owned()).into());
    }
    Ok(key)
}

/// Publishes a key's certificate, in DER, with the key: RFC 7517 section 4.7. It takes the place of one that was there.
///
/// # Errors
/// [`RingError`].
pub async fn certify<R: RegistryAdmin>(
    registry: &R,
    tenant: &TenantId,
    kid: &str,
    certificate: &[u8],
    now: Timestamp,
) -> Result<RingKey, RingError> {
    for _ in 0..ATTEMPTS {
        let Tenant { keys, .. } = read(registry, tenant).await?;
        // Again, as it may have been withdrawn while the certificate was made.
        let mut certified = certifiable(&keys, kid, now)?.clone();
        publish_certificate(&mut certified.jwk, certificate);
        let mut changed = keys.clone();
        for key in changed.keys.iter_mut().filter(|key| key.kid == kid) {
            key.clone_from(&certified);
        }
        match registry.put_keys(tenant, &keys, &changed, None).await? {
            RingWrite::Written => return Ok(certified),
            // Nothing new is in the ring, so nothing of it can be refused.
            RingWrite::AnotherTenants | RingWrite::Stale => {}
        }
    }
    Err(RingError::Contended)
}

async fn read<R: RegistryAdmin>(registry: &R, tenant: &TenantId) -> Result<Tenant, RingError> {
    let found = registry.read_tenant(tenant).await?;
    found.map(|it| it.value).ok_or(RingError::NoTenant)
}

#[cfg(test)]
mod tests;
