//! `latchkey apply`.

use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use latchkey_oauth::client::RegistryAdmin;
use latchkey_oauth::user::UserAdmin;
use latchkey_registry::door::Surroundings;
use serde_json::{Value, json};

use super::{Session, counts, summary};
use crate::arguments::Apply;
use crate::output;
use crate::plan::{self, Action, Change, Plan, Verb};
use crate::progress::Progress;
use crate::registry_file::{self, RegistryFile};
use crate::snapshot::Snapshot;

/// How much of what nobody asked for is shown to a person.
const SHOWN: usize = 20;

/// Reads the registry file, before anything else is asked for.
///
/// # Errors
/// A file that cannot be read, or its faults.
pub fn read(arguments: &Apply, surroundings: &dyn Surroundings) -> anyhow::Result<RegistryFile> {
    let (name, text) = if arguments.file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .context("standard input cannot be read")?;
        ("standard input".to_owned(), text)
    } else {
        let name = arguments.file.display().to_string();
        let text = std::fs::read_to_string(&arguments.file)
            .with_context(|| format!("the registry file {name} cannot be read"))?;
        (name, text)
    };
    Ok(registry_file::parse(&name, &text, surroundings)?)
}

impl<R: RegistryAdmin, U: UserAdmin> Session<'_, R, U> {
    /// Makes the store equal to the file, or tells what that would take.
    ///
    /// # Errors
    /// What went wrong.
    pub async fn apply(&mut self, file: &RegistryFile, arguments: &Apply) -> anyhow::Result<()> {
        let store = Snapshot::read(file, self.registry, self.users).await?;
        let mut progress = Progress::new(self.tools.clock, &mut *self.tell);
        let plan = plan::make(
            file,
            &store,
            arguments.prune,
            self.tools.hashing,
            &mut progress,
        )?;
        if !arguments.dry_run {
            self.ensure_somebody_to_ask(&plan.changes)?;
        }
        self.show(&plan)?;
        let document = document(&plan, arguments.dry_run);
        if plan.changes.is_empty() {
            self.output.say("Nothing to do.\n")?;
            return Ok(self.output.document(&counted(document, &[]))?);
        }
        if arguments.dry_run {
            let verbs: Vec<Verb> = plan.changes.iter().map(|change| change.verb).collect();
            self.output.say(&format!(
                "Nothing was written. Without --dry-run: {}.\n",
                summary(&verbs)
            ))?;
            return Ok(self.output.document(&counted(document, &verbs))?);
        }
        let tenants = deleted_tenants(&plan.changes);
        if !tenants.is_empty() {
            let what = format!(
                "This deletes whole tenants with their clients, users and keys: {}.",
                tenants.join(", ")
            );
            self.ensure_confirmed(&what, arguments.yes)?;
        }
        self.make(plan.changes, "", document).await
    }

    fn show(&mut self, plan: &Plan) -> anyhow::Result<()> {
        for change in &plan.changes {
            self.output.say(&output::change(change))?;
        }
        if !plan.left.is_empty() {
            let count = plan.left.len();
            let shown: String = plan.left.iter().take(SHOWN).map(output::change).collect();
            self.output.say(&format!(
                "Not in the file and left alone; --prune would delete {count}:\n{shown}"
            ))?;
            if count > SHOWN {
                let more = count - SHOWN;
                self.output
                    .say(&format!("  and {more} more (--json lists them)\n"))?;
            }
        }
        for note in &plan.notes {
            self.output.say(&format!("Note: {note}.\n"))?;
        }
        Ok(())
    }
}

fn deleted_tenants(changes: &[Change]) -> Vec<&str> {
    changes
        .iter()
        .filter(|change| matches!(change.action, Action::DeleteTenant(_)))
        .map(|change| change.tenant.as_str())
        .collect()
}

fn document(plan: &Plan, dry_run: bool) -> Value {
    let changes: Vec<Value> = plan.changes.iter().map(output::change_document).collect();
    let left: Vec<Value> = plan.left.iter().map(output::change_document).collect();
    json!({
        "dry_run": dry_run,
        "changes": changes,
        "left": left,
        "notes": plan.notes,
        "generated": [],
    })
}

fn counted(mut document: Value, verbs: &[Verb]) -> Value {
    if let Value::Object(members) = &mut document {
        members.extend(counts(verbs));
    }
    document
}
