//! Forms, as the standard's reader will see them.

use bytes::Bytes;
use http::request::Parts;
use latchkey_oauth::form::is_form;

/// The same form with parameters renamed. What is no form, or is badly encoded, is left for the standard's reader to refuse.
pub fn rename(parts: &Parts, body: &mut Bytes, from: &str, to: &str) {
    if !is_form(parts) {
        return;
    }
    let Ok(text) = std::str::from_utf8(body) else {
        return;
    };
    let pairs: Vec<String> = text
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) if name == from => format!("{to}={value}"),
            _ => pair.to_owned(),
        })
        .collect();
    *body = Bytes::from(pairs.join("&"));
}
