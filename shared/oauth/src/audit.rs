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
    /// A client deleted its registration.
    ClientDeleted,
    /// A client that registered itself was let in by its code.
    ClientActivated,
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
        Self::ClientDeleted,
        Self::ClientActivated,
    ];
}
