//! Asks over HTTP, as any client would: nothing is followed, kept or tried again.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use ureq::http::{HeaderMap, Method, Request};
use ureq::tls::{RootCerts, TlsConfig};

const PATIENCE: Duration = Duration::from_secs(15);
/// The most of an answer that is read.
const LONGEST: u64 = 1 << 20;

/// Who asks.
#[derive(Debug)]
pub struct Probe(ureq::Agent);

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub text: String,
}

impl Answer {
    /// A header's value, if it is there and text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_str(&self.text).ok()
    }

    /// `error` of the body, as RFC 6749 section 5.2 has it.
    pub fn error(&self) -> String {
        let json = self.json().unwrap_or_default();
        let error = json.get("error").and_then(Value::as_str);
        error.unwrap_or("no error code").to_owned()
    }
}

impl Probe {
    /// A client that trusts whom the system trusts.
    pub fn new() -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::PlatformVerifier)
            .unversioned_rustls_crypto_provider(provider)
            .build();
        let config = ureq::Agent::config_builder()
            .tls_config(tls)
            .timeout_global(Some(PATIENCE))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .allow_non_standard_methods(true)
            .build();
        Self(config.into())
    }

    /// Sends a request.
    ///
    /// # Errors
    /// Why there is no answer.
    pub fn send(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        form: &[(&str, &str)],
    ) -> Result<Answer, String> {
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let sent = if form.is_empty() {
            let request = request.body(()).map_err(|error| error.to_string())?;
            self.0.run(request)
        } else {
            let body = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(form)
                .finish();
            let request = request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body)
                .map_err(|error| error.to_string())?;
            self.0.run(request)
        };
        let mut answer = sent.map_err(|error| error.to_string())?;
        let body = answer.body_mut().with_config().limit(LONGEST);
        let text = body.lossy_utf8(true).read_to_string();
        let text = text.map_err(|error| error.to_string())?;
        Ok(Answer {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            text,
        })
    }

    /// Asks for a document.
    ///
    /// # Errors
    /// Why there is no answer.
    pub fn get(&self, url: &str) -> Result<Answer, String> {
        self.send(Method::GET, url, &[], &[])
    }

    /// Asks for a JSON document.
    ///
    /// # Errors
    /// Why there is none.
    pub fn document(&self, url: &str) -> Result<(Answer, Value), String> {
        let answer = self.get(url).map_err(|error| format!("{url}: {error}"))?;
        if answer.status != 200 {
            return Err(format!("{url} is answered by {}", answer.status));
        }
        if answer
            .header("content-type")
            .is_none_or(|kind| !kind.contains("json"))
        {
            return Err(format!("{url} is not answered as application/json"));
        }
        let json = answer.json();
        let json = json.ok_or_else(|| format!("{url} is not answered by JSON"))?;
        Ok((answer, json))
    }
}

impl Default for Probe {
    fn default() -> Self {
        Self::new()
    }
}
