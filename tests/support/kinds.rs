//! Every kind of request that is served: what has to happen before it, how it is sent, and to which function.
//! Budget, costs, faults and policies are made from this list.

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
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::manage::Manager;
use crate::request::{Ask, get, post};
use crate::world::{ORDERS, World};

/// The clients and users that these requests need.
pub const CLIENTS: [&str; 4] = ["web", "retry", "orders", "opaque"];
/// The users.
pub const USERS: [&str; 1] = ["alice"];
/// What no user is called.
pub const NOBODY: &str = "nobody";

/// What a user changes their password to.
pub const NEW_PASSWORD: &str = "another battery staple";

/// A kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each has a name below")]
pub enum Kind {
    ClientCredentials,
    ClientCredentialsForAnApi,
    ClientCredentialsOpaque,
    Password,
    PasswordWithOpenid,
    PasswordForAnApi,
    PasswordOpaque,
    WrongPassword,
    UnknownUser,
    PasswordAfterFailures,
    PasswordWithAnOldHash,
    PasswordByAccessToken,
    ChangePassword,
    ResetPassword,
    RefreshToken,
    RefreshTokenWithOpenid,
    RefreshTokenForAnApi,
    RefreshTokenOpaque,
    RefreshTokenRepeated,
    RefreshTokenReused,
    IntrospectAccessToken,
    IntrospectOpaque,
    IntrospectIdToken,
    IntrospectRefreshToken,
    IntrospectUnknownKey,
    UserInfo,
    UserInfoOpaque,
    RevokeAccessToken,
    RevokeOpaque,
    RevokeRefreshToken,
    RevokeByAccessToken,
    OpenidConfiguration,
    AuthorizationServerMetadata,
    Jwks,
    RegisterClient,
    RegisterClientByToken,
    ReadRegistration,
    ChangeRegistration,
    DeleteRegistration,
    ActivateClient,
    AddKey,
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

impl Kind {
    /// Every one.
    pub const ALL: [Self; 42] = [
        Self::ClientCredentials,
        Self::ClientCredentialsForAnApi,
        Self::ClientCredentialsOpaque,
        Self::Password,
        Self::PasswordWithOpenid,
        Self::PasswordForAnApi,
        Self::PasswordOpaque,
        Self::WrongPassword,
        Self::UnknownUser,
        Self::PasswordAfterFailures,
        Self::PasswordWithAnOldHash,
        Self::PasswordByAccessToken,
        Self::ChangePassword,
        Self::ResetPassword,
        Self::RefreshToken,
        Self::RefreshTokenWithOpenid,
        Self::RefreshTokenForAnApi,
        Self::RefreshTokenOpaque,
        Self::RefreshTokenRepeated,
        Self::RefreshTokenReused,
        Self::IntrospectAccessToken,
        Self::IntrospectOpaque,
        Self::IntrospectIdToken,
        Self::IntrospectRefreshToken,
        Self::IntrospectUnknownKey,
        Self::UserInfo,
        Self::UserInfoOpaque,
        Self::RevokeAccessToken,
        Self::RevokeOpaque,
        Self::RevokeRefreshToken,
        Self::RevokeByAccessToken,
        Self::OpenidConfiguration,
        Self::AuthorizationServerMetadata,
        Self::Jwks,
        Self::RegisterClient,
        Self::RegisterClientByToken,
        Self::ReadRegistration,
        Self::ChangeRegistration,
        Self::DeleteRegistration,
        Self::ActivateClient,
        Self::AddKey,
        Self::WithdrawKey,
    ];

    /// As documents call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClientCredentials => "client_credentials",
            Self::ClientCredentialsForAnApi => "client_credentials for an API",
            Self::ClientCredentialsOpaque => "client_credentials, opaque",
            Self::Password => "password",
            Self::PasswordWithOpenid => "password with openid",
            Self::PasswordForAnApi => "password for an API with claims",
            Self::PasswordOpaque => "password, opaque",
            Self::WrongPassword => "a wrong password",
            Self::UnknownUser => "an unknown user",
            Self::PasswordAfterFailures => "password after failures from the same address",
            Self::PasswordWithAnOldHash => "password with an older hash",
            Self::PasswordByAccessToken => "password, the client by its access token",
            Self::ChangePassword => "change a password",
            Self::ResetPassword => "reset a password",
            Self::RefreshToken => "refresh_token",
            Self::RefreshTokenWithOpenid => "refresh_token with openid",
            Self::RefreshTokenForAnApi => "refresh_token for an API with claims",
            Self::RefreshTokenOpaque => "refresh_token, opaque",
            Self::RefreshTokenRepeated => "refresh_token repeated in its retry window",
            Self::RefreshTokenReused => "refresh_token used twice",
            Self::IntrospectAccessToken => "introspect an access token",
            Self::IntrospectOpaque => "introspect an opaque access token",
            Self::IntrospectIdToken => "introspect an ID token",
            Self::IntrospectRefreshToken => "introspect a refresh token",
            Self::IntrospectUnknownKey => "introspect a token of a key not known yet",
            Self::UserInfo => "userinfo",
            Self::UserInfoOpaque => "userinfo, opaque",
            Self::RevokeAccessToken => "revoke an access token",
            Self::RevokeOpaque => "revoke an opaque access token",
            Self::RevokeRefreshToken => "revoke a refresh token",
            Self::RevokeByAccessToken => "revoke, the client by its access token",
            Self::OpenidConfiguration => "openid-configuration",
            Self::AuthorizationServerMetadata => "oauth-authorization-server",
            Self::Jwks => "JWK set",
            Self::RegisterClient => "register a client",
            Self::RegisterClientByToken => "register a client by an initial access token",
            Self::ReadRegistration => "read a registration",
            Self::ChangeRegistration => "change a registration",
            Self::DeleteRegistration => "delete a registration",
            Self::ActivateClient => "activate a client",
            Self::AddKey => "add a signing key",
            Self::WithdrawKey => "withdraw a signing key",
        }
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

    /// Does what has to happen before, by functions of `world`'s.
    pub async fn prepare(self, world: &World) -> Prepared {
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

    /// Has the function that is asked next read tenant and client.
    async fn warm(self, served: &World, prepared: &Prepared) {
        let client = prepared.client;
        match self.function() {
            "token" => {
                let form = [("grant_type", "client_credentials")];
                let ask = post("/token", &form).basic(client, SECRET);
                let _ = served.send(ask).await.ok();
            }
            "introspect" => {
                let _ = served.introspect_by(client, "x").await;
            }
            "userinfo" => {
                let ask = get("/userinfo").bearer(&prepared.access_token);
                let _ = served.send(ask).await.ok();
            }
            "revoke" => {
                let ask = post("/revoke", &[("token", "x")]).basic(client, SECRET);
                let _ = served.send(ask).await.ok();
            }
            "manage" => {
                let ask = get("/admin/v1/keys").bearer(&prepared.access_token);
                let _ = served.send(ask).await.ok();
            }
            "register" => {
                let read = served.send(get("/register/nobody")).await;
                assert_eq!(read.status(), 401, "{read:?}");
            }
            _ => {
                let _ = served.send(get("/jwks")).await.ok();
            }
        }
    }

    /// The request itself.
    fn ask(self, prepared: &Prepared) -> Ask {
        let client = prepared.client;
        let password = |username: &str, password: &str, scope: &str| {
            let form = [
                ("grant_type", "password"),
                ("username", username),
                ("password", password),
                ("scope", scope),
            ];
            post("/token", &form).basic(client, SECRET)
        };
        let about = |path: &str, token: &str| post(path, &[("token", token)]).basic(client, SECRET);
        match self {
            Self::ClientCredentials | Self::ClientCredentialsOpaque => {
                post("/token", &[("grant_type", "client_credentials")]).basic(client, SECRET)
            }
            Self::ClientCredentialsForAnApi => {
                let form = [("grant_type", "client_credentials"), ("resource", ORDERS)];
                post("/token", &form).basic("orders", SECRET)
            }
            Self::PasswordForAnApi => {
                let form = [
                    ("grant_type", "password"),
                    ("username", "alice"),
                    ("password", PASSWORD),
                    ("resource", ORDERS),
                    ("scope", "orders:read orders:write"),
                ];
                post("/token", &form).basic("orders", SECRET)
            }
            Self::Password | Self::PasswordAfterFailures | Self::PasswordWithAnOldHash => {
                password("alice", PASSWORD, "read")
            }
            Self::PasswordOpaque => password("alice", PASSWORD, "openid profile"),
            Self::PasswordWithOpenid => password("alice", PASSWORD, "openid profile"),
            Self::WrongPassword => password("alice", "wrong", "read"),
            Self::PasswordByAccessToken => {
                let form = [
                    ("grant_type", "password"),
                    ("username", "alice"),
                    ("password", PASSWORD),
                    ("scope", "read"),
                ];
                post("/token", &form).bearer(&prepared.client_token)
            }
            Self::RevokeByAccessToken => {
                let form = [("token", &*prepared.access_token), ("client_id", client)];
                post("/revoke", &form).bearer(&prepared.client_token)
            }
            Self::ChangePassword => new_password("password", PASSWORD).basic(client, SECRET),
            Self::ResetPassword => {
                new_password("reset_token", &prepared.reset_token).basic(client, SECRET)
            }
            Self::UnknownUser => password(NOBODY, PASSWORD, "read"),
            Self::RefreshToken
            | Self::RefreshTokenWithOpenid
            | Self::RefreshTokenForAnApi
            | Self::RefreshTokenOpaque
            | Self::RefreshTokenRepeated
            | Self::RefreshTokenReused => {
                let form = [
                    ("grant_type", "refresh_token"),
                    ("refresh_token", &*prepared.refresh_token),
                ];
                post("/token", &form).basic(client, SECRET)
            }
            Self::IntrospectAccessToken | Self::IntrospectOpaque | Self::IntrospectUnknownKey => {
                about("/introspect", &prepared.access_token)
            }
            Self::IntrospectIdToken => about("/introspect", &prepared.id_token),
            Self::IntrospectRefreshToken => about("/introspect", &prepared.refresh_token),
            Self::UserInfo | Self::UserInfoOpaque => {
                get("/userinfo").bearer(&prepared.access_token)
            }
            Self::RevokeAccessToken | Self::RevokeOpaque => {
                about("/revoke", &prepared.access_token)
            }
            Self::RevokeRefreshToken => about("/revoke", &prepared.refresh_token),
            Self::OpenidConfiguration => get("/.well-known/openid-configuration"),
            Self::AuthorizationServerMetadata => get("/.well-known/oauth-authorization-server"),
            Self::Jwks => get("/jwks"),
            Self::RegisterClient => registration(Method::POST, prepared, &[]),
            Self::RegisterClientByToken => {
                registration(Method::POST, prepared, &[]).bearer(&prepared.initial_access_token)
            }
            Self::ReadRegistration => get(&prepared.registration_path())
                .bearer(prepared.registered("registration_access_token")),
            Self::ChangeRegistration => {
                let id = [
                    ("client_id", prepared.registered("client_id")),
                    ("client_name", "changed"),
                ];
                registration(Method::PUT, prepared, &id)
            }
            Self::DeleteRegistration => Ask::new(Method::DELETE, &prepared.registration_path())
                .bearer(prepared.registered("registration_access_token")),
            Self::AddKey => {
                let id = &prepared.key().kms_key_id;
                Ask::new(Method::POST, "/admin/v1/keys")
                    .header("content-type", "application/json")
                    // Whoever is told to come again is not told that the key is there already.
                    .header("idempotency-key", &format!("add-{id}"))
                    .bearer(&prepared.access_token)
                    .body(json!({ "kms_key_id": id }).to_string())
            }
            Self::WithdrawKey => {
                let path = format!("/admin/v1/keys/{}", prepared.key().kid);
                Ask::new(Method::DELETE, &path).bearer(&prepared.access_token)
            }
            Self::ActivateClient => {
                let document = json!({
                    "client_id": prepared.registered("client_id"), "activation_code": prepared.activation_code,
                });
                Ask::new(Method::POST, "/activate")
                    .header("content-type", "application/json")
                    .bearer(prepared.registered("registration_access_token"))
                    .body(document.to_string())
            }
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

impl Prepared {
    /// What the client that registered was told.
    pub fn registered(&self, member: &str) -> &str {
        self.registered[member].as_str().expect("a string")
    }

    /// The signing key.
    pub fn key(&self) -> &RingKey {
        self.key.as_ref().expect("a key")
    }

    fn registration_path(&self) -> String {
        format!("/register/{}", self.registered("client_id"))
    }
}

/// Alice sets another password.
fn new_password(name: &str, proof: &str) -> Ask {
    let form = [
        ("username", "alice"),
        (name, proof),
        ("new_password", NEW_PASSWORD),
    ];
    post("/password", &form)
}

/// A registration, or another one for the client that has registered.
fn registration(method: Method, prepared: &Prepared, more: &[(&str, &str)]) -> Ask {
    let mut document = json!({"grant_types": ["client_credentials"]});
    for (name, value) in more {
        document[*name] = json!(value);
    }
    let path = if method == Method::PUT {
        prepared.registration_path()
    } else {
        "/register".to_owned()
    };
    let ask = Ask::new(method.clone(), &path)
        .header("content-type", "application/json")
        .body(document.to_string());
    if method == Method::PUT {
        ask.bearer(prepared.registered("registration_access_token"))
    } else {
        ask
    }
}

impl Case {
    /// Every kind, warm and cold. A function that has just read the ring does not read it again for a key that
    /// it does not find there, so that kind is only warm.
    pub fn all() -> Vec<Self> {
        let of = |cold: bool| Kind::ALL.map(|kind| Self { kind, cold });
        let mut all = Vec::from(of(false));
        all.extend(
            of(true)
                .into_iter()
                .filter(|case| case.kind != Kind::IntrospectUnknownKey),
        );
        all
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
