//! The demonstration's requests and answers.

use std::time::Duration;

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use crate::demo_access::ClientLogin;

#[derive(Debug)]
pub struct Http {
    agent: ureq::Agent,
    base: String,
    /// Told to the server instead of the base URL's.
    host: Option<String>,
}

#[derive(Debug)]
pub struct Call {
    /// Of the deployment's base URL.
    pub path: String,
    pub credentials: Option<Credentials>,
    /// POST if there is one, or JSON.
    pub form: Option<Vec<(&'static str, String)>>,
    pub json: Option<Value>,
    /// DELETE rather than GET.
    pub deletes: bool,
}

#[derive(Debug)]
pub enum Credentials {
    Basic {
        client_id: String,
        secret: String,
    },
    /// Both by name, as one product's clients have them.
    Named(ClientLogin),
    Bearer(String),
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub text: String,
}

impl Http {
    pub fn new(base: &str) -> Self {
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(30)))
            .http_status_as_error(false)
            .build()
            .into();
        Self {
            agent,
            base: base.to_owned(),
            host: None,
        }
    }

    /// A server that many hosts share, none of which needs to be known to DNS.
    pub fn behind(base: &str, host: &str) -> Self {
        Self {
            host: Some(host.to_owned()),
            ..Self::new(base)
        }
    }

    pub fn url(&self, call: &Call) -> String {
        format!("{}{}", self.base, call.path)
    }

    pub fn send(&self, call: &Call) -> Result<Answer> {
        let url = self.url(call);
        let credentials = call.credentials.as_ref().map(Credentials::header);
        let headers = [("host", self.host.clone()), ("authorization", credentials)];
        let headers = headers
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        let answer = match call.body() {
            None => {
                let mut request = if call.deletes {
                    self.agent.delete(&url)
                } else {
                    self.agent.get(&url)
                };
                for (name, value) in headers {
                    request = request.header(name, value);
                }
                request.call()
            }
            Some((kind, body)) => {
                let mut request = self.agent.post(&url).header("content-type", kind);
                for (name, value) in headers {
                    request = request.header(name, value);
                }
                request.send(body)
            }
        };
        let mut answer = answer.with_context(|| format!("no answer from {url}"))?;
        let headers = answer
            .headers()
            .iter()
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                (name.as_str().to_owned(), value)
            })
            .collect();
        Ok(Answer {
            status: answer.status().as_u16(),
            headers,
            text: answer.body_mut().read_to_string()?,
        })
    }
}

impl Call {
    pub fn get(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            credentials: None,
            form: None,
            json: None,
            deletes: false,
        }
    }

    pub fn delete(path: &str, token: &str) -> Self {
        Self {
            credentials: Some(Credentials::Bearer(token.to_owned())),
            deletes: true,
            ..Self::get(path)
        }
    }

    /// A request to the management API.
    pub fn manage(path: &str, token: &str, json: Value) -> Self {
        Self {
            credentials: Some(Credentials::Bearer(token.to_owned())),
            json: Some(json),
            ..Self::get(path)
        }
    }

    /// A form, with the client's credentials where its registration wants them.
    pub fn as_client(
        path: &str,
        client: &ClientLogin,
        mut form: Vec<(&'static str, String)>,
    ) -> Self {
        let credentials = if client.secret_in_form {
            form.push(("client_id", client.client_id.clone()));
            form.push(("client_secret", client.client_secret.clone()));
            None
        } else {
            Some(Credentials::Basic {
                client_id: client.client_id.clone(),
                secret: client.client_secret.clone(),
            })
        };
        Self {
            credentials,
            form: Some(form),
            ..Self::get(path)
        }
    }

    pub fn method(&self) -> &'static str {
        if self.form.is_some() || self.json.is_some() {
            "POST"
        } else if self.deletes {
            "DELETE"
        } else {
            "GET"
        }
    }

    fn body(&self) -> Option<(&'static str, String)> {
        if let Some(json) = &self.json {
            return Some(("application/json", json.to_string()));
        }
        let form = self.form.as_ref()?;
        let mut pairs = form_urlencoded::Serializer::new(String::new());
        let body = pairs.extend_pairs(form).finish();
        Some(("application/x-www-form-urlencoded", body))
    }
}

impl Credentials {
    fn header(&self) -> String {
        match self {
            // RFC 6749 2.3.1: both parts are form-encoded first.
            Self::Basic { client_id, secret } => {
                let pair = format!("{}:{}", form_encoded(client_id), form_encoded(secret));
                format!("Basic {}", BASE64_STANDARD.encode(pair))
            }
            Self::Named(client) => {
                let ClientLogin {
                    client_id,
                    client_secret,
                    ..
                } = client;
                format!("client_id:{client_id}, client_secret:{client_secret}")
            }
            Self::Bearer(token) => format!("Bearer {token}"),
        }
    }
}

fn form_encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }

    /// Null if it is no JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_parts_are_form_encoded() {
        let credentials = Credentials::Basic {
            client_id: "a:b".to_owned(),
            secret: "c d".to_owned(),
        };
        assert_eq!(
            credentials.header(),
            format!("Basic {}", BASE64_STANDARD.encode("a%3Ab:c+d"))
        );
    }
}
