//! Which grants there are.

use serde::{Deserialize, Serialize};
use strum::EnumCount;

/// The grants this server knows: `grant_types` of RFC 7591 section 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, EnumCount)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// RFC 6749 section 4.3.
    Password,
    /// RFC 6749 section 4.4.
    ClientCredentials,
    /// RFC 6749 section 6.
    RefreshToken,
}

impl GrantType {
    /// Every grant, in the order metadata lists them.
    pub const ALL: [Self; Self::COUNT] =
        [Self::Password, Self::ClientCredentials, Self::RefreshToken];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::ClientCredentials => "client_credentials",
            Self::RefreshToken => "refresh_token",
        }
    }

    /// Reads the name on the wire.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grant| grant.as_str() == text)
    }

    /// Whether only a client that proves who it is may use it. RFC 6749 section 4.4 demands it for
    /// client_credentials; a password in the hands of who knows what is worse still.
    pub const fn needs_confidential_client(self) -> bool {
        match self {
            Self::Password | Self::ClientCredentials => true,
            Self::RefreshToken => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_as_on_the_wire() {
        for grant in GrantType::ALL {
            assert_eq!(serde_json::to_value(grant).unwrap(), grant.as_str());
            assert_eq!(GrantType::parse(grant.as_str()), Some(grant));
        }
    }
}
