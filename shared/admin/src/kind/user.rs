//! Users.

use latchkey_oauth::audit::AuditEvent;
use latchkey_oauth::client::{ClientId, RegistryAdmin};
use latchkey_oauth::password::{Password, StoredPassword};
use latchkey_oauth::random;
use latchkey_oauth::store::{Condition, Expected, Page, Part, Version, Versioned};
use latchkey_oauth::token::key_ring::KeyManagement;
use latchkey_oauth::user::{
    Credentials, Generation, Subject, User, UserAdmin, UserProfile, Username,
};
use latchkey_registry::fault::Place;
use latchkey_registry::tree::Node;
use latchkey_registry::{UserPassword, document, user as vocabulary};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value as Json};

use super::{Described, Kind, read};
use crate::ask::Ask;
use crate::endpoint::{Grants, ManageEndpoint, secret};
use crate::problem::{Refusal, invalid_field};

/// Users.
#[derive(Debug)]
pub struct Users;

/// A password that was set.
pub struct NewPassword {
    /// What is kept of it.
    pub hash: StoredPassword,
    /// It, if it was made up.
    pub shown: Option<SecretString>,
}

/// What is to be kept of a password, if it is one that the tenant takes.
pub fn new_password<R, U, G, K>(
    server: &ManageEndpoint<R, U, G, K>,
    ask: &Ask<'_>,
    username: &Username,
    wish: UserPassword,
) -> Result<NewPassword, Refusal> {
    let (plain, shown) = match wish {
        UserPassword::Hash(hash) => return Ok(NewPassword { hash, shown: None }),
        UserPassword::Plain(plain) => {
            let policy = &ask.tenant.settings.password_policy;
            policy
                .check(&plain, username)
                .map_err(|error| invalid_field("/password", format!("{error}.")))?;
            (plain, None)
        }
        UserPassword::Prompt | UserPassword::Generate => {
            let made = secret::<15>(&*server.random)?;
            // Base64url is a password.
            let plain = Password::parse(made.expose_secret())
                .map_err(|error| invalid_field("/password", error.to_string()))?;
            (plain, Some(made))
        }
    };
    let hash = server
        .hashing
        .hash(&plain, &*server.random)
        .map_err(latchkey_oauth::error::OAuthError::from)?;
    Ok(NewPassword { hash, shown })
}

impl<R: RegistryAdmin, U: UserAdmin, G: Grants, K: KeyManagement> Kind<ManageEndpoint<R, U, G, K>>
    for Users
{
    type Value = User;
    const NAME: &'static str = "user";
    const LIST: &'static str = "users";
    const ID: &'static str = "username";
    const WRITTEN: AuditEvent = AuditEvent::UserWritten;
    const DELETED: AuditEvent = AuditEvent::UserDeleted;

    fn id(user: &User) -> &str {
        user.profile.username.as_str()
    }

    fn logged(user: &User) -> String {
        user.profile.subject.to_string()
    }

    fn document(user: &User) -> Map<String, Json> {
        document::user(user)
    }

    async fn read(
        server: &ManageEndpoint<R, U, G, K>,
        ask: &Ask<'_>,
        id: &str,
    ) -> Result<Option<Versioned<User>>, Refusal> {
        match Username::parse(id) {
            Ok(name) => Ok(server.users.user(ask.tenant_id(), &name).await?),
            Err(_) => Ok(None),
        }
    }

    async fn page(
        server: &ManageEndpoint<R, U, G, K>,
        ask: &Ask<'_>,
        part: Part<'_>,
    ) -> Result<Page<Versioned<User>>, Refusal> {
        Ok(server.users.users_page(ask.tenant_id(), part).await?)
    }

    async fn describe(
        server: &ManageEndpoint<R, U, G, K>,
        ask: &Ask<'_>,
        document: Map<String, Json>,
        old: Option<&User>,
    ) -> Result<Described<User>, Refusal> {
        let node = Node::from(Json::from(document));
        let entry = read(|faults| vocabulary::read(node, &Place::default(), None, faults))?;
        let known = old.map(|old| &old.profile.subject);
        if let (Some(said), Some(known)) = (&entry.subject, known)
            && said != known
        {
            return Err(invalid_field("/sub", "a subject never changes."));
        }
        // RFC 9068 section 5: an API would take one for the other.
        if known.is_none()
            && let Some(id) = entry.subject.as_ref()
            && let Ok(id) = ClientId::parse(id.as_str())
            && server
                .registry
                .read_client(ask.tenant_id(), &id)
                .await?
                .is_some()
        {
            return Err(invalid_field("/sub", "is the name of a client."));
        }
        let subject = match entry.subject.or_else(|| known.cloned()) {
            Some(subject) => subject,
            None => Subject::from_random(random::bytes(&*server.random)?),
        };
        let set = entry
            .password
            .map(|wish| new_password(server, ask, &entry.username, wish))
            .transpose()?;
        let was = old.map(|old| &old.credentials);
        let was_disabled = was.is_some_and(|was| was.disabled);
        let disabled = entry.disabled.unwrap_or(was_disabled);
        // As by the command: a new password and a disabling end all tokens.
        let generation = match was {
            Some(was) if set.is_none() && disabled <= was_disabled => was.generation,
            Some(_) | None => Generation::fresh(&*server.random)?,
        };
        // Whoever is shut out gets in again by nothing that was given them before.
        let reset = was.and_then(|was| was.reset.filter(|_| set.is_none() && !disabled));
        let own_password = was.is_some_and(|was| was.own_password && set.is_none());
        let (hash, shown) = match set {
            Some(set) => (Some(set.hash), set.shown),
            None => (was.and_then(|was| was.password_hash.clone()), None),
        };
        let value = User {
            credentials: Credentials {
                subject: subject.clone(),
                password_hash: hash,
                disabled,
                generation,
                own_password,
                reset,
            },
            profile: UserProfile {
                subject,
                username: entry.username,
                claims: entry.claims,
            },
        };
        Ok(Described {
            value,
            shown: shown.map(|shown| ("password", shown)),
        })
    }

    async fn put(
        server: &ManageEndpoint<R, U, G, K>,
        ask: &Ask<'_>,
        user: &User,
        condition: Condition<'_>,
    ) -> Result<Option<Version>, Refusal> {
        Ok(server
            .users
            .put_user(ask.tenant_id(), user, condition)
            .await?)
    }

    async fn delete(
        server: &ManageEndpoint<R, U, G, K>,
        ask: &Ask<'_>,
        user: &Versioned<User>,
    ) -> Result<bool, Refusal> {
        let expected = Expected::Version(user.version);
        Ok(server
            .users
            .delete_user(ask.tenant_id(), user, expected)
            .await?)
    }
}
