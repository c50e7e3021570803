//! People's passwords: Argon2id for new ones, the usual formats for those that moved in.

mod memory;
mod stored;

use argon2::{Algorithm, Argon2, Params, Version};
use memory::Memory;
use password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use secrecy::{ExposeSecret as _, SecretString};
use stored::Format;
pub use stored::{MalformedHash, StoredPassword};

use crate::random::{Random, RandomError};

/// The longest password, in bytes.
pub const MAX_PASSWORD_LENGTH: usize = 1_024;

/// A password as somebody typed it.
#[derive(Debug, Clone)]
pub struct Password(SecretString);

/// A password that is empty or too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a password is 1 to 1024 bytes")]
pub struct MalformedPassword;

impl Password {
    /// Takes a password as it is: no trimming, no normalising, as the hash it is checked against was made.
    ///
    /// # Errors
    /// [`MalformedPassword`] when empty or over 1,024 bytes.
    pub fn parse(text: &str) -> Result<Self, MalformedPassword> {
        if (1..=MAX_PASSWORD_LENGTH).contains(&text.len()) {
            Ok(Self(SecretString::from(text)))
        } else {
            Err(MalformedPassword)
        }
    }

    /// Whether it is the other one.
    pub fn is(&self, other: &Self) -> bool {
        self.text() == other.text()
    }

    /// The password as it was typed. Not for logs.
    pub(crate) fn text(&self) -> &str {
        self.0.expose_secret()
    }

    fn bytes(&self) -> &[u8] {
        self.text().as_bytes()
    }
}

/// The cost of an Argon2id hash (RFC 9106).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argon2Settings {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub iterations: u32,
    /// Lanes.
    pub parallelism: u32,
}

impl Default for Argon2Settings {
    fn default() -> Self {
        Self {
            memory_kib: 19_456,
            iterations: 2,
            parallelism: 1,
        }
    }
}

/// Costs that Argon2 does not take, or that a login could not afford.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Argon2id takes 8 KiB a lane to 256 MiB of memory, 1 to 16 iterations and 1 to 16 lanes")]
pub struct MalformedArgon2Settings;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Not the password.
    Wrong,
    /// The password, and the hash is as one would be made today.
    Right,
    /// The password, but the hash is of an older make: hash again.
    RightButStale,
}

/// Makes and checks password hashes at one cost.
#[derive(Debug, Clone)]
pub struct PasswordHashing {
    argon2: Argon2<'static>,
    memory: Memory,
}

impl PasswordHashing {
    /// Hashing at the cost given.
    ///
    /// # Errors
    /// [`MalformedArgon2Settings`] outside the bounds.
    pub fn new(settings: Argon2Settings) -> Result<Self, MalformedArgon2Settings> {
        let affordable = settings.memory_kib <= 256 * 1_024
            && (1..=16).contains(&settings.iterations)
            && (1..=16).contains(&settings.parallelism);
        if !affordable {
            return Err(MalformedArgon2Settings);
        }
        let params = Params::new(
            settings.memory_kib,
            settings.iterations,
            settings.parallelism,
            None,
        )
        .map_err(|_| MalformedArgon2Settings)?;
        let memory = Memory::keeping(params.block_count());
        Ok(Self {
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            memory,
        })
    }

    /// Checks a password. Where there is no hash, the same work is done for nothing, so that an unknown
    /// user takes as long as a known one.
    pub fn verify(&self, password: &Password, stored: Option<&StoredPassword>) -> Verdict {
        let Some(stored) = stored else {
            let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
            // The outcome does not matter, only the time; black_box keeps the work from being optimised away.
            let _ = std::hint::black_box(self.memory.lend(
                &self.argon2,
                password.bytes(),
                b"no such user here",
                &mut output,
            ));
            std::hint::black_box(output);
            return Verdict::Wrong;
        };
        if !stored.matches(password, &self.memory) {
            Verdict::Wrong
        } else if self.is_current(stored) {
            Verdict::Right
        } else {
            Verdict::RightButStale
        }
    }

    /// Whether a hash is of today's make: a login replaces one that is not.
    pub fn is_current(&self, stored: &StoredPassword) -> bool {
        let Ok(hash) = PasswordHash::new(&stored.text) else {
            return false;
        };
        let wanted = self.argon2.params();
        stored.format == Format::Argon2
            && hash.algorithm.as_str() == "argon2id"
            && hash.version == Some(Version::V0x13.into())
            && Params::try_from(&hash).is_ok_and(|params| {
                (params.m_cost(), params.t_cost(), params.p_cost())
                    == (wanted.m_cost(), wanted.t_cost(), wanted.p_cost())
            })
    }

    /// Hashes a password with a fresh 16-byte salt.
    ///
    /// # Errors
    /// [`RandomError`] when there is no salt to be had.
    pub fn hash(
        &self,
        password: &Password,
        random: &dyn Random,
    ) -> Result<StoredPassword, RandomError> {
        let salt = crate::random::bytes::<16>(random)?;
        // With bounded parameters, a 16-byte salt and a bounded password nothing here can fail.
        let hash = self.phc(password, &salt).map_err(|_| RandomError)?;
        Ok(StoredPassword {
            format: Format::Argon2,
            text: hash.to_string(),
        })
    }

    /// As `argon2` makes it itself, but in memory that is kept.
    fn phc(&self, password: &Password, salt: &[u8]) -> password_hash::Result<PasswordHash> {
        let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
        self.memory
            .lend(&self.argon2, password.bytes(), salt, &mut output)?;
        Ok(PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(self.argon2.params())?,
            salt: Some(Salt::new(salt)?),
            hash: Some(Output::new(&output)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;

    fn cheap() -> PasswordHashing {
        PasswordHashing::new(Argon2Settings {
            memory_kib: 64,
            iterations: 1,
            parallelism: 1,
        })
        .unwrap()
    }

    fn password(text: &str) -> Password {
        Password::parse(text).unwrap()
    }

    #[test]
    fn a_fresh_hash_is_right_and_not_stale() {
        let hash = cheap().hash(&password("s3cret"), &SystemRandom).unwrap();
        assert_eq!(
            cheap().verify(&password("s3cret"), Some(&hash)),
            Verdict::Right
        );
        assert_eq!(
            cheap().verify(&password("S3cret"), Some(&hash)),
            Verdict::Wrong
        );
        assert_eq!(cheap().verify(&password("s3cret"), None), Verdict::Wrong);
        let dearer = PasswordHashing::new(Argon2Settings {
            memory_kib: 128,
            iterations: 1,
            parallelism: 1,
        })
        .unwrap();
        assert_eq!(
            dearer.verify(&password("s3cret"), Some(&hash)),
            Verdict::RightButStale
        );
    }

    #[test]
    fn debug_tells_nothing() {
        let hash = cheap().hash(&password("s3cret"), &SystemRandom).unwrap();
        assert_eq!(format!("{hash:?}"), "StoredPassword(Argon2, ..)");
        assert!(!format!("{:?}", password("s3cret")).contains("s3cret"));
    }
}
