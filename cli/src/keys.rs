//! Key rings: which key signs when. A key's public half is read from KMS once, here, and never by a request.

use std::future::Future;

use der::Decode as _;
use latchkey_oauth::client::RegistryAdmin;
use latchkey_oauth::tenant::{Tenant, TenantId};
use latchkey_oauth::time::{Seconds, Timestamp};
use latchkey_oauth::token::algorithm::Algorithm;
use latchkey_oauth::token::jwk::{KeyRing, PublicKey, RingKey, publish};
use pkcs1::RsaPublicKeyRef;
use spki::SubjectPublicKeyInfoRef;

/// How long a new key is only published before it signs: API Gateway's JWT authorizer keeps a JWK set for two hours,
/// and a token signed by a key it has not seen is refused.
pub const PUBLISHED_BEFORE_SIGNING: Seconds = Seconds::hours(3);

/// How often a ring is read again after somebody else has written it meanwhile.
const ATTEMPTS: usize = 3;

/// A key as KMS tells of it.
#[derive(Debug, Clone)]
pub struct KmsKey {
    /// Its ARN, whatever name it was asked for by: an alias may point elsewhere tomorrow.
    pub id: String,
    /// Whether it may sign.
    pub signs: bool,
    /// Its `KeySpec`.
    pub spec: String,
    /// The public key, DER-encoded (RFC 5280 section 4.1.2.7).
    pub spki: Vec<u8>,
}

/// Who tells public keys.
pub trait KeyManagement {
    /// A key.
    fn key(&self, id: &str) -> impl Future<Output = anyhow::Result<KmsKey>>;
}

/// A key that cannot be added.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// An encryption or MAC key.
    #[error(
        "the key's usage is not SIGN_VERIFY. Make one that signs: aws kms create-key --key-usage SIGN_VERIFY --key-spec RSA_2048"
    )]
    DoesNotSign,
    /// A curve that no JWS algorithm here goes with.
    #[error(
        "a key of spec {0} cannot sign tokens here. Take RSA_2048, RSA_3072, RSA_4096, ECC_NIST_P256, ECC_NIST_P384 or ECC_NIST_EDWARDS25519"
    )]
    UnknownSpec(String),
    /// An algorithm of another kind of key.
    #[error("a key of spec {spec} cannot sign with {alg}. Leave --alg out: {default} goes with it")]
    WrongAlgorithm {
        /// The key's.
        spec: String,
        /// Asked for.
        alg: &'static str,
        /// Would do.
        default: &'static str,
    },
    /// Not what KMS promises.
    #[error("KMS answered a public key of spec {0} that cannot be read")]
    Unreadable(String),
}

/// The algorithms a key may sign with, the default first. RS256 before PS256: OIDC demands it of everybody.
fn algorithms(spec: &str) -> &'static [Algorithm] {
    match spec {
        "RSA_2048" | "RSA_3072" | "RSA_4096" => &[Algorithm::RS256, Algorithm::PS256],
        "ECC_NIST_P256" => &[Algorithm::ES256],
        "ECC_NIST_P384" => &[Algorithm::ES384],
        "ECC_NIST_EDWARDS25519" => &[Algorithm::EdDSA],
        _ => &[],
    }
}

/// A key of a ring, from what KMS says.
///
/// # Errors
/// [`KeyError`] for a key that cannot sign tokens.
pub fn ring_key(
    key: &KmsKey,
    alg: Option<Algorithm>,
    now: Timestamp,
    signs_from: Timestamp,
) -> Result<RingKey, KeyError> {
    if !key.signs {
        return Err(KeyError::DoesNotSign);
    }
    let able = algorithms(&key.spec);
    let Some(default) = able.first().copied() else {
        return Err(KeyError::UnknownSpec(key.spec.clone()));
    };
    let alg = alg.unwrap_or(default);
    if !able.contains(&alg) {
        return Err(KeyError::WrongAlgorithm {
            spec: key.spec.clone(),
            alg: alg.as_str(),
            default: default.as_str(),
        });
    }
    let unreadable = || KeyError::Unreadable(key.spec.clone());
    let public = public_key(&key.spki, alg).ok_or_else(unreadable)?;
    let jwk = publish(public, alg).ok_or_else(unreadable)?;
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

fn public_key(spki: &[u8], alg: Algorithm) -> Option<PublicKey<'_>> {
    let info = SubjectPublicKeyInfoRef::from_der(spki).ok()?;
    let key = info.subject_public_key.as_bytes()?;
    match alg {
        Algorithm::RS256 | Algorithm::PS256 => {
            let rsa = RsaPublicKeyRef::from_der(key).ok()?;
            Some(PublicKey::Rsa {
                n: rsa.modulus.as_bytes(),
                e: rsa.public_exponent.as_bytes(),
            })
        }
        Algorithm::ES256 | Algorithm::ES384 => {
            // SEC 1 section 2.3.3: 0x04, then x and y.
            let (&4, point) = key.split_first()? else {
                return None;
            };
            let (x, y) = point.split_at(point.len() / 2);
            Some(PublicKey::Ec { x, y })
        }
        Algorithm::EdDSA => Some(PublicKey::Ed25519 { x: key }),
    }
}

/// How an addition ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Added {
    /// It is in the ring now.
    Added,
    /// It was already.
    AlreadyThere,
}

/// Adds a key to a tenant's ring. `signs_after` is how long it is only published; left out, the first key signs at
/// once and any other after [`PUBLISHED_BEFORE_SIGNING`]. From then on the others of its
/// algorithm sign no more, but stay published.
///
/// # Errors
/// [`KeyError`], an unknown tenant, a withdrawn key, a ring that others keep changing, or a store that fails.
pub async fn add<R: RegistryAdmin>(
    registry: &R,
    tenant: &TenantId,
    key: &KmsKey,
    alg: Option<Algorithm>,
    signs_after: Option<Seconds>,
    now: Timestamp,
) -> anyhow::Result<(Added, RingKey)> {
    for _ in 0..ATTEMPTS {
        let found = tenant_of(registry, tenant).await?;
        let ring = found.keys;
        let chosen = found.settings.signing_algorithm;
        let first = ring.signing_key(chosen, now).is_none();
        let default = if first {
            Seconds(0)
        } else {
            PUBLISHED_BEFORE_SIGNING
        };
        let new = ring_key(key, alg, now, now.plus(signs_after.unwrap_or(default)))?;
        if let Some(known) = ring.keys.iter().find(|known| known.kid == new.kid) {
            if known.published_until.is_some() {
                anyhow::bail!(
                    "the key {} has been withdrawn, and a withdrawn key stays so. Make another in KMS",
                    known.kid
                );
            }
            return Ok((Added::AlreadyThere, known.clone()));
        }
        if registry
            .put_keys(tenant, &ring, &with(&ring, new.clone()))
            .await?
        {
            return Ok((Added::Added, new));
        }
    }
    anyhow::bail!(
        "somebody else keeps changing the key ring of tenant {tenant}: look at `latchkey keys list`, and run the command again"
    )
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
/// An unknown key, the only key that signs, a ring that others keep changing, or a store that fails.
pub async fn withdraw<R: RegistryAdmin>(
    registry: &R,
    tenant: &TenantId,
    kid: &str,
    now: Timestamp,
) -> anyhow::Result<RingKey> {
    for _ in 0..ATTEMPTS {
        let found = tenant_of(registry, tenant).await?;
        let ring = found.keys;
        let mut changed = ring.clone();
        let Some(key) = changed.keys.iter_mut().find(|key| key.kid == kid) else {
            anyhow::bail!(
                "tenant {tenant} has no key {kid}. `latchkey keys list --tenant {tenant}` tells which it has"
            );
        };
        if key.published_until.is_some_and(|until| until <= now) {
            return Ok(key.clone());
        }
        key.published_until = Some(now);
        let withdrawn = key.clone();
        if changed
            .signing_key(found.settings.signing_algorithm, now)
            .is_none()
        {
            anyhow::bail!(
                "no other key of tenant {tenant} signs now. Add one first: latchkey keys add KMS_KEY_ID --tenant {tenant} --signs-from now"
            );
        }
        if registry.put_keys(tenant, &ring, &changed).await? {
            return Ok(withdrawn);
        }
    }
    anyhow::bail!(
        "somebody else keeps changing the key ring of tenant {tenant}: run the command again"
    )
}

/// A tenant that there must be.
///
/// # Errors
/// An unknown tenant, or a store that fails.
pub async fn tenant_of<R: RegistryAdmin>(
    registry: &R,
    tenant: &TenantId,
) -> anyhow::Result<Tenant> {
    match registry.tenant(tenant).await? {
        Some(tenant) => Ok(tenant),
        None => anyhow::bail!(
            "there is no tenant {tenant}. `latchkey tenant list` tells which there are; `latchkey apply` makes them"
        ),
    }
}

#[cfg(test)]
pub(crate) mod tests;
