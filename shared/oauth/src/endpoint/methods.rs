//! Which methods a path has, as browsers and clients ask for it.

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_MAX_AGE, ALLOW,
    HeaderValue,
};
use http::{Response, StatusCode};

use crate::http::empty;

/// The Fetch standard's preflight: which methods and headers a script may use.
pub fn preflight(methods: &'static str) -> Response<Bytes> {
    let mut response = empty(StatusCode::NO_CONTENT);
    // RFC 9110 section 9.3.7.
    allow(&mut response, methods, true);
    let headers = response.headers_mut();
    headers.insert(
        ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static(methods),
    );
    headers.insert(
        ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("Authorization, Content-Type, If-None-Match"),
    );
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("3600"));
    response
}

/// Tells which methods there are (RFC 9110 section 10.2.1).
pub fn allow(response: &mut Response<Bytes>, methods: &str, cors: bool) {
    let methods = if cors {
        format!("{methods}, OPTIONS")
    } else {
        methods.to_owned()
    };
    // Method names are always a header's value.
    if let Ok(methods) = HeaderValue::from_str(&methods) {
        response.headers_mut().insert(ALLOW, methods);
    }
}
