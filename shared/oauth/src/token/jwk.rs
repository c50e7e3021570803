//! The key ring of a tenant: public keys and their times, as data. A request never waits for KMS to tell a public key.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{
    AlgorithmParameters, CommonParameters, EllipticCurve, EllipticCurveKeyParameters,
    EllipticCurveKeyType, Jwk, KeyAlgorithm, OctetKeyPairParameters, OctetKeyPairType,
    PublicKeyUse, RSAKeyParameters, RSAKeyType, ThumbprintHash,
};
use serde::{Deserialize, Serialize};

use super::algorithm::Algorithm;
use super::verifying_key::VerifyingKey;
use crate::hash::sha256;
use crate::time::Timestamp;

/// One key of a ring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RingKey {
    /// RFC 7638 thumbprint of the public key, base64url.
    pub kid: String,
    /// What it signs with.
    pub alg: Algorithm,
    /// The key in KMS: an identifier or ARN.
    pub kms_key_id: String,
    /// The public half, as published.
    pub jwk: Jwk,
    /// From when on it is in the JWK set.
    pub published_from: Timestamp,
    /// From when on it may sign: later than published, as verifiers cache JWK sets.
    pub signs_from: Timestamp,
    /// From when on it signs no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signs_until: Option<Timestamp>,
    /// From when on it is not in the JWK set and verifies no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_until: Option<Timestamp>,
    /// The public half again, as signatures are checked with it.
    #[serde(skip)]
    pub verifying: VerifyingKey,
}

impl RingKey {
    /// Whether `signature` over `message` is this key's.
    pub fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        self.verifying
            .holds(&self.jwk, self.alg, message, signature)
    }

    /// Whether it is in the JWK set.
    pub fn is_published(&self, now: Timestamp) -> bool {
        self.published_from <= now && self.published_until.is_none_or(|until| now < until)
    }

    /// Whether it may sign.
    pub fn may_sign(&self, now: Timestamp) -> bool {
        self.is_published(now)
            && self.signs_from <= now
            && self.signs_until.is_none_or(|until| now < until)
    }
}

/// Every key of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyRing {
    /// In the order they were added.
    pub keys: Vec<RingKey>,
}

impl KeyRing {
    /// The key that signs now with an algorithm: of those that may, the one that may since last. Where nobody chose
    /// an algorithm, RS256 if there is such a key (every OIDC client verifies it), else whatever may sign.
    pub fn signing_key(&self, chosen: Option<Algorithm>, now: Timestamp) -> Option<&RingKey> {
        let youngest = |alg: Option<Algorithm>| {
            let able = self.keys.iter().filter(|key| key.may_sign(now));
            able.filter(|key| alg.is_none_or(|alg| key.alg == alg))
                .max_by_key(|key| key.signs_from)
        };
        match chosen {
            Some(chosen) => youngest(Some(chosen)),
            None => youngest(Some(Algorithm::RS256)).or_else(|| youngest(None)),
        }
    }

    /// The key a token names, while it is published.
    pub fn verifying_key(&self, kid: &str, now: Timestamp) -> Option<&RingKey> {
        let mut published = self.published(now);
        published.find(|key| key.kid == kid)
    }

    /// The keys of the JWK set.
    pub fn published(&self, now: Timestamp) -> impl Iterator<Item = &RingKey> {
        self.keys.iter().filter(move |key| key.is_published(now))
    }
}

/// A JWK set: RFC 7517 section 5.
#[derive(Debug, Serialize)]
pub struct JwkSet<'a> {
    keys: Vec<&'a Jwk>,
}

impl<'a> JwkSet<'a> {
    /// The keys of a ring that may verify now.
    pub fn of(ring: &'a KeyRing, now: Timestamp) -> Self {
        Self {
            keys: ring.published(now).map(|key| &key.jwk).collect(),
        }
    }
}

/// The numbers of a public key, as its DER form gives them: big-endian, unsigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// RFC 7518 section 6.3.1.
    Rsa {
        /// The modulus, without leading zeros.
        n: Vec<u8>,
        /// The exponent, without leading zeros.
        e: Vec<u8>,
    },
    /// RFC 7518 section 6.2.1: coordinates of 32 bytes (P-256) or 48 bytes (P-384).
    Ec {
        /// The x coordinate.
        x: Vec<u8>,
        /// The y coordinate.
        y: Vec<u8>,
    },
    /// RFC 8037 section 2: 32 bytes.
    Ed25519 {
        /// The public key.
        x: Vec<u8>,
    },
}

/// A JWK with `kid`, `use` and `alg`, from a public key's numbers; `None` if they do not go with the algorithm.
pub fn publish(key: &PublicKey, alg: Algorithm) -> Option<Jwk> {
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let curve = match (alg, key) {
        (Algorithm::RS256 | Algorithm::PS256, PublicKey::Rsa { .. }) => None,
        (Algorithm::ES256, PublicKey::Ec { x, y }) if x.len() == 32 && y.len() == 32 => {
            Some(EllipticCurve::P256)
        }
        (Algorithm::ES384, PublicKey::Ec { x, y }) if x.len() == 48 && y.len() == 48 => {
            Some(EllipticCurve::P384)
        }
        (Algorithm::EdDSA, PublicKey::Ed25519 { x }) if x.len() == 32 => {
            Some(EllipticCurve::Ed25519)
        }
        _ => return None,
    };
    let algorithm = match key {
        PublicKey::Rsa { n, e } => AlgorithmParameters::RSA(RSAKeyParameters {
            key_type: RSAKeyType::RSA,
            n: encode(n),
            e: encode(e),
        }),
        PublicKey::Ec { x, y } => AlgorithmParameters::EllipticCurve(EllipticCurveKeyParameters {
            key_type: EllipticCurveKeyType::EC,
            curve: curve?,
            x: encode(x),
            y: encode(y),
        }),
        PublicKey::Ed25519 { x } => AlgorithmParameters::OctetKeyPair(OctetKeyPairParameters {
            key_type: OctetKeyPairType::OctetKeyPair,
            curve: curve?,
            x: encode(x),
        }),
    };
    let mut jwk = Jwk {
        common: CommonParameters {
            public_key_use: Some(PublicKeyUse::Signature),
            key_algorithm: Some(match alg {
                Algorithm::RS256 => KeyAlgorithm::RS256,
                Algorithm::PS256 => KeyAlgorithm::PS256,
                Algorithm::ES256 => KeyAlgorithm::ES256,
                Algorithm::ES384 => KeyAlgorithm::ES384,
                Algorithm::EdDSA => KeyAlgorithm::EdDSA,
            }),
            ..CommonParameters::default()
        },
        algorithm,
    };
    // RFC 7638: the same key has the same kid wherever it is published.
    jwk.common.key_id = Some(jwk.thumbprint(ThumbprintHash::SHA256).ok()?);
    Some(jwk)
}

/// The numbers of a published key; `None` for what [`publish`] never made.
pub fn public_key(jwk: &Jwk) -> Option<PublicKey> {
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
    match &jwk.algorithm {
        AlgorithmParameters::RSA(key) => Some(PublicKey::Rsa {
            n: decode(&key.n)?,
            e: decode(&key.e)?,
        }),
        AlgorithmParameters::EllipticCurve(key) => Some(PublicKey::Ec {
            x: decode(&key.x)?,
            y: decode(&key.y)?,
        }),
        AlgorithmParameters::OctetKeyPair(key) => Some(PublicKey::Ed25519 { x: decode(&key.x)? }),
        AlgorithmParameters::OctetKey(_) | AlgorithmParameters::Other(_) | _ => None,
    }
}

/// Publishes a certificate with its key, in place of any it had: RFC 7517 sections 4.7 (`x5c`: base64, not base64url) and 4.9
/// (`x5t#S256`). Neither is part of the thumbprint, so `kid` stays.
pub(super) fn publish_certificate(jwk: &mut Jwk, der: &[u8]) {
    jwk.common.x509_chain = Some(vec![STANDARD.encode(der)]);
    jwk.common.x509_sha256_fingerprint = Some(URL_SAFE_NO_PAD.encode(sha256(der).as_bytes()));
}
