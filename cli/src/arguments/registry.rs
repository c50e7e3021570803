//! Tenants, APIs and registration, one by one.

use clap::{Args, Subcommand};
use latchkey_oauth::api::ResourceId;
use latchkey_oauth::client::ClientId;
use latchkey_oauth::tenant::TenantId;
use latchkey_oauth::time::Seconds;
use latchkey_registry::duration;

use super::{Deletion, OfTenant, OneClient};

/// Subcommands of `tenant`.
#[derive(Debug, Subcommand)]
pub enum TenantCommand {
    /// List the tenants.
    List,
    /// Add a tenant, with the defaults of docs/registry-file.md; the registry file sets them otherwise.
    Add(TenantAdd),
    /// Delete a tenant with all that belongs to it. Tells what that is, and asks; or does it, told --yes.
    Delete(Deletion<OneTenant>),
}

/// A tenant by its name.
#[derive(Debug, Args)]
pub struct OneTenant {
    /// Its name: the path segment after the base URL.
    #[arg(value_parser = TenantId::parse)]
    pub tenant: TenantId,
}

/// Arguments of `tenant add`.
#[derive(Debug, Args)]
pub struct TenantAdd {
    /// The tenant.
    #[command(flatten)]
    pub one: OneTenant,
    /// For people, in lists.
    #[arg(long, value_name = "TEXT")]
    pub name: Option<String>,
}

/// Subcommands of `api`.
#[derive(Debug, Subcommand)]
pub enum ApiCommand {
    /// List a tenant's APIs.
    List(OfTenant),
    /// Add an API.
    #[command(after_help = "  latchkey api add https://orders.example.com \\
    --scope orders:read='See orders' --scope orders:write \\
    --claim email_address=email --constant tier=gold \\
    --access-token-lifetime 10m")]
    Add(Box<ApiAdd>),
    /// Let a client have tokens for an API, with these scopes of it and no others.
    #[command(after_help = "  latchkey api assign https://orders.example.com shop \\
    --scope 'orders:read orders:write'")]
    Assign(ApiAssign),
    /// Let a client have no tokens for an API any more.
    Unassign(ApiUnassign),
    /// Delete an API; asks first, unless told --yes.
    Delete(Deletion<OneApi>),
}

/// An API of a tenant.
#[derive(Debug, Args)]
pub struct OneApi {
    /// Its identifier, which requests name as `resource`.
    #[arg(value_parser = ResourceId::parse)]
    pub resource: ResourceId,
    /// Its tenant.
    #[command(flatten)]
    pub of: OfTenant,
}

/// Arguments of `api add`.
#[derive(Debug, Args)]
pub struct ApiAdd {
    /// The API.
    #[command(flatten)]
    pub api: OneApi,
    /// For people, in lists.
    #[arg(long, value_name = "TEXT")]
    pub name: Option<String>,
    /// For people, where they look at one.
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// What its tokens say in `aud`, if not the identifier: a URI, or a client that may introspect them; may be repeated.
    #[arg(long, value_name = "URI")]
    pub audience: Vec<String>,
    /// A scope, with what it allows; may be repeated.
    #[arg(long = "scope", value_name = "VALUE[=DESCRIPTION]")]
    pub scopes: Vec<String>,
    /// A claim of its access tokens, from the user's attribute of that name or another; may be repeated.
    #[arg(long = "claim", value_name = "NAME[=ATTRIBUTE]")]
    pub claims: Vec<String>,
    /// A claim of its access tokens that is always the same; may be repeated.
    #[arg(long = "constant", value_name = "NAME=VALUE", value_parser = super::user::claim)]
    pub constants: Vec<(String, String)>,
    /// How long its access tokens live.
    #[arg(long, value_name = "DURATION")]
    pub access_token_lifetime: Option<String>,
    /// How long one of its refresh tokens lives.
    #[arg(long, value_name = "DURATION")]
    pub refresh_token_lifetime: Option<String>,
}

/// Arguments of `api assign`.
#[derive(Debug, Args)]
pub struct ApiAssign {
    /// The API and the client.
    #[command(flatten)]
    pub pair: ApiUnassign,
    /// The scopes of the API that the client may have.
    #[arg(long, default_value = "")]
    pub scope: String,
}

/// Arguments of `api unassign`.
#[derive(Debug, Args)]
pub struct ApiUnassign {
    /// The API's identifier.
    #[arg(value_parser = ResourceId::parse)]
    pub resource: ResourceId,
    /// The client's.
    #[arg(value_parser = ClientId::parse)]
    pub client_id: ClientId,
    /// Their tenant.
    #[command(flatten)]
    pub of: OfTenant,
}

/// Arguments of `client activation-code`.
#[derive(Debug, Args)]
pub struct ActivationCode {
    /// The client.
    #[command(flatten)]
    pub client: OneClient,
    /// How long the code counts.
    #[arg(long, value_name = "DURATION", default_value = "7d", value_parser = span)]
    pub expires: Seconds,
}

/// Arguments of `client registration-token`.
#[derive(Debug, Args)]
pub struct NewInitialAccess {
    /// Where clients may register with it.
    #[command(flatten)]
    pub of: OfTenant,
    /// How many clients may.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub uses: u32,
    /// How long it counts.
    #[arg(long, value_name = "DURATION", default_value = "7d", value_parser = span)]
    pub expires: Seconds,
}

fn span(text: &str) -> Result<Seconds, &'static str> {
    let most = Seconds::days(400);
    let span = duration::parse(text).filter(|span| span.0 > 0 && *span <= most);
    span.ok_or("a duration with its unit, up to 400d: 90s, 15m, 12h or 7d")
}
