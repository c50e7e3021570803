//! Bearer tokens in the header: RFC 6750 section 2.1.

use http::header::AUTHORIZATION;
use http::request::Parts;

use crate::error::OAuthError;

/// The token in the `Authorization` header; `None` without one, or with another scheme.
///
/// # Errors
/// `invalid_request` when the header is given more than once.
pub fn in_header(parts: &Parts) -> Result<Option<String>, OAuthError> {
    let mut headers = parts.headers.get_all(AUTHORIZATION).iter();
    let Some(header) = headers.next() else {
        return Ok(None);
    };
    if headers.next().is_some() {
        return Err(OAuthError::invalid_request(
            "two_authorization_headers",
            "The Authorization header is given more than once.",
        ));
    }
    let text = header.to_str().ok().and_then(|text| text.split_once(' '));
    Ok(text
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim_matches(' ').to_owned()))
}
