//! What the command is called with.

mod doctor;
mod keys;
mod moving;
mod registry;
mod usage;
mod user;

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand};
use latchkey_oauth::client::{ClientAuthMethod, ClientId};
use latchkey_oauth::grant_type::GrantType;
use latchkey_oauth::password::Argon2Settings;
use latchkey_oauth::settings;
use latchkey_oauth::tenant::{DEFAULT_TENANT, TenantId};

pub use doctor::{Completions, Doctor};
pub use keys::{KeyAdd, KeyCertify, KeyWithdraw, KeysCommand};
pub use moving::{Export, UserExport, UserImport};
pub use registry::{
    ActivationCode, ApiAdd, ApiAssign, ApiCommand, ApiUnassign, NewInitialAccess, OneApi,
    OneTenant, TenantAdd, TenantCommand,
};
pub use usage::{completions, parse};
pub use user::{OneUser, ResetToken, UserAdd, UserCommand, UserPassword};

/// Operates a Latchkey deployment: its tenants, clients, users and signing keys.
#[derive(Debug, Parser)]
#[command(
    name = "latchkey",
    version,
    after_help = "A deployment is described in one registry file, and `apply` makes the store
equal to it:

  latchkey apply registry.yaml --dry-run    what would change
  latchkey apply registry.yaml              change it
  latchkey keys add KMS_KEY_ID              the default tenant signs with it
  latchkey user disable mallory             end somebody's tokens now

Region and credentials are found as AWS tools find them (AWS_REGION,
AWS_PROFILE, ...). With IAM Identity Center:
  eval \"$(aws configure export-credentials --format env)\""
)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Answer in JSON, for scripts.
    #[arg(long, global = true)]
    pub json: bool,
    /// Which deployment.
    #[command(flatten)]
    pub place: Place,
}

impl Arguments {
    /// What password hashes cost, if the command makes any.
    pub const fn argon2(&self) -> Option<&Argon2> {
        match &self.command {
            Command::Apply(apply) => Some(&apply.argon2),
            Command::User(UserCommand::Add(add)) => Some(&add.argon2),
            Command::User(UserCommand::Password(password)) => Some(&password.argon2),
            Command::User(UserCommand::Import(import)) => Some(&import.argon2),
            Command::User(
                UserCommand::List(_)
                | UserCommand::Export(_)
                | UserCommand::ResetToken(_)
                | UserCommand::Disable(_)
                | UserCommand::Enable(_)
                | UserCommand::Delete(_),
            )
            | Command::Tenant(_)
            | Command::Api(_)
            | Command::Client(_)
            | Command::Keys(_)
            | Command::Export(_)
            | Command::Doctor(_)
            | Command::Completions(_) => None,
        }
    }
}

impl Arguments {
    /// Whether the command writes hashes to standard output.
    pub const fn shows_hashes(&self) -> bool {
        match &self.command {
            Command::Export(export) => export.output.is_none(),
            Command::User(UserCommand::Export(export)) => export.output.is_none(),
            Command::User(_)
            | Command::Apply(_)
            | Command::Tenant(_)
            | Command::Api(_)
            | Command::Client(_)
            | Command::Keys(_)
            | Command::Doctor(_)
            | Command::Completions(_) => false,
        }
    }
}

/// The deployment's tables and services.
#[derive(Debug, Args)]
#[command(next_help_heading = "Deployment")]
pub struct Place {
    /// The table of tenants and clients.
    #[arg(long, global = true, value_name = "NAME", env = settings::REGISTRY_TABLE)]
    pub registry_table: Option<String>,
    /// The table of users.
    #[arg(long, global = true, value_name = "NAME", env = settings::USERS_TABLE)]
    pub users_table: Option<String>,
    /// The table of refresh tokens and of users' states.
    #[arg(long, global = true, value_name = "NAME", env = settings::GRANTS_TABLE)]
    pub grants_table: Option<String>,
    /// Where DynamoDB is, if not in AWS.
    #[arg(long, global = true, value_name = "URL", env = settings::DYNAMODB_ENDPOINT)]
    pub dynamodb_endpoint: Option<String>,
    /// Where KMS is, if not in AWS.
    #[arg(long, global = true, value_name = "URL", env = settings::KMS_ENDPOINT)]
    pub kms_endpoint: Option<String>,
}

/// The cost of new password hashes: as the token function has it, or a first login hashes again.
#[derive(Debug, Args)]
#[command(next_help_heading = "Password hashes (as the token function makes them)")]
pub struct Argon2 {
    /// Memory, in KiB.
    #[arg(long, value_name = "KIB", env = settings::ARGON2_MEMORY_KIB,
          default_value_t = Argon2Settings::default().memory_kib)]
    pub argon2_memory_kib: u32,
    /// Passes.
    #[arg(long, value_name = "N", env = settings::ARGON2_ITERATIONS,
          default_value_t = Argon2Settings::default().iterations)]
    pub argon2_iterations: u32,
    /// Lanes.
    #[arg(long, value_name = "N", env = settings::ARGON2_PARALLELISM,
          default_value_t = Argon2Settings::default().parallelism)]
    pub argon2_parallelism: u32,
}

impl From<&Argon2> for Argon2Settings {
    fn from(arguments: &Argon2) -> Self {
        Self {
            memory_kib: arguments.argon2_memory_kib,
            iterations: arguments.argon2_iterations,
            parallelism: arguments.argon2_parallelism,
        }
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make the store equal to a registry file.
    #[command(after_help = APPLY_HELP)]
    Apply(Apply),
    /// Tenants: issuers with clients, users and keys of their own.
    #[command(subcommand)]
    Tenant(TenantCommand),
    /// APIs: resource servers with audiences, scopes and claims of their own.
    #[command(subcommand)]
    Api(ApiCommand),
    /// Clients, one by one.
    #[command(subcommand)]
    Client(ClientCommand),
    /// Users, one by one.
    #[command(subcommand)]
    User(UserCommand),
    /// Keys that sign tokens.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Export everything: a registry file that `apply` takes, and users that `user import` takes.
    Export(Export),
    /// Look at a deployment from outside and say what is wrong with it.
    #[command(after_help = doctor::DOCTOR_HELP)]
    Doctor(Doctor),
    /// Write the completions of a shell.
    #[command(after_help = doctor::COMPLETIONS_HELP)]
    Completions(Completions),
}

const APPLY_HELP: &str =
    "The file's fields are described in docs/registry-file.md; examples/registry.yaml
is one to start from.

What the file does not name stays, unless --prune is given; a tenant without
`users:` (or `clients:`, or `apis:`) leaves its users (or clients, or APIs)
alone altogether. {generate: true} makes a secret up once and shows it once.

  latchkey apply registry.yaml --dry-run
  latchkey apply registry.yaml --prune
  latchkey apply registry.yaml --json | jq '.generated'
  sops --decrypt registry.enc.yaml | latchkey apply -";

/// Arguments of `apply`.
#[derive(Debug, Args)]
pub struct Apply {
    /// The registry file; `-` is standard input.
    pub file: PathBuf,
    /// Only show what would change.
    #[arg(long)]
    pub dry_run: bool,
    /// Delete what the file does not name; before a whole tenant goes, asks.
    #[arg(long)]
    pub prune: bool,
    /// Do not ask, for scripts.
    #[arg(long)]
    pub yes: bool,
    /// What password hashes cost.
    #[command(flatten)]
    pub argon2: Argon2,
}

/// A tenant.
#[derive(Debug, Args)]
pub struct OfTenant {
    /// Whose.
    #[arg(long, value_name = "TENANT", default_value = DEFAULT_TENANT, value_parser = TenantId::parse)]
    pub tenant: TenantId,
}

/// Where a secret comes from.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("source").multiple(false))]
pub struct SecretSource {
    /// Make one up and show it once.
    #[arg(long, group = "source")]
    pub generate: bool,
    /// Ask for it at the terminal.
    #[arg(long, group = "source")]
    pub prompt: bool,
    /// Take it from an environment variable.
    #[arg(long, group = "source", value_name = "NAME")]
    pub from_env: Option<String>,
    /// Take it from a file.
    #[arg(long, group = "source", value_name = "PATH")]
    pub from_file: Option<String>,
    /// Take its hash: of a client secret `sha256:` and base64url; of a password a PHC string or a bcrypt hash.
    #[arg(long, group = "source", value_name = "HASH")]
    pub hash: Option<String>,
}

/// Subcommands of `client`.
#[derive(Debug, Subcommand)]
pub enum ClientCommand {
    /// List a tenant's clients.
    List(OfTenant),
    /// Add a client; it gets a secret made up and shown once, unless told otherwise.
    #[command(
        after_help = "  latchkey client add orders --grant-type client_credentials \\
    --scope 'orders:read orders:write'
  latchkey client add shop --grant-type password --grant-type refresh_token \\
    --scope 'openid profile'
  latchkey client add job --grant-type client_credentials \\
    --auth-method tls_client_auth --tls-client-auth-subject-dn CN=job,O=Example"
    )]
    Add(Box<ClientAdd>),
    /// Give a client another secret, made up and shown once unless told otherwise.
    #[command(after_help = "Replacing a secret without an outage:
  latchkey client secret shop --keep-old    # both count: configure the new one
  latchkey client secret shop --drop-old    # only the new one counts")]
    Secret(ClientSecret),
    /// Let a client in that registered itself and waits.
    Activate(OneClient),
    /// Make a one-time code with which a client that waits lets itself in.
    ActivationCode(ActivationCode),
    /// Make a token with which clients register themselves (RFC 7591 section 3).
    RegistrationToken(NewInitialAccess),
    /// Shut a client out: within a minute it is unknown.
    Disable(OneClient),
    /// Let a client in again.
    Enable(OneClient),
    /// Delete a client; asks first, unless told --yes.
    Delete(Deletion<OneClient>),
}

/// What is to be deleted.
#[derive(Debug, Args)]
pub struct Deletion<T: Args> {
    /// It.
    #[command(flatten)]
    pub one: T,
    /// Do not ask, for scripts.
    #[arg(long)]
    pub yes: bool,
}

/// A client of a tenant.
#[derive(Debug, Args)]
pub struct OneClient {
    /// Its client_id.
    #[arg(value_parser = ClientId::parse)]
    pub client_id: ClientId,
    /// Its tenant.
    #[command(flatten)]
    pub of: OfTenant,
}

/// Arguments of `client add`.
#[derive(Debug, Args)]
pub struct ClientAdd {
    /// The client.
    #[command(flatten)]
    pub client: OneClient,
    /// For people, in lists.
    #[arg(long, value_name = "TEXT")]
    pub name: Option<String>,
    /// How it authenticates.
    #[arg(long, value_name = "METHOD", value_parser = ClientAuthMethod::ALL.map(ClientAuthMethod::as_str))]
    pub auth_method: Option<String>,
    /// A grant it may use; may be repeated.
    #[arg(long = "grant-type", value_name = "GRANT", value_parser = GrantType::ALL.map(GrantType::as_str))]
    pub grant_types: Vec<String>,
    /// The widest scope it may have.
    #[arg(long)]
    pub scope: Option<String>,
    /// The scope of a request that names none.
    #[arg(long, value_name = "SCOPE")]
    pub default_scope: Option<String>,
    /// A resource server its tokens are for; may be repeated.
    #[arg(long, value_name = "URI")]
    pub audience: Vec<String>,
    /// How long its access tokens live.
    #[arg(long, value_name = "DURATION")]
    pub access_token_lifetime: Option<String>,
    /// The subject of its certificate, as RFC 4514 writes it, for tls_client_auth.
    #[arg(long, value_name = "DN", conflicts_with_all = ["source", "certificates"])]
    pub tls_client_auth_subject_dn: Option<String>,
    /// A certificate of its own in PEM, for self_signed_tls_client_auth; may be repeated, while one replaces the other.
    #[arg(long = "certificate", value_name = "PATH", conflicts_with = "source")]
    pub certificates: Vec<PathBuf>,
    /// Its secret.
    #[command(flatten)]
    pub secret: SecretSource,
}

/// Arguments of `client secret`.
#[derive(Debug, Args)]
pub struct ClientSecret {
    /// The client.
    #[command(flatten)]
    pub client: OneClient,
    /// The old secret counts as well, until it is dropped.
    #[arg(long)]
    pub keep_old: bool,
    /// No new secret: only the newest counts from now on.
    #[arg(long, conflicts_with_all = ["keep_old", "source"])]
    pub drop_old: bool,
    /// The new one.
    #[command(flatten)]
    pub secret: SecretSource,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }
}
