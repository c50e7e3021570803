//! Users: credentials, profiles, and counters of failures.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use latchkey_oauth::lockout::{Attempts, Backoff, Source};
use latchkey_oauth::login::{Counter, Login, LoginRepository};
use latchkey_oauth::password::StoredPassword;
use latchkey_oauth::store::StoreError;
use latchkey_oauth::tenant::TenantId;
use latchkey_oauth::time::Timestamp;
use latchkey_oauth::user::{Credentials, SubjectKey, UserProfile, Username};

use crate::error::store_error;
use crate::item::{Found, Wanted, attribute, batch_get, number, to_item};
use crate::keys::{self, EXPIRES_AT, Key, VERSION};
use crate::write::{Guard, fresh_version, transact};

/// How often a counter that changes under our hands is tried again.
const MAX_TRIES: usize = 4;

/// The users table, and the grants table beside it, where each user's state is kept.
#[derive(Debug, Clone)]
pub struct Users {
    pub(crate) client: Client,
    pub(crate) users: String,
    pub(crate) grants: String,
}

impl Users {
    /// The users in two tables.
    pub const fn new(client: Client, users: String, grants: String) -> Self {
        Self {
            client,
            users,
            grants,
        }
    }

    fn wanted(&self, key: Key) -> Wanted<'_> {
        Wanted {
            table: &self.users,
            key,
        }
    }

    /// An item and the counters of an attempt, in one consistent read.
    async fn with_counters(
        &self,
        tenant: &TenantId,
        username: &Username,
        source: &Source,
        item: &Key,
    ) -> Result<(Found, Login), StoreError> {
        let by_user = keys::attempts(tenant, Counter::User(username));
        let by_both = keys::attempts(tenant, Counter::UserAndSource(username, source));
        let by_source = keys::attempts(tenant, Counter::Source(source));
        let wanted = [item, &by_user, &by_both, &by_source].map(|key| self.wanted(key.clone()));
        let mut found = batch_get(&self.client, wanted, true).await?;
        let counters = Login {
            credentials: None,
            by_user: found.take_value(&by_user)?.unwrap_or_default(),
            by_user_and_source: found.take_value(&by_both)?.unwrap_or_default(),
            by_source: found.take_value(&by_source)?.unwrap_or_default(),
        };
        Ok((found, counters))
    }

    async fn clear(
        &self,
        tenant: &TenantId,
        counter: Counter<'_>,
        seen: &Attempts,
    ) -> Result<(), StoreError> {
        let deleted = self
            .client
            .delete_item()
            .table_name(&self.users)
            .set_key(Some(keys::attempts(tenant, counter)))
            // The same counter, not one that began anew meanwhile.
            .condition_expression(
                "attribute_not_exists(failures) OR (failures <= :seen AND first_failure = :first)",
            )
            .expression_attribute_values(":seen", number(seen.failures.into()))
            .expression_attribute_values(":first", number(seen.first_failure.as_unix()))
            .send()
            .await;
        match deleted {
            Ok(_) => Ok(()),
            // Somebody failed meanwhile: their failures stay counted.
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|it| it.is_conditional_check_failed_exception()) =>
            {
                Ok(())
            }
            Err(error) => Err(store_error(error)),
        }
    }
}

impl LoginRepository for Users {
    async fn find_login(
        &self,
        tenant: &TenantId,
        username: &Username,
        source: &Source,
    ) -> Result<Login, StoreError> {
        let login = keys::login(tenant, username);
        let (mut found, counters) = self.with_counters(tenant, username, source, &login).await?;
        Ok(Login {
            credentials: found.take_value(&login)?,
            ..counters
        })
    }

    async fn recheck(
        &self,
        tenant: &TenantId,
        username: &Username,
        source: &Source,
        subject: SubjectKey,
    ) -> Result<(Login, Option<UserProfile>), StoreError> {
        let profile = keys::profile(tenant, subject);
        let (mut found, counters) = self
            .with_counters(tenant, username, source, &profile)
            .await?;
        Ok((counters, found.take_value(&profile)?))
    }

    async fn record_failure(
        &self,
        tenant: &TenantId,
        counter: Counter<'_>,
        seen: &Attempts,
        policy: &Backoff,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let key = keys::attempts(tenant, counter);
        // One more, or the first again: each is conditional on the other not being due, so no failure is lost.
        let mut counting = seen.is_remembered(policy, now);
        for _ in 0..MAX_TRIES {
            let (update, condition) = if counting {
                (
                    "ADD failures :one SET last_failure = :now",
                    "first_failure > :forgotten",
                )
            } else {
                (
                    "SET failures = :one, first_failure = :now, last_failure = :now, #expires = :expires",
                    "attribute_not_exists(first_failure) OR first_failure <= :forgotten",
                )
            };
            let mut request = self
                .client
                .update_item()
                .table_name(&self.users)
                .set_key(Some(key.clone()))
                .update_expression(update)
                .condition_expression(condition)
                .expression_attribute_values(":one", number(1))
                .expression_attribute_values(":now", number(now.as_unix()))
                .expression_attribute_values(
                    ":forgotten",
                    number(now.minus(policy.memory).as_unix()),
                );
            if !counting {
                let expires = now.plus(policy.memory).as_unix();
                request = request
                    .expression_attribute_names("#expires", EXPIRES_AT)
                    .expression_attribute_values(":expires", number(expires));
            }
            let updated = request.send().await;
            match updated {
                Ok(_) => return Ok(()),
                Err(error) if condition_failed(&error) => counting = !counting,
                Err(error) => return Err(store_error(error)),
            }
        }
        Err(StoreError::unavailable(
            "a counter of failures kept changing",
        ))
    }

    async fn clear_failures(
        &self,
        tenant: &TenantId,
        username: &Username,
        source: &Source,
        seen: &Login,
    ) -> Result<(), StoreError> {
        // One after the other: the counter of both is what has a login forget at all, so it goes when the other has gone.
        let both = Counter::UserAndSource(username, source);
        self.clear(tenant, Counter::User(username), &seen.by_user)
            .await?;
        self.clear(tenant, both, &seen.by_user_and_source).await
    }

    async fn set_password(
        &self,
        tenant: &TenantId,
        username: &Username,
        seen: &Credentials,
        new: &Credentials,
    ) -> Result<bool, StoreError> {
        let (condition, reset) = match &seen.reset {
            None => ("generation = :seen AND attribute_not_exists(#reset)", None),
            Some(reset) => ("generation = :seen AND #reset = :reset", Some(reset)),
        };
        let mut login = Update::builder()
            .table_name(&self.users)
            .set_key(Some(keys::login(tenant, username)))
            .update_expression(
                "SET password_hash = :hash, own_password = :own, generation = :generation, #version = :version REMOVE #reset",
            )
            .condition_expression(condition)
            .expression_attribute_names("#reset", "reset")
            .expression_attribute_names("#version", VERSION)
            .expression_attribute_values(":seen", attribute(&seen.generation)?)
            .expression_attribute_values(":hash", attribute(&new.password_hash)?)
            .expression_attribute_values(":own", attribute(&new.own_password)?)
            .expression_attribute_values(":generation", attribute(&new.generation)?)
            .expression_attribute_values(":version", number(fresh_version()?.number()));
        if let Some(reset) = reset {
            login = login.expression_attribute_values(":reset", attribute(reset)?);
        }
        let login = login.build().map_err(StoreError::internal)?;
        let subject = SubjectKey::of(tenant, &seen.subject);
        let state = to_item(&new.state(username), keys::state(tenant, subject))?;
        let writes = vec![
            TransactWriteItem::builder().update(login).build(),
            Guard::default().put(&self.grants, state)?,
        ];
        transact(&self.client, writes).await
    }

    async fn replace_hash(
        &self,
        tenant: &TenantId,
        username: &Username,
        old: &StoredPassword,
        new: &StoredPassword,
    ) -> Result<(), StoreError> {
        let updated = self
            .client
            .update_item()
            .table_name(&self.users)
            .set_key(Some(keys::login(tenant, username)))
            .update_expression("SET password_hash = :new")
            .condition_expression("password_hash = :old")
            .expression_attribute_values(":old", attribute(old)?)
            .expression_attribute_values(":new", attribute(new)?)
            .send()
            .await;
        match updated {
            Ok(_) => Ok(()),
            // The password was changed meanwhile, or another login was as quick.
            Err(error) if condition_failed(&error) => Ok(()),
            Err(error) => Err(store_error(error)),
        }
    }
}

fn condition_failed(error: &SdkError<UpdateItemError>) -> bool {
    error
        .as_service_error()
        .is_some_and(UpdateItemError::is_conditional_check_failed_exception)
}
