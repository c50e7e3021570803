//! The rows that are wrong, in a file beside the one they are in: line and reason, and nothing else of the row.

use std::fs::{self, File};
use std::io::{BufWriter, ErrorKind, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Serialize;

use super::checkpoint::beside;
use crate::output;

/// How many are told at once, besides the file.
const TOLD: usize = 20;

/// A row that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rejection {
    /// The line it begins on.
    pub line: u64,
    /// What is wrong.
    pub reason: String,
}

/// The file of rejected rows. There is none until there is something to write.
pub struct Rejected {
    path: PathBuf,
    file: Option<BufWriter<File>>,
    first: Vec<Rejection>,
}

impl Rejected {
    /// The file beside `file`, with its first `length` bytes: later rows are read again.
    pub fn open(file: &Path, length: u64) -> anyhow::Result<Self> {
        let path = beside(file, "rejected.jsonl");
        let mut rejected = Self {
            path,
            file: None,
            first: Vec::new(),
        };
        if length > 0 {
            let file = rejected
                .opened(length)
                .with_context(|| format!("{} cannot be written", rejected.path.display()))?;
            rejected.file = Some(BufWriter::new(file));
            return Ok(rejected);
        }
        match fs::remove_file(&rejected.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                let name = rejected.path.display();
                Err(error).with_context(|| format!("{name} cannot be replaced"))
            }
            Ok(()) | Err(_) => Ok(rejected),
        }
    }

    fn opened(&self, length: u64) -> std::io::Result<File> {
        let mut file = output::reopen_private(&self.path)?;
        file.set_len(length)?;
        file.seek(SeekFrom::End(0))?;
        Ok(file)
    }

    /// One more.
    pub fn add(&mut self, rejection: Rejection) -> anyhow::Result<()> {
        let mut write = || {
            let file = match &mut self.file {
                Some(file) => file,
                None => {
                    let file = output::create_private(&self.path)?;
                    self.file.insert(BufWriter::new(file))
                }
            };
            serde_json::to_writer(&mut *file, &rejection)?;
            file.write_all(b"\n")
        };
        write().with_context(|| format!("{} cannot be written", self.path.display()))?;
        if self.first.len() < TOLD {
            self.first.push(rejection);
        }
        Ok(())
    }

    /// Makes sure that all of them are in the file. How long it is.
    pub fn keep(&mut self) -> anyhow::Result<u64> {
        let Some(file) = &mut self.file else {
            return Ok(0);
        };
        let mut kept = || {
            file.flush()?;
            file.get_ref().sync_all()?;
            file.stream_position()
        };
        kept().with_context(|| format!("{} cannot be written", self.path.display()))
    }

    /// The first of this run, and the file with all of them.
    pub fn close(self) -> (Vec<Rejection>, PathBuf) {
        (self.first, self.path)
    }
}
