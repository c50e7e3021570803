//! What each kind of request promises: which answer is right, and what holds after it, whatever happened to the store
//! and the signer meanwhile.

use latchkey_oauth::lockout::Source;
use latchkey_oauth::login::{Login, LoginRepository as _};
use latchkey_testkit::fixtures::{NOW, PASSWORD, client_id, hashing, username};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::jwt;
use crate::kinds::{Case, Kind, NEW_PASSWORD, NOBODY, Prepared};
use crate::request::post;
use crate::store::Store;
use crate::world::{ORDERS, World};

/// How a request ended. There is no third way: not a 500, and not a refusal of what is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// As if nothing had happened.
    Right,
    /// 503: the same request again, later.
    Unavailable,
}

impl Kind {
    /// What an answer is.
    ///
    /// # Panics
    /// If it is neither the right one nor a 503 that says when to come again.
    pub fn outcome(self, prepared: &Prepared, answer: &Answer) -> Outcome {
        if answer.status() == 503 {
            assert_eq!(answer.string("error"), "temporarily_unavailable");
            assert_eq!(answer.header("retry-after"), Some("1"), "{answer:?}");
            return Outcome::Unavailable;
        }
        let right = match self {
            Self::ClientCredentialsOpaque
            | Self::PasswordOpaque
            | Self::PasswordByAccessToken
            | Self::RefreshTokenOpaque => {
                answer.status() == 200 && answer.string("access_token").starts_with("lka.")
            }
            Self::ClientCredentials
            | Self::Password
            | Self::PasswordAfterFailures
            | Self::PasswordWithAnOldHash
            | Self::RefreshToken => answer.status() == 200,
            // Whatever failed: no token without the claims of its API, or with another audience.
            Self::ClientCredentialsForAnApi
            | Self::PasswordForAnApi
            | Self::RefreshTokenForAnApi => {
                let claims = jwt::claims(&answer.string("access_token"));
                let email = match self {
                    Self::ClientCredentialsForAnApi => Value::Null,
                    _ => json!("alice@example.com"),
                };
                answer.status() == 200
                    && claims["aud"] == json!([ORDERS, "api"])
                    && claims["tier"] == "gold"
                    && claims["email_address"] == email
            }
            Self::PasswordWithOpenid | Self::RefreshTokenWithOpenid => {
                answer.status() == 200 && answer.member("id_token").is_string()
            }
            // A family never forks: the same successor again.
            Self::RefreshTokenRepeated => {
                answer.status() == 200
                    && answer.member("refresh_token") == json!(prepared.successor)
            }
            // Who asks again after a lost answer has the new password already.
            Self::ChangePassword => {
                answer.status() == 204 || answer.reason() == Some("wrong_password")
            }
            Self::ResetPassword => {
                answer.status() == 204 || answer.reason() == Some("not_the_users_reset_token")
            }
            Self::WrongPassword => answer.reason() == Some("wrong_password"),
            Self::UnknownUser => answer.reason() == Some("unknown_user"),
            Self::RefreshTokenReused => {
                matches!(
                    answer.reason(),
                    Some("refresh_token_reused" | "refresh_token_revoked")
                )
            }
            Self::IntrospectAccessToken
            | Self::IntrospectOpaque
            | Self::IntrospectIdToken
            | Self::IntrospectRefreshToken
            | Self::IntrospectUnknownKey => answer.member("active") == true,
            Self::UserInfo | Self::UserInfoOpaque => answer.member("sub") == "subject-of-alice",
            Self::RevokeAccessToken
            | Self::RevokeOpaque
            | Self::RevokeRefreshToken
            | Self::RevokeByAccessToken => answer.status() == 200,
            Self::OpenidConfiguration | Self::AuthorizationServerMetadata => {
                answer.member("issuer").is_string()
            }
            Self::RegisterClient | Self::RegisterClientByToken => {
                answer.status() == 201 && answer.member("client_secret").is_string()
            }
            Self::ReadRegistration | Self::ActivateClient => {
                answer.status() == 200
                    && answer.member("client_id") == prepared.registered["client_id"]
            }
            Self::ChangeRegistration => {
                answer.status() == 200 && answer.member("client_name") == "changed"
            }
            // Who asks again after a lost answer finds no client (RFC 7592 section 2.1).
            Self::DeleteRegistration => {
                answer.status() == 204 || answer.reason() == Some("unknown_client")
            }
            Self::AddKey => {
                answer.status() == 201 && answer.member("kid") == prepared.key().kid.as_str()
            }
            Self::WithdrawKey => answer.status() == 204,
            Self::Jwks => answer.member("keys").as_array().map(Vec::len) == Some(1),
        };
        assert!(right, "neither right nor 503: {answer:?}");
        Outcome::Right
    }

    /// Holds what was answered against the store, which works again: nothing is lost, nothing is burnt.
    pub async fn holds(self, world: &World, prepared: &Prepared, answer: Answer) {
        if self.outcome(prepared, &answer) == Outcome::Right {
            return self.holds_after(world, prepared, &answer).await;
        }
        // Who is told to come again may: the same request, with the same token, is answered as it should have been.
        let case = Case {
            kind: self,
            cold: false,
        };
        let again = case.send(world, prepared).await;
        assert_eq!(self.outcome(prepared, &again), Outcome::Right, "{again:?}");
        self.holds_after(world, prepared, &again).await;
    }

    async fn holds_after(self, world: &World, prepared: &Prepared, answer: &Answer) {
        match self {
            Self::ClientCredentialsForAnApi
            | Self::ClientCredentialsOpaque
            | Self::PasswordByAccessToken => {
                let token = answer.string("access_token");
                assert!(world.is_active_for(prepared.client, &token).await);
            }
            Self::ClientCredentials => {
                assert!(world.is_active(&answer.string("access_token")).await);
            }
            Self::Password
            | Self::PasswordWithOpenid
            | Self::PasswordForAnApi
            | Self::PasswordOpaque => {
                lives_on(world, prepared, answer).await;
            }
            Self::ChangePassword | Self::ResetPassword => {
                let login = async |password| {
                    let client = prepared.client;
                    world.login_by(client, "alice", password, "read").await
                };
                let _ = login(NEW_PASSWORD).await.ok();
                let _ = login(PASSWORD).await.refused(400, "invalid_grant");
                assert!(!world.is_active(&prepared.access_token).await);
                let refused = world.refresh(&prepared.refresh_token).await;
                let _ = refused.refused(400, "invalid_grant");
            }
            Self::PasswordAfterFailures => {
                let counters = counters(world, "alice").await;
                assert_eq!(counters.by_user.failures, 0);
                assert_eq!(counters.by_user_and_source.failures, 0);
                lives_on(world, prepared, answer).await;
            }
            Self::PasswordWithAnOldHash => {
                let alice = world.store.user(&world.tenant, &username("alice")).await;
                let hash = alice.and_then(|alice| alice.credentials.password_hash);
                let hash = hash.expect("a hash");
                assert!(hashing().is_current(&hash), "not made anew");
                lives_on(world, prepared, answer).await;
            }
            Self::WrongPassword => {
                is_counted(world, "alice").await;
                // And nobody is kept out by it.
                let _ = world.login("alice", "read").await.ok();
            }
            Self::UnknownUser => is_counted(world, NOBODY).await,
            Self::RefreshToken
            | Self::RefreshTokenWithOpenid
            | Self::RefreshTokenForAnApi
            | Self::RefreshTokenOpaque
            | Self::RefreshTokenRepeated => {
                assert!(
                    world
                        .is_active_for(prepared.client, &prepared.access_token)
                        .await
                );
                lives_on(world, prepared, answer).await;
            }
            Self::RefreshTokenReused => {
                let successor = prepared.successor.as_deref().expect("a successor");
                assert!(!world.is_active(&prepared.access_token).await);
                assert!(!world.is_active(successor).await);
                let _ = world.refresh(successor).await.refused(400, "invalid_grant");
            }
            Self::IntrospectAccessToken
            | Self::IntrospectOpaque
            | Self::IntrospectIdToken
            | Self::IntrospectRefreshToken
            | Self::IntrospectUnknownKey
            | Self::UserInfo
            | Self::UserInfoOpaque => {
                let (client, token) = (prepared.client, &prepared.access_token);
                assert!(world.is_active_for(client, token).await);
                let _ = world.refresh_by(client, &prepared.refresh_token).await.ok();
            }
            Self::RevokeByAccessToken => {
                let (client, token) = (prepared.client, &prepared.access_token);
                assert!(!world.is_active_for(client, token).await);
            }
            Self::RevokeAccessToken | Self::RevokeOpaque => {
                let (client, token) = (prepared.client, &prepared.access_token);
                assert!(!world.is_active_for(client, token).await);
                // Its refresh token is another matter (RFC 7009 section 2.1).
                let _ = world.refresh_by(client, &prepared.refresh_token).await.ok();
            }
            Self::RevokeRefreshToken => {
                assert!(!world.is_active(&prepared.access_token).await);
                assert!(!world.is_active(&prepared.refresh_token).await);
                let refused = world.refresh(&prepared.refresh_token).await;
                let _ = refused.refused(400, "invalid_grant");
            }
            Self::RegisterClient | Self::RegisterClientByToken => {
                acts(
                    world,
                    &answer.json()["client_id"],
                    &answer.json()["client_secret"],
                )
                .await;
            }
            Self::ReadRegistration | Self::ChangeRegistration | Self::ActivateClient => {
                let registered = &prepared.registered;
                acts(
                    world,
                    &registered["client_id"],
                    &registered["client_secret"],
                )
                .await;
            }
            Self::DeleteRegistration => {
                let id = client_id(prepared.registered("client_id"));
                assert_eq!(world.store.client(&world.tenant, &id).await, None);
            }
            // In the ring once, and no key is lost with it.
            Self::AddKey | Self::WithdrawKey => {
                let ring = world.store.keys(&world.tenant).await;
                let kids: Vec<&str> = ring.keys.iter().map(|key| key.kid.as_str()).collect();
                let (old, new) = (&world.keys.keys[0], prepared.key());
                assert_eq!(kids, [&*old.kid, &*new.kid]);
                let published = ring.published(NOW).count();
                assert_eq!(published, if self == Self::AddKey { 2 } else { 1 });
                assert!(ring.verifying_key(&old.kid, NOW).is_some());
            }
            Self::OpenidConfiguration | Self::AuthorizationServerMetadata | Self::Jwks => {}
        }
    }
}

/// A client that registered gets tokens.
async fn acts(world: &World, id: &Value, secret: &Value) {
    let (id, secret) = (
        id.as_str().expect("an id"),
        secret.as_str().expect("a secret"),
    );
    let form = [("grant_type", "client_credentials")];
    let _ = world
        .send(post("/token", &form).basic(id, secret))
        .await
        .ok();
}

/// The tokens of an answer count, and can be refreshed.
async fn lives_on(world: &World, prepared: &Prepared, answer: &Answer) {
    let (access, refresh) = (
        answer.string("access_token"),
        answer.string("refresh_token"),
    );
    assert!(world.is_active_for(prepared.client, &access).await);
    let next = world.refresh_by(prepared.client, &refresh).await.ok();
    assert!(
        world
            .is_active_for(prepared.client, &next.string("access_token"))
            .await
    );
}

/// Every counter has the failure. One whose answer was lost may have it twice: a guess too many is counted, never one
/// too few.
async fn is_counted(world: &World, name: &str) {
    let counters = counters(world, name).await;
    for counter in [
        counters.by_user,
        counters.by_user_and_source,
        counters.by_source,
    ] {
        assert!(counter.failures >= 1, "a failure that nobody counted");
    }
}

async fn counters(world: &World, name: &str) -> Login {
    let Store::DynamoDb(tables) = &world.store else {
        panic!("not on DynamoDB");
    };
    let source = Source::parse(world.source());
    let name = username(name);
    let found = tables.users.find_login(&world.tenant, &name, &source);
    found.await.expect("counters")
}
