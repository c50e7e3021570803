//! What a new password must be: NIST SP 800-63B section 3.1.1.2. Passwords that came with a hash are not looked at.

use serde::{Deserialize, Serialize};

use crate::password::Password;
use crate::user::Username;

/// The least of the shortest allowed, in characters: below it guessing is a matter of minutes.
pub const LEAST_MIN_LENGTH: u32 = 8;

/// What a tenant asks of a new password. Length is what counts; SP 800-63B advises against demanding kinds of characters,
/// and some must all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordPolicy {
    /// The fewest characters.
    #[serde(default = "default_min_length")]
    pub min_length: u32,
    /// How many of the four kinds (lower case, upper case, digits, others) there must be.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub min_character_kinds: u8,
}

const fn default_min_length() -> u32 {
    LEAST_MIN_LENGTH
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's skip_serializing_if passes a reference"
)]
const fn is_zero(number: &u8) -> bool {
    *number == 0
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self {
            min_length: default_min_length(),
            min_character_kinds: 0,
        }
    }
}

/// Why a password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// Too few characters.
    #[error("a password has at least {0} characters here")]
    TooShort(u32),
    /// Too few kinds of characters.
    #[error(
        "a password has at least {0} of these here: lower case letters, upper case letters, digits, others"
    )]
    TooFewKinds(u8),
    /// The user name, or with it hardly anything else.
    #[error("a password is not the user name")]
    IsUsername,
    /// The one that is to be replaced.
    #[error("it is the one that it is to replace")]
    IsOld,
}

impl PasswordPolicy {
    /// Whether `username` may have `password`.
    ///
    /// # Errors
    /// [`WeakPassword`], which tells nothing of the password but what it lacks.
    pub fn check(&self, password: &Password, username: &Username) -> Result<(), WeakPassword> {
        let text = password.text();
        if text.chars().count() < usize::try_from(self.min_length).unwrap_or(usize::MAX) {
            return Err(WeakPassword::TooShort(self.min_length));
        }
        let kinds: [fn(char) -> bool; 4] = [
            char::is_lowercase,
            char::is_uppercase,
            char::is_numeric,
            |c| !c.is_alphanumeric(),
        ];
        let found = kinds.iter().filter(|kind| text.contains(**kind)).count();
        if found < usize::from(self.min_character_kinds) {
            return Err(WeakPassword::TooFewKinds(self.min_character_kinds));
        }
        // SP 800-63B section 3.1.1.2: "context-specific words, such as [...] the username, and derivatives thereof".
        let lower = text.to_lowercase();
        let name = username.as_str();
        let rest = lower.replace(name, "");
        if rest.len() < lower.len() && rest.chars().count() < 4 {
            return Err(WeakPassword::IsUsername);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused() {
        let policy = |min_length, min_character_kinds| PasswordPolicy {
            min_length,
            min_character_kinds,
        };
        let plain = PasswordPolicy::default();
        for (policy, text, expected) in [
            (plain, "correct horse", Ok(())),
            (plain, "short", Err(WeakPassword::TooShort(8))),
            (plain, "äöüäöü", Err(WeakPassword::TooShort(8))),
            (plain, "äöüäöüäö", Ok(())),
            (plain, "Alice.Smith1!", Err(WeakPassword::IsUsername)),
            (plain, "alice.smith and her dog", Ok(())),
            (
                policy(12, 0),
                "elevenchars",
                Err(WeakPassword::TooShort(12)),
            ),
            (
                policy(8, 3),
                "lower only",
                Err(WeakPassword::TooFewKinds(3)),
            ),
            (policy(8, 3), "Upper only", Ok(())),
            (
                policy(8, 4),
                "Upper only",
                Err(WeakPassword::TooFewKinds(4)),
            ),
        ] {
            let password = Password::parse(text).unwrap();
            let username = Username::parse("alice.smith").unwrap();
            assert_eq!(policy.check(&password, &username), expected, "{text}");
        }
    }
}
