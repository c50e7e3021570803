//! The requests themselves.

use http::Method;
use latchkey_testkit::fixtures::{PASSWORD, SECRET};
use serde_json::json;

use super::{Kind, NEW_PASSWORD, NOBODY, Prepared};
use crate::request::{Ask, get, post};
use crate::world::{ORDERS, World};

impl Kind {
    /// The request itself.
    pub(super) fn ask(self, prepared: &Prepared) -> Ask {
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

    /// Has the function that is asked next read tenant and client.
    pub(super) async fn warm(self, served: &World, prepared: &Prepared) {
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
pub(super) fn registration(method: Method, prepared: &Prepared, more: &[(&str, &str)]) -> Ask {
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
