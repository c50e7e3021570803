//! `latchkey user import`.

use latchkey_oauth::client::RegistryAdmin;
use latchkey_oauth::user::UserAdmin;
use serde_json::json;

use super::{Session, ensure_tenant};
use crate::arguments::UserImport;
use crate::import::{self, Counts, Options, Report};
use crate::output;
use crate::progress::Progress;

/// Rows were rejected, and all others are in.
#[derive(Debug, thiserror::Error)]
#[error("rejected rows: {0}, with their reasons in {1}")]
pub struct SomeRejected(u64, String);

impl<R: RegistryAdmin, U: UserAdmin> Session<'_, R, U> {
    /// Imports users.
    ///
    /// # Errors
    /// [`SomeRejected`], or what stopped the import.
    pub async fn import_users(&mut self, arguments: UserImport) -> anyhow::Result<()> {
        ensure_tenant(self.registry, &arguments.of.tenant).await?;
        let options = Options {
            file: arguments.file,
            format: arguments.format,
            tenant: arguments.of.tenant,
            update: arguments.update,
            dry_run: arguments.dry_run,
            resume: arguments.resume,
        };
        let mut progress = Progress::new(self.tools.clock, &mut *self.tell);
        let report = import::run(
            &options,
            self.registry,
            self.users,
            &self.tools,
            &mut progress,
        )
        .await?;
        self.tell_import(&options, &report)?;
        let rejected = report.counts.rejected;
        if rejected > 0 {
            let file = report.rejected_file.display().to_string();
            return Err(SomeRejected(rejected, file).into());
        }
        Ok(())
    }

    fn tell_import(&mut self, options: &Options, report: &Report) -> anyhow::Result<()> {
        let Report {
            counts,
            resumed_after,
            first_rejected,
            rejected_file,
        } = report;
        for rejection in first_rejected {
            let told = format!("line {}: {}\n", rejection.line, rejection.reason);
            self.output.say(&output::printable(&told))?;
        }
        if counts.rejected > first_rejected.len() as u64 {
            let all = rejected_file.display();
            self.output.say(&format!("and more, all in {all}\n"))?;
        }
        if *resumed_after > 0 {
            self.output.say(&format!(
                "The first {resumed_after} rows were done by an earlier run.\n"
            ))?;
        }
        let told = summary(counts);
        self.output.say(&if options.dry_run {
            format!("Nothing was written. Without --dry-run: {told}.\n")
        } else {
            format!("Done: {told}.\n")
        })?;
        let file = (counts.rejected > 0).then_some(rejected_file);
        self.output.document(&json!({
            "tenant": options.tenant,
            "dry_run": options.dry_run,
            "rows": counts.rows(),
            "resumed_after": resumed_after,
            "created": counts.created,
            "updated": counts.updated,
            "skipped": counts.skipped,
            "left_out": counts.left_out,
            "rejected": counts.rejected,
            "first_rejected": first_rejected,
            "rejected_file": file,
        }))?;
        Ok(())
    }
}

/// `2 created, 1 there already`.
fn summary(counts: &Counts) -> String {
    let parts = [
        (counts.created, "created"),
        (counts.updated, "updated"),
        (counts.skipped, "there already and as they were"),
        (
            counts.left_out,
            "left out (a client's service account is no user)",
        ),
        (counts.rejected, "rejected"),
    ];
    let told: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    if told.is_empty() {
        "no rows".to_owned()
    } else {
        told.join(", ")
    }
}
