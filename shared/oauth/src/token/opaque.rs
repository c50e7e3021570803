//! Opaque access tokens: a name for claims that are kept here, and say nothing to anybody else (RFC 6749 section 1.4).
//!
//! A token is `lka.ADDRESS.SECRETS`, both parts base64url. ADDRESS finds what can end the token in the same read as the
//! token: the subject's key (16 bytes) and, where it belongs to a refresh-token family, the family's number (16). SECRETS
//! are the secret (32) and a checksum (4), so that a malformed token is refused before anything is asked of the store.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::refresh_token::FamilyId;
use crate::client::ClientId;
use crate::hash::{Sha256Hash, sha256_of_parts};
use crate::random::{Random, RandomError};
use crate::time::Timestamp;
use crate::user::SubjectKey;

const PREFIX: &str = "lka";
const SECRET: usize = 32;
const CHECKSUM: usize = 4;

/// What an access token looks like to whoever holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessTokenFormat {
    /// A signed JWT (RFC 9068), which an API can check by itself.
    Jwt,
    /// A name, which only introspection can tell anything about.
    Opaque,
}

impl AccessTokenFormat {
    /// Every format.
    pub const ALL: [Self; 2] = [Self::Jwt, Self::Opaque];

    /// Its name in the registry.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jwt => "jwt",
            Self::Opaque => "opaque",
        }
    }
}

/// What is kept of an opaque token, and finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OpaqueTokenHash(Sha256Hash);

impl fmt::Display for OpaqueTokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An opaque access token as it is kept, under its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredAccessToken {
    /// The client it was issued to, which alone may revoke it.
    pub client_id: ClientId,
    /// What a JWT would say, as JSON.
    pub claims: String,
    /// When it ends and the store may forget it.
    pub until: Timestamp,
    /// When its client gave it back. The item stays until then: a write of it that was sent twice must not bring it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
}

/// An opaque access token in the clear: in a request, in an answer, never at rest.
#[derive(Clone)]
pub struct OpaqueToken {
    subject: SubjectKey,
    family: Option<FamilyId>,
    secret: Zeroizing<[u8; SECRET]>,
}

impl fmt::Debug for OpaqueToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpaqueToken(..)")
    }
}

impl OpaqueToken {
    /// A new token about a subject; with its family, if it has one.
    ///
    /// # Errors
    /// [`RandomError`] when there is no secret to be had.
    pub fn new(
        subject: SubjectKey,
        family: Option<FamilyId>,
        random: &dyn Random,
    ) -> Result<Self, RandomError> {
        Ok(Self {
            subject,
            family,
            secret: Zeroizing::new(crate::random::bytes(random)?),
        })
    }

    /// Reads a token; `None` for one that this server cannot have made.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, secrets) = text
            .strip_prefix(PREFIX)?
            .strip_prefix('.')?
            .split_once('.')?;
        let address = URL_SAFE_NO_PAD.decode(address).ok()?;
        let secrets = Zeroizing::new(URL_SAFE_NO_PAD.decode(secrets).ok()?);
        let (secret, checksum) = secrets.split_at_checked(SECRET)?;
        let family = match address.len() {
            16 => None,
            _ => Some(FamilyId::from_bytes(address.as_slice().try_into().ok()?)),
        };
        let token = Self {
            subject: SubjectKey::from_bytes(address.get(..16)?.try_into().ok()?),
            family,
            secret: Zeroizing::new(secret.try_into().ok()?),
        };
        (checksum == token.checksum()).then_some(token)
    }

    /// The token as the client gets it.
    pub fn expose(&self) -> SecretString {
        let mut secrets = Zeroizing::new(Vec::with_capacity(SECRET + CHECKSUM));
        secrets.extend_from_slice(&*self.secret);
        secrets.extend_from_slice(&self.checksum());
        let secrets = Zeroizing::new(URL_SAFE_NO_PAD.encode(&*secrets));
        let address = URL_SAFE_NO_PAD.encode(self.address());
        SecretString::from(format!("{PREFIX}.{address}.{}", *secrets))
    }

    /// Whom it is about.
    pub const fn subject(&self) -> SubjectKey {
        self.subject
    }

    /// The family it ends with.
    pub const fn family(&self) -> Option<&FamilyId> {
        self.family.as_ref()
    }

    /// What is kept of it.
    pub fn hash(&self) -> OpaqueTokenHash {
        OpaqueTokenHash(sha256_of_parts(&[
            PREFIX.as_bytes(),
            &self.address(),
            &*self.secret,
        ]))
    }

    fn address(&self) -> Vec<u8> {
        match &self.family {
            Some(family) => family.bytes().to_vec(),
            None => self.subject.as_bytes().to_vec(),
        }
    }

    fn checksum(&self) -> [u8; CHECKSUM] {
        let OpaqueTokenHash(hash) = self.hash();
        let mut checksum = [0; CHECKSUM];
        for (to, from) in checksum.iter_mut().zip(hash.as_bytes()) {
            *to = *from;
        }
        checksum
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::random::SystemRandom;
    use crate::tenant::TenantId;
    use crate::user::Subject;

    fn token(with_family: bool) -> OpaqueToken {
        let subject = Subject::parse("alice").unwrap();
        let subject = SubjectKey::of(&TenantId::default_tenant(), &subject);
        let family = with_family.then(|| FamilyId::begin(subject, &SystemRandom).unwrap());
        OpaqueToken::new(subject, family, &SystemRandom).unwrap()
    }

    #[test]
    fn what_is_exposed_is_read_again() {
        for with_family in [false, true] {
            let token = token(with_family);
            let text = token.expose();
            let again = OpaqueToken::parse(text.expose_secret()).unwrap();
            assert_eq!(again.hash(), token.hash());
            assert_eq!(again.subject(), token.subject());
            assert_eq!(again.family(), token.family());
        }
    }

    #[test]
    fn no_other_text_is_the_token() {
        let text = token(true).expose();
        let text = text.expose_secret();
        for position in 0..text.len() {
            let mut bytes = text.as_bytes().to_vec();
            bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(OpaqueToken::parse(&changed).is_none(), "{position}");
        }
        for cut in 0..text.len() {
            assert!(OpaqueToken::parse(&text[..cut]).is_none());
        }
        assert!(OpaqueToken::parse(&format!("{text}A")).is_none());
    }

    proptest! {
        #[test]
        fn never_panics(text in "(lka\\.)?[A-Za-z0-9_.-]{0,120}") {
            let _ = OpaqueToken::parse(&text);
        }
    }
}
