//! One row into the store. Safe to do again: whoever is there already is found to be.

use std::time::Duration;

use latchkey_oauth::client::RegistryAdmin;
use latchkey_oauth::password_policy::PasswordPolicy;
use latchkey_oauth::random::{self, RandomError};
use latchkey_oauth::store::{Expected, StoreError, Versioned};
use latchkey_oauth::tenant::TenantId;
use latchkey_oauth::user::{Credentials, Generation, User, UserAdmin, UserProfile};
use latchkey_registry::{UserEntry, UserPassword};

use super::entry;
use super::formats::{NoUser, Row};
use super::rejected::Rejection;
use crate::apply::{self, Tools};
use crate::plan;

/// How often a row is tried while the store does not answer or throttles: with the waits below for 8 to 16 seconds, besides what the calls take.
const ATTEMPTS: u32 = 10;
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// How a row ended.
#[derive(Debug)]
pub enum Outcome {
    Created,
    Updated,
    Skipped,
    LeftOut,
    Rejected(Rejection),
}

/// Writes rows.
pub struct Writer<'a, R, U> {
    pub registry: &'a R,
    pub users: &'a U,
    pub tools: &'a Tools<'a>,
    pub tenant: &'a TenantId,
    pub update: bool,
    pub dry_run: bool,
}

/// Why a row is not written.
enum Fault {
    /// The row is wrong; others may be right.
    Row(String),
    /// Something that the next row would meet as well.
    Store(anyhow::Error),
}

impl From<anyhow::Error> for Fault {
    fn from(error: anyhow::Error) -> Self {
        Self::Store(error)
    }
}

impl From<RandomError> for Fault {
    fn from(error: RandomError) -> Self {
        Self::Store(error.into())
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error.into())
    }
}

impl<R: RegistryAdmin, U: UserAdmin> Writer<'_, R, U> {
    /// Writes a row.
    pub async fn row(&self, row: Row) -> anyhow::Result<Outcome> {
        let line = row.line;
        let rejected = |reason| Ok(Outcome::Rejected(Rejection { line, reason }));
        let members = match row.user {
            Ok(members) => members,
            Err(NoUser::Other) => return Ok(Outcome::LeftOut),
            Err(NoUser::Bad(reason)) => return rejected(reason),
        };
        let entry = match entry::read(members) {
            Ok(entry) => entry,
            Err(reason) => return rejected(reason),
        };
        match self.patiently(&entry).await {
            Ok(outcome) => Ok(outcome),
            Err(Fault::Row(reason)) => rejected(reason),
            Err(Fault::Store(error)) => Err(error.context(format!("line {line}"))),
        }
    }

    /// A store that throttles is given time.
    async fn patiently(&self, entry: &UserEntry) -> Result<Outcome, Fault> {
        let user = self.user_of(entry)?;
        let mut wait = FIRST_WAIT;
        for _ in 1..ATTEMPTS {
            match self.write(entry, &user).await {
                Err(Fault::Store(error)) if may_pass(&error) => {}
                ended => return ended,
            }
            // Not all at the same moment again.
            let [part] = random::bytes(self.tools.random)?;
            tokio::time::sleep(wait / 2 + wait * u32::from(part) / 512).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
        self.write(entry, &user).await
    }

    async fn write(&self, entry: &UserEntry, user: &User) -> Result<Outcome, Fault> {
        let (tenant, name) = (self.tenant, &entry.username);
        if !self.dry_run {
            let put = self.users.put_user(tenant, user, Expected::Absent);
            if put.await?.is_some() {
                return Ok(Outcome::Created);
            }
        }
        match self.users.user(tenant, name).await? {
            // Nobody else has our generation: an earlier attempt was done, and the answer was lost.
            Some(stored) if stored.credentials.generation == user.credentials.generation => {
                Ok(Outcome::Created)
            }
            Some(stored) => self.existing(entry, stored).await,
            None if self.dry_run => Ok(Outcome::Created),
            None => Err(Fault::Row(format!(
                "user {name}: the `sub` is another user's, and a subject is one user's only (OIDC Core section 2)."
            ))),
        }
    }

    fn user_of(&self, entry: &UserEntry) -> Result<User, RandomError> {
        let hash = match &entry.password {
            Some(UserPassword::Hash(hash)) => Some(hash.clone()),
            // A row brings a hash or nothing.
            Some(UserPassword::Plain(_) | UserPassword::Prompt | UserPassword::Generate) | None => {
                None
            }
        };
        let subject = apply::subject_or_new(entry.subject.clone(), self.tools)?;
        Ok(User {
            credentials: Credentials {
                subject: subject.clone(),
                password_hash: hash,
                disabled: entry.disabled.unwrap_or_default(),
                generation: Generation::fresh(self.tools.random)?,
                own_password: false,
                reset: None,
            },
            profile: UserProfile {
                subject,
                username: entry.username.clone(),
                claims: entry.claims.clone(),
            },
        })
    }

    async fn existing(&self, entry: &UserEntry, stored: Versioned<User>) -> Result<Outcome, Fault> {
        let name = &entry.username;
        let another = entry
            .subject
            .as_ref()
            .is_some_and(|sub| *sub != stored.profile.subject);
        if another {
            return Err(Fault::Row(format!(
                "user {name}: there is a user of that name with another `sub`, hence another person."
            )));
        }
        if !self.update {
            return Ok(Outcome::Skipped);
        }
        let mut wanted = entry.clone();
        // A hash of today's make is what a sign-in leaves: whoever has signed in keeps the password they have.
        let hash = stored.credentials.password_hash.as_ref();
        if hash.is_some_and(|hash| self.tools.hashing.is_current(hash)) {
            wanted.password = None;
        }
        let hashing = self.tools.hashing;
        let Some(change) = plan::user::change(self.tenant, &wanted, &stored, hashing) else {
            return Ok(Outcome::Skipped);
        };
        if !self.dry_run {
            // Of a password that comes as a hash no policy asks anything.
            let policy = PasswordPolicy::default();
            let made = apply::one(change, self.registry, self.users, policy, self.tools).await;
            made.map_err(|error| match error.downcast_ref::<StoreError>() {
                Some(_) => Fault::Store(error),
                None => Fault::Row(format!("user {name}: {error:#}.")),
            })?;
        }
        Ok(Outcome::Updated)
    }
}

fn may_pass(error: &anyhow::Error) -> bool {
    let store = error.downcast_ref::<StoreError>();
    store.is_some_and(|error| matches!(error, StoreError::Unavailable(_)))
}
