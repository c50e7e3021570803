//! Tenants, clients and users to start from.

use latchkey_oauth::api::{Api, ApiScope, AssignedApi, ResourceId};
use latchkey_oauth::client::{
    Client, ClientAuthMethod, ClientDescription, ClientId, ClientSecretHash,
};
use latchkey_oauth::grant_type::GrantType;
use latchkey_oauth::password::{Argon2Settings, Password, PasswordHashing, StoredPassword};
use latchkey_oauth::scope::Scope;
use latchkey_oauth::tenant::{LifetimeOverrides, TenantId};
use latchkey_oauth::time::{Seconds, Timestamp};
use latchkey_oauth::user::{
    Credentials, Generation, Subject, SubjectKey, User, UserProfile, Username,
};
use serde_json::json;

use crate::random::SeededRandom;

/// The secret of every confidential client here.
pub const SECRET: &str = "a client secret of the fixtures";
/// The password of every user here.
pub const PASSWORD: &str = "correct horse battery staple";
/// When everything here happens.
pub const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

/// A tenant's name.
pub fn tenant(name: &str) -> TenantId {
    TenantId::parse(name).unwrap()
}

/// A client's identifier.
pub fn client_id(text: &str) -> ClientId {
    ClientId::parse(text).unwrap()
}

/// A scope.
pub fn scope(text: &str) -> Scope {
    Scope::parse(text).unwrap()
}

/// A user's name.
pub fn username(text: &str) -> Username {
    Username::parse(text).unwrap()
}

/// A confidential client that may use every grant, with [`SECRET`].
pub fn confidential(id: &str) -> Client {
    Client {
        client_id: client_id(id),
        client_name: None,
        token_endpoint_auth_method: ClientAuthMethod::ClientSecretBasic,
        client_secret_hashes: vec![ClientSecretHash::of(SECRET)],
        tls_client_auth: None,
        certificates: Vec::new(),
        grant_types: GrantType::ALL.to_vec(),
        scope: scope("openid profile email read write"),
        default_scope: Some(scope("openid read")),
        audience: Vec::new(),
        apis: Vec::new(),
        claims: Vec::new(),
        access_token_format: None,
        id_token_signed_response_alg: None,
        lifetimes: LifetimeOverrides::default(),
        refresh_token_retry_window: Seconds(0),
        client_credentials_refresh_token: false,
        authentication_by_access_token: false,
        tls_client_certificate_bound_access_tokens: false,
        userinfo_signed_response_alg: None,
        redirect_uris: Vec::new(),
        description: ClientDescription::default(),
        registration: None,
        disabled: false,
    }
}

/// A public client that may refresh.
pub fn public(id: &str) -> Client {
    Client {
        token_endpoint_auth_method: ClientAuthMethod::None,
        client_secret_hashes: Vec::new(),
        tls_client_auth: None,
        certificates: Vec::new(),
        grant_types: vec![GrantType::RefreshToken],
        ..confidential(id)
    }
}

/// An API with the scopes `read` and `write` of its own.
pub fn api(resource: &str) -> Api {
    let scope = |value: &str| ApiScope {
        value: value.to_owned(),
        description: Some(format!("May {value}.")),
    };
    Api {
        resource: ResourceId::parse(resource).unwrap(),
        name: None,
        description: None,
        audience: Vec::new(),
        scopes: ["read", "write"].map(scope).to_vec(),
        claims: Vec::new(),
        access_token_format: None,
        lifetimes: LifetimeOverrides::default(),
    }
}

/// An API as it is assigned to a client.
pub fn assigned(resource: &str, of_it: &str) -> AssignedApi {
    AssignedApi {
        resource: ResourceId::parse(resource).unwrap(),
        scope: scope(of_it),
    }
}

/// Hashing that costs nothing much.
pub fn hashing() -> PasswordHashing {
    PasswordHashing::new(Argon2Settings {
        memory_kib: 64,
        iterations: 1,
        parallelism: 1,
    })
    .unwrap()
}

/// The hash of a password, cheaply made.
pub fn hash_of(password: &str) -> StoredPassword {
    hashing()
        .hash(&Password::parse(password).unwrap(), &SeededRandom::new(1))
        .unwrap()
}

/// A generation, the same for the same number.
pub fn generation(number: u64) -> Generation {
    Generation::fresh(&SeededRandom::new(number)).unwrap()
}

/// A user with [`PASSWORD`], a name and an address.
pub fn user(name: &str) -> User {
    let subject = Subject::parse(&format!("subject-of-{name}")).unwrap();
    let claims = json!({
        "name": format!("{name} Example"),
        "email": format!("{name}@example.com"),
        "email_verified": true,
    });
    User {
        credentials: Credentials {
            subject: subject.clone(),
            password_hash: Some(hash_of(PASSWORD)),
            disabled: false,
            generation: generation(0),
            own_password: false,
            reset: None,
        },
        profile: UserProfile {
            subject,
            username: username(name),
            claims: claims.as_object().cloned().unwrap(),
        },
    }
}

/// What stands for a user in keys.
pub fn subject_key(tenant: &TenantId, user: &User) -> SubjectKey {
    SubjectKey::of(tenant, &user.profile.subject)
}
