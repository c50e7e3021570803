//! Grants: a grant is one file. This one reads which is asked for and holds what they share.

pub mod client_credentials;
pub mod password;
pub mod refresh_token;

use secrecy::SecretString;

use crate::client::Client;
use crate::client_auth::AuthenticatedClient;
use crate::error::{ErrorCode, OAuthError};
use crate::form::Form;
use crate::grant_type::GrantType;
use crate::lockout::Source;
use crate::password::Password;
use crate::scope::{OPENID, Scope};
use crate::tenant::{Issuer, Tenant};
use crate::time::Timestamp;
use crate::user::Username;

/// A token request, parsed.
#[derive(Debug)]
pub enum TokenRequest {
    /// RFC 6749 section 4.3.2.
    Password {
        /// Who claims to sign in.
        username: Username,
        /// Their proof.
        password: Password,
    },
    /// RFC 6749 section 4.4.2.
    ClientCredentials,
    /// RFC 6749 section 6.
    RefreshToken {
        /// The token presented.
        refresh_token: SecretString,
    },
}

impl TokenRequest {
    /// Reads which grant is asked for.
    ///
    /// # Errors
    /// `invalid_request` without `grant_type`, `unsupported_grant_type` for one that is not known,
    /// `unauthorized_client` for one that is not this client's.
    pub fn grant_type(form: &Form, client: &AuthenticatedClient) -> Result<GrantType, OAuthError> {
        let grant_type = GrantType::parse(form.require("grant_type")?).ok_or(OAuthError::new(
            ErrorCode::UnsupportedGrantType,
            "unknown_grant_type",
        ))?;
        let fit = !grant_type.needs_confidential_client() || client.is_confidential();
        if fit && client.allows(grant_type) {
            Ok(grant_type)
        } else {
            Err(OAuthError::new(
                ErrorCode::UnauthorizedClient,
                "grant_not_allowed",
            ))
        }
    }

    /// Reads the parameters of a grant.
    ///
    /// # Errors
    /// `invalid_request` for one that is missing or out of bounds.
    pub fn parse(grant_type: GrantType, form: &Form) -> Result<Self, OAuthError> {
        match grant_type {
            GrantType::Password => Ok(Self::Password {
                username: Username::parse(form.require("username")?)
                    .map_err(|_| malformed("username"))?,
                password: Password::parse(form.require("password")?)
                    .map_err(|_| malformed("password"))?,
            }),
            GrantType::ClientCredentials => Ok(Self::ClientCredentials),
            GrantType::RefreshToken => Ok(Self::RefreshToken {
                refresh_token: SecretString::from(form.require("refresh_token")?),
            }),
        }
    }
}

fn malformed(name: &'static str) -> OAuthError {
    OAuthError::invalid_request(
        "malformed_parameter",
        format!("The parameter {name} is malformed."),
    )
}

/// What every grant is told besides its own parameters.
#[derive(Debug)]
pub struct Context<'a> {
    /// The tenant asked.
    pub tenant: &'a Tenant,
    /// Its issuer.
    pub issuer: &'a Issuer,
    /// The client that asks.
    pub client: &'a AuthenticatedClient,
    /// Scope and resources asked for.
    pub wish: Wish<'a>,
    /// Where the request came from.
    pub source: &'a Source,
    /// When.
    pub now: Timestamp,
}

/// The scope and the resources a request names.
#[derive(Debug)]
pub struct Wish<'a> {
    scope: Option<&'a str>,
    resources: Vec<&'a str>,
}

impl<'a> Wish<'a> {
    /// Reads `scope` (RFC 6749 section 3.3) and `resource` (RFC 8707 section 2).
    pub fn read(form: &'a Form) -> Self {
        Self {
            scope: form.get("scope"),
            resources: form.all("resource").collect(),
        }
    }

    /// The scope to grant: what was asked for if it lies within `widest`; if nothing was, as much of `default` as does.
    ///
    /// # Errors
    /// `invalid_scope` when it is malformed or wider.
    pub fn scope(&self, widest: &Scope, default: &Scope) -> Result<Scope, OAuthError> {
        let Some(text) = self.scope else {
            return Ok(default.intersection(widest));
        };
        let refuse = |reason| OAuthError::new(ErrorCode::InvalidScope, reason);
        let scope = Scope::parse(text).map_err(|_| refuse("malformed_scope"))?;
        if scope.is_subset_of(widest) {
            Ok(scope)
        } else {
            Err(refuse("scope_too_wide"))
        }
    }

    /// The audience: the resources asked for if each is among `widest`, all of `widest` if none was.
    ///
    /// # Errors
    /// `invalid_target` for one that is not.
    pub fn audience(&self, widest: &[String]) -> Result<Vec<String>, OAuthError> {
        if self.resources.is_empty() {
            return Ok(widest.to_vec());
        }
        let mut audience: Vec<String> = Vec::new();
        for resource in &self.resources {
            if !widest.iter().any(|known| known == resource) {
                return Err(OAuthError::new(
                    ErrorCode::InvalidTarget,
                    "unknown_resource",
                ));
            }
            if !audience.iter().any(|known| known == resource) {
                audience.push((*resource).to_owned());
            }
        }
        Ok(audience)
    }
}

/// Whom a client's access tokens of this scope may be for: its resource servers, or the issuer itself where there
/// is none (RFC 9068 section 3: a default resource indicator). With `openid` the issuer is among them, as UserInfo
/// is its resource; a request that names other resources leaves it out (RFC 9068 section 3).
fn audience_of(client: &Client, issuer: &Issuer, scope: &Scope) -> Vec<String> {
    let mut audience = client.audience.clone();
    let userinfo = scope.contains(OPENID) && !audience.iter().any(|it| it == issuer.as_str());
    if audience.is_empty() || userinfo {
        audience.push(issuer.as_str().to_owned());
    }
    audience
}
