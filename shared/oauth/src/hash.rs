//! SHA-256, for what is machine-made: client secrets, refresh tokens, ETags.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use subtle::ConstantTimeEq as _;

/// A SHA-256 hash, written as base64url.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sha256Hash([u8; 32]);

/// The hash of `bytes`.
pub fn sha256(bytes: &[u8]) -> Sha256Hash {
    sha256_of_parts(&[bytes])
}

/// The hash of `parts`, one after another.
pub fn sha256_of_parts(parts: &[&[u8]]) -> Sha256Hash {
    let mut context = aws_lc_rs::digest::Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    Sha256Hash(hash)
}

/// A name as a number, for who knows things by numbers: 31 bits of its hash, which fit a signed integer, and never 0.
pub fn number(name: &str) -> u32 {
    let Sha256Hash([a, b, c, d, ..]) = sha256(name.as_bytes());
    (u32::from_be_bytes([a, b, c, d]) & 0x7fff_ffff).max(1)
}

/// The left half of a hash, base64url: `at_hash` of OIDC Core section 3.1.3.6.
pub fn left_half_base64url(
    bytes: &[u8],
    algorithm: &'static aws_lc_rs::digest::Algorithm,
) -> String {
    let hash = digest(algorithm, bytes);
    let (left, _) = hash.as_ref().split_at(hash.as_ref().len() / 2);
    URL_SAFE_NO_PAD.encode(left)
}

impl Sha256Hash {
    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads the base64url form.
    pub fn from_base64url(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// Equality in constant time.
    pub fn ct_eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Display for Sha256Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Sha256Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sha256Hash(..)")
    }
}

impl Serialize for Sha256Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sha256Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_base64url(&text)
            .ok_or_else(|| serde::de::Error::custom("a SHA-256 hash is 32 bytes in base64url"))
    }
}
