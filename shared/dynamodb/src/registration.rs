//! Initial access tokens of registration, beside the grants.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use latchkey_oauth::registration::{InitialAccess, InitialAccessRepository, TokenHash};
use latchkey_oauth::store::StoreError;
use latchkey_oauth::tenant::TenantId;
use latchkey_oauth::time::Timestamp;

use crate::error::store_error;
use crate::grants::Grants;
use crate::item::{number, to_expiring_item};
use crate::keys;

impl InitialAccessRepository for Grants {
    async fn put_initial_access(
        &self,
        tenant: &TenantId,
        hash: &TokenHash,
        token: &InitialAccess,
    ) -> Result<(), StoreError> {
        let item = to_expiring_item(token, keys::initial_access(tenant, hash), token.until)?;
        self.put(item).await
    }

    async fn use_initial_access(
        &self,
        tenant: &TenantId,
        hash: &TokenHash,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let used = self
            .update(keys::initial_access(tenant, hash))
            .update_expression("ADD uses_left :less")
            .condition_expression("uses_left > :none AND #until > :now")
            .expression_attribute_names("#until", "until")
            .expression_attribute_values(":less", less_one())
            .expression_attribute_values(":none", number(0))
            .expression_attribute_values(":now", number(now.as_unix()))
            .send()
            .await;
        match used {
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
}

fn less_one() -> aws_sdk_dynamodb::types::AttributeValue {
    aws_sdk_dynamodb::types::AttributeValue::N("-1".to_owned())
}
