//! Answers: JSON, never cached unless said so, and refusals with their challenges.

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_TYPE, HeaderValue, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE,
};
use http::{Response, StatusCode};
use serde::Serialize;

use crate::error::{Challenge, ErrorCode, OAuthError};

/// How long a client is asked to wait when something of ours does not answer, in seconds.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("1");

/// A JSON answer that nobody keeps: RFC 6749 section 5.1, RFC 7662 section 4.
///
/// # Errors
/// `server_error` when the value cannot be written as JSON.
pub fn json(status: StatusCode, value: &impl Serialize) -> Result<Response<Bytes>, OAuthError> {
    let body = serde_json::to_vec(value).map_err(|error| {
        OAuthError::new(ErrorCode::ServerError, "answer_not_serialised").because(error)
    })?;
    Ok(with_json(status, body.into()))
}

fn with_json(status: StatusCode, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// An answer without a body that nobody keeps.
pub fn empty(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    error: &'static str,
    error_description: &'a str,
}

/// A refusal as the client gets it: RFC 6749 section 5.2. A fault of ours carries the id that finds its log line.
pub fn refusal(error: &OAuthError, request_id: &str) -> Response<Bytes> {
    let code = error.code();
    let described = match code {
        ErrorCode::ServerError => format!("{} Its id is {request_id}.", error.description()),
        ErrorCode::InvalidRequest
        | ErrorCode::InvalidClient
        | ErrorCode::InvalidGrant
        | ErrorCode::UnauthorizedClient
        | ErrorCode::UnsupportedGrantType
        | ErrorCode::InvalidScope
        | ErrorCode::InvalidTarget
        | ErrorCode::InvalidRedirectUri
        | ErrorCode::InvalidClientMetadata
        | ErrorCode::UnapprovedSoftwareStatement
        | ErrorCode::MissingToken
        | ErrorCode::InvalidToken
        | ErrorCode::InsufficientScope
        | ErrorCode::MethodNotAllowed
        | ErrorCode::NotFound
        | ErrorCode::TemporarilyUnavailable => error.description().to_owned(),
    };
    let body = ErrorBody {
        error: code.as_str(),
        error_description: &described,
    };
    // RFC 6750 section 3.1: who gave no token is told no error code "or other error information".
    let mut response = if code == ErrorCode::MissingToken {
        empty(code.status())
    } else {
        // Two strings always serialise.
        with_json(
            code.status(),
            serde_json::to_vec(&body).unwrap_or_default().into(),
        )
    };
    if code == ErrorCode::TemporarilyUnavailable {
        response
            .headers_mut()
            .insert(RETRY_AFTER, RETRY_AFTER_SECONDS);
    }
    if let Some(challenge) = error.challenge() {
        response
            .headers_mut()
            .insert(WWW_AUTHENTICATE, challenge_header(challenge, code));
    }
    response
}

fn challenge_header(challenge: Challenge, code: ErrorCode) -> HeaderValue {
    HeaderValue::from_static(match (challenge, code) {
        (Challenge::Basic, _) => "Basic realm=\"latchkey\", charset=\"UTF-8\"",
        // RFC 6750 section 3.1: a request without any authentication information is told no error code.
        (Challenge::Bearer, ErrorCode::MissingToken) => "Bearer",
        (Challenge::Bearer, ErrorCode::InvalidRequest) => "Bearer error=\"invalid_request\"",
        (Challenge::Bearer, ErrorCode::InsufficientScope) => {
            "Bearer error=\"insufficient_scope\", scope=\"openid\""
        }
        (Challenge::Bearer, _) => "Bearer error=\"invalid_token\"",
    })
}
