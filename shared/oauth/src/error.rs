//! Every way a request can end badly: one table from code to wire name and status.

use std::borrow::Cow;
use std::error::Error;

use http::StatusCode;
use strum::EnumCount;

use crate::audit::AuditEvent;
use crate::random::RandomError;
use crate::store::StoreError;
use crate::user::Subject;

/// What went wrong, as far as a client may know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumCount)]
pub enum ErrorCode {
    /// RFC 6749 section 5.2: missing, empty, repeated or contradictory parameters.
    InvalidRequest,
    /// RFC 6749 section 5.2: client authentication failed.
    InvalidClient,
    /// RFC 6749 section 5.2: the grant or refresh token is wrong, expired, used or another client's.
    InvalidGrant,
    /// RFC 6749 section 5.2: this client may not use this grant.
    UnauthorizedClient,
    /// RFC 6749 section 5.2: this server does not know the grant.
    UnsupportedGrantType,
    /// RFC 6749 section 5.2: scope unknown, malformed, or wider than allowed.
    InvalidScope,
    /// RFC 8707 section 2: the resource is unknown or not this client's.
    InvalidTarget,
    /// RFC 7591 section 3.2.2: a redirect URI is not one.
    InvalidRedirectUri,
    /// RFC 7591 section 3.2.2: a member of the metadata is wrong, or not allowed.
    InvalidClientMetadata,
    /// RFC 7591 section 3.2.2: no software statement is approved here.
    UnapprovedSoftwareStatement,
    /// No RFC's: a new password that the tenant does not take.
    WeakPassword,
    /// RFC 6750 section 3.1: no bearer token at all; the challenge carries no error code then.
    MissingToken,
    /// RFC 6750 section 3.1: the bearer token is expired, revoked or malformed.
    InvalidToken,
    /// RFC 6750 section 3.1: the bearer token lacks the scope.
    InsufficientScope,
    /// RFC 9110 section 15.5.6.
    MethodNotAllowed,
    /// RFC 9110 section 15.5.5: no such path, or no such tenant.
    NotFound,
    /// The store or the signer does not answer, after bounded retries.
    TemporarilyUnavailable,
    /// A fault of ours.
    ServerError,
}

impl ErrorCode {
    /// Every code, for the tests that go row by row.
    pub const ALL: [Self; Self::COUNT] = [
        Self::InvalidRequest,
        Self::InvalidClient,
        Self::InvalidGrant,
        Self::UnauthorizedClient,
        Self::UnsupportedGrantType,
        Self::InvalidScope,
        Self::InvalidTarget,
        Self::InvalidRedirectUri,
        Self::InvalidClientMetadata,
        Self::UnapprovedSoftwareStatement,
        Self::WeakPassword,
        Self::MissingToken,
        Self::InvalidToken,
        Self::InsufficientScope,
        Self::MethodNotAllowed,
        Self::NotFound,
        Self::TemporarilyUnavailable,
        Self::ServerError,
    ];

    /// THE table: wire name, HTTP status, and what is said when nothing better is.
    const fn row(self) -> (&'static str, StatusCode, &'static str) {
        match self {
            Self::InvalidRequest => (
                "invalid_request",
                StatusCode::BAD_REQUEST,
                "The request is malformed.",
            ),
            Self::InvalidClient => (
                "invalid_client",
                StatusCode::UNAUTHORIZED,
                "Client authentication failed.",
            ),
            Self::InvalidGrant => (
                "invalid_grant",
                StatusCode::BAD_REQUEST,
                "The credentials or the token given are not valid.",
            ),
            Self::UnauthorizedClient => (
                "unauthorized_client",
                StatusCode::BAD_REQUEST,
                "This client may not use this grant type.",
            ),
            Self::UnsupportedGrantType => (
                "unsupported_grant_type",
                StatusCode::BAD_REQUEST,
                "This grant type is not supported.",
            ),
            Self::InvalidScope => (
                "invalid_scope",
                StatusCode::BAD_REQUEST,
                "The scope is unknown, malformed, or wider than allowed.",
            ),
            Self::InvalidTarget => (
                "invalid_target",
                StatusCode::BAD_REQUEST,
                "The resource is unknown or not assigned to this client.",
            ),
            Self::InvalidRedirectUri => (
                "invalid_redirect_uri",
                StatusCode::BAD_REQUEST,
                "A redirect URI is not one.",
            ),
            Self::InvalidClientMetadata => (
                "invalid_client_metadata",
                StatusCode::BAD_REQUEST,
                "The client metadata is malformed or not allowed.",
            ),
            Self::UnapprovedSoftwareStatement => (
                "unapproved_software_statement",
                StatusCode::BAD_REQUEST,
                "No software statement is approved here.",
            ),
            Self::WeakPassword => (
                "weak_password",
                StatusCode::BAD_REQUEST,
                "The new password is not taken.",
            ),
            Self::MissingToken => (
                "invalid_token",
                StatusCode::UNAUTHORIZED,
                "A bearer token is required.",
            ),
            Self::InvalidToken => (
                "invalid_token",
                StatusCode::UNAUTHORIZED,
                "The access token is expired, revoked or malformed.",
            ),
            Self::InsufficientScope => (
                "insufficient_scope",
                StatusCode::FORBIDDEN,
                "The access token does not carry the scope this needs.",
            ),
            Self::MethodNotAllowed => (
                "invalid_request",
                StatusCode::METHOD_NOT_ALLOWED,
                "This endpoint does not take this method.",
            ),
            Self::NotFound => (
                "invalid_request",
                StatusCode::NOT_FOUND,
                "There is nothing here.",
            ),
            Self::TemporarilyUnavailable => (
                "temporarily_unavailable",
                StatusCode::SERVICE_UNAVAILABLE,
                "The service is busy. Try the same request again.",
            ),
            Self::ServerError => (
                "server_error",
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something went wrong on the server.",
            ),
        }
    }

    /// The value of `error` on the wire.
    pub const fn as_str(self) -> &'static str {
        self.row().0
    }

    /// The HTTP status it is answered with.
    pub const fn status(self) -> StatusCode {
        self.row().1
    }

    /// The security decision that a refusal with this code usually is. An `invalid_grant` is one of several, so who
    /// refuses says which.
    const fn event(self) -> Option<AuditEvent> {
        match self {
            Self::InvalidClient => Some(AuditEvent::ClientRefused),
            Self::UnauthorizedClient
            | Self::UnsupportedGrantType
            | Self::InvalidScope
            | Self::InvalidTarget => Some(AuditEvent::GrantRefused),
            Self::InvalidToken | Self::InsufficientScope => Some(AuditEvent::BearerRefused),
            Self::InvalidGrant
            | Self::InvalidRequest
            | Self::InvalidRedirectUri
            | Self::InvalidClientMetadata
            | Self::UnapprovedSoftwareStatement
            | Self::WeakPassword
            | Self::MissingToken
            | Self::MethodNotAllowed
            | Self::NotFound
            | Self::TemporarilyUnavailable
            | Self::ServerError => None,
        }
    }

    /// The value of `error_description` when the code says it all.
    pub const fn description(self) -> &'static str {
        self.row().2
    }
}

/// The `WWW-Authenticate` a refusal carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Challenge {
    /// RFC 6749 section 5.2: the client used the `Authorization` header, so it is told the scheme.
    Basic,
    /// RFC 6750 section 3.
    Bearer,
    /// The same, naming the scope that is needed.
    BearerWith(&'static str),
}

/// A refusal: what the client is told, and what only the log is told.
#[derive(Debug)]
pub struct OAuthError {
    code: ErrorCode,
    description: Cow<'static, str>,
    challenge: Option<Challenge>,
    reason: &'static str,
    event: Option<AuditEvent>,
    subject: Option<Subject>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl OAuthError {
    /// A refusal with the code's own words. `reason` is for the log alone, in snake_case.
    pub const fn new(code: ErrorCode, reason: &'static str) -> Self {
        Self {
            code,
            description: Cow::Borrowed(code.description()),
            challenge: None,
            reason,
            event: code.event(),
            subject: None,
            source: None,
        }
    }

    /// A refusal in words of its own: printable ASCII without `"` and `\\` (RFC 6749 section 5.2).
    pub fn described(
        code: ErrorCode,
        reason: &'static str,
        description: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            description: description.into(),
            ..Self::new(code, reason)
        }
    }

    /// An `invalid_request` that names what is wrong. The words may not repeat what the client sent.
    pub fn invalid_request(
        reason: &'static str,
        description: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::described(ErrorCode::InvalidRequest, reason, description)
    }

    /// The same refusal with a challenge.
    #[must_use]
    pub const fn challenged(mut self, challenge: Challenge) -> Self {
        self.challenge = Some(challenge);
        self
    }

    /// The same refusal as another security decision than its code's own.
    #[must_use]
    pub const fn audited(mut self, event: AuditEvent) -> Self {
        self.event = Some(event);
        self
    }

    /// The same refusal, told of a user: for the log alone.
    #[must_use]
    pub fn about(mut self, subject: &Subject) -> Self {
        self.subject = Some(subject.clone());
        self
    }

    /// The same refusal with the fault beneath it, for the log.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The code.
    pub const fn code(&self) -> ErrorCode {
        self.code
    }

    /// What the client reads.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The challenge, if one is due.
    pub const fn challenge(&self) -> Option<Challenge> {
        self.challenge
    }

    /// What the log reads.
    pub const fn reason(&self) -> &'static str {
        self.reason
    }

    /// Which security decision it is, if it is one.
    pub const fn event(&self) -> Option<AuditEvent> {
        self.event
    }

    /// Whom it is about, if a known user.
    pub const fn subject(&self) -> Option<&Subject> {
        self.subject.as_ref()
    }

    /// The fault beneath.
    pub fn source(&self) -> Option<&(dyn Error + Send + Sync)> {
        self.source.as_deref()
    }
}

impl From<StoreError> for OAuthError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(source) => {
                Self::new(ErrorCode::TemporarilyUnavailable, "store_unavailable").because(source)
            }
            StoreError::Internal(source) => {
                Self::new(ErrorCode::ServerError, "store_failed").because(source)
            }
        }
    }
}

impl From<RandomError> for OAuthError {
    fn from(error: RandomError) -> Self {
        Self::new(ErrorCode::ServerError, "no_randomness").because(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_description_is_printable_ascii_without_quote_or_backslash() {
        // RFC 6749 section 5.2: %x20-21 / %x23-5B / %x5D-7E
        for code in ErrorCode::ALL {
            for byte in code.description().bytes() {
                assert!(
                    matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e),
                    "{code:?}: {byte:#x}"
                );
            }
        }
    }
}
