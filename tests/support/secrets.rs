//! What the tests use that must stand in no log, and what was written that must not hold it. `cargo xtask test` names a
//! folder to note both in, and holds them against each other when the last test has ended (`xtask/src/secrets.rs`).

use std::collections::HashSet;
use std::fmt::Debug;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Request, Response};
use latchkey_oauth::endpoint::RequestLog;
use serde_json::{Value, json};

use crate::aws::setting_if_given;

const FOLDER: &str = "LATCHKEY_SECRETS_FOLDER";
/// Of a token, this many characters of what nobody can guess tell it from all others: 96 bits.
const PIECE: usize = 16;

/// The two files of this process.
struct Notes {
    secrets: File,
    known: HashSet<String>,
    written: File,
}

static NOTES: LazyLock<Option<Mutex<Notes>>> = LazyLock::new(|| {
    let folder = PathBuf::from(setting_if_given(FOLDER)?);
    let process = std::process::id();
    Some(Mutex::new(Notes {
        secrets: file(&folder, &format!("{process}.secrets")),
        known: HashSet::new(),
        written: file(&folder, &format!("{process}.written")),
    }))
});

fn file(folder: &Path, name: &str) -> File {
    let path = folder.join(name);
    let opened = OpenOptions::new().create(true).append(true).open(&path);
    opened.unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn noting(note: impl FnOnce(&mut Notes) -> std::io::Result<()>) {
    if let Some(notes) = &*NOTES {
        let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
        note(&mut notes).expect("notes of secrets");
    }
}

/// Notes a secret.
pub fn secret(kind: &str, value: &str) {
    noting(|notes| {
        if value.is_empty() || !notes.known.insert(value.to_owned()) {
            return Ok(());
        }
        line(&mut notes.secrets, json!([kind, value]).to_string())
    });
}

/// Notes a token by the parts of it that nobody can guess.
pub fn token(token: &str) {
    if let Some(secrets) = token
        .strip_prefix("lkr.")
        .and_then(|it| it.split('.').nth(1))
    {
        // The lineage takes 16 bytes, so its last character is the first of the token's own secret.
        for at in [0, 22] {
            if let Some(piece) = secrets.get(at..at + PIECE) {
                secret("refresh token", piece);
            }
        }
    } else if let Some((_, signature)) = token.rsplit_once('.') {
        if let Some(piece) = signature.get(..PIECE) {
            secret("signed token", piece);
        }
    } else if token.len() >= PIECE {
        secret("token of another make", token);
    }
}

/// Notes what was written: a log, an error, a value's Debug text.
pub fn written(what: &str, text: &str) {
    noting(|notes| line(&mut notes.written, format!("{what}: {text}")));
}

/// In one piece: there are hundreds of thousands.
fn line(file: &mut File, mut text: String) -> std::io::Result<()> {
    text.push('\n');
    file.write_all(text.as_bytes())
}

/// Holds the Debug texts of a value to telling none of these secrets, and notes them.
pub fn tells_nothing(value: &dyn Debug, secrets: &[&str]) {
    for text in [format!("{value:?}"), format!("{value:#?}")] {
        for secret in secrets {
            assert!(
                !text.contains(secret),
                "a secret in {}",
                &text[..text.len().min(40)]
            );
        }
        written("Debug", &text);
    }
}

/// Notes the secrets of a request.
pub fn of_request(request: &Request<Bytes>) {
    if NOTES.is_none() {
        return;
    }
    let headers = request.headers().get_all(AUTHORIZATION);
    for header in headers.iter().filter_map(|it| it.to_str().ok()) {
        // A product's own.
        if let Some((_, own)) = header.split_once("client_secret:") {
            secret("client secret", own);
            continue;
        }
        match header.split_once(' ') {
            Some((scheme, pair)) if scheme.eq_ignore_ascii_case("basic") => {
                secret("Basic credentials", pair);
                of_pair(pair);
            }
            Some((_, bearer)) => token(bearer),
            None => {}
        }
    }
    of_json(request.body());
    let query = request.uri().query().unwrap_or_default().as_bytes();
    for form in [query, request.body()] {
        for (name, value) in form_urlencoded::parse(form) {
            match &*name {
                "password" | "new_password" => secret("password", &value),
                "client_secret" => secret("client secret", &value),
                "token" | "access_token" | "refresh_token" | "client_assertion" | "reset_token" => {
                    token(&value);
                }
                _ => {}
            }
        }
    }
}

/// The secrets of a JSON body, which the management API takes and, once, shows. Whether there were any.
fn of_json(body: &[u8]) -> bool {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let secrets = ["client_secret", "password"].map(|name| (name, body.get(name)));
    let mut any = false;
    for name in [
        "registration_access_token",
        "activation_code",
        "reset_token",
    ] {
        if let Some(text) = body.get(name).and_then(Value::as_str) {
            token(text);
            any = true;
        }
    }
    for (name, value) in secrets {
        let values = value.into_iter().flat_map(|value| match value {
            Value::Array(values) => values.clone(),
            one => vec![one.clone()],
        });
        for value in values {
            if let Some(text) = value.as_str() {
                secret(name, text);
                any = true;
            }
        }
    }
    any
}

/// The secret of Basic credentials: form-encoded (RFC 6749 section 2.3.1), and as it is.
fn of_pair(pair: &str) {
    let decoded = STANDARD.decode(pair).unwrap_or_default();
    let text = String::from_utf8_lossy(&decoded);
    let Some((_, encoded)) = text.split_once(':') else {
        return;
    };
    secret("client secret", encoded);
    for (plain, _) in form_urlencoded::parse(encoded.as_bytes()) {
        secret("client secret", &plain);
    }
}

/// Notes the tokens that an answer hands out, and all else that it tells.
pub fn of_response(response: &Response<Bytes>) {
    if NOTES.is_none() {
        return;
    }
    let body: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    let issued = ["access_token", "id_token", "refresh_token"];
    // One product has them below.
    let body = body.pointer("/data/0").unwrap_or(&body);
    let issued = issued.map(|name| body.get(name).and_then(Value::as_str));
    for issued in issued.into_iter().flatten() {
        token(issued);
    }
    // UserInfo that is signed, whole.
    let signed = std::str::from_utf8(response.body()).ok();
    let signed = signed.filter(|text| text.starts_with("eyJ"));
    if let Some(signed) = signed {
        token(signed);
    }
    let mut told = format!("{:?}", response.headers());
    if issued == [None; 3] && signed.is_none() && !of_json(response.body()) {
        told.push_str(&String::from_utf8_lossy(response.body()));
    }
    if let Some(log) = response.extensions().get::<RequestLog>() {
        told.push_str(&format!("{log:?}"));
    }
    written("answer", &told);
}
