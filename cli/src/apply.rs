//! Makes the changes of a plan.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use latchkey_oauth::client::{Client, ClientSecretHash, RegistryAdmin};
use latchkey_oauth::password::{PasswordHashing, StoredPassword};
use latchkey_oauth::password_policy::PasswordPolicy;
use latchkey_oauth::random::{self, Random, RandomError};
use latchkey_oauth::store::{Expected, Versioned};
use latchkey_oauth::tenant::TenantId;
use latchkey_oauth::time::Clock;
use latchkey_oauth::user::{
    Credentials, Generation, Subject, User, UserAdmin, UserProfile, Username,
};
use latchkey_registry::secret;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};

use crate::plan::{Action, Change, NewPassword, NewUser, SecretToCome};
use crate::progress::Progress;
use crate::surroundings::Prompter;

/// What changes are made with.
#[derive(Clone, Copy)]
pub struct Tools<'a> {
    /// Makes password hashes.
    pub hashing: &'a PasswordHashing,
    /// Makes secrets, salts and subjects.
    pub random: &'a dyn Random,
    /// Dates generations.
    pub clock: &'a dyn Clock,
    /// Asks for secrets.
    pub prompter: &'a dyn Prompter,
}

impl std::fmt::Debug for Tools<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tools").finish_non_exhaustive()
    }
}

/// A secret that was made up, to be told once.
#[derive(Debug)]
pub struct Generated {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Whose it is.
    pub of: GeneratedFor,
    /// It.
    pub secret: SecretString,
}

/// Whose secret was made up.
#[derive(Debug, PartialEq, Eq)]
pub enum GeneratedFor {
    /// A client's.
    Client(String),
    /// A user's.
    User(String),
}

/// What was done, also where it ended early: a secret that was stored must be told.
#[derive(Debug, Default)]
pub struct Applied {
    /// How many changes were made.
    pub done: usize,
    /// What was made up.
    pub generated: Vec<Generated>,
}

/// Makes the changes in their order; ends at the first that fails. What was done is in `applied` either way.
///
/// # Errors
/// What went wrong, and with what.
pub async fn execute<R: RegistryAdmin, U: UserAdmin>(
    changes: Vec<Change>,
    registry: &R,
    users: &U,
    tools: &Tools<'_>,
    progress: &mut Progress<'_>,
    applied: &mut Applied,
) -> anyhow::Result<()> {
    progress.begin("changes made", changes.len());
    let mut policies = Policies::default();
    for change in changes {
        let (kind, id) = change.subject();
        let what = format!("{kind} {id} of tenant {}", change.tenant);
        let policy = policies.of(&change.tenant, registry).await?;
        let made = one(change, registry, users, policy, tools).await;
        let generated = made.map_err(|error| error.context(what))?;
        applied.generated.extend(generated);
        applied.done += 1;
        progress.step();
    }
    progress.end();
    Ok(())
}

/// The password policy of the tenant whose turn it is.
#[derive(Default)]
struct Policies(Option<(TenantId, PasswordPolicy)>);

impl Policies {
    async fn of<R: RegistryAdmin>(
        &mut self,
        tenant: &TenantId,
        registry: &R,
    ) -> anyhow::Result<PasswordPolicy> {
        if let Some((known, policy)) = &self.0
            && known == tenant
        {
            return Ok(*policy);
        }
        let Some(found) = registry.tenant(tenant).await? else {
            // About to be made, and no password is set before it is.
            return Ok(PasswordPolicy::default());
        };
        let policy = found.settings.password_policy;
        self.0 = Some((tenant.clone(), policy));
        Ok(policy)
    }
}

/// Makes one change.
///
/// # Errors
/// What went wrong.
pub(crate) async fn one<R: RegistryAdmin, U: UserAdmin>(
    change: Change,
    registry: &R,
    users: &U,
    policy: PasswordPolicy,
    tools: &Tools<'_>,
) -> anyhow::Result<Option<Generated>> {
    let ends_tokens = change.ends_tokens();
    let tenant = change.tenant;
    match change.action {
        Action::PutTenant { settings, expected } => {
            let put = registry.put_tenant(&tenant, &settings, expected).await?;
            ensure_written(put.is_some(), "tenant")?;
        }
        Action::PutApi { api, expected } => {
            let put = registry.put_api(&tenant, &api, expected).await?;
            ensure_written(put.is_some(), "API")?;
        }
        Action::DeleteApi(resource, version) => {
            let expected = Expected::Version(version);
            let deleted = registry.delete_api(&tenant, &resource, expected).await?;
            ensure_written(deleted, "API")?;
        }
        Action::DeleteClient(id, version) => {
            let expected = Expected::Version(version);
            let deleted = registry.delete_client(&tenant, &id, expected).await?;
            ensure_written(deleted, "client")?;
        }
        Action::DeleteUser(user) => {
            let expected = Expected::Version(user.version);
            let deleted = users.delete_user(&tenant, &user, expected).await?;
            ensure_written(deleted, "user")?;
        }
        Action::DeleteTenant(version) => {
            let expected = Expected::Version(version);
            let deleted = registry.delete_tenant(&tenant, expected).await?;
            ensure_written(deleted, "tenant")?;
        }
        Action::PutClient {
            client,
            secret,
            expected,
        } => {
            let new = ClientToPut {
                client: *client,
                secret,
                expected,
            };
            return put_client(tenant, new, registry, tools).await;
        }
        Action::CreateUser(user) => {
            return create_user(tenant, user, users, policy, tools).await;
        }
        Action::UpdateUser {
            stored,
            claims,
            disabled,
            password,
        } => {
            let wanted = Wanted {
                claims,
                disabled,
                password,
                ends_tokens,
            };
            return update_user(tenant, stored, wanted, users, policy, tools).await;
        }
    }
    Ok(None)
}

/// What was read is written over, and nothing that somebody else has written since.
fn ensure_written(written: bool, what: &str) -> anyhow::Result<()> {
    if written {
        return Ok(());
    }
    anyhow::bail!(
        "somebody else has changed this {what} meanwhile: look again, and run the command again"
    )
}

struct ClientToPut {
    client: Client,
    secret: Option<SecretToCome>,
    expected: Expected,
}

async fn put_client<R: RegistryAdmin>(
    tenant: TenantId,
    new: ClientToPut,
    registry: &R,
    tools: &Tools<'_>,
) -> anyhow::Result<Option<Generated>> {
    let ClientToPut {
        mut client,
        secret,
        expected,
    } = new;
    let id = client.client_id.to_string();
    let generated = match secret {
        None => None,
        Some(SecretToCome::Prompt) => {
            let answer = tools.prompter.ask(&format!("secret of client {id}"))?;
            let hash = secret::client_secret(&answer).map_err(anyhow::Error::msg)?;
            client.client_secret_hashes.insert(0, hash);
            None
        }
        Some(SecretToCome::Generate) => {
            // 256 bits: SHA-256 protects such a secret as well as Argon2 would.
            let made = generate::<32>(tools.random)?;
            let hash = ClientSecretHash::of(made.expose_secret());
            client.client_secret_hashes.insert(0, hash);
            Some(made)
        }
    };
    let put = registry.put_client(&tenant, &client, expected).await?;
    ensure_written(put.is_some(), "client")?;
    Ok(generated.map(|secret| Generated {
        tenant,
        of: GeneratedFor::Client(id),
        secret,
    }))
}

async fn create_user<U: UserAdmin>(
    tenant: TenantId,
    new: NewUser,
    users: &U,
    policy: PasswordPolicy,
    tools: &Tools<'_>,
) -> anyhow::Result<Option<Generated>> {
    let subject = subject_or_new(new.subject, tools)?;
    let (password_hash, generated) = hash(new.password, &new.username, policy, tools)?;
    let credentials = Credentials {
        subject: subject.clone(),
        password_hash,
        disabled: new.disabled,
        generation: Generation::fresh(tools.random)?,
        own_password: false,
        reset: None,
    };
    let profile = UserProfile {
        subject,
        username: new.username,
        claims: new.claims,
    };
    let user = User {
        credentials,
        profile,
    };
    put_user(tenant, user, Expected::Absent, generated, users).await
}

/// A subject of somebody's own.
///
/// # Errors
/// Where there is no randomness.
pub(crate) fn subject_or_new(
    subject: Option<Subject>,
    tools: &Tools<'_>,
) -> Result<Subject, RandomError> {
    match subject {
        Some(subject) => Ok(subject),
        None => Ok(Subject::from_random(random::bytes(tools.random)?)),
    }
}

struct Wanted {
    claims: Map<String, Value>,
    disabled: bool,
    password: Option<NewPassword>,
    ends_tokens: bool,
}

async fn update_user<U: UserAdmin>(
    tenant: TenantId,
    stored: Versioned<User>,
    wanted: Wanted,
    users: &U,
    policy: PasswordPolicy,
    tools: &Tools<'_>,
) -> anyhow::Result<Option<Generated>> {
    let expected = Expected::Version(stored.version);
    let username = &stored.profile.username;
    let (password_hash, generated) = hash(wanted.password, username, policy, tools)?;
    let mut user = stored.value;
    user.profile.claims = wanted.claims;
    user.credentials.disabled = wanted.disabled;
    if wanted.disabled {
        // Whoever is shut out gets in again by nothing that was given them before.
        user.credentials.reset = None;
    }
    match password_hash {
        Some(hash) => user.credentials.set_password(hash, tools.random)?,
        None if wanted.ends_tokens => {
            user.credentials.generation = Generation::fresh(tools.random)?;
        }
        None => {}
    }
    put_user(tenant, user, expected, generated, users).await
}

async fn put_user<U: UserAdmin>(
    tenant: TenantId,
    user: User,
    expected: Expected,
    generated: Option<SecretString>,
    users: &U,
) -> anyhow::Result<Option<Generated>> {
    if users.put_user(&tenant, &user, expected).await?.is_none() {
        anyhow::bail!(
            "somebody else has changed this user meanwhile, or the `sub` is another user's: look again, and run the command again"
        );
    }
    Ok(generated.map(|secret| Generated {
        tenant,
        of: GeneratedFor::User(user.profile.username.to_string()),
        secret,
    }))
}

type Hashed = (Option<StoredPassword>, Option<SecretString>);

fn hash(
    password: Option<NewPassword>,
    username: &Username,
    policy: PasswordPolicy,
    tools: &Tools<'_>,
) -> anyhow::Result<Hashed> {
    let (plain, generated) = match password {
        None => return Ok((None, None)),
        Some(NewPassword::Hash(hash)) => return Ok((Some(hash), None)),
        Some(NewPassword::Plain(plain)) => (plain, None),
        Some(NewPassword::Prompt) => {
            let answer = tools
                .prompter
                .ask(&format!("password of user {username}"))?;
            (secret::password(&answer).map_err(anyhow::Error::msg)?, None)
        }
        Some(NewPassword::Generate) => {
            let made = generate::<15>(tools.random)?;
            let plain = secret::password(&made).map_err(anyhow::Error::msg)?;
            (plain, Some(made))
        }
    };
    if generated.is_none() {
        policy.check(&plain, username)?;
    }
    Ok((Some(tools.hashing.hash(&plain, tools.random)?), generated))
}

fn generate<const N: usize>(random: &dyn Random) -> anyhow::Result<SecretString> {
    let bytes = random::bytes::<N>(random)?;
    Ok(SecretString::from(URL_SAFE_NO_PAD.encode(bytes)))
}
