//! How the demonstration shows requests and answers: as a person wants to read them, with no secret in full.

use serde_json::Value;

use crate::demo_http::{Answer, Call, Credentials, Http};
use crate::progress::{BAD, GOOD, HEAD, NAME, QUIET, paint, say};

/// Longer than any claim or URL, shorter than any token.
const LONGEST_SHOWN: usize = 72;
const BEGINNING: usize = 10;
const END: usize = 6;
const SECRETS: [&str; 2] = ["password", "client_secret"];
const HIDDEN: &str = "••••";

pub fn heading(text: &str) {
    say("");
    say(&paint(HEAD, text));
}

pub fn request(http: &Http, call: &Call) {
    say("");
    say(&format!(
        "  {} {}",
        paint(HEAD, call.method()),
        http.url(call)
    ));
    match &call.credentials {
        Some(Credentials::Basic { client_id, .. }) => {
            header(
                "Authorization",
                &format!("Basic {client_id}:{HIDDEN} in Base64"),
            );
        }
        Some(Credentials::Named(client)) => {
            let value = format!("client_id:{}, client_secret:{HIDDEN}", client.client_id);
            header("Authorization", &value);
        }
        Some(Credentials::Bearer(token)) => {
            header("Authorization", &format!("Bearer {}", shortened(token)));
        }
        None => {}
    }
    for (name, value) in call.form.iter().flatten() {
        let value = if SECRETS.contains(name) {
            HIDDEN.to_owned()
        } else if name.ends_with("token") {
            shortened(value)
        } else {
            value.clone()
        };
        say(&format!("  {}{value}", paint(NAME, &format!("{name}="))));
    }
    if let Some(json) = &call.json {
        header("Content-Type", "application/json");
        document(json);
    }
}

fn header(name: &str, value: &str) {
    say(&format!("  {} {value}", paint(NAME, &format!("{name}:"))));
}

pub fn answer(answer: &Answer) {
    status(answer);
    if let Some(challenge) = answer.header("www-authenticate") {
        header("WWW-Authenticate", challenge);
    }
    match answer.json() {
        Value::Null if answer.text.is_empty() => say(&paint(QUIET, "  (nothing more)")),
        Value::Null => {
            header(
                "Content-Type",
                answer.header("content-type").unwrap_or("none"),
            );
            say(&format!("  {}", shortened(&answer.text)));
        }
        json @ (Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_)) => document(&json),
    }
}

/// An answer that was seen before, but for what the checks tell.
pub fn known_answer(answer: &Answer) {
    status(answer);
    say(&paint(QUIET, "  (as in step 1, for this issuer)"));
}

fn status(answer: &Answer) {
    let style = if answer.status < 400 { GOOD } else { BAD };
    say("");
    say(&format!("  {}", paint(style, &answer.status.to_string())));
}

/// A titled JSON document, as a JWT's header or claims.
pub fn part(title: &str, json: &Value) {
    aside(title);
    document(json);
}

fn document(json: &Value) {
    for line in pretty(&hidden(json), 0).lines() {
        say(&format!("  {line}"));
    }
}

/// The same without secrets.
fn hidden(json: &Value) -> Value {
    match json {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| {
                let secret = SECRETS.contains(&name.as_str());
                let value = if secret { HIDDEN.into() } else { hidden(value) };
                (name.clone(), value)
            })
            .collect(),
        Value::Array(items) => items.iter().map(hidden).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => json.clone(),
    }
}

/// Lists of plain values stay on one line: metadata is full of them.
fn pretty(json: &Value, depth: usize) -> String {
    let indent = "  ".repeat(depth + 1);
    let end = "  ".repeat(depth);
    match json {
        Value::Object(members) if !members.is_empty() => {
            let lines: Vec<String> = members
                .iter()
                .map(|(name, value)| {
                    let name = paint(NAME, &format!("\"{name}\""));
                    format!("{indent}{name}: {}", pretty(value, depth + 1))
                })
                .collect();
            format!("{{\n{}\n{end}}}", lines.join(",\n"))
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            let lines: Vec<String> = items
                .iter()
                .map(|item| format!("{indent}{}", pretty(item, depth + 1)))
                .collect();
            format!("[\n{}\n{end}]", lines.join(",\n"))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| pretty(item, depth)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::String(text) => Value::String(shortened(text)).to_string(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => json.to_string(),
    }
}

/// A long string's beginning, end and length, enough to tell one token from another; URLs and sentences stay whole.
fn shortened(text: &str) -> String {
    let length = text.chars().count();
    if length <= LONGEST_SHOWN || text.contains("://") || text.contains(' ') {
        return text.to_owned();
    }
    let beginning: String = text.chars().take(BEGINNING).collect();
    let end: String = text.chars().skip(length - END).collect();
    format!("{beginning}…{end} ({length} characters)")
}

/// An aside.
pub fn aside(text: &str) {
    say("");
    say(&format!("  {}", paint(QUIET, text)));
}

/// What was found in order, and what was not.
pub fn checks(good: &[String], bad: &[String]) {
    say("");
    for check in good {
        say(&format!("  {} {check}", paint(GOOD, "✓")));
    }
    for fault in bad {
        say(&format!("  {} {fault}", paint(BAD, "✗")));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tokens_are_shortened_and_urls_are_not() {
        assert_eq!(
            shortened(&"a".repeat(100)),
            "aaaaaaaaaa…aaaaaa (100 characters)"
        );
        let url = format!("https://example.org/{}", "a".repeat(100));
        assert_eq!(shortened(&url), url);
    }

    #[test]
    fn secrets_are_hidden_wherever_they_stand() {
        let told = hidden(&json!({"a": [{"client_secret": "x"}], "password": {"hash": "y"}}));
        let wanted = json!({"a": [{"client_secret": HIDDEN}], "password": HIDDEN});
        assert_eq!(told, wanted);
    }

    #[test]
    fn plain_lists_stay_on_one_line() {
        let text = pretty(&json!({"a": ["x", "y"], "b": {}}), 0);
        let plain = anstream::adapter::strip_str(&text).to_string();
        assert_eq!(plain, "{\n  \"a\": [\"x\", \"y\"],\n  \"b\": {}\n}");
    }
}
