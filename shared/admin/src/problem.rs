//! Refusals of the management API: problems of RFC 9457, which name the fields that are wrong.

use bytes::Bytes;
use http::header::{ALLOW, HeaderValue};
use http::{Response, StatusCode};
use latchkey_oauth::endpoint::chain;
use latchkey_oauth::error::OAuthError;
use latchkey_oauth::http::{Problem as Answer, title};
use latchkey_oauth::random::RandomError;
use latchkey_oauth::store::StoreError;
use latchkey_registry::fault::{At, FaultyFile, Pointer};
use serde::Serialize;

/// Why a request came to nothing.
#[derive(Debug)]
pub enum Refusal {
    /// For a reason of the management API's own.
    Problem(Box<Problem>),
    /// For one that it has in common with other endpoints.
    Protocol(OAuthError),
}

/// A problem.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    error: &'static str,
    detail: String,
    allow: Option<String>,
    /// What lies beneath it, for the log alone.
    fault: Option<String>,
    more: More,
}

#[derive(Debug, Default, Serialize)]
struct More {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    #[serde(flatten)]
    deletion: Option<Deletion>,
}

/// What is wrong with one field.
#[derive(Debug, Serialize)]
struct FieldError {
    /// JSON Pointer (RFC 6901) into the request's body.
    pointer: String,
    /// What is wrong and what to do.
    detail: String,
}

/// What a deletion would take away, and what to say if it is meant.
#[derive(Debug, Serialize)]
pub struct Deletion {
    /// How many of each kind.
    pub takes_away: Counts,
    /// Says that these were seen.
    pub confirmation: String,
}

/// What belongs to a tenant, counted.
#[derive(Debug, Serialize)]
pub struct Counts {
    /// Clients.
    pub clients: usize,
    /// APIs.
    pub apis: usize,
    /// Users.
    pub users: usize,
    /// Signing keys.
    pub keys: usize,
}

impl Problem {
    /// What the log says of it, too.
    pub const fn error(&self) -> &'static str {
        self.error
    }

    /// What lies beneath it, for the log.
    pub fn fault(&self) -> Option<&str> {
        self.fault.as_deref()
    }

    /// Whether it refuses what whoever asks may not do.
    pub fn is_forbidden(&self) -> bool {
        self.status == StatusCode::FORBIDDEN
    }

    /// The answer.
    ///
    /// # Errors
    /// `server_error` when it cannot be written as JSON.
    pub fn answer(&self) -> Result<Response<Bytes>, OAuthError> {
        let problem = Answer {
            title: title(self.status),
            status: self.status.as_u16(),
            detail: &self.detail,
            error: Some(self.error),
            more: &self.more,
        };
        let mut response = problem.answer()?;
        let allow = self.allow.as_deref().map(HeaderValue::from_str);
        if let Some(Ok(allow)) = allow {
            response.headers_mut().insert(ALLOW, allow);
        }
        Ok(response)
    }
}

impl Refusal {
    /// The same refusal with the fault beneath it, for the log.
    pub fn because(self, error: &(dyn std::error::Error + Send + Sync)) -> Self {
        match self {
            Self::Problem(mut problem) => {
                problem.fault = Some(chain(error));
                Self::Problem(problem)
            }
            Self::Protocol(error) => Self::Protocol(error),
        }
    }
}

/// A refusal for a reason that has no more to it than its words.
pub fn refuse(status: StatusCode, error: &'static str, detail: impl Into<String>) -> Refusal {
    Refusal::Problem(Box::new(Problem {
        status,
        error,
        detail: detail.into(),
        allow: None,
        fault: None,
        more: More::default(),
    }))
}

/// Nothing is there.
pub fn not_found(what: &str) -> Refusal {
    let detail = format!("There is no such {what}.");
    refuse(StatusCode::NOT_FOUND, "not_found", detail)
}

/// A malformed request.
pub fn bad_request(detail: impl Into<String>) -> Refusal {
    refuse(StatusCode::BAD_REQUEST, "invalid_request", detail)
}

/// Another method (RFC 9110 section 15.5.6).
pub fn wrong_method(allow: String) -> Refusal {
    Refusal::Problem(Box::new(Problem {
        status: StatusCode::METHOD_NOT_ALLOWED,
        error: "method_not_allowed",
        detail: format!("Allowed here: {allow}."),
        allow: Some(allow),
        fault: None,
        more: More::default(),
    }))
}

/// Well-formed JSON whose fields are not what they should be.
pub fn invalid_fields(faulty: FaultyFile) -> Refusal {
    let errors = faulty.faults.into_iter().map(|fault| FieldError {
        pointer: match fault.at {
            Some(At::Pointer(Pointer { pointer })) => pointer,
            Some(At::Line(_)) | None => String::new(),
        },
        detail: fault.message,
    });
    Refusal::Problem(Box::new(Problem {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        error: "invalid_fields",
        detail: "Some fields are not as they should be; `errors` says which.".to_owned(),
        allow: None,
        fault: None,
        more: More {
            errors: errors.collect(),
            deletion: None,
        },
    }))
}

/// One field that is not what it should be.
pub fn invalid_field(pointer: &str, detail: impl Into<String>) -> Refusal {
    Refusal::Problem(Box::new(Problem {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        error: "invalid_fields",
        detail: "A field is not as it should be; `errors` says which.".to_owned(),
        allow: None,
        fault: None,
        more: More {
            errors: vec![FieldError {
                pointer: pointer.to_owned(),
                detail: detail.into(),
            }],
            deletion: None,
        },
    }))
}

impl Refusal {
    /// The same for who sent only what stands at `place` of what was read: pointers begin there, and what is wrong elsewhere
    /// is wrong with all of it.
    pub fn within(mut self, place: &str) -> Self {
        if let Self::Problem(problem) = &mut self {
            for error in &mut problem.more.errors {
                let inside = error.pointer.strip_prefix(place);
                let inside = inside.filter(|it| it.is_empty() || it.starts_with('/'));
                error.pointer = inside.unwrap_or_default().to_owned();
            }
        }
        self
    }
}

/// A write that does not say what it is to go over (RFC 6585 section 3).
pub fn precondition_required() -> Refusal {
    refuse(
        StatusCode::PRECONDITION_REQUIRED,
        "precondition_required",
        "Say by If-Match which state is to be changed: the ETag that reading it gave.",
    )
}

/// A write over what somebody else has written meanwhile (RFC 9110 section 13.1.1).
pub fn stale() -> Refusal {
    refuse(
        StatusCode::PRECONDITION_FAILED,
        "stale",
        "Somebody has changed it since: read it again.",
    )
}

/// Something of this name is there.
pub fn already_there(what: &str) -> Refusal {
    refuse(
        StatusCode::CONFLICT,
        "already_exists",
        format!("There is such a {what} already."),
    )
}

/// A deletion that is not confirmed, or not of what is there now.
pub fn confirmation_required(deletion: Deletion) -> Refusal {
    Refusal::Problem(Box::new(Problem {
        status: StatusCode::CONFLICT,
        error: "confirmation_required",
        detail: "This takes away all that `takes_away` counts; keys stay in KMS, are no other tenant's, and can be deleted there. \
            The same request with ?confirmation= and the code does it."
            .to_owned(),
        allow: None,
        fault: None,
        more: More {
            errors: Vec::new(),
            deletion: Some(deletion),
        },
    }))
}

impl From<OAuthError> for Refusal {
    fn from(error: OAuthError) -> Self {
        Self::Protocol(error)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Protocol(error.into())
    }
}

impl From<RandomError> for Refusal {
    fn from(error: RandomError) -> Self {
        Self::Protocol(error.into())
    }
}
