//! What looks at a deployment, and what helps at a shell.

use clap::Args;
use clap_complete::Shell;

use crate::doctor::Target;

pub const DOCTOR_HELP: &str = "  latchkey doctor https://id.example.com
  latchkey doctor https://id.example.com/acme --json |
    jq '.findings[] | select(.verdict == \"wrong\")'
  SECRET=... PASSWORD=... latchkey doctor https://id.example.com \\
    --client-id shop --client-secret-env SECRET \\
    --username alice --password-env PASSWORD

Nothing but HTTP is asked, so no table and no credentials of AWS are needed. The
login tries a wrong password once and revokes what it was given. The exit code
is 1 if anything is wrong.";

pub const COMPLETIONS_HELP: &str = "  latchkey completions bash > /etc/bash_completion.d/latchkey
  latchkey completions zsh > \"${fpath[1]}/_latchkey\"
  latchkey completions fish > ~/.config/fish/completions/latchkey.fish";

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub struct Doctor {
    /// The issuer, as clients are configured with it.
    #[arg(value_parser = Target::parse)]
    pub issuer: Target,
    /// A client to sign in with, by client_secret_basic.
    #[arg(long, value_name = "ID", requires = "client_secret_env")]
    pub client_id: Option<String>,
    /// The environment variable with its secret.
    #[arg(long, value_name = "NAME", requires = "client_id")]
    pub client_secret_env: Option<String>,
    /// A user who signs in through it; without one the client signs in for itself.
    #[arg(long, requires_all = ["password_env", "client_id"])]
    pub username: Option<String>,
    /// The environment variable with their password.
    #[arg(long, value_name = "NAME", requires = "username")]
    pub password_env: Option<String>,
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell.
    pub shell: Shell,
}
