//! Clients that register themselves: RFC 7591 and RFC 7592. What a tenant lets them have, the tokens they register and
//! manage themselves with, and whether they are let in yet.

use std::future::Future;

use serde::{Deserialize, Serialize};

use crate::api::AssignedApi;
use crate::client::Client;
use crate::grant_type::GrantType;
use crate::scope::Scope;
use crate::secret_token::TokenHash;
use crate::store::StoreError;
use crate::tenant::TenantId;
use crate::time::Timestamp;

/// What a tenant lets clients have that register themselves. A tenant without this has no registration endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RegistrationPolicy {
    /// Whether anybody may register; else it takes an initial access token (RFC 7591 section 3).
    #[serde(default)]
    pub open: bool,
    /// The grants they may ask for.
    #[serde(default)]
    pub grant_types: Vec<GrantType>,
    /// The widest scope they may ask for, and what they get who ask for none.
    #[serde(default)]
    pub scope: Scope,
    /// The APIs each of them may have tokens for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apis: Vec<AssignedApi>,
    /// Whether they wait until somebody lets them in.
    #[serde(default)]
    pub activation: ActivationPolicy,
}

/// Who lets a registered client in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActivationPolicy {
    /// Nobody needs to.
    #[default]
    None,
    /// An operator, or the client with a one-time code that an operator gave it.
    Required,
}

impl ActivationPolicy {
    /// Every choice.
    pub const ALL: [Self; 2] = [Self::None, Self::Required];

    /// Its name in the registry.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Required => "required",
        }
    }
}

/// How a client came here that registered itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// What is kept of its registration access token (RFC 7592 section 3).
    pub access_token: TokenHash,
    /// When (RFC 7591 section 3.2.1, `client_id_issued_at`).
    pub issued_at: Timestamp,
    /// Whether it is let in.
    pub activation: Activation,
}

/// Whether a registered client is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// It is.
    Done,
    /// It waits for an operator.
    Waiting,
    /// It waits for an operator, or gives this code.
    Code {
        /// What is kept of the code.
        hash: TokenHash,
        /// Until when the code counts.
        until: Timestamp,
    },
}

/// An initial access token as it is kept, under its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InitialAccess {
    /// How many clients may still register with it.
    pub uses_left: u32,
    /// Until when.
    pub until: Timestamp,
}

impl InitialAccess {
    /// Whether a client may register with it at `now`.
    pub fn counts(&self, now: Timestamp) -> bool {
        self.uses_left > 0 && now < self.until
    }
}

/// Where registrations are kept.
pub trait RegistrationRepository: Send + Sync {
    /// Writes an initial access token.
    fn put_initial_access(
        &self,
        tenant: &TenantId,
        hash: &TokenHash,
        token: &InitialAccess,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// An initial access token as it is now; `None` for one that is not known.
    fn initial_access(
        &self,
        tenant: &TenantId,
        hash: &TokenHash,
    ) -> impl Future<Output = Result<Option<InitialAccess>, StoreError>> + Send;

    /// Writes a client that is not there yet, and uses an initial access token once, where it takes one: both or neither.
    /// Of any number of parallel registrations no more succeed than the token has uses left. `false`, and nothing written,
    /// if the token is used up, past its end, or unknown.
    fn register(
        &self,
        tenant: &TenantId,
        client: &Client,
        initial: Option<&TokenHash>,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
}
