//! The file: what tells it from another, and its rows, read by a thread of their own.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use anyhow::{Context as _, anyhow};
use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::formats::{self, Format, Row};

/// How many rows are read ahead.
const AHEAD: usize = 256;
const BUFFER: usize = 1 << 16;

/// What tells one file from another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// In bytes.
    pub length: u64,
    /// In hexadecimal, as `sha256sum` writes it.
    pub sha256: String,
}

/// A file to import.
pub struct Source {
    file: File,
    fingerprint: Fingerprint,
}

impl Source {
    /// Opens a file and reads it once, for its fingerprint.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let name = path.display();
        let mut file = File::open(path).with_context(|| format!("{name} cannot be read"))?;
        let fingerprint =
            fingerprint(&mut file).with_context(|| format!("{name} cannot be read"))?;
        Ok(Self { file, fingerprint })
    }

    pub const fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// The rows but for the first `done`, and how far the reading has come.
    pub fn rows(self, format: Format, done: u64) -> (mpsc::Receiver<Row>, Reading) {
        let (send, rows) = mpsc::channel(AHEAD);
        let read = Arc::new(AtomicU64::new(0));
        let length = self.fingerprint.length;
        let counted = Counted(self.file, Arc::clone(&read));
        let thread = thread::spawn(move || {
            let mut input = BufReader::with_capacity(BUFFER, counted);
            let mut number = 0;
            formats::read(format, &mut input, &mut |row| {
                number += 1;
                if number > done && send.blocking_send(row).is_err() {
                    return ControlFlow::Break(());
                }
                ControlFlow::Continue(())
            })
        });
        let reading = Reading {
            thread,
            read,
            length,
        };
        (rows, reading)
    }
}

fn fingerprint(file: &mut File) -> io::Result<Fingerprint> {
    let mut hash = digest::Context::new(&digest::SHA256);
    let mut buffer = vec![0; BUFFER];
    let mut length = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hash.update(buffer.get(..read).unwrap_or_default());
        length += read as u64;
    }
    file.rewind()?;
    let sha256 = hash.finish();
    let sha256 = sha256.as_ref().iter().map(|byte| format!("{byte:02x}"));
    Ok(Fingerprint {
        length,
        sha256: sha256.collect(),
    })
}

/// The reading of a file.
pub struct Reading {
    thread: JoinHandle<anyhow::Result<()>>,
    read: Arc<AtomicU64>,
    length: u64,
}

impl Reading {
    /// How much of the file has been read.
    pub fn percent(&self) -> u64 {
        let read = self.read.load(Ordering::Relaxed);
        (read * 100).checked_div(self.length).unwrap_or(100)
    }

    /// How it ended.
    pub fn ended(self) -> anyhow::Result<()> {
        let ended = self.thread.join();
        ended.map_err(|_| anyhow!("reading the file panicked"))?
    }
}

struct Counted(File, Arc<AtomicU64>);

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer)?;
        self.1.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
