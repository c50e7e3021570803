//! Users that move in: a file's rows ([`formats`]) become users ([`entry`]) and are written side by side ([`write`]), with a
//! [`checkpoint`] to go on from and the [`rejected`] rows beside the file.

mod checkpoint;
pub mod entry;
pub mod formats;
mod rejected;
mod source;
mod write;

use std::path::PathBuf;

use anyhow::Context as _;
use futures_util::{StreamExt as _, stream};
use latchkey_oauth::client::RegistryAdmin;
use latchkey_oauth::tenant::TenantId;
use latchkey_oauth::user::UserAdmin;
use serde::{Deserialize, Serialize};

use crate::apply::Tools;
use crate::progress::Progress;
use checkpoint::{Checkpoint, Import};
use formats::{Format, Row};
use rejected::Rejected;
pub use rejected::Rejection;
use source::{Reading, Source};
use tokio::sync::mpsc;
use write::{Outcome, Writer};

/// How many rows are worked on at once: twice as many are no faster on DynamoDB Local (docs/adr/0011-moving-in.md), and a new
/// table in AWS takes no more writes than these make.
const IN_FLIGHT: usize = 64;
/// After how many rows the checkpoint is written.
const CHECKPOINT_EVERY: u64 = 1_000;

/// What to import, and how.
#[derive(Debug)]
pub struct Options {
    /// The file.
    pub file: PathBuf,
    /// What is in it.
    pub format: Format,
    /// Whose users they will be.
    pub tenant: TenantId,
    /// Whether users who are there already get the file's claims.
    pub update: bool,
    /// Whether to only tell what would be done.
    pub dry_run: bool,
    /// Whether to go on where an earlier import of the same file stopped.
    pub resume: bool,
}

/// How many rows ended how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// New users.
    pub created: u64,
    /// Users who were there, and now are as the file says.
    pub updated: u64,
    /// Users who were there already, and stay as they are.
    pub skipped: u64,
    /// Rows that were never meant to be users here.
    pub left_out: u64,
    /// Rows that are wrong.
    pub rejected: u64,
}

impl Counts {
    /// How many rows that is.
    pub const fn rows(&self) -> u64 {
        self.created + self.updated + self.skipped + self.left_out + self.rejected
    }
}

/// How an import ended.
#[derive(Debug)]
pub struct Report {
    /// Of the whole file, what an earlier run did included.
    pub counts: Counts,
    /// How many rows an earlier run had done.
    pub resumed_after: u64,
    /// The first of the rejected rows of this run.
    pub first_rejected: Vec<Rejection>,
    /// Where all of them are.
    pub rejected_file: PathBuf,
}

/// Imports a file. What was done by the time something fails is in the checkpoint.
///
/// # Errors
/// A file that cannot be read or has changed, a store that does not answer for long, or a checkpoint in the way.
pub async fn run<R: RegistryAdmin, U: UserAdmin>(
    options: &Options,
    registry: &R,
    users: &U,
    tools: &Tools<'_>,
    progress: &mut Progress<'_>,
) -> anyhow::Result<Report> {
    let source = Source::open(&options.file)?;
    let import = Import {
        format: options.format,
        tenant: options.tenant.clone(),
        update: options.update,
        file: source.fingerprint().clone(),
    };
    let checkpoint = Checkpoint::open(&options.file, import, options.resume)?;
    let resumed_after = checkpoint.counts.rows();
    let rejected = Rejected::open(&options.file, checkpoint.rejected_bytes)?;
    let (rows, reading) = source.rows(options.format, resumed_after);
    let writer = Writer {
        registry,
        users,
        tools,
        tenant: &options.tenant,
        update: options.update,
        dry_run: options.dry_run,
    };
    let mut tally = Tally {
        checkpoint,
        rejected,
        dry_run: options.dry_run,
    };
    let stopped = write_all(rows, &writer, &reading, &mut tally, progress).await;
    progress.end();
    let done = tally.checkpoint.counts.rows();
    if let Err(error) = stopped {
        if options.dry_run {
            return Err(error);
        }
        tally.keep()?;
        return Err(error.context(format!(
            "the import stopped after {done} rows; the same command with --resume goes on from there"
        )));
    }
    let ended = reading.ended();
    // Where the file is at fault, whoever mends it begins anew: who is there already is passed over.
    if !options.dry_run {
        tally.checkpoint.delete()?;
    }
    tally.rejected.keep()?;
    ended.with_context(|| format!("{} after {done} rows", options.file.display()))?;
    let (first_rejected, rejected_file) = tally.rejected.close();
    Ok(Report {
        counts: tally.checkpoint.counts,
        resumed_after,
        first_rejected,
        rejected_file,
    })
}

/// Writes rows side by side, and counts them in the file's order, so that one number says how far an import has come.
async fn write_all<R: RegistryAdmin, U: UserAdmin>(
    mut rows: mpsc::Receiver<Row>,
    writer: &Writer<'_, R, U>,
    reading: &Reading,
    tally: &mut Tally,
    progress: &mut Progress<'_>,
) -> anyhow::Result<()> {
    let mut outcomes = stream::poll_fn(|context| rows.poll_recv(context))
        .map(|row| writer.row(row))
        .buffered(IN_FLIGHT);
    while let Some(outcome) = outcomes.next().await {
        let done = tally.count(outcome?)?;
        progress.say(|| format!("{done} users, {} % of the file", reading.percent()));
    }
    Ok(())
}

/// What has become of the rows so far.
struct Tally {
    checkpoint: Checkpoint,
    rejected: Rejected,
    dry_run: bool,
}

impl Tally {
    /// One more. How many there are now.
    fn count(&mut self, outcome: Outcome) -> anyhow::Result<u64> {
        let counts = &mut self.checkpoint.counts;
        let one_more = match outcome {
            Outcome::Created => &mut counts.created,
            Outcome::Updated => &mut counts.updated,
            Outcome::Skipped => &mut counts.skipped,
            Outcome::LeftOut => &mut counts.left_out,
            Outcome::Rejected(rejection) => {
                self.rejected.add(rejection)?;
                &mut counts.rejected
            }
        };
        *one_more += 1;
        let done = counts.rows();
        if done.is_multiple_of(CHECKPOINT_EVERY) && !self.dry_run {
            self.keep()?;
        }
        Ok(done)
    }

    /// Makes sure that an import can go on from here.
    fn keep(&mut self) -> anyhow::Result<()> {
        self.checkpoint.rejected_bytes = self.rejected.keep()?;
        self.checkpoint.write()
    }
}

#[cfg(test)]
mod tests;
