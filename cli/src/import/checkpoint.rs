//! How far an import has come, in a file beside the one it reads.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use latchkey_oauth::tenant::TenantId;
use serde::{Deserialize, Serialize};

use super::Counts;
use super::formats::Format;
use super::source::Fingerprint;

/// What an import is of: only the same one can go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    pub format: Format,
    pub tenant: TenantId,
    pub update: bool,
    pub file: Fingerprint,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    #[serde(flatten)]
    import: Import,
    counts: Counts,
    rejected_bytes: u64,
}

/// A checkpoint.
#[derive(Debug)]
pub struct Checkpoint {
    path: PathBuf,
    import: Import,
    /// What has been done: that many rows from the beginning, and none after them for certain.
    pub counts: Counts,
    /// How long the file of rejected rows was then.
    pub rejected_bytes: u64,
}

impl Checkpoint {
    /// Goes on from the checkpoint beside `file`, or begins where there is none.
    pub fn open(file: &Path, import: Import, resume: bool) -> anyhow::Result<Self> {
        let path = beside(file, "checkpoint.json");
        let name = path.display();
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Ok(Self {
                    path,
                    import,
                    counts: Counts::default(),
                    rejected_bytes: 0,
                });
            }
            Err(error) => return Err(error).with_context(|| format!("{name} cannot be read")),
        };
        let anew =
            format!("Delete {name} to begin anew: users who are there already are passed over");
        let kept: Kept = serde_json::from_str(&text)
            .with_context(|| format!("{name} is not the checkpoint of an import. {anew}"))?;
        if !resume {
            bail!(
                "an import of this file stopped after {} rows. --resume goes on from there. {anew}",
                kept.counts.rows()
            );
        }
        if kept.import.file != import.file {
            bail!("the file has changed since its import stopped. {anew}");
        }
        if kept.import != import {
            bail!(
                "the import that stopped was into tenant {} and by another --format or --update. Give the same ones. {anew}",
                kept.import.tenant
            );
        }
        Ok(Self {
            path,
            import,
            counts: kept.counts,
            rejected_bytes: kept.rejected_bytes,
        })
    }

    /// Writes the checkpoint: the old one or the new one is there, whatever happens meanwhile.
    pub fn write(&self) -> anyhow::Result<()> {
        let kept = Kept {
            import: self.import.clone(),
            counts: self.counts,
            rejected_bytes: self.rejected_bytes,
        };
        let written = || {
            let new = self.path.with_extension("json.new");
            let mut file = File::create(&new)?;
            file.write_all(&serde_json::to_vec_pretty(&kept)?)?;
            file.sync_all()?;
            fs::rename(&new, &self.path)
        };
        written().with_context(|| format!("{} cannot be written", self.path.display()))
    }

    /// Takes the checkpoint away: the import is done.
    pub fn delete(&self) -> anyhow::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                let name = self.path.display();
                Err(error).with_context(|| format!("{name} cannot be deleted"))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

/// A file beside `file`, with its name and one more ending.
pub fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}
