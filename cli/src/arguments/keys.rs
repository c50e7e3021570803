//! What `latchkey keys` is called with.

use clap::{Args, Subcommand};
use latchkey_oauth::time::Seconds;
use latchkey_oauth::token::algorithm::Algorithm;
use latchkey_registry::key::MOST_BEFORE_SIGNING;
use latchkey_registry::{client, duration};

use super::OfTenant;

/// Subcommands of `keys`.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// List a tenant's keys.
    List(OfTenant),
    /// Add a key of KMS; from when it signs, the others sign no more, but stay published.
    #[command(
        after_help = "A tenant's first key signs at once. Any other is published now and signs 3 hours
later, as verifiers keep what they have read of the JWK set (API Gateway for 2
hours).

  latchkey keys add 1234abcd-12ab-34cd-56ef-1234567890ab
  latchkey keys add alias/tokens-2027 --tenant acme --signs-from 24h"
    )]
    Add(KeyAdd),
    /// Take a key out of the JWK set now: tokens it signed are refused. For a key that others may have.
    Withdraw(KeyWithdraw),
}

/// Arguments of `keys add`.
#[derive(Debug, Args)]
pub struct KeyAdd {
    /// The key in KMS: its id, ARN or alias.
    #[arg(value_name = "KMS_KEY_ID")]
    pub kms_key_id: String,
    /// Whose ring.
    #[command(flatten)]
    pub of: OfTenant,
    /// What it signs with: RS256, PS256, ES256, ES384 or EdDSA; left out, what goes with the key.
    #[arg(long, value_parser = client::algorithm)]
    pub alg: Option<Algorithm>,
    /// From when it signs: `now`, or a duration from now as `2h`.
    #[arg(long, value_name = "WHEN", value_parser = signs_after)]
    pub signs_from: Option<Seconds>,
}

/// Arguments of `keys withdraw`.
#[derive(Debug, Args)]
pub struct KeyWithdraw {
    /// The key's `kid`, as `keys list` shows it.
    pub kid: String,
    /// Whose ring.
    #[command(flatten)]
    pub of: OfTenant,
}

fn signs_after(text: &str) -> Result<Seconds, &'static str> {
    match text {
        "now" => Ok(Seconds(0)),
        text => duration::parse(text)
            .filter(|span| *span <= MOST_BEFORE_SIGNING)
            .ok_or("`now`, or a duration of at most 30d as 2h"),
    }
}
