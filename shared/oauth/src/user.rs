//! Users: what they sign in with, who they are to others, and whether their tokens still count.

use std::fmt;
use std::future::Future;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization as _;

use crate::hash::sha256_of_parts;
use crate::password::StoredPassword;
use crate::random::{Random, RandomError};
use crate::secret_token::{SecretToken, TokenHash};
use crate::store::{
    Condition, Expected, Page, Part, StoreError, Version, Versioned, all, part_after,
};
use crate::tenant::TenantId;
use crate::time::{Seconds, Timestamp};

/// A user name, in NFC and lower case, 1 to 256 bytes without control characters:
/// `Alice` and `alice` are one person (after RFC 8265 section 3.3).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Username(Box<str>);

/// Text that no user name can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a username is 1 to 256 bytes without control characters")]
pub struct MalformedUsername;

impl Username {
    /// Reads a user name and brings it into the one form it is kept in.
    ///
    /// # Errors
    /// [`MalformedUsername`] when empty, too long, or with control characters.
    pub fn parse(text: &str) -> Result<Self, MalformedUsername> {
        // Lower-casing or composing may lengthen a name, so the bound is held before and after.
        if text.is_empty() || text.len() > 256 || text.chars().any(char::is_control) {
            return Err(MalformedUsername);
        }
        let name: String = text.nfc().flat_map(char::to_lowercase).nfc().collect();
        if name.len() > 256 {
            return Err(MalformedUsername);
        }
        Ok(Self(name.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Username {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// A subject identifier: 1 to 255 ASCII characters, never given to another (OIDC Core section 2).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Subject(Box<str>);

/// Text that no subject identifier can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sub is 1 to 255 printable ASCII characters")]
pub struct MalformedSubject;

impl Subject {
    /// Reads a subject identifier.
    ///
    /// # Errors
    /// [`MalformedSubject`] for anything that no subject can be.
    pub fn parse(text: &str) -> Result<Self, MalformedSubject> {
        // As wide as a client_id: a client acting for itself is its own subject.
        if (1..=255).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, 0x20..=0x7e)) {
            Ok(Self(text.into()))
        } else {
            Err(MalformedSubject)
        }
    }

    /// A fresh subject from 16 random bytes.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(bytes).into())
    }

    /// The subject of a client acting for itself (RFC 9068 section 2.2).
    pub fn of_client(client: &crate::client::ClientId) -> Self {
        Self(client.as_str().into())
    }

    /// The identifier.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Subject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// What stands for a subject in the store's keys and in refresh tokens: 128 bits of a hash over tenant
/// and subject. It finds the subject's state without telling who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SubjectKey([u8; 16]);

impl SubjectKey {
    /// The key of a subject of a tenant.
    pub fn of(tenant: &TenantId, subject: &Subject) -> Self {
        let hash = sha256_of_parts(&[
            tenant.as_str().as_bytes(),
            &[0],
            subject.as_str().as_bytes(),
        ]);
        let mut key = [0; 16];
        for (to, from) in key.iter_mut().zip(hash.as_bytes()) {
            *to = *from;
        }
        Self(key)
    }

    /// The key from its bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for SubjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

/// Names those of a user's tokens that live and die together. A new password, a disabling or a deletion replaces it by
/// a fresh one, and with it ends every token issued before: a token carries its generation and counts only while that is
/// the user's own.
///
/// A random number (48 bits, so that every JSON reader keeps it whole) and not a count or a time: tokens are read by
/// clients and resource servers, who need not learn when somebody changed their password, and a subject deleted and made
/// again does not revive old tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Generation(u64);

impl Generation {
    /// A generation that no token carries yet.
    ///
    /// # Errors
    /// [`RandomError`] when there is no number to be had.
    pub fn fresh(random: &dyn Random) -> Result<Self, RandomError> {
        let [a, b, c, d, e, f] = crate::random::bytes(random)?;
        Ok(Self(u64::from_be_bytes([0, 0, a, b, c, d, e, f])))
    }
}

/// What a login is checked against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// Who it is.
    #[serde(rename = "sub")]
    pub subject: Subject,
    /// The hash; a user without one cannot sign in by password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<StoredPassword>,
    /// Whether an operator has shut the user out.
    #[serde(default)]
    pub disabled: bool,
    /// The generation of tokens issued now.
    #[serde(default)]
    pub generation: Generation,
    /// Whether the password is of their own choice, and none that an operator gave them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own_password: bool,
    /// What lets them set another password without the one they have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reset: Option<PasswordReset>,
}

impl Credentials {
    /// Sets a password that somebody else chose. A password that is set ends every token issued before, and whatever else
    /// would set one.
    ///
    /// # Errors
    /// [`RandomError`] when there is no generation to be had.
    pub fn set_password(
        &mut self,
        hash: StoredPassword,
        random: &dyn Random,
    ) -> Result<(), RandomError> {
        self.password_hash = Some(hash);
        self.generation = Generation::fresh(random)?;
        self.own_password = false;
        self.reset = None;
        Ok(())
    }

    /// The part that is kept with tokens.
    pub fn state(&self, username: &Username) -> SubjectState {
        SubjectState {
            username: username.clone(),
            disabled: self.disabled,
            generation: self.generation,
        }
    }
}

/// What is kept of a reset token: one for a user, the newest, and it counts once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordReset {
    /// The token's hash.
    pub hash: TokenHash,
    /// Until when it counts.
    pub until: Timestamp,
}

impl PasswordReset {
    /// How long a reset token counts where nobody says.
    pub const LIFETIME: Seconds = Seconds::hours(1);

    /// Whether `token` is the one, and in time.
    pub fn is_by(&self, token: &SecretToken, now: Timestamp) -> bool {
        self.hash.ct_eq(&token.hash()) && now < self.until
    }
}

/// Who a user is to others: the claims of OIDC Core section 5.1 and the tenant's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserProfile {
    /// Who it is.
    #[serde(rename = "sub")]
    pub subject: Subject,
    /// The name they sign in with.
    pub username: Username,
    /// Claims by name.
    #[serde(default)]
    pub claims: Map<String, Value>,
}

/// Whether a user's tokens still count. Kept apart from credentials, so that whoever checks tokens
/// can never read a password hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectState {
    /// The name they sign in with.
    pub username: Username,
    /// Whether an operator has shut the user out.
    #[serde(default)]
    pub disabled: bool,
    /// Tokens of other generations do not count.
    #[serde(default)]
    pub generation: Generation,
}

impl SubjectState {
    /// Whether a token issued in `generation` still counts.
    pub fn honours(&self, generation: Generation) -> bool {
        !self.disabled && self.generation == generation
    }
}

/// A user as an operator sees one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// What they sign in with and whether they may.
    pub credentials: Credentials,
    /// Who they are to others.
    pub profile: UserProfile,
}

impl User {
    /// The part that is kept with tokens.
    pub fn state(&self) -> SubjectState {
        self.credentials.state(&self.profile.username)
    }
}

/// Writing users: the operator's side. Credentials, profile and state change together or not at all.
pub trait UserAdmin: Send + Sync {
    /// A user by name, as they are now.
    fn user(
        &self,
        tenant: &TenantId,
        username: &Username,
    ) -> impl Future<Output = Result<Option<Versioned<User>>, StoreError>> + Send;

    /// Writes a user and tells the version it made; `None`, and nothing written, if the user is not as expected or the
    /// subject is another user's.
    fn put_user<'a>(
        &self,
        tenant: &TenantId,
        user: &User,
        condition: impl Into<Condition<'a>> + Send,
    ) -> impl Future<Output = Result<Option<Version>, StoreError>> + Send;

    /// Deletes a user; their tokens end at once. `false` where the user is not as expected.
    fn delete_user(
        &self,
        tenant: &TenantId,
        user: &User,
        expected: Expected,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Some of a tenant's users, by name. One who was written a moment ago may be missing.
    fn users_page(
        &self,
        tenant: &TenantId,
        part: Part<'_>,
    ) -> impl Future<Output = Result<Page<Versioned<User>>, StoreError>> + Send;

    /// Every user of a tenant, by name.
    fn users(
        &self,
        tenant: &TenantId,
    ) -> impl Future<Output = Result<Vec<Versioned<User>>, StoreError>> + Send {
        all(
            move |after: Option<String>| async move {
                self.users_page(tenant, part_after(after.as_deref())).await
            },
            |user: &Versioned<User>| user.profile.username.as_str(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_one_name() {
        let name = |text| Username::parse(text).unwrap();
        assert_eq!(name("Alice@Example.COM"), name("alice@example.com"));
        assert_eq!(name("Jose\u{301}"), name("josé"));
        assert!(Username::parse("").is_err());
        assert!(Username::parse("a\u{0}b").is_err());
        assert!(Username::parse(&"a".repeat(257)).is_err());
    }

    #[test]
    fn subjects_of_two_tenants_have_two_keys() {
        let subject = Subject::parse("s-1").unwrap();
        let key = |tenant| SubjectKey::of(&TenantId::parse(tenant).unwrap(), &subject);
        assert_ne!(key("a"), key("b"));
    }
}
