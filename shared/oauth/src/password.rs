//! People's passwords: Argon2id for new ones, the usual formats for those that moved in.

mod memory;

use std::fmt;

use argon2::{Algorithm, Argon2, Params, Version};
use memory::Memory;
use password_hash::PasswordHasher as _;
use password_hash::phc::PasswordHash;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

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

    /// The password as it was typed. Not for logs.
    pub(crate) fn text(&self) -> &str {
        self.0.expose_secret()
    }

    fn bytes(&self) -> &[u8] {
        self.text().as_bytes()
    }
}

/// The formats a hash may be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Argon2,
    Scrypt,
    Pbkdf2,
    Bcrypt,
}

/// A password hash: a PHC string (argon2i, argon2d, argon2id, scrypt, pbkdf2-sha256, pbkdf2-sha512) or bcrypt's.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredPassword {
    format: Format,
    text: String,
}

/// Text that is no password hash this server can check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MalformedHash {
    /// Neither a PHC string of a known function nor a bcrypt hash.
    #[error(
        "a password hash is a PHC string of argon2i, argon2d, argon2id, scrypt, pbkdf2-sha256 or pbkdf2-sha512, or a bcrypt hash"
    )]
    Unknown,
    /// Checking it would take more memory or time than a login may.
    #[error(
        "the hash asks for too much work (argon2: at most 256 MiB and 16 passes; scrypt: ln 17, r 16, p 4; pbkdf2: 5,000,000 rounds; bcrypt: cost 15)"
    )]
    TooCostly,
}

impl StoredPassword {
    /// Reads a hash and holds its cost within bounds.
    ///
    /// # Errors
    /// [`MalformedHash`] for an unknown format or a cost past the bounds.
    pub fn parse(text: &str) -> Result<Self, MalformedHash> {
        let (format, affordable) = if text.starts_with("$2") {
            let parts: bcrypt::HashParts = text.parse().map_err(|_| MalformedHash::Unknown)?;
            (Format::Bcrypt, parts.get_cost() <= 15)
        } else {
            let hash = PasswordHash::new(text).map_err(|_| MalformedHash::Unknown)?;
            if hash.hash.is_none() || hash.salt.is_none() {
                return Err(MalformedHash::Unknown);
            }
            let at_most = |name: &str, bound: u32| {
                hash.params
                    .get_decimal(name)
                    .is_none_or(|value| value <= bound)
            };
            match hash.algorithm.as_str() {
                "argon2id" | "argon2i" | "argon2d" => (
                    Format::Argon2,
                    at_most("m", 256 * 1_024) && at_most("t", 16) && at_most("p", 16),
                ),
                "scrypt" => (
                    Format::Scrypt,
                    at_most("ln", 17) && at_most("r", 16) && at_most("p", 4),
                ),
                "pbkdf2-sha256" | "pbkdf2-sha512" => (Format::Pbkdf2, at_most("i", 5_000_000)),
                _ => return Err(MalformedHash::Unknown),
            }
        };
        if !affordable {
            return Err(MalformedHash::TooCostly);
        }
        Ok(Self {
            format,
            text: text.to_owned(),
        })
    }

    /// The hash as the store keeps it. Not for logs.
    pub fn expose(&self) -> &str {
        &self.text
    }

    fn matches(&self, password: &Password, memory: &Memory) -> bool {
        let password = password.bytes();
        match self.format {
            Format::Bcrypt => bcrypt::verify(password, &self.text).unwrap_or(false),
            Format::Argon2 => self.argon2_matches(password, memory).unwrap_or(false),
            Format::Scrypt => self.phc_matches(&scrypt::Scrypt::default(), password),
            Format::Pbkdf2 => self.phc_matches(&pbkdf2::Pbkdf2::default(), password),
        }
    }

    /// `None` for a hash that names no function, cost, salt or output that Argon2 takes.
    fn argon2_matches(&self, password: &[u8], memory: &Memory) -> Option<bool> {
        let hash = PasswordHash::new(&self.text).ok()?;
        let algorithm = Algorithm::try_from(hash.algorithm.as_str()).ok()?;
        let version = hash.version.map(Version::try_from).transpose().ok()?;
        let params = Params::try_from(&hash).ok()?;
        let (salt, expected) = (hash.salt?, hash.hash?);
        let argon2 = Argon2::new(algorithm, version.unwrap_or_default(), params);
        let mut output = Zeroizing::new(vec![0; expected.len()]);
        memory.lend(&argon2, password, &salt, &mut output).ok()?;
        Some(output.ct_eq(expected.as_bytes()).into())
    }

    fn phc_matches<V>(&self, verifier: &V, password: &[u8]) -> bool
    where
        V: password_hash::PasswordVerifier<PasswordHash>,
    {
        PasswordHash::new(&self.text)
            .is_ok_and(|hash| verifier.verify_password(password, &hash).is_ok())
    }
}

impl fmt::Debug for StoredPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredPassword({:?}, ..)", self.format)
    }
}

impl Serialize for StoredPassword {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for StoredPassword {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
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
        // With bounded parameters, a 16-byte salt and a bounded password nothing else can fail.
        let hash = self
            .argon2
            .hash_password_with_salt(password.bytes(), &salt)
            .map_err(|_| RandomError)?;
        Ok(StoredPassword {
            format: Format::Argon2,
            text: hash.to_string(),
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
    fn hashes_of_every_argon2_and_of_other_costs_are_checked_in_the_same_memory() {
        let hashing = cheap();
        for algorithm in [Algorithm::Argon2i, Algorithm::Argon2d, Algorithm::Argon2id] {
            for version in [Version::V0x10, Version::V0x13] {
                for (memory, output) in [(256, 32), (64, 16), (128, 64)] {
                    let params = Params::new(memory, 2, 1, Some(output)).unwrap();
                    let made = Argon2::new(algorithm, version, params)
                        .hash_password_with_salt(b"s3cret", b"a salt of 16 byt")
                        .unwrap();
                    let stored = StoredPassword::parse(&made.to_string()).unwrap();
                    let verdict = |text| hashing.verify(&password(text), Some(&stored));
                    assert_eq!(verdict("s3cret"), Verdict::RightButStale, "{made}");
                    assert_eq!(verdict("S3cret"), Verdict::Wrong, "{made}");
                }
            }
        }
    }

    #[test]
    fn debug_tells_nothing() {
        let hash = cheap().hash(&password("s3cret"), &SystemRandom).unwrap();
        assert_eq!(format!("{hash:?}"), "StoredPassword(Argon2, ..)");
        assert!(!format!("{:?}", password("s3cret")).contains("s3cret"));
    }

    #[test]
    fn refuses_what_it_cannot_check() {
        for text in [
            "",
            "plain",
            "$1$md5$crypt",
            "$2b$99$aaaa",
            "$argon2id$v=19$m=64,t=1,p=1",
        ] {
            assert_eq!(
                StoredPassword::parse(text),
                Err(MalformedHash::Unknown),
                "{text}"
            );
        }
        let costly = "$argon2id$v=19$m=1048576,t=1,p=1$c29tZXNhbHRzb21l$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        assert_eq!(StoredPassword::parse(costly), Err(MalformedHash::TooCostly));
    }
}
