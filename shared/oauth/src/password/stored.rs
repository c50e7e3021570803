//! Hashes as they are kept, and as they move in: what is one, what it may cost, and whether a password fits it.

use std::fmt;
use std::num::NonZeroU32;

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::pbkdf2;
use password_hash::phc::PasswordHash;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::Password;
use super::memory::Memory;

/// The formats a hash may be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Argon2,
    Scrypt,
    Pbkdf2,
    Bcrypt,
}

/// A password hash: a PHC string (argon2i, argon2d, argon2id, scrypt, pbkdf2, pbkdf2-sha256, pbkdf2-sha512) or bcrypt's.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredPassword {
    pub(super) format: Format,
    pub(super) text: String,
}

/// Text that is no password hash this server can check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MalformedHash {
    /// Neither a PHC string of a known function nor a bcrypt hash.
    #[error(
        "a password hash is a PHC string of argon2i, argon2d, argon2id, scrypt, pbkdf2 (with SHA-1), pbkdf2-sha256 or pbkdf2-sha512, or a bcrypt hash"
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
            phc_format(&hash)?
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

    pub(super) fn matches(&self, password: &Password, memory: &Memory) -> bool {
        let password = password.bytes();
        match self.format {
            Format::Bcrypt => bcrypt::verify(password, &self.text).unwrap_or(false),
            Format::Argon2 => self.argon2_matches(password, memory).unwrap_or(false),
            Format::Scrypt => self.scrypt_matches(password),
            Format::Pbkdf2 => self.pbkdf2_matches(password).unwrap_or(false),
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

    fn scrypt_matches(&self, password: &[u8]) -> bool {
        use password_hash::PasswordVerifier as _;

        PasswordHash::new(&self.text).is_ok_and(|hash| {
            let scrypt = scrypt::Scrypt::default();
            scrypt.verify_password(password, &hash).is_ok()
        })
    }

    /// By aws-lc, which has SHA-1 for those who come from an old Keycloak, and no least number of rounds.
    fn pbkdf2_matches(&self, password: &[u8]) -> Option<bool> {
        let hash = PasswordHash::new(&self.text).ok()?;
        let algorithm = pbkdf2_algorithm(hash.algorithm.as_str())?;
        let rounds = pbkdf2_rounds(&hash)?;
        let (salt, expected) = (hash.salt?, hash.hash?);
        let verified = pbkdf2::verify(algorithm, rounds, &salt, password, expected.as_bytes());
        Some(verified.is_ok())
    }
}

/// Which format a PHC string is in, and whether its cost is within bounds.
fn phc_format(hash: &PasswordHash) -> Result<(Format, bool), MalformedHash> {
    let (Some(_), Some(output)) = (&hash.salt, &hash.hash) else {
        return Err(MalformedHash::Unknown);
    };
    let parameter = |name: &str| hash.params.get_decimal(name);
    let at_most = |name: &str, bound: u32| parameter(name).is_none_or(|value| value <= bound);
    match hash.algorithm.as_str() {
        "argon2id" | "argon2i" | "argon2d" => Ok((
            Format::Argon2,
            at_most("m", 256 * 1_024) && at_most("t", 16) && at_most("p", 16),
        )),
        "scrypt" => Ok((
            Format::Scrypt,
            at_most("ln", 17) && at_most("r", 16) && at_most("p", 4),
        )),
        name if pbkdf2_algorithm(name).is_some() => {
            let length =
                parameter("l").is_none_or(|length| usize::try_from(length) == Ok(output.len()));
            if !length || pbkdf2_rounds(hash).is_none() {
                return Err(MalformedHash::Unknown);
            }
            Ok((Format::Pbkdf2, at_most("i", 5_000_000)))
        }
        _ => Err(MalformedHash::Unknown),
    }
}

/// `pbkdf2` alone is PBKDF2 with SHA-1, as passlib writes it; Auth0 says `pbkdf2-sha1`.
fn pbkdf2_algorithm(name: &str) -> Option<pbkdf2::Algorithm> {
    match name {
        "pbkdf2" | "pbkdf2-sha1" => Some(pbkdf2::PBKDF2_HMAC_SHA1),
        "pbkdf2-sha256" => Some(pbkdf2::PBKDF2_HMAC_SHA256),
        "pbkdf2-sha512" => Some(pbkdf2::PBKDF2_HMAC_SHA512),
        _ => None,
    }
}

fn pbkdf2_rounds(hash: &PasswordHash) -> Option<NonZeroU32> {
    NonZeroU32::new(hash.params.get_decimal("i")?)
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

#[cfg(test)]
mod tests {
    use password_hash::PasswordHasher as _;

    use super::*;
    use crate::password::{Argon2Settings, PasswordHashing, Verdict};

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

    /// PBKDF2 of RFC 6070 (the last but one of its vectors) and of Python's hashlib, with the 64 bytes that Keycloak takes
    /// of every digest; scrypt of hashlib, bcrypt of libxcrypt.
    #[test]
    fn hashes_that_others_made_are_checked() {
        const SALT: &str = "c2FsdFNBTFRzYWx0U0FMVHNhbHRTQUxUc2FsdFNBTFRzYWx0";
        let long = "passwordPASSWORDpassword";
        for (hash, right) in [
            (format!("$pbkdf2$i=4096${SALT}$PS7sT+QchJuAyNg2YsDkSospGpZM8vBwOA"), long),
            (format!("$pbkdf2-sha1$i=4096,l=25${SALT}$PS7sT+QchJuAyNg2YsDkSospGpZM8vBwOA"), long),
            (format!("$pbkdf2$i=1000${SALT}$Ck37EpcfQ4l30xhSe/SWHzpld7yet12y6SvLqoMEevitOUh5LD889/Lopr3lDMWj6f8arhHx4eSxU92ETHvHTg"), long),
            (format!("$pbkdf2-sha256$i=1000${SALT}$RhDfICKSJwp2E+RyP26NHlE/tiyrqPuKAWgpNBHyiWzE2q2eKxInPFpH6Oc106oD4fXRBbb2NG3MDIKNWZN45A"), long),
            (format!("$pbkdf2-sha256$i=1000,l=40${SALT}$RhDfICKSJwp2E+RyP26NHlE/tiyrqPuKAWgpNBHyiWzE2q2eKxInPA"), long),
            (format!("$pbkdf2-sha512$i=1000${SALT}$Dijz76gCovDNO0rOXj2a+tt8LczF7xDu24plZN+wyaY7b0ax4VBYe5/nh1z6+ZnQC0VLt9dClcYN8bvl+PNtoQ"), long),
            ("$scrypt$ln=10,r=8,p=1$c2FsdFNBTFRzYWx0U0FMVA$mihByWc8UA5S9cNuoqGemfp3OrirFGrIsiyKZJZNc1fvrHtW58amfDD3foaXi89vIHWinnp1qcKuXBNRkBxroQ".to_owned(), "s3cret"),
            ("$2a$04$abcdefghijklmnopqrstuuLZYjhNQAOdpbzt4WxWlUHjv1wsyH5DG".to_owned(), "s3cret"),
            ("$2b$04$abcdefghijklmnopqrstuuLZYjhNQAOdpbzt4WxWlUHjv1wsyH5DG".to_owned(), "s3cret"),
            ("$2y$04$abcdefghijklmnopqrstuuLZYjhNQAOdpbzt4WxWlUHjv1wsyH5DG".to_owned(), "s3cret"),
        ] {
            let stored = StoredPassword::parse(&hash).unwrap();
            let verdict = |text| cheap().verify(&password(text), Some(&stored));
            assert_eq!(verdict(right), Verdict::RightButStale, "{hash}");
            assert_eq!(verdict("another"), Verdict::Wrong, "{hash}");
        }
    }

    #[test]
    fn refuses_what_it_cannot_check() {
        for text in [
            "",
            "plain",
            "$1$md5$crypt",
            "$2b$99$aaaa",
            "$argon2id$v=19$m=64,t=1,p=1",
            "$pbkdf2-sha256$c2FsdHNhbHRzYWx0$NIyJ28vTKy8y2BS4EW6Eyw",
            "$pbkdf2-sha256$i=0$c2FsdHNhbHRzYWx0$NIyJ28vTKy8y2BS4EW6Eyw",
            "$pbkdf2-sha256$i=1000,l=32$c2FsdHNhbHRzYWx0$NIyJ28vTKy8y2BS4EW6Eyw",
            "$pbkdf2-md5$i=1000$c2FsdHNhbHRzYWx0$NIyJ28vTKy8y2BS4EW6Eyw",
        ] {
            assert_eq!(
                StoredPassword::parse(text),
                Err(MalformedHash::Unknown),
                "{text}"
            );
        }
        let costly = "$pbkdf2$i=5000001$c2FsdHNhbHRzYWx0$NIyJ28vTKy8y2BS4EW6Eyw";
        assert_eq!(StoredPassword::parse(costly), Err(MalformedHash::TooCostly));
        let costly = "$argon2id$v=19$m=1048576,t=1,p=1$c29tZXNhbHRzb21l$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        assert_eq!(StoredPassword::parse(costly), Err(MalformedHash::TooCostly));
    }
}
