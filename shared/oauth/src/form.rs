//! Form bodies (`application/x-www-form-urlencoded`), strictly: RFC 6749 section 3.2 and appendix B.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use percent_encoding::percent_decode;
use zeroize::Zeroizing;

use crate::error::OAuthError;

/// The largest body, in bytes.
pub const MAX_BODY: usize = 64 * 1_024;

/// The most parameters: every one is compared with all before it.
const MAX_PARAMETERS: usize = 64;

/// Parameters that RFC 8707 section 2 lets a client repeat. Nothing else may be.
const REPEATABLE: [&str; 1] = ["resource"];

/// Parameters that are credentials or tokens, and so never belong in a query, which logs keep
/// (RFC 6749 section 2.3.1, RFC 6750 section 5.3, RFC 9700 section 4.3.2).
const SECRET: [&str; 10] = [
    "client_secret",
    "client_assertion",
    "password",
    "new_password",
    "reset_token",
    "refresh_token",
    "access_token",
    "token",
    "code",
    "code_verifier",
];

/// The parameters of a request. Values are wiped when dropped: passwords and secrets are among them.
pub struct Form(Vec<(String, Zeroizing<String>)>);

impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}

impl Form {
    /// Reads a body.
    ///
    /// # Errors
    /// `invalid_request` when the body is too large, not form-encoded, not UTF-8, holds a NUL, or repeats
    /// a parameter, or when the query carries a secret.
    pub fn read(parts: &Parts, body: &Bytes) -> Result<Self, OAuthError> {
        refuse_secrets_in_query(parts)?;
        if body.len() > MAX_BODY {
            return Err(OAuthError::invalid_request(
                "body_too_large",
                "The body is larger than 64 KiB.",
            ));
        }
        if !is_form(parts) {
            return Err(OAuthError::invalid_request(
                "not_a_form",
                "The body must be sent as application/x-www-form-urlencoded.",
            ));
        }
        Self::parse(body)
    }

    /// Reads form-encoded text.
    ///
    /// # Errors
    /// As for [`Form::read`], as far as the text itself goes.
    pub fn parse(text: &[u8]) -> Result<Self, OAuthError> {
        check_encoding(text)?;
        let mut form = Self(Vec::new());
        for (name, value) in form_urlencoded::parse(text) {
            if form.0.len() >= MAX_PARAMETERS {
                return Err(OAuthError::invalid_request(
                    "too_many_parameters",
                    "There are more than 64 parameters.",
                ));
            }
            // RFC 6749 section 3.2: "Request and response parameters MUST NOT be included more than once."
            if form.0.iter().any(|(known, _)| **known == *name)
                && !REPEATABLE.contains(&name.as_ref())
            {
                return Err(OAuthError::invalid_request(
                    "repeated_parameter",
                    "A parameter is given more than once.",
                ));
            }
            form.0
                .push((name.into_owned(), Zeroizing::new(value.into_owned())));
        }
        Ok(form)
    }

    /// A parameter's value. RFC 6749 section 3.2: one sent without a value is treated as omitted.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Every value of a parameter that may be repeated.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(move |(known, value)| known == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// A parameter that must be there.
    ///
    /// # Errors
    /// `invalid_request` naming it when it is missing or empty.
    pub fn require(&self, name: &'static str) -> Result<&str, OAuthError> {
        self.get(name).ok_or_else(|| {
            OAuthError::invalid_request(
                "missing_parameter",
                format!("The parameter {name} is missing."),
            )
        })
    }

    /// A parameter that must be there, and must be what `read` takes.
    ///
    /// # Errors
    /// `invalid_request` naming it.
    pub fn parsed<T, E>(
        &self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, OAuthError> {
        read(self.require(name)?).map_err(|_| {
            OAuthError::invalid_request(
                "malformed_parameter",
                format!("The parameter {name} is malformed."),
            )
        })
    }
}

/// # Errors
/// `invalid_request` when the query carries a credential or a token.
pub fn refuse_secrets_in_query(parts: &Parts) -> Result<(), OAuthError> {
    let query = parts.uri.query().unwrap_or_default();
    let found =
        form_urlencoded::parse(query.as_bytes()).any(|(name, _)| SECRET.contains(&name.as_ref()));
    if found {
        return Err(OAuthError::invalid_request(
            "secret_in_query",
            "Credentials and tokens must not be sent in the query.",
        ));
    }
    Ok(())
}

/// Whether the body is declared as a form, with or without parameters such as a charset.
pub fn is_form(parts: &Parts) -> bool {
    parts
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|value| {
            value
                .trim()
                .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        })
}

/// `form_urlencoded` replaces what it cannot decode; a password changed on the way would be refused as
/// wrong, so what it would change is refused here.
fn check_encoding(text: &[u8]) -> Result<(), OAuthError> {
    let mut rest = text;
    while let Some(position) = rest.iter().position(|byte| *byte == b'%') {
        rest = rest.get(position + 1..).unwrap_or_default();
        let escaped = rest.get(..2).unwrap_or_default();
        if escaped.len() != 2 || !escaped.iter().all(u8::is_ascii_hexdigit) {
            return Err(OAuthError::invalid_request(
                "bad_percent_encoding",
                "The body is not form-encoded.",
            ));
        }
    }
    // Separators are ASCII and so never part of a longer character: the whole decodes if and only if each part does.
    let decoded = Zeroizing::new(percent_decode(text).collect::<Vec<u8>>());
    if std::str::from_utf8(&decoded).is_err() {
        return Err(OAuthError::invalid_request(
            "not_utf8",
            "The body is not UTF-8.",
        ));
    }
    if decoded.contains(&0) {
        return Err(OAuthError::invalid_request(
            "nul",
            "The body holds a NUL character.",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reason(text: &[u8]) -> &'static str {
        Form::parse(text).unwrap_err().reason()
    }

    #[test]
    fn refuses_what_it_would_otherwise_change() {
        assert_eq!(reason(b"a=1&a=2"), "repeated_parameter");
        assert_eq!(reason(b"a=&a="), "repeated_parameter");
        assert_eq!(reason(b"a=%zz"), "bad_percent_encoding");
        assert_eq!(reason(b"a=%4"), "bad_percent_encoding");
        assert_eq!(reason(b"a=%ff"), "not_utf8");
        assert_eq!(reason(b"a=\xff"), "not_utf8");
        assert_eq!(reason(b"a=%c3&b=%a4"), "not_utf8");
        assert_eq!(reason(b"a=%00"), "nul");
        let many = (0..65).map(|n| format!("p{n}=1")).collect::<Vec<_>>();
        assert_eq!(reason(many.join("&").as_bytes()), "too_many_parameters");
    }

    #[test]
    fn empty_counts_as_omitted() {
        let form = Form::parse(b"scope=&x=1").unwrap();
        assert_eq!(form.get("scope"), None);
        assert_eq!(
            form.require("scope").unwrap_err().reason(),
            "missing_parameter"
        );
        assert_eq!(form.get("x"), Some("1"));
    }

    #[test]
    fn a_resource_may_be_repeated() {
        let form = Form::parse(b"resource=a&resource=b").unwrap();
        assert_eq!(form.all("resource").collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn debug_tells_no_value() {
        let form = Form::parse(b"password=hunter2").unwrap();
        assert_eq!(format!("{form:?}"), "[\"password\"]");
    }

    proptest! {
        #[test]
        fn never_panics(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Form::parse(&text);
        }

        #[test]
        fn reads_what_a_client_encodes(
            pairs in proptest::collection::btree_map("[a-z]{1,8}", "[^\u{0}]{1,20}", 0..6)
        ) {
            let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
            let form = Form::parse(text.as_bytes()).unwrap();
            for (name, value) in &pairs {
                prop_assert_eq!(form.get(name), Some(value.as_str()));
            }
        }
    }
}
