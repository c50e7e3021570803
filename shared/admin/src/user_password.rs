//! What a user signs in with: the password, and what lets them set another one.

use http::StatusCode;
use latchkey_oauth::audit::AuditEvent;
use latchkey_oauth::client::RegistryAdmin;
use latchkey_oauth::secret_token::{Purpose, SecretToken};
use latchkey_oauth::store::{Condition, Expected};
use latchkey_oauth::time::Timestamp;
use latchkey_oauth::token::key_ring::KeyManagement;
use latchkey_oauth::user::{PasswordReset, User, UserAdmin};
use latchkey_registry::fault::Place;
use latchkey_registry::fields::Fields;
use latchkey_registry::tree::Node;
use latchkey_registry::user as vocabulary;
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::ask::{Ask, path_of};
use crate::crud::Told;
use crate::endpoint::{Grants, ManageEndpoint};
use crate::kind;
use crate::kind::user::new_password;
use crate::once::{self, Key};
use crate::problem::{Refusal, stale};

impl<R: RegistryAdmin, U: UserAdmin, G: Grants, K: KeyManagement> ManageEndpoint<R, U, G, K> {
    /// Sets a password; all tokens of the user end.
    pub(crate) async fn set_password(&self, ask: &Ask<'_>, id: &str) -> Result<Told, Refusal> {
        ask.no_parameters()?;
        let body = Node::from(ask.json(None)?);
        let found = self.user(ask, id).await?;
        let wish = kind::read(|faults| {
            let place = Place::default();
            let mut fields = Fields::open(body, place.clone(), faults)?;
            let node = fields.secret("password");
            let node = fields.require("password", node);
            fields.close();
            vocabulary::password(node?, &place, None, faults)
        })?;
        let mut user = found.value;
        let set = new_password(self, ask, &user.profile.username, wish)?;
        user.credentials.set_password(set.hash, &*self.random)?;
        let expected = Expected::Version(found.version);
        let put = self
            .users
            .put_user(ask.tenant_id(), &user, expected)
            .await?;
        put.ok_or_else(stale)?;
        let subject = Some(user.profile.subject.to_string());
        let Some(shown) = set.shown else {
            return Ok(Told::done(AuditEvent::PasswordSet, subject));
        };
        let mut told = Told::read(json!({"password": shown.expose_secret()}));
        told.event = AuditEvent::PasswordSet;
        told.object = subject;
        Ok(told)
    }

    /// Makes a reset token, which takes the place of the one before. Until it is used, everything stays as it is.
    pub(crate) async fn make_reset_token(&self, ask: &Ask<'_>, id: &str) -> Result<Told, Refusal> {
        ask.no_parameters()?;
        let mut key = once::read(&self.grants, ask).await?;
        if let Key::Used(_) = &key {
            let user = self.user(ask, id).await?;
            return Ok(reset_token_of(&user, None).again());
        }
        let body = if ask.body.is_empty() {
            json!({})
        } else {
            ask.json(None)?
        };
        let body = Node::from(body);
        let lifetime = kind::read(|faults| {
            let mut fields = Fields::open(body, Place::default(), faults)?;
            let lifetime = fields.duration("lifetime", vocabulary::RESET_LIFETIME);
            fields.close();
            Some(lifetime.unwrap_or(PasswordReset::LIFETIME))
        })?;
        let found = self.user(ask, id).await?;
        let mut user = found.value;
        let token = SecretToken::new(Purpose::PasswordReset, &*self.random)?;
        let until = ask.now.plus(lifetime);
        user.credentials.reset = Some(PasswordReset {
            hash: token.hash(),
            until,
        });
        let condition = Condition {
            expected: Expected::Version(found.version),
            once: key.noting(path_of("users", id)),
        };
        let put = self.users.put_user(ask.tenant_id(), &user, condition);
        if put.await?.is_none() {
            return match key.used_meanwhile(&self.grants, ask).await? {
                Some(_) => Ok(reset_token_of(&user, None).again()),
                None => Err(stale()),
            };
        }
        Ok(reset_token_of(&user, Some((&token, until))))
    }
}

/// A reset token of a user's, which is told once.
fn reset_token_of(user: &User, token: Option<(&SecretToken, Timestamp)>) -> Told {
    let mut body = json!({"username": user.profile.username});
    if let (Some((token, until)), Some(members)) = (token, body.as_object_mut()) {
        let text = token.expose();
        members.insert("reset_token".to_owned(), text.expose_secret().into());
        members.insert("expires_at".to_owned(), json!(until));
    }
    let mut told = Told::read(body);
    told.status = StatusCode::CREATED;
    told.event = AuditEvent::ResetTokenMade;
    told.object = Some(user.profile.subject.to_string());
    told
}
