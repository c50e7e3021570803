//! Events as an HTTP API of API Gateway sends them: payload format 2.0.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

/// The host that the functions take themselves to be at.
pub const HOST: &str = "id.example.com";

#[derive(Debug, Clone)]
pub struct Request {
    /// As template.yaml has it: `/register/{client_id}`.
    route: &'static str,
    /// What stands at its end in place of a parameter.
    parameter: String,
    query: &'static str,
    authorization: Option<String>,
    /// POST if there is one, else GET.
    body: Option<Body>,
    source: String,
}

#[derive(Debug, Clone)]
enum Body {
    Form(Vec<(&'static str, String)>),
    Json(Value),
}

impl Request {
    pub fn get(route: &'static str) -> Self {
        Self {
            route,
            parameter: String::new(),
            query: "",
            authorization: None,
            body: None,
            source: "192.0.2.44".to_owned(),
        }
    }

    pub fn post(route: &'static str, form: Vec<(&'static str, String)>) -> Self {
        Self {
            body: Some(Body::Form(form)),
            ..Self::get(route)
        }
    }

    pub fn post_json(route: &'static str, document: Value) -> Self {
        Self {
            body: Some(Body::Json(document)),
            ..Self::get(route)
        }
    }

    /// The value of the route's parameter, of characters that stand in a path as they are.
    pub fn parameter(mut self, value: &str) -> Self {
        value.clone_into(&mut self.parameter);
        self
    }

    pub fn query(mut self, query: &'static str) -> Self {
        self.query = query;
        self
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
        let method = if self.body.is_some() { "POST" } else { "GET" };
        let route = format!("ANY {}", self.route);
        let (before, parameter) = self.route.split_once('{').unwrap_or((self.route, ""));
        let path = format!("{before}{}", self.parameter);
        let mut event = json!({
            "version": "2.0",
            "routeKey": route,
            "rawPath": path,
            "rawQueryString": self.query,
            "headers": self.headers(),
            "requestContext": {
                "accountId": "123456789012",
                "apiId": "a1b2c3d4e5",
                "domainName": HOST,
                "domainPrefix": "id",
                "http": {
                    "method": method,
                    "path": path,
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
        let mut add = |name: &str, value: Value| {
            if let Some(members) = event.as_object_mut() {
                members.insert(name.to_owned(), value);
            }
        };
        // Each is there only if it has something to say.
        if !parameter.is_empty() {
            let name = parameter.trim_end_matches(['+', '}']);
            add("pathParameters", json!({ name: self.parameter }));
        }
        if !self.query.is_empty() {
            let pairs = form_urlencoded::parse(self.query.as_bytes());
            let pairs: Map<String, Value> = pairs
                .map(|(name, value)| (name.into_owned(), value.into()))
                .collect();
            add("queryStringParameters", pairs.into());
        }
        match &self.body {
            // API Gateway takes a form for binary, and JSON for text.
            Some(Body::Form(form)) => {
                let body = form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(form)
                    .finish();
                add("body", BASE64_STANDARD.encode(body).into());
                add("isBase64Encoded", true.into());
            }
            Some(Body::Json(document)) => add("body", document.to_string().into()),
            None => {}
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
        match &self.body {
            Some(Body::Form(_)) => {
                add("content-type", "application/x-www-form-urlencoded");
            }
            Some(Body::Json(_)) => {
                add("content-type", "application/json");
            }
            None => {}
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

    fn event(request: &Request) -> Value {
        serde_json::from_str(&request.event()).unwrap()
    }

    #[test]
    fn a_form_travels_in_base64() {
        let request = Request::post("/token", vec![("a", "b c".to_owned())])
            .basic("id", "secret")
            .from("198.18.0.1".to_owned());
        let event = event(&request);
        assert_eq!(event["isBase64Encoded"], true);
        assert_eq!(event["body"], BASE64_STANDARD.encode("a=b+c"));
        assert_eq!(event["requestContext"]["http"]["method"], "POST");
        assert_eq!(event["requestContext"]["http"]["sourceIp"], "198.18.0.1");
        let credentials = format!("Basic {}", BASE64_STANDARD.encode("id:secret"));
        assert_eq!(event["headers"]["authorization"], credentials);
    }

    #[test]
    fn json_travels_as_text() {
        let event = event(&Request::post_json("/register", json!({"a": "ä"})));
        assert_eq!(event["isBase64Encoded"], false);
        assert_eq!(event["body"], r#"{"a":"ä"}"#);
        assert_eq!(event["requestContext"]["http"]["method"], "POST");
        assert_eq!(event["headers"]["content-type"], "application/json");
    }

    #[test]
    fn a_path_is_its_route_with_the_parameter_in_it() {
        let plain = event(&Request::get("/jwks"));
        assert_eq!(plain["requestContext"]["http"]["method"], "GET");
        assert_eq!(plain["rawPath"], "/jwks");
        for absent in ["body", "pathParameters", "queryStringParameters"] {
            assert!(plain.get(absent).is_none(), "{absent}");
        }

        let one = event(&Request::get("/register/{client_id}").parameter("a"));
        assert_eq!(one["routeKey"], "ANY /register/{client_id}");
        assert_eq!(one["rawPath"], "/register/a");
        assert_eq!(one["requestContext"]["http"]["path"], "/register/a");
        assert_eq!(one["pathParameters"], json!({"client_id": "a"}));

        let deep = Request::get("/admin/v1/{below+}").parameter("clients/a");
        let deep = event(&deep.query("limit=20"));
        assert_eq!(deep["rawPath"], "/admin/v1/clients/a");
        assert_eq!(deep["pathParameters"], json!({"below": "clients/a"}));
        assert_eq!(deep["rawQueryString"], "limit=20");
        assert_eq!(deep["queryStringParameters"], json!({"limit": "20"}));
    }
}
