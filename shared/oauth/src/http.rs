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

/// A signed answer that nobody keeps: RFC 7519 section 10.3.1.
pub fn jwt(token: String) -> Response<Bytes> {
    let mut response = with_json(StatusCode::OK, token.into());
    let of_a_jwt = HeaderValue::from_static("application/jwt");
    response.headers_mut().insert(CONTENT_TYPE, of_a_jwt);
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

/// A problem: RFC 9457. `error` is for programs, as in every other refusal of ours.
#[derive(Debug, Serialize)]
pub struct Problem<'a, E: Serialize> {
    /// What the status means.
    pub title: &'a str,
    /// The status.
    pub status: u16,
    /// What is wrong, for a person.
    pub detail: &'a str,
    /// What is wrong, for a program. Who gave no token is told no error code (RFC 6750 section 3.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'a str>,
    /// What more there is to say.
    #[serde(flatten)]
    pub more: E,
}

impl<E: Serialize> Problem<'_, E> {
    /// The answer.
    ///
    /// # Errors
    /// `server_error` when it cannot be written as JSON.
    pub fn answer(&self) -> Result<Response<Bytes>, OAuthError> {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        let mut response = json(status, self)?;
        response.headers_mut().insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        Ok(response)
    }
}

/// What the status means, for people.
pub fn title(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("Error")
}

fn problem(code: ErrorCode, described: &str) -> Response<Bytes> {
    let problem = Problem {
        title: title(code.status()),
        status: code.status().as_u16(),
        detail: described,
        error: (code != ErrorCode::MissingToken).then(|| code.as_str()),
        more: (),
    };
    // Texts and a number always serialise.
    problem.answer().unwrap_or_else(|_| empty(code.status()))
}

/// A refusal as the client gets it: RFC 6749 section 5.2, or a problem where the endpoint tells those. A fault of ours
/// carries the id that finds its log line.
pub fn refusal(error: &OAuthError, request_id: &str, as_problem: bool) -> Response<Bytes> {
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
        | ErrorCode::WeakPassword
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
    let mut response = if as_problem {
        problem(code, &described)
    } else if code == ErrorCode::MissingToken {
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
    let text = match (challenge, code) {
        (Challenge::Basic, _) => "Basic realm=\"latchkey\", charset=\"UTF-8\"",
        // RFC 6750 section 3.1: a request without any authentication information is told no error code.
        (Challenge::Bearer | Challenge::BearerWith(_), ErrorCode::MissingToken) => "Bearer",
        (Challenge::Bearer | Challenge::BearerWith(_), ErrorCode::InvalidRequest) => {
            "Bearer error=\"invalid_request\""
        }
        (Challenge::BearerWith(scope), ErrorCode::InsufficientScope) => {
            let text = format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"");
            // A scope is printable ASCII without quotes (RFC 6749 section 3.3), so it fits.
            return HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("Bearer"));
        }
        (Challenge::Bearer, ErrorCode::InsufficientScope) => "Bearer error=\"insufficient_scope\"",
        (Challenge::Bearer | Challenge::BearerWith(_), _) => "Bearer error=\"invalid_token\"",
    };
    HeaderValue::from_static(text)
}
