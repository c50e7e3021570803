//! What lets a client in: its secrets, and the activation of one that registered itself.

use http::StatusCode;
use latchkey_oauth::audit::AuditEvent;
use latchkey_oauth::client::{Client, ClientSecretHash, RegistryAdmin};
use latchkey_oauth::registration::Activation;
use latchkey_oauth::store::{Condition, Expected, Versioned};
use latchkey_oauth::token::key_ring::KeyManagement;
use latchkey_oauth::user::UserAdmin;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use crate::ask::{Ask, path_of};
use crate::crud::Told;
use crate::endpoint::{Grants, ManageEndpoint, secret};
use crate::kind::Kind;
use crate::kind::client::{Clients, ensure_no_more};
use crate::once::{self, Key};
use crate::problem::{Refusal, not_found, refuse, stale};

impl<R: RegistryAdmin, U: UserAdmin, G: Grants, K: KeyManagement> ManageEndpoint<R, U, G, K> {
    /// A client that whoever asks may write.
    async fn client(&self, ask: &Ask<'_>, id: &str) -> Result<Versioned<Client>, Refusal> {
        let found = <Clients as Kind<Self>>::read(self, ask, id).await?;
        let found = found.ok_or_else(|| not_found("client"))?;
        ensure_no_more(ask, &found)?;
        Ok(found)
    }

    /// The new secret beside the newest of the old ones, so that the client's servers can be given it one by one.
    pub(crate) async fn rotate_secret(&self, ask: &Ask<'_>, id: &str) -> Result<Told, Refusal> {
        ask.no_parameters()?;
        let mut key = once::read(&self.grants, ask).await?;
        let Versioned {
            value: mut client,
            version,
        } = self.client(ask, id).await?;
        if let Key::Used(_) = &key {
            return Ok(secret_of(&client, None).again());
        }
        if !client.token_endpoint_auth_method.uses_secret() {
            return Err(refuse(
                StatusCode::CONFLICT,
                "public_client",
                "A public client can keep no secret.",
            ));
        }
        let made = secret::<32>(&*self.random)?;
        client.client_secret_hashes.truncate(1);
        let hash = ClientSecretHash::of(made.expose_secret());
        client.client_secret_hashes.insert(0, hash);
        let condition = Condition {
            expected: Expected::Version(version),
            once: key.noting(path_of("clients", id)),
        };
        let put = <Clients as Kind<Self>>::put(self, ask, &client, condition);
        if put.await?.is_none() {
            return match key.used_meanwhile(&self.grants, ask).await? {
                Some(_) => Ok(secret_of(&client, None).again()),
                None => Err(stale()),
            };
        }
        Ok(secret_of(&client, Some(&made)))
    }

    /// Lets in a client that waits; one that waits for nothing stays as it is.
    pub(crate) async fn activate_client(&self, ask: &Ask<'_>, id: &str) -> Result<Told, Refusal> {
        ask.no_parameters()?;
        let Versioned {
            value: mut client,
            version,
        } = self.client(ask, id).await?;
        let told = Told::done(
            AuditEvent::ClientActivated,
            Some(client.client_id.to_string()),
        );
        let registration = client.registration.as_mut();
        let Some(waits) = registration.filter(|it| it.activation != Activation::Done) else {
            return Ok(told);
        };
        waits.activation = Activation::Done;
        let condition = Condition {
            expected: Expected::Version(version),
            once: None,
        };
        let put = <Clients as Kind<Self>>::put(self, ask, &client, condition);
        put.await?.ok_or_else(stale)?;
        Ok(told)
    }
}

/// A secret of a client's, which is told once.
fn secret_of(client: &Client, secret: Option<&SecretString>) -> Told {
    let mut body = json!({"client_id": client.client_id});
    if let (Some(secret), Some(members)) = (secret, body.as_object_mut()) {
        members.insert("client_secret".to_owned(), secret.expose_secret().into());
    }
    let mut told = Told::read(body);
    told.status = StatusCode::CREATED;
    told.event = AuditEvent::ClientSecretReplaced;
    told.object = Some(client.client_id.to_string());
    told
}
