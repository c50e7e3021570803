//! Events as an HTTP API of API Gateway sends them: payload format 2.0.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

/// The host that the functions take themselves to be at.
pub const HOST: &str = "id.example.com";

#[derive(Debug, Clone)]
pub struct Request {
    pub path: &'static str,
    pub authorization: Option<String>,
    /// POST if there is one, else GET.
    pub form: Option<Vec<(&'static str, String)>>,
    pub source: String,
}

impl Request {
    pub fn get(path: &'static str) -> Self {
        Self {
            path,
            authorization: None,
            form: None,
            source: "192.0.2.44".to_owned(),
        }
    }

    pub fn post(path: &'static str, form: Vec<(&'static str, String)>) -> Self {
        Self {
            form: Some(form),
            ..Self::get(path)
        }
    }

    pub fn basic(mut self, client_id: &str, secret: &str) -> Self {
        // Neither has a character that RFC 6749 section 2.3.1 would have encoded.
        let pair = BASE64_STANDARD.encode(format!("{client_id}:{secret}"));
        self.authorization = Some(format!("Basic {pair}"));
        self
    }

    pub fn bearer(mut self, token: &str) -> Self {
        self.authorization = Some(format!("Bearer {token}"));
        self
    }

    pub fn from(mut self, source: String) -> Self {
        self.source = source;
        self
    }

    pub fn event(&self) -> String {
        let method = if self.form.is_some() { "POST" } else { "GET" };
        let route = format!("ANY {}", self.path);
        let mut event = json!({
            "version": "2.0",
            "routeKey": route,
            "rawPath": self.path,
            "rawQueryString": "",
            "headers": self.headers(),
            "requestContext": {
                "accountId": "123456789012",
                "apiId": "a1b2c3d4e5",
                "domainName": HOST,
                "domainPrefix": "id",
                "http": {
                    "method": method,
                    "path": self.path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": self.source,
                    "userAgent": "bench/1.0"
                },
                "requestId": "JKJaXmPLvHcESHA=",
                "routeKey": route,
                "stage": "$default",
                "time": "20/Nov/2026:19:20:36 +0000",
                "timeEpoch": 1_795_202_436_000_u64
            },
            "isBase64Encoded": false
        });
        // API Gateway takes a form for binary.
        if let (Some(form), Some(members)) = (&self.form, event.as_object_mut()) {
            let body = form_urlencoded::Serializer::new(String::new())
                .extend_pairs(form)
                .finish();
            members.insert("body".to_owned(), BASE64_STANDARD.encode(body).into());
            members.insert("isBase64Encoded".to_owned(), true.into());
        }
        event.to_string()
    }

    fn headers(&self) -> Map<String, Value> {
        let mut headers = Map::new();
        let mut add = |name: &str, value: &str| headers.insert(name.to_owned(), value.into());
        add("accept", "*/*");
        add("accept-encoding", "gzip");
        add("host", HOST);
        add("user-agent", "bench/1.0");
        add(
            "x-amzn-trace-id",
            "Root=1-5e66d96f-7491f09xmpl79d18acf3d050",
        );
        add("x-forwarded-for", &self.source);
        add("x-forwarded-port", "443");
        add("x-forwarded-proto", "https");
        if self.form.is_some() {
            add("content-type", "application/x-www-form-urlencoded");
        }
        if let Some(credentials) = &self.authorization {
            add("authorization", credentials);
        }
        headers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_travels_in_base64() {
        let request = Request::post("/token", vec![("a", "b c".to_owned())])
            .basic("id", "secret")
            .from("198.18.0.1".to_owned());
        let event: Value = serde_json::from_str(&request.event()).unwrap();
        assert_eq!(event["isBase64Encoded"], true);
        assert_eq!(event["body"], BASE64_STANDARD.encode("a=b+c"));
        assert_eq!(event["requestContext"]["http"]["method"], "POST");
        assert_eq!(event["requestContext"]["http"]["sourceIp"], "198.18.0.1");
        let credentials = format!("Basic {}", BASE64_STANDARD.encode("id:secret"));
        assert_eq!(event["headers"]["authorization"], credentials);

        let event: Value = serde_json::from_str(&Request::get("/jwks").event()).unwrap();
        assert_eq!(event["requestContext"]["http"]["method"], "GET");
        assert!(event.get("body").is_none());
    }
}
