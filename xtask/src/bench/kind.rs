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
    ClientCredentialsApi,
    Password,
    PasswordOpenid,
    RefreshToken,
    ChangePassword,
    Introspect,
    IntrospectApi,
    IntrospectOpaque,
    UserInfo,
    Revoke,
    Register,
    ReadRegistration,
    ReadClient,
    ListUsers,
}

impl Kind {
    pub const ALL: [Self; 18] = [
        Self::Bare,
        Self::OpenidConfiguration,
        Self::Jwks,
        Self::ClientCredentials,
        Self::ClientCredentialsApi,
        Self::Password,
        Self::PasswordOpenid,
        Self::RefreshToken,
        Self::ChangePassword,
        Self::Introspect,
        Self::IntrospectApi,
        Self::IntrospectOpaque,
        Self::UserInfo,
        Self::Revoke,
        Self::Register,
        Self::ReadRegistration,
        Self::ReadClient,
        Self::ListUsers,
    ];

    /// Whose binary answers it.
    pub const fn function(self) -> &'static str {
        match self {
            Self::Bare => BARE,
            Self::OpenidConfiguration | Self::Jwks => "discovery",
            Self::ClientCredentials
            | Self::ClientCredentialsApi
            | Self::Password
            | Self::PasswordOpenid
            | Self::RefreshToken
            | Self::ChangePassword => "token",
            Self::Introspect | Self::IntrospectApi | Self::IntrospectOpaque => "introspect",
            Self::UserInfo => "userinfo",
            Self::Revoke => "revoke",
            Self::Register | Self::ReadRegistration => "register",
            Self::ReadClient | Self::ListUsers => "manage",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::OpenidConfiguration => "openid-configuration",
            Self::Jwks => "jwks",
            Self::ClientCredentials => "client_credentials",
            Self::ClientCredentialsApi => "client_credentials, API",
            Self::Password => "password",
            Self::PasswordOpenid => "password, openid",
            Self::RefreshToken => "refresh_token, openid",
            Self::ChangePassword => "change of a password",
            Self::Introspect => "introspect, access token",
            Self::IntrospectApi => "introspect, access token of an API",
            Self::IntrospectOpaque => "introspect, opaque access token",
            Self::UserInfo => "userinfo",
            Self::Revoke => "revoke, access token",
            Self::Register => "register a client",
            Self::ReadRegistration => "read a registration",
            Self::ReadClient => "manage, read a client",
            Self::ListUsers => "manage, list 20 users",
        }
    }

    /// Of its answer.
    pub const fn status(self) -> u16 {
        match self {
            Self::Register => 201,
            Self::ChangePassword => 204,
            Self::Bare
            | Self::OpenidConfiguration
            | Self::Jwks
            | Self::ClientCredentials
            | Self::ClientCredentialsApi
            | Self::Password
            | Self::PasswordOpenid
            | Self::RefreshToken
            | Self::Introspect
            | Self::IntrospectApi
            | Self::IntrospectOpaque
            | Self::UserInfo
            | Self::Revoke
            | Self::ReadRegistration
            | Self::ReadClient
            | Self::ListUsers => 200,
        }
    }

    /// Requests in one block of a warm measurement: as many as take a good part of a second.
    pub const fn block(self) -> u32 {
        match self {
            Self::Password | Self::PasswordOpenid | Self::ChangePassword => 10,
            Self::ClientCredentials
            | Self::ClientCredentialsApi
            | Self::RefreshToken
            | Self::Register
            | Self::ListUsers => 25,
            Self::Bare
            | Self::OpenidConfiguration
            | Self::Jwks
            | Self::Introspect
            | Self::IntrospectApi
            | Self::IntrospectOpaque
            | Self::UserInfo
            | Self::Revoke
            | Self::ReadRegistration
            | Self::ReadClient => 100,
        }
    }
}
