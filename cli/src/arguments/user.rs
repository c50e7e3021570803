//! Users, one by one and many at once.

use clap::{Args, Subcommand};
use latchkey_oauth::time::Seconds;
use latchkey_oauth::user::Username;
use latchkey_registry::duration;
use latchkey_registry::user::RESET_LIFETIME;

use super::moving::IMPORT_HELP;
use super::{Argon2, Deletion, OfTenant, SecretSource, UserExport, UserImport};

/// Subcommands of `user`.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// List a tenant's users.
    List(OfTenant),
    /// Add a user; the password is asked for, unless told otherwise.
    #[command(
        after_help = "  latchkey user add alice --claim name='Alice Example' \\
    --claim email=alice@example.com
  latchkey user add bob --tenant acme --generate \\
    --claim groups=staff --claim groups=admins
  latchkey user add carol \\
    --claim address.locality=Graz --claim address.country=Austria"
    )]
    Add(Box<UserAdd>),
    /// Set a user's password, asked for unless told otherwise; their tokens end.
    Password(UserPassword),
    /// Make a token with which a user sets another password, once; shown once.
    #[command(after_help = RESET_HELP)]
    ResetToken(ResetToken),
    /// Shut a user out; their tokens end.
    Disable(OneUser),
    /// Let a user in again.
    Enable(OneUser),
    /// Delete a user; their tokens end. Asks first, unless told --yes.
    Delete(Deletion<OneUser>),
    /// Import users of another product, with their password hashes.
    #[command(after_help = IMPORT_HELP)]
    Import(UserImport),
    /// Export a tenant's users with their password hashes, as JSON Lines that `import` reads.
    Export(UserExport),
}

/// A user of a tenant.
#[derive(Debug, Args)]
pub struct OneUser {
    /// Their user name.
    #[arg(value_parser = Username::parse)]
    pub username: Username,
    /// Their tenant.
    #[command(flatten)]
    pub of: OfTenant,
}

/// Arguments of `user add`.
#[derive(Debug, Args)]
pub struct UserAdd {
    /// The user.
    #[command(flatten)]
    pub user: OneUser,
    /// Their subject identifier; a fresh one if left out.
    #[arg(long)]
    pub sub: Option<String>,
    /// A claim of OIDC Core section 5.1, or groups or roles; may be repeated.
    #[arg(long = "claim", value_name = "NAME=VALUE", value_parser = claim)]
    pub claims: Vec<(String, String)>,
    /// Their password.
    #[command(flatten)]
    pub password: SecretSource,
    /// What password hashes cost.
    #[command(flatten)]
    pub argon2: Argon2,
}

/// Arguments of `user password`.
#[derive(Debug, Args)]
pub struct UserPassword {
    /// The user.
    #[command(flatten)]
    pub user: OneUser,
    /// The new one.
    #[command(flatten)]
    pub password: SecretSource,
    /// What password hashes cost.
    #[command(flatten)]
    pub argon2: Argon2,
}

const RESET_HELP: &str =
    "The user's client redeems it, with the new password; 204 says that it is set:
  curl \"$ISSUER/password\" -u \"$CLIENT_ID:$CLIENT_SECRET\" -w '%{http_code}\\n' \\
    --data-urlencode username=alice --data-urlencode \"reset_token=$TOKEN\" \\
    --data-urlencode \"new_password=$NEW\"
Locally ISSUER is LATCHKEY_ISSUER of .latchkey/watch.env, and /TENANT behind it
unless it is the default tenant.";

/// Arguments of `user reset-token`.
#[derive(Debug, Args)]
pub struct ResetToken {
    /// The user.
    #[command(flatten)]
    pub user: OneUser,
    /// How long it counts: 1m to 7d.
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = reset_lifetime)]
    pub expires: Seconds,
}

fn reset_lifetime(text: &str) -> Result<Seconds, String> {
    let span = duration::parse(text).ok_or("is a duration with its unit: 90s, 15m, 12h or 7d")?;
    RESET_LIFETIME.check(span)
}

pub(super) fn claim(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("a claim is NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}
