//! Users: the operator's side.

use latchkey_oauth::store::{Condition, Expected, Page, Part, StoreError, Version, Versioned};
use latchkey_oauth::tenant::TenantId;
use latchkey_oauth::user::{Credentials, SubjectKey, User, UserAdmin, UserProfile, Username};

use crate::error::store_error;
use crate::item::{
    Item, Wanted, attribute, batch_get, from_item, from_versioned_item, text, to_item,
    to_versioned_item,
};
use crate::keys::{self, BY_TENANT, Key, PK, TENANT, USERNAME};
use crate::query::{Names, page};
use crate::users::Users;
use crate::write::{Guard, fresh_version, note, transact};

/// DynamoDB's limit of a batch is 100 keys, and a user has two.
const USERS_AT_A_TIME: usize = 50;

impl Users {
    async fn get(&self, key: Key) -> Result<Option<Item>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.users)
            .set_key(Some(key))
            .consistent_read(true)
            .send()
            .await
            .map_err(store_error)?;
        Ok(answer.item)
    }

    /// Users whose names the index told, as they are now.
    async fn read_all(
        &self,
        tenant: &TenantId,
        named: &[(Username, Key)],
    ) -> Result<Vec<Versioned<User>>, StoreError> {
        let mut users = Vec::with_capacity(named.len());
        for some in named.chunks(USERS_AT_A_TIME) {
            let keys = some
                .iter()
                .flat_map(|(name, profile)| [keys::login(tenant, name), profile.clone()]);
            let wanted = keys.map(|key| Wanted {
                table: &self.users,
                key,
            });
            let mut found = batch_get(&self.client, wanted, true).await?;
            for (name, profile) in some {
                let login = found.take(&keys::login(tenant, name));
                let profile = found.take(profile);
                // Either is gone where somebody deletes the user at this moment.
                users.extend(login.zip(profile).map(user_of).transpose()?);
            }
        }
        Ok(users)
    }
}

fn user_of((login, profile): (Item, Item)) -> Result<Versioned<User>, StoreError> {
    let Versioned {
        value: credentials,
        version,
    } = from_versioned_item::<Credentials>(login)?;
    let profile = from_item::<UserProfile>(profile)?;
    Ok(Versioned {
        value: User {
            credentials,
            profile,
        },
        version,
    })
}

impl UserAdmin for Users {
    async fn user(
        &self,
        tenant: &TenantId,
        username: &Username,
    ) -> Result<Option<Versioned<User>>, StoreError> {
        let Some(login) = self.get(keys::login(tenant, username)).await? else {
            return Ok(None);
        };
        let credentials: Credentials = from_item(login.clone())?;
        let key = keys::profile(tenant, SubjectKey::of(tenant, &credentials.subject));
        let profile = self.get(key).await?;
        let profile = profile.ok_or_else(|| StoreError::internal("a login without its profile"))?;
        user_of((login, profile)).map(Some)
    }

    async fn put_user<'a>(
        &self,
        tenant: &TenantId,
        user: &User,
        condition: impl Into<Condition<'a>> + Send,
    ) -> Result<Option<Version>, StoreError> {
        let Condition { expected, once } = condition.into();
        let version = fresh_version()?;
        let username = &user.profile.username;
        let subject = SubjectKey::of(tenant, &user.profile.subject);
        let login = keys::login(tenant, username);
        let profile = keys::profile(tenant, subject);
        let mut profile_item = to_item(&user.profile, profile)?;
        profile_item.insert(TENANT.to_owned(), attribute(tenant)?);
        let nobody_elses = Guard::default().and(
            "attribute_not_exists(pk) OR username = :username",
            (":username", attribute(username)?),
        );
        let state = to_item(&user.state(), keys::state(tenant, subject))?;
        let mut writes = vec![
            Guard::of(expected, &login).put(
                &self.users,
                to_versioned_item(&user.credentials, login, version)?,
            )?,
            nobody_elses.put(&self.users, profile_item)?,
            Guard::default().put(&self.grants, state)?,
        ];
        if let Some(once) = once {
            writes.push(note(once, &self.grants)?);
        }
        let written = transact(&self.client, writes).await?;
        Ok(written.then_some(version))
    }

    async fn delete_user(
        &self,
        tenant: &TenantId,
        user: &User,
        expected: Expected,
    ) -> Result<bool, StoreError> {
        let subject = SubjectKey::of(tenant, &user.profile.subject);
        let login = keys::login(tenant, &user.profile.username);
        let writes = vec![
            Guard::of(expected, &login).delete(&self.users, login)?,
            Guard::default().delete(&self.users, keys::profile(tenant, subject))?,
            Guard::default().delete(&self.grants, keys::state(tenant, subject))?,
        ];
        transact(&self.client, writes).await
    }

    async fn users_page(
        &self,
        tenant: &TenantId,
        part: Part<'_>,
    ) -> Result<Page<Versioned<User>>, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.users)
            .index_name(BY_TENANT);
        let names = Names {
            partition: (TENANT, tenant.as_str()),
            sort: (USERNAME, ""),
        };
        let Page { items, more } = page(query, &names, part).await?;
        let named = items.into_iter().map(|mut item| {
            let name = Username::parse(text(&item, USERNAME)?).map_err(StoreError::internal)?;
            item.retain(|name, _| name == PK);
            Ok((name, item))
        });
        let named: Vec<_> = named.collect::<Result<_, StoreError>>()?;
        Ok(Page {
            items: self.read_all(tenant, &named).await?,
            more,
        })
    }
}
