//! Clients that register themselves, from the operator's side.

use anyhow::bail;
use latchkey_oauth::client::RegistryAdmin;
use latchkey_oauth::registration::{Activation, InitialAccess, RegistrationRepository};
use latchkey_oauth::secret_token::{Purpose, SecretToken};
use latchkey_oauth::store::{Expected, Versioned};
use latchkey_oauth::tenant::TenantId;
use latchkey_oauth::user::UserAdmin;
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::{Session, ensure_tenant};
use crate::arguments::{ActivationCode, NewInitialAccess, OneClient};

impl<R: RegistryAdmin + RegistrationRepository, U: UserAdmin> Session<'_, R, U> {
    /// Lets a client in that registered itself.
    ///
    /// # Errors
    /// What went wrong.
    pub async fn activate(&mut self, one: OneClient) -> anyhow::Result<()> {
        self.ensure_registered(&one).await?;
        self.change_client(one, "has been let in already", |client| {
            if let Some(registration) = &mut client.registration {
                registration.activation = Activation::Done;
            }
        })
        .await
    }

    /// Makes a code for a client that waits; whoever runs the client lets it in with that.
    ///
    /// # Errors
    /// What went wrong.
    pub async fn activation_code(&mut self, arguments: ActivationCode) -> anyhow::Result<()> {
        let one = &arguments.client;
        if self.ensure_registered(one).await? == Activation::Done {
            bail!("client {} has been let in already", one.client_id);
        }
        let code = SecretToken::new(Purpose::Activation, self.tools.random)?;
        let until = self.tools.clock.now().plus(arguments.expires);
        let (tenant, client_id) = (&one.of.tenant, &one.client_id);
        let Versioned {
            value: mut client,
            version,
        } = self.find_client(one).await?;
        if let Some(registration) = &mut client.registration {
            registration.activation = Activation::Code {
                hash: code.hash(),
                until,
            };
        }
        let expected = Expected::Version(version);
        let written = self.registry.put_client(tenant, &client, expected).await?;
        if written.is_none() {
            bail!("somebody else has changed this client meanwhile: run the command again");
        }
        let text = code.expose();
        let what = format!("activation code of client {tenant}/{client_id}");
        self.tell_once(&what, text.expose_secret(), arguments.expires)?;
        let document = json!({
            "tenant": tenant, "client_id": client_id, "activation_code": text.expose_secret(), "expires_at": until,
        });
        Ok(self.output.document(&document)?)
    }

    /// Makes a token to register clients with.
    ///
    /// # Errors
    /// What went wrong.
    pub async fn registration_token(&mut self, arguments: NewInitialAccess) -> anyhow::Result<()> {
        let tenant = arguments.of.tenant;
        ensure_tenant(self.registry, &tenant).await?;
        self.ensure_registration(&tenant).await?;
        let token = SecretToken::new(Purpose::InitialAccess, self.tools.random)?;
        let kept = InitialAccess {
            uses_left: arguments.uses,
            until: self.tools.clock.now().plus(arguments.expires),
        };
        let hash = token.hash();
        self.registry
            .put_initial_access(&tenant, &hash, &kept)
            .await?;
        let text = token.expose();
        let what = format!(
            "initial access token of tenant {tenant}, for {} clients",
            kept.uses_left
        );
        self.tell_once(&what, text.expose_secret(), arguments.expires)?;
        let document = json!({
            "tenant": tenant, "initial_access_token": text.expose_secret(), "uses": kept.uses_left, "expires_at": kept.until,
        });
        Ok(self.output.document(&document)?)
    }

    async fn ensure_registered(&self, one: &OneClient) -> anyhow::Result<Activation> {
        let client = self.find_client(one).await?;
        match &client.registration {
            Some(registration) => Ok(registration.activation),
            None => bail!(
                "client {} did not register itself: there is nothing to let it in to",
                one.client_id
            ),
        }
    }

    async fn ensure_registration(&self, tenant: &TenantId) -> anyhow::Result<()> {
        let found = self.registry.tenant(tenant).await?;
        if found.is_none_or(|it| it.settings.registration.is_none()) {
            bail!(
                "clients cannot register themselves at tenant {tenant}: `registration` in the registry file lets them (docs/registry-file.md)"
            );
        }
        Ok(())
    }
}
