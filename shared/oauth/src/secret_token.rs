//! Secrets that this server hands out for one purpose and keeps as a hash: they register clients, manage a registration,
//! let a client in, or reset a password.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::hash::{Sha256Hash, sha256_of_parts};
use crate::random::{Random, RandomError};

/// What is kept of a secret token.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenHash(Sha256Hash);

impl TokenHash {
    /// Equality in constant time.
    pub fn ct_eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0)
    }
}

impl fmt::Display for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(..)")
    }
}

/// What a secret token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To register a client (RFC 7591 section 3).
    InitialAccess,
    /// To read, change or delete a registration (RFC 7592 section 2).
    RegistrationAccess,
    /// To let a registered client in, once.
    Activation,
    /// To set another password for a user who has forgotten theirs, once.
    PasswordReset,
}

impl Purpose {
    const fn prefix(self) -> &'static str {
        match self {
            Self::InitialAccess => "lki",
            Self::RegistrationAccess => "lkg",
            Self::Activation => "lkc",
            Self::PasswordReset => "lkp",
        }
    }
}

const SECRET: usize = 32;
const CHECKSUM: usize = 4;

/// A secret token in the clear: a prefix that says its purpose, 32 random bytes and a checksum.
#[derive(Clone)]
pub struct SecretToken {
    purpose: Purpose,
    secret: Zeroizing<[u8; SECRET]>,
}

impl fmt::Debug for SecretToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretToken(..)")
    }
}

impl SecretToken {
    /// A new token.
    ///
    /// # Errors
    /// [`RandomError`] when there is no secret to be had.
    pub fn new(purpose: Purpose, random: &dyn Random) -> Result<Self, RandomError> {
        Ok(Self {
            purpose,
            secret: Zeroizing::new(crate::random::bytes(random)?),
        })
    }

    /// Reads a token of a purpose; `None` for one that this server cannot have made, before anything is asked of the store.
    pub fn parse(purpose: Purpose, text: &str) -> Option<Self> {
        let encoded = text.strip_prefix(purpose.prefix())?.strip_prefix('.')?;
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(encoded).ok()?);
        let (secret, checksum) = bytes.split_at_checked(SECRET)?;
        let token = Self {
            purpose,
            secret: Zeroizing::new(secret.try_into().ok()?),
        };
        (checksum == token.checksum()).then_some(token)
    }

    /// The token as its holder gets it.
    pub fn expose(&self) -> SecretString {
        let mut bytes = Zeroizing::new(Vec::with_capacity(SECRET + CHECKSUM));
        bytes.extend_from_slice(&*self.secret);
        bytes.extend_from_slice(&self.checksum());
        let encoded = Zeroizing::new(URL_SAFE_NO_PAD.encode(&*bytes));
        SecretString::from(format!("{}.{}", self.purpose.prefix(), *encoded))
    }

    /// What is kept of it.
    pub fn hash(&self) -> TokenHash {
        TokenHash(sha256_of_parts(&[
            self.purpose.prefix().as_bytes(),
            &*self.secret,
        ]))
    }

    fn checksum(&self) -> [u8; CHECKSUM] {
        let TokenHash(hash) = self.hash();
        let mut checksum = [0; CHECKSUM];
        for (to, from) in checksum.iter_mut().zip(hash.as_bytes()) {
            *to = *from;
        }
        checksum
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::random::SystemRandom;

    #[test]
    fn a_token_is_good_for_its_purpose_alone() {
        let token = SecretToken::new(Purpose::InitialAccess, &SystemRandom).unwrap();
        let text = token.expose();
        let text = text.expose_secret();
        let again = SecretToken::parse(Purpose::InitialAccess, text).unwrap();
        assert!(again.hash().ct_eq(&token.hash()));
        assert!(SecretToken::parse(Purpose::RegistrationAccess, text).is_none());
        let renamed = text.replacen("lki", "lkg", 1);
        assert!(SecretToken::parse(Purpose::RegistrationAccess, &renamed).is_none());
        for position in 0..text.len() {
            let mut bytes = text.as_bytes().to_vec();
            bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(SecretToken::parse(Purpose::InitialAccess, &changed).is_none());
        }
        assert_eq!(
            format!("{token:?} {:?}", token.hash()),
            "SecretToken(..) TokenHash(..)"
        );
    }
}
