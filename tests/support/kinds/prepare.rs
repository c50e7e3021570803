//! What has to happen before a request.

use http::Method;
use latchkey_oauth::client::Client;
use latchkey_oauth::grant_type::GrantType;
use latchkey_oauth::password::{Argon2Settings, Password, PasswordHashing};
use latchkey_oauth::random::SystemRandom;
use latchkey_oauth::registration::{
    Activation, ActivationPolicy, InitialAccess, RegistrationPolicy,
};
use latchkey_oauth::secret_token::{Purpose, SecretToken};
use latchkey_oauth::store::Expected;
use latchkey_oauth::tenant::TenantSettings;
use latchkey_oauth::time::Seconds;
use latchkey_oauth::token::jwk::RingKey;
use latchkey_oauth::token::opaque::AccessTokenFormat;
use latchkey_oauth::user::{PasswordReset, User};
use latchkey_testkit::fixtures::{NOW, PASSWORD, SECRET, client_id, confidential, user, username};
use latchkey_testkit::random::SeededRandom;
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::Kind;
use super::ask::registration;
use crate::manage::Manager;
use crate::request::post;
use crate::world::World;

/// What was there before the request.
#[derive(Debug, Clone, Default)]
pub struct Prepared {
    /// Whose request it will be.
    pub client: &'static str,
    /// An access token, where there is one.
    pub access_token: String,
    /// An ID token.
    pub id_token: String,
    /// The refresh token to present.
    pub refresh_token: String,
    /// What it was exchanged for already.
    pub successor: Option<String>,
    /// What a client that registered was told.
    pub registered: Value,
    /// The token to register with.
    pub initial_access_token: String,
    /// The code that lets it in.
    pub activation_code: String,
    /// The signing key that is added or withdrawn.
    pub key: Option<RingKey>,
    /// An access token of the client's own.
    pub client_token: String,
    /// What a user resets their password with.
    pub reset_token: String,
}

impl Prepared {
    /// What the client that registered was told.
    pub fn registered(&self, member: &str) -> &str {
        self.registered[member].as_str().expect("a string")
    }

    /// The signing key.
    pub fn key(&self) -> &RingKey {
        self.key.as_ref().expect("a key")
    }

    pub(super) fn registration_path(&self) -> String {
        format!("/register/{}", self.registered("client_id"))
    }
}

impl Kind {
    /// Does what has to happen before, by functions of `world`'s.
    pub(super) async fn prepare(self, world: &World) -> Prepared {
        let web = Prepared {
            client: "web",
            ..Prepared::default()
        };
        match self {
            Self::ClientCredentials
            | Self::Password
            | Self::PasswordWithOpenid
            | Self::WrongPassword
            | Self::UnknownUser
            | Self::OpenidConfiguration
            | Self::AuthorizationServerMetadata
            | Self::Jwks => web,
            Self::ClientCredentialsForAnApi | Self::PasswordForAnApi => Prepared {
                client: "orders",
                ..web
            },
            Self::RefreshTokenForAnApi => logged_in(world, "orders", "orders:read").await,
            Self::ClientCredentialsOpaque | Self::PasswordOpaque => Prepared {
                client: "opaque",
                ..web
            },
            Self::RefreshTokenOpaque
            | Self::IntrospectOpaque
            | Self::UserInfoOpaque
            | Self::RevokeOpaque => logged_in(world, "opaque", "openid profile").await,
            Self::PasswordAfterFailures => {
                let wrong = world.login_by("web", "alice", "wrong", "read").await;
                let _ = wrong.refused(400, "invalid_grant");
                web
            }
            Self::PasswordWithAnOldHash => {
                put_an_old_hash(world).await;
                web
            }
            Self::RefreshToken | Self::ChangePassword => logged_in(world, "web", "read").await,
            Self::PasswordByAccessToken | Self::RevokeByAccessToken => by_access_token(world).await,
            Self::ResetPassword => Prepared {
                reset_token: put_a_reset_token(world).await,
                ..logged_in(world, "web", "read").await
            },
            Self::RefreshTokenWithOpenid
            | Self::IntrospectAccessToken
            | Self::IntrospectIdToken
            | Self::IntrospectRefreshToken
            | Self::IntrospectUnknownKey
            | Self::UserInfo
            | Self::RevokeAccessToken
            | Self::RevokeRefreshToken => logged_in(world, "web", "openid profile").await,
            Self::RegisterClient
            | Self::RegisterClientByToken
            | Self::ReadRegistration
            | Self::ChangeRegistration
            | Self::DeleteRegistration
            | Self::ActivateClient => self.registered(world).await,
            Self::AddKey | Self::WithdrawKey => self.managed(world).await,
            Self::RefreshTokenRepeated => exchanged(world, "retry").await,
            Self::RefreshTokenReused => exchanged(world, "web").await,
        }
    }

    /// A key that the tenant does not have yet, or one that it has beside another, and who manages its keys.
    async fn managed(self, world: &World) -> Prepared {
        let manager = Manager::with(world, "manage:keys:read manage:keys:write").await;
        let mut key = world.new_key().await;
        if self == Self::WithdrawKey {
            let mut ring = world.keys.clone();
            // An older one: the token above is not signed with it.
            key.signs_until = Some(key.signs_from);
            ring.keys.push(key.clone());
            let (store, tenant) = (&world.store, &world.tenant);
            store.put_keys(tenant, &world.keys, &ring).await;
        }
        Prepared {
            access_token: manager.token,
            key: Some(key),
            ..Prepared::default()
        }
    }

    /// A tenant where clients may register, and one that has.
    async fn registered(self, world: &World) -> Prepared {
        let (store, tenant) = (&world.store, &world.tenant);
        let waits = self == Self::ActivateClient;
        let policy = |open| RegistrationPolicy {
            open,
            grant_types: vec![GrantType::ClientCredentials],
            activation: if waits {
                ActivationPolicy::Required
            } else {
                ActivationPolicy::None
            },
            ..RegistrationPolicy::default()
        };
        let settings = |open| TenantSettings {
            registration: Some(policy(open)),
            ..TenantSettings::default()
        };
        store.put_settings(tenant, &settings(true)).await;
        let ask = registration(Method::POST, &Prepared::default(), &[]);
        let registered = world.send(ask).await;
        assert_eq!(registered.status(), 201, "{registered:?}");
        let random = SystemRandom;
        let initial = SecretToken::new(Purpose::InitialAccess, &random).expect("a token");
        let code = SecretToken::new(Purpose::Activation, &random).expect("a code");
        let prepared = Prepared {
            client: "web",
            registered: registered.json(),
            initial_access_token: initial.expose().expose_secret().to_owned(),
            activation_code: code.expose().expose_secret().to_owned(),
            ..Prepared::default()
        };
        let until = NOW.plus(Seconds::days(1));
        if self == Self::RegisterClientByToken {
            store.put_settings(tenant, &settings(false)).await;
            let kept = InitialAccess {
                uses_left: 9,
                until,
            };
            store
                .put_initial_access(tenant, &initial.hash(), &kept)
                .await;
        }
        if waits {
            let id = client_id(prepared.registered("client_id"));
            let mut client = store.client(tenant, &id).await.expect("a client");
            let hash = code.hash();
            client
                .registration
                .as_mut()
                .expect("a registration")
                .activation = Activation::Code { hash, until };
            store.put_client(tenant, &client).await;
        }
        prepared
    }
}

async fn logged_in(world: &World, client: &'static str, scope: &str) -> Prepared {
    let login = world.login_by(client, "alice", PASSWORD, scope).await.ok();
    let id_token = login.member("id_token");
    Prepared {
        client,
        access_token: login.string("access_token"),
        id_token: id_token.as_str().unwrap_or_default().to_owned(),
        refresh_token: login.string("refresh_token"),
        ..Prepared::default()
    }
}

/// A refresh token that has been exchanged once.
async fn exchanged(world: &World, client: &'static str) -> Prepared {
    let login = logged_in(world, client, "read").await;
    let next = world.refresh_by(client, &login.refresh_token).await.ok();
    Prepared {
        successor: Some(next.string("refresh_token")),
        ..login
    }
}

/// A client that authenticates by an opaque access token of its own, and a user who has signed in by it.
async fn by_access_token(world: &World) -> Prepared {
    let client = Client {
        grant_types: vec![GrantType::Password, GrantType::ClientCredentials],
        access_token_format: Some(AccessTokenFormat::Opaque),
        authentication_by_access_token: true,
        ..confidential("machine")
    };
    world.store.put_client(&world.tenant, &client).await;
    let form = [("grant_type", "client_credentials")];
    let own = world.send(post("/token", &form).basic("machine", SECRET));
    let login = world.login_by("machine", "alice", PASSWORD, "read").await;
    Prepared {
        client: "machine",
        access_token: login.ok().string("access_token"),
        client_token: own.await.ok().string("access_token"),
        ..Prepared::default()
    }
}

/// A reset token of Alice's.
async fn put_a_reset_token(world: &World) -> String {
    let token = SecretToken::new(Purpose::PasswordReset, &SystemRandom).expect("a token");
    let mut alice = alice(world).await;
    alice.credentials.reset = Some(PasswordReset {
        hash: token.hash(),
        until: NOW.plus(Seconds::days(1)),
    });
    let (store, tenant) = (&world.store, &world.tenant);
    store.put_user(tenant, &alice, Expected::Any).await;
    token.expose().expose_secret().to_owned()
}

async fn alice(world: &World) -> User {
    let found = world.store.user(&world.tenant, &username("alice")).await;
    found.unwrap_or_else(|| user("alice"))
}

/// Alice's hash as an earlier configuration would have made it.
async fn put_an_old_hash(world: &World) {
    let earlier = PasswordHashing::new(Argon2Settings {
        memory_kib: 128,
        iterations: 1,
        parallelism: 1,
    });
    let password = Password::parse(PASSWORD).expect("a password");
    let hash = earlier
        .expect("settings")
        .hash(&password, &SeededRandom::new(1));
    let mut alice = alice(world).await;
    alice.credentials.password_hash = Some(hash.expect("a hash"));
    world
        .store
        .put_user(&world.tenant, &alice, Expected::Any)
        .await;
}
