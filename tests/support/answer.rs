//! Answers as a client sees them.

use bytes::Bytes;
use http::{Response, StatusCode};
use latchkey_oauth::endpoint::RequestLog;
use serde_json::Value;

/// An answer.
#[derive(Debug)]
pub struct Answer(Response<Bytes>);

impl From<Response<Bytes>> for Answer {
    fn from(response: Response<Bytes>) -> Self {
        Self(response)
    }
}

impl Answer {
    /// The status code.
    pub fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let value = self.0.headers().get(name)?;
        Some(value.to_str().expect("a header in ASCII"))
    }

    /// The body.
    pub fn text(&self) -> &str {
        std::str::from_utf8(self.0.body()).expect("a body in UTF-8")
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(self.text())
            .unwrap_or_else(|error| panic!("not JSON ({error}): {self:?}"))
    }

    /// A member of the body.
    pub fn member(&self, name: &str) -> Value {
        self.json().get(name).cloned().unwrap_or_default()
    }

    /// A member of the body that is a string.
    pub fn string(&self, name: &str) -> String {
        let value = self.member(name);
        let text = value.as_str();
        text.unwrap_or_else(|| panic!("{name} is {value}: {self:?}"))
            .to_owned()
    }

    /// Why it was refused, as the log has it; unknown of the real binaries.
    pub fn reason(&self) -> Option<&'static str> {
        self.0.extensions().get::<RequestLog>()?.reason
    }

    /// The answer, which must be 200.
    #[must_use]
    pub fn ok(self) -> Self {
        assert_eq!(self.0.status(), StatusCode::OK, "{self:?}");
        self
    }

    /// The answer, which must be this refusal: status, error, and the headers every refusal carries.
    #[must_use]
    pub fn refused(self, status: u16, error: &str) -> Self {
        assert_eq!(
            (self.status(), &*self.string("error")),
            (status, error),
            "{self:?}"
        );
        assert_eq!(self.header("cache-control"), Some("no-store"), "{self:?}");
        assert_eq!(
            self.header("content-type"),
            Some("application/json"),
            "{self:?}"
        );
        // RFC 6749 section 5.2: %x20-21 / %x23-5B / %x5D-7E
        let description = self.string("error_description");
        let printable = |byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        assert!(description.bytes().all(printable), "{self:?}");
        self
    }
}
