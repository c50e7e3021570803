//! Clients that register themselves: RFC 7591 and RFC 7592. What a tenant lets them have, the tokens they register and
//! manage themselves with, and whether they are let in yet.

use std::fmt;
use std::future::Future;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::api::AssignedApi;
use crate::client::Client;
use crate::grant_type::GrantType;
use crate::hash::{Sha256Hash, sha256_of_parts};
use crate::random::{Random, RandomError};
use crate::scope::Scope;
use crate::store::StoreError;
use crate::tenant::TenantId;
use crate::time::Timestamp;

/// What a tenant lets clients have that register themselves. A tenant without this has no registration endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RegistrationPolicy {
    /// Whether anybody may register; else it takes an initial access token (RFC 7591 section 3).
    #[serde(default)]
    pub open: bool,
    /// The grants they may ask for.
    #[serde(default)]
    pub grant_types: Vec<GrantType>,
    /// The widest scope they may ask for, and what they get who ask for none.
    #[serde(default)]
    pub scope: Scope,
    /// The APIs each of them may have tokens for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apis: Vec<AssignedApi>,
    /// Whether they wait until somebody lets them in.
    #[serde(default)]
    pub activation: ActivationPolicy,
}

/// Who lets a registered client in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActivationPolicy {
    /// Nobody needs to.
    #[default]
    None,
    /// An operator, or the client with a one-time code that an operator gave it.
    Required,
}

impl ActivationPolicy {
    /// Every choice.
    pub const ALL: [Self; 2] = [Self::None, Self::Required];

    /// Its name in the registry.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Required => "required",
        }
    }
}

/// How a client came here that registered itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// What is kept of its registration access token (RFC 7592 section 3).
    pub access_token: TokenHash,
    /// When (RFC 7591 section 3.2.1, `client_id_issued_at`).
    pub issued_at: Timestamp,
    /// Whether it is let in.
    pub activation: Activation,
}

/// Whether a registered client is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// It is.
    Done,
    /// It waits for an operator.
    Waiting,
    /// It waits for an operator, or gives this code.
    Code {
        /// What is kept of the code.
        hash: TokenHash,
        /// Until when the code counts.
        until: Timestamp,
    },
}

/// What is kept of a token that this file makes.
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

/// What a token of registration is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To register a client (RFC 7591 section 3).
    InitialAccess,
    /// To read, change or delete a registration (RFC 7592 section 2).
    RegistrationAccess,
    /// To let a registered client in, once.
    Activation,
}

impl Purpose {
    const fn prefix(self) -> &'static str {
        match self {
            Self::InitialAccess => "lki",
            Self::RegistrationAccess => "lkg",
            Self::Activation => "lkc",
        }
    }
}

const SECRET: usize = 32;
const CHECKSUM: usize = 4;

/// A token of registration in the clear: a prefix that says its purpose, 32 random bytes and a checksum.
#[derive(Clone)]
pub struct RegistrationToken {
    purpose: Purpose,
    secret: Zeroizing<[u8; SECRET]>,
}

impl fmt::Debug for RegistrationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RegistrationToken(..)")
    }
}

impl RegistrationToken {
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

/// An initial access token as it is kept, under its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InitialAccess {
    /// How many clients may still register with it.
    pub uses_left: u32,
    /// Until when.
    pub until: Timestamp,
}

/// Where registrations are kept.
pub trait RegistrationRepository: Send + Sync {
    /// Writes an initial access token.
    fn put_initial_access(
        &self,
        tenant: &TenantId,
        hash: &TokenHash,
        token: &InitialAccess,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Writes a client that is not there yet, and uses an initial access token once, where it takes one: both or neither.
    /// Of any number of parallel registrations no more succeed than the token has uses left. `false`, and nothing written,
    /// if the token is used up, past its end, or unknown.
    fn register(
        &self,
        tenant: &TenantId,
        client: &Client,
        initial: Option<&TokenHash>,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::random::SystemRandom;

    #[test]
    fn a_token_is_good_for_its_purpose_alone() {
        let token = RegistrationToken::new(Purpose::InitialAccess, &SystemRandom).unwrap();
        let text = token.expose();
        let text = text.expose_secret();
        let again = RegistrationToken::parse(Purpose::InitialAccess, text).unwrap();
        assert!(again.hash().ct_eq(&token.hash()));
        assert!(RegistrationToken::parse(Purpose::RegistrationAccess, text).is_none());
        let renamed = text.replacen("lki", "lkg", 1);
        assert!(RegistrationToken::parse(Purpose::RegistrationAccess, &renamed).is_none());
        for position in 0..text.len() {
            let mut bytes = text.as_bytes().to_vec();
            bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(RegistrationToken::parse(Purpose::InitialAccess, &changed).is_none());
        }
        assert_eq!(
            format!("{token:?} {:?}", token.hash()),
            "RegistrationToken(..) TokenHash(..)"
        );
    }
}
