//! Refresh-token families, opaque access tokens, revocations, and users' states.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use latchkey_oauth::client::ClientId;
use latchkey_oauth::store::StoreError;
use latchkey_oauth::tenant::TenantId;
use latchkey_oauth::time::Timestamp;
use latchkey_oauth::token::family::{Family, NextToken};
use latchkey_oauth::token::opaque::{OpaqueTokenHash, StoredAccessToken};
use latchkey_oauth::token::refresh_token::{FamilyId, RefreshToken, RefreshTokenHash};
use latchkey_oauth::token::repository::{
    RefreshTokenRepository, RevocationRepository, RotateError,
};
use latchkey_oauth::token::repository::{TokenKeys, TokenState, TokenStateRepository};

use crate::error::store_error;
use crate::item::{Item, Wanted, attribute, batch_get, from_item, number, to_expiring_item};
use crate::keys::{self, EXPIRES_AT};

/// The grants table; with the users table beside it where profiles are wanted too.
#[derive(Debug, Clone)]
pub struct Grants {
    pub(crate) client: Client,
    pub(crate) grants: String,
    users: Option<String>,
}

impl Grants {
    /// The grants in a table, without profiles.
    pub const fn new(client: Client, grants: String) -> Self {
        Self {
            client,
            grants,
            users: None,
        }
    }

    /// The same with profiles from the users table.
    #[must_use]
    pub fn with_profiles(mut self, users: String) -> Self {
        self.users = Some(users);
        self
    }

    pub(crate) async fn put(&self, item: Item) -> Result<(), StoreError> {
        self.client
            .put_item()
            .table_name(&self.grants)
            .set_item(Some(item))
            .send()
            .await
            .map_err(store_error)?;
        Ok(())
    }

    /// Writes an item that is not there. One that is has a name of random bits, so it is this very write: one that was sent
    /// again after its answer was lost, or one that was long on its way and must not undo what happened since.
    async fn put_new(&self, item: Item) -> Result<(), StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.grants)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .send()
            .await;
        match put {
            Ok(_) => Ok(()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(PutItemError::is_conditional_check_failed_exception) =>
            {
                Ok(())
            }
            Err(error) => Err(store_error(error)),
        }
    }

    pub(crate) fn update(&self, key: keys::Key) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.grants)
            .set_key(Some(key))
    }
}

impl TokenStateRepository for Grants {
    async fn token_state(
        &self,
        tenant: &TenantId,
        wanted: &TokenKeys<'_>,
    ) -> Result<TokenState, StoreError> {
        let revocation = wanted.jti.map(|jti| keys::revocation(tenant, jti));
        let opaque = wanted.opaque.map(|hash| keys::opaque(tenant, hash));
        let family = wanted.family.map(|family| keys::family(tenant, family));
        let subject = wanted.subject.map(|subject| keys::state(tenant, subject));
        let users = self.users.as_deref().filter(|_| wanted.profile);
        let profile = wanted
            .subject
            .zip(users)
            .map(|(subject, users)| (users, keys::profile(tenant, subject)));

        let mut reads = Vec::with_capacity(4);
        for key in [&revocation, &opaque, &family, &subject]
            .into_iter()
            .flatten()
        {
            reads.push(Wanted {
                table: &self.grants,
                key: key.clone(),
            });
        }
        if let Some((table, key)) = &profile {
            reads.push(Wanted {
                table,
                key: key.clone(),
            });
        }
        if reads.is_empty() {
            return Ok(TokenState::default());
        }
        // Consistent: a revocation that was answered must be seen, and a successor must not pass for a stranger.
        let mut found = batch_get(&self.client, reads, true).await?;
        let mut take = |key: Option<keys::Key>| key.and_then(|key| found.take(&key));
        Ok(TokenState {
            revoked: take(revocation).is_some(),
            opaque: take(opaque).map(from_item).transpose()?,
            family: take(family).map(from_item).transpose()?,
            subject: take(subject).map(from_item).transpose()?,
            profile: take(profile.map(|(_, key)| key))
                .map(from_item)
                .transpose()?,
        })
    }
}

impl RefreshTokenRepository for Grants {
    async fn insert(&self, tenant: &TenantId, family: &Family) -> Result<(), StoreError> {
        let item = to_expiring_item(family, keys::family(tenant, &family.id), family.keep_until)?;
        self.put_new(item).await
    }

    async fn insert_access_token(
        &self,
        tenant: &TenantId,
        hash: &OpaqueTokenHash,
        token: &StoredAccessToken,
    ) -> Result<(), StoreError> {
        let item = to_expiring_item(token, keys::opaque(tenant, hash), token.until)?;
        self.put_new(item).await
    }

    async fn rotate(
        &self,
        tenant: &TenantId,
        family: &FamilyId,
        old: &RefreshTokenHash,
        next: &NextToken,
    ) -> Result<(), RotateError> {
        let rotated = self
            .update(keys::family(tenant, family))
            .update_expression(
                "SET #current = :new, previous = :previous, token_expires_at = :token_expires, \
                 keep_until = :keep, #expires = :keep",
            )
            .condition_expression("#current = :old AND attribute_not_exists(revoked_at)")
            .expression_attribute_names("#current", "current")
            .expression_attribute_names("#expires", EXPIRES_AT)
            .expression_attribute_values(":old", attribute(old)?)
            .expression_attribute_values(":new", attribute(&next.hash)?)
            .expression_attribute_values(":previous", attribute(&next.previous)?)
            .expression_attribute_values(":token_expires", number(next.token_expires_at.as_unix()))
            .expression_attribute_values(":keep", number(next.keep_until.as_unix()))
            // Tells a token used twice from an unknown one in the same call.
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let Err(error) = rotated else {
            return Ok(());
        };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                Err(match failed.item() {
                    Some(item) => RotateError::AlreadyUsed(Box::new(from_item(item.clone())?)),
                    None => RotateError::NotFound,
                })
            }
            _ => Err(store_error(error).into()),
        }
    }

    async fn kill_family(
        &self,
        tenant: &TenantId,
        family: &FamilyId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let update = self
            .update(keys::family(tenant, family))
            .condition_expression("attribute_exists(pk)");
        revoke(update, now).await.map(|_existed| ())
    }
}

impl RevocationRepository for Grants {
    async fn revoke_access_token(
        &self,
        tenant: &TenantId,
        jti: &str,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let mut item: Item = keys::revocation(tenant, jti);
        item.insert(EXPIRES_AT.to_owned(), number(until.as_unix()));
        self.put(item).await
    }

    async fn revoke_opaque(
        &self,
        tenant: &TenantId,
        hash: &OpaqueTokenHash,
        client: Option<&ClientId>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let update = self.update(keys::opaque(tenant, hash));
        let update = match client {
            Some(client) => update
                .condition_expression("client_id = :client")
                .expression_attribute_values(":client", attribute(client)?),
            None => update.condition_expression("attribute_exists(pk)"),
        };
        revoke(update, now).await
    }

    async fn revoke_family(
        &self,
        tenant: &TenantId,
        token: &RefreshToken,
        client: &ClientId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let update = self
            .update(keys::family(tenant, token.family()))
            .condition_expression("lineage = :lineage AND client_id = :client")
            .expression_attribute_values(":lineage", attribute(&token.lineage_hash())?)
            .expression_attribute_values(":client", attribute(client)?);
        revoke(update, now).await
    }
}

/// Marks a family as revoked; `false`, and nothing changes, where the condition does not hold.
pub(crate) async fn revoke(
    update: UpdateItemFluentBuilder,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let revoked = update
        .update_expression("SET revoked_at = if_not_exists(revoked_at, :now)")
        .expression_attribute_values(":now", number(now.as_unix()))
        .send()
        .await;
    match revoked {
        Ok(_) => Ok(true),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
        {
            Ok(false)
        }
        Err(error) => Err(store_error(error)),
    }
}
