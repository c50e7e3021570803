//! Requests and answers as a product's page has them, each in a file: `tests/dialects/PRODUCT/NAME.request` and `.answer`.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::Value;

use crate::answer::Answer;
use crate::request::Ask;

/// A product's recordings.
#[derive(Debug, Clone, Copy)]
pub struct Product(pub &'static str);

/// The longest head of a request has so many headers.
const HEADERS: usize = 16;

impl Product {
    fn read(self, name: &str) -> String {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("dialects");
        let path = folder.join(self.0).join(name);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// A request, with what stands in braces replaced: that and the host are all that a client changes.
    pub fn request(self, name: &str, values: &[(&str, &str)]) -> Ask {
        let mut text = self.read(&format!("{name}.request"));
        // Elsewhere it is before the page's path.
        let names_tenant = text.contains("/{{tenant}}/");
        for (placeholder, value) in values {
            let braces = format!("{{{{{placeholder}}}}}");
            assert!(text.contains(&braces), "{name} has no {placeholder}");
            text = text.replace(&braces, value);
        }
        let (head, body) = text.split_once("\n\n").unwrap_or((text.trim_end(), ""));
        let head = format!("{}\r\n\r\n", head.replace('\n', "\r\n"));
        let mut headers = [httparse::EMPTY_HEADER; HEADERS];
        let mut parsed = httparse::Request::new(&mut headers);
        let parsing = parsed.parse(head.as_bytes()).expect("a request");
        assert!(parsing.is_complete(), "{name} has no end");
        let method: Method = parsed.method.expect("a method").parse().expect("a method");
        let path = parsed.path.expect("a path");
        let mut ask = match names_tenant {
            true => Ask::new(method, &format!("={path}")),
            false => Ask::new(method, path),
        };
        for header in parsed.headers.iter() {
            // Whose host it is, whoever sends it says.
            if !header.name.eq_ignore_ascii_case("host") {
                let value = std::str::from_utf8(header.value).expect("a header in UTF-8");
                assert!(!value.contains("{{"), "{name}: {value} is not replaced");
                ask = ask.header(header.name, value);
            }
        }
        let body = body.trim_end_matches('\n');
        assert!(!body.contains("{{"), "{name}: something is not replaced");
        ask.body(body)
    }

    /// Holds an answer against the page's: each member is there and of the same type, and those named are the same.
    pub fn is_like(self, name: &str, answer: &Answer, same: &[&str]) {
        let sample = self.read(&format!("{name}.answer"));
        let sample: Value = serde_json::from_str(&sample).expect("a sample in JSON");
        let told = answer.json();
        like(&sample, &told, name);
        for member in same {
            let pointer = format!("/{member}");
            assert_eq!(
                told.pointer(&pointer),
                sample.pointer(&pointer),
                "{name}: {member}"
            );
        }
    }
}

/// A value as forms have it.
pub fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// What stands in `Authorization: Basic`, as these products' pages have it: the two as they are.
pub fn basic(client_id: &str, secret: &str) -> String {
    STANDARD.encode(format!("{client_id}:{secret}"))
}

fn like(sample: &Value, told: &Value, place: &str) {
    match (sample, told) {
        (Value::Object(sample), Value::Object(told)) => {
            for (name, of_sample) in sample {
                let found = told
                    .get(name)
                    .unwrap_or_else(|| panic!("{place}: there is no {name}"));
                like(of_sample, found, &format!("{place}.{name}"));
            }
        }
        (Value::Array(sample), Value::Array(told)) => {
            if let (Some(one), false) = (sample.first(), told.is_empty()) {
                told.iter().for_each(|it| like(one, it, place));
            }
        }
        (Value::String(_), Value::String(_))
        | (Value::Number(_), Value::Number(_))
        | (Value::Bool(_), Value::Bool(_))
        | (Value::Null, Value::Null) => {}
        _ => panic!("{place}: {told} is of another type than {sample}"),
    }
}
