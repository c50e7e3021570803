//! Families as an operator sees them, and requests that are carried out once.

use latchkey_oauth::hash::Sha256Hash;
use latchkey_oauth::store::{OnceNote, OnceRepository, Page, Part, StoreError};
use latchkey_oauth::tenant::TenantId;
use latchkey_oauth::time::Timestamp;
use latchkey_oauth::token::family::Family;
use latchkey_oauth::token::refresh_token::FamilyId;
use latchkey_oauth::token::repository::FamilyAdmin;
use latchkey_oauth::user::SubjectKey;

use crate::error::store_error;
use crate::grants::{Grants, revoke};
use crate::item::from_item;
use crate::keys;
use crate::query::{Names, page};

impl FamilyAdmin for Grants {
    async fn families_page(
        &self,
        tenant: &TenantId,
        subject: SubjectKey,
        part: Part<'_>,
        now: Timestamp,
    ) -> Result<Page<Family>, StoreError> {
        let partition = keys::subject_partition(tenant, subject);
        let names = Names {
            partition: (keys::PK, &partition),
            sort: (keys::SK, keys::FAMILY_PREFIX),
        };
        let mut living = Vec::new();
        let mut after = part.after.map(str::to_owned);
        loop {
            let query = self.client.query().table_name(&self.grants);
            let rest = Part {
                after: after.as_deref(),
                ..part
            };
            let found = page(query.consistent_read(true), &names, rest).await?;
            for item in found.items {
                let family: Family = from_item(item)?;
                after = Some(family.id.number());
                if !family.lives(now) {
                    continue;
                }
                // One more than is wanted: there is more.
                if living.len() == part.limit {
                    return Ok(Page {
                        items: living,
                        more: true,
                    });
                }
                living.push(family);
            }
            if !found.more {
                return Ok(Page {
                    items: living,
                    more: false,
                });
            }
        }
    }

    async fn end_family(
        &self,
        tenant: &TenantId,
        family: &FamilyId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let update = self
            .update(keys::family(tenant, family))
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(revoked_at)");
        revoke(update, now).await
    }
}

impl OnceRepository for Grants {
    async fn once(
        &self,
        tenant: &TenantId,
        key: &Sha256Hash,
        now: Timestamp,
    ) -> Result<Option<OnceNote>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.grants)
            .set_key(Some(keys::once(tenant, key)))
            .consistent_read(true)
            .send()
            .await
            .map_err(store_error)?;
        let found: Option<OnceNote> = answer.item.map(from_item).transpose()?;
        Ok(found.filter(|note| now < note.until))
    }
}
