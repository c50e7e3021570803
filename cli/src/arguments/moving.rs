//! What users move in and out with.

use std::path::PathBuf;

use clap::Args;

use super::{Argon2, OfTenant};
use crate::import::formats::Format;

pub const IMPORT_HELP: &str = "  latchkey user import realm.json --format keycloak --dry-run
  latchkey user import realm.json --format keycloak --tenant shop
  latchkey user import realm.json --format keycloak --tenant shop --resume

docs/moving-in.md says for each format how to get the file, what moves and what
does not. Rows that are wrong are told with their line, left out, and kept in
FILE.rejected.jsonl; the exit code is 2 then. Users who are there already stay
as they are, unless --update is given.";

/// Arguments of `user import`.
#[derive(Debug, Args)]
pub struct UserImport {
    /// The file.
    pub file: PathBuf,
    /// What is in it.
    #[arg(long, value_enum)]
    pub format: Format,
    /// Whose users they will be.
    #[command(flatten)]
    pub of: OfTenant,
    /// Give users who are there already the file's claims; the password only of those who have not signed in here.
    #[arg(long)]
    pub update: bool,
    /// Only tell what would be done.
    #[arg(long)]
    pub dry_run: bool,
    /// Go on where an import of this file stopped.
    #[arg(long)]
    pub resume: bool,
    /// What password hashes cost: by it a password that was used here is known.
    #[command(flatten)]
    pub argon2: Argon2,
}

/// Arguments of `user export`.
#[derive(Debug, Args)]
pub struct UserExport {
    /// Whose users.
    #[command(flatten)]
    pub of: OfTenant,
    /// Where to; standard output if left out. Nobody else may read the file.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Arguments of `export`.
#[derive(Debug, Args)]
pub struct Export {
    /// The registry file to write; each tenant's users go beside it, into FILE.TENANT.users.jsonl. Nobody else may read them.
    /// If left out, standard output, without users.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Put the users into the registry file itself.
    #[arg(long)]
    pub with_users: bool,
}
