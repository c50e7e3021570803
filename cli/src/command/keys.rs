//! `latchkey keys`.

use anyhow::{Context as _, anyhow};
use latchkey_oauth::client::RegistryAdmin;
use latchkey_oauth::tenant::TenantId;
use latchkey_oauth::time::Timestamp;
use latchkey_oauth::token::algorithm::Algorithm;
use latchkey_oauth::token::jwk::{KeyRing, RingKey};
use latchkey_oauth::token::jws::JwsSigner;
use latchkey_oauth::token::key_ring::{self, Added, Addition, KeyManagement, RingError};
use latchkey_oauth::user::UserAdmin;
use latchkey_registry::duration;
use serde::Serialize;
use serde_json::json;

use super::Session;
use crate::arguments::{KeyAdd, KeyCertify, KeyWithdraw, KeysCommand, OfTenant};
use crate::certificate;

#[derive(Serialize)]
struct Row<'a> {
    kid: &'a str,
    alg: Algorithm,
    kms_key_id: &'a str,
    state: &'static str,
    published_from: Timestamp,
    signs_from: Timestamp,
    signs_until: Option<Timestamp>,
    published_until: Option<Timestamp>,
    certificate_until: Option<Timestamp>,
}

impl<'a> Row<'a> {
    fn of(key: &'a RingKey, ring: &KeyRing, now: Timestamp) -> Self {
        let signs = ring
            .signing_key(Some(key.alg), now)
            .is_some_and(|signing| signing.kid == key.kid);
        let state = if signs {
            "signs"
        } else if !key.is_published(now) {
            "withdrawn"
        } else if key.signs_from > now && key.signs_until.is_none_or(|until| until > key.signs_from)
        {
            "will sign"
        } else {
            "verifies only"
        };
        Self {
            kid: &key.kid,
            alg: key.alg,
            kms_key_id: &key.kms_key_id,
            state,
            published_from: key.published_from,
            signs_from: key.signs_from,
            signs_until: key.signs_until,
            published_until: key.published_until,
            certificate_until: certificate::ends(key),
        }
    }

    /// Whether another took over, or it was withdrawn, before its time.
    fn never_signs(&self) -> bool {
        let ends = [self.signs_until, self.published_until];
        ends.into_iter()
            .flatten()
            .any(|until| until <= self.signs_from)
    }
}

impl<R: RegistryAdmin, U: UserAdmin> Session<'_, R, U> {
    /// Does what the subcommand says.
    ///
    /// # Errors
    /// What went wrong.
    pub async fn keys<K: KeyManagement, S: JwsSigner>(
        &mut self,
        command: KeysCommand,
        kms: &K,
        signer: &S,
    ) -> anyhow::Result<()> {
        match command {
            KeysCommand::List(of) => self.list_keys(&of).await,
            KeysCommand::Add(arguments) => self.add_key(&arguments, kms).await,
            KeysCommand::Certify(arguments) => self.certify_key(&arguments, signer).await,
            KeysCommand::Withdraw(arguments) => self.withdraw_key(&arguments).await,
        }
    }

    async fn list_keys(&mut self, of: &OfTenant) -> anyhow::Result<()> {
        let now = self.tools.clock.now();
        let found = self.registry.tenant(&of.tenant).await?;
        let found = found.ok_or_else(|| told(RingError::NoTenant, &of.tenant))?;
        let ring = found.keys;
        let rows: Vec<Row<'_>> = ring
            .keys
            .iter()
            .map(|key| Row::of(key, &ring, now))
            .collect();
        self.output.rows(
            &rows,
            ["KID", "ALG", "STATE", "SIGNS FROM", "UNTIL", "KMS KEY"],
            |row| {
                [
                    row.kid.to_owned(),
                    row.alg.as_str().to_owned(),
                    row.state.to_owned(),
                    if row.never_signs() {
                        "never".to_owned()
                    } else {
                        when(row.signs_from, now)
                    },
                    row.signs_until
                        .filter(|_| !row.never_signs())
                        .map(|until| when(until, now))
                        .unwrap_or_default(),
                    row.kms_key_id.to_owned(),
                ]
            },
        )?;
        if rows.is_empty() {
            self.output.say(&format!(
                "Tenant {0} has no key yet: latchkey keys add KMS_KEY_ID --tenant {0}\n",
                of.tenant
            ))?;
        }
        Ok(())
    }

    async fn add_key<K: KeyManagement>(
        &mut self,
        arguments: &KeyAdd,
        kms: &K,
    ) -> anyhow::Result<()> {
        let tenant = &arguments.of.tenant;
        let now = self.tools.clock.now();
        let id = &arguments.kms_key_id;
        let of_key = || format!("KMS key {id}");
        let key = kms.key(id).await.with_context(of_key)?;
        let wish = Addition {
            alg: arguments.alg,
            signs_after: arguments.signs_from,
            once: None,
        };
        let (added, key) = key_ring::add(self.registry, tenant, &key, wish, now)
            .await
            .map_err(|error| told(error, tenant))
            .with_context(of_key)?;
        let text = match added {
            Added::AlreadyThere => format!(
                "Tenant {tenant} has the key {} already. Nothing to do.\n",
                key.kid
            ),
            Added::Added if key.signs_from <= now => {
                format!(
                    "Tenant {tenant} signs with {} {} from now on.\n",
                    key.alg.as_str(),
                    key.kid
                )
            }
            Added::Added => format!(
                "Tenant {tenant} publishes {} {} now and signs with it {}; until then it signs as before.\n",
                key.alg.as_str(),
                key.kid,
                when(key.signs_from, now)
            ),
        };
        self.output.say(&text)?;
        self.output.document(&json!({
            "tenant": tenant,
            "added": added == Added::Added,
            "kid": key.kid,
            "alg": key.alg,
            "kms_key_id": key.kms_key_id,
            "signs_from": key.signs_from,
        }))?;
        Ok(())
    }

    async fn certify_key<S: JwsSigner>(
        &mut self,
        arguments: &KeyCertify,
        signer: &S,
    ) -> anyhow::Result<()> {
        let (tenant, kid) = (&arguments.of.tenant, &arguments.kid);
        let now = self.tools.clock.now();
        let found = self.registry.tenant(tenant).await?;
        let found = found.ok_or_else(|| told(RingError::NoTenant, tenant))?;
        // A key that is refused signs nothing.
        let key = key_ring::certifiable(&found.keys, kid, now);
        let key = key.map_err(|error| told(error, tenant))?;
        let random = self.tools.random;
        let certificate =
            certificate::self_issued(key, now, arguments.valid_for, random, signer).await?;
        let key = key_ring::certify(self.registry, tenant, kid, &certificate, now)
            .await
            .map_err(|error| told(error, tenant))?;
        let until = now.plus(arguments.valid_for);
        self.output.say(&format!(
            "Tenant {tenant} publishes a certificate of {} with it, good for {}. Functions remember a key ring for a minute.\n",
            key.kid,
            duration::rough(arguments.valid_for)
        ))?;
        self.output.document(&json!({
            "tenant": tenant,
            "kid": key.kid,
            "x5c": key.jwk.common.x509_chain,
            "x5t#S256": key.jwk.common.x509_sha256_fingerprint,
            "valid_until": until,
        }))?;
        Ok(())
    }

    async fn withdraw_key(&mut self, arguments: &KeyWithdraw) -> anyhow::Result<()> {
        let tenant = &arguments.of.tenant;
        let now = self.tools.clock.now();
        let key = key_ring::withdraw(self.registry, tenant, &arguments.kid, now)
            .await
            .map_err(|error| told(error, tenant))?;
        self.output.say(&format!(
            "Tenant {tenant} no longer publishes {}. Functions remember a key ring for a minute; other verifiers as long as they keep the JWK set.\n",
            key.kid
        ))?;
        self.output.document(&json!({
            "tenant": tenant,
            "kid": key.kid,
            "published_until": key.published_until,
        }))?;
        Ok(())
    }
}

/// The same with the command that helps.
fn told(error: RingError, tenant: &TenantId) -> anyhow::Error {
    match error {
        RingError::NoTenant => anyhow!(
            "there is no tenant {tenant}. `latchkey tenant list` tells which there are; `latchkey apply` makes them"
        ),
        RingError::NoKey => anyhow!(
            "tenant {tenant} has no such key. `latchkey keys list --tenant {tenant}` tells which it has"
        ),
        RingError::LastKey => anyhow!(
            "no other key of tenant {tenant} signs now. Add one first: latchkey keys add KMS_KEY_ID --tenant {tenant} --signs-from now"
        ),
        RingError::Contended => anyhow!(
            "somebody else keeps changing the key ring of tenant {tenant}: look at `latchkey keys list`, and run the command again"
        ),
        RingError::Key(_) | RingError::Store(_) => error.into(),
    }
}

/// A moment as seen from now, told by its two greatest units at most.
fn when(moment: Timestamp, now: Timestamp) -> String {
    let (ahead, ago) = (moment.since(now), now.since(moment));
    if ahead.0 > 0 {
        format!("in {}", duration::rough(ahead))
    } else if ago.0 > 0 {
        format!("{} ago", duration::rough(ago))
    } else {
        "now".to_owned()
    }
}
