//! Grants: a grant is one file. This one reads which is asked for. For whom and for what a token is, [`crate::target`]
//! decides for all of them.

pub mod client_credentials;
pub mod password;
pub mod refresh_token;

use secrecy::SecretString;

use crate::client_auth::AuthenticatedClient;
use crate::error::{ErrorCode, OAuthError};
use crate::form::Form;
use crate::grant_type::GrantType;
use crate::password::Password;
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
        if client.may_use(grant_type) {
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
                username: form.parsed("username", Username::parse)?,
                password: form.parsed("password", Password::parse)?,
            }),
            GrantType::ClientCredentials => Ok(Self::ClientCredentials),
            GrantType::RefreshToken => Ok(Self::RefreshToken {
                refresh_token: SecretString::from(form.require("refresh_token")?),
            }),
        }
    }
}
