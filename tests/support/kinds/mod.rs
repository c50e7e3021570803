//! Every kind of request that is served: what has to happen before it, how it is sent, and to which function.
//! Budget, costs, faults and policies are made from this list.

mod ask;
mod prepare;

use latchkey_oauth::time::Seconds;
use strum::VariantArray as _;

pub use self::prepare::Prepared;
use crate::answer::Answer;
use crate::world::World;

/// The clients and users that these requests need.
pub const CLIENTS: [&str; 4] = ["web", "retry", "orders", "opaque"];
/// The users.
pub const USERS: [&str; 1] = ["alice"];
/// What no user is called.
pub const NOBODY: &str = "nobody";

/// What a user changes their password to.
pub const NEW_PASSWORD: &str = "another battery staple";

/// A kind of request.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::VariantArray, strum::IntoStaticStr,
)]
#[expect(missing_docs, reason = "each has the name that documents call it by")]
pub enum Kind {
    #[strum(to_string = "client_credentials")]
    ClientCredentials,
    #[strum(to_string = "client_credentials for an API")]
    ClientCredentialsForAnApi,
    #[strum(to_string = "client_credentials, opaque")]
    ClientCredentialsOpaque,
    #[strum(to_string = "password")]
    Password,
    #[strum(to_string = "password with openid")]
    PasswordWithOpenid,
    #[strum(to_string = "password for an API with claims")]
    PasswordForAnApi,
    #[strum(to_string = "password, opaque")]
    PasswordOpaque,
    #[strum(to_string = "a wrong password")]
    WrongPassword,
    #[strum(to_string = "an unknown user")]
    UnknownUser,
    #[strum(to_string = "password after failures from the same address")]
    PasswordAfterFailures,
    #[strum(to_string = "password with an older hash")]
    PasswordWithAnOldHash,
    #[strum(to_string = "password, the client by its access token")]
    PasswordByAccessToken,
    #[strum(to_string = "change a password")]
    ChangePassword,
    #[strum(to_string = "reset a password")]
    ResetPassword,
    #[strum(to_string = "refresh_token")]
    RefreshToken,
    #[strum(to_string = "refresh_token with openid")]
    RefreshTokenWithOpenid,
    #[strum(to_string = "refresh_token for an API with claims")]
    RefreshTokenForAnApi,
    #[strum(to_string = "refresh_token, opaque")]
    RefreshTokenOpaque,
    #[strum(to_string = "refresh_token repeated in its retry window")]
    RefreshTokenRepeated,
    #[strum(to_string = "refresh_token used twice")]
    RefreshTokenReused,
    #[strum(to_string = "introspect an access token")]
    IntrospectAccessToken,
    #[strum(to_string = "introspect an opaque access token")]
    IntrospectOpaque,
    #[strum(to_string = "introspect an ID token")]
    IntrospectIdToken,
    #[strum(to_string = "introspect a refresh token")]
    IntrospectRefreshToken,
    #[strum(to_string = "introspect a token of a key not known yet")]
    IntrospectUnknownKey,
    #[strum(to_string = "userinfo")]
    UserInfo,
    #[strum(to_string = "userinfo, opaque")]
    UserInfoOpaque,
    #[strum(to_string = "revoke an access token")]
    RevokeAccessToken,
    #[strum(to_string = "revoke an opaque access token")]
    RevokeOpaque,
    #[strum(to_string = "revoke a refresh token")]
    RevokeRefreshToken,
    #[strum(to_string = "revoke, the client by its access token")]
    RevokeByAccessToken,
    #[strum(to_string = "openid-configuration")]
    OpenidConfiguration,
    #[strum(to_string = "oauth-authorization-server")]
    AuthorizationServerMetadata,
    #[strum(to_string = "JWK set")]
    Jwks,
    #[strum(to_string = "register a client")]
    RegisterClient,
    #[strum(to_string = "register a client by an initial access token")]
    RegisterClientByToken,
    #[strum(to_string = "read a registration")]
    ReadRegistration,
    #[strum(to_string = "change a registration")]
    ChangeRegistration,
    #[strum(to_string = "delete a registration")]
    DeleteRegistration,
    #[strum(to_string = "activate a client")]
    ActivateClient,
    #[strum(to_string = "add a signing key")]
    AddKey,
    #[strum(to_string = "withdraw a signing key")]
    WithdrawKey,
}

/// A kind of request to a function that has just started, or to one that remembers tenant and client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Case {
    /// The request.
    pub kind: Kind,
    /// Whether it is the function's first.
    pub cold: bool,
}

impl Kind {
    /// Every one.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::VARIANTS.iter().copied()
    }

    /// As documents call it.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Which function answers it.
    pub const fn function(self) -> &'static str {
        match self {
            Self::ClientCredentials
            | Self::ClientCredentialsForAnApi
            | Self::ClientCredentialsOpaque
            | Self::Password
            | Self::PasswordWithOpenid
            | Self::PasswordForAnApi
            | Self::PasswordOpaque
            | Self::WrongPassword
            | Self::UnknownUser
            | Self::PasswordAfterFailures
            | Self::PasswordWithAnOldHash
            | Self::PasswordByAccessToken
            | Self::ChangePassword
            | Self::ResetPassword
            | Self::RefreshToken
            | Self::RefreshTokenWithOpenid
            | Self::RefreshTokenForAnApi
            | Self::RefreshTokenOpaque
            | Self::RefreshTokenRepeated
            | Self::RefreshTokenReused => "token",
            Self::IntrospectAccessToken
            | Self::IntrospectOpaque
            | Self::IntrospectIdToken
            | Self::IntrospectRefreshToken
            | Self::IntrospectUnknownKey => "introspect",
            Self::UserInfo | Self::UserInfoOpaque => "userinfo",
            Self::RevokeAccessToken
            | Self::RevokeOpaque
            | Self::RevokeRefreshToken
            | Self::RevokeByAccessToken => "revoke",
            Self::OpenidConfiguration | Self::AuthorizationServerMetadata | Self::Jwks => {
                "discovery"
            }
            Self::RegisterClient
            | Self::RegisterClientByToken
            | Self::ReadRegistration
            | Self::ChangeRegistration
            | Self::DeleteRegistration
            | Self::ActivateClient => "register",
            Self::AddKey | Self::WithdrawKey => "manage",
        }
    }
}

impl Case {
    /// Every kind, warm and cold. A function that has just read the ring does not read it again for a key that
    /// it does not find there, so that kind is only warm.
    pub fn all() -> Vec<Self> {
        let of = |cold: bool| Kind::all().map(move |kind| Self { kind, cold });
        let cold = of(true).filter(|case| case.kind != Kind::IntrospectUnknownKey);
        of(false).chain(cold).collect()
    }

    /// Everything up to the request: on healthy functions of `world`'s, then on those of `served`.
    pub async fn prepare(self, world: &World, served: &World) -> Prepared {
        let prepared = self.kind.prepare(world).await;
        if self.kind == Kind::IntrospectUnknownKey {
            // What the function remembers is a ring without the key of the token.
            let mut older = world.keys.clone();
            older.keys = vec![world.new_key().await];
            let (store, tenant) = (&world.store, &world.tenant);
            store.put_keys(tenant, &world.keys, &older).await;
            self.kind.warm(served, &prepared).await;
            store.put_keys(tenant, &older, &world.keys).await;
            world.advance(Seconds(10));
        } else if !self.cold {
            self.kind.warm(served, &prepared).await;
        }
        prepared
    }

    /// The request.
    pub async fn send(self, served: &World, prepared: &Prepared) -> Answer {
        served.send(self.kind.ask(prepared)).await
    }
}
