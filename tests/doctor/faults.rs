//! What may be wrong with a server.

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::front::{Asked, Fault};

const fn fault(
    check: &'static str,
    said: &'static str,
    change: fn(&Asked, &mut Response<Bytes>),
) -> Fault {
    Fault {
        check,
        said,
        swallows: None,
        change,
    }
}

fn is_metadata(asked: &Asked) -> bool {
    asked.path.contains("/.well-known/")
}

/// Changes a JSON body, if it is one.
fn edit(response: &mut Response<Bytes>, change: impl FnOnce(&mut Value)) {
    if let Ok(mut value) = serde_json::from_slice(response.body()) {
        change(&mut value);
        *response.body_mut() = value.to_string().into();
    }
}

fn metadata(asked: &Asked, response: &mut Response<Bytes>, name: &str, value: Value) {
    if is_metadata(asked) {
        edit(response, |it| it[name] = value);
    }
}

fn key(asked: &Asked, response: &mut Response<Bytes>, change: impl FnOnce(&mut Value)) {
    if asked.path == "/jwks" {
        edit(response, |it| change(&mut it["keys"][0]));
    }
}

fn status(response: &mut Response<Bytes>, status: StatusCode, error: &str) {
    *response.status_mut() = status;
    *response.body_mut() = json!({"error": error}).to_string().into();
}

fn without(response: &mut Response<Bytes>, header: &str) {
    response.headers_mut().remove(header);
}

fn granted(asked: &Asked, response: &Response<Bytes>) -> bool {
    asked.path == "/token" && response.status() == StatusCode::OK
}

fn is_preflight(asked: &Asked, path: &str) -> bool {
    asked.method == Method::OPTIONS && asked.path == path
}

/// One letter in the middle of a token's last part.
fn tampered(token: &mut Value) {
    let text = token.as_str().unwrap();
    let at = text.len() - 20;
    let letter = if text.as_bytes()[at] == b'A' {
        "B"
    } else {
        "A"
    };
    *token = Value::from(format!("{}{letter}{}", &text[..at], &text[at + 1..]));
}

pub const FAULTS: [Fault; 45] = [
    fault("reach", "is answered by 500", |asked, response| {
        if is_metadata(asked) {
            status(response, StatusCode::INTERNAL_SERVER_ERROR, "server_error");
        }
    }),
    fault("reach", "is not answered by JSON", |asked, response| {
        if is_metadata(asked) {
            *response.body_mut() = Bytes::from_static(b"<html>");
        }
    }),
    fault(
        "reach",
        "is not answered as application/json",
        |asked, response| {
            if is_metadata(asked) {
                response
                    .headers_mut()
                    .insert("content-type", HeaderValue::from_static("text/html"));
            }
        },
    ),
    fault("clock", "60 s ahead of", |_, response| {
        // NOW of the fixtures is known to nobody here: a minute is added to what the header says.
        let date = response.headers()["date"].to_str().unwrap();
        let date = httpdate::parse_http_date(date).unwrap() + std::time::Duration::from_secs(60);
        let date = HeaderValue::from_str(&httpdate::fmt_http_date(date)).unwrap();
        response.headers_mut().insert("date", date);
    }),
    fault("clock", "60 s behind", |_, response| {
        let date = response.headers()["date"].to_str().unwrap();
        let date = httpdate::parse_http_date(date).unwrap() - std::time::Duration::from_secs(60);
        let date = HeaderValue::from_str(&httpdate::fmt_http_date(date)).unwrap();
        response.headers_mut().insert("date", date);
    }),
    fault("clock", "no Date header", |_, response| {
        response
            .headers_mut()
            .insert("date", HeaderValue::from_static("yesterday"));
    }),
    fault("metadata", "to the letter", |asked, response| {
        if is_metadata(asked) {
            edit(response, |it| {
                it["issuer"] = format!("{}/", it["issuer"].as_str().unwrap()).into();
            });
        }
    }),
    fault("metadata", "`issuer` is missing", |asked, response| {
        metadata(asked, response, "issuer", Value::Null);
    }),
    fault(
        "metadata",
        "`revocation_endpoint` is missing",
        |asked, response| {
            metadata(asked, response, "revocation_endpoint", Value::Null);
        },
    ),
    fault(
        "metadata",
        "`userinfo_endpoint` is https://elsewhere.example/userinfo",
        |asked, response| {
            metadata(
                asked,
                response,
                "userinfo_endpoint",
                "https://elsewhere.example/userinfo".into(),
            );
        },
    ),
    fault(
        "metadata",
        "`registration_endpoint` is http://elsewhere",
        |asked, response| {
            metadata(
                asked,
                response,
                "registration_endpoint",
                "http://elsewhere.example/register".into(),
            );
        },
    ),
    fault(
        "metadata",
        "`grant_types_supported` lists nothing",
        |asked, response| {
            metadata(asked, response, "grant_types_supported", json!([]));
        },
    ),
    fault("metadata", "says otherwise than", |asked, response| {
        if asked.path.contains("oauth-authorization-server") {
            edit(response, |it| it["scopes_supported"] = json!(["openid"]));
        }
    }),
    fault(
        "metadata",
        "oauth-authorization-server",
        |asked, response| {
            if asked.path.contains("oauth-authorization-server") {
                status(response, StatusCode::NOT_FOUND, "not_found");
            }
        },
    ),
    fault("keys", "is answered by 403", |asked, response| {
        if asked.path == "/jwks" {
            status(response, StatusCode::FORBIDDEN, "forbidden");
        }
    }),
    fault("keys", "the JWK set is empty", |asked, response| {
        if asked.path == "/jwks" {
            edit(response, |it| it["keys"] = json!([]));
        }
    }),
    fault("keys", "`kid` is missing", |asked, response| {
        key(asked, response, |it| it["kid"] = Value::Null)
    }),
    fault("keys", "`alg` is missing", |asked, response| {
        key(asked, response, |it| it["alg"] = Value::Null)
    }),
    fault("keys", "`alg` is HS256", |asked, response| {
        key(asked, response, |it| it["alg"] = "HS256".into())
    }),
    fault("keys", "`use` is not sig", |asked, response| {
        key(asked, response, |it| it["use"] = "enc".into())
    }),
    fault("keys", "thumbprint", |asked, response| {
        key(asked, response, |it| it["kid"] = "key-1".into())
    }),
    fault("keys", "do not go with EdDSA", |asked, response| {
        key(asked, response, |it| {
            (it["alg"], it["x"]) = ("EdDSA".into(), "AAAA".into())
        });
    }),
    fault("keys", "the private key is published", |asked, response| {
        key(asked, response, |it| it["d"] = "AQAB".into());
    }),
    fault("keys", "an RSA key of 1024 bits", |asked, response| {
        // 128 bytes are 170 whole letters and one of two bits.
        key(asked, response, |it| {
            it["n"] = format!("{}A", &it["n"].as_str().unwrap()[..170]).into()
        });
    }),
    fault(
        "keys",
        "`n` is missing or not base64url",
        |asked, response| {
            key(asked, response, |it| it["n"] = "+/".into());
        },
    ),
    fault("keys", "two keys have the kid", |asked, response| {
        if asked.path == "/jwks" {
            edit(response, |it| {
                let key = it["keys"][0].clone();
                it["keys"].as_array_mut().unwrap().push(key);
            });
        }
    }),
    fault("keys", "metadata promises ES384", |asked, response| {
        metadata(
            asked,
            response,
            "id_token_signing_alg_values_supported",
            json!(["RS256", "ES384"]),
        );
    }),
    fault("cors", "no page may ask it", |asked, response| {
        if is_preflight(asked, "/token") {
            *response.status_mut() = StatusCode::FORBIDDEN;
        }
    }),
    fault(
        "cors",
        "closed to pages of other origins",
        |asked, response| {
            if is_preflight(asked, "/jwks") {
                without(response, "access-control-allow-origin");
            }
        },
    ),
    fault("cors", "lets no page use POST", |asked, response| {
        if is_preflight(asked, "/revoke") {
            without(response, "access-control-allow-methods");
        }
    }),
    fault(
        "cors",
        "lets no page send Authorization",
        |asked, response| {
            if is_preflight(asked, "/userinfo") {
                without(response, "access-control-allow-headers");
            }
        },
    ),
    fault(
        "methods",
        "is answered by 200 and not 405",
        |asked, response| {
            if (&asked.method, asked.path.as_str()) == (&Method::GET, "/introspect") {
                *response.status_mut() = StatusCode::OK;
            }
        },
    ),
    fault("methods", "does not name POST", |asked, response| {
        if (&asked.method, asked.path.as_str()) == (&Method::GET, "/token") {
            without(response, "allow");
        }
    }),
    fault(
        "paths",
        "something else answers there too",
        |asked, response| {
            if asked.path == "/no/such/path" {
                *response.status_mut() = StatusCode::OK;
            }
        },
    ),
    fault("clients", "gets 500 server_error", |asked, response| {
        if asked.path == "/token" && response.status() == StatusCode::UNAUTHORIZED {
            status(response, StatusCode::INTERNAL_SERVER_ERROR, "server_error");
        }
    }),
    fault(
        "clients",
        "without Cache-Control: no-store",
        |asked, response| {
            if asked.path == "/token" {
                without(response, "cache-control");
            }
        },
    ),
    fault(
        "userinfo",
        "not 401 with a Bearer challenge",
        |asked, response| {
            if asked.path == "/userinfo" {
                without(response, "www-authenticate");
            }
        },
    ),
    fault(
        "password",
        "gets 400 invalid_request and not",
        |asked, response| {
            if asked.path == "/token" && response.status() == StatusCode::BAD_REQUEST {
                status(response, StatusCode::BAD_REQUEST, "invalid_request");
            }
        },
    ),
    fault(
        "login",
        "refused by 503 temporarily_unavailable",
        |asked, response| {
            if granted(asked, response) {
                status(
                    response,
                    StatusCode::SERVICE_UNAVAILABLE,
                    "temporarily_unavailable",
                );
            }
        },
    ),
    fault("login", "`token_type` is not Bearer", |asked, response| {
        if granted(asked, response) {
            edit(response, |it| it["token_type"] = "mac".into());
        }
    }),
    fault(
        "signature",
        "the ID token does not hold",
        |asked, response| {
            if granted(asked, response) {
                edit(response, |it| tampered(&mut it["id_token"]));
            }
        },
    ),
    fault("introspection", "no `active`", |asked, response| {
        if asked.path == "/introspect" && asked.method == Method::POST {
            *response.body_mut() = Bytes::from_static(b"{}");
        }
    }),
    fault(
        "introspection",
        "is said to be inactive",
        |asked, response| {
            if asked.path == "/introspect" && asked.method == Method::POST {
                *response.body_mut() = Bytes::from_static(b"{\"active\":false}");
            }
        },
    ),
    fault("claims", "two subjects", |asked, response| {
        if asked.path == "/userinfo" && response.status() == StatusCode::OK {
            edit(response, |it| it["sub"] = "another".into());
        }
    }),
    Fault {
        check: "revocation",
        said: "active though it was revoked",
        swallows: Some("/revoke"),
        change: |_, _| {},
    },
];
