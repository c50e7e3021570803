//! Registration: a client and the use of the initial access token that let it register, together or not at all.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use latchkey_oauth::client::Client;
use latchkey_oauth::registration::{InitialAccess, RegistrationRepository};
use latchkey_oauth::secret_token::TokenHash;
use latchkey_oauth::store::{Expected, StoreError};
use latchkey_oauth::tenant::TenantId;
use latchkey_oauth::time::Timestamp;

use crate::error::store_error;
use crate::item::{from_item, number, to_expiring_item, to_versioned_item};
use crate::keys;
use crate::registry::Registry;
use crate::write::{Guard, fresh_version, put_one, transact};

impl Registry {
    fn grants(&self) -> Result<&str, StoreError> {
        self.grants
            .as_deref()
            .ok_or_else(|| StoreError::internal("a registry without its grants table"))
    }
}

impl RegistrationRepository for Registry {
    async fn put_initial_access(
        &self,
        tenant: &TenantId,
        hash: &TokenHash,
        token: &InitialAccess,
    ) -> Result<(), StoreError> {
        let item = to_expiring_item(token, keys::initial_access(tenant, hash), token.until)?;
        self.client
            .put_item()
            .table_name(self.grants()?)
            .set_item(Some(item))
            .send()
            .await
            .map_err(store_error)?;
        Ok(())
    }

    async fn initial_access(
        &self,
        tenant: &TenantId,
        hash: &TokenHash,
    ) -> Result<Option<InitialAccess>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(self.grants()?)
            .set_key(Some(keys::initial_access(tenant, hash)))
            .consistent_read(true)
            .send()
            .await
            .map_err(store_error)?;
        answer.item.map(from_item).transpose()
    }

    async fn register(
        &self,
        tenant: &TenantId,
        client: &Client,
        initial: Option<&TokenHash>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let key = keys::client(tenant, &client.client_id);
        let item = to_versioned_item(client, key.clone(), fresh_version()?)?;
        let Some(hash) = initial else {
            return put_one(&self.client, &self.table, &key, item, Expected::Absent).await;
        };
        let used = Update::builder()
            .table_name(self.grants()?)
            .set_key(Some(keys::initial_access(tenant, hash)))
            .update_expression("ADD uses_left :less")
            .condition_expression("uses_left > :none AND #until > :now")
            .expression_attribute_names("#until", "until")
            .expression_attribute_values(":less", AttributeValue::N("-1".to_owned()))
            .expression_attribute_values(":none", number(0))
            .expression_attribute_values(":now", number(now.as_unix()))
            .build()
            .map_err(StoreError::internal)?;
        let used = TransactWriteItem::builder().update(used).build();
        let put = Guard::of(Expected::Absent, &key).put(&self.table, item)?;
        transact(&self.client, vec![put, used]).await
    }
}
