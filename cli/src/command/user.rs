//! `latchkey user`.

use anyhow::bail;
use latchkey_oauth::client::RegistryAdmin;
use latchkey_oauth::secret_token::{Purpose, SecretToken};
use latchkey_oauth::store::{Expected, Versioned};
use latchkey_oauth::tenant::TenantId;
use latchkey_oauth::user::{PasswordReset, Subject, User, UserAdmin, Username};
use latchkey_registry::claims::{CLAIMS, Kind};
use latchkey_registry::fault::Place;
use latchkey_registry::tree::{Node, Value};
use latchkey_registry::user as registry_user;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use serde_json::json;

use super::{Session, ensure_tenant, read};
use crate::arguments::{
    Deletion, OfTenant, OneUser, ResetToken, UserAdd, UserCommand, UserPassword,
};
use crate::plan::diff::{self, Field};
use crate::plan::{Action, Change, NewPassword, NewUser, Verb};

#[derive(Serialize)]
struct Row<'a> {
    username: &'a Username,
    sub: &'a Subject,
    password: bool,
    disabled: bool,
}

impl<'a> From<&'a User> for Row<'a> {
    fn from(user: &'a User) -> Self {
        Self {
            username: &user.profile.username,
            sub: &user.profile.subject,
            password: user.credentials.password_hash.is_some(),
            disabled: user.credentials.disabled,
        }
    }
}

impl<R: RegistryAdmin, U: UserAdmin> Session<'_, R, U> {
    /// Does what the subcommand says.
    ///
    /// # Errors
    /// What went wrong.
    pub async fn user(&mut self, command: UserCommand) -> anyhow::Result<()> {
        match command {
            UserCommand::List(of) => self.list_users(&of).await,
            UserCommand::Add(arguments) => self.add_user(*arguments).await,
            UserCommand::Password(arguments) => self.user_password(arguments).await,
            UserCommand::ResetToken(arguments) => self.reset_token(arguments).await,
            UserCommand::Disable(one) => self.set_user_disabled(one, true).await,
            UserCommand::Enable(one) => self.set_user_disabled(one, false).await,
            UserCommand::Import(arguments) => self.import_users(arguments).await,
            UserCommand::Export(arguments) => self.export_users(arguments).await,
            UserCommand::Delete(Deletion { one, yes }) => {
                let user = self.find_user(&one).await?;
                let what = format!(
                    "This deletes user {} of tenant {}, whose subject identifier never comes back by itself.",
                    one.username, one.of.tenant
                );
                self.ensure_confirmed(&what, yes)?;
                let action = Action::DeleteUser(user);
                self.make_one(change(one.of.tenant, Verb::Delete, Vec::new(), action))
                    .await
            }
        }
    }

    async fn list_users(&mut self, of: &OfTenant) -> anyhow::Result<()> {
        ensure_tenant(self.registry, &of.tenant).await?;
        let users = self.users.users(&of.tenant).await?;
        let rows: Vec<Row<'_>> = users.iter().map(|user| Row::from(&user.value)).collect();
        self.output
            .rows(&rows, ["USERNAME", "SUB", "PASSWORD", "STATE"], |row| {
                let password = if row.password { "set" } else { "none" };
                let state = if row.disabled { "disabled" } else { "enabled" };
                [
                    row.username.to_string(),
                    row.sub.to_string(),
                    password.to_owned(),
                    state.to_owned(),
                ]
            })?;
        Ok(())
    }

    async fn find_user(&self, one: &OneUser) -> anyhow::Result<Versioned<User>> {
        let tenant = &one.of.tenant;
        if let Some(user) = self.users.user(tenant, &one.username).await? {
            return Ok(user);
        }
        ensure_tenant(self.registry, tenant).await?;
        bail!(
            "tenant {tenant} has no user {}. `latchkey user list --tenant {tenant}` tells which it has",
            one.username
        )
    }

    async fn add_user(&mut self, arguments: UserAdd) -> anyhow::Result<()> {
        let OneUser { username, of } = &arguments.user;
        ensure_tenant(self.registry, &of.tenant).await?;
        if self.users.user(&of.tenant, username).await?.is_some() {
            bail!(
                "tenant {} has a user {username} already. `latchkey user password` sets another password; claims are changed in the registry file",
                of.tenant
            );
        }
        let place = Place::default();
        let node = node(&arguments);
        let entry =
            read(|faults| registry_user::read(node, &place, Some(self.surroundings), faults))?;
        let mut fields = vec![Field::untold("password")];
        fields.extend(diff::claims(&serde_json::Map::new(), &entry.claims));
        let action = Action::CreateUser(NewUser {
            username: entry.username,
            subject: entry.subject,
            claims: entry.claims,
            disabled: false,
            password: entry.password.map(NewPassword::from),
        });
        self.make_one(change(
            arguments.user.of.tenant,
            Verb::Create,
            fields,
            action,
        ))
        .await
    }

    async fn user_password(&mut self, arguments: UserPassword) -> anyhow::Result<()> {
        let stored = self.find_user(&arguments.user).await?;
        let node = arguments.password.node_or("prompt");
        let place = Place::default();
        let password =
            read(|faults| registry_user::password(node, &place, Some(self.surroundings), faults))?;
        let action = Action::UpdateUser {
            claims: stored.profile.claims.clone(),
            disabled: stored.credentials.disabled,
            stored,
            password: Some(NewPassword::from(password)),
        };
        let fields = vec![Field::untold("password")];
        self.make_one(change(
            arguments.user.of.tenant,
            Verb::Change,
            fields,
            action,
        ))
        .await
    }

    async fn reset_token(&mut self, arguments: ResetToken) -> anyhow::Result<()> {
        let OneUser { username, of } = &arguments.user;
        let mut user = self.find_user(&arguments.user).await?;
        let token = SecretToken::new(Purpose::PasswordReset, self.tools.random)?;
        let until = self.tools.clock.now().plus(arguments.expires);
        user.value.credentials.reset = Some(PasswordReset {
            hash: token.hash(),
            until,
        });
        let expected = Expected::Version(user.version);
        let put = self.users.put_user(&of.tenant, &user.value, expected);
        if put.await?.is_none() {
            bail!("somebody else has changed this user meanwhile: run the command again");
        }
        let text = token.expose();
        let what = format!("reset token of user {}/{username}", of.tenant);
        self.tell_once(&what, text.expose_secret(), arguments.expires)?;
        let document = json!({
            "tenant": of.tenant, "username": username, "reset_token": text.expose_secret(), "expires_at": until,
        });
        Ok(self.output.document(&document)?)
    }

    async fn set_user_disabled(&mut self, one: OneUser, disabled: bool) -> anyhow::Result<()> {
        let stored = self.find_user(&one).await?;
        if stored.credentials.disabled == disabled {
            let state = if disabled { "disabled" } else { "enabled" };
            return self.nothing_to_do(&format!("User {} is {state} already.", one.username));
        }
        let fields = vec![Field {
            name: "disabled".to_owned(),
            old: Some(stored.credentials.disabled.to_string()),
            new: Some(disabled.to_string()),
        }];
        let action = Action::UpdateUser {
            claims: stored.profile.claims.clone(),
            stored,
            disabled,
            password: None,
        };
        self.make_one(change(one.of.tenant, Verb::Change, fields, action))
            .await
    }
}

fn change(tenant: TenantId, verb: Verb, fields: Vec<Field>, action: Action) -> Change {
    Change {
        tenant,
        verb,
        fields,
        action,
    }
}

/// The user as the registry file would have it.
fn node(arguments: &UserAdd) -> Node {
    let mut entries = vec![
        (
            "username".to_owned(),
            Node::text(arguments.user.username.as_str()),
        ),
        ("password".to_owned(), arguments.password.node_or("prompt")),
    ];
    if let Some(sub) = &arguments.sub {
        entries.push(("sub".to_owned(), Node::text(sub)));
    }
    let mut address = Vec::new();
    let mut lists: Vec<(&str, Vec<&str>)> = Vec::new();
    for (name, value) in &arguments.claims {
        if let Some(member) = name.strip_prefix("address.") {
            address.push((member.to_owned(), Node::text(value)));
        } else if kind(name) == Some(Kind::List) {
            match lists.iter_mut().find(|(known, _)| known == name) {
                Some((_, values)) => values.push(value),
                None => lists.push((name, vec![value])),
            }
        } else {
            entries.push((name.clone(), scalar(name, value)));
        }
    }
    if !address.is_empty() {
        entries.push(("address".to_owned(), Node::mapping(address)));
    }
    let lists = lists
        .into_iter()
        .map(|(name, values)| (name.to_owned(), Node::texts(values)));
    entries.extend(lists);
    Node::mapping(entries)
}

fn kind(name: &str) -> Option<Kind> {
    let found = CLAIMS.iter().find(|(known, _)| *known == name);
    found.map(|(_, kind)| *kind)
}

/// A value of the claim's own type; where it is not, text, which the reading refuses.
fn scalar(name: &str, value: &str) -> Node {
    let typed = match kind(name) {
        Some(Kind::Boolean) => value.parse().map(Value::Boolean).ok(),
        Some(Kind::Time) => {
            let number = value.parse::<u64>();
            number.map(|number| Value::Number(number.into())).ok()
        }
        Some(
            Kind::Text | Kind::Url | Kind::Email | Kind::Birthdate | Kind::Address | Kind::List,
        )
        | None => None,
    };
    typed.map_or_else(|| Node::text(value), Node::new)
}
