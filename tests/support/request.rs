//! Requests as a client would write them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request};

/// A request under construction.
#[derive(Debug, Clone)]
pub struct Ask {
    method: Method,
    path: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Vec<u8>,
}

/// A form on POST.
pub fn post(path: &str, form: &[(&str, &str)]) -> Ask {
    let mut text = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form {
        text.append_pair(name, value);
    }
    Ask::new(Method::POST, path)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(text.finish())
}

/// A GET.
pub fn get(path: &str) -> Ask {
    Ask::new(Method::GET, path)
}

impl Ask {
    /// A request without headers and body.
    pub fn new(method: Method, path: &str) -> Self {
        Self {
            method,
            path: path.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// The same with a header added.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((
            name.parse().expect("a header name"),
            HeaderValue::from_str(value).expect("a header value"),
        ));
        self
    }

    /// The same with a header replaced.
    #[must_use]
    pub fn replace_header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known.as_str() != name);
        self.header(name, value)
    }

    /// The same with another body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// The same with `client_secret_basic`, each part form-encoded (RFC 6749 section 2.3.1).
    #[must_use]
    pub fn basic(self, client_id: &str, secret: &str) -> Self {
        let encode =
            |part: &str| form_urlencoded::byte_serialize(part.as_bytes()).collect::<String>();
        let pair = format!("{}:{}", encode(client_id), encode(secret));
        self.header("authorization", &format!("Basic {}", STANDARD.encode(pair)))
    }

    /// The same with a bearer token.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// The request, below `prefix`.
    pub fn build(self, prefix: &str) -> Request<Bytes> {
        // RFC 8414 section 3.1 puts some well-known paths before the tenant; such a path is absolute already.
        let path = match self.path.strip_prefix('=') {
            Some(absolute) => absolute.to_owned(),
            None => format!("{prefix}{}", self.path),
        };
        let mut request = Request::builder().method(self.method).uri(path);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        request
            .body(Bytes::from(self.body))
            .expect("a well-formed request")
    }
}
