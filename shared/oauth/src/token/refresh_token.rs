//! Refresh tokens: opaque, hashed at rest, rotated on every use, in families.
//!
//! A token is `lkr.ADDRESS.SECRETS`, both parts base64url. ADDRESS (32 bytes) finds the family: the subject's
//! key and a random number. SECRETS (52 bytes) are the family's lineage (16), the token's own secret (32) and a
//! checksum (4). The lineage is the same in every token of a family and known to nobody else, so that a token
//! used twice is told from one made up by somebody who has only seen the address in an access token.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::hash::{Sha256Hash, sha256, sha256_of_parts};
use crate::random::{Random, RandomError};
use crate::user::SubjectKey;

const PREFIX: &str = "lkr";
const LINEAGE: usize = 16;
const SECRET: usize = 32;
const CHECKSUM: usize = 4;

/// What finds a family in the store: its subject's key and a random number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FamilyId {
    subject: SubjectKey,
    number: [u8; 16],
}

impl FamilyId {
    /// A new family of a subject.
    ///
    /// # Errors
    /// [`RandomError`] when there is no number to be had.
    pub fn begin(subject: SubjectKey, random: &dyn Random) -> Result<Self, RandomError> {
        Ok(Self {
            subject,
            number: crate::random::bytes(random)?,
        })
    }

    /// The subject's key.
    pub const fn subject(&self) -> SubjectKey {
        self.subject
    }

    /// The number that tells the subject's families apart, base64url.
    pub fn number(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.number)
    }

    /// The family of a subject with this number.
    pub fn of(subject: SubjectKey, number: &str) -> Option<Self> {
        let number = URL_SAFE_NO_PAD.decode(number).ok()?.try_into().ok()?;
        Some(Self { subject, number })
    }

    /// The subject's key and the number.
    pub fn bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        let (subject, number) = bytes.split_at_mut(16);
        subject.copy_from_slice(self.subject.as_bytes());
        number.copy_from_slice(&self.number);
        bytes
    }

    /// The family from its bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        let (mut subject, mut number) = ([0; 16], [0; 16]);
        let (first, second) = bytes.split_at(16);
        subject.copy_from_slice(first);
        number.copy_from_slice(second);
        Self {
            subject: SubjectKey::from_bytes(subject),
            number,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().ok().map(Self::from_bytes)
    }
}

impl fmt::Display for FamilyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.bytes()))
    }
}

impl Serialize for FamilyId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FamilyId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not a family id"))
    }
}

/// What is kept of a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RefreshTokenHash(Sha256Hash);

impl RefreshTokenHash {
    /// Equality in constant time.
    pub fn ct_eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0)
    }
}

/// A refresh token in the clear: in a request, in an answer, never at rest.
#[derive(Clone)]
pub struct RefreshToken {
    family: FamilyId,
    lineage: Zeroizing<[u8; LINEAGE]>,
    secret: Zeroizing<[u8; SECRET]>,
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken(..)")
    }
}

impl RefreshToken {
    /// The first token of a new family.
    ///
    /// # Errors
    /// [`RandomError`] when there is no secret to be had.
    pub fn begin(family: FamilyId, random: &dyn Random) -> Result<Self, RandomError> {
        Ok(Self {
            family,
            lineage: Zeroizing::new(crate::random::bytes(random)?),
            secret: Zeroizing::new(crate::random::bytes(random)?),
        })
    }

    /// The next token of the same family.
    ///
    /// # Errors
    /// [`RandomError`] when there is no secret to be had.
    pub fn successor(&self, random: &dyn Random) -> Result<Self, RandomError> {
        Ok(Self {
            secret: Zeroizing::new(crate::random::bytes(random)?),
            ..self.clone()
        })
    }

    /// Reads a token; `None` for one that this server cannot have made, before anything is asked of the store.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, secrets) = text
            .strip_prefix(PREFIX)?
            .strip_prefix('.')?
            .split_once('.')?;
        let family = FamilyId::parse(address)?;
        let secrets = Zeroizing::new(URL_SAFE_NO_PAD.decode(secrets).ok()?);
        let (lineage, rest) = secrets.split_at_checked(LINEAGE)?;
        let (secret, checksum) = rest.split_at_checked(SECRET)?;
        let token = Self {
            family,
            lineage: Zeroizing::new(lineage.try_into().ok()?),
            secret: Zeroizing::new(secret.try_into().ok()?),
        };
        (checksum == token.checksum()).then_some(token)
    }

    /// The token as the client gets it.
    pub fn expose(&self) -> SecretString {
        let mut secrets = Zeroizing::new(Vec::with_capacity(LINEAGE + SECRET + CHECKSUM));
        secrets.extend_from_slice(&*self.lineage);
        secrets.extend_from_slice(&*self.secret);
        secrets.extend_from_slice(&self.checksum());
        let secrets = Zeroizing::new(URL_SAFE_NO_PAD.encode(&*secrets));
        SecretString::from(format!("{PREFIX}.{}.{}", self.family, *secrets))
    }

    /// Where its family is kept.
    pub const fn family(&self) -> &FamilyId {
        &self.family
    }

    /// What is kept of it.
    pub fn hash(&self) -> RefreshTokenHash {
        RefreshTokenHash(sha256_of_parts(&[
            &self.family.bytes(),
            &*self.lineage,
            &*self.secret,
        ]))
    }

    /// What is kept of its family's lineage.
    pub fn lineage_hash(&self) -> Sha256Hash {
        sha256(&*self.lineage)
    }

    fn checksum(&self) -> [u8; CHECKSUM] {
        let RefreshTokenHash(hash) = self.hash();
        let mut checksum = [0; CHECKSUM];
        for (to, from) in checksum.iter_mut().zip(hash.as_bytes()) {
            *to = *from;
        }
        checksum
    }

    /// Seals a successor under this token: only who presents this token again can have it opened.
    ///
    /// # Errors
    /// [`RandomError`] when there is no nonce to be had.
    pub fn seal(&self, successor: &Self, random: &dyn Random) -> Result<String, RandomError> {
        let nonce: [u8; NONCE_LEN] = crate::random::bytes(random)?;
        let mut sealed = successor.secret.to_vec();
        // Sealing 32 bytes under a fresh AES-256 key cannot fail.
        self.sealing_key()
            .and_then(|key| {
                let nonce = Nonce::assume_unique_for_key(nonce);
                key.seal_in_place_append_tag(nonce, Aad::from(self.family.bytes()), &mut sealed)
                    .ok()
            })
            .ok_or(RandomError)?;
        let mut text = nonce.to_vec();
        text.append(&mut sealed);
        Ok(URL_SAFE_NO_PAD.encode(text))
    }

    /// Opens what [`RefreshToken::seal`] sealed under this token; `None` for anything else.
    pub fn open(&self, sealed: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut sealed = Zeroizing::new(sealed.to_vec());
        let secret = self
            .sealing_key()?
            .open_in_place(nonce, Aad::from(self.family.bytes()), &mut sealed)
            .ok()?;
        Some(Self {
            secret: Zeroizing::new((&*secret).try_into().ok()?),
            ..self.clone()
        })
    }

    fn sealing_key(&self) -> Option<LessSafeKey> {
        let mut key = Zeroizing::new([0; 32]);
        Salt::new(HKDF_SHA256, &*self.lineage)
            .extract(&*self.secret)
            .expand(&[b"latchkey refresh token successor"], &AES_256_GCM)
            .and_then(|expanded| expanded.fill(&mut *key))
            .ok()?;
        Some(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &*key).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::random::SystemRandom;

    fn token() -> RefreshToken {
        let family = FamilyId::begin(SubjectKey::from_bytes([7; 16]), &SystemRandom).unwrap();
        RefreshToken::begin(family, &SystemRandom).unwrap()
    }

    #[test]
    fn parse_and_expose_are_inverse() {
        let token = token();
        let text = token.expose();
        let read = RefreshToken::parse(text.expose_secret()).unwrap();
        assert_eq!(read.hash(), token.hash());
        assert_eq!(read.family(), token.family());
    }

    #[test]
    fn any_changed_character_is_refused() {
        let text = token().expose().expose_secret().to_owned();
        for (index, character) in text.char_indices() {
            let other = if character == 'A' { 'B' } else { 'A' };
            let mut changed = text.clone();
            changed.replace_range(index..=index, &other.to_string());
            assert!(RefreshToken::parse(&changed).is_none(), "{index}");
        }
    }

    #[test]
    fn a_successor_opens_only_under_its_predecessor() {
        let first = token();
        let second = first.successor(&SystemRandom).unwrap();
        let sealed = first.seal(&second, &SystemRandom).unwrap();
        assert_eq!(first.open(&sealed).unwrap().hash(), second.hash());
        assert!(second.open(&sealed).is_none());
        assert!(token().open(&sealed).is_none());
        assert!(first.open("").is_none());
        assert!(!sealed.contains(second.expose().expose_secret()));
    }

    proptest! {
        #[test]
        fn never_panics(text in ".*", tail in "[A-Za-z0-9_.-]{0,160}") {
            let _ = RefreshToken::parse(&text);
            let _ = RefreshToken::parse(&format!("lkr.{tail}"));
            let _ = token().open(&tail);
        }
    }
}
