//! The requests that are measured.

use serde::{Deserialize, Serialize};

/// The yardstick among the functions: lambda_http alone.
pub const BARE: &str = "bare";

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Bare,
    OpenidConfiguration,
    Jwks,
    ClientCredentials,
    Password,
    PasswordOpenid,
    RefreshToken,
    Introspect,
    UserInfo,
    Revoke,
}

impl Kind {
    pub const ALL: [Self; 10] = [
        Self::Bare,
        Self::OpenidConfiguration,
        Self::Jwks,
        Self::ClientCredentials,
        Self::Password,
        Self::PasswordOpenid,
        Self::RefreshToken,
        Self::Introspect,
        Self::UserInfo,
        Self::Revoke,
    ];

    /// Whose binary answers it.
    pub const fn function(self) -> &'static str {
        match self {
            Self::Bare => BARE,
            Self::OpenidConfiguration | Self::Jwks => "discovery",
            Self::ClientCredentials
            | Self::Password
            | Self::PasswordOpenid
            | Self::RefreshToken => "token",
            Self::Introspect => "introspect",
            Self::UserInfo => "userinfo",
            Self::Revoke => "revoke",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::OpenidConfiguration => "openid-configuration",
            Self::Jwks => "jwks",
            Self::ClientCredentials => "client_credentials",
            Self::Password => "password",
            Self::PasswordOpenid => "password, openid",
            Self::RefreshToken => "refresh_token, openid",
            Self::Introspect => "introspect, access token",
            Self::UserInfo => "userinfo",
            Self::Revoke => "revoke, access token",
        }
    }

    /// Requests in one block of a warm measurement: as many as take a good part of a second.
    pub const fn block(self) -> u32 {
        match self {
            Self::Password | Self::PasswordOpenid => 10,
            Self::ClientCredentials | Self::RefreshToken => 25,
            Self::Bare
            | Self::OpenidConfiguration
            | Self::Jwks
            | Self::Introspect
            | Self::UserInfo
            | Self::Revoke => 100,
        }
    }
}
