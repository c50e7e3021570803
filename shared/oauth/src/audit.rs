//! Security decisions, as an auditor looks for them: one a request, the last one made, which tells those before it.

use serde::Serialize;
use strum::EnumCount;

/// A security decision. Its name is `event` in the log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, EnumCount)]
#[serde(rename_all = "snake_case")]
pub enum AuditEvent {
    /// A client did not prove who it is.
    ClientRefused,
    /// A client that proved who it is asked for a grant, scope or resource that is not its own.
    GrantRefused,
    /// A user signed in.
    LoginSucceeded,
    /// A user did not sign in: wrong password, unknown or disabled user.
    LoginRefused,
    /// An attempt to sign in was not looked at: too many had failed.
    LoginLocked,
    /// A client got a token for itself.
    ClientTokenIssued,
    /// A refresh token was exchanged.
    TokenRefreshed,
    /// A refresh token was malformed, unknown, expired, revoked or another client's.
    RefreshRefused,
    /// A refresh token was used twice: its family is dead.
    RefreshTokenReused,
    /// A client revoked a token, or a whole family.
    TokenRevoked,
    /// UserInfo did not take a bearer token.
    BearerRefused,
    /// Claims were told to who had a token for them.
    ClaimsTold,
    /// A token was introspected and is good.
    TokenActive,
    /// A token was introspected and is not good, or not the caller's business.
    TokenInactive,
    /// A client registered itself.
    ClientRegistered,
    /// A client changed its registration.
    ClientChanged,
    /// A client that registered itself was let in, by its code or through the management API.
    ClientActivated,
    /// Tenants, clients, APIs, users or grants were told to who manages them.
    RegistryTold,
    /// A tenant's settings were written.
    TenantWritten,
    /// A tenant was deleted with all that belonged to it.
    TenantDeleted,
    /// A client was written.
    ClientWritten,
    /// A client was deleted, by itself or by who manages it.
    ClientDeleted,
    /// A client's secret was replaced.
    ClientSecretReplaced,
    /// An API was written.
    ApiWritten,
    /// An API was deleted.
    ApiDeleted,
    /// A user was written.
    UserWritten,
    /// A user was deleted.
    UserDeleted,
    /// A user's password was set by who manages them.
    PasswordSet,
    /// A user set another password, with the one they had.
    PasswordChanged,
    /// A user set another password, with a reset token.
    PasswordReset,
    /// A reset token was not taken, or came too late.
    PasswordRefused,
    /// A reset token was made for a user.
    ResetTokenMade,
    /// Tokens of a user's were ended.
    GrantsEnded,
    /// A signing key was added to a tenant's ring.
    KeyAdded,
    /// A signing key was withdrawn: tokens it signed are refused.
    KeyWithdrawn,
}

impl AuditEvent {
    /// Every event, in the order of this list.
    pub const ALL: [Self; Self::COUNT] = [
        Self::ClientRefused,
        Self::GrantRefused,
        Self::LoginSucceeded,
        Self::LoginRefused,
        Self::LoginLocked,
        Self::ClientTokenIssued,
        Self::TokenRefreshed,
        Self::RefreshRefused,
        Self::RefreshTokenReused,
        Self::TokenRevoked,
        Self::BearerRefused,
        Self::ClaimsTold,
        Self::TokenActive,
        Self::TokenInactive,
        Self::ClientRegistered,
        Self::ClientChanged,
        Self::ClientActivated,
        Self::RegistryTold,
        Self::TenantWritten,
        Self::TenantDeleted,
        Self::ClientWritten,
        Self::ClientDeleted,
        Self::ClientSecretReplaced,
        Self::ApiWritten,
        Self::ApiDeleted,
        Self::UserWritten,
        Self::UserDeleted,
        Self::PasswordSet,
        Self::PasswordChanged,
        Self::PasswordReset,
        Self::PasswordRefused,
        Self::ResetTokenMade,
        Self::GrantsEnded,
        Self::KeyAdded,
        Self::KeyWithdrawn,
    ];
}
