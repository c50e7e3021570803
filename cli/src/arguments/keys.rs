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
    /// Publish a certificate for a key, made and signed by the key itself (x5c).
    #[command(
        after_help = "For clients that verify tokens by a certificate: the JWK set shows it as `x5c`
(RFC 7517 section 4.7). KMS signs it, so you need kms:Sign for the key. A new
key has none: certify it after `keys add`, before it signs. A certificate that
is there is replaced. Before a kid that begins with - write --.

  latchkey keys certify NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs
  latchkey keys certify KID --tenant acme --valid-for 365d"
    )]
    Certify(KeyCertify),
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

/// Arguments of `keys certify`.
#[derive(Debug, Args)]
pub struct KeyCertify {
    /// The key's `kid`, as `keys list` shows it.
    pub kid: String,
    /// Whose ring.
    #[command(flatten)]
    pub of: OfTenant,
    /// How long the certificate is good, from now on.
    #[arg(long, value_name = "DURATION", default_value = "3650d", value_parser = valid_for)]
    pub valid_for: Seconds,
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

/// The longest time a certificate is good: nobody changes it at its end but the operator.
const MOST_VALID: Seconds = Seconds::days(3_650);

fn valid_for(text: &str) -> Result<Seconds, &'static str> {
    duration::parse(text)
        .filter(|span| (Seconds::days(1)..=MOST_VALID).contains(span))
        .ok_or("a duration of 1d to 3650d")
}
