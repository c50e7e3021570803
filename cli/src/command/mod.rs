//! The subcommands.

pub mod api;
pub mod apply;
pub mod client;
pub mod doctor;
pub mod export;
pub mod import;
pub mod keys;
pub mod registration;
pub mod tenant;
pub mod user;

use latchkey_oauth::client::RegistryAdmin;
use latchkey_oauth::tenant::TenantId;
use latchkey_oauth::time::Seconds;
use latchkey_oauth::user::UserAdmin;
use latchkey_registry::door::Surroundings;
use latchkey_registry::fault::{Faults, FaultyFile};
use latchkey_registry::tree::{Node, Value as Tree};
use serde_json::{Value, json};

use crate::apply::{Applied, Tools, execute};
use crate::arguments::SecretSource;
use crate::output::{self, Output};
use crate::plan::{Change, Verb};
use crate::progress::Progress;
use crate::surroundings::nobody_to_ask;

/// What a subcommand works with.
pub struct Session<'a, R, U> {
    /// Tenants and clients.
    pub registry: &'a R,
    /// Users.
    pub users: &'a U,
    /// Hashing, randomness, the clock, the terminal.
    pub tools: Tools<'a>,
    /// Variables and files.
    pub surroundings: &'a dyn Surroundings,
    /// Where the answer goes.
    pub output: Output<'a>,
    /// Where progress is told.
    pub tell: &'a mut dyn FnMut(&str),
}

impl<R, U> std::fmt::Debug for Session<'_, R, U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

impl<R: RegistryAdmin, U: UserAdmin> Session<'_, R, U> {
    /// Tells a person a secret that is not shown again.
    fn tell_once(&mut self, what: &str, secret: &str, span: Seconds) -> anyhow::Result<()> {
        let span = latchkey_registry::duration::show(span);
        Ok(self.output.say(&format!(
            "{what}: {secret}\nIt counts for {span}, and is not shown again.\n"
        ))?)
    }

    /// Makes changes and tells what was done. Where it ends early, what was made up by then is told all the same:
    /// it is in the store, and nowhere else.
    /// `told` is what a person is told once something was done.
    async fn make(
        &mut self,
        changes: Vec<Change>,
        told: &str,
        mut document: Value,
    ) -> anyhow::Result<()> {
        let verbs: Vec<Verb> = changes.iter().map(|change| change.verb).collect();
        let mut applied = Applied::default();
        let mut progress = Progress::new(self.tools.clock, &mut *self.tell);
        let ended = execute(
            changes,
            self.registry,
            self.users,
            &self.tools,
            &mut progress,
            &mut applied,
        )
        .await;
        let done = verbs.get(..applied.done).unwrap_or(&verbs);
        if applied.done > 0 {
            self.output.say(told)?;
        }
        for one in &applied.generated {
            self.output.say(&output::generated(one))?;
        }
        if ended.is_ok() {
            self.output.say(&format!("Done: {}.\n", summary(done)))?;
        }
        if let Value::Object(members) = &mut document {
            members.extend(counts(done));
            let generated = applied.generated.iter().map(output::generated_document);
            members.insert("generated".to_owned(), generated.collect());
        }
        if let (Err(error), Value::Object(members)) = (&ended, &mut document) {
            members.insert("error".to_owned(), output::chain(error).into());
        }
        self.output.document(&document)?;
        ended.map_err(|error| match applied.done {
            0 => error,
            done => {
                let made = if done == 1 {
                    "1 change was made".to_owned()
                } else {
                    format!("{done} changes were made")
                };
                error.context(format!(
                    "{made}, then one failed (the same command again makes the rest)"
                ))
            }
        })
    }

    /// What will be asked for needs somebody to ask, before anything is written.
    fn ensure_somebody_to_ask(&self, changes: &[Change]) -> anyhow::Result<()> {
        let asked: Vec<String> = changes.iter().filter_map(Change::asks_for).collect();
        match asked.first() {
            Some(first) if !self.tools.prompter.is_there() => {
                anyhow::bail!("{}. Nothing was written", nobody_to_ask(first))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// What cannot be undone is done only if somebody said so.
    fn ensure_confirmed(&self, what: &str, yes: bool) -> anyhow::Result<()> {
        if yes {
            return Ok(());
        }
        if !self.tools.prompter.is_there() {
            anyhow::bail!(
                "{what} There is no terminal to ask at: --yes does it without asking. Nothing was written"
            );
        }
        if self.tools.prompter.confirm(what)? {
            return Ok(());
        }
        anyhow::bail!("nobody said yes. Nothing was written")
    }

    fn nothing_to_do(&mut self, why: &str) -> anyhow::Result<()> {
        self.output.say(&format!("{why} Nothing to do.\n"))?;
        Ok(self.output.document(&json!({"changes": []}))?)
    }

    /// Makes one change and tells of it.
    async fn make_one(&mut self, change: Change) -> anyhow::Result<()> {
        self.ensure_somebody_to_ask(std::slice::from_ref(&change))?;
        let told = output::change(&change);
        let document = json!({"changes": [output::change_document(&change)]});
        self.make(vec![change], &told, document).await
    }
}

fn count(verbs: &[Verb], verb: Verb) -> usize {
    verbs.iter().filter(|other| **other == verb).count()
}

fn counts(verbs: &[Verb]) -> [(String, Value); 3] {
    [
        ("created", Verb::Create),
        ("changed", Verb::Change),
        ("deleted", Verb::Delete),
    ]
    .map(|(name, verb)| (name.to_owned(), count(verbs, verb).into()))
}

/// `3 created, 1 changed`.
fn summary(verbs: &[Verb]) -> String {
    let parts = [
        (count(verbs, Verb::Create), "created"),
        (count(verbs, Verb::Change), "changed"),
        (count(verbs, Verb::Delete), "deleted"),
    ];
    let told: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    told.join(", ")
}

impl SecretSource {
    /// As the registry file would have it; `None` where no flag was given.
    fn node(&self) -> Option<Node> {
        let text = |name: &str, value: &str| (name.to_owned(), Node::text(value));
        let wish = |name: &str| (name.to_owned(), Node::new(Tree::Boolean(true)));
        let entry = if self.generate {
            wish("generate")
        } else if self.prompt {
            wish("prompt")
        } else {
            let sources = [
                ("env", &self.from_env),
                ("file", &self.from_file),
                ("hash", &self.hash),
            ];
            let mut given = sources
                .into_iter()
                .filter_map(|(name, value)| Some((name, value.as_deref()?)));
            let (name, value) = given.next()?;
            text(name, value)
        };
        Some(Node::mapping([entry]))
    }

    /// The same, or `default` where no flag was given.
    fn node_or(&self, default: &str) -> Node {
        let wish = || Node::mapping([(default.to_owned(), Node::new(Tree::Boolean(true)))]);
        self.node().unwrap_or_else(wish)
    }
}

/// Reads what the command line describes as a registry file's entry, with the same faults.
fn read<T>(read: impl FnOnce(&Faults) -> Option<T>) -> anyhow::Result<T> {
    let faults = Faults::default();
    let value = read(&faults);
    match faults.or("", || value)? {
        Some(value) => Ok(value),
        // Whoever reads nothing has said why.
        None => Err(FaultyFile {
            name: String::new(),
            faults: Vec::new(),
        }
        .into()),
    }
}

async fn ensure_tenant<R: RegistryAdmin>(registry: &R, tenant: &TenantId) -> anyhow::Result<()> {
    if registry.tenant(tenant).await?.is_none() {
        anyhow::bail!(
            "there is no tenant {tenant}. `latchkey tenant list` tells which there are; `latchkey apply` makes them"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests;
